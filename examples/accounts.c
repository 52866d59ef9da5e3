/* Accounts from the program's own file: passwords that are kept as hashes, and a directory for each
 * user with as much room as the file says, however many sessions share it. Users may be added,
 * removed and given more room while the server runs.
 *
 *     ./accounts DIRECTORY ACCOUNTS [sftp://127.0.0.1:2222]
 *
 * ACCOUNTS has lines of name:hash:bytes, with hashes as mkpasswd(1) and sally_hash_password() make
 * them. DIRECTORY has a directory of each user's name.
 */
#include <fts.h>
#include <inttypes.h>
#include <pthread.h>
#include <sallyport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct account {
    struct account *next;
    char name[64];
    sally_fs *fs; /* the user's directory, with its quota */
};

struct accounts {
    const char *directory, *file;
    sally_fs *disk; /* one storage for all, so that locks bind everybody */
    pthread_mutex_t lock;
    struct account *first; /* who has logged in so far */
};

/* Logins are seldom: the file is read each time. */
static bool look_up(const char *path, const char *name, char hash[256], uint64_t *room)
{
    char line[512], user[64];
    FILE *file = fopen(path, "re");
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file))
        found = sscanf(line, "%63[^:]:%255[^:]:%" SCNu64, user, hash, room) == 3 &&
                strcmp(user, name) == 0;
    if (file)
        fclose(file);
    return found;
}

/* What is there already, which a quota does not count by itself. */
static void count(char *directory, sally_quota *quota)
{
    char *roots[] = {directory, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; tree && (entry = fts_read(tree)) != NULL;) {
        if (entry->fts_level == 0 || entry->fts_info == FTS_DP)
            continue;
        quota->files++;
        if (entry->fts_info == FTS_F)
            quota->bytes += (uint64_t)entry->fts_statp->st_size;
    }
    if (tree)
        fts_close(tree);
}

static sally_error make_storage(struct accounts *all, struct account *account)
{
    char path[4096];
    sally_fs *root;
    sally_quota quota = {.struct_size = sizeof quota};
    snprintf(path, sizeof path, "/%s", account->name);
    sally_error error = sally_fs_chroot(&root, all->disk, path);
    if (!error) {
        error = sally_fs_quota(&account->fs, root, 0, 0);
        sally_fs_unref(root); /* the quota holds it */
    }
    snprintf(path, sizeof path, "%s/%s", all->directory, account->name);
    count(path, &quota);
    return error ? error : sally_fs_quota_set(account->fs, &quota, SALLY_QUOTA_USE);
}

/* The account, with a storage that all its sessions share; NULL: there is no memory. */
static struct account *get(struct accounts *all, const char *name, uint64_t room)
{
    const sally_quota limits = {.struct_size = sizeof limits, .max_bytes = room};
    pthread_mutex_lock(&all->lock); /* authenticators run on several threads */
    struct account *account = all->first;
    while (account && strcmp(account->name, name) != 0)
        account = account->next;
    if (!account && (account = calloc(1, sizeof *account)) != NULL) {
        snprintf(account->name, sizeof account->name, "%s", name);
        account->next = all->first;
        all->first = account;
    }
    if (account && !account->fs && make_storage(all, account) != SALLY_E_OK)
        account = NULL; /* until the next login */
    if (account && sally_fs_quota_set(account->fs, &limits, SALLY_QUOTA_LIMITS) != SALLY_E_OK)
        account = NULL;
    pthread_mutex_unlock(&all->lock);
    return account;
}

/* The last session of a login is over. */
static void log_out(void *data)
{
    const struct account *account = data;
    sally_quota use = {.struct_size = sizeof use};
    if (sally_fs_quota_get(account->fs, &use) == SALLY_E_OK)
        printf("%s leaves %" PRIu64 " bytes of %" PRIu64 "\n", account->name, use.bytes,
               use.max_bytes);
    fflush(stdout);
}

static sally_auth_result authenticate(sally_auth *auth, sally_auth_request *request)
{
    struct accounts *all = sally_auth_data(auth);
    char hash[256];
    uint64_t room = 0;
    bool known = look_up(all->file, request->user, hash, &room);
    if (!sally_check_password(request->password, known ? hash : NULL)) /* as slow for strangers */
        return SALLY_AUTH_REJECT;
    struct account *account = get(all, request->user, room);
    sally_auth_set_data(request, account, account ? log_out : NULL);
    return account ? sally_auth_accept(request, account->fs) : SALLY_AUTH_REJECT;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return fprintf(stderr, "usage: %s DIRECTORY ACCOUNTS [URL]\n", argv[0]), 2;
    struct accounts all = {argv[1], argv[2], NULL, PTHREAD_MUTEX_INITIALIZER, NULL};
    const sally_auth_methods methods = {.struct_size = sizeof methods,
                                        .methods = SALLY_AUTH_PASSWORD,
                                        .authenticate = authenticate};
    sally_auth *auth;
    sally_server *server;
    if (sally_fs_local(&all.disk, argv[1], 0, 077) || sally_auth_new(&auth, &methods, &all) ||
        sally_server_new(&server))
        return fprintf(stderr, "%s cannot be served\n", argv[1]), 1;
    if (sally_server_set_auth(server, auth) ||
        sally_server_add_listener(server, argc > 3 ? argv[3] : "sftp://127.0.0.1:2222") ||
        sally_server_run(server))
        fprintf(stderr, "%s\n", sally_server_error(server));
    sally_error error = sally_server_free(server);
    sally_auth_unref(auth);
    for (struct account *next, *account = all.first; account; account = next) {
        next = account->next;
        sally_fs_unref(account->fs);
        free(account);
    }
    sally_fs_unref(all.disk);
    return error;
}
