/* What time does to a connection. */
#include "engine_pair.h"

#define SECOND UINT64_C(1000000000)

static void move_time(struct pair *p, uint64_t ns)
{
    p->now_ns += ns;
    ssh_tick(p->server.ssh, p->now_ns);
}

static void log_in(struct pair *p)
{
    pair_start(p);
    pair_exchange_keys(p);
    pair_log_in(p);
    pair_open_channel(p);
}

static void the_login_has_its_time(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.server_options.login_ns = 10 * SECOND;
    pair_start(&p);
    assert_int_equal(ssh_deadline(p.server.ssh), p.now_ns + 10 * SECOND);
    move_time(&p, 9 * SECOND);
    pair_exchange_keys(&p);
    assert_int_equal(ssh_deadline(p.server.ssh), 1000 + 10 * SECOND); /* nothing prolongs it */
    move_time(&p, SECOND);
    assert_int_equal(p.server.overs, 1);
    assert_int_equal(p.server.end, SSH_END_TIMEOUT);
    pair_run(&p);
    assert_int_equal(p.client.end, SSH_END_PEER);
    pair_free(&p);
}

static void a_login_in_time_is_enough(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.server_options.login_ns = 10 * SECOND;
    log_in(&p);
    assert_int_equal(ssh_deadline(p.server.ssh), UINT64_MAX);
    move_time(&p, 1000 * SECOND);
    assert_alive(&p.server);
    pair_free(&p);
}

static void idle_sessions_end(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.server_options.idle_ns = 60 * SECOND;
    log_in(&p);
    for (int i = 0; i < 5; i++) { /* what happens prolongs it */
        move_time(&p, 40 * SECOND);
        assert_alive(&p.server);
        side_send(i & 1 ? &p.client : &p.server, 10);
        ssh_run(p.server.ssh, p.now_ns);
        pair_run(&p);
    }
    assert_int_equal(ssh_deadline(p.server.ssh), p.now_ns + 60 * SECOND);
    move_time(&p, 60 * SECOND - 1);
    assert_alive(&p.server);
    move_time(&p, 1);
    assert_int_equal(p.server.end, SSH_END_TIMEOUT);
    pair_free(&p);
}

static void keepalives_find_the_dead(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.server_options.settings.keepalive_ns = 10 * SECOND;
    p.server_options.settings.keepalive_count = 2;
    log_in(&p);
    for (int i = 0; i < 5; i++) { /* the client answers */
        move_time(&p, 10 * SECOND);
        assert_true(ssh_output(p.server.ssh).size != 0);
        pair_run(&p);
        assert_int_equal(p.server.ssh->transport->keepalives, 0);
    }
    for (int i = 0; i < 2; i++) { /* and now it does not */
        assert_int_equal(ssh_deadline(p.server.ssh), p.now_ns + 10 * SECOND);
        move_time(&p, 10 * SECOND);
        assert_alive(&p.server);
    }
    move_time(&p, 10 * SECOND);
    assert_int_equal(p.server.overs, 1);
    assert_int_equal(p.server.end, SSH_END_TIMEOUT);
    pair_free(&p);
}

static void keepalives_do_not_keep_a_session_from_being_idle(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.server_options.settings.keepalive_ns = 10 * SECOND;
    p.server_options.idle_ns = 35 * SECOND;
    log_in(&p);
    for (int i = 0; i < 3; i++) {
        move_time(&p, 10 * SECOND);
        pair_run(&p);
    }
    assert_alive(&p.server);
    move_time(&p, 5 * SECOND);
    assert_int_equal(p.server.end, SSH_END_TIMEOUT);
    pair_free(&p);
}

static void changes_count_at_once(void **state)
{
    struct pair p;
    pair_init(&p, state);
    log_in(&p);
    struct ssh_options options = p.server_options;
    options.idle_ns = 5 * SECOND;
    options.settings.rekey_bytes = 1;            /* which has been passed long ago */
    options.settings.fixed.ciphers = "nonsense"; /* lists are not examined */
    ssh_change(p.server.ssh, &options);
    assert_true(ssh_deadline(p.server.ssh) <= p.now_ns);
    ssh_run(p.server.ssh, p.now_ns);
    assert_true(kex_is_sending(p.server.ssh->transport->kex));
    assert_int_equal(ssh_deadline(p.server.ssh), p.now_ns + 5 * SECOND);
    options.settings.rekey_bytes = 0;
    ssh_change(p.server.ssh, &options);
    pair_run(&p);
    assert_alive(&p.server);
    assert_int_equal(p.server.rekeyed, 1);
    pair_free(&p);
}

static void time_does_not_run_backwards(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.server_options.idle_ns = 10 * SECOND;
    log_in(&p);
    p.now_ns += 5 * SECOND;
    ssh_run(p.server.ssh, p.now_ns);
    ssh_run(p.server.ssh, 3);
    assert_int_equal(p.server.ssh->now_ns, p.now_ns);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_login_has_its_time),
        cmocka_unit_test(a_login_in_time_is_enough),
        cmocka_unit_test(idle_sessions_end),
        cmocka_unit_test(keepalives_find_the_dead),
        cmocka_unit_test(keepalives_do_not_keep_a_session_from_being_idle),
        cmocka_unit_test(changes_count_at_once),
        cmocka_unit_test(time_does_not_run_backwards),
    };
    return cmocka_run_group_tests_name("ssh timers", tests, pair_group_setup, pair_group_teardown);
}
