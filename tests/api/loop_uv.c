/* The server in a loop of libuv: DIRECTORY and URL are the arguments. Ends with its standard input.
 */
#include <sallyport.h>
#include <unistd.h>
#include <uv.h>

static sally_server *server;
static uv_poll_t socket_watch, input_watch;
static uv_timer_t timer;

static void on_timer(uv_timer_t *handle);

static void pump(void)
{
    int timeout = -1;
    if (sally_server_poll(server, 0) == 1)
        timeout = sally_server_timeout(server);
    else
        uv_stop(uv_default_loop());
    if (timeout < 0)
        uv_timer_stop(&timer);
    else
        uv_timer_start(&timer, on_timer, (uint64_t)timeout, 0);
}

static void on_timer(uv_timer_t *handle)
{
    (void)handle;
    pump();
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    if (handle == &input_watch) {
        uv_poll_stop(&input_watch);
        sally_server_shutdown(server, 0);
    }
    pump();
}

int main(int argc, char **argv)
{
    uv_loop_t *loop = uv_default_loop();
    sally_fs *folder;
    if (argc != 3 || sally_fs_local(&folder, argv[1], 0, 022) || sally_server_new(&server) ||
        sally_server_add_user(server, "demo", "demo", folder) ||
        sally_server_add_listener(server, argv[2]))
        return 1;
    sally_fs_unref(folder);
    if (uv_timer_init(loop, &timer) || uv_poll_init(loop, &socket_watch, sally_server_fd(server)) ||
        uv_poll_init(loop, &input_watch, STDIN_FILENO) ||
        uv_poll_start(&socket_watch, UV_READABLE, on_ready) ||
        uv_poll_start(&input_watch, UV_READABLE, on_ready))
        return 1;
    pump();
    uv_run(loop, UV_RUN_DEFAULT);
    sally_error error = sally_server_free(server);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_close((uv_handle_t *)&socket_watch, NULL);
    uv_close((uv_handle_t *)&input_watch, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    return error || uv_loop_close(loop);
}
