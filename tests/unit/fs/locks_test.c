#include "fs/locks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "core/session_internal.h"
#include "fs/driver.h"
#include "fs/scratch.h"

#define RW (SALLY_OPEN_READ | SALLY_OPEN_WRITE)

/* Many threads on a few files: at the end nothing is held, and no one ever saw two holders of what
 * only one may hold. */
#define THREADS 4
#define ROUNDS  3000
#define FILES   3

static const sally_op nobodys = {.path = "/file"};

struct bench {
    struct locks locks;
    _Atomic int alone[FILES];  /* who has reserved the file */
    _Atomic int inside[FILES]; /* who has the range */
};

struct worker {
    struct bench *bench;
    pthread_t thread;
    struct sally_session session;
    unsigned seed;
    unsigned conflicts, got;
};

static unsigned next(unsigned *seed)
{
    return *seed = *seed * 1103515245u + 12345u, *seed >> 16;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct bench *b = w->bench;
    for (int i = 0; i < ROUNDS; i++) {
        unsigned file = next(&w->seed) % FILES;
        struct lock_key key = {.device = 1, .inode = file};
        bool reserve = next(&w->seed) % 2;
        struct lock_holder holder;
        sally_op op = {.path = "/file", .session = &w->session};
        lock_holder_init(&holder, &op, SALLY_OPEN_WRITE | (reserve ? SALLY_OPEN_BLOCK_WRITE : 0),
                         0);
        if (locks_enter(&b->locks, &holder, key, NULL) != SALLY_OK) {
            w->conflicts++;
            continue;
        }
        if (reserve) {
            assert_int_equal(atomic_fetch_add(&b->alone[file], 1), 0);
            atomic_fetch_sub(&b->alone[file], 1);
        }
        sally_op_lock lock = {.offset = 10, .length = 5, .flags = SALLY_OPEN_BLOCK_WRITE};
        if (locks_add(&b->locks, &holder, &lock, NULL) == SALLY_OK) {
            w->got++;
            assert_int_equal(atomic_fetch_add(&b->inside[file], 1), 0);
            assert_int_equal(locks_check_io(&b->locks, &holder, 0, 100, true, NULL), SALLY_OK);
            atomic_fetch_sub(&b->inside[file], 1);
            if (next(&w->seed) % 2)
                assert_int_equal(locks_remove(&b->locks, &holder, &lock), SALLY_OK);
        }
        locks_leave(&b->locks, &holder);
    }
    return NULL;
}

static void many_threads(void **state)
{
    (void)state;
    static struct bench b;
    static char user[] = "joe";
    struct worker workers[THREADS];
    unsigned got = 0;
    locks_init(&b.locks);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.bench = &b, .seed = i + 1, .session.user = user};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        got += workers[i].got;
    }
    assert_true(got > 0);
    assert_false(locks_any(&b.locks));
    assert_int_equal(atomic_load(&b.locks.ranges), 0);
    for (unsigned i = 0; i < LOCKS_BUCKETS; i++)
        assert_true(list_empty(&b.locks.buckets[i]));
    locks_clear(&b.locks);
}

/* One open file, and its user. */
struct holding {
    struct sally_session session;
    char user[16];
    struct lock_holder holder;
};

static void hold(struct locks *locks, struct holding *h, unsigned user, uint64_t file)
{
    snprintf(h->user, sizeof(h->user), "user%u", user);
    h->session.user = h->user;
    const sally_op op = {.path = "/file", .session = &h->session};
    lock_holder_init(&h->holder, &op, RW, 0);
    assert_int_equal(locks_enter(locks, &h->holder, (struct lock_key){1, file}, NULL), SALLY_OK);
}

/* Ranges of one byte from `first` on; how many were granted. */
static uint32_t fill(struct locks *locks, struct holding *h, uint64_t first, uint32_t wanted)
{
    for (uint32_t i = 0; i < wanted; i++) {
        const sally_op_lock lock = {
            .offset = first + UINT64_C(2) * i, .length = 1, .flags = SALLY_OPEN_BLOCK_WRITE};
        sally_status status = locks_add(locks, &h->holder, &lock, NULL);
        if (status != SALLY_OK) {
            assert_int_equal(status, SALLY_BYTE_RANGE_LOCK_REFUSED);
            return i;
        }
    }
    return wanted;
}

/* A user who takes all he can get leaves the others theirs, unless it is on one and the same file.
 */
