#include "cmocka_all.h"

#include <errno.h>

#include "core/status.h"

static void no_version_says_what_it_does_not_know(void **state)
{
    static const uint32_t highest[] = {[3] = 8, [4] = 13, [5] = 17, [6] = 31};
    for (uint32_t version = 3; version <= 6; version++) {
        for (sally_status s = -5; s < 50; s++)
            assert_true(status_sftp_code(s, version) <= highest[version]);
    }
    for (uint32_t version = 3; version <= 6; version++) { /* those are for clients alone */
        assert_int_equal(status_sftp_code(SALLY_NO_CONNECTION, version), SALLY_FAILURE);
        assert_int_equal(status_sftp_code(SALLY_CONNECTION_LOST, version), SALLY_FAILURE);
    }
    assert_int_equal(status_sftp_code(SALLY_FILE_ALREADY_EXISTS, 3), SALLY_FAILURE);
    assert_int_equal(status_sftp_code(SALLY_FILE_ALREADY_EXISTS, 4), SALLY_FILE_ALREADY_EXISTS);
    assert_int_equal(status_sftp_code(SALLY_NO_SUCH_PATH, 3), SALLY_NO_SUCH_FILE);
    (void)state;
}

static void a_missing_file_is_always_2(void **state)
{
    for (uint32_t version = 3; version <= 6; version++)
        assert_int_equal(status_sftp_code(sally_status_from_errno(ENOENT), version), 2);
    assert_int_equal(sally_status_from_errno(EACCES), SALLY_PERMISSION_DENIED);
    assert_int_equal(sally_status_from_errno(ENOSPC), SALLY_NO_SPACE_ON_FILESYSTEM);
    assert_int_equal(sally_status_from_errno(12345), SALLY_FAILURE);
    assert_int_equal(sally_status_from_errno(0), SALLY_OK);
    (void)state;
}

static void strange_values_are_failures(void **state)
{
    assert_int_equal(status_clean(SALLY_PENDING), SALLY_FAILURE);
    assert_int_equal(status_clean(32), SALLY_FAILURE);
    assert_string_equal(sally_status_text(-77), "Failure");
    assert_int_equal(status_ftp_reply(SALLY_QUOTA_EXCEEDED), 552);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_version_says_what_it_does_not_know),
        cmocka_unit_test(a_missing_file_is_always_2),
        cmocka_unit_test(strange_values_are_failures),
    };
    return cmocka_run_group_tests_name("core/status", tests, NULL, NULL);
}
