/* The sandbox, by trying: each attempt is made in a process that has entered it. The linker puts a
 * function here in the place of syscall(), which can be a kernel that lacks something. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cmd/attempts.h"
#include "cmd/in_child.h"
#include "common/sandbox.h"

static long missing_call; /* that the kernel has not, if any */

long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    if (number != missing_call || !missing_call)
        return __real_syscall(number, a, b, c, d, e, f);
    errno = ENOSYS;
    return -1;
}

/* ---- The ground ---- */

static void put(const char *path)
{
    int fd = open(attempts_at(path), O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0 && write(fd, "text", 4) == 4 && close(fd) == 0);
}

static int make_ground(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(attempts_ground));
    static const char *const folders[] = {"write", "write/a", "write/b", "read", "outside"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        assert_int_equal(mkdir(attempts_at(folders[i]), 0700), 0);
    put("write/a/file");
    put("write/doomed");
    put("read/file");
    put("outside/file");
    put("one");
    assert_int_equal(mkfifo(attempts_at("write/fifo"), 0600), 0);
    assert_int_equal(symlink(attempts_at("outside/file"), attempts_at("write/link")), 0);
    return 0;
}

static int remove_ground(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", attempts_ground);
    return system(command);
}

/* ---- Entering ---- */

static unsigned features;
static bool files_are_limited;

static void enter(struct sandbox_report *report)
{
    char write_to[200], read_from[200], one[200];
    snprintf(write_to, sizeof write_to, "%s/write", attempts_ground);
    snprintf(read_from, sizeof read_from, "%s/read", attempts_ground);
    snprintf(one, sizeof one, "%s/one", attempts_ground);
    const struct sandbox_path paths[] = {{write_to, SANDBOX_WRITE}, {read_from, SANDBOX_READ},
                                         {one, SANDBOX_READ},       {"/usr", SANDBOX_READ},
                                         {"/lib", SANDBOX_READ},    {"/etc", SANDBOX_READ},
                                         {"/lib64", SANDBOX_READ},  {"/not-there", SANDBOX_READ}};
    const struct sandbox sandbox = {features, paths,
                                    files_are_limited ? sizeof paths / sizeof *paths : 0};
    sandbox_enter(&sandbox, report);
}

static int report_of(const void *argument)
{
    struct sandbox_report report;
    (void)argument;
    enter(&report);
    return (report.landlock > 0 ? 1 : 0) | (report.filter ? 2 : 0) | (*report.missing ? 4 : 0);
}

/* What this kernel can do: bits as above. */
static int whole(void)
{
    features = 0;
    files_are_limited = true;
    int got = in_child(report_of, NULL);
    if (got != 3)
        print_message("this kernel has not all of Landlock and seccomp: %d\n", got);
    return got;
}

/* The errno, or 255: could not enter. */
static int attempt_inside(const void *argument)
{
    const struct attempt *attempt = argument;
    struct sandbox_report report;
    enter(&report);
    errno = 0;
    return attempt->act() ? (errno ? errno : 255) : 0;
}

