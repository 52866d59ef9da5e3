/* A command and a subsystem of the program's own, beside SFTP: "uptime" says how long the server
 * has run, and for whom; "echo" sends back what comes.
 *
 *     ./commands DIRECTORY [sftp://127.0.0.1:2222]
 *     ssh -p 2222 demo@127.0.0.1 uptime
 *     ssh -p 2222 -s demo@127.0.0.1 echo
 */
#include <sallyport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- uptime: a text, and the exit status ---- */

static const char *env_of(const sally_session_request *request, const char *name)
{
    const char *value = "";
    for (uint32_t i = 0; i < request->env_count; i++)
        if (strcmp(request->env[i].name, name) == 0)
            value = request->env[i].value;
    return value;
}

static sally_status serve_uptime(const sally_session_request *request, time_t started)
{
    const sally_channel_options options = {.struct_size = sizeof options};
    char text[256], lang[64];
    size_t taken;
    if (sally_channel_accept(request->channel, &options))
        return SALLY_FAILURE;
    (void)sally_log_escape(env_of(request, "LANG"), 0, lang, sizeof lang);
    sally_connection *connection = sally_channel_connection(request->channel);
    int size = snprintf(text, sizeof text, "up %.0f seconds; hello %s (%s)\n",
                        difftime(time(NULL), started), sally_connection_user(connection), lang);
    bool ok = sally_channel_write(request->channel, text, (size_t)size, &taken) == SALLY_E_OK;
    (void)sally_channel_exit(request->channel, ok ? 0 : 1);
    return SALLY_OK;
}

/* ---- echo: a stream in both directions ---- */

struct echo {
    char *data; /* what could not be sent back yet: never more than the client's window */
    size_t size;
    bool ended;
};

/* The client may send more as its bytes have gone back: so it cannot flood this program. */
static void send_back(struct echo *echo, sally_channel *channel)
{
    size_t taken = 0, sent = 0;
    if (echo->size && sally_channel_write(channel, echo->data, echo->size, &taken) == SALLY_E_OK)
        sent = taken;
    if (sent) {
        memmove(echo->data, echo->data + sent, echo->size - sent);
        echo->size -= sent;
        sally_channel_consumed(channel, sent);
    }
    if (echo->ended && echo->size == 0)
        (void)sally_channel_exit(channel, 0);
}

static size_t received(void *user_data, sally_channel *channel, const void *data, size_t size)
{
    struct echo *echo = user_data;
    char *more = realloc(echo->data, echo->size + size);
    if (!more) {
        (void)sally_channel_exit_signal(channel, "KILL", false, "out of memory");
        return size;
    }
    memcpy(more + echo->size, data, size);
    echo->data = more;
    echo->size += size;
    send_back(echo, channel);
    return 0; /* send_back() says when */
}

static void writable(void *user_data, sally_channel *channel)
{
    send_back(user_data, channel);
}

static void eof(void *user_data, sally_channel *channel)
{
    struct echo *echo = user_data;
    echo->ended = true;
    send_back(echo, channel);
}

static void free_echo(void *user_data)
{
    struct echo *echo = user_data;
    free(echo->data);
    free(echo);
}

static sally_status serve_echo(const sally_session_request *request)
{
    const sally_channel_options options = {
        .struct_size = sizeof options,
        .user_data = calloc(1, sizeof(struct echo)),
        .free_data = free_echo,
        .received = received,
        .eof = eof,
        .writable = writable,
    };
    if (options.user_data && sally_channel_accept(request->channel, &options) == SALLY_E_OK)
        return SALLY_OK;
    free(options.user_data);
    return SALLY_FAILURE;
}

/* What is neither is left to the library: sftp, scp. */
static sally_status session_requested(void *user_data, sally_connection *connection,
                                      const sally_session_request *request)
{
    (void)connection;
    if (request->kind == SALLY_SESSION_EXEC && strcmp(request->name, "uptime") == 0)
        return serve_uptime(request, *(const time_t *)user_data);
    if (request->kind == SALLY_SESSION_SUBSYSTEM && strcmp(request->name, "echo") == 0)
        return serve_echo(request);
    return SALLY_CONTINUE;
}

int main(int argc, char **argv)
{
    const char *url = argc > 2 ? argv[2] : "sftp://127.0.0.1:2222";
    time_t started = time(NULL);
    const sally_hooks hooks = {
        .struct_size = sizeof hooks, .user_data = &started, .session_requested = session_requested};
    sally_fs *folder;
    sally_server *server;
    if (argc < 2 || sally_fs_local(&folder, argv[1], 0, 022) || sally_server_new(&server)) {
        fprintf(stderr, "usage: %s DIRECTORY [URL]\n", argv[0]);
        return 2;
    }
    if (sally_server_add_hooks(server, &hooks) ||
        sally_server_add_user(server, "demo", "demo", folder) ||
        sally_server_add_listener(server, url) || sally_server_run(server))
        fprintf(stderr, "%s\n", sally_server_error(server));
    sally_fs_unref(folder);
    return sally_server_free(server);
}
