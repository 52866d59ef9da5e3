/* Channels of two engines: an echo of many bytes, over many channels, with new keys all the time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "pair_services.h"
#include "ssh/channel.h"
#include "ssh/connection.h"

#define KIB    1024u
#define MIB    (1024u * KIB)
#define WINDOW (2 * MIB) /* what a channel starts with */

#define STREAMS 12

struct stream {
    struct ssh_channel *channel;
    uint64_t to_send, sent, echoed;
    uint32_t send_state, check_state;
    bool wrong, closed, ended;
};

struct echo {
    struct stream streams[STREAMS];
    unsigned count;
    unsigned server_closed;
    uint64_t queued_max;
    uint32_t order[64]; /* streams, as their data arrived */
    unsigned order_count;
};

struct back { /* a chunk that gives credit when it has been sent back */
    struct chunk chunk;
    struct ssh_channel *channel;
    struct echo *echo;
    size_t size;
    uint8_t data[];
};

static uint8_t next_byte(uint32_t *s)
{
    *s = *s * 1664525 + 1013904223;
    return (uint8_t)(*s >> 24);
}

static void sent_back(struct chunk *c)
{
    struct back *b = CONTAINER_OF(c, struct back, chunk);
    ssh_channel_credit(b->channel, b->size);
    mem_free(b);
}

static void echo_data(void *user_data, struct ssh_channel *channel, const uint8_t *data,
                      size_t size)
{
    struct echo *e = ((struct duo_side *)user_data)->duo->test;
    struct back *b = mem_alloc(sizeof *b + size);
    assert_non_null(b);
    memcpy(b->data, data, size);
    b->channel = channel;
    b->echo = e;
    b->size = size;
    list_init(&b->chunk.link);
    b->chunk.data = b->data;
    b->chunk.size = size;
    b->chunk.release = sent_back;
    ssh_channel_send(channel, &b->chunk);
    if (ssh_channel_queued(channel) > e->queued_max)
        e->queued_max = ssh_channel_queued(channel);
}

static void echo_eof(void *user_data, struct ssh_channel *channel)
{
    (void)user_data;
    ssh_channel_finish(channel, 0);
}

static void echo_closed(void *user_data, struct ssh_channel *channel)
{
    (void)channel;
    ((struct echo *)((struct duo_side *)user_data)->duo->test)->server_closed++;
}

static void client_data(void *user_data, struct ssh_channel *channel, const uint8_t *data,
                        size_t size)
{
    struct echo *e = ((struct duo_side *)user_data)->duo->test;
    struct stream *s = ssh_channel_data(channel);
    for (size_t i = 0; i < size; i++)
        s->wrong |= data[i] != next_byte(&s->check_state);
    s->echoed += size;
    if (e->order_count < COUNT_OF(e->order))
        e->order[e->order_count++] = (uint32_t)(s - e->streams);
    ssh_channel_credit(channel, size);
}

static void client_closed(void *user_data, struct ssh_channel *channel)
{
    (void)user_data;
    struct stream *s = ssh_channel_data(channel);
    if (s)
        s->closed = true;
}

static void prepare_echo(struct duo *d, struct echo *e)
{
    memset(e, 0, sizeof *e);
    duo_prepare(d);
    d->test = e;
    d->server_options.max_channels = d->client_options.max_channels = STREAMS;
    d->server_events.data = echo_data;
    d->server_events.eof = echo_eof;
    d->server_events.closed = echo_closed;
    d->client_events.data = client_data;
    d->client_events.closed = client_closed;
}

static void add_stream(struct duo *d, struct echo *e, uint64_t size)
{
    struct stream *s = &e->streams[e->count++];
    s->send_state = s->check_state = e->count * 7919;
    s->to_send = size;
    s->channel = duo_open(d, "echo");
    ssh_channel_set_data(s->channel, s);
}

