#include "cmocka_all.h"

#include "sftp/quirks.h"

static void symlinks_of_asyncssh_follow_the_draft(void **state)
{
    assert_int_equal(quirks_of("AsyncSSH_2.10.1"), QUIRK_DRAFT_SYMLINK);
    assert_int_equal(quirks_of("paramiko_2.12.0"), 0);
    assert_int_equal(quirks_of("Async"), 0);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(symlinks_of_asyncssh_follow_the_draft),
                                       cmocka_unit_test(lftp_is_told_what_it_can_read)};
    return cmocka_run_group_tests_name("sftp/quirks", tests, NULL, NULL);
}
