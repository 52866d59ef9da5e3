/* Channels: data both ways, windows, packet sizes, the orders in which they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "pair_services.h"
#include "ssh/channel.h"
#include "ssh/connection.h"

#define KIB    1024u
#define MIB    (1024u * KIB)
#define WINDOW (2 * MIB) /* what a channel starts with */

/* ---- One server alone, with a channel that runs a subsystem ---- */

struct owner {
    struct ssh_channel *channel;
    uint64_t received;
    bool keep; /* give no credit */
    unsigned eofs, closed, over;
    enum ssh_end end;
    unsigned released;
    uint8_t last[64];
};

struct fixture {
    struct bare b;
    struct owner o;
    uint32_t number;
};

static enum ssh_answer on_subsystem(void *user_data, struct ssh_channel *channel, struct slice name)
{
    (void)name;
    ((struct owner *)user_data)->channel = channel;
    return true;
}

static void on_data(void *user_data, struct ssh_channel *channel, const uint8_t *data, size_t size)
{
    struct owner *o = user_data;
    assert_true(size > 0);
    o->received += size;
    memcpy(o->last, data, size < sizeof o->last ? size : sizeof o->last);
    if (!o->keep)
        ssh_channel_credit(channel, size);
}

static void on_eof(void *user_data, struct ssh_channel *channel)
{
    (void)channel;
    ((struct owner *)user_data)->eofs++;
}

static void on_closed(void *user_data, struct ssh_channel *channel)
{
    struct owner *o = user_data;
    o->closed++;
    /* Last calls of an owner that has not noticed yet. */
    ssh_channel_credit(channel, 100);
    ssh_channel_send(channel, heap_chunk("late", 4));
    ssh_channel_send_eof(channel);
    ssh_channel_finish(channel, 0);
    o->channel = NULL;
}

static void on_over(void *user_data, enum ssh_end end, const char *detail)
{
    (void)detail;
    struct owner *o = user_data;
    o->over++;
    o->end = end;
}

static void feed(struct fixture *f, struct buf *m)
{
    bare_feed(&f->b, buf_slice(m));
    buf_clear(m);
}

static void begin(struct fixture *f)
{
    memset(&f->o, 0, sizeof f->o);
    bare_prepare(&f->b, SSH_SERVER);
    f->b.user_data = &f->o;
    f->b.events.subsystem = on_subsystem;
    f->b.events.data = on_data;
    f->b.events.eof = on_eof;
    f->b.events.closed = on_closed;
    f->b.events.over = on_over;
}

