/* The server inside somebody else's event loop: no thread of the library runs. The loop here is poll(2) with a timer of its own; any loop
 * that watches a descriptor and a time will do.
 *
 *     ./event_loop DIRECTORY [sftp://127.0.0.1:2222]
 */
#include <poll.h>
#include <sallyport.h>
#include <stdio.h>

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

    int alive = sally_server_poll(server, 0); /* the first call sets everything up */
    for (int ticks = 0; alive == 1;) {
        /* One entry is the library's; the program's own would follow. */
        struct pollfd ours = {.fd = sally_server_fd(server), .events = POLLIN};
        int timeout = sally_server_timeout(server);
        if (timeout < 0 || timeout > 1000)
            timeout = 1000; /* the program's own timer */
        if (poll(&ours, 1, timeout) == 0)
            printf("tick %d\n", ++ticks);
        alive = sally_server_poll(server, 0); /* does what there is to do, and returns */
    }
    if (alive < 0)
        fprintf(stderr, "%s\n", sally_server_error(server));
    return sally_server_free(server);
}
