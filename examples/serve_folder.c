/* Serves a folder to one user, with a host key that is kept.
 *
 *     ./serve_folder DIRECTORY [sftp://127.0.0.1:2222]
 */
#include <errno.h>
#include <sallyport.h>
#include <stdio.h>
#include <string.h>

/* Long-running programs should queue lines: here, all clients wait if the output is not read. */
static void print_line(void *user_data, const sally_log_line *line)
{
    char text[2048];
    (void)user_data;
    sally_log_format(line, 0, text, sizeof text);
    fprintf(stderr, "%s\n", text);
}

/* The host key must be the same each time, or clients will warn of an impostor. */
static sally_error add_host_key(sally_server *server, const char *file)
{
    sally_key *key = NULL;
    sally_error error = sally_key_load(&key, file, NULL);
    if (error == SALLY_E_SYSTEM && errno == ENOENT) {
        error = sally_key_generate(&key, "ed25519", 0);
        if (!error)
            error = sally_key_save(key, file, "host key of serve_folder");
    }
    if (error) /* of a key, not of the server: sally_server_error() knows nothing of it */
        fprintf(stderr, "%s: %s\n", file,
                error == SALLY_E_SYSTEM ? strerror(errno) : sally_strerror(error));
    if (!error) {
        printf("host key %s\n", sally_key_fingerprint(key));
        error = sally_server_add_host_key(server, key);
    }
    sally_key_unref(key); /* the server holds it now */
    return error;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s DIRECTORY [URL]\n", argv[0]);
        return 2;
    }
    const char *url = argc > 2 ? argv[2] : "sftp://127.0.0.1:2222";

    sally_fs *folder;
    if (sally_fs_local(&folder, argv[1], 0, 022)) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    sally_server *server;
    if (sally_server_new(&server))
        return 1;
    sally_error error = sally_server_set_log(server, print_line, NULL, SALLY_LOG_INFO);
    if (!error)
        error = sally_server_set(server, "limits.idle_time", "15m");
    if (!error)
        error = add_host_key(server, "serve_folder.key");
    if (!error) /* in case it is kept in the folder that is served */
        error = sally_fs_local_hide(folder, "serve_folder.key");
    if (!error)
        error = sally_server_add_user(server, "demo", "demo", folder);
    if (!error)
        error = sally_server_add_listener(server, url);
    sally_fs_unref(folder); /* the server holds it now */
    if (!error) {
        printf("listening on %s\n", sally_server_listener(server, 0));
        fflush(stdout);
        error = sally_server_run(server);
    }
    if (error && *sally_server_error(server))
        fprintf(stderr, "%s: %s\n", sally_strerror(error), sally_server_error(server));
    sally_server_free(server);
    return error ? 1 : 0;
}
