#include "fs/local.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "cmocka_all.h"
#include "core/session_internal.h"
#include "fs/driver.h"
#include "fs/scratch.h"

#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)

static char scratch[SCRATCH_SIZE];
static bool in_memory; /* the storage of the next start() */

/* On the disk, since older kernels have no user attributes in tmpfs. */
static void start(struct driver *d, uint32_t flags, enum driver_style style)
{
    sally_fs *fs;
    scratch_make(scratch);
    if (in_memory)
        IS(sally_fs_memory(&fs, 0), OK);
    else
        IS(local_new(&fs, scratch, flags, 0, false), OK);
    driver_start(d, fs, style);
    sally_fs_unref(fs);
}

static void stop(struct driver *d)
{
    driver_stop(d);
    scratch_remove(scratch);
}

/* One request; the reply lands in `out` when that is given. */
static sally_status ask(struct driver *d, const char *name, sally_file *file, const char *path,
                        struct buf *data, struct buf *out)
{
    struct op *op =
        file ? driver_file_op(d, SALLY_OP_EXTENDED, file) : driver_op(d, SALLY_OP_EXTENDED, path);
    sally_op_extended *extended = &op->pub.u.extended;
    extended->name = name;
    extended->data = buf_head(data);
    extended->size = data->size;
    sally_status status = driver_do(d, op);
    if (out)
        buf_reset(out);
    if (out && status == SALLY_OK)
        put_bytes(out, extended->reply, extended->reply_size);
    op_free(op);
    buf_clear(data);
    return status;
}

static struct buf *named(struct buf *b, const char *name)
{
    buf_init(b, 200000);
    if (name)
        put_text(b, name);
    return b;
}

static sally_status set(struct driver *d, sally_file *file, const char *path, const char *name,
                        const char *value, uint32_t flags)
{
    struct buf b;
    named(&b, name);
    put_text(&b, value);
    put_u32(&b, flags);
    return ask(d, file ? "fsetxattr@proftpd.org" : "setxattr@proftpd.org", file, path, &b, NULL);
}

static sally_status get(struct driver *d, sally_file *file, const char *path, const char *name,
                        uint32_t most, struct buf *out)
{
    struct buf b;
    put_u32(named(&b, name), most);
    return ask(d, file ? "fgetxattr@proftpd.org" : "getxattr@proftpd.org", file, path, &b, out);
}

static sally_status take_away(struct driver *d, sally_file *file, const char *path,
                              const char *name)
{
    struct buf b;
    named(&b, name);
    return ask(d, file ? "fremovexattr@proftpd.org" : "removexattr@proftpd.org", file, path, &b,
               NULL);
}

static void assert_text(const struct buf *b, const char *text)
{
    struct cursor in = cursor_of_slice(buf_slice(b));
    struct slice got = get_string(&in);
    assert_true(cursor_done(&in));
    assert_true(slice_is(got, text));
}

static bool disk_has_attributes(void)
{
    char path[SCRATCH_SIZE + 8];
    snprintf(path, sizeof(path), "%s/f", scratch);
    if (setxattr(path, "user.probe", "", 0, 0) != 0)
        return false;
    removexattr(path, "user.probe");
    return true;
}

static void attributes(void **state)
{
    (void)state;
    struct driver d;
    struct buf out;
    sally_file *file, *dir;
    start(&d, 0, DRIVER_TRYING);
    buf_init(&out, 200000);
    make_file(&d, "/f", "x");
    if (!in_memory && !disk_has_attributes()) {
        stop(&d);
        print_message("skipped: no user attributes here\n");
        skip();
    }
    IS(do_open(&d, "/f", SALLY_OPEN_READ, &file), OK);
    IS(do_opendir(&d, "/", &dir), OK);

    IS(set(&d, NULL, "/f", "user.one", "1", 0), OK);
    IS(set(&d, file, NULL, "user.two", "22", 1), OK);
    IS(set(&d, file, NULL, "user.two", "x", 1), FILE_ALREADY_EXISTS);
    IS(set(&d, file, NULL, "user.three", "x", 2), NO_SUCH_FILE);
    IS(set(&d, NULL, "/f", "user.one", "", 2), OK);
    IS(set(&d, NULL, "/f", "user.one", "x", 3), INVALID_PARAMETER);
    IS(set(&d, dir, NULL, "user.of-a-directory", "", 0), OK);

    IS(get(&d, NULL, "/f", "user.two", 0, &out), OK);
    assert_text(&out, "22");
    IS(get(&d, file, NULL, "user.two", 2, &out), OK);
    assert_text(&out, "22");
    IS(get(&d, file, NULL, "user.one", 100000, &out), OK);
    assert_text(&out, "");
    assert_int_not_equal(get(&d, file, NULL, "user.two", 1, &out), SALLY_OK);
    IS(get(&d, file, NULL, "user.none", 1, &out), NO_SUCH_FILE);
    IS(get(&d, NULL, "/none", "user.one", 1, &out), NO_SUCH_FILE);

    struct buf empty;
    IS(ask(&d, "listxattr@proftpd.org", NULL, "/f", named(&empty, NULL), &out), OK);
    assert_int_equal(out.size, 4 + 2 * (4 + 8));
    struct cursor in = cursor_of_slice(buf_slice(&out));
    assert_int_equal(get_u32(&in), 2);
    IS(ask(&d, "flistxattr@proftpd.org", dir, NULL, named(&empty, NULL), &out), OK);
    assert_int_equal(out.size, 4 + 4 + 19);

    IS(take_away(&d, NULL, "/f", "user.one"), OK);
    IS(take_away(&d, NULL, "/f", "user.one"), NO_SUCH_FILE);
    IS(take_away(&d, file, NULL, "user.two"), OK);
    IS(ask(&d, "flistxattr@proftpd.org", file, NULL, named(&empty, NULL), &out), OK);
    assert_int_equal(out.size, 4);
    buf_clear(&out);
    stop(&d);
}

