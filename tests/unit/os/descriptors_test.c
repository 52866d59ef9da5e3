#include <sys/resource.h>

#include "cmocka_all.h"

#include "os/descriptors.h"

static void is_the_soft_limit(void **state)
{
    (void)state;
    struct rlimit limit = {0}, lower;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    lower = limit;
    lower.rlim_cur = 50;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lower), 0);
    assert_int_equal(os_descriptor_limit(), 50);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_the_soft_limit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
