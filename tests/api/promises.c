/* What the headers say in passing: errors, defaults, limits and lifetimes that belong to no larger
 * feature. Public headers only, as a program has them. */
#include <sallyport.h>
#include <sallyport/posix.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void check(int line, bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "line %d: %s\n", line, what);
    exit(1);
}
#define CHECK(condition)   check(__LINE__, (condition), #condition)
#define OK(call)           check(__LINE__, (call) == 0, #call)
#define FAILS(error, call) check(__LINE__, (call) == SALLY_E_##error, #call " is " #error)

/* ---- attrs.h, error.h, status.h, op.h, settings.h: values and texts ---- */

static void attributes(void)
{
    sally_attrs a;
    memset(&a, 0x5a, sizeof a);
    sally_attrs_set_symlink(&a, 7);
    CHECK(a.type == SALLY_TYPE_SYMLINK && a.size == 7 && !a.owner && !a.acl && !a.reserved2[1]);
    CHECK((a.valid & SALLY_ATTR_TYPE) && (a.valid & SALLY_ATTR_SIZE));
    CHECK(!(a.valid & SALLY_ATTR_IDS));
    sally_attrs_set_ids(&a, 1, 2);
    CHECK((a.valid & SALLY_ATTR_IDS) && a.uid == 1 && a.gid == 2);
    sally_attrs_set_times(&a, -1, 5);
    CHECK((a.valid & SALLY_ATTR_ATIME) && a.atime.seconds == -1 && a.mtime.seconds == 5);
    CHECK(!(a.valid & SALLY_ATTR_NANOSECONDS));
    char line[200];
    FAILS(INVALID, sally_attrs_longname(NULL, "a", 0, line, sizeof line));
    FAILS(INVALID, sally_attrs_longname(&a, NULL, 0, line, sizeof line));
    FAILS(RANGE, sally_attrs_longname(&a, "a", 0, line, 10));
    CHECK(!*line);
    OK(sally_attrs_longname(&a, "a", 0, line, 128 + 1)); /* its name is all it has */
}

static void texts(void)
{
    CHECK(sally_strerror(-1000) && sally_strerror(1) && *sally_strerror(SALLY_E_CLOSED));
    CHECK(sally_status_text(1000) && sally_status_text(SALLY_PENDING));
    CHECK(sally_status_from_errno(0) == SALLY_OK && sally_status_from_errno(-5) == SALLY_FAILURE &&
          sally_status_from_errno(1 << 20) == SALLY_FAILURE);
    CHECK(strcmp(sally_op_kind_name(SALLY_OP_OPEN), "open") == 0);
    CHECK(strcmp(sally_op_kind_name(0), "?") == 0);
    CHECK(strcmp(sally_op_kind_name(SALLY_OP_KINDS), "?") == 0);
    CHECK(sally_version_number() == SALLY_VERSION_NUMBER);
    CHECK(strcmp(sally_version(), SALLY_VERSION_STRING) == 0);
    char small[4];
    CHECK(sally_log_escape(NULL, 0, small, sizeof small) == 0 && !*small);
    CHECK(sally_log_escape("four", 0, small, sizeof small) == 4 && strcmp(small, "fou") == 0);
}

static void settings(void)
{
    for (size_t i = 0; sally_setting_at(i); i++) {
        const sally_setting *s = sally_setting_at(i), *next = sally_setting_at(i + 1);
        CHECK(!next || strcmp(s->name, next->name) < 0);
        CHECK(sally_setting_find(s->name) == s && s->default_value && s->minimum && s->maximum);
        CHECK(*s->help && !strchr(s->help, '\n'));
        bool is_list = s->type == SALLY_SETTING_LIST;
        if (!is_list || strcmp(s->name, "limits.penalty_exempt") == 0 ||
            strcmp(s->name, "server.proxy_trusted") == 0)
            CHECK(!sally_setting_choice_at(s->name, 0));
        else
            CHECK(sally_setting_choice_at(s->name, 0) && !sally_setting_choice_at(s->name, 10000));
    }
    CHECK(!sally_setting_find("no.such") && !sally_setting_choice_at("no.such", 0));
}

/* ---- sftp.h ---- */

