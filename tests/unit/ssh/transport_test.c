/* Two engines meet: every algorithm, every way of cutting the stream. */
#include "engine_pair.h"

static void handshakes_and_logs_in(void **state)
{
    struct pair p;
    pair_init(&p, state);
    pair_start(&p);
    pair_exchange_keys(&p);
    assert_string_equal(ssh_peer_software(p.server.ssh), "client_1.0");
    assert_string_equal(ssh_peer_software(p.client.ssh), "server_1.0 with a comment");
    assert_true(p.client.host_key_seen);
    pair_log_in(&p);
    pair_open_channel(&p);
    side_send(&p.client, 1000);
    side_send(&p.server, 2000);
    pair_run(&p);
    assert_int_equal(p.server.received, 1000);
    assert_int_equal(p.client.received, 2000);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshakes_and_logs_in),
    };
    return cmocka_run_group_tests_name("ssh transport", tests, pair_group_setup,
                                       pair_group_teardown);
}