static void start(struct fixture *f, uint32_t window, uint32_t packet)
{
    struct buf room, *m;
    bare_start(&f->b, READY);
    m = payload(&room, SSH_MSG_CHANNEL_OPEN);
    put_text(m, "session");
    put_u32(m, 77);
    put_u32(m, window);
    put_u32(m, packet);
    feed(f, m);
    assert_int_equal(bare_sent(&f->b).data[0], SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
    f->number = 0;
    m = payload(&room, SSH_MSG_CHANNEL_REQUEST);
    put_u32(m, 0);
    put_text(m, "subsystem");
    put_bool(m, false);
    put_text(m, "sftp");
    feed(f, m);
    assert_non_null(f->o.channel);
    assert_int_equal(bare_sent(&f->b).size, 0);
}

static void running(struct fixture *f, uint32_t window, uint32_t packet)
{
    begin(f);
    start(f, window, packet);
}

static void finish(struct fixture *f)
{
    bare_stop(&f->b);
}

static void feed_data(struct fixture *f, size_t size)
{
    struct buf room, *m = payload(&room, SSH_MSG_CHANNEL_DATA);
    put_u32(m, f->number);
    put_u32(m, (uint32_t)size);
    uint8_t *p = buf_extend(m, size);
    memset(p, 'x', size);
    feed(f, m);
}

static void feed_number(struct fixture *f, uint8_t number)
{
    struct buf room;
    put_u32(payload(&room, number), f->number);
    feed(f, &room);
}

static void feed_adjust(struct fixture *f, uint32_t more)
{
    struct buf room, *m = payload(&room, SSH_MSG_CHANNEL_WINDOW_ADJUST);
    put_u32(m, f->number);
    put_u32(m, more);
    feed(f, m);
}

static void send_text(struct fixture *f, const char *text)
{
    ssh_channel_send(f->o.channel, heap_chunk(text, strlen(text)));
    ssh_run(f->b.ssh, f->b.ssh->now_ns);
}

static struct slice expect_data(struct fixture *f)
{
    struct slice sent = bare_sent(&f->b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_CHANNEL_DATA);
    assert_int_equal(get_u32(&c), 77);
    struct slice data = get_string(&c);
    assert_true(cursor_done(&c));
    return data;
}

static void expect_text(struct fixture *f, const char *text)
{
    assert_true(slice_is(expect_data(f), text));
}

static void expect_number(struct fixture *f, uint8_t number)
{
    struct slice sent = bare_sent(&f->b);
    assert_int_equal(sent.size, 5);
    assert_int_equal(sent.data[0], number);
}

static void expect_exit_status(struct fixture *f, uint32_t status)
{
    struct slice sent = bare_sent(&f->b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_CHANNEL_REQUEST);
    assert_int_equal(get_u32(&c), 77);
    assert_true(slice_is(get_string(&c), "exit-status"));
    assert_false(get_bool(&c));
    assert_int_equal(get_u32(&c), status);
    assert_true(cursor_done(&c));
}

static void expect_nothing(struct fixture *f)
{
    assert_int_equal(bare_sent(&f->b).size, 0);
    assert_false(ssh_is_over(f->b.ssh));
}

static void expect_broken(struct fixture *f)
{
    struct slice sent = bare_sent_number(&f->b, SSH_MSG_DISCONNECT);
    struct cursor c = cursor_of_slice(sent);
    get_u8(&c);
    assert_int_equal(get_u32(&c), SSH_DISCONNECT_PROTOCOL_ERROR);
    assert_int_equal(f->o.over, 1);
    assert_int_equal(f->o.end, SSH_END_PROTOCOL);
    assert_int_equal(f->o.closed, 1);
}

/* ---- Receiving ---- */

static void window_is_hard(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, 1000, 1000);
    f.o.keep = true;
    for (uint32_t i = 0; i < WINDOW / (256 * KIB); i++)
        feed_data(&f, 256 * KIB);
    assert_int_equal(f.o.received, WINDOW);
    feed_data(&f, 0); /* nothing is not too much */
    expect_nothing(&f);
    feed_data(&f, 1);
    assert_int_equal(f.o.received, WINDOW);
    expect_broken(&f);
    finish(&f);
}

static void one_byte_past_the_window_in_one_go(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    f.b.options.settings.window_start = 1000;
    start(&f, 1000, 1000);
    f.o.keep = true;
    feed_data(&f, 1001);
    assert_int_equal(f.o.received, 0);
    expect_broken(&f);
    finish(&f);
}

static void packets_are_bounded(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, 1000, 1000);
    feed_data(&f, 256 * KIB + 1);
    expect_broken(&f);
    finish(&f);
}

static uint32_t expect_adjust(struct fixture *f)
{
    struct slice sent = bare_sent(&f->b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_CHANNEL_WINDOW_ADJUST);
    assert_int_equal(get_u32(&c), 77);
    uint32_t more = get_u32(&c);
    assert_true(cursor_done(&c));
    return more;
}

static void credit_comes_back_in_portions(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, 1000, 1000);
    for (uint32_t i = 0; i < 7; i++) {
        feed_data(&f, 32 * KIB);
        expect_nothing(&f);
    }
    feed_data(&f, 32 * KIB);
    assert_int_equal(expect_adjust(&f), WINDOW / 8);
    expect_nothing(&f);
    finish(&f);
}

