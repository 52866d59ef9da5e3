/* No way of any operation ends on a file system where no files are. /proc is there without any
 * rights: below "/", confined or not, and at the other end of a link. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fs/driver.h"
#include "fs/local.h"
#include "fs/scratch.h"

#define RW  (SALLY_OPEN_READ | SALLY_OPEN_WRITE)
#define NEW (RW | SALLY_OPEN_CREATE)

struct bench {
    char scratch[SCRATCH_SIZE];
    struct driver d;
};

/* Confined and not, resolved by the kernel and by hand, done and tried. */
#define WAYS 8

static void start(struct bench *b, unsigned way)
{
    sally_fs *fs;
    struct stat st;
    if (stat("/proc/self/mem", &st) != 0) {
        print_message("skipped: there is no /proc here\n");
        skip();
    }
    scratch_make(b->scratch);
    assert_int_equal(local_new(&fs, "/", way & 1 ? SALLY_LOCAL_UNCONFINED : 0, 0, way & 2),
                     SALLY_E_OK);
    driver_start(&b->d, fs, way & 4 ? DRIVER_TRYING : DRIVER_INLINE);
    sally_fs_unref(fs);
}

static void stop(struct bench *b)
{
    driver_stop(&b->d);
    scratch_remove(b->scratch);
}

static const char *below(const struct bench *b, const char *name)
{
    static char path[SCRATCH_SIZE + 100];
    snprintf(path, sizeof(path), "%s/%s", b->scratch, name);
    return path;
}

/* Where the kernel cannot be told to follow none, an unconfined client's magic links lead where he
 * may go anyway. */
static bool follows_magic(unsigned way, const char *path)
{
    return (way & 3) == 3 && (strstr(path, "exe") || strstr(path, "root") || strstr(path, "fd/"));
}

static bool refused(sally_status status)
{
    return status == SALLY_PERMISSION_DENIED || status == SALLY_LINK_LOOP;
}

static void nothing_is_opened(void **state)
{
    (void)state;
    static const char *const files[] = {"/proc/self/mem",     "/proc/self/maps",
                                        "/proc/self/environ", "/proc/version",
                                        "/proc/self/exe",     "/proc/self/root/etc/passwd",
                                        "/proc/self/fd/0",    "/proc/thread-self/mem"};
    static const uint32_t flags[] = {SALLY_OPEN_READ,
                                     SALLY_OPEN_WRITE,
                                     RW,
                                     SALLY_OPEN_WRITE | SALLY_OPEN_TRUNCATE,
                                     NEW | SALLY_OPEN_TRUNCATE,
                                     NEW | SALLY_OPEN_EXACT_MODE};
    for (unsigned way = 0; way < WAYS; way++) {
        struct bench b;
        sally_file *file;
        char text[HASH_TEXT_SIZE];
        start(&b, way);
        const sally_op_hash hash = {.algorithms = "sha256"};
        for (size_t i = 0; i < COUNT_OF(files); i++) {
            if (follows_magic(way, files[i]))
                continue;
            for (size_t k = 0; k < COUNT_OF(flags); k++)
                assert_true(refused(do_open(&b.d, files[i], flags[k], &file)));
            assert_true(refused(do_hash(&b.d, NULL, files[i], &hash, text)));
            assert_int_equal(do_symlink(&b.d, below(&b, "link"), files[i]), SALLY_OK);
            assert_true(refused(do_open(&b.d, below(&b, "link"), SALLY_OPEN_READ, &file)));
            assert_true(refused(do_hash(&b.d, NULL, below(&b, "link"), &hash, text)));
            assert_int_equal(do_path(&b.d, SALLY_OP_REMOVE, below(&b, "link")), SALLY_OK);
        }
        /* A link to a name that is not there yet. */
        assert_int_equal(do_symlink(&b.d, below(&b, "link"), "/proc/self/new"), SALLY_OK);
        assert_true(refused(do_open(&b.d, below(&b, "link"), NEW, &file)));
        assert_true(refused(do_open(&b.d, "/proc/self/new", NEW, &file)));
        stop(&b);
    }
}

