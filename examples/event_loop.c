/* The server inside your own event loop: no thread of the library runs. The loop here is poll(2)
 * with a timer of its own, and with a descriptor of its own for Ctrl-C; any loop that watches
 * descriptors and a time will do.
 *
 *     ./event_loop DIRECTORY [sftp://127.0.0.1:2222]
 */
#include <poll.h>
#include <sallyport.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int ctrl_c[2]; /* a pipe: hardly anything but write may be called in a signal handler */

static void on_signal(int number)
{
    char byte = (char)number;
    if (write(ctrl_c[1], &byte, 1) < 0)
        _exit(1);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s DIRECTORY [URL]\n", argv[0]);
        return 2;
    }
    sally_fs *folder;
    sally_server *server;
    if (sally_fs_local(&folder, argv[1], 0, 022) || sally_server_new(&server)) {
        fprintf(stderr, "%s cannot be served\n", argv[1]);
        return 1;
    }
    if (sally_server_add_user(server, "demo", "demo", folder) ||
        sally_server_add_listener(server, argc > 2 ? argv[2] : "sftp://127.0.0.1:2222")) {
        fprintf(stderr, "%s\n", sally_server_error(server));
        return 1;
    }
    sally_fs_unref(folder);
    if (pipe(ctrl_c))
        return 1;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);

    int alive = 1;
    for (int ticks = 0; alive == 1;) {
        struct pollfd watched[] = {{.fd = sally_server_fd(server), .events = POLLIN},
                                   {.fd = ctrl_c[0], .events = POLLIN}};
        int timeout = sally_server_timeout(server);
        if (timeout < 0 || timeout > 1000)
            timeout = 1000; /* the program's own timer */
        int ready = poll(watched, 2, timeout);
        if (ready == 0)
            printf("tick %d\n", ++ticks);
        char byte;
        if (ready > 0 && watched[1].revents && read(ctrl_c[0], &byte, 1) == 1)
            sally_server_shutdown(server, 2000); /* running transfers have two seconds to end */
        alive = sally_server_poll(server, 0);    /* does what there is to do, and returns */
    }
    if (alive < 0)
        fprintf(stderr, "%s\n", sally_server_error(server));
    return sally_server_free(server);
}