/* What means something to the machine is not for confined users. */
static void attributes_of_the_machine(void **state)
{
    (void)state;
    static const char *const names[] = {
        "security.capability", "system.posix_acl_access", "trusted.x", "user", "users.x", "User.x"};
    struct driver d;
    struct buf out;
    start(&d, 0, DRIVER_INLINE);
    buf_init(&out, 1000);
    make_file(&d, "/f", "x");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        IS(set(&d, NULL, "/f", names[i], "1", 0), PERMISSION_DENIED);
        IS(get(&d, NULL, "/f", names[i], 100, &out), PERMISSION_DENIED);
        IS(take_away(&d, NULL, "/f", names[i]), PERMISSION_DENIED);
    }
    /* Nor what lies elsewhere: a link is taken for itself. */
    IS(do_symlink(&d, "/link", "/etc/passwd"), OK);
    assert_int_not_equal(set(&d, NULL, "/link", "user.x", "1", 0), SALLY_OK);
    buf_clear(&out);
    stop(&d);
}

static void hostile(void **state)
{
    (void)state;
    struct driver d;
    struct buf b;
    sally_file *file;
    char long_name[300];
    start(&d, 0, DRIVER_INLINE);
    make_file(&d, "/f", "x");
    IS(do_open(&d, "/f", SALLY_OPEN_READ, &file), OK);
    memset(long_name, 'x', sizeof(long_name) - 1);
    memcpy(long_name, "user.", 5);
    long_name[sizeof(long_name) - 1] = 0;
    IS(set(&d, NULL, "/f", long_name, "", 0), INVALID_PARAMETER);
    IS(set(&d, NULL, "/f", "", "", 0), INVALID_PARAMETER);
    IS(ask(&d, "getxattr@proftpd.org", NULL, "/f", named(&b, "user.x"), NULL), BAD_MESSAGE);
    IS(ask(&d, "setxattr@proftpd.org", NULL, "/f", named(&b, "user.x"), NULL), BAD_MESSAGE);
    IS(ask(&d, "fgetxattr@proftpd.org", NULL, "/f", named(&b, "user.x"), NULL), INVALID_HANDLE);
    IS(ask(&d, "ranges@asyncssh.com", NULL, "/f", named(&b, NULL), NULL), INVALID_HANDLE);
    IS(ask(&d, "ranges@asyncssh.com", file, NULL, named(&b, NULL), NULL), BAD_MESSAGE);
    IS(ask(&d, "unheard-of@example.org", NULL, "/", named(&b, NULL), NULL), UNSUPPORTED);
    put_u32(named(&b, NULL), 6);
    put_bytes(&b, "user.\0", 6);
    put_u32(&b, 1);
    IS(ask(&d, "getxattr@proftpd.org", NULL, "/f", &b, NULL), INVALID_PARAMETER);
    stop(&d);
}

static sally_status ranges(struct driver *d, sally_file *file, uint64_t offset, uint64_t length,
                           struct buf *out)
{
    struct buf b;
    put_u64(named(&b, NULL), offset);
    put_u64(&b, length);
    return ask(d, "ranges@asyncssh.com", file, NULL, &b, out);
}

#define MB (UINT64_C(1) << 20)

