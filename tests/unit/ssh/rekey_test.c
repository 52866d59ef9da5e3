/* Keys are exchanged anew while data flows both ways. */
#include "engine_pair.h"

#define KIB 1024u
#define MIB (1024u * KIB)

static void log_in(struct pair *p)
{
    pair_start(p);
    pair_exchange_keys(p);
    pair_log_in(p);
    pair_open_channel(p);
}

static void assert_all_arrived(struct pair *p)
{
    assert_alive(&p->client);
    assert_alive(&p->server);
    assert_int_equal(p->server.received, p->client.sent);
    assert_int_equal(p->client.received, p->server.sent);
}

static void volume_asks_for_new_keys(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.server_options.settings.rekey_bytes = 256 * KIB;
    log_in(&p);
    for (int i = 0; i < 64; i++) {
        side_send(&p.client, 128 * KIB);
        side_send(&p.server, 128 * KIB);
        pair_run(&p);
    }
    assert_all_arrived(&p);
    assert_true(p.server.rekeyed >= 16);
    assert_int_equal(p.server.rekeyed, p.client.rekeyed);
    pair_free(&p);
}

/* Either side alone receives or sends; the other one has the limit. */
static void volume_counts_in_each_direction(void **state)
{
    for (int i = 0; i < 4; i++) {
        struct pair p;
        pair_init(&p, state);
        *(i & 1 ? &p.server_options.settings.rekey_bytes : &p.client_options.settings.rekey_bytes) =
            100 * KIB;
        log_in(&p);
        side_send(i & 2 ? &p.server : &p.client, MIB);
        pair_run(&p);
        side_send(i & 2 ? &p.server : &p.client, MIB);
        pair_run(&p);
        assert_all_arrived(&p);
        assert_true(p.server.rekeyed >= 2);
        pair_free(&p);
    }
}

static void both_ask_at_once(void **state)
{
    static const size_t cuts[] = {0, 1, 100, 5000};
    for (size_t i = 0; i < COUNT_OF(cuts); i++) {
        struct pair p;
        pair_init(&p, state);
        log_in(&p);
        p.cut = cuts[i];
        for (int round = 0; round < 5; round++) {
            side_send(&p.client, 20 * KIB);
            side_send(&p.server, 20 * KIB);
            ssh_rekey(p.client.ssh);
            ssh_rekey(p.server.ssh);
            ssh_run(p.client.ssh, p.now_ns);
            ssh_run(p.server.ssh, p.now_ns);
            assert_true(kex_is_sending(p.client.ssh->transport->kex));
            assert_true(kex_is_sending(p.server.ssh->transport->kex));
            pair_run(&p);
            assert_all_arrived(&p);
        }
        assert_int_equal(p.server.rekeyed, 5);
        assert_int_equal(p.client.rekeyed, 5);
        pair_free(&p);
    }
}

/* Data that left before our KEXINIT was seen is taken as ever. */
static void data_on_its_way_is_legal(void **state)
{
    struct pair p;
    pair_init(&p, state);
    log_in(&p);
    side_send(&p.client, MIB);
    ssh_run(p.client.ssh, p.now_ns);
    uint64_t before = p.server.received;
    ssh_rekey(p.server.ssh);
    ssh_run(p.server.ssh, p.now_ns);
    size_t waiting = ssh_output(p.client.ssh).size;
    assert_true(waiting > 100 * KIB);
    while (waiting) { /* nothing goes to the client */
        size_t moved = pair_move(&p.client, waiting);
        assert_true(moved != 0);
        waiting -= moved;
    }
    assert_alive(&p.server);
    assert_true(p.server.received - before > 100 * KIB);
    side_send(&p.server, MIB);
    pair_run(&p);
    assert_all_arrived(&p);
    assert_int_equal(p.server.rekeyed, 1);
    pair_free(&p);
}

/* What must be said meanwhile is said afterwards, in order: requests are answered, windows are
 * opened. */
