#include "cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "os/in_root.h"

struct bench {
    char scratch[64], root[80];
    struct in_root kernel, walk;
    bool kernel_can;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    strcpy(b->scratch, "/tmp/sally-test-XXXXXX");
    assert_non_null(mkdtemp(b->scratch));
    snprintf(b->root, sizeof(b->root), "%s/root", b->scratch);
    assert_int_equal(mkdir(b->root, 0755), 0);
    int fd = open(b->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    b->kernel = (struct in_root){.root = fd, .confined = true, .walk = false};
    b->walk = (struct in_root){.root = fd, .confined = true, .walk = true};
    b->kernel_can = in_root_kernel_can(fd);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    char command[128];
    close(b->kernel.root);
    snprintf(command, sizeof(command), "rm -rf '%s'", b->scratch);
    assert_int_equal(system(command), 0);
    free(b);
    return 0;
}

/* What a path leads to: a number for each inode, or minus the errno. */
static long outcome(const struct in_root *b, const char *path, int flags)
{
    int fd = in_root_open(b, path, flags, 0644);
    if (fd < 0)
        return -errno;
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    int open_flags = fcntl(fd, F_GETFD);
    assert_true(open_flags & FD_CLOEXEC);
    close(fd);
    return (long)st.st_ino;
}

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static const char *const parts[] = {"a", "b", "c", "d", "..", ".", "a", "b", "", "/", "none"};

static void random_path(uint32_t *seed, char *out, size_t size, bool link)
{
    size_t used = 0;
    unsigned count = 1 + next(seed) % 5;
    if (!link || next(seed) % 3 == 0)
        used += (size_t)snprintf(out, size, "/");
    for (unsigned i = 0; i < count; i++) {
        const char *part = link ? parts[next(seed) % COUNT_OF(parts)] : parts[next(seed) % 4];
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? "/" : "", part);
    }
    if (link && used == 0)
        snprintf(out, size, "a");
}

/* Trees by chance, full of links: both ways must come to the same place, or fail alike. */
static void both_ways_agree(void **state)
{
    struct bench *b = *state;
    if (!b->kernel_can) {
        print_message("skipped: this kernel has no openat2\n");
        skip();
    }
    uint32_t seed = 12345;
    for (int tree = 0; tree < 60; tree++) {
        char name[100], path[256], target[256];
        snprintf(name, sizeof(name), "%s/t%d", b->scratch, tree);
        assert_int_equal(mkdir(name, 0755), 0);
        int root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct in_root kernel = {.root = root, .confined = true, .walk = false},
                       walk = {.root = root, .confined = true, .walk = true};
        for (int i = 0; i < 30; i++) {
            struct in_root_entry place;
            random_path(&seed, path, sizeof(path), false);
            if (!in_root_entry_open(&walk, path, &place))
                continue;
            unsigned what = next(&seed) % 5;
            random_path(&seed, target, sizeof(target), true);
            if (what < 2)
                (void)!mkdirat(place.dir, place.name, 0755);
            else if (what == 2)
                close(openat(place.dir, place.name, O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC,
                             0644));
            else
                (void)!symlinkat(target, place.dir, place.name);
            in_root_entry_close(&place);
        }
        static const int flags[] = {O_PATH,
                                    O_PATH | O_NOFOLLOW,
                                    O_PATH | O_DIRECTORY,
                                    O_RDONLY,
                                    O_RDONLY | O_NOFOLLOW,
                                    O_RDONLY | O_DIRECTORY,
                                    O_WRONLY,
                                    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW};
        for (int i = 0; i < 60; i++) {
            random_path(&seed, path, sizeof(path), false);
            for (size_t k = 0; k < COUNT_OF(flags); k++) {
                if (flags[k] & O_CREAT) { /* what the first one makes, the second finds */
                    long first = outcome(&kernel, path, flags[k]);
                    long second = outcome(&walk, path, flags[k]);
                    assert_int_equal(second, first > 0 ? -EEXIST : first);
                } else {
                    assert_int_equal(outcome(&walk, path, flags[k]),
                                     outcome(&kernel, path, flags[k]));
                }
            }
            /* Making through a link that leads nowhere makes the same file. */
            long first = outcome(&kernel, path, O_WRONLY | O_CREAT);
            long second = outcome(&walk, path, O_WRONLY | O_CREAT);
            if (first > 0 ||
                second > 0) /* why it fails may differ: the kernel looks for a final slash first */
                assert_int_equal(second, first);

            /* The canonical path leads to the same place, without any link. */
            struct buf canonical;
            int fd;
            buf_init(&canonical, 4096);
            long there = outcome(&kernel, path, O_PATH);
            bool ok = in_root_canonical(&walk, path, &canonical, &fd);
            if (there > 0) {
                assert_true(ok && fd >= 0);
                assert_int_equal(
                    outcome(&kernel, (const char *)canonical.data, O_PATH | O_NOFOLLOW), there);
            } else if (ok) {
                assert_int_equal(there, -ENOENT);
                assert_int_equal(fd, -1);
            } else {
                assert_int_equal(-errno, there);
            }
            if (ok && fd >= 0)
                close(fd);
            buf_clear(&canonical);
        }
        close(root);
    }
}

