/* sally_client: from its making to its end. */
#include "sallyport/client.h"

#include <pthread.h>
#include <stdlib.h>

#include "alloc_failure.h"
#include "cmocka_all.h"
#include "sallyport/file.h"
#include "sallyport/fs.h"
#include "sallyport/session.h"
#include "sallyport/storages.h"

#define FOREVER UINT32_MAX

/* The last CLOSE and SESSION_END that were seen. */
struct seen {
    uint32_t closes, reason, session_ends;
    uint64_t bytes;
};

static sally_status look(void *user_data, sally_op *op)
{
    struct seen *seen = user_data;
    sally_file_facts facts;
    if (op->kind == SALLY_OP_SESSION_END) {
        seen->session_ends++;
        return op->status;
    }
    sally_file_get_facts(op->file, &facts);
    seen->closes++;
    seen->reason = facts.close_reason;
    seen->bytes = facts.bytes_written;
    return op->status;
}

static sally_hooks looking(struct seen *seen)
{
    *seen = (struct seen){0};
    return (sally_hooks){
        .struct_size = sizeof(sally_hooks),
        .user_data = seen,
        .after_mask = SALLY_OP_BIT(SALLY_OP_CLOSE) | SALLY_OP_BIT(SALLY_OP_SESSION_END),
        .after = look,
    };
}

static sally_client *over(sally_fs *fs, const sally_client_options *options)
{
    sally_client *c;
    assert_int_equal(sally_client_new(&c, fs, options), SALLY_E_OK);
    return c;
}

static sally_fs *memory(void)
{
    sally_fs *fs;
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    return fs;
}

static void test_five_lines(void **state)
{
    const void *data;
    size_t size;
    sally_fs *fs = memory();
    (void)state;
    sally_client *c = over(fs, NULL);
    sally_fs_unref(fs);
    assert_int_equal(sally_client_version(c), 6);
    assert_int_equal(sally_client_put(c, "/hello", "Hello", 5), SALLY_OK);
    assert_int_equal(sally_client_get(c, "/hello", &data, &size), SALLY_OK);
    assert_int_equal(size, 5);
    assert_string_equal(data, "Hello");
    assert_string_equal(sally_client_message(c), "");
    assert_int_equal(sally_client_get(c, "/missing", &data, &size), SALLY_NO_SUCH_FILE);
    assert_string_equal(sally_client_message(c), "No such file or directory");
    sally_client_free(c);
    sally_client_free(NULL);
}

static void test_options(void **state)
{
    static const struct {
        sally_client_options options;
        sally_error error;
    } rows[] = {
        {{.struct_size = sizeof(sally_client_options)}, SALLY_E_OK},
        {{.struct_size = sizeof(sally_client_options) - 1}, SALLY_E_INVALID},
        {{.struct_size = sizeof(sally_client_options), .version = 2}, SALLY_E_RANGE},
        {{.struct_size = sizeof(sally_client_options), .version = 7}, SALLY_E_RANGE},
        {{.struct_size = sizeof(sally_client_options), .parallel = 1025}, SALLY_E_RANGE},
        {{.struct_size = sizeof(sally_client_options), .block_size = 256 * 1024}, SALLY_E_RANGE},
    };
    sally_fs *fs = memory();
    sally_client *c;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(sally_client_new(&c, fs, &rows[i].options), rows[i].error);
        assert_true((c == NULL) == (rows[i].error != SALLY_E_OK));
        sally_client_free(c);
    }
    assert_int_equal(sally_client_new(NULL, fs, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_client_new(&c, NULL, NULL), SALLY_E_INVALID);
    sally_fs_unref(fs);
}

static void no_wake(void *user_data)
{
    (void)user_data;
}

static int64_t at_1e9(void *user_data)
{
    assert_string_equal(user_data, "mine");
    return 1000000000;
}