static void late_credit_opens_the_window_again(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, 1000, 1000);
    f.o.keep = true;
    for (uint32_t i = 0; i < WINDOW / (256 * KIB); i++)
        feed_data(&f, 256 * KIB);
    expect_nothing(&f);
    ssh_channel_credit(f.o.channel, WINDOW);
    ssh_channel_credit(f.o.channel, WINDOW); /* more than was received: counts as nothing */
    assert_int_equal(ssh_deadline(f.b.ssh), f.b.ssh->now_ns);
    ssh_run(f.b.ssh, f.b.ssh->now_ns);
    assert_int_equal(expect_adjust(&f), WINDOW);
    feed_data(&f, 256 * KIB);
    expect_nothing(&f);
    finish(&f);
}

static void extended_data_is_dropped_with_credit(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    running(&f, 1000, 1000);
    for (int i = 0; i < 9; i++) {
        m = payload(&room, SSH_MSG_CHANNEL_EXTENDED_DATA);
        put_u32(m, 0);
        put_u32(m, (uint32_t)i); /* the type: any */
        put_u32(m, 256 * KIB);
        memset(buf_extend(m, 256 * KIB), 'e', 256 * KIB);
        feed(&f, m);
        assert_int_equal(expect_adjust(&f), 256 * KIB);
    }
    assert_int_equal(f.o.received, 0);
    finish(&f);
}

static void extended_data_counts_against_the_window(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    begin(&f);
    f.b.options.settings.window_start = 1000;
    start(&f, 1000, 1000);
    m = payload(&room, SSH_MSG_CHANNEL_EXTENDED_DATA);
    put_u32(m, 0);
    put_u32(m, 1);
    put_u32(m, 1001);
    memset(buf_extend(m, 1001), 'e', 1001);
    feed(&f, m);
    expect_broken(&f);
    finish(&f);
}

/* ---- Sending ---- */

static void sends_what_the_window_allows(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, 0, 1000);
    send_text(&f, "hello");
    expect_nothing(&f);
    assert_int_equal(ssh_channel_queued(f.o.channel), 5);
    assert_int_equal(ssh_deadline(f.b.ssh), UINT64_MAX); /* waits, and does not spin */
    feed_adjust(&f, 1);
    expect_text(&f, "h");
    feed_adjust(&f, 0);
    expect_nothing(&f);
    feed_adjust(&f, 3);
    expect_text(&f, "ell");
    feed_adjust(&f, UINT32_MAX);
    expect_text(&f, "o");
    assert_int_equal(ssh_channel_queued(f.o.channel), 0);
    feed_adjust(&f, 1); /* 2^32 - 1 - 1 + 1: just fits */
    expect_nothing(&f);
    finish(&f);
}

static void window_overflow_ends_it(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, UINT32_MAX, 1000);
    feed_adjust(&f, 1);
    expect_broken(&f);
    finish(&f);
    running(&f, 1, 1000);
    feed_adjust(&f, UINT32_MAX);
    expect_broken(&f);
    finish(&f);
}

static void packets_of_one_byte(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, UINT32_MAX, 1);
    send_text(&f, "abc");
    send_text(&f, "d");
    expect_text(&f, "a");
    expect_text(&f, "b");
    expect_text(&f, "c");
    expect_text(&f, "d");
    expect_nothing(&f);
    finish(&f);
}

static void small_chunks_share_a_packet(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, UINT32_MAX, UINT32_MAX);
    ssh_channel_send(f.o.channel, heap_chunk("one ", 4));
    ssh_channel_send(f.o.channel, heap_chunk("", 0));
    ssh_channel_send(f.o.channel, heap_chunk("two ", 4));
    send_text(&f, "three");
    expect_text(&f, "one two three");
    expect_nothing(&f);
    finish(&f);
}

static void send_error(struct fixture *f, const char *text)
{
    ssh_channel_send_error(f->o.channel, heap_chunk(text, strlen(text)));
}