static void requests(void)
{
    sally_fs *fs;
    sally_sftp *sftp;
    size_t count = 0;
    OK(sally_fs_memory(&fs, 0));
    for (const char *name; (name = sally_sftp_request_name(count)); count++) {
        const sally_sftp_options options = {
            .struct_size = sizeof options, .allow_requests = name, .deny_requests = name};
        OK(sally_sftp_new(&sftp, fs, &options));
        sally_sftp_free(sftp);
    }
    CHECK(count > 20 && !sally_sftp_request_name(count + 1));
    sally_sftp_options options = {.struct_size = sizeof options,
                                  .deny_requests = "statvfs@openssh.com"};
    OK(sally_sftp_new(&sftp, fs, &options));
    CHECK(sally_session_id(sally_sftp_session(sftp)) == 1);
    CHECK(!sally_session_connection(sally_sftp_session(sftp)));
    CHECK(!sally_session_login_data(sally_sftp_session(sftp)));
    sally_sftp_free(sftp);
    options.deny_requests = "stat,no-such";
    FAILS(PARSE, sally_sftp_new(&sftp, fs, &options));
    CHECK(!sftp);
    sally_fs_unref(fs);
}

/* ---- session.h, posix.h: one operation ---- */

static int kept, descriptor_before = -2, descriptor_after = -2;

static sally_status open_slot(sally_fs *fs, sally_op *op)
{
    int fd = open("/dev/null", sally_fd_flags(op), 0);
    descriptor_before = sally_fd_of(fs, op);
    sally_status status = sally_fd_open(fs, op, fd);
    descriptor_after = sally_fd_of(fs, op) == fd ? 1 : 0;
    CHECK(!sally_session_data(op->session));
    sally_session_set_data(op->session, &kept);
    return status;
}
static sally_status close_slot(sally_fs *fs, sally_op *op)
{
    CHECK(sally_session_data(op->session) == &kept);
    sally_session_set_permissions(op->session, ~(uint32_t)SALLY_MAY_WRITE);
    CHECK(sally_session_permissions(op->session) == (SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_WRITE));
    return sally_fd_close(fs, op);
}
static void one_file(void)
{
    const sally_fs_methods methods = {.struct_size = sizeof methods,
                                      .open = open_slot,
                                      .read = sally_fd_read,
                                      .close = close_slot};
    sally_fs *fs;
    sally_client *c;
    sally_client_file *file;
    unsigned char byte;
    uint32_t got = 1;
    OK(sally_fs_new(&fs, &methods, NULL));
    OK(sally_client_new(&c, fs, NULL));
    OK(sally_client_open(c, "/a", SALLY_OPEN_READ, NULL, &file));
    CHECK(descriptor_before == -1 && descriptor_after == 1);
    CHECK(sally_client_read(c, file, 0, &byte, 1, &got) == SALLY_EOF && got == 0);
    OK(sally_client_close(c, file));
    CHECK(sally_client_open(c, "/a", SALLY_OPEN_WRITE, NULL, &file) == SALLY_PERMISSION_DENIED);
    CHECK(!file);
    sally_client_free(c);
    sally_fs_unref(fs);
}

/* ---- client.h ---- */

