/* Watches a server: who comes, what they agree on, what they have open; and ends a user's
 * connections: type a name and Enter.
 *
 *     ./watch [DIRECTORY [sftp://127.0.0.1:2222]]
 */
#include <inttypes.h>
#include <sallyport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What this program keeps with each connection: the library frees it when that is gone. */
struct visit {
    uint32_t sessions;
};

/* One line in one call: connections live on several threads. */
static void say(sally_connection *connection, const char *what, const char *more)
{
    char text[512];
    (void)sally_log_escape(more, 0, text, sizeof text);
    printf("%" PRIu64 " %s: %s\n", sally_connection_id(connection), what, text);
    fflush(stdout);
}

static void connected(void *user_data, sally_connection *connection)
{
    (void)user_data;
    sally_connection_set_data(connection, calloc(1, sizeof(struct visit)), free);
    say(connection, "comes from", sally_connection_peer(connection)->address);
}

/* Outdated clients. */
static sally_status version_received(void *user_data, sally_connection *connection, const char *line)
{
    (void)user_data;
    say(connection, "client", line);
    return strstr(line, "WinSCP_release_3") ? SALLY_PERMISSION_DENIED : SALLY_CONTINUE;
}

static void keys_exchanged(void *user_data, sally_connection *connection, const char *algorithms)
{
    (void)user_data;
    (void)algorithms;
    sally_connection_facts facts = {.struct_size = sizeof facts};
    if (sally_connection_get_facts(connection, &facts) == SALLY_E_OK) {
        say(connection, "key exchange", facts.kex);
        say(connection, "cipher", facts.cipher_in);
        say(connection, "strict key exchange", facts.strict_kex ? "yes" : "no");
    }
}

static void authenticated(void *user_data, sally_connection *connection,
                          const sally_auth_event *event)
{
    (void)user_data;
    bool ok = event->result == SALLY_AUTH_ACCEPT;
    say(connection, ok ? "logged in" : "login rejected", event->user);
}

/* No commands; the subsystem sftp is up to the library. */
static sally_status session_requested(void *user_data, sally_connection *connection,
                                      const sally_session_request *request)
{
    (void)user_data;
    struct visit *visit = sally_connection_data(connection);
    if (visit)
        visit->sessions++;
    bool ok = request->kind == SALLY_SESSION_SUBSYSTEM;
    say(connection, ok ? "subsystem" : "command refused", request->name);
    return ok ? SALLY_CONTINUE : SALLY_PERMISSION_DENIED;
}

static void problem(void *user_data, sally_connection *connection, const sally_problem *what)
{
    (void)user_data;
    say(connection, sally_strerror(what->code), what->text);
}

static void disconnected(void *user_data, sally_connection *connection, uint32_t reason,
                         const char *detail)
{
    (void)user_data;
    (void)reason;
    const struct visit *visit = sally_connection_data(connection);
    printf("%" PRIu64 " leaves after %u sessions\n", sally_connection_id(connection),
           visit ? visit->sessions : 0u);
    say(connection, "ended", detail);
}

static bool show_file(void *user_data, const sally_file_info *file)
{
    (void)user_data;
    char path[512];
    (void)sally_log_escape(file->path, 0, path, sizeof path);
    printf("%" PRIu64 " has open: %s (%" PRIu64 " bytes read, %" PRIu64 " written)\n",
           file->connection_id, path, file->facts->bytes_read, file->facts->bytes_written);
    return true;
}

struct order {
    sally_server *server;
    const char *user;
};

static bool end_user(void *user_data, const sally_connection_info *info)
{
    const struct order *order = user_data;
    if (strcmp(info->user, order->user) == 0)
        (void)sally_server_disconnect(order->server, info->id, "please leave");
    return true;
}

int main(int argc, char **argv)
{
    const char *directory = argc > 1 ? argv[1] : ".";
    const sally_hooks hooks = {
        .struct_size = sizeof hooks,
        .connected = connected,
        .version_received = version_received,
        .keys_exchanged = keys_exchanged,
        .authenticated = authenticated,
        .session_requested = session_requested,
        .problem = problem,
        .disconnected = disconnected,
    };
    sally_fs *folder;
    sally_server *server;
    if (sally_fs_local(&folder, directory, 0, 022) || sally_server_new(&server)) {
        fprintf(stderr, "%s cannot be served\n", directory);
        return 1;
    }
    const char *url = argc > 2 ? argv[2] : "sftp://127.0.0.1:2222";
    if (sally_server_add_hooks(server, &hooks) ||
        sally_server_add_user(server, "demo", "demo", folder) ||
        sally_server_add_listener(server, url) || sally_server_start(server))
        fprintf(stderr, "%s\n", sally_server_error(server));
    sally_fs_unref(folder);
    char line[128];
    while (fgets(line, sizeof line, stdin)) { /* an empty line only shows what is open */
        line[strcspn(line, "\n")] = '\0';
        struct order order = {server, line};
        if (sally_server_each_file(server, show_file, NULL) ||
            (*line && sally_server_each_connection(server, end_user, &order)))
            fprintf(stderr, "%s\n", sally_server_error(server));
        fflush(stdout);
    }
    return sally_server_free(server);
}