static void expect_error(struct fixture *f, const char *text)
{
    struct cursor c = cursor_of_slice(bare_sent(&f->b));
    assert_int_equal(get_u8(&c), SSH_MSG_CHANNEL_EXTENDED_DATA);
    assert_int_equal(get_u32(&c), 77);
    assert_int_equal(get_u32(&c), SSH_EXTENDED_DATA_STDERR);
    assert_true(slice_is(get_string(&c), text));
    assert_true(cursor_done(&c));
}

/* RFC 4254 section 5.2: of one window and one order with the data, but never in one packet. */
static void standard_error_goes_its_own_way(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, 12, 5);
    ssh_channel_send(f.o.channel, heap_chunk("out", 3));
    send_error(&f, "er");
    send_error(&f, "");
    send_error(&f, "ror");
    send_error(&f, "!");
    send_text(&f, "again");
    assert_int_equal(ssh_channel_queued(f.o.channel), 2);
    expect_text(&f, "out");
    expect_error(&f, "error");
    expect_error(&f, "!");
    expect_text(&f, "aga");
    expect_nothing(&f);
    send_error(&f, "late");
    feed_adjust(&f, 4);
    expect_text(&f, "in");
    expect_error(&f, "la");
    feed_adjust(&f, 100);
    expect_error(&f, "te");
    ssh_channel_finish(f.o.channel, 1);
    send_error(&f, "too late");
    ssh_run(f.b.ssh, f.b.ssh->now_ns);
    expect_exit_status(&f, 1);
    expect_number(&f, SSH_MSG_CHANNEL_EOF);
    expect_number(&f, SSH_MSG_CHANNEL_CLOSE);
    expect_nothing(&f);
    finish(&f);
}

static void large_chunks_are_cut_to_the_peers_packets(void **state)
{
    (void)state;
    static const uint32_t packets[] = {1000, 4096, 4097, 32768, UINT32_MAX};
    static const size_t sizes[] = {1, 4095, 4096, 4097, 13, 32768 + 13, 100000, 9};
    for (size_t k = 0; k < COUNT_OF(packets); k++) {
        struct fixture f;
        running(&f, UINT32_MAX, packets[k]);
        uint8_t *data = mem_alloc(200000);
        size_t total = 0, seen = 0, count = 0;
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            for (size_t j = 0; j < sizes[i]; j++)
                data[total + j] = (uint8_t)((total + j) * 2654435761u >> 24);
            ssh_channel_send(f.o.channel, heap_chunk(data + total, sizes[i]));
            total += sizes[i];
        }
        ssh_run(f.b.ssh, f.b.ssh->now_ns);
        while (seen < total) {
            struct slice part = expect_data(&f);
            assert_true(part.size > 0 && part.size <= packets[k] && part.size <= total - seen);
            assert_memory_equal(part.data, data + seen, part.size);
            seen += part.size;
            count++;
        }
        expect_nothing(&f);
        size_t full = packets[k] < 65536 ? packets[k] : 65536;
        assert_true(count <= total / full + 8); /* packets are full but where gathering stops */
        mem_free(data);
        finish(&f);
    }
}

static void stops_at_the_bound_of_the_output(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, UINT32_MAX, 32768);
    size_t size = 4 * MIB;
    uint8_t *data = mem_zalloc(size);
    ssh_channel_send(f.o.channel, heap_chunk(data, size));
    mem_free(data);
    ssh_run(f.b.ssh, f.b.ssh->now_ns);
    size_t waiting = ssh_output(f.b.ssh).size;
    assert_true(waiting > 256 * KIB && waiting <= 512 * KIB);
    size_t total = waiting;
    while (waiting) { /* goes on when there is room */
        ssh_output_sent(f.b.ssh, waiting);
        ssh_run(f.b.ssh, f.b.ssh->now_ns);
        waiting = ssh_output(f.b.ssh).size;
        assert_true(waiting <= 512 * KIB);
        total += waiting;
    }
    assert_true(total > size);
    assert_int_equal(ssh_channel_queued(f.o.channel), 0);
    finish(&f);
}

/* ---- Ends ---- */

