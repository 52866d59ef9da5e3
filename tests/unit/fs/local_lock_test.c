/* LOCK and UNLOCK with the system, which tells other programs. */
#include "fs/local.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fs/driver.h"
#include "fs/scratch.h"

#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)

#define RW       (SALLY_OPEN_READ | SALLY_OPEN_WRITE)
#define NO_WRITE SALLY_OPEN_BLOCK_WRITE

struct two_sessions {
    char scratch[SCRATCH_SIZE];
    struct driver mine, theirs;
    sally_file *my_file, *their_file;
};

static void start(struct two_sessions *t)
{
    sally_fs *fs;
    scratch_make(t->scratch);
    IS(local_new(&fs, t->scratch, 0, 0, false), OK);
    driver_start(&t->mine, fs, DRIVER_INLINE);
    driver_start(&t->theirs, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    make_file(&t->mine, "/f", "0123456789");
    IS(do_open(&t->mine, "/f", RW, &t->my_file), OK);
    IS(do_open(&t->theirs, "/f", RW, &t->their_file), OK);
}

static void stop(struct two_sessions *t)
{
    driver_stop(&t->mine);
    driver_stop(&t->theirs);
    scratch_remove(t->scratch);
}

/* Called instead of os_unlock_range(), which the linker renames: what the other session can do
 * before the system has let go. */
static struct two_sessions *unlocking;
static unsigned unlocks;

void __real_os_unlock_range(int fd, uint64_t offset, uint64_t length);
void __wrap_os_unlock_range(int fd, uint64_t offset, uint64_t length);
void __wrap_os_unlock_range(int fd, uint64_t offset, uint64_t length)
{
    struct two_sessions *t = unlocking;
    if (t) {
        unlocking = NULL;
        unlocks++;
        IS(do_write(&t->theirs, t->their_file, 2, "x", 1), BYTE_RANGE_LOCK_CONFLICT);
        IS(do_lock(&t->theirs, SALLY_OP_LOCK, t->their_file, 2, 3, NO_WRITE),
           BYTE_RANGE_LOCK_REFUSED);
    }
    __real_os_unlock_range(fd, offset, length);
}

/* Otherwise the storage would call a range free that the system then refuses. */
static void the_system_lets_go_first(void **state)
{
    (void)state;
    struct two_sessions t;
    start(&t);
    IS(do_lock(&t.mine, SALLY_OP_LOCK, t.my_file, 2, 3, NO_WRITE), OK);
    unlocks = 0;
    unlocking = &t;
    IS(do_lock(&t.mine, SALLY_OP_UNLOCK, t.my_file, 2, 3, 0), OK);
    assert_int_equal(unlocks, 1);
    IS(do_write(&t.theirs, t.their_file, 2, "x", 1), OK);
    IS(do_lock(&t.theirs, SALLY_OP_LOCK, t.their_file, 2, 3, NO_WRITE), OK);
    stop(&t);
}

/* What was not locked is left alone: with the system, too, other locks of the file stay. */
static void nothing_is_unlocked_without_a_lock(void **state)
{
    (void)state;
    struct two_sessions t;
    start(&t);
    IS(do_lock(&t.mine, SALLY_OP_LOCK, t.my_file, 2, 3, NO_WRITE), OK);
    unlocks = 0;
    unlocking = &t;
    IS(do_lock(&t.mine, SALLY_OP_UNLOCK, t.my_file, 2, 2, 0), NO_MATCHING_BYTE_RANGE_LOCK);
    IS(do_lock(&t.theirs, SALLY_OP_UNLOCK, t.their_file, 2, 3, 0), NO_MATCHING_BYTE_RANGE_LOCK);
    assert_int_equal(unlocks, 0);
    unlocking = NULL;
    stop(&t);
}

static bool is_free_for_others(const struct two_sessions *t)
{
    char path[SCRATCH_SIZE + 8];
    snprintf(path, sizeof path, "%s/f", t->scratch);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 3};
    bool known = fcntl(fd, F_OFD_GETLK, &lock) == 0;
    close(fd);
    return !known || lock.l_type == F_UNLCK;
}

/* A program outside has a lock: the storage says so, and keeps nothing of its own. */
static void what_the_system_refuses_is_not_held(void **state)
{
    (void)state;
    struct two_sessions t;
    char path[SCRATCH_SIZE + 8];
    start(&t);
    snprintf(path, sizeof path, "%s/f", t.scratch);
    int outside = open(path, O_RDWR | O_CLOEXEC);
    assert_true(outside >= 0);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 4, .l_len = 1};
    assert_int_equal(fcntl(outside, F_OFD_SETLK, &lock), 0);
    IS(do_lock(&t.mine, SALLY_OP_LOCK, t.my_file, 2, 3, NO_WRITE), BYTE_RANGE_LOCK_REFUSED);
    IS(do_write(&t.theirs, t.their_file, 2, "x", 1), OK);
    close(outside);
    IS(do_lock(&t.mine, SALLY_OP_LOCK, t.my_file, 2, 3, NO_WRITE), OK);
    assert_false(is_free_for_others(&t));
    IS(do_lock(&t.mine, SALLY_OP_UNLOCK, t.my_file, 2, 3, 0), OK);
    assert_true(is_free_for_others(&t));
    stop(&t);
}

/* The table has 64 bits for offsets, the system 63. */
static void ranges_end_where_the_system_can_count(void **state)
{
    (void)state;
    struct two_sessions t;
    start(&t);
    IS(do_lock(&t.mine, SALLY_OP_LOCK, t.my_file, (uint64_t)INT64_MAX + 1, 1, NO_WRITE),
       INVALID_PARAMETER);
    IS(do_lock(&t.mine, SALLY_OP_LOCK, t.my_file, INT64_MAX, 5, NO_WRITE), OK);
    IS(do_lock(&t.mine, SALLY_OP_UNLOCK, t.my_file, INT64_MAX, 5, 0), OK);
    stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_system_lets_go_first),
        cmocka_unit_test(nothing_is_unlocked_without_a_lock),
        cmocka_unit_test(what_the_system_refuses_is_not_held),
        cmocka_unit_test(ranges_end_where_the_system_can_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
