/* Every allocation of every operation fails once: the operation says so, nothing leaks, and the
 * next one works. */
#include "fs/cases.h"

#include <unistd.h>

#include "alloc_failure.h"
#include "fs/local.h"
#include "fs/scratch.h"

#define NEW  (SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE)
#define MOST 200

static char scratch[SCRATCH_SIZE];
static char far_away[3000]; /* a path that does not fit into anyone's small buffer */

static sally_file *opened; /* the file that operations on files are tried on */
static char room[70000];

static sally_status open_new(struct driver *d)
{
    sally_file *file;
    sally_status status = do_open(d, "/d/new", NEW | SALLY_OPEN_DELETE_ON_CLOSE, &file);
    d->fail_at = 0;
    if (status == SALLY_OK)
        assert_int_equal(do_close(d, file), SALLY_OK);
    return status;
}

static sally_status open_dir(struct driver *d)
{
    sally_file *file;
    sally_status status = do_opendir(d, "/d", &file);
    d->fail_at = 0;
    if (status == SALLY_OK)
        assert_int_equal(do_closedir(d, file), SALLY_OK);
    return status;
}

static sally_status write_far(struct driver *d)
{
    return do_write(d, opened, UINT64_C(1) << 33, room, sizeof(room));
}

static sally_status write_near(struct driver *d)
{
    return do_write(d, opened, 60000, room, sizeof(room));
}

static sally_status read_some(struct driver *d)
{
    uint32_t got = sizeof(room);
    return do_read(d, opened, 0, room, &got);
}

static sally_status stat_through_links(struct driver *d)
{
    return do_stat(d, "/loop/d/link", SALLY_FOLLOW, NULL);
}

static sally_status stat_far(struct driver *d)
{
    sally_status status = do_stat(d, far_away, SALLY_FOLLOW, NULL);
    return status == SALLY_NO_SUCH_FILE ? SALLY_OK : status;
}

static sally_status set_names(struct driver *d)
{
    char owner[16], group[16]; /* the user's own, which anyone may set */
    snprintf(owner, sizeof(owner), "%u", (unsigned)geteuid());
    snprintf(group, sizeof(group), "%u", (unsigned)getegid());
    const sally_attrs set = {.valid = SALLY_ATTR_NAMES, .owner = owner, .group = group};
    return do_setstat(d, "/d/f", SALLY_FOLLOW, &set);
}

static sally_status stat_with_names(struct driver *d)
{
    struct op *op = driver_op(d, SALLY_OP_STAT, "/d/f");
    op->pub.u.stat.wanted = SALLY_ATTR_NAMES;
    return driver_finish(d, op);
}

static sally_status resolve(struct driver *d)
{
    char text[TEXT_SIZE];
    return do_text(d, SALLY_OP_REALPATH, "/loop/d/link", 0, text);
}

static sally_status read_link(struct driver *d)
{
    char text[TEXT_SIZE];
    return do_text(d, SALLY_OP_READLINK, "/d/link", 0, text);
}

static sally_status make_dir(struct driver *d)
{
    return do_mkdir(d, "/loop/made", 0755);
}

static sally_status make_link(struct driver *d)
{
    return do_symlink(d, "/made-link", "/a/target/that/is/somewhat/longer/than/nothing");
}

static sally_status make_hard_link(struct driver *d)
{
    return do_two(d, SALLY_OP_LINK, "/d/f", "/loop/made-too", 0);
}

static sally_status move(struct driver *d)
{
    return do_two(d, SALLY_OP_RENAME, "/made-link", "/d/moved", 0);
}

static sally_status move_over(struct driver *d)
{
    return do_two(d, SALLY_OP_RENAME, "/d/moved", "/made-too", SALLY_RENAME_OVERWRITE);
}

static sally_status take_away(struct driver *d)
{
    return do_path(d, SALLY_OP_REMOVE, "/loop/made-too");
}

static sally_status digest_open(struct driver *d)
{
    static char text[HASH_TEXT_SIZE];
    const sally_op_hash how = {.algorithms = "x,sha1", .block_size = 4096, .length = 100000};
    return do_hash(d, opened, NULL, &how, text);
}

