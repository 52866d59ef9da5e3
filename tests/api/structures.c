/* Structures that grow: each is given to the library as the program of an older release has it, in
 * memory that ends where that release's structure ended, and as that of a newer release has it,
 * with members that this library does not know.
 *
 * Prints the name of each structure that it has tried. */
#include <sallyport.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The size in the release that had no member after this one. */
#define SIZE_TO(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))
#define NEW_MEMBERS           32

static int problems;
static sally_fs *storage;

/* What the library says to a structure of `size` bytes; `room` ends after them. */
typedef sally_error try_fn(const void *given);

static sally_auth_result reject(sally_auth *auth, sally_auth_request *request)
{
    (void)auth, (void)request;
    return SALLY_AUTH_REJECT;
}

static sally_error try_methods(const void *given)
{
    sally_fs *fs;
    sally_error error = sally_fs_new(&fs, given, NULL);
    if (!error)
        sally_fs_unref(fs);
    return error;
}
static sally_error try_auth_methods(const void *given)
{
    sally_auth *auth;
    sally_error error = sally_auth_new(&auth, given, NULL);
    if (!error)
        sally_auth_unref(auth);
    return error;
}
static sally_error try_user(const void *given)
{
    sally_auth *users;
    sally_error error = sally_auth_users_new(&users);
    if (error)
        return error;
    error = sally_auth_users_add(users, given);
    sally_auth_unref(users);
    return error;
}
static sally_error try_hooks(const void *given)
{
    sally_server *server;
    sally_error error = sally_server_new(&server);
    if (error)
        return error;
    error = sally_server_add_hooks(server, given);
    sally_server_free(server);
    return error;
}
static sally_error try_options(const void *given)
{
    sally_sftp *sftp;
    sally_error error = sally_sftp_new(&sftp, storage, given);
    if (!error)
        sally_sftp_free(sftp);
    return error;
}
static sally_error try_fault(const void *given)
{
    sally_fs *fault;
    sally_error error = sally_fs_fault(&fault, storage);
    if (error)
        return error;
    error = sally_fs_fault_add(fault, given);
    sally_fs_unref(fault);
    return error;
}

/* Those that belong to an operation are tried in one: OPENDIR and READDIR of an engine's. */
static const void *given_in_slot;
static sally_error found_in_slot;
static int entries_seen;

static bool count_entry(void *context, sally_op *op, sally_entry *entry)
{
    (void)context, (void)op;
    entries_seen += entry->struct_size >= SIZE_TO(sally_entry, longname);
    return true;
}
static sally_status holder_slot(sally_fs *fs, sally_op *op)
{
    (void)fs;
    found_in_slot = sally_op_set_lock_holder(op, given_in_slot);
    return SALLY_OK;
}
static sally_status entry_slot(sally_fs *fs, sally_op *op)
{
    (void)fs;
    entries_seen = 0;
    if (sally_op_filter_entries(op, count_entry, NULL))
        return SALLY_FAILURE;
    sally_op_add_entry_from(op, given_in_slot);
    found_in_slot = entries_seen == 1 ? SALLY_E_OK : SALLY_E_INVALID;
    return SALLY_EOF;
}
static sally_status own_asked(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                              sally_status status, void *context)
{
    (void)fs, (void)op, (void)asked, (void)context;
    found_in_slot = status ? SALLY_E_INVALID : SALLY_E_OK;
    return SALLY_EOF;
}
static sally_status ask_slot(sally_fs *fs, sally_op *op)
{
    return sally_fs_ask(fs, storage, op, given_in_slot, own_asked, NULL);
}
/* Sends a request and returns the reply's type. Its handle, if it has one, with the length in
 * front, goes to `handle`. */
