/* No client of a confined storage leaves a set-user-id or set-group-id program behind, on whatever
 * way a mode comes in. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fs/local_fixture.h"

#define RW  (SALLY_OPEN_READ | SALLY_OPEN_WRITE)
#define NEW (RW | SALLY_OPEN_CREATE)

static mode_t mode_of(const struct local_fixture *f, const char *path)
{
    struct stat st;
    assert_int_equal(lstat(local_fixture_path(f, path), &st), 0);
    return st.st_mode & 07777;
}

static sally_status make_directory(struct driver *d, const char *path, uint32_t mode,
                                   uint32_t flags)
{
    struct op *op = driver_op(d, SALLY_OP_MKDIR, path);
    sally_attrs attrs = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = mode};
    op->pub.u.setstat.attrs = &attrs;
    op->pub.u.setstat.flags = flags;
    return driver_finish(d, op);
}

/* Sets such a mode on every way there is; `kept` is what is left of 07000. */
static void on_every_way(struct local_fixture *f, mode_t kept)
{
    sally_file *file;
    const sally_attrs set = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 07755};
    static const uint32_t flags[] = {NEW, NEW | SALLY_OPEN_EXCLUSIVE, NEW | SALLY_OPEN_EXACT_MODE};
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        assert_int_equal(do_open_mode(&f->d, "/f", flags[i], 07755, &file), SALLY_OK);
        assert_int_equal(mode_of(f, "/f"), 0755 | kept);
        assert_int_equal(do_fsetstat(&f->d, file, &set), SALLY_OK);
        assert_int_equal(mode_of(f, "/f"), 0755 | kept);
        assert_int_equal(do_close(&f->d, file), SALLY_OK);
        assert_int_equal(do_path(&f->d, SALLY_OP_REMOVE, "/f"), SALLY_OK);
    }
    make_file(&f->d, "/f", "");
    assert_int_equal(do_setstat(&f->d, "/f", SALLY_FOLLOW, &set), SALLY_OK);
    assert_int_equal(mode_of(f, "/f"), 0755 | kept);
    assert_int_equal(do_symlink(&f->d, "/l", "f"), SALLY_OK);
    assert_int_equal(do_setstat(&f->d, "/l", SALLY_FOLLOW, &set), SALLY_OK);
    assert_int_equal(mode_of(f, "/f"), 0755 | kept);

    assert_int_equal(make_directory(&f->d, "/d", 07755, SALLY_EXACT_MODE), SALLY_OK);
    assert_int_equal(mode_of(f, "/d"), 0755 | kept);
    assert_int_equal(make_directory(&f->d, "/e", 07755, 0), SALLY_OK);
    assert_int_equal(mode_of(f, "/e") & ~(kept & 06000), 01755); /* mkdir(2) has no such bits */
    assert_int_equal(do_setstat(&f->d, "/e", SALLY_FOLLOW, &set), SALLY_OK);
    assert_int_equal(mode_of(f, "/e"), 0755 | kept);
}