static void nothing_is_listed(void **state)
{
    (void)state;
    static const char *const directories[] = {"/proc", "/proc/self", "/proc/self/fd",
                                              "/proc/self/root"};
    for (unsigned way = 0; way < WAYS; way++) {
        struct bench b;
        sally_file *file;
        char text[TEXT_SIZE];
        start(&b, way);
        for (size_t i = 0; i < COUNT_OF(directories); i++)
            assert_true(follows_magic(way, directories[i]) ||
                        refused(do_opendir(&b.d, directories[i], &file)));
        assert_true(refused(do_text(&b.d, SALLY_OP_READLINK, "/proc/self/exe", 0, text)));
        assert_true(refused(do_text(&b.d, SALLY_OP_READLINK, "/proc/self", 0, text)));
        assert_true(refused(do_text(&b.d, SALLY_OP_REALPATH, "/proc/self/exe", 0, text)));
        assert_true(refused(do_text(&b.d, SALLY_OP_REALPATH, "/proc/self/cwd/x", 0, text)));
        stop(&b);
    }
}

static void nothing_is_changed(void **state)
{
    (void)state;
    const sally_attrs mode = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0600},
                      size = {.valid = SALLY_ATTR_SIZE};
    for (unsigned way = 0; way < WAYS; way++) {
        struct bench b;
        start(&b, way);
        assert_true(refused(do_setstat(&b.d, "/proc/self/oom_score_adj", SALLY_FOLLOW, &mode)));
        assert_true(refused(do_setstat(&b.d, "/proc/self/oom_score_adj", 0, &mode)));
        assert_true(refused(do_setstat(&b.d, "/proc/self/oom_score_adj", SALLY_FOLLOW, &size)));
        assert_true(refused(do_mkdir(&b.d, "/proc/self/d", 0755)));
        assert_true(refused(do_path(&b.d, SALLY_OP_REMOVE, "/proc/self/comm")));
        assert_true(refused(do_path(&b.d, SALLY_OP_RMDIR, "/proc/self/fd")));
        assert_true(refused(do_symlink(&b.d, "/proc/self/l", "x")));
        make_file(&b.d, below(&b, "f"), "text");
        assert_true(refused(do_two(&b.d, SALLY_OP_RENAME, below(&b, "f"), "/proc/self/f", 0)));
        assert_true(refused(do_two(&b.d, SALLY_OP_LINK, "/proc/self/comm", below(&b, "g"), 0)));
        assert_true(refused(do_two(&b.d, SALLY_OP_LINK, "/proc/self/exe", below(&b, "g"), 0)));
        struct op *op = driver_op(&b.d, SALLY_OP_EXTENDED, "/proc/self/comm");
        op->pub.u.extended = (sally_op_extended){.name = "listxattr@proftpd.org", .data = ""};
        assert_true(refused(driver_finish(&b.d, op)));
        stop(&b);
    }
}

/* What only tells about it may be looked at, as `ls -l /` does. */
static void it_may_be_looked_at(void **state)
{
    (void)state;
    for (unsigned way = 0; way < WAYS; way++) {
        struct bench b;
        sally_attrs attrs;
        start(&b, way);
        assert_int_equal(do_stat(&b.d, "/proc", 0, &attrs), SALLY_OK);
        assert_int_equal(attrs.type, SALLY_TYPE_DIRECTORY);
        assert_int_equal(do_path(&b.d, SALLY_OP_STATVFS, "/proc"), SALLY_OK);
        stop(&b);
    }
}