static void shares_of_users(void **state)
{
    (void)state;
    enum {
        USERS = LOCKS_MAX / LOCKS_MAX_OF_USER,
        EACH = LOCKS_MAX_OF_USER / LOCKS_MAX_OF_HANDLE,
        ALL = USERS * EACH
    };
    static struct locks locks;
    struct holding *all = calloc(ALL + 2, sizeof(*all)), *more = &all[ALL], *late = &all[ALL + 1];
    locks_init(&locks);
    for (unsigned user = 0; user < USERS; user++) {
        struct holding *his = &all[user * EACH];
        for (unsigned i = 0; i < EACH; i++) {
            hold(&locks, &his[i], user, user * EACH + i);
            assert_int_equal(fill(&locks, &his[i], 0, LOCKS_MAX_OF_HANDLE + 1),
                             LOCKS_MAX_OF_HANDLE);
        }
        hold(&locks, more, user, 1000000);
        assert_int_equal(fill(&locks, more, 0, 1), 0);
        const sally_op_lock one = {.offset = 0, .length = 1};
        assert_int_equal(locks_remove(&locks, &his->holder, &one), SALLY_OK);
        assert_int_equal(fill(&locks, more, 0, 2), 1);
        locks_leave(&locks, &more->holder);
        assert_int_equal(fill(&locks, his, 0, 1), 1);
    }
    hold(&locks, late, USERS, 1000001);
    assert_int_equal(fill(&locks, late, 0, 1), 0);
    locks_leave(&locks, &all[0].holder);
    assert_int_equal(fill(&locks, late, 0, 1), 1);
    locks_leave(&locks, &late->holder);
    for (unsigned i = 1; i < ALL; i++)
        locks_leave(&locks, &all[i].holder);

    /* One file. */
    for (unsigned i = 0; i < EACH; i++) {
        hold(&locks, &all[i], i % 2, 1);
        assert_int_equal(fill(&locks, &all[i], i * UINT64_C(10000), LOCKS_MAX_OF_HANDLE),
                         LOCKS_MAX_OF_HANDLE);
    }
    hold(&locks, more, 2, 1);
    assert_int_equal(fill(&locks, more, 1000000, 1), 0);
    for (unsigned i = 0; i < EACH; i++)
        locks_leave(&locks, &all[i].holder);
    assert_int_equal(fill(&locks, more, 1000000, 1), 1);
    locks_leave(&locks, &more->holder);
    assert_false(locks_any(&locks));
    for (size_t i = 0; i < LOCK_USERS_BUCKETS; i++)
        assert_true(list_empty(&locks.users.buckets[i]));
    locks_clear(&locks);
    free(all);
}

/* Files that share a bucket are still different files. */
static void crowded(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static struct lock_holder holders[COUNT];
    static struct locks locks;
    locks_init(&locks);
    for (unsigned i = 0; i < COUNT; i++) {
        lock_holder_init(&holders[i], &nobodys, RW | SALLY_OPEN_BLOCK_WRITE, 0);
        assert_int_equal(locks_enter(&locks, &holders[i], (struct lock_key){i % 7, i}, NULL),
                         SALLY_OK);
    }
    struct lock_holder late;
    lock_holder_init(&late, &nobodys, SALLY_OPEN_WRITE, 0);
    for (unsigned i = 0; i < COUNT; i += 100)
        assert_int_equal(locks_enter(&locks, &late, (struct lock_key){i % 7, i}, NULL),
                         SALLY_LOCK_CONFLICT);
    for (unsigned i = 0; i < COUNT; i++)
        locks_leave(&locks, &holders[i]);
    assert_int_equal(locks_enter(&locks, &late, (struct lock_key){0, 0}, NULL), SALLY_OK);
    locks_leave(&locks, &late);
    locks_leave(&locks, &late);
    locks_clear(&locks);
}

/* Access to delete counts like DELETE_ON_CLOSE. */
static void wanted_access(void **state)
{
    (void)state;
    static struct locks locks;
    struct lock_holder keeper, remover;
    struct lock_key key = {1, 1};
    locks_init(&locks);
    lock_holder_init(&keeper, &nobodys, SALLY_OPEN_READ | SALLY_OPEN_BLOCK_DELETE, 0);
    lock_holder_init(&remover, &nobodys, SALLY_OPEN_READ, 0x00010000);
    assert_int_equal(locks_enter(&locks, &remover, key, NULL), SALLY_OK);
    assert_int_equal(locks_enter(&locks, &keeper, key, NULL), SALLY_LOCK_CONFLICT);
    locks_leave(&locks, &remover);
    assert_int_equal(locks_enter(&locks, &keeper, key, NULL), SALLY_OK);
    assert_int_equal(locks_enter(&locks, &remover, key, NULL), SALLY_LOCK_CONFLICT);
    locks_leave(&locks, &keeper);
    locks_clear(&locks);
}

