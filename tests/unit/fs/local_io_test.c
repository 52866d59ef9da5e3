/* READ and WRITE when the system does less than was asked, or is interrupted. The linker puts the
 * functions here in the place of pread(), pwrite() and os_read_cached(). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmocka_all.h"
#include "fs/local_fixture.h"

#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)

/* What the next calls do. */
static struct {
    size_t at_most;      /* bytes of one call; 0: all */
    unsigned interrupts; /* calls that fail with EINTR */
    unsigned good;       /* calls that work before one fails with `error`, unless that is 0 */
    int error;
    unsigned calls;
} plan;

/* False: errno. */
static bool may_go_on(size_t *size)
{
    plan.calls++;
    if (plan.interrupts) {
        plan.interrupts--;
        errno = EINTR;
        return false;
    }
    if (plan.error && plan.good-- == 0) {
        errno = plan.error;
        return false;
    }
    if (plan.at_most && *size > plan.at_most)
        *size = plan.at_most;
    return true;
}

ssize_t __real_pread64(int fd, void *data, size_t size, off_t offset);
ssize_t __wrap_pread64(int fd, void *data, size_t size, off_t offset);
ssize_t __wrap_pread64(int fd, void *data, size_t size, off_t offset)
{
    return may_go_on(&size) ? __real_pread64(fd, data, size, offset) : -1;
}

ssize_t __real_pwrite64(int fd, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *data, size_t size, off_t offset)
{
    return may_go_on(&size) ? __real_pwrite64(fd, data, size, offset) : -1;
}

/* What os_read_cached() answers; 0: what pread() does. */
static struct {
    int error;
    unsigned calls;
} cached;

ssize_t __wrap_os_read_cached(int fd, void *data, size_t size, uint64_t offset);
ssize_t __wrap_os_read_cached(int fd, void *data, size_t size, uint64_t offset)
{
    cached.calls++;
    if (!cached.error)
        return __real_pread64(fd, data, size, (off_t)offset);
    errno = cached.error;
    return -1;
}

struct open_file {
    struct local_fixture f;
    sally_file *file;
    char text[20]; /* what was read, with a NUL */
};

/* With ten digits in it. */
static void start(struct open_file *o, enum driver_style style)
{
    memset(o, 0, sizeof *o);
    local_fixture_start(&o->f, NULL, style);
    make_file(&o->f.d, "/f", "0123456789");
    memset(&plan, 0, sizeof plan);
    memset(&cached, 0, sizeof cached);
    IS(do_open(&o->f.d, "/f", SALLY_OPEN_READ | SALLY_OPEN_WRITE, &o->file), OK);
}

static void stop(struct open_file *o)
{
    local_fixture_stop(&o->f);
}

static bool is_in_memory(const struct open_file *o)
{
    int fd = open(o->f.scratch, O_PATH | O_CLOEXEC);
    enum os_medium medium = os_medium_of(fd);
    close(fd);
    return medium == MEDIUM_MEMORY;
}

static sally_status read_at(struct open_file *o, uint64_t offset, uint32_t length)
{
    memset(o->text, 0, sizeof o->text);
    return do_read(&o->f.d, o->file, offset, o->text, &length);
}

static void short_calls_are_repeated(void **state)
{
    (void)state;
    struct open_file o;
    start(&o, DRIVER_INLINE);
    plan.at_most = 3;
    IS(do_write(&o.f.d, o.file, 0, "abcdefghij", 10), OK);
    assert_int_equal(plan.calls, 4);
    plan.calls = 0;
    IS(read_at(&o, 0, 10), OK);
    assert_int_equal(plan.calls, 4);
    assert_string_equal(o.text, "abcdefghij");
    IS(read_at(&o, 4, 15), OK); /* the end is found by a call that brings nothing */
    assert_string_equal(o.text, "efghij");
    stop(&o);
}

static void interruptions_are_not_told(void **state)
{
    (void)state;
    struct open_file o;
    start(&o, DRIVER_INLINE);
    plan.interrupts = 2;
    IS(do_write(&o.f.d, o.file, 0, "abcdefghij", 10), OK);
    plan.interrupts = 2;
    IS(read_at(&o, 0, 10), OK);
    assert_string_equal(o.text, "abcdefghij");
    stop(&o);
}

/* A READ answers with what it has; an incomplete WRITE has failed. */
static void failures_after_a_part(void **state)
{
    (void)state;
    struct open_file o;
    char text[1001];
    start(&o, DRIVER_INLINE);
    plan.at_most = 4;
    plan.good = 2;
    plan.error = EIO;
    IS(read_at(&o, 0, 10), OK);
    assert_string_equal(o.text, "01234567");
    plan.good = 0;
    IS(read_at(&o, 0, 10), FAILURE);
    plan.good = 1;
    plan.error = ENOSPC;
    IS(do_write(&o.f.d, o.file, 0, "abcdefghij", 10), NO_SPACE_ON_FILESYSTEM);
    plan.error = 0;
    assert_string_equal(file_text(&o.f.d, "/f", text), "abcd456789");
    stop(&o);
}

/* Offsets that off_t does not have reach no system call. */
static void offsets_the_system_cannot_count(void **state)
{
    (void)state;
    static const uint64_t offsets[] = {(uint64_t)INT64_MAX - 3, UINT64_MAX};
    struct open_file o;
    start(&o, DRIVER_INLINE);
    for (size_t i = 0; i < COUNT_OF(offsets); i++) {
        IS(read_at(&o, offsets[i], 4), EOF);
        assert_int_equal(do_write(&o.f.d, o.file, offsets[i], "1234", 4),
                         sally_status_from_errno(EFBIG));
    }
    assert_int_equal(plan.calls, 0);
    IS(do_close(&o.f.d, o.file), OK);
    IS(do_open(&o.f.d, "/f", SALLY_OPEN_WRITE | SALLY_OPEN_APPEND, &o.file), OK);
    IS(do_write(&o.f.d, o.file, UINT64_MAX, "1234", 4), OK); /* the offset means nothing */
    stop(&o);
}

/* A file system that cannot say what is cached is asked once per open file. */
static void what_is_cached_is_answered_at_once(void **state)
{
    (void)state;
    static const struct {
        int error;
        unsigned offloaded, calls; /* by two READs */
    } cases[] = {{0, 0, 2}, {EAGAIN, 2, 2}, {EOPNOTSUPP, 2, 1}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct open_file o;
        start(&o, DRIVER_TRYING);
        if (is_in_memory(&o)) { /* where pread() does not wait */
            stop(&o);
            print_message("skipped: the directory is in memory, where pread() does not wait\n");
            skip();
        }
        cached.error = cases[i].error;
        unsigned before = o.f.d.offloaded;
        for (int times = 0; times < 2; times++) {
            IS(read_at(&o, 0, 10), OK);
            assert_string_equal(o.text, "0123456789");
        }
        assert_int_equal(o.f.d.offloaded, before + cases[i].offloaded);
        assert_int_equal(cached.calls, cases[i].calls);
        stop(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_calls_are_repeated),
        cmocka_unit_test(interruptions_are_not_told),
        cmocka_unit_test(failures_after_a_part),
        cmocka_unit_test(offsets_the_system_cannot_count),
        cmocka_unit_test(what_is_cached_is_answered_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