static void sparse_files(void **state)
{
    (void)state;
    struct driver d;
    struct buf out;
    sally_file *file;
    start(&d, 0, DRIVER_TRYING);
    buf_init(&out, 10000);
    IS(do_open(&d, "/f", SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE, &file), OK);
    IS(ranges(&d, file, 0, 100, &out), EOF);
    IS(do_write(&d, file, 4 * MB, "x", 1), OK);
    IS(do_write(&d, file, 8 * MB, "x", 1), OK);
    sally_attrs size = {.valid = SALLY_ATTR_SIZE, .size = 16 * MB};
    IS(do_fsetstat(&d, file, &size), OK);

    IS(ranges(&d, file, 0, 16 * MB, &out), OK);
    struct cursor in = cursor_of_slice(buf_slice(&out));
    uint32_t count = get_u32(&in);
    bool four = false, eight = false;
    uint64_t last = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t offset = get_u64(&in), length = get_u64(&in);
        assert_true(length > 0 && (i == 0 || offset > last));
        last = offset + length;
        assert_true(last <= 16 * MB);
        four |= offset <= 4 * MB && last > 4 * MB;
        eight |= offset <= 8 * MB && last > 8 * MB;
    }
    assert_true(get_bool(&in) && cursor_done(&in) && four && eight);

    IS(ranges(&d, file, 8 * MB, 1, &out), OK); /* cut to what was asked */
    in = cursor_of_slice(buf_slice(&out));
    assert_int_equal(get_u32(&in), 1);
    assert_int_equal(get_u64(&in), 8 * MB);
    assert_int_equal(get_u64(&in), 1);
    IS(ranges(&d, file, 32 * MB, 1, &out), EOF);
    IS(ranges(&d, file, UINT64_MAX, UINT64_MAX, &out), EOF);
    IS(ranges(&d, file, 0, 0, &out), EOF);
    IS(ranges(&d, file, 0, UINT64_MAX, &out), OK);
    buf_clear(&out);
    stop(&d);
}

/* More stretches than one answer holds. */
static void very_sparse_files(void **state)
{
    (void)state;
    enum { PIECES = 300 };
    struct driver d;
    struct buf out;
    sally_file *file;
    start(&d, 0, DRIVER_INLINE);
    buf_init(&out, 10000);
    IS(do_open(&d, "/f", SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE, &file), OK);
    for (uint64_t i = 0; i < PIECES; i++)
        IS(do_write(&d, file, i * MB, "x", 1), OK);
    uint64_t at = 0;
    unsigned seen = 0, answers = 0;
    bool end = false;
    while (!end) {
        assert_true(answers++ < 10);
        IS(ranges(&d, file, at, PIECES * MB - at, &out), OK);
        struct cursor in = cursor_of_slice(buf_slice(&out));
        for (uint32_t left = get_u32(&in); left > 0; left--) {
            at = get_u64(&in);
            at += get_u64(&in);
            seen++;
        }
        end = get_bool(&in);
        assert_true(cursor_done(&in));
    }
    assert_true(seen == PIECES || seen == 1); /* a file system without holes has one */
    buf_clear(&out);
    stop(&d);
}

static void announced(void **state)
{
    (void)state;
    struct driver d;
    start(&d, 0, DRIVER_TRYING);
    struct op *op = driver_op(&d, SALLY_OP_SESSION_START, "/");
    IS(driver_do(&d, op), OK);
    assert_int_equal(op->pub.u.session.server_count, 2);
    assert_string_equal(op->pub.u.session.server[0].name, "xattr@proftpd.org");
    assert_int_equal(op->pub.u.session.settable_bits & SALLY_BIT_ARCHIVE,
                     in_memory ? SALLY_BIT_ARCHIVE : 0);
    op_free(op);
    if (!in_memory) { /* what is not set is not offered */
        IS(sally_fs_local_set_policy(sally_session_fs(d.session), SALLY_ATTR_ACL,
                                     SALLY_POLICY_FAIL),
           OK);
        op = driver_op(&d, SALLY_OP_SESSION_START, "/");
        op->pub.u.session.settable = SALLY_ATTR_SIZE | SALLY_ATTR_ACL;
        IS(driver_do(&d, op), OK);
        assert_int_equal(op->pub.u.session.settable, SALLY_ATTR_SIZE);
        op_free(op);
    }
    stop(&d);
}

static void read_only(void **state)
{
    (void)state;
    struct driver d;
    struct buf out;
    sally_fs *inner, *fs;
    IS(local_new(&inner, scratch_make(scratch), 0, 0, false), OK);
    IS(sally_fs_readonly(&fs, inner), OK);
    buf_init(&out, 1000);
    driver_start(&d, inner, DRIVER_INLINE);
    make_file(&d, "/f", "x");
    driver_stop(&d);
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    sally_fs_unref(inner);
    IS(set(&d, NULL, "/f", "user.x", "1", 0), WRITE_PROTECT);
    IS(take_away(&d, NULL, "/f", "user.x"), WRITE_PROTECT);
    IS(get(&d, NULL, "/none", "user.x", 1, &out), NO_SUCH_FILE);
    buf_clear(&out);
    stop(&d);
}