static sally_status digest(struct driver *d)
{
    static char text[HASH_TEXT_SIZE];
    const sally_op_hash how = {.algorithms = "crc32", .length = 70000};
    return do_hash(d, NULL, "/d/link", &how, text);
}

static sally_status lock_and_unlock(struct driver *d)
{
    sally_status status = do_lock(d, SALLY_OP_LOCK, opened, 1, 2, SALLY_OPEN_BLOCK_WRITE);
    d->fail_at = 0;
    return status == SALLY_OK ? do_lock(d, SALLY_OP_UNLOCK, opened, 1, 2, 0) : status;
}

/* What one of the storages does not have counts as done. */
static sally_status if_known(sally_status status)
{
    return status == SALLY_UNSUPPORTED ? SALLY_OK : status;
}

static sally_status set_acl(struct driver *d)
{
    static const unsigned char acl[] = "\0\0\0\3\0\0\0\2"
                                       "\0\0\0\0\0\0\0\0\0\0\0\7\0\0\0\6OWNER@"
                                       "\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
                                       "1234";
    const sally_attrs attrs = {.valid = SALLY_ATTR_ACL, .acl = acl, .acl_size = sizeof(acl) - 1};
    return if_known(do_setstat(d, "/d/f", 0, &attrs));
}

static sally_status stat_acl(struct driver *d)
{
    struct op *op = driver_op(d, SALLY_OP_STAT, "/d/f");
    op->pub.u.stat.wanted = SALLY_ATTR_ACL;
    return driver_finish(d, op);
}

static sally_status ask_storage(struct driver *d)
{
    struct op *op = driver_op(d, SALLY_OP_EXTENDED, "/d/f");
    op->pub.u.extended.name = "listxattr@proftpd.org";
    return if_known(driver_finish(d, op));
}

static const struct {
    const char *name;
    sally_status (*run)(struct driver *d);
} operations[] = {
#define ONE(function)                                                                              \
    {                                                                                              \
#function, function                                                                        \
    }
    ONE(open_new),  ONE(open_dir),        ONE(write_near),
    ONE(write_far), ONE(read_some),       ONE(stat_through_links),
    ONE(stat_far),  ONE(stat_with_names), ONE(set_names),
    ONE(resolve),   ONE(read_link),       ONE(make_dir),
    ONE(make_link), ONE(make_hard_link),  ONE(move),
    ONE(move_over), ONE(take_away),       ONE(digest_open),
    ONE(digest),    ONE(lock_and_unlock), ONE(set_acl),
    ONE(stat_acl),  ONE(ask_storage),
};

static void try_all(sally_fs *fs)
{
    struct driver d;
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    assert_int_equal(do_mkdir(&d, "/d", 0755), SALLY_OK);
    make_file(&d, "/d/f", "text");
    assert_int_equal(do_symlink(&d, "/d/link", "../d/f"), SALLY_OK);
    assert_int_equal(do_symlink(&d, "/loop", "/"), SALLY_OK);
    assert_int_equal(do_open(&d, "/d/f", NEW, &opened), SALLY_OK);
    memset(far_away, 0, sizeof(far_away));
    for (size_t i = 0; i + 2 < sizeof(far_away); i += 2)
        memcpy(far_away + i, "/x", 2);
    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        sally_status status = SALLY_FAILURE;
        unsigned n = 1;
        for (; n < MOST; n++) {
            d.fail_at = n;
            d.failed = false;
            status = operations[i].run(&d);
            if (status == SALLY_OK || !d.failed)
                break;
        }
        d.fail_at = 0;
        if (status != SALLY_OK)
            print_message("%s: status %d at allocation %u\n", operations[i].name, status, n);
        assert_int_equal(status, SALLY_OK);
    }
    driver_stop(&d);
}

static sally_fs *memory(void)
{
    sally_fs *fs;
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    return fs;
}

static void in_memory(void **state)
{
    (void)state;
    try_all(memory());
}