static void test_the_servers_options(void **state)
{
    char mine[] = "mine";
    sally_sftp_options server = {.struct_size = sizeof server,
                                 .home = "/home",
                                 .user = "joe",
                                 .max_version = 4,
                                 .permissions = SALLY_MAY_VIEW,
                                 .wall_seconds = at_1e9,
                                 .user_data = mine};
    sally_client_options options = {.struct_size = sizeof options, .server = &server};
    sally_fs *fs = memory();
    const char *resolved;
    sally_client *c = over(fs, NULL);
    (void)state;
    assert_int_equal(sally_client_mkdir(c, "/home", NULL), SALLY_OK);
    sally_client_free(c);
    c = over(fs, &options);
    assert_int_equal(sally_client_version(c), 4);
    assert_int_equal(sally_client_realpath(c, "x", 0, &resolved), SALLY_OK);
    assert_string_equal(resolved, "/home/x");
    assert_int_equal(sally_client_put(c, "/a", "", 0), SALLY_PERMISSION_DENIED);
    assert_string_equal(sally_session_user(sally_client_session(c)), "joe");
    sally_session_set_permissions(sally_client_session(c), SALLY_MAY_ALL);
    assert_int_equal(sally_client_put(c, "/a", "", 0), SALLY_OK);
    assert_null(sally_client_extension(c, "nothing@example.org"));
    assert_string_equal(sally_client_extension(c, "statvfs@openssh.com")->data, "2");
    sally_client_free(c);
    server.on_wake = no_wake;
    assert_int_equal(sally_client_new(&c, fs, &options), SALLY_E_INVALID);
    server.on_wake = NULL;
    server.struct_size = 1;
    assert_int_equal(sally_client_new(&c, fs, &options), SALLY_E_INVALID);
    server.struct_size = sizeof server;
    server.max_packet = 1;
    assert_int_equal(sally_client_new(&c, fs, &options), SALLY_E_RANGE);
    sally_fs_unref(fs);
}

static void add_fault(sally_fs *fs, uint64_t kinds, uint32_t action, uint64_t amount,
                      sally_status status)
{
    const sally_fault fault = {.struct_size = sizeof fault,
                               .kinds = kinds,
                               .action = action,
                               .amount = amount,
                               .status = status};
    assert_int_equal(sally_fs_fault_add(fs, &fault), SALLY_E_OK);
}

static sally_fs *faulty(void)
{
    sally_fs *fs, *inner = memory();
    assert_int_equal(sally_fs_fault(&fs, inner), SALLY_E_OK);
    sally_fs_unref(inner);
    return fs;
}

static void test_a_refused_session(void **state)
{
    sally_fs *fs = faulty();
    sally_client *c;
    (void)state;
    add_fault(fs, SALLY_OP_BIT(SALLY_OP_SESSION_START), SALLY_FAULT_FAIL, 0, SALLY_FAILURE);
    assert_int_equal(sally_client_new(&c, fs, NULL), SALLY_E_CLOSED);
    assert_null(c);
    sally_fs_unref(fs);
}

static void test_late_answers(void **state)
{
    sally_fs *fs = faulty();
    const void *data;
    size_t size;
    sally_attrs attrs;
    (void)state;
    add_fault(fs, SALLY_OP_ALL, SALLY_FAULT_LATE, 1, SALLY_OK);
    sally_client *c = over(fs, NULL);
    assert_int_equal(sally_client_put(c, "/a", "abc", 3), SALLY_OK);
    assert_int_equal(sally_client_get(c, "/a", &data, &size), SALLY_OK);
    assert_string_equal(data, "abc");
    assert_int_equal(sally_client_stat(c, "/b", &attrs), SALLY_NO_SUCH_FILE);
    assert_int_equal(sally_client_disconnect(c), SALLY_OK);
    assert_int_equal(sally_client_stat(c, "/a", &attrs), SALLY_NO_CONNECTION);
    sally_client_free(c);
    sally_fs_unref(fs);
}

/* ---- A storage that keeps its answers back ---- */

struct kept {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    sally_op *op;
    uint64_t kinds; /* kept; the others are answered at once */
    uint32_t opens, closes;
    sally_client *client; /* is cut, or asked, inside the slot */
    bool cuts;
};

static sally_status keep(sally_fs *fs, sally_op *op)
{
    struct kept *k = sally_fs_data(fs);
    sally_attrs attrs;
    if (op->kind == SALLY_OP_OPEN)
        k->opens++;
    if (op->kind == SALLY_OP_CLOSE)
        k->closes++;
    if (k->client && op->kind == SALLY_OP_STAT) {
        if (k->cuts)
            sally_client_cut(k->client);
        else
            assert_int_equal(sally_client_stat(k->client, "/", &attrs), SALLY_FAILURE);
    }
    if (op->kind == SALLY_OP_STAT || op->kind == SALLY_OP_FSTAT)
        sally_attrs_set_file(&op->u.stat.attrs, 0644, 1);
    if (!(k->kinds & SALLY_OP_BIT(op->kind)))
        return SALLY_OK;
    pthread_mutex_lock(&k->lock);
    assert_null(k->op);
    k->op = op;
    pthread_cond_signal(&k->changed);
    pthread_mutex_unlock(&k->lock);
    return SALLY_PENDING;
}

