#include "cmocka_all.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "fs/local.h"
#include "fs/scratch.h"
#include "os/file.h"
#include "sallyport/posix.h"

#define TIMES (SALLY_ATTR_ATIME | SALLY_ATTR_MTIME | SALLY_ATTR_NANOSECONDS)

struct place {
    char scratch[SCRATCH_SIZE];
    int dir, fd; /* fd: of "file" */
};

static int start(void **state)
{
    static struct place p;
    p.dir = open(scratch_make(p.scratch), O_PATH | O_DIRECTORY);
    p.fd = openat(p.dir, "file", O_RDWR | O_CREAT, 0600);
    *state = &p;
    return p.dir < 0 || p.fd < 0 || write(p.fd, "12345", 5) != 5 ||
           symlinkat("file", p.dir, "link") != 0;
}

static int stop(void **state)
{
    struct place *p = *state;
    close(p->fd);
    close(p->dir);
    scratch_remove(p->scratch);
    return 0;
}

static struct stat stat_of(const struct place *p, const char *name)
{
    struct stat st;
    assert_int_equal(fstatat(p->dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
    return st;
}

/* What the two say alike is what both say. */
static void the_local_storage_says_the_same(void **state)
{
    struct place *p = *state;
    static const char *const names[] = {"file", "link", "."};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct stat st = stat_of(p, names[i]);
        struct os_stat os;
        sally_attrs ours, theirs;
        sally_attrs_from_stat(&ours, &st);
        assert_true(os_stat_at(p->dir, names[i], &os));
        local_attrs_of(&theirs, &os);
        theirs.valid &= ~(uint32_t)(SALLY_ATTR_BITS | SALLY_ATTR_CREATETIME);
        theirs.attrib_bits = theirs.attrib_bits_valid = 0;
        theirs.createtime = (sally_time){0};
        assert_int_equal(ours.valid, theirs.valid);
        assert_memory_equal(&ours, &theirs, sizeof ours);
    }
}

static void everything_is_set(void **state)
{
    struct place *p = *state;
    sally_attrs attrs = {
        .valid = SALLY_ATTR_SIZE | SALLY_ATTR_PERMISSIONS | SALLY_ATTR_IDS | TIMES,
        .size = 3,
        .permissions = 04750,
        .uid = geteuid(),
        .gid = getegid(),
        .atime = {.seconds = -7, .nanoseconds = 5},
        .mtime = {.seconds = 1700000000, .nanoseconds = 999999999},
    };
    assert_int_equal(sally_attrs_apply_fd(p->fd, &attrs), SALLY_OK);
    struct stat st = stat_of(p, "file");
    assert_int_equal(st.st_size, 3);
    assert_int_equal(st.st_mode & 07777, 04750);
    assert_int_equal(st.st_mtim.tv_sec, 1700000000);
    assert_int_equal(st.st_mtim.tv_nsec, 999999999);
    assert_int_equal(st.st_atim.tv_sec, -7);
    attrs = (sally_attrs){.valid = SALLY_ATTR_SIZE | SALLY_ATTR_MTIME, .size = 9};
    attrs.mtime = (sally_time){.seconds = 1, .nanoseconds = 77}; /* do not count */
    assert_int_equal(sally_attrs_apply_path(p->dir, "link", &attrs, SALLY_FOLLOW), SALLY_OK);
    st = stat_of(p, "file");
    assert_int_equal(st.st_size, 9);
    assert_true(st.st_mtim.tv_sec == 1 && st.st_mtim.tv_nsec == 0);
    assert_int_equal(st.st_atim.tv_sec, -7);
}

static void links_are_themselves(void **state)
{
    struct place *p = *state;
    struct stat before = stat_of(p, "file");
    sally_attrs attrs = {.valid = SALLY_ATTR_PERMISSIONS | SALLY_ATTR_MTIME,
                         .permissions = 0,
                         .mtime = {.seconds = 5}};
    assert_int_equal(sally_attrs_apply_path(p->dir, "link", &attrs, 0), SALLY_OK);
    assert_int_equal(stat_of(p, "link").st_mtim.tv_sec, 5);
    assert_int_equal(stat_of(p, "file").st_mode, before.st_mode);
    assert_int_equal(stat_of(p, "file").st_mtim.tv_sec, before.st_mtim.tv_sec);
    attrs.valid |= SALLY_ATTR_SIZE; /* a link has none that could be set; the rest is done */
    attrs.mtime.seconds = 6;
    assert_int_not_equal(sally_attrs_apply_path(p->dir, "link", &attrs, 0), SALLY_OK);
    assert_int_equal(stat_of(p, "link").st_mtim.tv_sec, 6);
    assert_int_equal(stat_of(p, "file").st_size, before.st_size);
}

static void what_cannot_be_set(void **state)
{
    struct place *p = *state;
    static const struct {
        sally_attrs attrs;
        sally_status status;
    } cases[] = {
        {{.valid = SALLY_ATTR_TYPE | SALLY_ATTR_LINK_COUNT | SALLY_ATTR_CTIME}, SALLY_OK},
        {{.valid = SALLY_ATTR_BITS, .attrib_bits_valid = 0xfff}, SALLY_OK},
        {{.valid = SALLY_ATTR_BITS, .attrib_bits_valid = 1, .attrib_bits = 1}, SALLY_UNSUPPORTED},
        {{.valid = SALLY_ATTR_ACL}, SALLY_UNSUPPORTED},
        {{.valid = SALLY_ATTR_EXTENDED}, SALLY_UNSUPPORTED},
        {{.valid = SALLY_ATTR_NAMES, .owner = "", .group = ""}, SALLY_OK},
        {{.valid = SALLY_ATTR_NAMES}, SALLY_OK},
        {{.valid = SALLY_ATTR_NAMES, .owner = "joe"}, SALLY_UNSUPPORTED},
        {{.valid = SALLY_ATTR_NAMES | SALLY_ATTR_IDS, .owner = "", .group = ""}, SALLY_OK},
        {{.valid = TIMES, .mtime = {.nanoseconds = 1000000000}}, SALLY_INVALID_PARAMETER},
        {{.valid = SALLY_ATTR_SIZE, .size = UINT64_MAX}, SALLY_FAILURE},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sally_status on_fd = sally_attrs_apply_fd(p->fd, &cases[i].attrs);
        sally_status on_path = sally_attrs_apply_path(p->dir, "file", &cases[i].attrs, 0);
        if (on_fd != on_path || (on_fd != cases[i].status && cases[i].status != SALLY_FAILURE) ||
            (on_fd == SALLY_OK) != (cases[i].status == SALLY_OK))
            fail_msg("case %zu: %d, %d", i, (int)on_fd, (int)on_path);
    }
    const sally_attrs none = {.valid = 0};
    assert_int_equal(sally_attrs_apply_path(p->dir, "none", &none, 0), SALLY_NO_SUCH_FILE);
    assert_int_equal(sally_attrs_apply_path(p->dir, "file", &none, 2), SALLY_INVALID_PARAMETER);
    assert_int_equal(sally_attrs_apply_path(p->dir, NULL, &none, 0), SALLY_INVALID_PARAMETER);
    assert_int_equal(sally_attrs_apply_fd(p->fd, NULL), SALLY_INVALID_PARAMETER);
    /* The rest is done: the failure is that of the first. */
    const sally_attrs both = {.valid = SALLY_ATTR_ACL | SALLY_ATTR_PERMISSIONS,
                              .permissions = 0640};
    assert_int_equal(sally_attrs_apply_fd(p->fd, &both), SALLY_UNSUPPORTED);
    assert_int_equal(stat_of(p, "file").st_mode & 07777, 0640);
}

static void owners(void **state)
{
    struct place *p = *state;
    if (geteuid() != 0) {
        print_message("skipped: needs root\n");
        skip();
    }
    sally_attrs attrs = {.valid = SALLY_ATTR_IDS | SALLY_ATTR_PERMISSIONS,
                         .uid = 1234,
                         .gid = 4321,
                         .permissions = 04755};
    assert_int_equal(sally_attrs_apply_fd(p->fd, &attrs), SALLY_OK);
    struct stat st = stat_of(p, "file");
    assert_true(st.st_uid == 1234 && st.st_gid == 4321 && (st.st_mode & 07777) == 04755);
    attrs = (sally_attrs){
        .valid = SALLY_ATTR_IDS | SALLY_ATTR_NAMES, .uid = 7, .gid = 8, .owner = "", .group = "8"};
    assert_int_equal(sally_attrs_apply_path(p->dir, "file", &attrs, 0), SALLY_OK);
    st = stat_of(p, "file");
    assert_true(st.st_uid == 1234 && st.st_gid == 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_local_storage_says_the_same),
        cmocka_unit_test(everything_is_set),
        cmocka_unit_test(links_are_themselves),
        cmocka_unit_test(what_cannot_be_set),
        cmocka_unit_test(owners),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
