/* From payloads to packets: order, bounds, padding. */
#include "engine_pair.h"

#include "base/wire.h"

static const uint8_t ignore_bytes[] = {SSH_MSG_IGNORE, 0, 0, 0, 0};
static const struct slice ignore = {ignore_bytes, sizeof ignore_bytes}, nothing;

static void log_in(struct pair *p, void **state)
{
    pair_init(p, state);
    pair_start(p);
    pair_exchange_keys(p);
    pair_log_in(p);
}

static void send_unimplemented(struct side *s, uint32_t value)
{
    put_u32(ssh_message(s->ssh, SSH_MSG_UNIMPLEMENTED), value);
    ssh_message_send(s->ssh);
}

static void send_request(struct side *s, const char *name)
{
    struct buf *b = ssh_message(s->ssh, SSH_MSG_GLOBAL_REQUEST);
    put_text(b, name);
    put_bool(b, false);
    ssh_message_send(s->ssh);
}

/* RFC 4253 section 7.1: the transport's own messages go on, the others wait, in order. */
static void messages_wait_for_the_end_of_an_exchange(void **state)
{
    struct pair p;
    log_in(&p, state);
    ssh_rekey(p.server.ssh);
    ssh_run(p.server.ssh, p.now_ns);
    size_t sealed = ssh_output(p.server.ssh).size;
    send_request(&p.server, "first@example.com");
    send_request(&p.server, "second@example.com");
    assert_int_equal(ssh_output(p.server.ssh).size, sealed);
    struct cursor c = cursor_of_slice(buf_slice(&p.server.ssh->transport->waiting));
    struct cursor first = cursor_of_slice(get_string(&c));
    get_u8(&first);
    assert_true(slice_is(get_string(&first), "first@example.com"));
    assert_true(get_string(&c).size && cursor_done(&c));
    send_unimplemented(&p.server, 7);
    assert_true(ssh_output(p.server.ssh).size > sealed);
    pair_run(&p);
    assert_int_equal(p.server.rekeyed, 1);
    assert_int_equal(p.server.ssh->transport->waiting.size, 0);
    assert_alive(&p.client);
    pair_free(&p);
}

static void a_message_beyond_the_maximum_ends_it(void **state)
{
    struct pair p;
    log_in(&p, state);
    struct buf *b = ssh_message(p.server.ssh, SSH_MSG_GLOBAL_REQUEST);
    for (size_t i = 0; i <= ANSWER_MAX; i += 1024)
        put_bytes(b, (uint8_t[1024]){0}, 1024);
    ssh_message_send(p.server.ssh);
    assert_int_equal(p.server.ssh->state, OVER);
    pair_free(&p);
}

static void data_leaves_room_for_control(void **state)
{
    struct pair p;
    log_in(&p, state);
    struct ssh *ssh = p.server.ssh;
    uint8_t *zeros = mem_zalloc(64 * 1024);
    assert_non_null(zeros);
    struct slice body = {zeros, 60 * 1024};
    uint8_t head_bytes[] = {SSH_MSG_IGNORE};
    struct slice head = {head_bytes, 1};
    size_t sent = 0;
    while (ssh_may_seal_data(ssh, head.size + body.size)) {
        assert_true(ssh_seal_data(ssh, head, body));
        sent++;
    }
    assert_true(sent >= 4);
    assert_true(ssh_output(ssh).size <= send_bound(ssh));
    assert_true(send_bound(ssh) < ssh->options.settings.send_queue);
    assert_false(send_is_full(ssh)); /* input is still processed: answers have their room */
    while (!send_is_full(ssh))
        assert_true(send_now(ssh, head, body));
    uint8_t *room;
    assert_int_equal(ssh_input_room(ssh, &room), 0);
    side_drop_output(&p.server);
    assert_true(ssh_input_room(ssh, &room) > 0);
    assert_true(ssh_may_seal_data(ssh, body.size));
    mem_free(zeros);
    pair_free(&p);
}

static void data_waits_for_login_and_keys(void **state)
{
    struct pair p;
    pair_init(&p, state);
    pair_start(&p);
    pair_exchange_keys(&p);
    assert_false(ssh_may_seal_data(p.server.ssh, 1));
    pair_log_in(&p);
    assert_true(ssh_may_seal_data(p.server.ssh, 1));
    ssh_rekey(p.server.ssh);
    ssh_run(p.server.ssh, p.now_ns);
    assert_false(ssh_may_seal_data(p.server.ssh, 1));
    pair_run(&p);
    assert_true(ssh_may_seal_data(p.server.ssh, 1));
    pair_free(&p);
}

struct counted_random {
    unsigned draws;
    bool fails;
};

static bool count_draws(void *user_data, uint8_t *out, size_t size)
{
    struct counted_random *r = user_data;
    r->draws++;
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(i * 7 + r->draws);
    return !r->fails;
}

static size_t padding_of(struct slice packet, const uint8_t **padding)
{
    *padding = packet.data + 4 + wire_get_u32(packet.data) - packet.data[4];
    return packet.data[4];
}

/* In the clear, where it shows. */
static void padding_is_random_and_drawn_in_portions(void **state)
{
    struct counted_random random = {0};
    struct pair p;
    pair_init(&p, state);
    p.server_options.random = (struct random_source){count_draws, &random};
    p.client_options.random = p.server_options.random;
    pair_start(&p);
    side_drop_output(&p.server);
    const uint8_t *before = NULL, *padding;
    uint8_t last[64];
    random.draws = 0;
    for (int i = 0; i < 200; i++) {
        assert_true(send_now(p.server.ssh, ignore, nothing));
        size_t size = padding_of(ssh_output(p.server.ssh), &padding);
        assert_true(size >= 4 && size <= sizeof last);
        if (before)
            assert_memory_not_equal(padding, last, size);
        memcpy(last, padding, size);
        before = last;
        side_drop_output(&p.server);
    }
    assert_true(random.draws >= 1 && random.draws < 10);
    random.fails = true;
    for (int i = 0; i < 200 && !ssh_is_over(p.server.ssh); i++)
        send_now(p.server.ssh, ignore, nothing);
    assert_int_equal(p.server.ssh->state, OVER); /* rather than with padding that has been */
    pair_free(&p);
}

static void packets_are_counted(void **state)
{
    struct pair p;
    log_in(&p, state);
    const struct direction *out = &p.server.ssh->transport->out;
    uint32_t sequence = out->sequence;
    uint64_t packets = out->packets, bytes = out->bytes;
    side_inject(&p.server, ignore);
    side_inject(&p.server, ignore);
    assert_int_equal(out->sequence, sequence + 2);
    assert_int_equal(out->packets, packets + 2);
    assert_true(out->bytes >= bytes + 2 * 16);
    assert_alive(&p.client);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_wait_for_the_end_of_an_exchange),
        cmocka_unit_test(a_message_beyond_the_maximum_ends_it),
        cmocka_unit_test(data_leaves_room_for_control),
        cmocka_unit_test(data_waits_for_login_and_keys),
        cmocka_unit_test(padding_is_random_and_drawn_in_portions),
        cmocka_unit_test(packets_are_counted),
    };
    return cmocka_run_group_tests_name("ssh/send", tests, pair_group_setup, pair_group_teardown);
}