/* Keeps some chunks of random size queued until all is sent, then ends the data. */
static bool fill_stream(struct duo *d, struct stream *s)
{
    bool did = false;
    while (s->sent < s->to_send && ssh_channel_queued(s->channel) < 256 * KIB) {
        d->seed = d->seed * 1664525 + 1013904223;
        uint64_t size = 1 + (d->seed >> 8) % (d->seed & 128 ? 300u : 100000u);
        if (size > s->to_send - s->sent)
            size = s->to_send - s->sent;
        uint8_t *data = mem_alloc((size_t)size);
        for (size_t i = 0; i < size; i++)
            data[i] = next_byte(&s->send_state);
        ssh_channel_send(s->channel, heap_chunk(data, (size_t)size));
        mem_free(data);
        s->sent += size;
        did = true;
    }
    if (s->sent == s->to_send && !s->ended) {
        s->ended = true;
        ssh_channel_finish(s->channel, 0);
        did = true;
    }
    return did;
}

static void run_echo(struct duo *d, struct echo *e)
{
    bool moved;
    do {
        moved = false;
        for (unsigned i = 0; i < e->count; i++) {
            if (!e->streams[i].ended)
                moved |= fill_stream(d, &e->streams[i]);
        }
        moved |= duo_step(d);
    } while (moved);
}

static bool fill_eof(struct stream *s)
{
    bool ended = s->ended;
    s->ended = true;
    ssh_channel_send_eof(s->channel);
    return !ended;
}

/* The client ends its data and keeps listening: all of it comes back. */
static void run_echo_back(struct duo *d, struct echo *e)
{
    bool moved;
    do {
        moved = false;
        for (unsigned i = 0; i < e->count; i++) {
            struct stream *s = &e->streams[i];
            if (s->sent < s->to_send) {
                s->ended = true; /* hold the end back */
                moved |= fill_stream(d, s);
                s->ended = false;
            } else if (!s->ended) {
                moved |= fill_eof(s);
            }
        }
        moved |= duo_step(d);
    } while (moved);
    assert_false(d->server.over || d->client.over);
    for (unsigned i = 0; i < e->count; i++) {
        struct stream *s = &e->streams[i];
        assert_int_equal(s->echoed, s->to_send);
        assert_false(s->wrong);
    }
}

static void echo_in_pieces_with_new_keys_all_the_time(void **state)
{
    (void)state;
    struct duo d;
    struct echo e;
    prepare_echo(&d, &e);
    d.cut = true;
    d.server_options.settings.rekey_bytes = d.client_options.settings.rekey_bytes = 256 * KIB;
    duo_log_in(&d);
    add_stream(&d, &e, 20 * MIB);
    run_echo_back(&d, &e);
    assert_true(ssh_rekey_count(d.server.ssh) >= 40);
    assert_true(e.queued_max <= WINDOW);
    duo_stop(&d);
}

static void echo_of_much(void **state)
{
    (void)state;
    struct duo d;
    struct echo e;
    prepare_echo(&d, &e);
    duo_log_in(&d);
    add_stream(&d, &e, 100 * MIB);
    run_echo_back(&d, &e);
    duo_stop(&d);
    assert_int_equal(e.server_closed, 1);
}

static void echo_over_many_channels_in_turn(void **state)
{
    (void)state;
    struct duo d;
    struct echo e;
    prepare_echo(&d, &e);
    d.server_options.settings.rekey_bytes = 1 * MIB;
    duo_log_in(&d);
    for (unsigned i = 0; i < STREAMS; i++)
        add_stream(&d, &e, 1 * MIB + i);
    run_echo_back(&d, &e);
    unsigned first_half[STREAMS] = {0};
    for (unsigned i = 0; i < e.order_count; i++)
        first_half[e.order[i]]++;
    for (unsigned i = 0; i < STREAMS; i++)
        assert_in_range(first_half[i], 2, 12); /* of 64 packets, 12 channels get about five each */
    for (unsigned i = 0; i < STREAMS; i++)
        assert_true(e.streams[i].closed);
    assert_int_equal(e.server_closed, STREAMS);
    duo_stop(&d);
}