static void give_up(sally_fs *fs, sally_op *op)
{
    struct kept *k = sally_fs_data(fs);
    pthread_mutex_lock(&k->lock);
    bool ours = k->op == op;
    if (ours)
        k->op = NULL;
    pthread_mutex_unlock(&k->lock);
    if (ours)
        sally_op_finish(op, SALLY_FAILURE);
}

static sally_op *wait_for_op(struct kept *k)
{
    pthread_mutex_lock(&k->lock);
    while (!k->op)
        pthread_cond_wait(&k->changed, &k->lock);
    sally_op *op = k->op;
    k->op = NULL;
    pthread_mutex_unlock(&k->lock);
    return op;
}

static sally_fs *keeping(struct kept *k, uint64_t kinds)
{
    static const sally_fs_methods methods = {.struct_size = sizeof methods,
                                             .session_start = keep,
                                             .open = keep,
                                             .close = keep,
                                             .write = keep,
                                             .stat = keep,
                                             .cancel = give_up};
    sally_fs *fs;
    *k = (struct kept){
        .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .kinds = kinds};
    assert_int_equal(sally_fs_new(&fs, &methods, k), SALLY_E_OK);
    return fs;
}

static const sally_client_options at_once = {.struct_size = sizeof at_once, .timeout_ms = 1};
static const sally_client_options patient = {.struct_size = sizeof patient, .timeout_ms = FOREVER};

static void test_the_time_limit(void **state)
{
    struct kept k;
    sally_client_file *file;
    sally_attrs attrs;
    sally_fs *fs = keeping(&k, SALLY_OP_BIT(SALLY_OP_OPEN));
    sally_client *c = over(fs, &at_once);
    (void)state;
    assert_int_equal(sally_client_open(c, "/a", SALLY_OPEN_READ, NULL, &file), SALLY_PENDING);
    assert_null(file);
    assert_string_equal(sally_client_message(c), "no answer within the time limit");
    assert_int_equal(sally_client_stat(c, "/a", &attrs), SALLY_PENDING); /* waits behind the OPEN */
    sally_op_finish(wait_for_op(&k), SALLY_OK);
    while (sally_client_stat(c, "/a", &attrs) == SALLY_PENDING)
        ;
    assert_int_equal(attrs.size, 1);
    /* The handle that came too late is given back. */
    assert_int_equal(sally_client_stat(c, "/a", &attrs), SALLY_OK);
    assert_int_equal(k.closes, 1);
    sally_client_free(c);

    k.kinds = SALLY_OP_BIT(SALLY_OP_SESSION_START);
    assert_int_equal(sally_client_new(&c, fs, &at_once), SALLY_E_LIMIT);
    sally_fs_unref(fs);
}

static void test_disconnect_does_not_wait_for_ever(void **state)
{
    struct kept k;
    sally_client_file *file;
    sally_fs *fs = keeping(&k, SALLY_OP_BIT(SALLY_OP_OPEN));
    sally_client *c = over(fs, &at_once);
    (void)state;
    assert_int_equal(sally_client_open(c, "/a", SALLY_OPEN_READ, NULL, &file), SALLY_PENDING);
    assert_int_equal(sally_client_disconnect(c), SALLY_PENDING);
    assert_int_equal(sally_client_disconnect(c), SALLY_NO_CONNECTION);
    sally_client_free(c);
    sally_fs_unref(fs);
}

static void *cut_when_asked(void *arg)
{
    struct kept *k = arg;
    sally_op *op = wait_for_op(k);
    sally_client_cut(k->client);
    sally_op_finish(op, SALLY_OK);
    return NULL;
}

static void test_cut_by_another_thread(void **state)
{
    struct kept k;
    pthread_t thread;
    sally_client_file *file;
    sally_attrs attrs;
    sally_fs *fs = keeping(&k, SALLY_OP_BIT(SALLY_OP_WRITE));
    sally_client *c = over(fs, &patient);
    (void)state;
    k.client = c;
    assert_int_equal(sally_client_open(c, "/a", SALLY_OPEN_WRITE, NULL, &file), SALLY_OK);
    assert_int_equal(pthread_create(&thread, NULL, cut_when_asked, &k), 0);
    assert_int_equal(sally_client_write(c, file, 0, "x", 1), SALLY_CONNECTION_LOST);
    assert_string_equal(sally_client_message(c), "the connection was lost");
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_null(sally_client_session(c));
    assert_int_equal(sally_client_stat(c, "/a", &attrs), SALLY_NO_CONNECTION);
    assert_int_equal(sally_client_close(c, file), SALLY_NO_CONNECTION);
    sally_client_free(c);
    assert_int_equal(k.closes, 1);
    sally_fs_unref(fs);
}

