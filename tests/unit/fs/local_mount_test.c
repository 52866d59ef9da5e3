/* What needs file systems of its own: full ones, read-only ones, several below one root. With
 * root's rights, in a mount namespace that ends with this program; without them, skipped. */
#include "fs/cases.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/local.h"
#include "fs/scratch.h"

#define NEW (SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE)

static bool own_mounts;

struct bench {
    char scratch[SCRATCH_SIZE], sub[SCRATCH_SIZE + 8];
    struct driver d;
};

static void start(struct bench *b, bool walk, const char *sub)
{
    sally_fs *fs;
    if (!own_mounts) {
        print_message("skipped: needs root and a mount namespace\n");
        skip();
    }
    scratch_make(b->scratch);
    snprintf(b->sub, sizeof(b->sub), "%s/%s", b->scratch, sub);
    assert_int_equal(mkdir(b->sub, 0755), 0);
    assert_int_equal(local_new(&fs, b->scratch, 0, 0, walk), SALLY_E_OK);
    driver_start(&b->d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
}

static void stop(struct bench *b)
{
    driver_stop(&b->d);
    umount2(b->sub, MNT_DETACH);
    scratch_remove(b->scratch);
}

static void full(void **state)
{
    (void)state;
    struct bench b;
    char data[65536] = {0};
    sally_file *file;
    sally_status status = SALLY_OK;
    start(&b, false, "small");
    assert_int_equal(mount("tmpfs", b.sub, "tmpfs", 0, "size=1m"), 0);
    assert_int_equal(do_open(&b.d, "/small/f", NEW, &file), SALLY_OK);
    unsigned writes = 0;
    while (status == SALLY_OK && writes < 100)
        status = do_write(&b.d, file, writes++ * sizeof(data), data, sizeof(data));
    assert_int_equal(status, SALLY_NO_SPACE_ON_FILESYSTEM);
    assert_int_equal(do_close(&b.d, file), SALLY_OK);
    stop(&b);
}

static void read_only(void **state)
{
    (void)state;
    struct bench b;
    char text[1001];
    sally_file *file;
    start(&b, false, "ro");
    assert_int_equal(mount("tmpfs", b.sub, "tmpfs", 0, "size=1m"), 0);
    make_file(&b.d, "/ro/f", "text");
    assert_int_equal(mount("tmpfs", b.sub, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
    assert_string_equal(file_text(&b.d, "/ro/f", text), "text");
    assert_int_equal(do_open(&b.d, "/ro/f", SALLY_OPEN_WRITE, &file), SALLY_WRITE_PROTECT);
    assert_int_equal(do_open(&b.d, "/ro/new", NEW, &file), SALLY_WRITE_PROTECT);
    assert_int_equal(do_mkdir(&b.d, "/ro/d", 0755), SALLY_WRITE_PROTECT);
    assert_int_equal(do_path(&b.d, SALLY_OP_REMOVE, "/ro/f"), SALLY_WRITE_PROTECT);
    struct op *op = driver_op(&b.d, SALLY_OP_STATVFS, "/ro");
    assert_int_equal(driver_do(&b.d, op), SALLY_OK);
    assert_int_equal(op->pub.u.statvfs.flags & 1, 1);
    op_free(op);
    stop(&b);
}

/* Between file systems nothing is renamed (and so no link followed by a copy in disguise), but
 * bytes are copied. */
static void two_file_systems(void **state)
{
    (void)state;
    struct bench b;
    char text[1001];
    sally_file *from, *to;
    start(&b, false, "other");
    assert_int_equal(mount("tmpfs", b.sub, "tmpfs", 0, "size=16m"), 0);
    make_file(&b.d, "/f", "0123456789");
    assert_int_equal(do_two(&b.d, SALLY_OP_RENAME, "/f", "/other/f", 0), SALLY_FAILURE);
    assert_int_equal(do_two(&b.d, SALLY_OP_RENAME, "/f", "/other/f", SALLY_RENAME_OVERWRITE),
                     SALLY_FAILURE);
    assert_int_equal(do_two(&b.d, SALLY_OP_LINK, "/f", "/other/f", 0), SALLY_FAILURE);
    assert_string_equal(file_text(&b.d, "/f", text), "0123456789");
    assert_int_equal(do_stat(&b.d, "/other/f", 0, NULL), SALLY_NO_SUCH_FILE);

    assert_int_equal(do_open(&b.d, "/f", SALLY_OPEN_READ, &from), SALLY_OK);
    assert_int_equal(do_open(&b.d, "/other/f", NEW, &to), SALLY_OK);
    struct op *op = driver_file_op(&b.d, SALLY_OP_COPY, from);
    op->pub.u.copy.to = to;
    assert_int_equal(driver_do(&b.d, op), SALLY_OK);
    assert_int_equal(op->pub.u.copy.done, 10);
    op_free(op);
    assert_int_equal(do_close(&b.d, from), SALLY_OK);
    assert_int_equal(do_close(&b.d, to), SALLY_OK);
    assert_string_equal(file_text(&b.d, "/other/f", text), "0123456789");
    stop(&b);
}

/* A storage in memory answers at once; what is mounted below it may be far away, so that a worker
 * has to go there. A tmpfs stands for it: another mount is all that can be known. */
static void mounts_below_memory(void **state)
{
    (void)state;
    for (int walk = 0; walk < 2; walk++) {
        struct bench b;
        sally_attrs attrs;
        sally_file *file;
        char text[1001], real[TEXT_SIZE];
        struct listing list;
        start(&b, walk, "root");
        driver_stop(&b.d);
        assert_int_equal(mount("tmpfs", b.sub, "tmpfs", 0, "size=1m"), 0);
        char other[SCRATCH_SIZE + 16];
        snprintf(other, sizeof(other), "%s/other", b.sub);
        assert_int_equal(mkdir(other, 0755), 0);
        assert_int_equal(mount("tmpfs", other, "tmpfs", 0, "size=1m"), 0);
        sally_fs *fs;
        assert_int_equal(local_new(&fs, b.sub, 0, 0, walk), SALLY_E_OK);
        driver_start(&b.d, fs, DRIVER_TRYING);
        sally_fs_unref(fs);

        make_file(&b.d, "/f", "text");
        assert_int_equal(do_mkdir(&b.d, "/d", 0755), SALLY_OK);
        assert_int_equal(do_symlink(&b.d, "/to-other", "/other"), SALLY_OK);
        assert_int_equal(do_stat(&b.d, "/d", 0, &attrs), SALLY_OK);
        assert_int_equal(b.d.offloaded, 0);

        const sally_attrs mode = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0700};
        unsigned steps = 0;
#define GOES_AWAY(call)                                                                            \
    b.d.offloaded = 0;                                                                             \
    assert_int_equal((call), SALLY_OK);                                                            \
    assert_int_equal(b.d.offloaded, 1);                                                            \
    steps++
        GOES_AWAY(do_stat(&b.d, "/other", 0, &attrs));
        GOES_AWAY(do_stat(&b.d, "/to-other", SALLY_FOLLOW, &attrs));
        GOES_AWAY(do_mkdir(&b.d, "/other/d", 0755));
        GOES_AWAY(do_open(&b.d, "/other/f", NEW, &file));
        assert_int_equal(do_close(&b.d, file), SALLY_OK);
        GOES_AWAY(do_open(&b.d, "/to-other/f", SALLY_OPEN_READ, &file));
        assert_int_equal(do_close(&b.d, file), SALLY_OK);
        GOES_AWAY(do_stat(&b.d, "/other/f", 0, &attrs));
        GOES_AWAY(do_setstat(&b.d, "/other/f", SALLY_FOLLOW, &mode));
        GOES_AWAY(do_text(&b.d, SALLY_OP_REALPATH, "/to-other/d", 0, real));
        assert_string_equal(real, "/other/d");
        GOES_AWAY(do_two(&b.d, SALLY_OP_RENAME, "/other/f", "/other/g", 0));
        GOES_AWAY(do_opendir(&b.d, "/other/d", &file));
        assert_int_equal(do_closedir(&b.d, file), SALLY_OK);
        GOES_AWAY(do_path(&b.d, SALLY_OP_RMDIR, "/other/d"));
        GOES_AWAY(do_path(&b.d, SALLY_OP_REMOVE, "/to-other/g"));
        assert_int_equal(steps, 12);
        b.d.offloaded = 0;
        assert_int_equal(do_two(&b.d, SALLY_OP_RENAME, "/f", "/other/f", 0), SALLY_FAILURE);
        assert_int_equal(b.d.offloaded, 1);
        assert_string_equal(file_text(&b.d, "/f", text), "text");
        assert_int_equal(do_list(&b.d, "/", 0, &list), SALLY_OK);
        assert_int_equal(list.count, 4);
        listing_clear(&list);
        umount2(other, MNT_DETACH);
        stop(&b);
    }
}

/* A /proc below the root: its magic links lead to the machine's root, working directory and open
 * files. */
static void proc_inside(void **state)
{
    (void)state;
    for (int walk = 0; walk < 2; walk++) {
        struct bench b;
        sally_file *file;
        struct listing list;
        char text[TEXT_SIZE];
        start(&b, walk, "proc");
        assert_int_equal(mount("/proc", b.sub, NULL, MS_BIND, NULL), 0);
        static const char *const paths[] = {"/proc/self/root/etc/passwd", "/proc/1/root/etc/passwd",
                                            "/proc/self/cwd/..", "/proc/self/exe",
                                            "/proc/thread-self/root/etc/passwd"};
        for (size_t i = 0; i < COUNT_OF(paths); i++) {
            assert_int_not_equal(do_open(&b.d, paths[i], SALLY_OPEN_READ, &file), SALLY_OK);
            assert_int_not_equal(do_stat(&b.d, paths[i], SALLY_FOLLOW, NULL), SALLY_OK);
        }
        if (do_list(&b.d, "/proc/self/root", 0, &list) ==
            SALLY_OK) { /* the storage's own root at most */
            assert_null(listing_find(&list, "etc"));
            listing_clear(&list);
        }
        if (do_text(&b.d, SALLY_OP_REALPATH, "/proc/self/cwd", 0, text) == SALLY_OK)
            assert_int_not_equal(do_stat(&b.d, text, 0, NULL), SALLY_OK);
        stop(&b);
    }
}

int main(void)
{
    own_mounts = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
                 mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full),
        cmocka_unit_test(read_only),
        cmocka_unit_test(two_file_systems),
        cmocka_unit_test(mounts_below_memory),
        cmocka_unit_test(proc_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
