/* Each call against what the plain system call would show. */
#include "cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/file.h"

struct bench {
    char scratch[64];
    int dir;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    strcpy(b->scratch, "/tmp/sally-test-XXXXXX");
    assert_non_null(mkdtemp(b->scratch));
    b->dir = open(b->scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(b->dir >= 0);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    char command[128];
    close(b->dir);
    snprintf(command, sizeof(command), "rm -rf '%s'", b->scratch);
    assert_int_equal(system(command), 0);
    free(b);
    return 0;
}

static int make(struct bench *b, const char *name, const char *text)
{
    int fd = openat(b->dir, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    return fd;
}

static void renames(void **state)
{
    struct bench *b = *state;
    close(make(b, "a", "a"));
    close(make(b, "b", "b"));
    assert_int_equal(mkdirat(b->dir, "d", 0755), 0);
    assert_false(os_rename_noreplace(b->dir, "a", b->dir, "b"));
    assert_int_equal(errno, EEXIST);
    assert_false(os_rename_noreplace(b->dir, "d", b->dir, "b"));
    assert_int_equal(errno, EEXIST);
    assert_false(os_rename_noreplace(b->dir, "none", b->dir, "c"));
    assert_int_equal(errno, ENOENT);
    assert_false(os_rename_noreplace(b->dir, "d", b->dir, "d/sub"));
    assert_int_equal(errno, EINVAL);
    assert_true(os_rename_noreplace(b->dir, "a", b->dir, "c"));
    assert_true(os_rename_noreplace(b->dir, "d", b->dir, "e"));
    struct os_stat st;
    assert_true(os_stat_at(b->dir, "c", &st));
    assert_false(os_stat_at(b->dir, "a", &st));
    assert_int_equal(errno, ENOENT);
}

static void stats(void **state)
{
    struct bench *b = *state;
    struct os_stat st;
    struct stat plain;
    int fd = make(b, "f", "12345");
    assert_int_equal(fstat(fd, &plain), 0);
    assert_true(os_stat_fd(fd, &st));
    assert_int_equal(st.mode, plain.st_mode);
    assert_int_equal(st.size, 5);
    assert_true(st.device == plain.st_dev && st.inode == plain.st_ino);
    assert_int_equal(st.allocated, plain.st_blocks * 512);
    assert_true(st.modified.tv_sec == plain.st_mtim.tv_sec &&
                st.modified.tv_nsec == plain.st_mtim.tv_nsec);
    assert_int_equal(st.uid, plain.st_uid);
    assert_int_equal(st.gid, plain.st_gid);
    assert_int_equal(st.links, 1);
    assert_true(os_stat_cached(fd, &st));
    assert_int_equal(st.size, 5);
    close(fd);
    assert_int_equal(symlinkat("f", b->dir, "l"), 0);
    assert_true(os_stat_at(b->dir, "l", &st));
    assert_true(S_ISLNK(st.mode));
    assert_false(os_stat_fd(-1, &st));
}

static void changes(void **state)
{
    struct bench *b = *state;
    struct stat plain;
    const struct timespec times[2] = {{.tv_sec = 7, .tv_nsec = 8}, {.tv_sec = 9, .tv_nsec = 10}};
    const struct timespec one[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 99}};
    close(make(b, "f", "x"));
    assert_int_equal(symlinkat("f", b->dir, "l"), 0);
    static const int how[] = {O_RDONLY, O_PATH};
    for (size_t i = 0; i < COUNT_OF(how); i++) {
        int fd = openat(b->dir, "f", how[i] | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_true(os_change_mode(fd, 0600 + (mode_t)i));
        assert_true(os_change_times(fd, times));
        assert_true(os_change_owner(fd, (uid_t)-1, (gid_t)-1));
        assert_int_equal(fstat(fd, &plain), 0);
        assert_int_equal(plain.st_mode & 07777, 0600 + i);
        assert_int_equal(plain.st_atim.tv_sec, 7);
        assert_int_equal(plain.st_mtim.tv_nsec, 10);
        assert_true(os_change_times(fd, one));
        assert_int_equal(fstat(fd, &plain), 0);
        assert_int_equal(plain.st_atim.tv_sec, 7);
        assert_int_equal(plain.st_mtim.tv_sec, 99);
        close(fd);
    }
    int link = openat(b->dir, "l", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    assert_true(link >= 0);
    assert_false(os_change_mode(link, 0777));
    assert_int_equal(errno, EOPNOTSUPP);
    assert_true(os_change_times(link, times));
    assert_int_equal(fstat(link, &plain), 0);
    assert_int_equal(plain.st_mtim.tv_sec, 9);
    assert_int_equal(fstatat(b->dir, "f", &plain, 0), 0);
    assert_int_equal(plain.st_mtim.tv_sec, 99);
    assert_int_equal(plain.st_mode & 07777, 0601);
    if (geteuid() == 0) {
        assert_true(os_change_owner(link, 12, 34));
        assert_int_equal(fstat(link, &plain), 0);
        assert_int_equal(plain.st_uid, 12);
        assert_int_equal(fstatat(b->dir, "f", &plain, 0), 0);
        assert_int_equal(plain.st_uid, 0);
    }
    close(link);
}

static void copies(void **state)
{
    struct bench *b = *state;
    int from = make(b, "from", "0123456789"), to = make(b, "to", "");
    ssize_t got = os_copy_range(from, 2, to, 1, 100);
    if (got < 0) {
        assert_int_equal(errno, EOPNOTSUPP);
    } else {
        char text[16];
        assert_int_equal(got, 8);
        assert_int_equal(pread(to, text, sizeof(text), 0), 9);
        assert_memory_equal(text, "\00023456789", 9);
        assert_int_equal(os_copy_range(from, 10, to, 0, 5), 0);
        assert_int_equal(lseek(from, 0, SEEK_CUR), 10); /* where write() left it */
    }
    close(from);
    close(to);
}

static void cached_reads(void **state)
{
    struct bench *b = *state;
    char text[16];
    int fd = make(b, "f", "0123456789");
    ssize_t got = os_read_cached(fd, text, sizeof(text), 4);
    if (got < 0)
        assert_true(errno == EAGAIN || errno == EOPNOTSUPP);
    else
        assert_memory_equal(text, "456789", (size_t)got);
    close(fd);
    int shm = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (shm >= 0) {
        assert_int_equal(os_medium_of(shm), MEDIUM_MEMORY);
        close(shm);
    }
    int proc = open("/proc/self", O_PATH | O_CLOEXEC);
    if (proc >= 0) {
        assert_int_equal(os_medium_of(proc), MEDIUM_PSEUDO);
        close(proc);
    }
    assert_int_equal(os_medium_of(-1), MEDIUM_UNKNOWN);
}

/* Two open files of one process, as two sessions have them. */
static void locks(void **state)
{
    struct bench *b = *state;
    int first = make(b, "f", "0123456789"), second = openat(b->dir, "f", O_RDWR | O_CLOEXEC);
    int reader = openat(b->dir, "f", O_RDONLY | O_CLOEXEC);
    assert_true(os_lock_range(first, 2, 3, true));
    struct flock seen = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    if (fcntl(second, F_OFD_GETLK, &seen) == 0 && seen.l_type != F_UNLCK) {
        assert_int_equal(seen.l_type, F_WRLCK);
        assert_int_equal(seen.l_start, 2);
        assert_int_equal(seen.l_len, 3);
        assert_false(os_lock_range(second, 4, 1, false));
        assert_true(errno == EAGAIN || errno == EACCES);
        assert_true(os_lock_range(second, 5, 0, true)); /* to the end */
        assert_false(os_lock_range(first, INT64_MAX - 1, UINT64_MAX, true));
        os_unlock_range(second, 5, 0);
        os_unlock_range(first, 2, 3);
        assert_true(os_lock_range(reader, 0, 0, true)); /* but shared: it cannot write */
        assert_true(os_lock_range(second, 0, 0, false));
    }
    close(first);
    close(second);
    close(reader);
}

static void extended_attributes(void **state)
{
    struct bench *b = *state;
    char value[16], names[64];
    close(make(b, "f", "x"));
    static const int how[] = {O_RDONLY, O_PATH};
    for (size_t i = 0; i < COUNT_OF(how); i++) {
        int fd = openat(b->dir, "f", how[i] | O_CLOEXEC);
        if (!os_xattr_set(fd, "user.a", "12345", 5, OS_XATTR_CREATE)) {
            assert_int_equal(errno, EOPNOTSUPP); /* the scratch directory's file system */
            close(fd);
            print_message("skipped: no user attributes here\n");
            skip();
        }
        assert_false(os_xattr_set(fd, "user.a", "", 0, OS_XATTR_CREATE));
        assert_int_equal(errno, EEXIST);
        assert_int_equal(os_xattr_get(fd, "user.a", value, sizeof value), 5);
        assert_memory_equal(value, "12345", 5);
        assert_int_equal(os_xattr_get(fd, "user.a", value, 4), -1);
        assert_int_equal(errno, ERANGE);
        assert_true(os_xattr_set(fd, "user.a", "6", 1, OS_XATTR_REPLACE));
        assert_true(os_xattr_set(fd, "user.b", "", 0, OS_XATTR_EITHER));
        ssize_t size = os_xattr_list(fd, names, sizeof names);
        assert_true(size > 0 && memmem(names, (size_t)size, "user.b", sizeof "user.b"));
        assert_true(os_xattr_remove(fd, "user.a"));
        assert_true(os_xattr_remove(fd, "user.b"));
        assert_false(os_xattr_set(fd, "user.a", "", 0, OS_XATTR_REPLACE));
        assert_int_equal(errno, ENODATA);
        assert_int_equal(os_xattr_get(fd, "user.a", value, sizeof value), -1);
        assert_int_equal(errno, ENODATA);
        assert_false(os_xattr_remove(fd, "user.a"));
        close(fd);
    }
    errno = 0;
    assert_int_equal(os_xattr_get(-1, "user.a", value, sizeof value), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(renames, setup, teardown),
        cmocka_unit_test_setup_teardown(stats, setup, teardown),
        cmocka_unit_test_setup_teardown(changes, setup, teardown),
        cmocka_unit_test_setup_teardown(copies, setup, teardown),
        cmocka_unit_test_setup_teardown(cached_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(locks, setup, teardown),
        cmocka_unit_test_setup_teardown(extended_attributes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