/* Another program, which asks the system for a lock of these bytes and says what it got. */
static int outside(const char *directory, short type, off_t offset, off_t length)
{
    char path[SCRATCH_SIZE + 8];
    snprintf(path, sizeof(path), "%s/f", directory);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int fd = open(path, O_RDWR);
        struct flock lock = {
            .l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = length};
        _exit(fd < 0 ? 100 : fcntl(fd, F_SETLK, &lock) == 0 ? 0 : errno);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void other_programs(void **state)
{
    (void)state;
    char scratch[SCRATCH_SIZE], path[SCRATCH_SIZE + 8];
    sally_fs *fs;
    sally_file *file;
    struct driver d;
    scratch_make(scratch);
    assert_int_equal(sally_fs_local(&fs, scratch, 0, 0), SALLY_E_OK);
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    make_file(&d, "/f", "0123456789");
    assert_int_equal(do_open(&d, "/f", RW, &file), SALLY_OK);

    assert_int_equal(do_lock(&d, SALLY_OP_LOCK, file, 2, 3, SALLY_OPEN_BLOCK_WRITE), SALLY_OK);
    assert_int_equal(outside(scratch, F_RDLCK, 2, 3), 0);
    assert_int_equal(outside(scratch, F_WRLCK, 4, 1), EAGAIN);
    assert_int_equal(outside(scratch, F_WRLCK, 5, 0), 0);
    assert_int_equal(do_lock(&d, SALLY_OP_LOCK, file, 8, 0, SALLY_OPEN_BLOCK_READ), SALLY_OK);
    assert_int_equal(outside(scratch, F_RDLCK, 1000, 1), EAGAIN);
    assert_int_equal(outside(scratch, F_RDLCK, 7, 1), 0);
    assert_int_equal(do_lock(&d, SALLY_OP_UNLOCK, file, 2, 3, 0), SALLY_OK);
    assert_int_equal(outside(scratch, F_WRLCK, 0, 8), 0);
    assert_int_equal(do_close(&d, file), SALLY_OK);
    assert_int_equal(outside(scratch, F_WRLCK, 0, 0), 0);

    /* And the other way round. */
    assert_int_equal(do_open(&d, "/f", RW, &file), SALLY_OK);
    snprintf(path, sizeof(path), "%s/f", scratch);
    int fd = open(path, O_RDWR);
    struct flock theirs = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &theirs), 0);
    assert_int_equal(do_lock(&d, SALLY_OP_LOCK, file, 0, 10, SALLY_OPEN_BLOCK_WRITE),
                     SALLY_BYTE_RANGE_LOCK_REFUSED);
    assert_int_equal(do_lock(&d, SALLY_OP_UNLOCK, file, 0, 10, 0),
                     SALLY_NO_MATCHING_BYTE_RANGE_LOCK);
    close(fd);
    assert_int_equal(do_lock(&d, SALLY_OP_LOCK, file, 0, 10, SALLY_OPEN_BLOCK_WRITE), SALLY_OK);
    assert_int_equal(
        do_lock(&d, SALLY_OP_LOCK, file, (uint64_t)INT64_MAX + 1, 1, SALLY_OPEN_BLOCK_WRITE),
        SALLY_INVALID_PARAMETER);
    driver_stop(&d);
    scratch_remove(scratch);
}

/* A descriptor that cannot write cannot exclude, and is locked nevertheless. */
static void read_only_handles(void **state)
{
    (void)state;
    char scratch[SCRATCH_SIZE];
    sally_fs *fs;
    sally_file *file;
    struct driver d;
    scratch_make(scratch);
    assert_int_equal(sally_fs_local(&fs, scratch, 0, 0), SALLY_E_OK);
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    make_file(&d, "/f", "0123456789");
    assert_int_equal(do_open(&d, "/f", SALLY_OPEN_READ, &file), SALLY_OK);
    assert_int_equal(do_lock(&d, SALLY_OP_LOCK, file, 0, 0, SALLY_OPEN_BLOCK_READ), SALLY_OK);
    assert_int_equal(outside(scratch, F_WRLCK, 0, 1), EAGAIN);
    assert_int_equal(do_close(&d, file), SALLY_OK);
    assert_int_equal(do_open(&d, "/f", SALLY_OPEN_WRITE, &file), SALLY_OK);
    assert_int_equal(do_lock(&d, SALLY_OP_LOCK, file, 0, 0, SALLY_OPEN_BLOCK_WRITE), SALLY_OK);
    assert_int_equal(outside(scratch, F_RDLCK, 0, 1), EAGAIN);
    driver_stop(&d);
    scratch_remove(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_threads),   cmocka_unit_test(shares_of_users),
        cmocka_unit_test(crowded),        cmocka_unit_test(wanted_access),
        cmocka_unit_test(other_programs), cmocka_unit_test(read_only_handles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