/* Other mounts are served as ever: /dev/shm and /tmp are on different ones nearly everywhere. */
static void other_mounts_are_served(void **state)
{
    (void)state;
    for (unsigned way = 0; way < WAYS; way++) {
        struct bench b;
        char memory[SCRATCH_SIZE], path[SCRATCH_SIZE + 8], text[1001];
        sally_file *file;
        start(&b, way);
        if (access("/dev/shm", W_OK) == 0) {
            scratch_make_in(memory, "/dev/shm");
            snprintf(path, sizeof(path), "%s/f", memory);
            make_file(&b.d, path, "first");
            assert_int_equal(do_open(&b.d, path, NEW | SALLY_OPEN_TRUNCATE, &file), SALLY_OK);
            assert_int_equal(do_write(&b.d, file, 0, "second", 6), SALLY_OK);
            assert_int_equal(do_close(&b.d, file), SALLY_OK);
            assert_string_equal(file_text(&b.d, path, text), "second");
            assert_int_equal(do_path(&b.d, SALLY_OP_REMOVE, path), SALLY_OK);
            scratch_remove(memory);
        }
        stop(&b);
    }
}

/* Devices are for the unconfined, and for them as with OpenSSH. But nothing copies one that has no
 * end, and no one waits for the other end of a FIFO. */
static void devices_have_no_end(void **state)
{
    (void)state;
    for (unsigned way = 0; way < WAYS; way++) {
        struct bench b;
        sally_file *device, *file;
        uint8_t bytes[100];
        uint32_t length = sizeof(bytes);
        start(&b, way);
        assert_int_equal(mkfifo(below(&b, "fifo"), 0666), 0);
        assert_int_not_equal(do_open(&b.d, below(&b, "fifo"), SALLY_OPEN_READ, &file), SALLY_OK);
        assert_int_not_equal(do_open(&b.d, below(&b, "fifo"), SALLY_OPEN_WRITE, &file), SALLY_OK);
        sally_status status = access("/dev/zero", R_OK) == 0
                                  ? do_open(&b.d, "/dev/zero", SALLY_OPEN_READ, &device)
                                  : SALLY_NO_SUCH_FILE;
        if (status != SALLY_NO_SUCH_FILE)
            assert_int_equal(status == SALLY_OK, way & 1);
        if (status == SALLY_OK) {
            assert_int_equal(do_read(&b.d, device, 0, bytes, &length), SALLY_OK);
            assert_int_equal(do_open(&b.d, below(&b, "f"), NEW, &file), SALLY_OK);
            struct op *op = driver_file_op(&b.d, SALLY_OP_COPY, device);
            op->pub.u.copy = (sally_op_copy){.to = file};
            assert_int_equal(driver_finish(&b.d, op), SALLY_INVALID_PARAMETER);
            assert_int_equal(do_close(&b.d, device), SALLY_OK);
            assert_int_equal(do_close(&b.d, file), SALLY_OK);
        }
        stop(&b);
    }
}

static sally_status try_as_root(sally_fs *all, const char *root)
{
    sally_fs *fs;
    struct driver d;
    sally_attrs attrs;
    assert_int_equal(sally_fs_chroot(&fs, all, root), SALLY_E_OK);
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    sally_status status = do_stat(&d, "/", 0, &attrs);
    driver_stop(&d);
    return status;
}

static void it_is_no_root(void **state)
{
    (void)state;
    sally_fs *fs;
    if (access("/proc/self", F_OK) != 0) {
        print_message("skipped: there is no /proc here\n");
        skip();
    }
    assert_int_equal(sally_fs_local(&fs, "/proc", 0, 0), SALLY_E_SYSTEM);
    assert_int_equal(errno, EOPNOTSUPP);
    assert_int_equal(sally_fs_local(&fs, "/proc/self/fd", 0, 0), SALLY_E_SYSTEM);
    assert_int_equal(sally_fs_local(&fs, "/", SALLY_LOCAL_UNCONFINED, 0), SALLY_E_OK);
    assert_int_equal(try_as_root(fs, "/tmp"), SALLY_OK);
    assert_true(refused(try_as_root(fs, "/proc")));
    assert_true(refused(try_as_root(fs, "/proc/self/root")));
    sally_fs_unref(fs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_opened),       cmocka_unit_test(nothing_is_listed),
        cmocka_unit_test(nothing_is_changed),      cmocka_unit_test(it_may_be_looked_at),
        cmocka_unit_test(other_mounts_are_served), cmocka_unit_test(devices_have_no_end),
        cmocka_unit_test(it_is_no_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
