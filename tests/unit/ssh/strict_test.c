/* Attacks on the first key exchange: strict key exchange, EXT_INFO, floods (RFC 8308,
 * draft-ietf-sshm-strict-kex). */
#include "engine_pair.h"

static const uint8_t ignore_bytes[] = {SSH_MSG_IGNORE, 0, 0, 0, 3, 'a', 'b', 'c'};
static const struct slice ignore = {ignore_bytes, sizeof ignore_bytes};

static void start(struct pair *p, void **state, const char *cipher, const char *mac)
{
    pair_init(p, state);
    pair_use_key(p, state, "ed25519");
    p->client_options.settings.fixed.ciphers = cipher;
    p->client_options.settings.fixed.macs = mac;
    pair_start(p);
}

/* ---- Someone in between adds a message ---- */

enum { BEFORE_KEXINIT, BEFORE_METHOD, BEFORE_NEWKEYS, PLACES };

static void insert_at(struct pair *p, int place)
{
    static const enum ssh_state states[PLACES] = {AWAIT_KEXINIT, AWAIT_KEX, AWAIT_NEWKEYS};
    if (place != BEFORE_KEXINIT)
        pair_run_until(&p->server, AWAIT_KEX); /* the client has the server's offer */
    pair_run_until(&p->client, states[place]);
    side_feed_clear(&p->server, ignore);
}

static void an_inserted_message_ends_a_strict_exchange(void **state)
{
    for (int place = 0; place < PLACES; place++) {
        struct pair p;
        start(&p, state, "chacha20-poly1305@openssh.com", NULL);
        insert_at(&p, place);
        pair_run(&p); /* the first place shows only with the KEXINIT behind it */
        assert_int_equal(p.server.overs, 1);
        assert_int_equal(p.server.end, SSH_END_PROTOCOL);
        assert_int_equal(p.server.keys_exchanged, 0);
        pair_free(&p);
    }
}

static void a_peer_without_strict_may_chatter(void **state)
{
    static const uint8_t debug[] = {SSH_MSG_DEBUG, 1, 0, 0, 0, 1, 'x', 0, 0, 0, 0};
    struct slice debug_slice = {debug, sizeof debug}, nothing = {NULL, 0};
    struct pair p;
    start(&p, state, NULL, NULL);
    side_patch_kexinit(&p.client, patch_away_strict);
    pair_run_until(&p.client, AWAIT_KEX);
    assert_true(send_now(p.client.ssh, ignore, nothing));
    assert_true(send_now(p.client.ssh, debug_slice, nothing));
    pair_exchange_keys(&p);
    assert_false(p.server.ssh->transport->strict);
    assert_true(p.server.ssh->transport->in.sequence > 4); /* not reset */
    pair_log_in(&p);
    pair_free(&p);
}

/* Without strict, one name of the pair is not enough. */
static void patch_one_name(uint8_t *payload, size_t size)
{
    uint8_t *at = memmem(payload, size, "kex-strict-c-v00", 16);
    memcpy(at, "kex-relaxed-c-v0", 16);
}

static void either_pair_of_names_makes_it_strict(void **state)
{
    struct pair p;
    start(&p, state, NULL, NULL);
    side_patch_kexinit(&p.client, patch_one_name);
    pair_exchange_keys(&p);
    assert_true(p.server.ssh->transport->strict);
    assert_true(p.client.ssh->transport->strict);
    pair_free(&p);
}

/* ---- Peers that must be strict ---- */

/* What became of it, with a server that insists as told, and a client that is strict or not. */
static bool is_taken(void **state, bool strict, bool required, bool for_weak, const char *cipher,
                     const char *mac)
{
    struct pair p;
    pair_init(&p, state);
    pair_use_key(&p, state, "ed25519");
    p.client_options.settings.fixed.ciphers = cipher;
    p.client_options.settings.fixed.macs = mac;
    p.server_options.settings.fixed.strict_kex_required = required;
    p.server_options.settings.fixed.strict_kex_for_etm = for_weak;
    pair_start(&p);
    if (!strict)
        side_patch_kexinit(&p.client, patch_away_strict);
    pair_run(&p);
    bool taken = p.server.keys_exchanged == 1;
    if (taken) {
        pair_log_in(&p);
        ssh_rekey(p.server.ssh); /* the second offers have no markers, and need none */
        pair_run(&p);
        assert_int_equal(p.server.rekeyed, 1);
        assert_alive(&p.server);
    } else {
        assert_int_equal(p.server.end, SSH_END_PROTOCOL);
        assert_non_null(strstr(p.server.end_detail, "strict key exchange"));
        assert_int_equal(p.client.overs, 1); /* it was told */
        assert_int_equal(p.client.end, SSH_END_PEER);
    }
    pair_free(&p);
    return taken;
}