static void test_inside_a_slot(void **state)
{
    struct kept k;
    sally_attrs attrs;
    sally_fs *fs = keeping(&k, 0);
    sally_client *c = over(fs, &patient);
    (void)state;
    k.client = c;
    assert_int_equal(sally_client_stat(c, "/a", &attrs), SALLY_OK);
    k.cuts = true;
    assert_int_equal(sally_client_stat(c, "/a", &attrs), SALLY_CONNECTION_LOST);
    assert_int_equal(sally_client_stat(c, "/a", &attrs), SALLY_NO_CONNECTION);
    sally_client_free(c);
    sally_fs_unref(fs);
}

static void test_ends(void **state)
{
    struct seen seen;
    const sally_hooks hooks = looking(&seen);
    const sally_sftp_options server = {
        .struct_size = sizeof server, .hooks = &hooks, .hook_count = 1};
    const sally_client_options options = {.struct_size = sizeof options, .server = &server};
    static const char data[100000];
    sally_client_file *file;
    sally_fs *fs = memory();
    (void)state;

    sally_client *c = over(fs, &options);
    assert_int_equal(sally_client_put(c, "/a", data, sizeof data), SALLY_OK);
    assert_int_equal(seen.reason, SALLY_CLOSED_BY_CLIENT);
    assert_int_equal(seen.bytes, sizeof data);
    sally_client_cut_after(c, 50000);
    assert_int_equal(sally_client_put(c, "/b", data, sizeof data), SALLY_CONNECTION_LOST);
    assert_int_equal(seen.closes, 2);
    assert_int_equal(seen.reason, SALLY_CLOSED_LOST);
    assert_int_equal(seen.bytes, 32768);
    assert_int_equal(seen.session_ends, 1);
    sally_client_free(c);

    c = over(fs, &options);
    assert_int_equal(sally_client_open(c, "/a", SALLY_OPEN_READ, NULL, &file), SALLY_OK);
    assert_int_equal(sally_client_disconnect(c), SALLY_OK);
    assert_int_equal(seen.closes, 3);
    assert_int_equal(seen.reason, SALLY_CLOSED_LOST);
    assert_int_equal(seen.session_ends, 2);
    sally_client_free(c);

    c = over(fs, &options);
    assert_int_equal(sally_client_open(c, "/a", SALLY_OPEN_READ, NULL, &file), SALLY_OK);
    sally_client_cut(c);
    assert_int_equal(seen.closes, 4);
    assert_int_equal(seen.session_ends, 3);
    sally_client_cut(c);
    sally_client_free(c);

    c = over(fs, &options);
    assert_int_equal(sally_client_open(c, "/a", SALLY_OPEN_READ, NULL, &file), SALLY_OK);
    sally_client_cut_after(c, 0);
    assert_int_equal(sally_client_close(c, file), SALLY_CONNECTION_LOST);
    sally_client_free(c);
    assert_int_equal(seen.reason, SALLY_CLOSED_LOST);
    sally_fs_unref(fs);
}

static sally_status deny(void *user_data, sally_op *op)
{
    (void)user_data;
    sally_op_set_message(op, "Not on Sundays");
    return SALLY_WRITE_PROTECT;
}

static void test_a_hook_that_refuses(void **state)
{
    const sally_hooks hooks = {.struct_size = sizeof hooks,
                               .before_mask =
                                   SALLY_OP_BIT(SALLY_OP_MKDIR) | SALLY_OP_BIT(SALLY_OP_WRITE),
                               .before = deny};
    const sally_sftp_options server = {
        .struct_size = sizeof server, .hooks = &hooks, .hook_count = 1};
    sally_client_options options = {.struct_size = sizeof options, .server = &server};
    sally_fs *fs = memory();
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        options.version = version;
        sally_client *c = over(fs, &options);
        assert_int_equal(sally_client_mkdir(c, "/d", NULL),
                         version == 3 ? SALLY_PERMISSION_DENIED : SALLY_WRITE_PROTECT);
        assert_string_equal(sally_client_message(c), "Not on Sundays");
        assert_int_equal(sally_client_put(c, "/f", "x", 1),
                         version == 3 ? SALLY_PERMISSION_DENIED : SALLY_WRITE_PROTECT);
        assert_string_equal(sally_client_message(c), "Not on Sundays");
        sally_client_free(c);
    }
    sally_fs_unref(fs);
}

