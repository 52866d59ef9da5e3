/* A program that uses everything that grows: structures that it fills for the library, that the
 * library fills for it, and that callbacks are shown. It is compiled with the headers of this
 * release and with those of a next one (next_headers.py), which define SALLY_NEXT.
 *
 *     generations sizes      where each structure ends
 *     generations client     a stack of wrappers with hooks, and a client in process
 *     generations server     a server: prints its port, serves until its input ends, and then says
 *                            what its callbacks were shown
 *     generations unknown    sets what only the next release knows
 */
#include <sallyport.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef SALLY_NEXT
#define END_OF(type)   offsetof(type, next)
#define HAS_NEXT(told) ((told)->struct_size >= offsetof(__typeof__(*(told)), next) + 1)
#else
#define END_OF(type)   sizeof(type)
#define HAS_NEXT(told) ((void)(told), 0)
#endif

static void check(int line, bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "line %d: %s\n", line, what);
    exit(1);
}
#define CHECK(condition) check(__LINE__, (condition), #condition)
#define OK(call)         check(__LINE__, (call) == 0, #call)

/* ---- sizes ---- */

static int sizes(void)
{
#define SIZE(type) printf(#type " %zu\n", END_OF(type))
    SIZE(sally_auth_event), SIZE(sally_auth_methods), SIZE(sally_channel_options);
    SIZE(sally_client_options);
    SIZE(sally_connection_facts), SIZE(sally_connection_info), SIZE(sally_counters);
    SIZE(sally_entry), SIZE(sally_fault), SIZE(sally_file_info), SIZE(sally_filter_rule);
    SIZE(sally_fs_methods), SIZE(sally_hooks), SIZE(sally_inner_op), SIZE(sally_key_source),
        SIZE(sally_listener_options);
    SIZE(sally_lock_holder), SIZE(sally_mount), SIZE(sally_problem), SIZE(sally_quota);
    SIZE(sally_session_request), SIZE(sally_sign_request), SIZE(sally_signer),
        SIZE(sally_sftp_options), SIZE(sally_staging_options);
    SIZE(sally_user);
    return 0;
}

/* ---- client ---- */

/* A wrapper that looks at a file before it is removed. */
static sally_status looked(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                           sally_status status, void *context)
{
    CHECK(context == op && asked->kind == SALLY_OP_STAT && asked->struct_size >= sizeof(size_t));
    return status ? status : sally_fs_call(fs, sally_fs_data(fs), op, NULL, NULL);
}
static sally_status look_first(sally_fs *fs, sally_op *op)
{
    const sally_inner_op own = {.struct_size = sizeof own, .kind = SALLY_OP_STAT};
    return sally_fs_ask(fs, sally_fs_data(fs), op, &own, looked, op);
}
static sally_status pass(sally_fs *fs, sally_op *op)
{
    return sally_fs_call(fs, sally_fs_data(fs), op, NULL, NULL);
}
static void unref(void *inner)
{
    sally_fs_unref(inner);
}
static sally_fs *wrapped(sally_fs *inner)
{
    sally_fs *out;
    sally_fs_methods methods = {.struct_size = sizeof methods};
    sally_fs_methods_wrap(&methods, inner, pass);
#ifdef SALLY_NEXT
    CHECK(!methods.next); /* nothing inside has it */
#endif
    methods.remove = look_first;
    methods.destroy = unref;
    OK(sally_fs_new(&out, &methods, inner));
    return out;
}
/* The layer takes the place of what it holds. */
static void over(sally_fs **top, sally_fs *layer)
{
    sally_fs_unref(*top);
    *top = layer;
}
static sally_fs *stack_of_wrappers(sally_fs **quota_fs)
{
    sally_fs *top, *layer;
    const sally_fault fault = {.struct_size = sizeof fault,
                               .kinds = SALLY_OP_BIT(SALLY_OP_REMOVE),
                               .action = SALLY_FAULT_FAIL,
                               .status = SALLY_FAILURE,
                               .path = "/kept"};
    const sally_staging_options staging = {.struct_size = sizeof staging, .prefix = ".part-"};
    OK(sally_fs_memory(&top, 0));
    over(&top, wrapped(sally_fs_ref(top)));
    OK(sally_fs_quota(&layer, top, 1 << 20, 100));
    *quota_fs = layer;
    over(&top, layer);
    OK(sally_fs_fault(&layer, top));
    OK(sally_fs_fault_add(layer, &fault));
    over(&top, layer);
    OK(sally_fs_staging(&layer, top, &staging));
    over(&top, layer);
    const sally_filter_rule rules[] = {
        {.struct_size = sizeof rules[0], .names = "*.secret", .flags = SALLY_FILTER_HIDDEN},
        {.struct_size = sizeof rules[0], .path = "/", .permissions = SALLY_MAY_ALL},
    };
    OK(sally_fs_filter(&layer, top, rules, 2));
    over(&top, layer);
    sally_fs *mounted;
    OK(sally_fs_memory(&mounted, 0));
    const sally_mount mounts[] = {
        {.struct_size = sizeof mounts[0], .path = "/one", .fs = mounted},
        {.struct_size = sizeof mounts[0], .path = "/two", .fs = mounted},
    };
    OK(sally_fs_mounts(&layer, top, mounts, 2));
    sally_fs_unref(mounted);
    over(&top, layer);
    return top;
}