static void on_disk(void **state)
{
    (void)state;
    for (int walk = 0; walk < 2; walk++) {
        sally_fs *fs;
        assert_int_equal(local_new(&fs, scratch_make(scratch), 0, 0, walk), SALLY_E_OK);
        try_all(fs);
        scratch_remove(scratch);
    }
}

static void in_wrappers(void **state)
{
    (void)state;
    sally_fs *inner = memory(), *fs, *outer;
    struct driver d;
    driver_start(&d, inner, DRIVER_INLINE);
    assert_int_equal(do_mkdir(&d, "/a-root-of-its-own", 0755), SALLY_OK);
    driver_stop(&d);
    assert_int_equal(sally_fs_chroot(&fs, inner, "/a-root-of-its-own"), SALLY_E_OK);
    assert_int_equal(sally_fs_fault(&outer, fs), SALLY_E_OK);
    const sally_fault fault = {.struct_size = sizeof(fault),
                               .kinds = SALLY_OP_ALL,
                               .action = SALLY_FAULT_SHORT,
                               .amount = 1000000};
    assert_int_equal(sally_fs_fault_add(outer, &fault), SALLY_E_OK);
    sally_fs_unref(inner);
    sally_fs_unref(fs);
    try_all(outer);
}

/* Where the library resolves the links. */
static void below_roots(void **state)
{
    (void)state;
    sally_fs *inner = memory(), *faulty, *fs;
    struct driver d;
    driver_start(&d, inner, DRIVER_INLINE);
    assert_int_equal(do_mkdir(&d, "/a-root-of-its-own", 0755), SALLY_OK);
    driver_stop(&d);
    assert_int_equal(sally_fs_fault(&faulty, inner), SALLY_E_OK);
    assert_int_equal(sally_fs_chroot(&fs, faulty, "/a-root-of-its-own"), SALLY_E_OK);
    sally_fs_unref(inner);
    sally_fs_unref(faulty);
    try_all(fs);
}

/* Making the storages themselves. */
static void making(void **state)
{
    (void)state;
    sally_fs *inner = memory(), *faulty, *local, *glass;
    const sally_fault fault = {
        .struct_size = sizeof(fault), .kinds = 1, .action = SALLY_FAULT_LATE, .path = "/x"};
    assert_int_equal(sally_fs_fault(&faulty, inner), SALLY_E_OK);
    assert_int_equal(sally_fs_local(&local, scratch_make(scratch), 0, 0), SALLY_E_OK);
    assert_int_equal(sally_fs_readonly(&glass, local), SALLY_E_OK);
    for (int which = 0; which < 9; which++) {
        sally_error error = SALLY_E_NO_MEMORY;
        for (unsigned n = 1; error != SALLY_E_OK; n++) {
            sally_fs *fs = NULL;
            assert_true(n < MOST);
            alloc_fail_at(n);
            switch (which) {
            case 0:
                error = sally_fs_memory(&fs, 1024);
                break;
            case 1:
                error = sally_fs_local(&fs, scratch, 0, 0);
                break;
            case 2:
                error = sally_fs_readonly(&fs, inner);
                break;
            case 3:
                error = sally_fs_chroot(&fs, inner, "/root");
                break;
            case 4:
                error = sally_fs_fault(&fs, inner);
                break;
            case 5:
                error = sally_fs_chroot(&fs, faulty, "/root");
                break;
            case 6:
                error = sally_fs_chroot(&fs, local, "/root");
                break;
            case 7:
                error = sally_fs_chroot(&fs, glass, "/root");
                break;
            default:
                error = sally_fs_fault_add(faulty, &fault);
                break;
            }
            alloc_failed();
            if (error == SALLY_E_OK)
                sally_fs_unref(fs);
            else
                assert_true(error == SALLY_E_NO_MEMORY || error == SALLY_E_SYSTEM);
        }
    }
    sally_fs_unref(glass);
    sally_fs_unref(local);
    scratch_remove(scratch);
    sally_fs_unref(faulty);
    sally_fs_unref(inner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_memory),   cmocka_unit_test(on_disk), cmocka_unit_test(in_wrappers),
        cmocka_unit_test(below_roots), cmocka_unit_test(making),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
