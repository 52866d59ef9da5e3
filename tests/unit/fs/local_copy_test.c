/* COPY, whatever the kernel does of it. The linker puts a function here in the place of
 * os_copy_range(). */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmocka_all.h"
#include "fs/local_fixture.h"

#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)

#define SIZE 700000u /* more than is copied at a time by hand */

/* What the kernel does: copies `at_most` bytes for each of `good` calls, and then `result`. */
static struct {
    size_t at_most;
    unsigned good;
    ssize_t result; /* -1: fails with `error` */
    int error;
    unsigned calls;
} kernel;

static uint8_t buffer[SIZE];

ssize_t __wrap_os_copy_range(int from, uint64_t from_offset, int to, uint64_t to_offset,
                             size_t size);
ssize_t __wrap_os_copy_range(int from, uint64_t from_offset, int to, uint64_t to_offset,
                             size_t size)
{
    kernel.calls++;
    if (kernel.good == 0) {
        errno = kernel.error;
        return kernel.result;
    }
    kernel.good--;
    if (size > kernel.at_most)
        size = kernel.at_most;
    ssize_t got = pread(from, buffer, size, (off_t)from_offset);
    assert_true(got >= 0);
    assert_int_equal(pwrite(to, buffer, (size_t)got, (off_t)to_offset), got);
    return got;
}

struct files {
    struct local_fixture f;
    sally_file *from, *to;
    uint8_t *bytes;
};

static void start_in(struct files *x, uint32_t more_flags, enum driver_style style)
{
    memset(&kernel, 0, sizeof kernel);
    local_fixture_start(&x->f, NULL, style);
    IS(do_open(&x->f.d, "/from", SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE, &x->from),
       OK);
    IS(do_open(&x->f.d, "/to", SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | more_flags,
               &x->to),
       OK);
    x->bytes = mem_alloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        x->bytes[i] = (uint8_t)(i * 7 + i / 256);
    IS(do_write(&x->f.d, x->from, 0, x->bytes, SIZE), OK);
}

static void start(struct files *x, uint32_t more_flags)
{
    start_in(x, more_flags, DRIVER_INLINE);
}

static void stop(struct files *x)
{
    mem_free(x->bytes);
    local_fixture_stop(&x->f);
}

static sally_status copy(struct files *x, uint64_t from, uint64_t to, uint64_t length,
                         uint64_t *done)
{
    struct op *op = driver_file_op(&x->f.d, SALLY_OP_COPY, x->from);
    op->pub.u.copy =
        (sally_op_copy){.to = x->to, .from_offset = from, .to_offset = to, .length = length};
    sally_status status = driver_do(&x->f.d, op);
    *done = op->pub.u.copy.done;
    op_free(op);
    return status;
}

/* That `size` bytes of the target from `at` are the source's from `from`. */
static void assert_copied(struct files *x, uint64_t at, size_t from, size_t size)
{
    uint32_t length = SIZE;
    uint8_t *got = mem_alloc(SIZE);
    assert_non_null(got);
    IS(do_read(&x->f.d, x->to, at, got, &length), OK);
    assert_int_equal(length, size);
    assert_memory_equal(got, x->bytes + from, size);
    mem_free(got);
}

/* The kernel cannot at all, or stops half way, or says that there is nothing more, which is untrue
 * on some file systems: the rest is copied by hand, from where it stopped. */
static void the_rest_is_copied_by_hand(void **state)
{
    (void)state;
    static const struct {
        size_t at_most;
        unsigned good;
        ssize_t result;
        int error;
    } cases[] = {{0, 0, -1, EOPNOTSUPP}, {1000, 3, -1, EOPNOTSUPP}, {0, 0, 0, 0}, {70000, 2, 0, 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct files x;
        uint64_t done;
        start(&x, 0);
        kernel.at_most = cases[i].at_most;
        kernel.good = cases[i].good;
        kernel.result = cases[i].result;
        kernel.error = cases[i].error;
        IS(copy(&x, 5, 0, 0, &done), OK);
        assert_int_equal(done, SIZE - 5);
        assert_int_equal(kernel.calls, cases[i].good + 1);
        assert_copied(&x, 0, 5, SIZE - 5);
        kernel.good = 0;
        IS(copy(&x, 1, 0, 300000, &done), OK); /* a bounded one */
        assert_int_equal(done, 300000);
        stop(&x);
    }
}

/* Others have their turns in between. */
static void large_files_are_copied_in_pieces(void **state)
{
    (void)state;
    struct files x;
    uint64_t done;
    start_in(&x, 0, DRIVER_TRYING);
    kernel.result = -1;
    kernel.error = EOPNOTSUPP;
    IS(do_write(&x.f.d, x.from, 40u << 20, "end", 3), OK);
    IS(copy(&x, 0, 0, 0, &done), OK);
    assert_int_equal(done, (40u << 20) + 3);
    assert_int_equal(x.f.d.resumed, 2); /* 16 MiB each time */
    uint32_t length = 3;
    char end[3];
    IS(do_read(&x.f.d, x.to, 40u << 20, end, &length), OK);
    assert_memory_equal(end, "end", 3);
    stop(&x);
}

static void the_kernel_may_take_small_steps(void **state)
{
    (void)state;
    struct files x;
    uint64_t done;
    start(&x, 0);
    kernel.at_most = 100000;
    kernel.good = 1000;
    IS(copy(&x, 0, 10, 250000, &done), OK);
    assert_int_equal(kernel.calls, 3);
    assert_int_equal(done, 250000);
    assert_copied(&x, 10, 0, 250000);
    stop(&x);
}

static void failures_tell_what_was_done(void **state)
{
    (void)state;
    struct files x;
    uint64_t done;
    start(&x, 0);
    kernel.at_most = 100000;
    kernel.good = 2;
    kernel.result = -1;
    kernel.error = ENOSPC;
    IS(copy(&x, 0, 0, 0, &done), NO_SPACE_ON_FILESYSTEM);
    assert_int_equal(done, 200000);
    assert_int_equal(kernel.calls, 3);
    stop(&x);
}

/* copy_file_range(2) refuses files that are open for appending. */
static void appending_is_done_by_hand(void **state)
{
    (void)state;
    struct files x;
    uint64_t done;
    start(&x, SALLY_OPEN_APPEND);
    IS(do_write(&x.f.d, x.to, 0, "head", 4), OK);
    IS(copy(&x, 0, 0, 300000, &done), OK);
    assert_int_equal(kernel.calls, 0);
    assert_int_equal(done, 300000);
    assert_copied(&x, 4, 0, 300000);
    stop(&x);
}

static void ranges_the_system_cannot_count(void **state)
{
    (void)state;
    static const uint64_t cases[][3] = {
        {(uint64_t)INT64_MAX + 1, 0, 0},
        {0, (uint64_t)INT64_MAX + 1, 0},
        {0, 0, (uint64_t)INT64_MAX + 1},
        {1, 0, INT64_MAX},
        {0, 1, INT64_MAX},
    };
    struct files x;
    uint64_t done;
    start(&x, 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        IS(copy(&x, cases[i][0], cases[i][1], cases[i][2], &done), INVALID_PARAMETER);
    assert_int_equal(kernel.calls, 0);
    stop(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rest_is_copied_by_hand),
        cmocka_unit_test(large_files_are_copied_in_pieces),
        cmocka_unit_test(the_kernel_may_take_small_steps),
        cmocka_unit_test(failures_tell_what_was_done),
        cmocka_unit_test(appending_is_done_by_hand),
        cmocka_unit_test(ranges_the_system_cannot_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