struct seen {
    int before, after, entries;
};
static bool see_entry(void *context, sally_op *op, sally_entry *entry)
{
    struct seen *seen = context;
    (void)op;
    CHECK(entry->struct_size >= END_OF(sally_entry) || !HAS_NEXT(entry));
    seen->entries += entry->name && entry->attrs;
    return true;
}
static sally_status before(void *user_data, sally_op *op)
{
    struct seen *seen = user_data;
    seen->before++;
    return op->kind == SALLY_OP_READDIR && sally_op_filter_entries(op, see_entry, seen)
               ? SALLY_FAILURE
               : SALLY_CONTINUE;
}
static sally_status after(void *user_data, sally_op *op)
{
    ((struct seen *)user_data)->after++;
    return op->status;
}
static bool see_name(void *user_data, const sally_client_entry *entry)
{
    ++*(int *)user_data;
    CHECK(strcmp(entry->name, "file") == 0 || strcmp(entry->name, "kept") == 0 ||
          strcmp(entry->name, "one") == 0 || strcmp(entry->name, "two") == 0);
    return true;
}
/* A structure that the library fills, between bytes that it must leave alone. */
static void check_quota(sally_fs *quota_fs)
{
    struct {
        sally_quota quota;
        unsigned char behind[64];
    } got;
    memset(&got, 0x5a, sizeof got);
    got.quota.struct_size = sizeof got.quota;
    OK(sally_fs_quota_get(quota_fs, &got.quota));
    CHECK(got.quota.struct_size == sizeof got.quota && got.quota.max_files == 100 &&
          got.quota.bytes == 10 && got.quota.files == 2);
    for (size_t i = 0; i < sizeof got.behind; i++)
        CHECK(got.behind[i] == 0x5a);
#ifdef SALLY_NEXT
    CHECK(got.quota.next[0] == 0); /* a library that does not know it says zero */
#endif
    got.quota.max_bytes = 2 << 20;
    OK(sally_fs_quota_set(quota_fs, &got.quota, SALLY_QUOTA_LIMITS));
}
static int client(void)
{
    struct seen seen[2] = {{0, 0, 0}, {0, 0, 0}};
    sally_fs *quota_fs, *top = stack_of_wrappers(&quota_fs);
    const sally_hooks hooks[2] = {
        {.struct_size = sizeof hooks[0],
         .flags = SALLY_HOOKS_NONBLOCKING,
         .before_mask = SALLY_OP_ALL,
         .after_mask = SALLY_OP_ALL,
         .user_data = &seen[0],
         .before = before,
         .after = after},
        {.struct_size = sizeof hooks[0],
         .before_mask = SALLY_OP_BIT(SALLY_OP_READDIR),
         .user_data = &seen[1],
         .before = before},
    };
    const sally_sftp_options server = {
        .struct_size = sizeof server, .user = "joe", .hooks = hooks, .hook_count = 2};
    const sally_client_options options = {
        .struct_size = sizeof options, .version = 3, .server = &server};
    sally_client *c;
    const void *data;
    size_t size;
    int names = 0;
    OK(sally_client_new(&c, top, &options));
    OK(sally_client_put(c, "/file", "Hello", 5));
    OK(sally_client_put(c, "/kept", "there", 5));
    OK(sally_client_put(c, "/one/file", "Hello", 5));
    CHECK(sally_client_put(c, "/no.secret", "x", 1) == SALLY_PERMISSION_DENIED);
    OK(sally_client_put(c, "/gone", "x", 1));
    OK(sally_client_remove(c, "/gone"));
    OK(sally_client_get(c, "/two/file", &data, &size));
    CHECK(size == 5 && memcmp(data, "Hello", 5) == 0);
    CHECK(sally_client_remove(c, "/kept") == SALLY_FAILURE);
    OK(sally_client_list(c, "/", see_name, &names));
    CHECK(names == 4);
    check_quota(quota_fs);
    sally_client_free(c);
    CHECK(seen[0].before > 10 && seen[0].after >= seen[0].before);
    CHECK(seen[0].entries >= 4 && seen[1].entries >= 4 && seen[1].before > 0 && !seen[1].after);
    sally_fs_unref(top);
    puts("client: done");
    return 0;
}

