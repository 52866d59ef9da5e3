#include "cmocka_all.h"

#include <errno.h>

#include "base/mem.h"
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

/* OpenSSH's errno_to_portable(), and where and why ours differs: docs/protocol.md says the same. */
static void version_3_says_what_openssh_says(void **state)
{
    static const struct {
        int error;
        uint32_t openssh, ours;
    } rows[] = {
        {ENOENT, 2, 2},     {ENOTDIR, 2, 2},   {EBADF, 2, 2},  {ELOOP, 2, 2},
        {EPERM, 3, 3},      {EACCES, 3, 3},    {EFAULT, 3, 3}, {ENAMETOOLONG, 5, 5},
        {EINVAL, 5, 5},     {ENOSYS, 8, 8},    {EEXIST, 4, 4}, {EISDIR, 4, 4},
        {ENOSPC, 4, 4},     {ENOTEMPTY, 4, 4}, {EDQUOT, 4, 4}, {EBUSY, 4, 4},
        {EAGAIN, 4, 4},     {ETXTBSY, 4, 4},   {ENXIO, 4, 4},  {ENODEV, 4, 4},
        {EMFILE, 4, 4},     {ENFILE, 4, 4},    {EIO, 4, 4},    {EXDEV, 4, 4},
        {EMLINK, 4, 4},     {EFBIG, 4, 4},     {ENOMEM, 4, 4}, {EINTR, 4, 4},
        {ESTALE, 4, 4},     {ETIMEDOUT, 4, 4}, {EPIPE, 4, 4},  {ENOMEDIUM, 4, 4},
        {EROFS, 4, 3},      /* as of sftp-server -R */
        {EOPNOTSUPP, 4, 8}, /* what clients make EOPNOTSUPP of */
        {EILSEQ, 4, 5},     /* a name that cannot be, as one that is too long */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(status_sftp_code(sally_status_from_errno(rows[i].error), 3), rows[i].ours);
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
        cmocka_unit_test(version_3_says_what_openssh_says),
        cmocka_unit_test(strange_values_are_failures),
    };
    return cmocka_run_group_tests_name("core/status", tests, NULL, NULL);
}