static int ask(sally_sftp *sftp, const void *request, size_t size, unsigned char handle[64])
{
    size_t taken = 0;
    const void *out;
    if (sally_sftp_input(sftp, request, size, &taken) || taken != size)
        exit(2);
    size = sally_sftp_output(sftp, &out);
    const unsigned char *reply = out;
    if (size < 5)
        exit(2);
    int type = reply[4];
    if (type == 102 && size >= 13 && reply[12] <= 60)
        memcpy(handle, reply + 9, 4u + reply[12]);
    sally_sftp_sent(sftp, size);
    return type;
}
/* INIT of version 3; OPENDIR and READDIR of "/". */
static void exchange(const sally_fs_methods *methods)
{
    static const unsigned char init[] = {0, 0, 0, 5, 1, 0, 0, 0, 3};
    static const unsigned char opendir[] = {0, 0, 0, 10, 11, 0, 0, 0, 1, 0, 0, 0, 1, '/'};
    unsigned char readdir[9 + 64] = {0, 0, 0, 0, 12, 0, 0, 0, 2}, *handle = readdir + 9;
    sally_fs *fs;
    sally_sftp *sftp;
    const sally_sftp_options options = {.struct_size = sizeof options, .hide_dots = 1};
    if (sally_fs_new(&fs, methods, NULL) || sally_sftp_new(&sftp, fs, &options))
        exit(2);
    if (ask(sftp, init, sizeof init, handle) != 2 ||
        ask(sftp, opendir, sizeof opendir, handle) != 102)
        exit(2);
    readdir[3] = (unsigned char)(9 + handle[3]);
    ask(sftp, readdir, 4u + readdir[3], handle);
    sally_sftp_free(sftp);
    sally_fs_unref(fs);
}
static sally_status root_is_directory(sally_fs *fs, sally_op *op)
{
    (void)fs;
    sally_attrs_set_directory(&op->u.stat.attrs, 0755);
    return SALLY_OK;
}
static sally_error try_in_slot(const void *given, sally_fs_slot *slot)
{
    const sally_fs_methods methods = {.struct_size = sizeof methods,
                                      .traits = SALLY_FS_NONBLOCKING,
                                      .stat = root_is_directory,
                                      .readdir = slot};
    given_in_slot = given;
    found_in_slot = SALLY_E_STATE; /* it was never called */
    exchange(&methods);
    return found_in_slot;
}
static sally_error try_holder(const void *given)
{
    return try_in_slot(given, holder_slot);
}
static sally_error try_entry(const void *given)
{
    return try_in_slot(given, entry_slot);
}
static sally_error try_inner_op(const void *given)
{
    return try_in_slot(given, ask_slot);
}

static sally_error try_client(const void *given)
{
    sally_client *client;
    sally_error error = sally_client_new(&client, storage, given);
    if (!error)
        sally_client_free(client);
    return error;
}

static sally_error try_listener(const void *given)
{
    sally_server *server;
    sally_error error = sally_server_new(&server);
    if (error)
        return error;
    error = sally_server_listen(server, given, NULL);
    sally_server_free(server);
    return error;
}
static sally_error made(sally_fs *fs, sally_error error)
{
    if (!error)
        sally_fs_unref(fs);
    return error;
}
static sally_error try_mount(const void *given)
{
    sally_fs *fs;
    sally_error error = sally_fs_mounts(&fs, NULL, given, 1);
    return made(fs, error);
}
static sally_error try_quota(const void *given)
{
    sally_fs *fs;
    sally_error error = sally_fs_quota(&fs, storage, 0, 0);
    if (error)
        return error;
    error = sally_fs_quota_set(fs, given, SALLY_QUOTA_LIMITS);
    sally_fs_unref(fs);
    return error;
}
static sally_error try_staging(const void *given)
{
    sally_fs *fs;
    sally_error error = sally_fs_staging(&fs, storage, given);
    return made(fs, error);
}
static sally_error try_rule(const void *given)
{
    sally_fs *fs;
    sally_error error = sally_fs_filter(&fs, storage, given, 1);
    return made(fs, error);
}

static sally_error never(void *user_data, sally_sign_request *request)
{
    (void)user_data;
    (void)request;
    return SALLY_E_CLOSED;
}
static sally_error try_signer(const void *given)
{
    sally_key *key;
    sally_error error = sally_key_from_signer(&key, given);
    sally_key_unref(key);
    return error;
}
/* That there is no such file is found after the structure was taken. */
static sally_error try_source(const void *given)
{
    sally_key *key;
    sally_error error = sally_key_load_from(&key, given);
    return error == SALLY_E_SYSTEM ? SALLY_E_OK : error;
}

