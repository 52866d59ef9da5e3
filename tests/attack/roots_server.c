/* A server with one local storage. The root of each user is a directory of it.
 *
 *     roots_server DIRECTORY
 *
 * joe and ann are users of the ready-made authenticator (sally_user.root), eve and tom of one of
 * its own (sally_auth_set_root()); sue's root is below sally_fs_chroot(), and gus has a root that
 * is not there. Password pw.
 */
#include <pthread.h>
#include <sallyport.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static sally_server *server;

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

static sally_auth_result check(sally_auth *auth, sally_auth_request *request)
{
    char root[20];
    if (strcmp(request->user, "eve") != 0 && strcmp(request->user, "tom") != 0)
        return SALLY_AUTH_REJECT;
    if (strcmp(request->password, "pw") != 0)
        return SALLY_AUTH_REJECT;
    snprintf(root, sizeof root, "/%s", request->user);
    if (sally_auth_set_root(request, root))
        return SALLY_AUTH_REJECT;
    return sally_auth_accept(request, sally_auth_data(auth));
}

static sally_error add_users(sally_auth *users, sally_fs *all, sally_fs *sues)
{
    const struct {
        const char *name, *root;
        sally_fs *fs;
    } who[] = {
        {"joe", "/joe", all}, {"ann", "/ann", all}, {"sue", NULL, sues}, {"gus", "/gus", all}};
    sally_error error = SALLY_E_OK;
    for (size_t i = 0; i < sizeof who / sizeof *who && !error; i++) {
        const sally_user user = {.struct_size = sizeof user,
                                 .name = who[i].name,
                                 .password = "pw",
                                 .fs = who[i].fs,
                                 .root = who[i].root};
        error = sally_auth_users_add(users, &user);
    }
    return error;
}

static sally_error set_up(sally_fs *all)
{
    const sally_auth_methods methods = {
        .struct_size = sizeof methods, .methods = SALLY_AUTH_PASSWORD, .authenticate = check};
    sally_auth *users = NULL, *own = NULL, *both = NULL;
    sally_fs *sues = NULL;
    sally_key *key = NULL;
    sally_error error = sally_server_new(&server);
    if (!error)
        error = sally_server_set_log(server, print_line, NULL, SALLY_LOG_INFO);
    if (!error)
        error = sally_key_generate(&key, "ed25519", 0);
    if (!error)
        error = sally_server_add_host_key(server, key);
    sally_key_unref(key);
    if (!error)
        error = sally_fs_chroot(&sues, all, "/sue");
    if (!error)
        error = sally_auth_users_new(&users);
    if (!error)
        error = add_users(users, all, sues);
    if (!error)
        error = sally_auth_new(&own, &methods, all);
    if (!error)
        error = sally_auth_chain_new(&both, users, own);
    if (!error)
        error = sally_server_set_auth(server, both);
    if (!error)
        error = sally_server_add_listener(server, "sftp://127.0.0.1:0");
    sally_auth_unref(both);
    sally_auth_unref(own);
    sally_auth_unref(users);
    sally_fs_unref(sues);
    return error;
}

int main(int argc, char **argv)
{
    sally_fs *all;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (argc < 2 || sally_fs_local(&all, argv[1], 0, 022))
        return 2;
    sally_error error = set_up(all);
    sally_fs_unref(all);
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