static void who_insists_on_it_refuses_others(void **state)
{
    assert_false(is_taken(state, false, true, false, "aes128-gcm@openssh.com", NULL));
    assert_false(is_taken(state, false, true, true, "aes128-ctr", "hmac-sha2-256"));
    assert_true(is_taken(state, true, true, true, "chacha20-poly1305@openssh.com", NULL));
    assert_true(is_taken(state, true, true, false, NULL, NULL));
}

static void weak_algorithms_may_be_refused_alone(void **state)
{
    static const struct {
        const char *cipher, *mac;
        bool weak;
    } cases[] = {
        {"chacha20-poly1305@openssh.com", NULL, true},
        {"aes256-ctr", "hmac-sha2-512-etm@openssh.com", true},
        {"aes256-ctr", "hmac-sha2-512", false},
        {"aes256-gcm@openssh.com", "hmac-sha2-512-etm@openssh.com", false}, /* has none */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_true(is_taken(state, true, false, true, cases[i].cipher, cases[i].mac));
        assert_true(is_taken(state, false, false, false, cases[i].cipher, cases[i].mac));
        assert_int_equal(is_taken(state, false, false, true, cases[i].cipher, cases[i].mac),
                         !cases[i].weak);
    }
}

/* ---- Someone in between takes a message away ---- */

static void a_dropped_ext_info_is_noticed(void **state)
{
    static const char *const ciphers[][2] = {
        {"chacha20-poly1305@openssh.com", NULL},
        {"aes128-ctr", "hmac-sha2-256-etm@openssh.com"},
        {"aes128-gcm@openssh.com", NULL},
        {"aes256-ctr", "hmac-sha2-512"},
    };
    for (size_t i = 0; i < COUNT_OF(ciphers); i++) {
        struct pair p;
        start(&p, state, ciphers[i][0], ciphers[i][1]);
        pair_run_until(&p.server, AWAIT_KEX);
        pair_run_until(&p.client, AWAIT_NEWKEYS);
        /* The server has sent its reply, NEWKEYS and EXT_INFO: the client gets the first two. */
        pair_run_until(&p.server, AWAIT_SERVICE);
        assert_true(ssh_output(p.server.ssh).size > 0);
        side_drop_output(&p.server);
        ssh_client_login_password(p.client.ssh, "joe", "right");
        pair_run(&p);
        assert_int_equal(p.client.overs, 1);
        assert_int_equal(p.client.end, SSH_END_PROTOCOL);
        assert_int_equal(p.client.authenticated, 0);
        pair_free(&p);
    }
}

/* The whole attack on a pair that does not know strict key exchange works, as the paper says; with
 * it, it does not. */
static void the_terrapin_attack(void **state)
{
    for (int strict = 0; strict < 2; strict++) {
        struct pair p;
        start(&p, state, "chacha20-poly1305@openssh.com", NULL);
        if (!strict)
            side_patch_kexinit(&p.client, patch_away_strict);
        pair_run_until(&p.server, AWAIT_KEX);
        side_feed_clear(&p.client, ignore);
        if (strict) {
            assert_int_equal(p.client.overs, 1);
            pair_free(&p);
            continue;
        }
        pair_run_until(&p.client, AWAIT_NEWKEYS);
        pair_run_until(&p.server, AWAIT_SERVICE);
        side_drop_output(&p.server); /* EXT_INFO */
        ssh_client_login_password(p.client.ssh, "joe", "right");
        pair_run(&p);
        assert_int_equal(p.client.overs, 0);
        assert_int_equal(p.client.authenticated, 1);
        pair_free(&p);
    }
}

