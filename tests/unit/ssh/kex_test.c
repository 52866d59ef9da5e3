/* A key exchange's way through its states, and the methods' messages, right and wrong. */
#include "engine_pair.h"

static void feed_bytes(struct side *s, const void *data, size_t size)
{
    struct slice payload = {data, size};
    side_feed_clear(s, payload);
}

static void start_kex(struct pair *p, void **state, const char *method)
{
    pair_init(p, state);
    p->client_options.settings.fixed.kex = method;
    pair_start(p);
    pair_run_until(&p->client, AWAIT_KEX);
}

/* ---- States ---- */

static enum ssh_state awaited(const struct side *s)
{
    return s->ssh->transport->kex->awaits;
}

static void the_first_exchange_takes_the_connection_along(void **state)
{
    struct pair p;
    pair_init(&p, state);
    pair_start(&p);
    assert_int_equal(p.server.ssh->state, AWAIT_VERSION); /* our offer has left */
    assert_int_equal(awaited(&p.server), AWAIT_KEXINIT);
    assert_true(kex_is_first(p.server.ssh));
    pair_run_until(&p.client, AWAIT_KEX);
    assert_int_equal(awaited(&p.server), AWAIT_KEX);
    pair_run_until(&p.server, AWAIT_KEX);
    pair_run_until(&p.client, AWAIT_NEWKEYS);
    assert_int_equal(awaited(&p.server), AWAIT_NEWKEYS);
    assert_true(kex_is_first(p.server.ssh));
    pair_exchange_keys(&p);
    assert_null(p.server.ssh->transport->kex);
    assert_int_equal(p.server.ssh->state, AWAIT_SERVICE);
    assert_false(kex_is_first(p.server.ssh));
    assert_int_equal(p.server.ssh->transport->exchanges, 1);
    pair_free(&p);
}

/* What may be sent and what is accepted, from step to step. */
static void expect_bars(const struct side *s, bool sending, bool receiving)
{
    const struct kex *k = s->ssh->transport->kex;
    assert_int_equal(kex_is_sending(k), sending);
    assert_int_equal(kex_is_receiving(k), receiving);
}

static void a_later_exchange_leaves_the_connection_alone(void **state)
{
    struct pair p;
    pair_init(&p, state);
    pair_use_key(&p, state, "ed25519");
    p.client_options.settings.fixed.kex = "curve25519-sha256";
    pair_start(&p);
    pair_exchange_keys(&p);
    pair_log_in(&p);
    expect_bars(&p.server, false, false);
    ssh_rekey(p.server.ssh);
    ssh_run(p.server.ssh, p.now_ns);
    expect_bars(&p.server, true, false); /* the peer may not have heard of it */
    pair_move(&p.server, SIZE_MAX);      /* KEXINIT: the client answers with its offer and value */
    while (awaited(&p.server) == AWAIT_KEXINIT)
        assert_int_equal(pair_move(&p.client, 1), 1);
    expect_bars(&p.server, true, true);
    pair_move(&p.client, SIZE_MAX);
    assert_true(pair_do_jobs(&p.server));
    assert_int_equal(awaited(&p.server), AWAIT_NEWKEYS);
    expect_bars(&p.server, false, true);
    assert_int_equal(p.server.ssh->state, READY);
    pair_run(&p);
    expect_bars(&p.server, false, false);
    assert_int_equal(p.server.rekeyed, 1);
    assert_int_equal(p.server.ssh->transport->exchanges, 2);
    pair_free(&p);
}

/* ---- Values that no honest peer sends ---- */

static void init_with(struct pair *p, uint8_t number, const void *value, size_t size)
{
    struct buf b;
    buf_init(&b, 10000);
    put_u8(&b, number);
    put_string(&b, value, size);
    side_feed_clear(&p->server, buf_slice(&b));
    buf_clear(&b);
    pair_do_jobs(&p->server);
    assert_int_equal(p->server.overs, 1);
    assert_int_equal(p->server.end, SSH_END_PROTOCOL);
    assert_int_equal(p->server.keys_exchanged, 0);
}

static void unacceptable_values_are_refused(void **state)
{
    static const uint8_t zeros[2000];
    static const uint8_t one[] = {1};
    static const uint8_t negative[] = {0x80, 1, 2, 3};
    static const struct {
        const char *method;
        const void *value;
        size_t size;
    } values[] = {
        {"curve25519-sha256", zeros, 32},
        {"curve25519-sha256", zeros, 31},
        {"curve25519-sha256", zeros, 0},
        {"curve25519-sha256", zeros, 2000},
        {"ecdh-sha2-nistp256", zeros, 65},
        {"ecdh-sha2-nistp256", zeros, 1},
        {"ecdh-sha2-nistp521", negative, 4},
        {"diffie-hellman-group14-sha256", zeros, 0},
        {"diffie-hellman-group14-sha256", zeros, 1},
        {"diffie-hellman-group14-sha256", one, 1},
        {"diffie-hellman-group14-sha256", negative, 4},
        {"diffie-hellman-group14-sha256", zeros, 1000},
    };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct pair p;
        start_kex(&p, state, values[i].method);
        init_with(&p, SSH_MSG_KEX_INIT, values[i].value, values[i].size);
        pair_free(&p);
    }
}