static void places(void **state)
{
    struct bench *b = *state;
    struct in_root_entry place;
    assert_true(in_root_entry_open(&b->walk, "/", &place));
    assert_string_equal(place.name, ".");
    assert_int_equal(place.dir, b->walk.root);
    in_root_entry_close(&place);
    assert_true(in_root_entry_open(&b->walk, "/x", &place));
    assert_string_equal(place.name, "x");
    in_root_entry_close(&place);
    assert_int_equal(mkdirat(b->walk.root, "d", 0755), 0);
    assert_true(in_root_entry_open(&b->kernel, "/d/x", &place));
    assert_string_equal(place.name, "x");
    assert_true(place.dir != b->walk.root);
    in_root_entry_close(&place);
    in_root_entry_close(&place); /* does nothing */
    assert_false(in_root_entry_open(&b->kernel, "/none/x", &place));
    assert_int_equal(errno, ENOENT);
}

/* The links of /proc that lead anywhere: below a root that holds a /proc, as "/" does. */
static void magic_links(void **state)
{
    struct bench *b = *state;
    char path[64];
    int fd, outside = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0 || !b->kernel_can) {
        print_message("skipped: there is no /proc here, or no openat2\n");
        skip();
    }
    struct in_root in_proc = {.root = proc, .confined = true, .walk = false},
                   walk = {.root = proc, .confined = true, .walk = true};
    static const char *const magic[] = {"root", "cwd", "exe"};
    for (size_t i = 0; i < COUNT_OF(magic); i++) {
        snprintf(path, sizeof(path), "/self/%s", magic[i]);
        fd = in_root_open(&in_proc, path, O_PATH, 0);
        assert_int_equal(fd, -1);
        assert_int_equal(errno, ELOOP);
        snprintf(path, sizeof(path), "/self/%s/etc", magic[i]);
        assert_int_equal(in_root_open(&in_proc, path, O_PATH, 0), -1);
        fd = in_root_open(&walk, path, O_PATH,
                          0); /* taken by its text, below the root: there is no such thing there */
        assert_int_equal(fd, -1);
    }
    snprintf(path, sizeof(path), "/self/fd/%d/x", outside);
    assert_int_equal(in_root_open(&in_proc, path, O_PATH, 0), -1);
    assert_int_equal(errno, ELOOP);
    assert_int_equal(in_root_open(&walk, path, O_PATH, 0), -1);
    close(proc);
    close(outside);
}