/* ---- EXT_INFO in other places ---- */

static const uint8_t no_extensions[] = {SSH_MSG_EXT_INFO, 0, 0, 0, 0};
static const struct slice ext_info = {no_extensions, sizeof no_extensions};

static void a_client_may_send_ext_info_first_only(void **state)
{
    static const uint8_t one[] = {
        SSH_MSG_EXT_INFO, 0, 0, 0, 1, 0, 0, 0, 1, 'x', 0, 0, 0, 2, 0, 255};
    struct slice with_one = {one, sizeof one};
    struct pair p;
    start(&p, state, NULL, NULL);
    pair_exchange_keys(&p);
    side_inject(&p.client, with_one);
    assert_alive(&p.server);
    side_inject(&p.client, with_one);
    assert_int_equal(p.server.overs, 1);
    pair_free(&p);

    start(&p, state, NULL, NULL);
    pair_exchange_keys(&p);
    side_inject(&p.client, ignore);
    side_inject(&p.client, ext_info);
    assert_int_equal(p.server.overs, 1);
    pair_free(&p);
}

/* AsyncSSH 2.3 to 2.7 sends it behind the success. */
static void ext_info_behind_the_login_means_nothing(void **state)
{
    for (int role = SSH_SERVER; role <= SSH_CLIENT; role++) {
        struct pair p;
        start(&p, state, NULL, NULL);
        pair_exchange_keys(&p);
        pair_log_in(&p);
        struct side *receiver = role == SSH_SERVER ? &p.server : &p.client;
        for (int i = 0; i < 3; i++)
            side_inject(receiver->other, ext_info);
        assert_alive(receiver);
        static const uint8_t bad[] = {SSH_MSG_EXT_INFO, 0, 0, 0, 1};
        side_inject(receiver->other, (struct slice){bad, sizeof bad});
        assert_int_equal(receiver->overs, 1);
        pair_free(&p);
    }
}

static void malformed_ext_info_ends_it(void **state)
{
    static const uint8_t bad[][16] = {
        {SSH_MSG_EXT_INFO},
        {SSH_MSG_EXT_INFO, 255, 255, 255, 255},
        {SSH_MSG_EXT_INFO, 0, 0, 0, 1, 255, 255, 255, 255, 0},
        {SSH_MSG_EXT_INFO, 0, 0, 0, 0, 1},
    };
    static const size_t sizes[] = {1, 5, 10, 6};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct pair p;
        struct slice payload = {bad[i], sizes[i]};
        start(&p, state, NULL, NULL);
        pair_exchange_keys(&p);
        side_inject(&p.client, payload);
        assert_int_equal(p.server.overs, 1);
        pair_free(&p);
    }
}

static void a_server_may_send_ext_info_right_before_the_success(void **state)
{
    static const uint8_t success[] = {SSH_MSG_USERAUTH_SUCCESS};
    struct slice success_slice = {success, sizeof success};
    for (int right = 0; right < 2; right++) {
        struct pair p;
        start(&p, state, NULL, NULL);
        pair_exchange_keys(&p);
        ssh_client_login_none(p.client.ssh, "joe");
        pair_run(&p);
        side_inject(&p.server, ext_info);
        assert_alive(&p.client);
        side_inject(&p.server, right ? success_slice : ignore);
        assert_int_equal(p.client.overs, right ? 0 : 1);
        pair_free(&p);
    }
}

static void a_client_without_ext_info_c_gets_none(void **state)
{
    for (int wants = 0; wants < 2; wants++) {
        struct pair p;
        start(&p, state, NULL, NULL);
        pair_run_until(&p.server, AWAIT_KEX);
        pair_run_until(&p.client, AWAIT_KEX);
        if (!wants)
            p.server.ssh->transport->peer_ext_info = false;
        pair_run_until(&p.client, AWAIT_NEWKEYS);
        assert_int_equal(p.server.ssh->transport->out.packets, wants);
        pair_free(&p);
    }
}

/* ---- Floods ---- */

static void assert_little_memory(const struct side *s)
{
    const struct transport *t = s->ssh->transport;
    assert_true(t->rx.capacity + t->output.capacity + t->waiting.capacity + t->message.capacity <
                1024u * 1024);
}