static void huge_values_are_refused(void **state)
{
    static uint8_t huge[9000];
    memset(huge, 0x7f, sizeof huge);
    struct pair p;
    start_kex(&p, state, "diffie-hellman-group14-sha256");
    init_with(&p, SSH_MSG_KEX_INIT, huge, sizeof huge);
    pair_free(&p);
}

static void request_group(struct pair *p, const uint32_t sizes[3])
{
    struct buf b;
    buf_init(&b, 100);
    put_u8(&b, SSH_MSG_KEX_GEX_REQUEST);
    for (size_t i = 0; i < 3; i++)
        put_u32(&b, sizes[i]);
    side_feed_clear(&p->server, buf_slice(&b));
    buf_clear(&b);
}

/* Who wants a large group gets the largest that is allowed; who accepts no other gets none. */
static void groups_have_a_limit(void **state)
{
    static const struct {
        uint32_t limit, request[3], bits;
    } cases[] = {
        {0, {2048, 8192, 8192}, 4096},    {0, {4096, 8192, 8192}, 4096},
        {0, {1024, 3072, 8192}, 3072},    {0, {6144, 8192, 8192}, 0},
        {8192, {6144, 8192, 8192}, 8192}, {2048, {1024, 4096, 8192}, 2048},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pair p;
        pair_init(&p, state);
        p.client_options.settings.fixed.kex = "diffie-hellman-group-exchange-sha256";
        p.server_options.settings.fixed.gex_max_bits = cases[i].limit;
        pair_start(&p);
        pair_run_until(&p.client, AWAIT_KEX);
        request_group(&p, cases[i].request);
        assert_int_equal(p.server.overs, cases[i].bits == 0);
        if (cases[i].bits)
            assert_int_equal(p.server.ssh->transport->kex->group->bits, cases[i].bits);
        else
            assert_int_equal(p.server.end, SSH_END_PROTOCOL);
        pair_free(&p);
    }
}

static void group_requests_are_checked(void **state)
{
    static const uint32_t requests[][3] = {
        {4096, 2048, 8192}, {2048, 8192, 4096},    {1024, 1024, 1024},
        {0, 0, 0},          {20000, 20000, 20000}, {UINT32_MAX, UINT32_MAX, UINT32_MAX}};
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct pair p;
        start_kex(&p, state, "diffie-hellman-group-exchange-sha256");
        request_group(&p, requests[i]);
        assert_int_equal(p.server.overs, 1);
        pair_free(&p);
    }
}

static void group_exchange_keeps_its_order(void **state)
{
    static const uint8_t init[] = {SSH_MSG_KEX_GEX_INIT, 0, 0, 0, 1, 2};
    struct pair p;
    start_kex(&p, state, "diffie-hellman-group-exchange-sha256");
    feed_bytes(&p.server, init, sizeof init);
    assert_int_equal(p.server.overs, 1);
    pair_free(&p);
}

static void truncated_messages_are_refused(void **state)
{
    static const uint8_t bad[][8] = {{SSH_MSG_KEX_INIT}, {SSH_MSG_KEX_INIT, 0, 0, 0, 32, 1, 2, 3}};
    static const size_t sizes[] = {1, 8};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct pair p;
        start_kex(&p, state, "curve25519-sha256");
        feed_bytes(&p.server, bad[i], sizes[i]);
        assert_int_equal(p.server.overs, 1);
        pair_free(&p);
    }
}

/* ---- The client's side ---- */

static void spoil_reply(struct pair *p, struct side *from, uint8_t *data, size_t size)
{
    /* Byte by byte: one byte of the server's stream, somewhere in its reply. */
    if (from == &p->server && size == 1 && p->server.moved == p->tamper_at)
        data[0] ^= 1;
}

static void a_spoiled_reply_is_noticed(void **state)
{
    struct pair p;
    pair_init(&p, state);
    pair_use_key(&p, state, "ed25519");
    p.client_options.settings.fixed.kex = "curve25519-sha256";
    pair_start(&p);
    uint64_t reply_begins = ssh_output(p.server.ssh).size;
    pair_free(&p);
    /* Reply: 4 + 51 of the key, 4 + 32 of the value, 4 + 83 of the signature. */
    for (uint64_t at = reply_begins + 6; at < reply_begins + 6 + 178; at += 3) {
        pair_init(&p, state);
        pair_use_key(&p, state, "ed25519");
        p.client_options.settings.fixed.kex = "curve25519-sha256";
        p.cut = 1;
        p.tamper = spoil_reply;
        p.tamper_at = at;
        pair_start(&p);
        pair_run(&p);
        assert_int_equal(p.client.overs, 1);
        assert_int_equal(p.client.keys_exchanged, 0);
        pair_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_exchange_takes_the_connection_along),
        cmocka_unit_test(a_later_exchange_leaves_the_connection_alone),
        cmocka_unit_test(unacceptable_values_are_refused),
        cmocka_unit_test(huge_values_are_refused),
        cmocka_unit_test(groups_have_a_limit),
        cmocka_unit_test(group_requests_are_checked),
        cmocka_unit_test(group_exchange_keeps_its_order),
        cmocka_unit_test(truncated_messages_are_refused),
        cmocka_unit_test(a_spoiled_reply_is_noticed),
    };
    return cmocka_run_group_tests_name("ssh/kex", tests, pair_group_setup, pair_group_teardown);
}
