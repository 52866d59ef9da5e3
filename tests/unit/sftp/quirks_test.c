#include "cmocka_all.h"

#include "sftp/quirks.h"

/* symlink_test.c has what follows from it. */
static void clients_are_told_apart_by_how_they_begin(void **state)
{
    assert_int_equal(quirks_of("AsyncSSH_2.10.1"), QUIRK_DRAFT_SYMLINK);
    assert_int_equal(quirks_of("libssh_0.10.6"), QUIRK_DRAFT_SYMLINK);
    assert_int_equal(quirks_of("libssh2_1.10.0"), 0);
    assert_int_equal(quirks_of("paramiko_2.12.0"), 0);
    assert_int_equal(quirks_of("PuTTY_Release_0.78"), 0);
    assert_int_equal(quirks_of("FileZilla_3.63.0"), 0);
    assert_int_equal(quirks_of("APACHE-SSHD-2.9.2"), QUIRK_REVERSED_LINK);
    assert_int_equal(quirks_of("SSHJ_0.38.0"), QUIRK_EITHER_SYMLINK);
    assert_int_equal(quirks_of("Async"), QUIRK_EITHER_SYMLINK);
    assert_int_equal(quirks_of("the paramiko_2"), QUIRK_EITHER_SYMLINK);
    (void)state;
}

/* lftp speaks versions 4 to 6 through the ssh program, and under sshd nobody says who speaks. */
static void lftp_is_told_what_it_can_read(void **state)
{
    assert_int_equal(quirks_of("OpenSSH_9.2p1 Debian-2"), QUIRK_FEW_ATTRS);
    assert_int_equal(quirks_of(""), QUIRK_FEW_ATTRS);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(clients_are_told_apart_by_how_they_begin),
                                       cmocka_unit_test(lftp_is_told_what_it_can_read)};
    return cmocka_run_group_tests_name("sftp/quirks", tests, NULL, NULL);
}