static bool ask_inside(void *user_data, const sally_client_entry *entry)
{
    sally_client *c = user_data;
    sally_attrs attrs;
    char path[64];
    snprintf(path, sizeof path, "/%s", entry->name);
    OK(sally_client_stat(c, path, &attrs));
    CHECK(strcmp(path + 1, entry->name) == 0 && attrs.size == entry->attrs.size);
    return false;
}
static void client(void)
{
    sally_fs *fs;
    sally_client *c;
    const void *data;
    size_t size = 1;
    OK(sally_fs_memory(&fs, 0));
    OK(sally_client_new(&c, fs, NULL));
    CHECK(sally_client_version(c) == 6 && !*sally_client_message(c));
    const sally_pair *pair = sally_client_extension(c, "statvfs@openssh.com");
    CHECK(pair && ((const char *)pair->data)[pair->size] == '\0');
    CHECK(!sally_client_extension(c, "no@such"));
    OK(sally_client_put(c, "/a", "1", 1));
    OK(sally_client_put(c, "/b", "22", 2));
    OK(sally_client_list(c, "/", ask_inside, c));
    OK(sally_client_get(c, "/a", &data, &size));
    CHECK(size == 1 && memcmp(data, "1", 2) == 0); /* a NUL follows */
    CHECK(sally_client_get(c, "/none", &data, &size) == SALLY_NO_SUCH_FILE && !data && !size);
    CHECK(*sally_client_message(c));
    OK(sally_client_disconnect(c));
    CHECK(!sally_client_session(c));
    CHECK(sally_client_put(c, "/a", "1", 1) == SALLY_NO_CONNECTION);
    sally_client_cut(c);
    sally_client_free(c);
    sally_client_free(NULL);
    const sally_client_options wrong[] = {
        {.struct_size = sizeof wrong[0], .version = 2},
        {.struct_size = sizeof wrong[0], .version = 7},
        {.struct_size = sizeof wrong[0], .parallel = 1025},
        {.struct_size = sizeof wrong[0], .block_size = 255 * 1024 + 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        FAILS(RANGE, sally_client_new(&c, fs, &wrong[i]));
    CHECK(!c);
    sally_fs_unref(fs);
}

/* ---- auth.h, keys.h ---- */

static void users(void)
{
    sally_auth *users;
    sally_fs *fs;
    char hash[384];
    OK(sally_fs_memory(&fs, 0));
    OK(sally_auth_users_new(&users));
    sally_user user = {.struct_size = sizeof user, .name = "joe", .password = "secret", .fs = fs};
    OK(sally_auth_users_add(users, &user));
    OK(sally_auth_users_add(users, &user)); /* replaces */
    OK(sally_auth_users_remove(users, "joe"));
    FAILS(NOT_FOUND, sally_auth_users_remove(users, "joe"));
    user.password = "";
    FAILS(INVALID, sally_auth_users_add(users, &user));
    user.password = "$y$";
    FAILS(INVALID, sally_auth_users_add(users, &user));
    user.password = "$1$abcdefgh$0123456789012345678901"; /* MD5 */
    FAILS(UNSUPPORTED, sally_auth_users_add(users, &user));
    user.password = NULL;
    user.required = SALLY_AUTH_PASSWORD;
    FAILS(INVALID, sally_auth_users_add(users, &user));
    user.required = 0;
    const char *files[32];
    for (size_t i = 0; i < 32; i++)
        files[i] = "/no/such/file";
    user.authorized_keys_files = files;
    user.authorized_keys_file_count = 32;
    OK(sally_auth_users_add(users, &user));
    user.authorized_keys_file = files[0];
    FAILS(LIMIT, sally_auth_users_add(users, &user));
    FAILS(RANGE, sally_hash_password("secret", hash, 383));
    FAILS(INVALID, sally_hash_password("", hash, sizeof hash));
    sally_auth_unref(users);
    sally_auth_unref(NULL);
    sally_fs_unref(fs);
}
static void keys(void)
{
    sally_key *key;
    char path[] = "/tmp/sally-promises-XXXXXX";
    FAILS(UNSUPPORTED, sally_key_generate(&key, "dsa", 0));
    FAILS(RANGE, sally_key_generate(&key, "rsa", 2047));
    FAILS(RANGE, sally_key_generate(&key, "rsa", 16385));
    FAILS(PARSE, sally_key_parse(&key, "no key", 6, NULL));
    CHECK(!key);
    OK(sally_key_generate(&key, "ed25519", 0));
    CHECK(strcmp(sally_key_type(key), "ssh-ed25519") == 0);
    CHECK(strncmp(sally_key_fingerprint(key), "SHA256:", 7) == 0);
    CHECK(strncmp(sally_key_public_line(key), "ssh-ed25519 AAAA", 16) == 0);
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    FAILS(EXISTS, sally_key_save(key, path, NULL));
    unlink(path);
    OK(sally_key_save(key, path, NULL));
    sally_key *loaded;
    OK(sally_key_load(&loaded, path, "ignored"));
    CHECK(strcmp(sally_key_fingerprint(loaded), sally_key_fingerprint(key)) == 0);
    sally_key_unref(loaded);
    OK(chmod(path, 0644));
    FAILS(INSECURE, sally_key_load(&loaded, path, NULL));
    unlink(path);
    errno = 0;
    FAILS(SYSTEM, sally_key_load(&loaded, path, NULL));
    CHECK(errno == ENOENT);
    close(fd);
    sally_key_unref(key);
    sally_key_unref(NULL);
}

/* ---- storages.h, wrappers.h ---- */

static void storages(void)
{
    sally_fs *memory, *local, *out;
    char folder[] = "/tmp/sally-promises-XXXXXX", path[64];
    CHECK(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/hidden", folder);
    FAILS(RANGE, sally_fs_memory(&memory, 1023));
    CHECK(!memory);
    OK(sally_fs_memory(&memory, 1024));
    sally_fs_unref(memory);
    OK(sally_fs_memory(&memory, 0));
    FAILS(SYSTEM, sally_fs_local(&local, path, 0, 0));
    CHECK(errno == ENOENT);
    OK(sally_fs_local(&local, folder, 0, 0));
    FAILS(SYSTEM, sally_fs_local_hide(local, path));
    CHECK(errno == ENOENT);
    FAILS(RANGE, sally_fs_local_hide(local, folder));
    FAILS(INVALID, sally_fs_local_hide(memory, folder));
    OK(sally_fs_local_hide(local, "/")); /* not below the directory */
    FAILS(INVALID, sally_fs_local_set_policy(memory, SALLY_ATTR_ACL, SALLY_POLICY_FAIL));
    FAILS(INVALID, sally_fs_local_set_policy(local, SALLY_ATTR_ACL, SALLY_POLICY_FAIL + 1));
    sally_fs_unref(local);
    OK(sally_fs_local(&local, folder, SALLY_LOCAL_UNCONFINED, 0));
    FAILS(INVALID, sally_fs_local_hide(local, path));
    sally_fs_unref(local);
    rmdir(folder);
    OK(sally_fs_chroot(&out, memory, "/"));
    CHECK(out == memory);
    sally_fs_unref(out);
    sally_quota quota = {.struct_size = sizeof quota};
    FAILS(INVALID, sally_fs_quota_get(memory, &quota));
    FAILS(INVALID, sally_fs_quota_set(memory, &quota, SALLY_QUOTA_LIMITS));
    const sally_fs_methods none = {.struct_size = sizeof none};
    sally_fs *empty;
    OK(sally_fs_new(&empty, &none, NULL));
    FAILS(UNSUPPORTED, sally_fs_quota(&out, empty, 0, 0));
    FAILS(UNSUPPORTED, sally_fs_staging(&out, empty, NULL));
    char prefix[66];
    memset(prefix, 'p', sizeof prefix - 1);
    prefix[65] = '\0';
    sally_staging_options staging = {.struct_size = sizeof staging, .prefix = prefix};
    FAILS(INVALID, sally_fs_staging(&out, memory, &staging));
    staging.prefix = prefix + 1;
    OK(sally_fs_staging(&out, memory, &staging));
    sally_fs_unref(out);
    const sally_mount mounts[] = {
        {.struct_size = sizeof mounts[0], .path = "/a", .fs = memory},
        {.struct_size = sizeof mounts[0], .path = "/a/", .fs = memory},
        {.struct_size = sizeof mounts[0], .path = "/", .fs = memory},
        {.struct_size = sizeof mounts[0], .path = "a", .fs = memory},
        {.struct_size = sizeof mounts[0], .path = "/a"},
    };
    FAILS(EXISTS, sally_fs_mounts(&out, NULL, mounts, 2));
    for (size_t i = 2; i < 5; i++)
        FAILS(INVALID, sally_fs_mounts(&out, NULL, &mounts[i], 1));
    CHECK(!out && !sally_fs_supports(empty, SALLY_OP_KINDS) && !sally_fs_supports(empty, 0));
    sally_fs_unref(empty), sally_fs_unref(memory), sally_fs_unref(NULL);
}

/* ---- server.h, log.h ---- */

struct lines {
    sally_server *server;
    int count, inside;
};
/* A line that a call made in here causes would be about a listener. */
static void log_line(void *user_data, const sally_log_line *line)
{
    struct lines *lines = user_data;
    lines->count++;
    CHECK(lines->inside == 0);
    CHECK(line->level >= SALLY_LOG_ERROR && line->level <= SALLY_LOG_DEBUG && line->time_ns);
    if (lines->count > 1)
        return;
    lines->inside++;
    OK(sally_server_add_listener(lines->server, "sftp://127.0.0.1:0"));
    lines->inside--;
}
static bool see_none(void *user_data, const sally_connection_info *info)
{
    (void)user_data, (void)info;
    return false;
}
static void server(void)
{
    sally_server *s;
    sally_key *key = NULL;
    sally_fs *fs;
    char value[64];
    int pair[2];
    uint64_t id = 77;
    OK(sally_server_free(NULL));
    OK(sally_fs_memory(&fs, 0));
    OK(sally_server_new(&s));
    CHECK(sally_server_error(s));
    FAILS(STATE, sally_server_wait(s));
    FAILS(NOT_FOUND, sally_server_set(s, "no.such", "1"));
    FAILS(PARSE, sally_server_set(s, "server.loops", "many"));
    FAILS(RANGE, sally_server_set(s, "server.loops", "1000000"));
    CHECK(strstr(sally_server_error(s), "server.loops"));
    OK(sally_server_set(s, "server.loops", "1"));
    CHECK(strstr(sally_server_error(s), "server.loops")); /* success leaves the text */
    FAILS(NOT_FOUND, sally_server_get(s, "no.such", value, sizeof value));
    FAILS(RANGE, sally_server_get(s, "server.loops", value, 1));
    OK(sally_server_get(s, "server.loops", value, 2));
    CHECK(strcmp(value, "1") == 0);
    FAILS(NOT_FOUND, sally_server_host_key(&key, s, 0));
    CHECK(!key);
    OK(sally_key_generate(&key, "ed25519", 0));
    OK(sally_server_add_host_key(s, key));
    sally_key_unref(key);
    FAILS(INVALID, sally_server_add_user(s, "", "secret", fs));
    FAILS(INVALID, sally_server_add_user(s, "joe", "", fs));
    OK(sally_server_add_user(s, "joe", "secret", fs));
    FAILS(STATE, sally_server_set_auth(s, NULL));
    FAILS(INVALID, sally_server_add_hooks(s, NULL));
    FAILS(PARSE, sally_server_add_listener(s, "sftp//"));
    FAILS(UNSUPPORTED, sally_server_add_listener(s, "gopher://127.0.0.1:0"));
    const sally_setting_value of_the_server[] = {{"server.loops", "1"}};
    sally_listener *listener = (sally_listener *)&id;
    const sally_listener_options options = {.struct_size = sizeof options,
                                            .url = "sftp://127.0.0.1:0",
                                            .settings = of_the_server,
                                            .setting_count = 1};
    FAILS(UNSUPPORTED, sally_server_listen(s, &options, &listener));
    CHECK(!listener && !sally_server_listener(s, 0));
    sally_listener_close(NULL);
    FAILS(UNSUPPORTED, sally_server_adopt(s, dup(0), "gopher", &id));
    FAILS(NOT_FOUND, sally_server_disconnect(s, 1, NULL));
    FAILS(NOT_FOUND, sally_server_rekey(s, 1));
    FAILS(NOT_FOUND, sally_server_set_permissions(s, 1, 0));
    FAILS(NOT_FOUND, sally_server_set_connection(s, 1, "ssh.rekey_bytes", "1G"));
    FAILS(PARSE, sally_server_set_connection(s, 1, "ssh.rekey_bytes", "much"));
    FAILS(RANGE, sally_server_set_connection(s, 1, "ssh.rekey_bytes", "1"));
    FAILS(UNSUPPORTED, sally_server_set_connection(s, 1, "server.loops", "1"));
    OK(sally_server_each_connection(s, see_none, NULL));
    FAILS(RANGE, sally_server_set_log_level(s, SALLY_LOG_DEBUG + 1));
    struct lines lines = {s, 0, 0};
    OK(sally_server_set_log(s, log_line, &lines, SALLY_LOG_DEBUG));
    OK(sally_server_add_listener(s, "sftp://127.0.0.1:0"));
    OK(sally_server_start(s));
    FAILS(STATE, sally_server_start(s));
    FAILS(STATE, sally_server_set(s, "server.loops", "1"));
    FAILS(STATE, sally_server_set_log(s, NULL, NULL, 0));
    const sally_hooks hooks = {.struct_size = sizeof hooks};
    FAILS(STATE, sally_server_add_hooks(s, &hooks));
    CHECK(sally_server_poll(s, 0) == SALLY_E_STATE);
    FAILS(TIMEOUT, sally_server_wait_for(s, 0));
    OK(sally_server_shutdown(s, 0));
    OK(sally_server_wait(s));
    OK(sally_server_wait_for(s, 0));
    CHECK(lines.count >= 2 && lines.inside == 0);
    FAILS(STATE, sally_server_add_listener(s, "sftp://127.0.0.1:0"));
    OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    FAILS(CLOSED, sally_server_adopt(s, pair[0], "sftp", &id));
    CHECK(fcntl(pair[0], F_GETFD) == -1 && id == 77); /* it was taken over all the same */
    close(pair[1]);
    OK(sally_server_free(s));
    sally_fs_unref(fs);
}

int main(void)
{
    attributes();
    texts();
    settings();
    requests();
    one_file();
    client();
    users();
    keys();
    storages();
    server();
    return 0;
}