static void start_with(struct local_fixture *f, uint32_t flags, bool walk)
{
    sally_fs *fs;
    scratch_make(f->scratch);
    assert_int_equal(local_new(&fs, f->scratch, flags, 0, walk), SALLY_E_OK);
    driver_start(&f->d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
}

static void confined(void **state)
{
    (void)state;
    for (int walk = 0; walk < 2; walk++) {
        struct local_fixture f;
        start_with(&f, 0, walk);
        on_every_way(&f, 01000);
        local_fixture_stop(&f);
    }
}

static void asked_for(void **state)
{
    (void)state;
    struct local_fixture f;
    start_with(&f, SALLY_LOCAL_SET_ID, false);
    on_every_way(&f, 07000);
    local_fixture_stop(&f);
}

/* Unconfined, clients have the rights of a user of this machine; in a directory of that, a confined
 * client has not. */
static void directory_of_all(void **state)
{
    (void)state;
    struct local_fixture f;
    sally_fs *all, *fs;
    assert_int_equal(sally_fs_local(&all, "/", SALLY_LOCAL_UNCONFINED, 0), SALLY_E_OK);
    assert_int_equal(sally_fs_chroot(&fs, all, scratch_make(f.scratch)), SALLY_E_OK);
    driver_start(&f.d, fs, DRIVER_INLINE);
    on_every_way(&f, 01000);
    driver_stop(&f.d);
    sally_fs_unref(fs);

    char path[SCRATCH_SIZE + 8];
    snprintf(path, sizeof(path), "%s/f", f.scratch);
    const sally_attrs set = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 04755};
    driver_start(&f.d, all, DRIVER_INLINE);
    sally_fs_unref(all);
    assert_int_equal(do_setstat(&f.d, path, SALLY_FOLLOW, &set), SALLY_OK);
    assert_int_equal(mode_of(&f, "/f"), 04755);
    local_fixture_stop(&f);
}

/* A directory hands its group on as its owner wants it, and clients that send back what they were
 * told do not change that. */
static void directories_keep_theirs(void **state)
{
    (void)state;
    struct local_fixture f;
    sally_attrs attrs;
    start_with(&f, 0, false);
    assert_int_equal(do_mkdir(&f.d, "/d", 0755), SALLY_OK);
    assert_int_equal(chmod(local_fixture_path(&f, "/d"), 02755), 0);
    assert_int_equal(do_mkdir(&f.d, "/d/sub", 0755), SALLY_OK);
    assert_int_equal(mode_of(&f, "/d/sub"), 02755);
    assert_int_equal(make_directory(&f.d, "/d/exact", 0700, SALLY_EXACT_MODE), SALLY_OK);
    assert_int_equal(mode_of(&f, "/d/exact"), 02700);
    assert_int_equal(do_stat(&f.d, "/d", 0, &attrs), SALLY_OK);
    attrs.valid = SALLY_ATTR_PERMISSIONS;
    attrs.permissions |= 04020;
    assert_int_equal(do_setstat(&f.d, "/d", SALLY_FOLLOW, &attrs), SALLY_OK);
    assert_int_equal(mode_of(&f, "/d"), 02775);
    attrs.permissions = 0755;
    assert_int_equal(do_setstat(&f.d, "/d", SALLY_FOLLOW, &attrs), SALLY_OK);
    assert_int_equal(mode_of(&f, "/d") & 0777, 0755);
    local_fixture_stop(&f);
}

/* A program that lends its owner's rights does not lend them to bytes of a client, not even where
 * the kernel would let root write to it. */
static void opened_to_be_written(void **state)
{
    (void)state;
    static const uint32_t flags[] = {SALLY_OPEN_WRITE, RW, SALLY_OPEN_APPEND, NEW,
                                     NEW | SALLY_OPEN_TRUNCATE};
    struct local_fixture f;
    sally_file *file;
    start_with(&f, 0, false);
    make_file(&f.d, "/f", "program");
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        assert_int_equal(chmod(local_fixture_path(&f, "/f"), 06755), 0);
        assert_int_equal(do_open(&f.d, "/f", SALLY_OPEN_READ, &file), SALLY_OK);
        assert_int_equal(do_close(&f.d, file), SALLY_OK);
        assert_int_equal(mode_of(&f, "/f"), 06755);
        assert_int_equal(do_open(&f.d, "/f", flags[i], &file), SALLY_OK);
        assert_int_equal(do_write(&f.d, file, 0, "x", 1), SALLY_OK);
        assert_int_equal(do_close(&f.d, file), SALLY_OK);
        assert_int_equal(mode_of(&f, "/f"), 0755);
    }
    local_fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(confined),
        cmocka_unit_test(asked_for),
        cmocka_unit_test(directory_of_all),
        cmocka_unit_test(directories_keep_theirs),
        cmocka_unit_test(opened_to_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
