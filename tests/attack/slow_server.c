/* A server whose storage is slow or hangs, for attacks on what waits for it.
 *
 *     slow_server DIRECTORY delay|late|stuck MILLISECONDS [SETTING=VALUE]...
 *
 * delay and late learn of it when no one waits any longer; stuck does not, like a file system on a
 * network that is down.
 */
#include <pthread.h>
#include <sallyport.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static sally_server *server;

/* Waits for the signal that is blocked everywhere. */
static void *end_at_signal(void *data)
{
    sigset_t *signals = data;
    int number;
    sigwait(signals, &number);
    sally_server_shutdown(server, 2000);
    return NULL;
}

static void print_line(void *user_data, const sally_log_line *line)
{
    char text[2048];
    (void)user_data;
    sally_log_format(line, 0, text, sizeof text);
    fprintf(stderr, "%s\n", text);
}

static sally_status be_stuck(void *user_data, sally_op *op)
{
    const uint64_t *milliseconds = user_data;
    (void)op;
    const struct timespec time = {(time_t)(*milliseconds / 1000),
                                  (long)(*milliseconds % 1000) * 1000000};
    nanosleep(&time, NULL);
    return SALLY_CONTINUE;
}

static sally_error set_up(int argc, char **argv, sally_fs *slow)
{
    sally_key *key = NULL;
    sally_error error = sally_server_new(&server);
    if (!error)
        error = sally_server_set_log(server, print_line, NULL, SALLY_LOG_INFO);
    for (int i = 4; i < argc && !error; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals)
            return SALLY_E_INVALID;
        *equals = '\0';
        error = sally_server_set(server, argv[i], equals + 1);
    }
    static uint64_t milliseconds;
    milliseconds = strtoull(argv[3], NULL, 10);
    const sally_hooks hooks = {.struct_size = sizeof hooks,
                               .before_mask = SALLY_OP_BIT(SALLY_OP_STAT),
                               .before = be_stuck,
                               .user_data = &milliseconds};
    if (!error && strcmp(argv[2], "stuck") == 0)
        error = sally_server_add_hooks(server, &hooks);
    if (!error)
        error = sally_key_generate(&key, "ed25519", 0);
    if (!error)
        error = sally_server_add_host_key(server, key);
    sally_key_unref(key);
    if (!error)
        error = sally_server_add_user(server, "joe", "pw", slow);
    if (!error)
        error = sally_server_add_user(server, "ann", "pw", slow);
    if (!error)
        error = sally_server_add_listener(server, "sftp://127.0.0.1:0");
    return error;
}

int main(int argc, char **argv)
{
    sally_fs *folder, *slow;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (argc < 4 || sally_fs_local(&folder, argv[1], 0, 022) || sally_fs_fault(&slow, folder))
        return 2;
    sally_fs_unref(folder);
    const sally_fault fault = {
        .struct_size = sizeof fault,
        .kinds = SALLY_OP_BIT(SALLY_OP_STAT) | SALLY_OP_BIT(SALLY_OP_READ) |
                 SALLY_OP_BIT(SALLY_OP_WRITE) | SALLY_OP_BIT(SALLY_OP_READDIR) |
                 SALLY_OP_BIT(SALLY_OP_OPEN),
        .action = strcmp(argv[2], "late") == 0 ? SALLY_FAULT_LATE : SALLY_FAULT_DELAY,
        .amount = strtoull(argv[3], NULL, 10),
    };
    sally_error error =
        strcmp(argv[2], "stuck") == 0 ? SALLY_E_OK : sally_fs_fault_add(slow, &fault);
    if (!error)
        error = set_up(argc, argv, slow);
    sally_fs_unref(slow);
    pthread_t waiter;
    if (!error && pthread_create(&waiter, NULL, end_at_signal, &signals) != 0)
        error = SALLY_E_SYSTEM;
    if (!error) {
        printf("listening on %s\n", sally_server_listener(server, 0));
        fflush(stdout);
        error = sally_server_run(server);
        pthread_join(waiter, NULL);
    }
    if (error)
        fprintf(stderr, "%s: %s\n", sally_strerror(error), sally_server_error(server));
    sally_server_free(server);
    return error ? 1 : 0;
}
