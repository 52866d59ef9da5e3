/* Others exchange directories and files for links to the outside, as fast as they can, while
 * operations go through them: nothing outside may change, and nothing from outside may be read. In
 * a storage, and in directories of storages, which is what sessions with a root of their own get.
 * Bounded by operations and by time; with SALLY_LONG set, by a million swaps in each way. */
#include "fs/cases.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fs/local.h"
#include "fs/scratch.h"

#define ROUNDS      2500 /* of about 20 operations */
#define MAX_SECONDS 2
#define MANY_SWAPS  1000000u /* with SALLY_LONG */

/* What scratch/root is. */
enum root {
    STORAGE,       /* a storage */
    PART,          /* a directory of a storage */
    FREE_PART,     /* a directory of one that is not confined */
    PART_OF_PART,  /* a directory of a directory of a storage */
    READONLY_PART, /* a directory of what changes nothing */
};

/* scratch/root is the storage, scratch/outside must stay as it is. */
struct ground {
    char scratch[SCRATCH_SIZE];
    int root, outside; /* descriptors */
    struct stat before[4];
    atomic_bool stop;
    atomic_ulong swaps;
};

static const char *const outside_things[4] = {".", "secret", "dir", "marker"};

static void write_text(int dir, const char *name, const char *text)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void prepare(struct ground *g)
{
    char path[SCRATCH_SIZE + 32];
    memset(g, 0, sizeof(*g));
    scratch_make(g->scratch);
    snprintf(path, sizeof(path), "%s/root", g->scratch);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_true((g->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0);
    snprintf(path, sizeof(path), "%s/outside", g->scratch);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_true((g->outside = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0);
    write_text(g->outside, "secret", "OUTSIDE");
    write_text(g->outside, "marker", "OUTSIDE");
    assert_int_equal(mkdirat(g->outside, "dir", 0700), 0);

    /* Each name has a partner that it is exchanged with. */
    assert_int_equal(mkdirat(g->root, "x", 0755), 0);
    assert_int_equal(symlinkat(path, g->root, "x-absolute"), 0);
    assert_int_equal(mkdirat(g->root, "y", 0755), 0);
    assert_int_equal(symlinkat("../outside", g->root, "y-relative"), 0);
    write_text(g->root, "s", "inside");
    assert_int_equal(symlinkat("../outside/secret", g->root, "s-link"), 0);
    assert_int_equal(mkdirat(g->root, "z", 0755), 0);
    assert_int_equal(mkdirat(g->root, "z/deep", 0755), 0);
    assert_int_equal(mkdirat(g->root, "z-other", 0755), 0);
    assert_int_equal(symlinkat("../../outside", g->root, "z-other/deep"), 0);
    assert_int_equal(mkdirat(g->root, "w", 0755), 0); /* absolute where the parent is the storage */
    assert_int_equal(symlinkat("/outside", g->root, "w-parents"), 0);
    static const char *const dirs[] = {"x", "y", "z/deep", "w"};
    for (size_t i = 0; i < COUNT_OF(dirs); i++) {
        snprintf(path, sizeof(path), "%s/secret", dirs[i]);
        write_text(g->root, path, "inside");
    }
    for (size_t i = 0; i < COUNT_OF(outside_things); i++)
        assert_int_equal(fstatat(g->outside, outside_things[i], &g->before[i], AT_SYMLINK_NOFOLLOW),
                         0);
}

static void check_outside(const struct ground *g)
{
    unsigned count = 0;
    for (size_t i = 0; i < COUNT_OF(outside_things); i++) {
        struct stat now;
        const struct stat *old = &g->before[i];
        assert_int_equal(fstatat(g->outside, outside_things[i], &now, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(now.st_ino, old->st_ino);
        assert_int_equal(now.st_mode, old->st_mode);
        assert_int_equal(now.st_size, old->st_size);
        assert_int_equal(now.st_nlink, old->st_nlink);
        assert_int_equal(now.st_mtim.tv_sec, old->st_mtim.tv_sec);
        assert_int_equal(now.st_mtim.tv_nsec, old->st_mtim.tv_nsec);
        assert_int_equal(now.st_ctim.tv_sec,
                         old->st_ctim.tv_sec); /* no attribute was touched either */
        assert_int_equal(now.st_ctim.tv_nsec, old->st_ctim.tv_nsec);
    }
    DIR *list = fdopendir(dup(g->outside));
    assert_non_null(list);
    rewinddir(list);
    while (readdir(list))
        count++;
    closedir(list);
    assert_int_equal(count, 5);
}

static void *attack(void *arg)
{
    struct ground *g = arg;
    static const char *const pairs[][2] = {{"x", "x-absolute"},
                                           {"y", "y-relative"},
                                           {"s", "s-link"},
                                           {"z", "z-other"},
                                           {"w", "w-parents"}};
    for (unsigned i = 0; !g->stop; i++) {
        const char *const *pair = pairs[i % COUNT_OF(pairs)];
        if (renameat2(g->root, pair[0], g->root, pair[1], RENAME_EXCHANGE) == 0)
            g->swaps++;
    }
    return NULL;
}

/* Whatever can be read is from inside. */
static unsigned read_one(struct driver *d, const char *path, uint32_t flags)
{
    sally_file *file;
    char data[32];
    uint32_t got = sizeof(data) - 1;
    if (do_open(d, path, flags, &file) != SALLY_OK)
        return 0;
    do_read(d, file, 0, data, &got);
    data[got] = 0;
    assert_null(strstr(data, "OUTSIDE"));
    if (flags & SALLY_OPEN_WRITE)
        do_write(d, file, 0, "inside", 6);
    sally_attrs set = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0666};
    do_fsetstat(d, file, &set);
    do_close(d, file);
    return 1;
}

static void list_one(struct driver *d, const char *path)
{
    struct listing list;
    do_list(d, path, 0, &list);
    assert_null(listing_find(&list, "marker"));
    listing_clear(&list);
}

/* What is outside has seven bytes; a link that is followed never ends at itself. */
static void look_at(struct driver *d, const char *path)
{
    sally_attrs attrs;
    if (do_stat(d, path, SALLY_FOLLOW, &attrs) != SALLY_OK)
        return;
    assert_int_not_equal(attrs.type, SALLY_TYPE_SYMLINK);
    assert_false(attrs.type == SALLY_TYPE_REGULAR && attrs.size == 7);
}

static unsigned round_of(struct driver *d, const char *dir)
{
    char a[64], b[64], text[TEXT_SIZE];
    const uint32_t make = SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE;
    const sally_attrs set = {.valid = SALLY_ATTR_PERMISSIONS | SALLY_ATTR_MTIME | SALLY_ATTR_ATIME |
                                      SALLY_ATTR_IDS,
                             .permissions = 0777,
                             .uid = 1,
                             .gid = 1,
                             .mtime = {.seconds = 1}};
    const sally_attrs cut = {.valid = SALLY_ATTR_SIZE, .size = 1};
    snprintf(a, sizeof(a), "%s/secret", dir);
    unsigned good = read_one(d, a, SALLY_OPEN_READ);
    good += read_one(d, a, make);
    do_setstat(d, a, SALLY_FOLLOW, &set);
    do_setstat(d, a, 0, &set);
    do_setstat(d, a, SALLY_FOLLOW, &cut);
    do_setstat(d, dir, SALLY_FOLLOW, &set);
    list_one(d, dir);
    if (do_text(d, SALLY_OP_REALPATH, a, SALLY_REALPATH_STAT_IF, text) == SALLY_OK)
        assert_null(strstr(text, "sally-test")); /* an inner path, not one of the machine */
    snprintf(b, sizeof(b), "%s/moved", dir);
    do_two(d, SALLY_OP_RENAME, a, b, 0);
    do_two(d, SALLY_OP_RENAME, b, a, SALLY_RENAME_OVERWRITE);
    do_two(d, SALLY_OP_LINK, a, b, 0);
    do_path(d, SALLY_OP_REMOVE, b);
    do_mkdir(d, b, 0755);
    do_path(d, SALLY_OP_RMDIR, b);
    snprintf(b, sizeof(b), "%s/dir", dir);
    do_path(d, SALLY_OP_RMDIR, b);
    do_symlink(d, b, "secret");
    do_path(d, SALLY_OP_REMOVE, b);
    do_path(d, SALLY_OP_REMOVE, a);
    good += read_one(d, a, make);
    return good;
}

static uint64_t seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec;
}

static sally_fs *subtree_of(sally_fs *fs, const char *root)
{
    sally_fs *subtree;
    assert_int_equal(sally_fs_chroot(&subtree, fs, root), SALLY_E_OK);
    sally_fs_unref(fs);
    return subtree;
}

static sally_fs *make(const struct ground *g, enum root root, bool walk)
{
    char path[SCRATCH_SIZE + 8];
    sally_fs *fs, *glass;
    snprintf(path, sizeof(path), "%s/root", g->scratch);
    if (root == STORAGE) {
        assert_int_equal(local_new(&fs, path, 0, 0, walk), SALLY_E_OK);
        return fs;
    }
    if (root == FREE_PART) {
        assert_int_equal(local_new(&fs, "/", SALLY_LOCAL_UNCONFINED, 0, walk), SALLY_E_OK);
        return subtree_of(fs, path);
    }
    assert_int_equal(local_new(&fs, root == PART_OF_PART ? "/" : g->scratch, 0, 0, walk),
                     SALLY_E_OK);
    if (root == PART_OF_PART)
        fs = subtree_of(fs, g->scratch);
    if (root == READONLY_PART) {
        assert_int_equal(sally_fs_readonly(&glass, fs), SALLY_E_OK);
        sally_fs_unref(fs);
        fs = glass;
    }
    return subtree_of(fs, "/root");
}

static bool goes_on(const struct ground *g, int rounds, uint64_t end)
{
    if (getenv("SALLY_LONG"))
        return rounds < ROUNDS || g->swaps < MANY_SWAPS;
    return rounds < ROUNDS && seconds() < end;
}

static void race(enum root root, bool walk)
{
    struct ground g;
    struct driver d;
    pthread_t attackers[2];
    unsigned good = 0;
    int rounds = 0;
    prepare(&g);
    sally_fs *fs = make(&g, root, walk);
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    assert_int_equal(do_stat(&d, "/", 0, NULL), SALLY_OK);
    for (size_t i = 0; i < COUNT_OF(attackers); i++)
        assert_int_equal(pthread_create(&attackers[i], NULL, attack, &g), 0);
    uint64_t end = seconds() + MAX_SECONDS;
    for (; goes_on(&g, rounds, end); rounds++) {
        static const char *const dirs[] = {"/x", "/y", "/z/deep", "/w"};
        good += round_of(&d, dirs[rounds % 4]);
        good += read_one(&d, "/s", SALLY_OPEN_READ);
        good += read_one(
            &d, "/s", SALLY_OPEN_READ | SALLY_OPEN_WRITE | (rounds % 2 ? SALLY_OPEN_CREATE : 0u));
        look_at(&d, "/s");
        look_at(&d, "/x/secret");
        do_setstat(&d, "/s", SALLY_FOLLOW,
                   &(const sally_attrs){.valid = SALLY_ATTR_SIZE, .size = 2});
    }
    g.stop = true;
    for (size_t i = 0; i < COUNT_OF(attackers); i++)
        pthread_join(attackers[i], NULL);
    driver_stop(&d);
    check_outside(&g);
    assert_true(g.swaps > 0);
    assert_true(good > 0); /* it was not all refused */
    if (getenv("SALLY_LONG"))
        print_message("%lu swaps, %d rounds, %u good opens\n", (unsigned long)g.swaps, rounds,
                      good);
    close(g.root);
    close(g.outside);
    scratch_remove(g.scratch);
}

#define RACE(name, root, walk)                                                                     \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        race(root, walk);                                                                          \
    }

RACE(by_the_kernel, STORAGE, false)
RACE(by_walking, STORAGE, true)
RACE(below_a_root, PART, false)
RACE(below_a_root_by_walking, PART, true)
RACE(below_a_root_of_the_machine, FREE_PART, false)
RACE(below_two_roots, PART_OF_PART, false)
RACE(below_a_readonly_root, READONLY_PART, false)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_kernel),
        cmocka_unit_test(by_walking),
        cmocka_unit_test(below_a_root),
        cmocka_unit_test(below_a_root_by_walking),
        cmocka_unit_test(below_a_root_of_the_machine),
        cmocka_unit_test(below_two_roots),
        cmocka_unit_test(below_a_readonly_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
