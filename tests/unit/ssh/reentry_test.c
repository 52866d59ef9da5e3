/* Calls into an engine from inside of its own events. */
#include "engine_pair.h"

static unsigned events_until; /* for the hooks below: what cmocka's single thread makes harmless */

static void disconnect_now(struct side *s)
{
    if (events_until && --events_until == 0 && s->ssh)
        ssh_disconnect(s->ssh, "from inside");
}

static void do_everything(struct side *s)
{
    uint8_t *room;
    if (!s->ssh)
        return; /* ssh_new() has not returned yet */
    ssh_run(s->ssh, s->pair->now_ns);
    ssh_tick(s->ssh, s->pair->now_ns);
    ssh_trim(s->ssh);
    ssh_output(s->ssh);
    ssh_deadline(s->ssh);
    ssh_input_room(s->ssh, &room);
    ssh_change(s->ssh, s == &s->pair->server ? &s->pair->server_options : &s->pair->client_options);
    ssh_run(s->ssh, s->pair->now_ns);
}

static void rekey_always(struct side *s)
{
    if (s->ssh && s->keys_exchanged < 20)
        ssh_rekey(s->ssh);
}

/* A life with a login, a channel, data and new keys; false when it ended on the way. */
static bool lives(struct pair *p)
{
    pair_start(p);
    pair_run(p);
    ssh_client_login_password(p->client.ssh, "joe", "right");
    pair_run(p);
    if (p->client.authenticated && !ssh_is_over(p->client.ssh)) {
        p->client.channel = ssh_client_open(p->client.ssh);
        pair_run(p);
        if (p->client.opened && p->client.channel)
            ssh_client_subsystem(p->client.channel, "sftp");
        pair_run(p);
    }
    if (p->client.channel && p->server.channel) {
        side_send(&p->client, 50000);
        side_send(&p->server, 100000);
        ssh_rekey(p->server.ssh);
        pair_run(p);
    }
    return !ssh_is_over(p->client.ssh) && !ssh_is_over(p->server.ssh);
}

static void an_end_from_inside_of_any_event(void **state)
{
    for (int at_once = 0; at_once < 2; at_once++)
        for (unsigned nth = 1;; nth++) {
            struct pair p;
            pair_init(&p, state);
            pair_use_key(&p, state, "ed25519");
            p.in_event = disconnect_now;
            p.jobs_at_once = at_once;
            events_until = nth;
            bool alive = lives(&p);
            if (!alive) {
                assert_int_equal(p.server.overs, 1);
                assert_int_equal(p.client.overs, 1);
            }
            p.in_event = NULL;
            pair_free(&p);
            if (alive) {
                assert_true(nth > 15);
                break;
            }
        }
}

static void any_call_from_inside_of_any_event(void **state)
{
    for (int at_once = 0; at_once < 2; at_once++) {
        struct pair p;
        pair_init(&p, state);
        p.in_event = do_everything;
        p.jobs_at_once = at_once;
        assert_true(lives(&p));
        assert_int_equal(p.server.received, p.client.sent);
        assert_int_equal(p.client.received, p.server.sent);
        assert_int_equal(p.server.received, 50000);
        p.in_event = NULL;
        pair_free(&p);
    }
}

static void new_keys_from_inside_of_any_event(void **state)
{
    struct pair p;
    pair_init(&p, state);
    pair_use_key(&p, state, "ed25519");
    p.in_event = rekey_always;
    assert_true(lives(&p));
    assert_int_equal(p.server.received, 50000);
    assert_int_equal(p.client.received, 100000);
    assert_true(p.server.rekeyed > 10);
    p.in_event = NULL;
    pair_free(&p);
}

static void work_that_is_owed_is_due_now(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.server_options.idle_ns = 1000;
    assert_true(lives(&p));
    assert_true(ssh_deadline(p.server.ssh) > p.now_ns);
    ssh_rekey(p.server.ssh);
    assert_int_equal(ssh_deadline(p.server.ssh), p.now_ns);
    ssh_run(p.server.ssh, p.now_ns);
    assert_true(ssh_deadline(p.server.ssh) > p.now_ns);
    side_send(&p.client, 10);
    assert_int_equal(ssh_deadline(p.client.ssh), p.now_ns);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_from_inside_of_any_event),
        cmocka_unit_test(any_call_from_inside_of_any_event),
        cmocka_unit_test(new_keys_from_inside_of_any_event),
        cmocka_unit_test(work_that_is_owed_is_due_now),
    };
    return cmocka_run_group_tests_name("ssh reentry", tests, pair_group_setup, pair_group_teardown);
}
