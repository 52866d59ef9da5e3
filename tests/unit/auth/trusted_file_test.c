#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/trusted_file.h"
#include "fixture.h"

static char root[] = "/tmp/sally-trusted-XXXXXX";
static char why[TRUSTED_FILE_WHY_SIZE];

static const char *in(const char *name)
{
    static char path[8][128];
    static unsigned next;
    next = (next + 1) % 8;
    snprintf(path[next], sizeof path[next], "%s/%s", root, name);
    return path[next];
}

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

/* ROOT/dir/sub/keys, and links to it. */
static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(root) || mkdir(in("dir"), 0755) != 0 || mkdir(in("dir/sub"), 0755) != 0)
        return -1;
    make_file(in("dir/sub/keys"));
    return symlink("sub/keys", in("dir/link")) || symlink(in("dir"), in("folder")) ||
           symlink("loop", in("loop"));
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"loop", "folder", "dir/link", "dir/sub/keys"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in(names[i]));
    return rmdir(in("dir/sub")) || rmdir(in("dir")) || rmdir(root);
}

static bool opens(const char *path, uid_t owner)
{
    const struct trusted_file_rules rules = {true, owner};
    int fd = trusted_file_open(path, &rules, why);
    int error = errno;
    if (fd >= 0) {
        assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
        close(fd);
        assert_string_equal(why, "");
    }
    errno = error;
    return fd >= 0;
}

static void assert_refused(const char *path, const char *culprit)
{
    assert_false(opens(path, 0));
    assert_int_equal(errno, EPERM);
    if (!strstr(why, culprit))
        fail_msg("%s: %s", path, why);
}

static void ways_to_a_file(void **state)
{
    (void)state;
    assert_true(opens(in("dir/sub/keys"), 0));
    assert_true(opens(in("dir//./sub/../sub/keys"), 0));
    assert_true(opens(in("dir/link"), 0));
    assert_true(opens(in("folder/link"), 0));
    char here[4096];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(in("dir")), 0);
    assert_true(opens("sub/keys", 0));
    assert_true(opens("../dir/link", 0));
    assert_int_equal(chdir(here), 0);
}

static void assert_missing(const char *path, int error)
{
    errno = 0;
    assert_false(opens(path, 0));
    assert_int_equal(errno, error);
    assert_string_equal(why, "");
}

static void ways_to_nothing(void **state)
{
    (void)state;
    char longest[5000];
    assert_missing("", ENOENT);
    assert_missing("/", EISDIR);
    assert_missing(in("nowhere"), ENOENT);
    assert_missing(in("dir/nowhere/keys"), ENOENT);
    assert_missing(in("dir/sub/keys/x"), ENOTDIR);
    assert_missing(in("loop"), ELOOP);
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[300] = '\0';
    assert_missing(longest, ENAMETOOLONG);
    longest[300] = 'a';
    longest[4999] = '\0';
    assert_missing(longest, ENAMETOOLONG);
}

static void what_others_may_write(void **state)
{
    (void)state;
    static const char *const culprits[] = {"dir/sub/keys", "dir/sub", "dir"};
    static const mode_t modes[] = {020, 002, 022};
    for (size_t i = 0; i < 3; i++) {
        struct stat before;
        const char *culprit = in(culprits[i]);
        assert_int_equal(stat(culprit, &before), 0);
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(chmod(culprit, (before.st_mode & 07777) | modes[k]), 0);
            char quoted[128];
            snprintf(quoted, sizeof quoted, "\"%s\"", culprit);
            assert_refused(in("dir/sub/keys"), quoted);
            assert_refused(in("folder/link"), quoted);
            assert_non_null(strstr(why, "chmod go-w"));
        }
        assert_int_equal(chmod(culprit, before.st_mode & 07777), 0);
    }
    /* In a folder like /tmp no one can replace what is another's. */
    assert_int_equal(chmod(in("dir"), 01777), 0);
    assert_true(opens(in("dir/sub/keys"), 0));
    assert_int_equal(chmod(in("dir"), 0755), 0);
    assert_int_equal(chmod(in("dir/sub/keys"), 0644), 0);
    assert_true(opens(in("dir/sub/keys"), 0));
}

static void what_belongs_to_others(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* only root gives files away */
    static const char *const culprits[] = {"dir/sub/keys", "dir/sub", "dir", "folder", "dir/link"};
    for (size_t i = 0; i < sizeof culprits / sizeof *culprits; i++) {
        assert_int_equal(lchown(in(culprits[i]), 4711, (gid_t)-1), 0);
        char quoted[128];
        snprintf(quoted, sizeof quoted, "\"%s\" belongs to user 4711", in(culprits[i]));
        assert_refused(in("folder/link"), i < 3 ? quoted : "belongs to user 4711");
        assert_true(opens(in("folder/link"), 4711));
        assert_int_equal(lchown(in(culprits[i]), 0, (gid_t)-1), 0);
    }
}

static void not_strict(void **state)
{
    (void)state;
    const struct trusted_file_rules rules = {false, 0};
    assert_int_equal(chmod(in("dir/sub/keys"), 0666), 0);
    int fd = trusted_file_open(in("folder/link"), &rules, why);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(chmod(in("dir/sub/keys"), 0600), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ways_to_a_file),
        cmocka_unit_test(ways_to_nothing),
        cmocka_unit_test(what_others_may_write),
        cmocka_unit_test(what_belongs_to_others),
        cmocka_unit_test(not_strict),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