static void expect(const char *name, const char *what, sally_error got, sally_error wanted)
{
    if (got == wanted)
        return;
    fprintf(stderr, "%s, %s: %d\n", name, what, (int)got);
    problems++;
}
static void try_sizes(const char *name, const void *sample, size_t now, size_t first, try_fn *try)
{
    static const struct {
        const char *what;
        int newer, unknown;
        sally_error wanted;
    } cases[] = {
        {"of its first release", 0, 0, SALLY_E_OK},
        {"of a later release, used as of this one", NEW_MEMBERS, 0, SALLY_E_OK},
        {"of a later release, with what is not known", NEW_MEMBERS, 1, SALLY_E_INVALID},
    };
    puts(name);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size = cases[i].newer ? now + NEW_MEMBERS : first;
        unsigned char *given = calloc(1, size); /* exactly: what lies behind is not read */
        if (!given)
            exit(2);
        memcpy(given, sample, size < now ? size : now);
        memcpy(given, &size, sizeof size); /* struct_size */
        if (cases[i].unknown)
            given[size - 1] = 1;
        expect(name, cases[i].what, try(given), cases[i].wanted);
        free(given);
    }
}
/* Several in a row are as far apart as the first says. */
static void try_rows_of_hooks(void)
{
    const size_t first = SIZE_TO(sally_hooks, user_data), newer = sizeof(sally_hooks) + NEW_MEMBERS;
    for (size_t size = first; size <= newer; size += newer - first) {
        unsigned char *row = calloc(2, size);
        if (!row)
            exit(2);
        memcpy(row, &size, sizeof size);
        memcpy(row + size, &size, sizeof size);
        const sally_sftp_options options = {
            .struct_size = sizeof options, .hooks = (const void *)row, .hook_count = 2};
        expect("sally_hooks", "two in a row", try_options(&options), SALLY_E_OK);
        free(row);
    }
}
/* This one is filled by the library. */
static void try_counters(void)
{
    sally_server *server;
    size_t first = SIZE_TO(sally_counters, memory_now),
           newer = sizeof(sally_counters) + NEW_MEMBERS;
    unsigned char *given = malloc(newer);
    if (!given || sally_server_new(&server))
        exit(2);
    puts("sally_counters");
    memset(given, 1, newer);
    memcpy(given, &first, sizeof first);
    expect("sally_counters", "of its first release",
           sally_server_counters(server, (sally_counters *)(void *)given), SALLY_E_OK);
    if (given[first] != 1)
        expect("sally_counters", "more was written than there is", 1, 0);
    memset(given, 1, newer);
    memcpy(given, &newer, sizeof newer);
    expect("sally_counters", "of a later release",
           sally_server_counters(server, (sally_counters *)(void *)given), SALLY_E_OK);
    if (given[newer - 1] != 0)
        expect("sally_counters", "what is not known is not zero", 1, 0);
    sally_server_free(server);
    free(given);
}

#define TRY(type, last_of_first, try)                                                              \
    try_sizes(#type, &sample_##type, sizeof(type), SIZE_TO(type, last_of_first), try)

int main(void)
{
    if (sally_fs_memory(&storage, 0))
        return 2;
    const sally_fs_methods sample_sally_fs_methods = {.traits = SALLY_FS_NONBLOCKING};
    const sally_auth_methods sample_sally_auth_methods = {.methods = SALLY_AUTH_PASSWORD,
                                                          .authenticate = reject};
    const sally_user sample_sally_user = {.name = "joe", .fs = storage};
    const sally_hooks sample_sally_hooks = {.flags = SALLY_HOOKS_NONBLOCKING};
    const sally_sftp_options sample_sally_sftp_options = {.user = "joe"};
    const sally_fault sample_sally_fault = {
        .kinds = SALLY_OP_BIT(SALLY_OP_READ), .action = SALLY_FAULT_FAIL, .status = SALLY_FAILURE};
    const sally_lock_holder sample_sally_lock_holder = {.session_id = 1};
    const sally_entry sample_sally_entry = {.name = "a", .longname = "line"};
    TRY(sally_fs_methods, destroy, try_methods);
    TRY(sally_auth_methods, destroy, try_auth_methods);
    TRY(sally_user, required, try_user);
    TRY(sally_hooks, user_data, try_hooks);
    TRY(sally_sftp_options, umask_version, try_options);
    TRY(sally_fault, path, try_fault);
    TRY(sally_lock_holder, is_range, try_holder);
    TRY(sally_entry, longname, try_entry);
    const sally_inner_op sample_sally_inner_op = {.kind = SALLY_OP_STAT, .path = "/"};
    TRY(sally_inner_op, u, try_inner_op);
    const sally_client_options sample_sally_client_options = {.version = 3};
    TRY(sally_client_options, server, try_client);
    const sally_listener_options sample_sally_listener_options = {.url = "sftp://127.0.0.1:0"};
    const sally_mount sample_sally_mount = {.path = "/a", .fs = storage};
    const sally_quota sample_sally_quota = {.max_bytes = 1};
    const sally_staging_options sample_sally_staging_options = {.prefix = "."};
    const sally_filter_rule sample_sally_filter_rule = {.path = "/a"};
    TRY(sally_listener_options, setting_count, try_listener);
    TRY(sally_mount, fs, try_mount);
    TRY(sally_quota, files, try_quota);
    TRY(sally_staging_options, reserved, try_staging);
    TRY(sally_filter_rule, flags, try_rule);
    const sally_signer sample_sally_signer = {
        .public_line =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPAVN/ppvKhgBOZaTOlyc+JzMTzhoPrHoBoVOJu5B9Hu",
        .sign = never};
    const sally_key_source sample_sally_key_source = {.path = "/nonexistent/key"};
    TRY(sally_signer, user_data, try_signer);
    TRY(sally_key_source, user_data, try_source);
    try_rows_of_hooks();
    try_counters();
    sally_fs_unref(storage);
    return problems ? 1 : 0;
}