static void each_attempt_ends_as_it_should(void **state)
{
    (void)state;
    int can = whole(), failed = 0;
    for (const struct attempt *a = attempts; a->name; a++) {
        if (((a->when & LAND) && !(can & 1)) || ((a->when & SECC) && !(can & 2)) ||
            ((a->when & SANE) && SANDBOX_SANITIZED))
            continue;
        int got = in_child(attempt_inside, a);
        if (a->wanted == ANY ? got == 0 : got != a->wanted) {
            print_error("%s: %s\n", a->name, strerror(got));
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

static void what_a_feature_needs_stays_possible(void **state)
{
    (void)state;
    static const struct attempt network[] = {{"", try_inet, 0, 0}, {"", try_inet6, 0, 0}};
    static const struct attempt programs[] = {{"", try_fork, 0, 0}};
    if (!(whole() & 2))
        skip();
    features = SANDBOX_NETWORK;
    assert_int_equal(in_child(attempt_inside, &network[0]), 0);
    assert_int_not_equal(in_child(attempt_inside, &network[1]), EPERM); /* none on this machine? */
    features = SANDBOX_PROGRAMS;
    assert_int_equal(in_child(attempt_inside, &programs[0]), 0);
    files_are_limited = false; /* to find the program */
    static const struct attempt program = {"", try_exec, 0, 0};
    assert_int_equal(in_child(attempt_inside, &program), 0);
    features = 0;
    assert_int_equal(in_child(attempt_inside, &program), EPERM);
}

/* As sftp-server has it. */
static void without_paths_all_files_are_in_reach(void **state)
{
    (void)state;
    static const struct attempt outside = {"", try_outside, 0, 0}, socket = {"", try_inet, 0, 0};
    int can = whole();
    files_are_limited = false;
    assert_int_equal(in_child(attempt_inside, &outside), 0);
    if (can & 2)
        assert_int_equal(in_child(attempt_inside, &socket), EPERM);
}

static int look_at_process(const void *argument)
{
    struct sandbox_report report;
    struct rlimit core;
    (void)argument;
    enter(&report);
    getrlimit(RLIMIT_CORE, &core);
    return (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1) |
           (prctl(PR_GET_DUMPABLE) == SANDBOX_SANITIZED ? 0 : 2) |
           (core.rlim_cur == 0 && core.rlim_max == 0 ? 0 : 4);
}

static void the_process_is_closed_to_others(void **state)
{
    (void)state;
    whole();
    assert_int_equal(in_child(look_at_process, NULL), 0);
}

static void *look_from_thread(void *argument)
{
    (void)argument;
    static const struct attempt socket = {"", try_inet, EPERM, 0};
    return socket.act() && errno == EPERM ? NULL : (void *)attempts_ground;
}

static int look_in_thread(const void *argument)
{
    struct sandbox_report report;
    pthread_t thread;
    void *result = attempts_ground;
    (void)argument;
    enter(&report);
    return pthread_create(&thread, NULL, look_from_thread, NULL) || pthread_join(thread, &result) ||
           result;
}

static void threads_are_in_it_too(void **state)
{
    (void)state;
    if (!(whole() & 2))
        skip();
    assert_int_equal(in_child(look_in_thread, NULL), 0);
}

static void *wait_for_ever(void *argument)
{
    pause();
    return argument;
}

static int enter_too_late(const void *argument)
{
    struct sandbox_report report;
    pthread_t thread;
    (void)argument;
    if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
        return 1;
    enter(&report);
    return strstr(report.missing, "threads") || SANDBOX_SANITIZED ? 0 : 2;
}

/* Who enters it too late is told. */
static void threads_from_before_are_reported(void **state)
{
    (void)state;
    whole();
    assert_int_equal(in_child(enter_too_late, NULL), 0);
}

/* The rest is done, and the report says what is not. */
static void a_kernel_that_lacks_something_is_reported(void **state)
{
    (void)state;
    int can = whole();
    missing_call = SYS_landlock_create_ruleset;
    assert_int_equal(in_child(report_of, NULL), (can & 2) | 4);
    missing_call = SYS_seccomp;
    assert_int_equal(in_child(report_of, NULL), (can & 1) | 4);
    missing_call = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_attempt_ends_as_it_should),
        cmocka_unit_test(what_a_feature_needs_stays_possible),
        cmocka_unit_test(without_paths_all_files_are_in_reach),
        cmocka_unit_test(the_process_is_closed_to_others),
        cmocka_unit_test(threads_are_in_it_too),
        cmocka_unit_test(threads_from_before_are_reported),
        cmocka_unit_test(a_kernel_that_lacks_something_is_reported),
    };
    return cmocka_run_group_tests(tests, make_ground, remove_ground);
}
