#include "ssh/quirks.h"

#include "engine_pair.h"

static void peers_are_told_apart_by_how_they_begin(void **state)
{
    (void)state;
    assert_int_equal(ssh_quirks_of("AsyncSSH_2.10.1"), SSH_QUIRK_TALKS_IN_KEX);
    assert_int_equal(ssh_quirks_of("AsyncSSH_2.14.0"), 0);
    assert_int_equal(ssh_quirks_of("AsyncSSH_2.1"), 0);
    assert_int_equal(ssh_quirks_of("TTSSH/1.5.4 Win32"), SSH_QUIRK_NO_HOSTKEYS);
    assert_int_equal(ssh_quirks_of("TTSSH/2.70 Win32"), SSH_QUIRK_NO_HOSTKEYS);
    assert_int_equal(ssh_quirks_of("TTSSH/2.72 Win32"), SSH_QUIRK_NO_HOSTKEYS);
    assert_int_equal(ssh_quirks_of("TTSSH/2.73 Win32"), 0);
    assert_int_equal(ssh_quirks_of("TTSSH/2.92 Win32"), 0);
    assert_int_equal(ssh_quirks_of("OpenSSH_9.2"), 0);
    assert_int_equal(ssh_quirks_of("the TTSSH/1."), 0);
    assert_int_equal(ssh_quirks_of(""), 0);
}

static void log_in_as(struct pair *p, void **state, const char *software)
{
    pair_init(p, state);
    p->client_options.settings.fixed.software = software;
    pair_start(p);
    pair_exchange_keys(p);
    pair_log_in(p);
}

/* A channel message that comes behind the client's KEXINIT. */
static bool may_talk_in_kex(void **state, const char *software)
{
    static const uint8_t request[] = {SSH_MSG_GLOBAL_REQUEST, 0, 0, 0, 1, 'x', 0};
    struct pair p;
    log_in_as(&p, state, software);
    ssh_rekey(p.client.ssh);
    ssh_run(p.client.ssh, p.now_ns);
    while (pair_move(&p.client, SIZE_MAX))
        ;
    assert_true(kex_is_receiving(p.server.ssh->transport->kex));
    side_inject(&p.client, (struct slice){request, sizeof request});
    bool may = !ssh_is_over(p.server.ssh);
    if (may) {
        pair_run(&p);
        assert_int_equal(p.server.rekeyed, 1);
    }
    pair_free(&p);
    return may;
}

static void channel_messages_in_a_key_exchange(void **state)
{
    assert_true(may_talk_in_kex(state, "AsyncSSH_2.10.1"));
    assert_false(may_talk_in_kex(state, "AsyncSSH_2.14.0"));
}

static uint64_t packets_for_a_login(void **state, const char *software)
{
    struct pair p;
    log_in_as(&p, state, software);
    uint64_t packets = p.server.ssh->transport->out.packets;
    pair_free(&p);
    return packets;
}

static void host_keys_are_not_announced_to_all(void **state)
{
    assert_int_equal(packets_for_a_login(state, "TTSSH/2.72") + 1,
                     packets_for_a_login(state, "TTSSH/2.73"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers_are_told_apart_by_how_they_begin),
        cmocka_unit_test(channel_messages_in_a_key_exchange),
        cmocka_unit_test(host_keys_are_not_announced_to_all),
    };
    return cmocka_run_group_tests(tests, pair_group_setup, pair_group_teardown);
}