static void test_wrong_arguments(void **state)
{
    sally_fs *fs = memory();
    sally_client *c = over(fs, NULL), *other = over(fs, NULL);
    sally_client_file *file;
    sally_attrs attrs;
    uint32_t got;
    (void)state;
    assert_int_equal(sally_client_stat(NULL, "/", &attrs), SALLY_INVALID_PARAMETER);
    assert_int_equal(sally_client_stat(c, NULL, &attrs), SALLY_INVALID_PARAMETER);
    assert_int_equal(sally_client_stat(c, "/", NULL), SALLY_INVALID_PARAMETER);
    assert_string_equal(sally_client_message(c), "a pointer is NULL");
    assert_int_equal(sally_client_read(c, NULL, 0, &got, 1, &got), SALLY_INVALID_HANDLE);
    assert_int_equal(sally_client_close(c, NULL), SALLY_INVALID_HANDLE);
    assert_int_equal(sally_client_list(c, "/", NULL, NULL), SALLY_INVALID_PARAMETER);
    assert_int_equal(sally_client_put(c, "/f", NULL, 1), SALLY_INVALID_PARAMETER);
    assert_int_equal(sally_client_put(c, "/f", NULL, 0), SALLY_OK);
    assert_int_equal(sally_client_open(other, "/f", SALLY_OPEN_READ, NULL, &file), SALLY_OK);
    assert_int_equal(sally_client_fstat(c, file, &attrs), SALLY_INVALID_HANDLE);
    assert_int_equal(sally_client_fstat(other, file, &attrs), SALLY_OK);
    assert_int_equal(sally_client_write(other, file, UINT64_MAX, "xx", 2), SALLY_INVALID_PARAMETER);
    char *path = malloc(300000);
    assert_non_null(path);
    memset(path, 'x', 299999);
    path[299999] = '\0';
    assert_int_equal(sally_client_stat(c, path, &attrs), SALLY_INVALID_PARAMETER);
    free(path);
    assert_int_equal(sally_client_stat(c, "/", &attrs), SALLY_OK);
    assert_string_equal(sally_client_message(NULL), "");
    assert_int_equal(sally_client_version(NULL), 0);
    assert_null(sally_client_session(NULL));
    sally_client_cut(NULL);
    sally_client_cut_after(NULL, 1);
    sally_client_free(other);
    sally_client_free(c);
    sally_fs_unref(fs);
}

static bool take_entry(void *user_data, const sally_client_entry *entry)
{
    uint32_t *count = user_data;
    (void)entry;
    ++*count;
    return true;
}

/* A bit of everything; what fails does not matter. */
static void use_it(sally_fs *fs)
{
    sally_client *c;
    const void *data;
    const char *text;
    size_t size;
    uint32_t count = 0;
    char bytes[4];
    sally_attrs attrs;
    sally_client_file *file;
    sally_client_digests digests;
    if (sally_client_new(&c, fs, NULL))
        return;
    sally_client_mkdir(c, "/d", NULL);
    sally_client_put(c, "/d/f", "some data", 9);
    sally_client_get(c, "/d/f", &data, &size);
    sally_client_list(c, "/d", take_entry, &count);
    sally_client_stat(c, "/d/f", &attrs);
    sally_client_symlink(c, "f", "/d/l");
    sally_client_readlink(c, "/d/l", &text);
    sally_client_hash(c, "/d/f", "md5", 0, 0, 0, &digests);
    sally_client_extended(c, "limits@openssh.com", NULL, 0, &data, &size);
    if (sally_client_open(c, "/d/f", SALLY_OPEN_READ, NULL, &file) == SALLY_OK) {
        sally_client_read(c, file, 0, bytes, sizeof bytes, &count);
        sally_client_close(c, file);
    }
    sally_client_disconnect(c);
    sally_client_free(c);
}

static void test_memory_is_short(void **state)
{
    (void)state;
    bool failed = true;
    for (unsigned nth = 1; failed; nth++) {
        sally_fs *fs = memory();
        alloc_fail_at(nth);
        use_it(fs);
        failed = alloc_failed();
        sally_fs_unref(fs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_five_lines),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_the_servers_options),
        cmocka_unit_test(test_a_refused_session),
        cmocka_unit_test(test_late_answers),
        cmocka_unit_test(test_the_time_limit),
        cmocka_unit_test(test_disconnect_does_not_wait_for_ever),
        cmocka_unit_test(test_cut_by_another_thread),
        cmocka_unit_test(test_inside_a_slot),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_a_hook_that_refuses),
        cmocka_unit_test(test_wrong_arguments),
        cmocka_unit_test(test_memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