static void control_messages_wait(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.server_options.settings.window_start = 64 * KIB;
    p.server_options.settings.window_max = 64 * KIB;
    log_in(&p);
    ssh_rekey(p.server.ssh);
    ssh_run(p.server.ssh, p.now_ns);
    side_send(&p.client, 60 * KIB);
    p.client.request_answered = false;
    ssh_client_subsystem(p.client.channel, "sftp"); /* a second one: refused, but answered */
    ssh_run(p.client.ssh, p.now_ns);
    while (pair_move(&p.client, SIZE_MAX))
        ;
    assert_int_equal(p.server.received, 60 * KIB);
    assert_true(p.server.ssh->transport->waiting.size != 0);
    assert_false(p.client.request_answered);
    pair_run(&p);
    assert_int_equal(p.server.ssh->transport->waiting.size, 0);
    assert_true(p.client.request_answered);
    side_send(&p.client, 300 * KIB);
    pair_run(&p);
    assert_all_arrived(&p);
    pair_free(&p);
}

/* A peer that writes everything before it reads anything: the answers to its first half fill our
 * output, and yet its second half, its KEXINIT and its window adjusts must be taken in. */
static void a_peer_that_does_not_read_is_heard(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.client_options.settings.window_start = 32 * MIB;
    log_in(&p);
    side_send(&p.server, 16 * MIB);
    ssh_run(p.server.ssh, p.now_ns);
    assert_true(ssh_output(p.server.ssh).size > 300 * KIB); /* nothing of it is read */
    side_send(&p.client, MIB);
    ssh_rekey(p.client.ssh);
    ssh_run(p.client.ssh, p.now_ns);
    while (pair_move(&p.client, SIZE_MAX))
        ;
    assert_int_equal(ssh_output(p.client.ssh).size, 0);
    assert_true(kex_is_receiving(p.server.ssh->transport->kex));
    size_t bound = p.server.ssh->options.settings.send_queue;
    assert_true(ssh_output(p.server.ssh).size < bound + CONTROL_ROOM);
    pair_run(&p);
    assert_all_arrived(&p);
    assert_int_equal(p.client.rekeyed, 1);
    pair_free(&p);
}

/* One that never reads and goes on asking is not listened to any longer, until it reads. */
static void answers_to_a_deaf_peer_are_bounded(void **state)
{
    static const uint8_t bytes[8005] = {SSH_MSG_PING, 0, 0, 31, 64};
    struct slice ping = {bytes, sizeof bytes}, nothing = {NULL, 0};
    struct pair p;
    pair_init(&p, state);
    log_in(&p);
    for (int i = 0; i < 1000; i++) {
        if (ssh_output(p.client.ssh).size < 100000)
            assert_true(send_now(p.client.ssh, ping, nothing));
        pair_move(&p.client, SIZE_MAX);
    }
    uint8_t *room;
    assert_alive(&p.server);
    assert_int_equal(ssh_input_room(p.server.ssh, &room), 0);
    size_t bound = (size_t)p.server.ssh->options.settings.send_queue + CONTROL_ROOM + 3 * 8100;
    assert_true(ssh_output(p.server.ssh).size < bound);
    pair_run(&p);
    side_send(&p.client, 1000);
    pair_run(&p);
    assert_all_arrived(&p);
    pair_free(&p);
}

static void many_messages_during_an_exchange_end_it(void **state)
{
    static const char name[1000] = "keepalive-that-nobody-knows";
    struct slice nothing = {NULL, 0};
    struct pair p;
    pair_init(&p, state);
    log_in(&p);
    ssh_rekey(p.server.ssh);
    ssh_run(p.server.ssh, p.now_ns);
    unsigned count = 0;
    for (; count < 100000 && !ssh_is_over(p.server.ssh); count++) {
        struct buf b;
        buf_init(&b, 2000);
        put_u8(&b, SSH_MSG_GLOBAL_REQUEST);
        put_text(&b, name);
        put_bool(&b, true);
        assert_true(send_now(p.client.ssh, buf_slice(&b), nothing));
        buf_clear(&b);
        while (pair_move(&p.client, SIZE_MAX))
            ;
    }
    assert_true(count > 1000 && count < 100000);
    assert_int_equal(p.server.end, SSH_END_INTERNAL);
    pair_free(&p);
}

