#include "cmocka_all.h"

#include <stdio.h>

#include "sallyport/version.h"

#if SALLY_VERSION_NUMBER < 0x000200
#error "the number can be compared by the preprocessor"
#endif

static void text_and_number_are_one_version(void **state)
{
    (void)state;
    unsigned major, minor, patch;
    char rest;
    assert_string_equal(sally_version(), SALLY_VERSION_STRING);
    assert_int_equal(sscanf(sally_version(), "%u.%u.%u%c", &major, &minor, &patch, &rest), 3);
    assert_int_equal(major, SALLY_VERSION_MAJOR);
    assert_int_equal(minor, SALLY_VERSION_MINOR);
    assert_int_equal(patch, SALLY_VERSION_PATCH);
    assert_int_equal(sally_version_number(), SALLY_VERSION_NUMBER);
    assert_int_equal(sally_version_number(), (major * 256 + minor) * 256 + patch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_number_are_one_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