static void finish_sends_status_eof_close(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, UINT32_MAX, 1000);
    ssh_channel_send(f.o.channel, heap_chunk("bye", 3));
    ssh_channel_finish(f.o.channel, 3);
    ssh_channel_finish(f.o.channel, 4); /* the first one counts */
    ssh_run(f.b.ssh, f.b.ssh->now_ns);
    expect_text(&f, "bye");
    expect_exit_status(&f, 3);
    expect_number(&f, SSH_MSG_CHANNEL_EOF);
    expect_number(&f, SSH_MSG_CHANNEL_CLOSE);
    expect_nothing(&f);
    assert_int_equal(f.o.closed, 0);
    /* What was on its way is dropped silently: data, more than the window's rest included in it,
     * requests, EOF. */
    uint64_t before = f.o.received;
    feed_data(&f, 1000);
    feed_adjust(&f, 0);
    feed_number(&f, SSH_MSG_CHANNEL_EOF);
    struct buf room, *m = payload(&room, SSH_MSG_CHANNEL_REQUEST);
    put_u32(m, 0);
    put_text(m, "exec");
    put_bool(m, true);
    put_text(m, "ls");
    feed(&f, m);
    expect_nothing(&f);
    assert_int_equal(f.o.received, before);
    assert_int_equal(f.o.eofs, 0);
    feed_number(&f, SSH_MSG_CHANNEL_CLOSE);
    assert_int_equal(f.o.closed, 1);
    expect_nothing(&f);
    feed_number(&f, SSH_MSG_CHANNEL_CLOSE); /* there is no such channel any longer: no harm done */
    assert_int_equal(f.o.over, 0);
    feed_data(&f, 1); /* but data must go somewhere */
    assert_int_equal(f.o.over, 1);
    finish(&f);
}

static void eof_may_come_before_the_finish(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, UINT32_MAX, 1000);
    ssh_channel_send(f.o.channel, heap_chunk("bye", 3));
    ssh_channel_send_eof(f.o.channel);
    ssh_channel_send(f.o.channel, heap_chunk("too late", 8));
    ssh_run(f.b.ssh, f.b.ssh->now_ns);
    expect_text(&f, "bye");
    expect_number(&f, SSH_MSG_CHANNEL_EOF);
    feed_data(&f, 10); /* the other way is still open */
    assert_int_equal(f.o.received, 10);
    ssh_channel_finish(f.o.channel, 0);
    ssh_run(f.b.ssh, f.b.ssh->now_ns);
    expect_exit_status(&f, 0);
    expect_number(&f, SSH_MSG_CHANNEL_CLOSE);
    expect_nothing(&f);
    finish(&f);
    assert_int_equal(f.o.closed, 1);
}

static void peer_ends_first(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, UINT32_MAX, 1000);
    feed_number(&f, SSH_MSG_CHANNEL_EOF);
    assert_int_equal(f.o.eofs, 1);
    feed_number(&f, SSH_MSG_CHANNEL_EOF); /* once more changes nothing */
    assert_int_equal(f.o.eofs, 1);
    send_text(&f, "still here");
    expect_text(&f, "still here");
    ssh_channel_finish(f.o.channel, 0);
    ssh_run(f.b.ssh, f.b.ssh->now_ns);
    expect_exit_status(&f, 0);
    expect_number(&f, SSH_MSG_CHANNEL_EOF);
    expect_number(&f, SSH_MSG_CHANNEL_CLOSE);
    feed_number(&f, SSH_MSG_CHANNEL_CLOSE);
    assert_int_equal(f.o.closed, 1);
    expect_nothing(&f);
    finish(&f);
}

static void peer_closes_at_once(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, 0, 1000);
    send_text(&f, "nobody will read this");
    feed_number(&f, SSH_MSG_CHANNEL_CLOSE);
    expect_number(&f, SSH_MSG_CHANNEL_CLOSE);
    expect_nothing(&f);
    assert_int_equal(f.o.closed, 1);
    assert_int_equal(f.o.eofs, 0);
    finish(&f);
}