static void data_flows_again_right_after_newkeys(void **state)
{
    struct pair p;
    pair_init(&p, state);
    log_in(&p);
    ssh_rekey(p.server.ssh);
    ssh_run(p.server.ssh, p.now_ns);
    side_send(&p.server, 100 * KIB);
    pair_move(&p.server, SIZE_MAX); /* KEXINIT */
    pair_move(&p.client, SIZE_MAX); /* KEXINIT, public value */
    assert_int_equal(p.client.received, 0);
    pair_do_jobs(&p.server);
    /* The client's NEWKEYS is still to come; ours has left, and data behind it. */
    assert_true(ssh_output(p.server.ssh).size > 100 * KIB);
    pair_run(&p);
    assert_all_arrived(&p);
    pair_free(&p);
}

static void algorithms_may_change(void **state)
{
    struct pair p;
    pair_init(&p, state);
    log_in(&p);
    p.client.ssh->options.settings.fixed.ciphers = "aes256-ctr";
    p.client.ssh->options.settings.fixed.macs = "hmac-sha2-512-etm@openssh.com";
    p.client.ssh->options.settings.fixed.kex = "diffie-hellman-group14-sha256";
    p.client.ssh->options.settings.fixed.host_key_algorithms = "rsa-sha2-256";
    p.client.ssh->options.settings.fixed.compression = "zlib@openssh.com";
    struct slice id = ssh_session_id(p.server.ssh);
    uint8_t before[64];
    memcpy(before, id.data, id.size);
    ssh_rekey(p.server.ssh);
    side_send(&p.server, MIB);
    side_send(&p.client, MIB);
    pair_run(&p);
    side_send(&p.server, MIB);
    side_send(&p.client, MIB);
    pair_run(&p);
    assert_all_arrived(&p);
    assert_non_null(strstr(ssh_algorithms(p.server.ssh), "group14"));
    assert_non_null(strstr(ssh_algorithms(p.server.ssh), "zlib"));
    assert_memory_equal(before, ssh_session_id(p.server.ssh).data, id.size);
    pair_free(&p);
}

static void a_rekey_by_time(void **state)
{
    struct pair p;
    pair_init(&p, state);
    p.server_options.settings.rekey_ns = 1000000;
    log_in(&p);
    uint64_t deadline = ssh_deadline(p.server.ssh);
    assert_true(deadline > p.now_ns && deadline <= p.now_ns + 1000000);
    p.now_ns = deadline;
    ssh_tick(p.server.ssh, p.now_ns);
    pair_run(&p);
    assert_int_equal(p.server.rekeyed, 1);
    assert_true(ssh_deadline(p.server.ssh) > p.now_ns);
    pair_free(&p);
}

static void a_peer_that_never_answers_is_dropped(void **state)
{
    struct pair p;
    pair_init(&p, state);
    log_in(&p);
    ssh_rekey(p.server.ssh);
    ssh_run(p.server.ssh, p.now_ns);
    uint64_t deadline = ssh_deadline(p.server.ssh);
    assert_true(deadline != UINT64_MAX);
    ssh_tick(p.server.ssh, deadline - 1);
    assert_alive(&p.server);
    ssh_tick(p.server.ssh, deadline);
    assert_int_equal(p.server.end, SSH_END_TIMEOUT);
    pair_free(&p);
}

