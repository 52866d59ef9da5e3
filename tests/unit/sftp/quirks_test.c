#include "cmocka_all.h"

#include "sftp/peer.h"
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
    assert_int_equal(quirks_of("Ruby/Net::SSH_7.0.1"), QUIRK_EITHER_SYMLINK | QUIRK_NO_BITS_IN_5);
    assert_int_equal(quirks_of("Async"), QUIRK_EITHER_SYMLINK);
    assert_int_equal(quirks_of("the paramiko_2"), QUIRK_EITHER_SYMLINK);
    (void)state;
}

/* lftp speaks versions 4 to 6 through the ssh program, and under sshd no one says who speaks. */
static void lftp_is_told_what_it_can_read(void **state)
{
    assert_int_equal(quirks_of("OpenSSH_9.2p1 Debian-2"), QUIRK_FEW_ATTRS);
    assert_int_equal(quirks_of(""), QUIRK_FEW_ATTRS);
    (void)state;
}

/* net-sftp takes version 5's attributes apart as version 4's. */
static void bits_are_no_affair_of_net_sftp(void **state)
{
    (void)state;
    for (uint32_t version = 4; version <= 6; version++) {
        for (int ruby = 0; ruby < 2; ruby++) {
            struct peer *p = peer_new(&(struct peer_options){
                .version = version, .software = ruby ? "Ruby/Net::SSH_7.0.1 x" : "SSHJ_0.38.0"});
            p->store.many = 3;
            struct handle h = peer_opendir(p, "/many");
            uint32_t a = peer_handle_request(p, SSH_FXP_READDIR, h);
            uint32_t b = peer_path_request(p, SSH_FXP_STAT, "/hello"); /* without flags */
            peer_go(p);
            struct reply *r = peer_expect(p, SSH_FXP_NAME, a);
            bool sent = version == 6 || (version == 5 && !ruby);
            get_u32(&r->body);
            get_string(&r->body);
            assert_int_equal((get_u32(&r->body) & SSH_FILEXFER_ATTR_BITS) != 0, sent);
            r = peer_expect(p, SSH_FXP_ATTRS, b);
            assert_int_equal((get_u32(&r->body) & SSH_FILEXFER_ATTR_BITS) != 0, sent);
            peer_free(p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(clients_are_told_apart_by_how_they_begin),
                                       cmocka_unit_test(lftp_is_told_what_it_can_read),
                                       cmocka_unit_test(bits_are_no_affair_of_net_sftp)};
    return cmocka_run_group_tests_name("sftp/quirks", tests, NULL, NULL);
}