/* ---- server ---- */

static sally_server *server_of_main;
static sally_fs *storage_of_main;
static sally_key *key_of_main;
static int signatures;
static bool library_is_next;
static int requested, connected_count, exchanged, events, sessions, problems, disconnects;

static sally_auth_result let_in(sally_auth *auth, sally_auth_request *request)
{
    (void)auth;
    CHECK(request->method == SALLY_AUTH_NONE && sally_connection_id(request->connection) != 0);
    return sally_auth_accept(request, storage_of_main);
}
static void check_facts(const sally_connection *connection)
{
    struct {
        sally_connection_facts facts;
        unsigned char behind[64];
    } got;
    memset(&got, 0x5a, sizeof got);
    got.facts.struct_size = sizeof got.facts;
    OK(sally_connection_get_facts(connection, &got.facts));
    CHECK(got.facts.struct_size == sizeof got.facts && strlen(got.facts.kex) > 0 &&
          strcmp(got.facts.compression_out, "none") == 0 && got.facts.strict_kex);
    for (size_t i = 0; i < sizeof got.behind; i++)
        CHECK(got.behind[i] == 0x5a);
#ifdef SALLY_NEXT
    for (size_t i = 0; i < sizeof got.facts.next; i++)
        CHECK(got.facts.next[i] == 0);
#endif
}
static sally_status on_requested(void *user_data, sally_connection *connection)
{
    (void)user_data;
    requested++;
    return sally_connection_peer(connection)->port ? SALLY_CONTINUE : SALLY_FAILURE;
}
static void on_connected(void *user_data, sally_connection *connection)
{
    (void)user_data, (void)connection;
    connected_count++;
}
static void on_keys(void *user_data, sally_connection *connection, const char *algorithms)
{
    (void)user_data, (void)algorithms;
    exchanged++;
    check_facts(connection);
}
static void on_login(void *user_data, sally_connection *connection, const sally_auth_event *event)
{
    (void)user_data, (void)connection;
    events++;
    CHECK(strcmp(event->user, "joe") == 0 && event->result == SALLY_AUTH_ACCEPT);
    printf("event: %s\n", HAS_NEXT(event) ? "next" : "now");
}
/* A command of the program's own. */
static sally_status answer_ping(sally_channel *channel)
{
    const sally_channel_options options = {.struct_size = sizeof options};
    size_t taken;
#ifdef SALLY_NEXT
    const sally_channel_options unknown = {.struct_size = sizeof unknown, .next = {1}};
    if (!library_is_next)
        CHECK(sally_channel_accept(channel, &unknown) == SALLY_E_INVALID);
#endif
    OK(sally_channel_accept(channel, &options));
    OK(sally_channel_write(channel, "pong\n", 5, &taken));
    CHECK(taken == 5);
    OK(sally_channel_exit(channel, 0));
    return SALLY_OK;
}
static sally_status on_session(void *user_data, sally_connection *connection,
                               const sally_session_request *request)
{
    (void)user_data, (void)connection;
    sessions++;
    library_is_next = HAS_NEXT(request);
    printf("request: %s\n", HAS_NEXT(request) ? "next" : "now");
    if (request->kind == SALLY_SESSION_EXEC && strcmp(request->name, "ping") == 0)
        return answer_ping(request->channel);
    CHECK(request->kind == SALLY_SESSION_SUBSYSTEM && strcmp(request->name, "sftp") == 0);
    return SALLY_CONTINUE;
}
static void on_problem(void *user_data, sally_connection *connection, const sally_problem *problem)
{
    (void)user_data, (void)connection;
    problems++;
    CHECK(problem->stage != 0 && problem->code != 0);
    printf("problem: %s\n", HAS_NEXT(problem) ? "next" : "now");
}
static void on_disconnected(void *user_data, sally_connection *connection, uint32_t reason,
                            const char *detail)
{
    (void)user_data, (void)connection;
    CHECK(reason != 0 && detail);
    disconnects++;
}
static bool see_connection(void *user_data, const sally_connection_info *info)
{
    CHECK(info->id != 0 && info->state);
    printf("info: %s\n", HAS_NEXT(info) ? "next" : "now");
    return ++*(int *)user_data > 0;
}
static bool see_file(void *user_data, const sally_file_info *info)
{
    CHECK(strcmp(info->path, "/up") == 0 && info->facts);
    printf("file: %s\n", HAS_NEXT(info) ? "next" : "now");
    return ++*(int *)user_data > 0;
}
static sally_status walk(void *user_data, sally_op *op)
{
    int found = 0, files = 0;
    (void)user_data, (void)op;
    OK(sally_server_each_connection(server_of_main, see_connection, &found));
    OK(sally_server_each_file(server_of_main, see_file, &files));
    CHECK(found == 1 && files <= 1);
    return SALLY_CONTINUE;
}
static void check_counters(void)
{
    struct {
        sally_counters counters;
        unsigned char behind[64];
    } got;
    memset(&got, 0x5a, sizeof got);
    got.counters.struct_size = sizeof got.counters;
    OK(sally_server_counters(server_of_main, &got.counters));
    CHECK(got.counters.connections == 3 && got.counters.logins == 2 &&
          got.counters.bytes_written >= 5 && got.counters.bytes_read >= 5);
    for (size_t i = 0; i < sizeof got.behind; i++)
        CHECK(got.behind[i] == 0x5a);
#ifdef SALLY_NEXT
    for (size_t i = 0; i < sizeof got.counters.next; i++)
        CHECK(got.counters.next[i] == 0);
#endif
}
/* A host key behind a signer, which one from a file replaces: so it signs nothing. */
static sally_error sign(void *user_data, sally_sign_request *request)
{
    (void)user_data;
    signatures += request->struct_size >= sizeof(size_t);
    return SALLY_E_CRYPTO;
}
static void add_keys(void)
{
    char folder[] = "/tmp/sally-generations-XXXXXX", path[64];
    sally_key *key;
    CHECK(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/key", folder);
    OK(sally_key_generate(&key, "ed25519", 0));
    OK(sally_key_save(key, path, NULL));
    const sally_key_source source = {.struct_size = sizeof source, .path = path};
    const sally_signer signer = {
        .struct_size = sizeof signer, .public_line = sally_key_public_line(key), .sign = sign};
    OK(sally_key_load_from(&key_of_main, &source));
    CHECK(strcmp(sally_key_fingerprint(key), sally_key_fingerprint(key_of_main)) == 0);
    CHECK(remove(path) == 0 && remove(folder) == 0);
    sally_key *of_signer;
    OK(sally_key_from_signer(&of_signer, &signer)); /* the line is the key's */
    sally_key_unref(key);
    OK(sally_server_add_host_key(server_of_main, of_signer));
    OK(sally_server_add_host_key(server_of_main, key_of_main)); /* in its place */
    sally_key_unref(of_signer);
    sally_key_unref(key_of_main);
}
static int server(void)
{
    const sally_auth_methods methods = {
        .struct_size = sizeof methods, .methods = SALLY_AUTH_NONE, .authenticate = let_in};
    const sally_hooks hooks = {.struct_size = sizeof hooks,
                               .before_mask = SALLY_OP_BIT(SALLY_OP_CLOSE),
                               .before = walk,
                               .connection_requested = on_requested,
                               .connected = on_connected,
                               .keys_exchanged = on_keys,
                               .authenticated = on_login,
                               .session_requested = on_session,
                               .problem = on_problem,
                               .disconnected = on_disconnected};
    const sally_setting_value settings[] = {{"ssh.ciphers", "aes128-gcm@openssh.com"}};
    sally_listener *listener;
    sally_auth *auth;
    OK(sally_fs_memory(&storage_of_main, 0));
    OK(sally_auth_new(&auth, &methods, NULL));
    OK(sally_server_new(&server_of_main));
    add_keys();
    const sally_listener_options options = {.struct_size = sizeof options,
                                            .url = "sftp://127.0.0.1:0",
                                            .auth = auth,
                                            .settings = settings,
                                            .setting_count = 1};
    OK(sally_server_add_hooks(server_of_main, &hooks));
    OK(sally_server_listen(server_of_main, &options, &listener));
    OK(sally_server_start(server_of_main));
    printf("port: %u\n", (unsigned)sally_listener_port(listener));
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    OK(sally_server_shutdown(server_of_main, 0));
    OK(sally_server_wait(server_of_main));
    check_counters();
    CHECK(signatures == 0 && requested == 3 && connected_count == 3 && exchanged == 2 &&
          events == 2 && sessions == 2 && problems == 1 && disconnects == 3);
    OK(sally_server_free(server_of_main));
    sally_auth_unref(auth);
    sally_fs_unref(storage_of_main);
    puts("server: done");
    return 0;
}

/* ---- unknown ---- */

#ifdef SALLY_NEXT
static sally_auth_result next_of_auth(sally_auth *auth, sally_auth_request *request)
{
    (void)auth, (void)request;
    return SALLY_AUTH_REJECT;
}
static void next_of_hooks(void *user_data, sally_connection *connection)
{
    (void)user_data, (void)connection;
}
#define ED25519 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPAVN/ppvKhgBOZaTOlyc+JzMTzhoPrHoBoVOJu5B9Hu"
static sally_error next_signer(void *user_data, sally_sign_request *request)
{
    (void)user_data, (void)request;
    return SALLY_E_CRYPTO;
}
static sally_error holder_error, entry_error;
static sally_status ask_status;
static sally_status answered(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                             sally_status status, void *context)
{
    (void)fs, (void)op, (void)asked, (void)context;
    ask_status = status;
    return SALLY_EOF;
}
static bool count_entry(void *context, sally_op *op, sally_entry *entry)
{
    (void)op, (void)entry;
    ++*(int *)context;
    return true;
}
static sally_status readdir_slot(sally_fs *fs, sally_op *op)
{
    const sally_lock_holder holder = {.struct_size = sizeof holder, .next = {1}};
    const sally_entry entry = {.struct_size = sizeof entry, .name = "a", .next = {1}};
    int count = 0;
    (void)fs;
    OK(sally_op_filter_entries(op, count_entry, &count));
    holder_error = sally_op_set_lock_holder(op, &holder);
    CHECK(sally_op_add_entry_from(op, &entry));
    entry_error = count ? SALLY_E_OK : SALLY_E_INVALID;
    const sally_inner_op own = {
        .struct_size = sizeof own, .kind = SALLY_OP_STAT, .path = "/", .next = {1}};
    return sally_fs_ask(fs, sally_fs_data(fs), op, &own, answered, NULL);
}
static sally_status stat_slot(sally_fs *fs, sally_op *op)
{
    (void)fs;
    sally_attrs_set_directory(&op->u.stat.attrs, 0755);
    return SALLY_OK;
}
static int unknown(void)
{
    sally_fs *fs = NULL, *memory, *quota, *fault;
    sally_auth *auth = NULL, *users;
    sally_server *s;
    sally_sftp *sftp = NULL;
    sally_client *c = NULL;
    sally_listener *listener = NULL;
    sally_key *key = NULL;
    int names = 0;
    OK(sally_fs_memory(&memory, 0));
    OK(sally_fs_quota(&quota, memory, 0, 0));
    OK(sally_fs_fault(&fault, memory));
    OK(sally_auth_users_new(&users));
    OK(sally_server_new(&s));
#define REFUSED(type, call, ...)                                                                   \
    do {                                                                                           \
        const type it = {.struct_size = sizeof it, __VA_ARGS__};                                   \
        CHECK((call) == SALLY_E_INVALID);                                                          \
        puts("refused: " #type);                                                                   \
    } while (0)
    REFUSED(sally_fs_methods, sally_fs_new(&fs, &it, NULL), .next = pass);
    REFUSED(sally_auth_methods, sally_auth_new(&auth, &it, NULL), .methods = SALLY_AUTH_NONE,
            .authenticate = next_of_auth, .next = next_of_auth);
    REFUSED(sally_user, sally_auth_users_add(users, &it), .name = "joe", .fs = memory,
            .next = {0, 1});
    REFUSED(sally_hooks, sally_server_add_hooks(s, &it), .next = next_of_hooks);
    REFUSED(sally_listener_options, sally_server_listen(s, &it, &listener),
            .url = "sftp://127.0.0.1:0", .next = {1});
    REFUSED(sally_sftp_options, sally_sftp_new(&sftp, memory, &it), .next = {1});
    REFUSED(sally_client_options, sally_client_new(&c, memory, &it), .next = {1});
    REFUSED(sally_fault, sally_fs_fault_add(fault, &it), .action = SALLY_FAULT_FAIL,
            .status = SALLY_FAILURE, .next = {1});
    REFUSED(sally_key_source, sally_key_load_from(&key, &it), .path = "/no/such/key", .next = {1});
    REFUSED(sally_signer, sally_key_from_signer(&key, &it), .public_line = ED25519,
            .sign = next_signer, .next = {1});
    REFUSED(sally_mount, sally_fs_mounts(&fs, memory, &it, 1), .path = "/a", .fs = memory,
            .next = {1});
    REFUSED(sally_quota, sally_fs_quota_set(quota, &it, SALLY_QUOTA_LIMITS), .next = {1});
    REFUSED(sally_staging_options, sally_fs_staging(&fs, memory, &it), .next = {1});
    REFUSED(sally_filter_rule, sally_fs_filter(&fs, memory, &it, 1), .next = {1});
    CHECK(!fs && !auth && !sftp && !c && !listener && !key);
    const sally_fs_methods listing = {
        .struct_size = sizeof listing, .stat = stat_slot, .readdir = readdir_slot};
    OK(sally_fs_new(&fs, &listing, memory));
    OK(sally_client_new(&c, fs, NULL));
    OK(sally_client_list(c, "/", see_name, &names));
    CHECK(names == 0 && holder_error == SALLY_E_INVALID && entry_error == SALLY_E_INVALID);
    puts("refused: sally_lock_holder");
    puts("refused: sally_entry");
    CHECK(ask_status == SALLY_INVALID_PARAMETER);
    puts("refused: sally_inner_op");
    sally_client_free(c);
    OK(sally_server_free(s));
    sally_auth_unref(users);
    sally_fs_unref(fs), sally_fs_unref(fault), sally_fs_unref(quota), sally_fs_unref(memory);
    return 0;
}
#endif

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    if (strcmp(what, "sizes") == 0)
        return sizes();
    if (strcmp(what, "client") == 0)
        return client();
    if (strcmp(what, "server") == 0)
        return server();
#ifdef SALLY_NEXT
    if (strcmp(what, "unknown") == 0)
        return unknown();
#endif
    return 2;
}
