#include "fs/cases.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "fs/local.h"
#include "fs/scratch.h"

static char scratch[SCRATCH_SIZE];

static void start(struct driver *d, uint32_t flags)
{
    sally_fs *fs;
    assert_int_equal(local_new(&fs, scratch_make(scratch), flags, 0, false), SALLY_E_OK);
    driver_start(d, fs, DRIVER_TRYING);
    sally_fs_unref(fs);
}

static void stop(struct driver *d)
{
    driver_stop(d);
    scratch_remove(scratch);
}

static void owners(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: needs root\n");
        skip();
    }
    struct driver d;
    sally_attrs attrs;
    start(&d, SALLY_LOCAL_SET_ID);
    make_file(&d, "/f", "");
    /* The owner is changed before the mode: a change of owner takes set-user-id away. */
    sally_attrs set = {.valid = SALLY_ATTR_IDS | SALLY_ATTR_PERMISSIONS,
                       .uid = 1234,
                       .gid = 4321,
                       .permissions = 04755};
    assert_int_equal(do_setstat(&d, "/f", SALLY_FOLLOW, &set), SALLY_OK);
    assert_int_equal(do_stat(&d, "/f", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.uid, 1234);
    assert_int_equal(attrs.gid, 4321);
    assert_int_equal(attrs.permissions, 04755);

    /* By name, by number as a name, and only one of them. */
    set = (sally_attrs){.valid = SALLY_ATTR_NAMES, .owner = "root", .group = ""};
    assert_int_equal(do_setstat(&d, "/f", SALLY_FOLLOW, &set), SALLY_OK);
    assert_int_equal(do_stat(&d, "/f", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.uid, 0);
    assert_int_equal(attrs.gid, 4321);
    set = (sally_attrs){.valid = SALLY_ATTR_NAMES, .group = "77"};
    assert_int_equal(do_setstat(&d, "/f", SALLY_FOLLOW, &set), SALLY_OK);
    assert_int_equal(do_stat(&d, "/f", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.uid, 0);
    assert_int_equal(attrs.gid, 77);

    /* Of a link itself. */
    assert_int_equal(do_symlink(&d, "/l", "f"), SALLY_OK);
    set = (sally_attrs){.valid = SALLY_ATTR_IDS, .uid = 5, .gid = 6};
    assert_int_equal(do_setstat(&d, "/l", 0, &set), SALLY_OK);
    assert_int_equal(do_stat(&d, "/l", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.uid, 5);
    assert_int_equal(do_stat(&d, "/f", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.uid, 0);
    stop(&d);
}

static void owners_ignored(void **state)
{
    (void)state;
    struct driver d;
    sally_attrs before, attrs;
    start(&d, SALLY_LOCAL_IGNORE_OWNER);
    make_file(&d, "/f", "");
    assert_int_equal(do_stat(&d, "/f", 0, &before), SALLY_OK);
    const sally_attrs set = {.valid = SALLY_ATTR_IDS | SALLY_ATTR_NAMES | SALLY_ATTR_PERMISSIONS,
                             .uid = 1234,
                             .gid = 4321,
                             .owner = "no such user",
                             .group = "no such group",
                             .permissions = 0600};
    assert_int_equal(do_setstat(&d, "/f", SALLY_FOLLOW, &set), SALLY_OK);
    assert_int_equal(do_stat(&d, "/f", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.uid, before.uid);
    assert_int_equal(attrs.gid, before.gid);
    assert_int_equal(attrs.permissions, 0600);
    stop(&d);
}

/* A confined client learns the names of this process alone, and root's only if told to. */
static void names_of_owners(void **state)
{
    (void)state;
    const struct passwd *me = getpwuid(geteuid());
    if (!me) {
        print_message("skipped: this user has no name\n");
        skip();
    }
    for (int all = 0; all < 2; all++) {
        struct driver d;
        start(&d, all ? SALLY_LOCAL_HOST_NAMES : 0);
        make_file(&d, "/f", "");
        struct op *op = driver_op(&d, SALLY_OP_STAT, "/f");
        op->pub.u.stat.wanted = SALLY_ATTR_NAMES;
        assert_int_equal(driver_do(&d, op), SALLY_OK);
        assert_true(op->pub.u.stat.attrs.valid & SALLY_ATTR_NAMES);
        assert_string_equal(op->pub.u.stat.attrs.owner, me->pw_name);
        op_free(op);
        struct listing list;
        assert_int_equal(do_list(&d, "/", 0, &list), SALLY_OK);
        assert_string_equal(list.owners[0], me->pw_name);
        listing_clear(&list);

        /* Whichever user runs this, one of the two is someone else. */
        const uint32_t uids[] = {0, 4000000000u, 1, 0}, gids[] = {0, 1};
        const char *users[] = {"", "", "", ""}, *groups[] = {"", ""};
        op = driver_op(&d, SALLY_OP_LOOKUP_IDS, NULL);
        op->pub.u.lookup_ids = (sally_op_lookup_ids){uids, gids, 4, 2, users, groups};
        assert_int_equal(driver_do(&d, op), SALLY_OK);
        assert_string_equal(users[0], all || geteuid() == 0 ? "root" : "");
        assert_string_equal(users[1], "");
        assert_string_equal(users[2], all || geteuid() == 1 ? "daemon" : "");
        assert_string_equal(users[3], users[0]);
        assert_string_equal(groups[0], all || getegid() == 0 ? "root" : "");
        assert_string_equal(groups[1], all || getegid() == 1 ? "daemon" : "");
        op_free(op);
        stop(&d);
    }
}

/* Names are only waited for once: afterwards a STAT in memory is answered where it came. */
static void names_without_waiting(void **state)
{
    (void)state;
    struct driver d;
    sally_fs *fs;
    assert_int_equal(local_new(&fs, scratch_make_in(scratch, "/dev/shm"), 0, 0, false), SALLY_E_OK);
    bool memory = ((const struct local *)sally_fs_data(fs))->medium == MEDIUM_MEMORY;
    driver_start(&d, fs, DRIVER_TRYING);
    sally_fs_unref(fs);
    make_file(&d, "/f", "");
    assert_int_equal(do_mkdir(&d, "/d", 0755), SALLY_OK);
    make_file(&d, "/d/f", "");
    static const char *const paths[] = {"/f", "/f", "/d/f", "/d"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct op *op = driver_op(&d, SALLY_OP_STAT, paths[i]);
        op->pub.u.stat.wanted = SALLY_ATTR_NAMES;
        d.offloaded = 0;
        assert_int_equal(driver_do(&d, op), SALLY_OK);
        assert_true(op->pub.u.stat.attrs.valid & SALLY_ATTR_NAMES);
        if (memory)
            assert_int_equal(d.offloaded, i == 0);
        op_free(op);
    }
    stop(&d);
}

/* One call's answer must be that of the long way round. */
static void entries_of_the_root(void **state)
{
    (void)state;
    struct driver d;
    sally_attrs attrs;
    char name[302] = "/";
    start(&d, 0);
    make_file(&d, "/f", "text");
    assert_int_equal(do_symlink(&d, "/to-file", "f"), SALLY_OK);
    assert_int_equal(do_symlink(&d, "/out", "/../../../etc/passwd"), SALLY_OK);
    assert_int_equal(do_symlink(&d, "/loop", "loop"), SALLY_OK);
    assert_int_equal(do_stat(&d, "/to-file", SALLY_FOLLOW, &attrs), SALLY_OK);
    assert_int_equal(attrs.type, SALLY_TYPE_REGULAR);
    assert_int_equal(attrs.size, 4);
    assert_int_equal(do_stat(&d, "/to-file", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.type, SALLY_TYPE_SYMLINK);
    assert_int_equal(do_stat(&d, "/out", SALLY_FOLLOW, &attrs), SALLY_NO_SUCH_FILE);
    assert_int_equal(do_stat(&d, "/out", 0, &attrs), SALLY_OK);
    assert_int_equal(do_stat(&d, "/loop", SALLY_FOLLOW, &attrs), sally_status_from_errno(ELOOP));
    assert_int_equal(do_stat(&d, "/gone", SALLY_FOLLOW, &attrs), SALLY_NO_SUCH_FILE);
    assert_int_equal(do_stat(&d, "/gone", 0, &attrs), SALLY_NO_SUCH_FILE);
    assert_int_equal(do_stat(&d, "/", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.type, SALLY_TYPE_DIRECTORY);
    memset(name + 1, 'n', 300);
    assert_int_equal(do_stat(&d, name, 0, &attrs), sally_status_from_errno(ENAMETOOLONG));
    stop(&d);
}

static void times_at_the_edges(void **state)
{
    (void)state;
    struct driver d;
    sally_attrs attrs;
    start(&d, 0);
    make_file(&d, "/f", "");
    static const int64_t seconds[] = {0, -1, INT32_MAX, INT32_MIN, (int64_t)UINT32_MAX + 1};
    for (size_t i = 0; i < COUNT_OF(seconds); i++) {
        const sally_attrs set = {.valid = SALLY_ATTR_MTIME | SALLY_ATTR_ATIME,
                                 .mtime = {.seconds = seconds[i], .nanoseconds = 5},
                                 .atime = {.seconds = seconds[i], .nanoseconds = 4000000000u}};
        assert_int_equal(do_setstat(&d, "/f", SALLY_FOLLOW, &set), SALLY_OK);
        assert_int_equal(do_stat(&d, "/f", 0, &attrs), SALLY_OK);
        assert_true(attrs.mtime.seconds == seconds[i]);
        assert_int_equal(attrs.mtime.nanoseconds, 0);
    }
    /* Whatever the file system makes of these, it is an answer. */
    const sally_attrs far = {.valid = SALLY_ATTR_MTIME, .mtime = {.seconds = INT64_MAX}};
    const sally_attrs past = {.valid = SALLY_ATTR_MTIME, .mtime = {.seconds = INT64_MIN}};
    do_setstat(&d, "/f", SALLY_FOLLOW, &far);
    do_setstat(&d, "/f", SALLY_FOLLOW, &past);
    assert_int_equal(do_stat(&d, "/f", 0, &attrs), SALLY_OK);
    stop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owners),
        cmocka_unit_test(owners_ignored),
        cmocka_unit_test(names_of_owners),
        cmocka_unit_test(names_without_waiting),
        cmocka_unit_test(entries_of_the_root),
        cmocka_unit_test(times_at_the_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