/* Links that double what is left to resolve, and ".." that starts over again and again. */
static void endless_links(void **state)
{
    struct bench *b = *state;
    char target[4096];
    size_t size = 0;
    assert_int_equal(mkdirat(b->walk.root, "d", 0755), 0);
    while (size < 4000)
        size += (size_t)sprintf(target + size, "d/../");
    strcpy(target + size, "up");
    assert_int_equal(symlinkat(target, b->walk.root, "up"), 0);
    assert_int_equal(outcome(&b->walk, "/up", O_PATH), -ELOOP);
    size = 0;
    while (size < 4000)
        size += (size_t)sprintf(target + size, "twice/");
    target[size] = 0;
    assert_int_equal(symlinkat(target, b->walk.root, "twice"), 0);
    long got = outcome(&b->walk, "/twice", O_PATH);
    assert_true(got == -ELOOP || got == -ENAMETOOLONG);
}

/* For someone who cannot wait: no link is followed, and no long way gone. */
static void brief_ways(void **state)
{
    struct bench *b = *state;
    char deep[400] = "";
    assert_int_equal(mkdirat(b->walk.root, "d", 0755), 0);
    assert_int_equal(symlinkat("d", b->walk.root, "l"), 0);
    for (int i = 0; i < 65; i++)
        strcat(deep, "/dd");
    for (int how = 0; how < 2; how++) {
        struct in_root where = how ? b->walk : b->kernel;
        if (!how && !b->kernel_can)
            continue;
        struct buf canonical;
        int fd;
        where.brief = true;
        assert_true(outcome(&where, "/d", O_PATH) > 0);
        assert_true(outcome(&where, "/l", O_PATH | O_NOFOLLOW) > 0);
        assert_int_equal(outcome(&where, "/l", O_PATH), -EXDEV);
        assert_int_equal(outcome(&where, "/l/x", O_PATH), -EXDEV);
        assert_int_equal(outcome(&where, deep, O_PATH), -EXDEV);
        buf_init(&canonical, 4096);
        assert_false(in_root_canonical(&where, "/l", &canonical, &fd));
        assert_int_equal(errno, EXDEV);
        assert_false(in_root_canonical(&where, deep, &canonical, &fd));
        assert_int_equal(errno, EXDEV);
        buf_clear(&canonical);
        assert_int_equal(in_root_open_cached(&where, "/l", O_PATH), -1);
        assert_int_equal(errno, EAGAIN);
        where.brief = false;
        assert_true(outcome(&where, "/l", O_PATH) > 0);
        assert_int_equal(outcome(&where, deep, O_PATH), -ENOENT);
    }
}

static void unconfined(void **state)
{
    struct bench *b = *state;
    char path[200], target[200];
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct in_root all = {.root = root, .confined = false, .walk = false};
    snprintf(path, sizeof(path), "%s/l", b->root);
    snprintf(target, sizeof(target), "%s/d", b->scratch);
    assert_int_equal(mkdir(target, 0755), 0);
    assert_int_equal(symlink(target, path), 0);
    struct stat st;
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(outcome(&all, path, O_PATH), (long)st.st_ino);
    struct buf canonical;
    int fd;
    buf_init(&canonical, 4096);
    assert_true(in_root_canonical(&all, path, &canonical, &fd));
    assert_string_equal((char *)canonical.data, target);
    close(fd);
    buf_clear(&canonical);
    close(root);
}

static void cached(void **state)
{
    struct bench *b = *state;
    assert_int_equal(mkdirat(b->walk.root, "d", 0755), 0);
    int fd = in_root_open_cached(&b->kernel, "/d", O_PATH);
    if (fd >= 0)
        close(fd);
    else
        assert_int_equal(errno, EAGAIN);
    assert_int_equal(in_root_open_cached(&b->walk, "/d", O_PATH), -1);
    assert_int_equal(errno, EAGAIN);
    fd = in_root_open_cached(&b->kernel, "/none", O_PATH);
    assert_int_equal(fd, -1);
    assert_true(errno == ENOENT || errno == EAGAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_ways_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(places, setup, teardown),
        cmocka_unit_test_setup_teardown(magic_links, setup, teardown),
        cmocka_unit_test_setup_teardown(endless_links, setup, teardown),
        cmocka_unit_test_setup_teardown(brief_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(unconfined, setup, teardown),
        cmocka_unit_test_setup_teardown(cached, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