/* A channel that has the connection to itself seals large pieces when they come; others wait. */
static void large_pieces_are_sealed_at_once(void **state)
{
    (void)state;
    static const uint8_t piece[64 * KIB];
    struct duo d;
    struct echo e;
    prepare_echo(&d, &e);
    duo_log_in(&d);
    add_stream(&d, &e, sizeof piece);
    struct ssh_channel *channel = e.streams[0].channel;
    ssh_channel_send(channel, heap_chunk(piece, 100));
    assert_int_equal(ssh_channel_queued(channel), 100);
    ssh_channel_send(channel, heap_chunk(piece, sizeof piece));
    assert_int_equal(ssh_channel_queued(channel), 0);
    assert_true(ssh_output(d.client.ssh).size > sizeof piece);
    for (int i = 0; i < 16; i++)
        ssh_channel_send(channel, heap_chunk(piece, sizeof piece));
    assert_true(ssh_channel_queued(channel) > 4 * sizeof piece); /* no more than may wait */
    assert_true(ssh_output(d.client.ssh).size < 512 * KIB);
    duo_run(&d);
    assert_int_equal(ssh_channel_queued(channel), 0);
    add_stream(&d, &e, sizeof piece);
    duo_run(&d);
    ssh_channel_send(channel, heap_chunk(piece, sizeof piece));
    assert_int_equal(ssh_channel_queued(channel), sizeof piece);
    duo_stop(&d);
}

static void both_sides_close_while_data_flows(void **state)
{
    (void)state;
    struct duo d;
    struct echo e;
    prepare_echo(&d, &e);
    d.cut = true;
    d.server_options.settings.rekey_bytes = d.client_options.settings.rekey_bytes = 256 * KIB;
    duo_log_in(&d);
    for (unsigned i = 0; i < STREAMS; i++)
        add_stream(&d, &e, 300000 + i);
    run_echo(&d, &e); /* the client closes as soon as all has left */
    assert_false(d.server.over || d.client.over);
    for (unsigned i = 0; i < STREAMS; i++) {
        assert_true(e.streams[i].closed);
        assert_false(e.streams[i].wrong);
    }
    assert_int_equal(e.server_closed, STREAMS);
    assert_int_equal(d.server.ssh->connection->count, 0);
    assert_int_equal(d.client.ssh->connection->count, 0);
    duo_stop(&d);
}

static void tiny_windows_and_packets_get_all_through(void **state)
{
    (void)state;
    struct duo d;
    struct echo e;
    prepare_echo(&d, &e);
    d.client_options.settings.window_start = 10;
    d.client_options.settings.window_max = 10;
    d.client_options.settings.channel_packet = 3;
    d.server_options.settings.window_start = 700;
    d.server_options.settings.window_max = 700;
    duo_log_in(&d);
    add_stream(&d, &e, 20000);
    run_echo_back(&d, &e);
    duo_stop(&d);
}

static void connection_breaks_while_data_flows(void **state)
{
    (void)state;
    for (int who = 0; who < 2; who++) {
        struct duo d;
        struct echo e;
        prepare_echo(&d, &e);
        duo_log_in(&d);
        for (unsigned i = 0; i < 3; i++)
            add_stream(&d, &e, 10 * MIB);
        for (int i = 0; i < 50; i++) {
            for (unsigned k = 0; k < 3; k++)
                fill_stream(&d, &e.streams[k]);
            duo_step(&d);
        }
        ssh_disconnect(who ? d.server.ssh : d.client.ssh, "enough");
        e.streams[0].ended = e.streams[1].ended = e.streams[2].ended = true;
        duo_run(&d);
        assert_true(d.server.over && d.client.over);
        assert_int_equal(e.server_closed, 3);
        duo_stop(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_in_pieces_with_new_keys_all_the_time),
        cmocka_unit_test(echo_of_much),
        cmocka_unit_test(echo_over_many_channels_in_turn),
        cmocka_unit_test(large_pieces_are_sealed_at_once),
        cmocka_unit_test(both_sides_close_while_data_flows),
        cmocka_unit_test(tiny_windows_and_packets_get_all_through),
        cmocka_unit_test(connection_breaks_while_data_flows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