static void data_after_the_end_of_the_data(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, 1000, 1000);
    feed_number(&f, SSH_MSG_CHANNEL_EOF);
    feed_data(&f, 1);
    assert_int_equal(f.o.received, 0);
    expect_broken(&f);
    finish(&f);
}

static void channels_nobody_uses_are_closed(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    running(&f, 1000, 1000);
    m = payload(&room, SSH_MSG_CHANNEL_OPEN);
    put_text(m, "session");
    put_u32(m, 77);
    put_u32(m, 1000);
    put_u32(m, 1000);
    feed(&f, m);
    bare_sent(&f.b);
    f.number = 1;
    feed_data(&f, 256 * KIB); /* to no one: dropped, and granted again */
    assert_int_equal(f.o.received, 0);
    assert_int_equal(expect_adjust(&f), 256 * KIB);
    feed_number(&f, SSH_MSG_CHANNEL_EOF);
    expect_number(&f, SSH_MSG_CHANNEL_CLOSE);
    feed_number(&f, SSH_MSG_CHANNEL_CLOSE);
    assert_int_equal(f.o.closed, 0); /* the owner has never heard of it */
    expect_nothing(&f);
    finish(&f);
}

static void end_of_the_connection_releases_everything(void **state)
{
    (void)state;
    struct fixture f;
    running(&f, 0, 1000);
    for (int i = 0; i < 10; i++)
        send_text(&f, "chunk");
    ssh_disconnect(f.b.ssh, "enough");
    assert_int_equal(f.o.closed, 1);
    assert_int_equal(f.o.over, 1);
    finish(&f);
    running(&f, 0, 1000);
    send_text(&f, "chunk");
    finish(&f); /* freed while it lives */
    assert_int_equal(f.o.closed, 1);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    bool failed = true;
    for (unsigned nth = 1; failed; nth++) {
        struct fixture f;
        running(&f, UINT32_MAX, 1000);
        struct chunk *chunk = heap_chunk("bytes on their way", 18);
        f.b.recording = true;
        for (uint32_t i = 0; i < 9; i++) {
            struct buf room, *m = payload(&room, SSH_MSG_CHANNEL_OPEN);
            put_text(m, "session");
            put_u32(m, i);
            put_u64(m, UINT64_MAX);
            feed(&f, m);
        }
        feed_data(&f, 256 * KIB);
        alloc_fail_at(nth);
        ssh_channel_send(f.o.channel, chunk);
        bare_play(&f.b);
        if (f.o.channel)
            ssh_channel_finish(f.o.channel, 0);
        ssh_run(f.b.ssh, f.b.ssh->now_ns);
        failed = alloc_failed();
        if (ssh_is_over(f.b.ssh))
            assert_int_equal(f.o.end, SSH_END_INTERNAL);
        finish(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_is_hard),
        cmocka_unit_test(one_byte_past_the_window_in_one_go),
        cmocka_unit_test(packets_are_bounded),
        cmocka_unit_test(credit_comes_back_in_portions),
        cmocka_unit_test(late_credit_opens_the_window_again),
        cmocka_unit_test(extended_data_is_dropped_with_credit),
        cmocka_unit_test(extended_data_counts_against_the_window),
        cmocka_unit_test(sends_what_the_window_allows),
        cmocka_unit_test(window_overflow_ends_it),
        cmocka_unit_test(packets_of_one_byte),
        cmocka_unit_test(small_chunks_share_a_packet),
        cmocka_unit_test(standard_error_goes_its_own_way),
        cmocka_unit_test(large_chunks_are_cut_to_the_peers_packets),
        cmocka_unit_test(stops_at_the_bound_of_the_output),
        cmocka_unit_test(finish_sends_status_eof_close),
        cmocka_unit_test(eof_may_come_before_the_finish),
        cmocka_unit_test(peer_ends_first),
        cmocka_unit_test(peer_closes_at_once),
        cmocka_unit_test(data_after_the_end_of_the_data),
        cmocka_unit_test(channels_nobody_uses_are_closed),
        cmocka_unit_test(end_of_the_connection_releases_everything),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