/* RFC 4344 section 3: neither sequence numbers nor cipher blocks may run out. */
static void keys_wear_out_whatever_the_options_say(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct pair p;
        pair_init(&p, state);
        p.client_options.settings.fixed.ciphers = "aes128-gcm@openssh.com";
        log_in(&p);
        struct direction *d = &p.server.ssh->transport->in;
        if (i)
            d->packets = UINT64_C(1) << 31;
        else
            d->bytes = (UINT64_C(1) << 32) * 16;
        side_send(&p.client, 10);
        pair_run(&p);
        assert_int_equal(p.server.rekeyed, 1);
        assert_true(d->packets < 10);
        pair_free(&p);
    }
}

static void no_sequence_number_comes_twice(void **state)
{
    struct pair p;
    pair_init(&p, state);
    log_in(&p);
    p.server.ssh->transport->in.packets = UINT32_MAX - 2;
    ssh_rekey(p.server.ssh); /* which the client ignores */
    ssh_run(p.server.ssh, p.now_ns);
    static const uint8_t bytes[] = {SSH_MSG_IGNORE, 0, 0, 0, 0};
    struct slice payload = {bytes, sizeof bytes};
    side_inject(&p.client, payload);
    assert_alive(&p.server);
    side_inject(&p.client, payload);
    assert_int_equal(p.server.end, SSH_END_PROTOCOL);
    pair_free(&p);
}

static void every_job_may_be_late(void **state)
{
    struct pair p;
    pair_init(&p, state);
    log_in(&p);
    p.keep_jobs = true;
    side_send(&p.server, MIB);
    side_send(&p.client, MIB);
    ssh_rekey(p.server.ssh);
    pair_run(&p);
    for (;;) {
        bool server = pair_do_jobs(&p.server), client = pair_do_jobs(&p.client);
        if (!server && !client)
            break;
        pair_run(&p);
    }
    assert_all_arrived(&p);
    assert_int_equal(p.server.rekeyed, 1);
    pair_free(&p);
}

/* Cuts, volumes and times by chance; the stream is right or the test fails. */
static void a_long_life(void **state)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct pair p;
        pair_init(&p, state);
        p.cut = 60000;
        p.cut_random = seed;
        p.server_options.settings.rekey_bytes = 50000 * seed;
        p.client_options.settings.rekey_bytes = 90000;
        p.client_options.settings.fixed.compression = seed & 1 ? "zlib@openssh.com" : "none";
        log_in(&p);
        for (int i = 0; i < 30; i++) {
            side_send(&p.client, 1 + (size_t)(i * 7919) % 60000);
            side_send(&p.server, 1 + (size_t)(i * 104729) % 90000);
            for (int j = 0; j < i % 5; j++) {
                pair_move(&p.client, 3000);
                pair_move(&p.server, 1000);
            }
            if (i % 3 == 0)
                pair_run(&p);
            if (i % 7 == 0)
                ssh_trim(p.server.ssh);
        }
        pair_run(&p);
        assert_all_arrived(&p);
        assert_true(p.server.rekeyed > 3);
        pair_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(volume_asks_for_new_keys),
        cmocka_unit_test(volume_counts_in_each_direction),
        cmocka_unit_test(both_ask_at_once),
        cmocka_unit_test(data_on_its_way_is_legal),
        cmocka_unit_test(control_messages_wait),
        cmocka_unit_test(a_peer_that_does_not_read_is_heard),
        cmocka_unit_test(answers_to_a_deaf_peer_are_bounded),
        cmocka_unit_test(many_messages_during_an_exchange_end_it),
        cmocka_unit_test(data_flows_again_right_after_newkeys),
        cmocka_unit_test(algorithms_may_change),
        cmocka_unit_test(a_rekey_by_time),
        cmocka_unit_test(a_peer_that_never_answers_is_dropped),
        cmocka_unit_test(keys_wear_out_whatever_the_options_say),
        cmocka_unit_test(no_sequence_number_comes_twice),
        cmocka_unit_test(every_job_may_be_late),
        cmocka_unit_test(a_long_life),
    };
    return cmocka_run_group_tests_name("ssh rekey", tests, pair_group_setup, pair_group_teardown);
}