static void a_flood_before_the_login_ends(void **state)
{
    static const uint8_t bytes[30000] = {SSH_MSG_IGNORE, 0, 0, 117, 43};
    struct slice large = {bytes, sizeof bytes};
    struct pair p;
    start(&p, state, NULL, NULL);
    side_drop_output(&p.server);
    pair_run_until(&p.client, AWAIT_KEXINIT);
    unsigned count = 0;
    for (; count < 1000 && !ssh_is_over(p.server.ssh); count++) {
        side_feed_clear(&p.server, large);
        assert_little_memory(&p.server);
    }
    assert_true(count > 10 && count < 30);
    assert_int_equal(p.server.end, SSH_END_PROTOCOL);
    pair_free(&p);

    start(&p, state, NULL, NULL);
    pair_exchange_keys(&p);
    for (count = 0; count < 1000 && !ssh_is_over(p.server.ssh); count++)
        side_inject(&p.client, large);
    assert_true(count > 10 && count < 30);
    pair_free(&p);
}

static void a_flood_of_key_exchanges_before_the_login_ends(void **state)
{
    struct pair p;
    start(&p, state, NULL, NULL);
    pair_exchange_keys(&p);
    unsigned count = 0;
    while (!ssh_is_over(p.server.ssh) && count++ < 100) {
        assert_int_equal(kexinit_send(p.client.ssh), SALLY_E_OK);
        pair_run(&p);
    }
    assert_int_equal(count, LOGIN_EXCHANGES_MAX);
    assert_int_equal(p.server.end, SSH_END_PROTOCOL);
    pair_free(&p);
}

/* A second KEXINIT before the exchange is over. */
static void an_exchange_does_not_begin_twice(void **state)
{
    struct pair p;
    start(&p, state, NULL, NULL);
    pair_run_until(&p.client, AWAIT_KEX);
    side_feed_clear(&p.server, buf_slice(&p.client.ssh->transport->kex->our_init));
    assert_int_equal(p.server.overs, 1);
    pair_free(&p);
}

static void pings_during_a_key_exchange_queue_little(void **state)
{
    static const uint8_t bytes[1005] = {SSH_MSG_PING, 0, 0, 3, 232};
    struct slice ping = {bytes, sizeof bytes}, nothing = {NULL, 0};
    struct pair p;
    start(&p, state, NULL, NULL);
    pair_exchange_keys(&p);
    pair_log_in(&p);
    /* The server has begun, the client has not heard of it. */
    ssh_rekey(p.server.ssh);
    ssh_run(p.server.ssh, p.now_ns);
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(send_now(p.client.ssh, ping, nothing));
        pair_move(&p.client, SIZE_MAX);
        assert_alive(&p.server);
    }
    assert_true(p.server.ssh->transport->waiting.capacity <= 128u * 1024);
    pair_run(&p);
    assert_int_equal(p.server.rekeyed, 1);
    assert_alive(&p.client);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inserted_message_ends_a_strict_exchange),
        cmocka_unit_test(a_peer_without_strict_may_chatter),
        cmocka_unit_test(either_pair_of_names_makes_it_strict),
        cmocka_unit_test(who_insists_on_it_refuses_others),
        cmocka_unit_test(weak_algorithms_may_be_refused_alone),
        cmocka_unit_test(a_dropped_ext_info_is_noticed),
        cmocka_unit_test(the_terrapin_attack),
        cmocka_unit_test(a_client_may_send_ext_info_first_only),
        cmocka_unit_test(ext_info_behind_the_login_means_nothing),
        cmocka_unit_test(malformed_ext_info_ends_it),
        cmocka_unit_test(a_server_may_send_ext_info_right_before_the_success),
        cmocka_unit_test(a_client_without_ext_info_c_gets_none),
        cmocka_unit_test(a_flood_before_the_login_ends),
        cmocka_unit_test(a_flood_of_key_exchanges_before_the_login_ends),
        cmocka_unit_test(an_exchange_does_not_begin_twice),
        cmocka_unit_test(pings_during_a_key_exchange_queue_little),
    };
    return cmocka_run_group_tests_name("ssh strict", tests, pair_group_setup, pair_group_teardown);
}
