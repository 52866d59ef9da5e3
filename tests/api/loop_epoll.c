/* The server in a loop of epoll(7): DIRECTORY and URL are the arguments. Ends with
 * its standard input. */
#include <sallyport.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    sally_fs *folder;
    sally_server *server;
    if (argc != 3 || sally_fs_local(&folder, argv[1], 0, 022) || sally_server_new(&server) ||
        sally_server_add_user(server, "demo", "demo", folder) ||
        sally_server_add_listener(server, argv[2]))
        return 1;
    sally_fs_unref(folder);
    int epoll = epoll_create1(EPOLL_CLOEXEC), alive = 1;
    struct epoll_event ours = {.events = EPOLLIN, .data.fd = sally_server_fd(server)};
    struct epoll_event end = {.events = EPOLLIN, .data.fd = STDIN_FILENO};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, ours.data.fd, &ours) ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &end))
        return 1;
    while (alive == 1) {
        struct epoll_event event;
        int ready = epoll_wait(epoll, &event, 1, sally_server_timeout(server));
        if (ready > 0 && event.data.fd == STDIN_FILENO)
            sally_server_shutdown(server, 0);
        alive = sally_server_poll(server, 0);
    }
    close(epoll);
    return sally_server_free(server) || alive;
}