static int to_memory(void **state)
{
    (void)state;
    in_memory = true;
    return 0;
}

static int to_disk(void **state)
{
    (void)state;
    in_memory = false;
    return 0;
}

/* One is a whole block and runs into the next, one ends early, and one lies so far out that only
 * its tables know. */
static void stretches_in_memory(void **state)
{
    (void)state;
    static const uint64_t wanted[][2] = {
        {0, 131072 + 10}, {262144, 5}, {MB, 1}, {UINT64_C(1) << 50, 1}};
    static char data[131072 + 10];
    struct driver d;
    struct buf out;
    sally_file *file;
    start(&d, 0, DRIVER_INLINE);
    buf_init(&out, 10000);
    IS(do_open(&d, "/f", SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE, &file), OK);
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        IS(do_write(&d, file, wanted[i][0], data, (uint32_t)wanted[i][1]), OK);
    IS(ranges(&d, file, 0, UINT64_MAX, &out), OK);
    struct cursor in = cursor_of_slice(buf_slice(&out));
    assert_int_equal(get_u32(&in), COUNT_OF(wanted));
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        assert_true(get_u64(&in) == wanted[i][0]);
        assert_true(get_u64(&in) == wanted[i][1]);
    }
    assert_true(get_bool(&in) && cursor_done(&in));
    IS(ranges(&d, file, 100, 50, &out), OK);
    in = cursor_of_slice(buf_slice(&out));
    assert_int_equal(get_u32(&in), 1);
    assert_true(get_u64(&in) == 100 && get_u64(&in) == 50);
    IS(ranges(&d, file, 131072 + 10, 100, &out), EOF); /* in the block, but never written */
    IS(ranges(&d, file, (UINT64_C(1) << 50) + 1, UINT64_MAX, &out), EOF);
    buf_clear(&out);
    stop(&d);
}

/* What is kept counts, and is gone with the file. */
static void attributes_in_memory_are_bounded(void **state)
{
    (void)state;
    static char value[60001];
    struct driver d;
    sally_fs *fs;
    IS(sally_fs_memory(&fs, 64 << 20), OK);
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    memset(value, 'v', sizeof(value) - 1);
    for (int round = 0; round < 2; round++) {
        sally_status status = SALLY_OK;
        unsigned made = 0;
        for (; status == SALLY_OK && made < 5000; made++) {
            char path[20], name[20];
            snprintf(path, sizeof(path), "/f%u", made / 50);
            snprintf(name, sizeof(name), "user.%u", made);
            if (made % 50 == 0)
                make_file(&d, path, "");
            status = set(&d, NULL, path, name, value, 0);
        }
        assert_int_equal(status, SALLY_NO_SPACE_ON_FILESYSTEM);
        assert_in_range(made, 1000, 1200); /* 64 MiB of them */
        for (unsigned i = 0; i <= (made - 1) / 50; i++) {
            char path[20];
            snprintf(path, sizeof(path), "/f%u", i);
            IS(do_path(&d, SALLY_OP_REMOVE, path), OK);
        }
    }
    make_file(&d, "/names", "");
    sally_status status = SALLY_OK;
    for (unsigned i = 0; status == SALLY_OK && i < 1000; i++) {
        char name[260];
        snprintf(name, sizeof(name), "user.%0240u", i);
        status = set(&d, NULL, "/names", name, "", 0);
    }
    assert_int_equal(status, SALLY_NO_SPACE_ON_FILESYSTEM); /* all names fit one answer */
    driver_stop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes),        cmocka_unit_test(attributes_of_the_machine),
        cmocka_unit_test(hostile),           cmocka_unit_test(sparse_files),
        cmocka_unit_test(very_sparse_files), cmocka_unit_test(announced),
        cmocka_unit_test(read_only),
    };
    /* clang-format off */
    const struct CMUnitTest memory_tests[] = {
        cmocka_unit_test(attributes),
        cmocka_unit_test(attributes_of_the_machine),
        cmocka_unit_test(hostile),
        cmocka_unit_test(sparse_files),
        cmocka_unit_test(very_sparse_files),
        cmocka_unit_test(announced),
        cmocka_unit_test(stretches_in_memory),
        cmocka_unit_test(attributes_in_memory_are_bounded),
    };
    /* clang-format on */
    int failed = cmocka_run_group_tests_name("in memory", memory_tests, to_memory, to_disk);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
