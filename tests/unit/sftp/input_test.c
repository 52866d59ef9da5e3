#include "cmocka_all.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sftp/peer.h"
#include "sftp/script.h"

/* All replies to a stream, as bytes. */
static struct buf replies_to(struct slice bytes, struct peer_options options)
{
    struct peer *p = peer_new(&options);
    size_t credit = p->credit, sent = p->sent;
    peer_send_raw(p, bytes.data, bytes.size);
    assert_null(p->broken);
    assert_int_equal(p->credit - credit, p->sent - sent);
    struct buf replies = p->in;
    buf_init(&p->in, SIZE_MAX / 2);
    peer_free(p);
    return replies;
}

static uint32_t count_replies(struct slice replies)
{
    struct cursor c = cursor_of_slice(replies);
    uint32_t count = 0;
    for (; cursor_left(&c); count++)
        get_string(&c);
    assert_false(c.bad);
    return count;
}

static void however_the_stream_is_cut_the_replies_are_the_same(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        struct script s;
        script_make(&s, version);
        struct buf whole =
            replies_to(buf_slice(&s.bytes), (struct peer_options){.version = version});
        assert_int_equal(count_replies(buf_slice(&whole)), s.count);
        struct buf bytes = replies_to(buf_slice(&s.bytes),
                                      (struct peer_options){.version = version, .cut = CUT_BYTES});
        assert_true(slice_equal(buf_slice(&bytes), buf_slice(&whole)));
        struct buf pieces = replies_to(
            buf_slice(&s.bytes), (struct peer_options){.version = version, .cut = CUT_RANDOM});
        assert_true(slice_equal(buf_slice(&pieces), buf_slice(&whole)));
        buf_clear(&whole);
        buf_clear(&bytes);
        buf_clear(&pieces);
        script_clear(&s);
    }
}

/* Two pieces, with the cut at every place of the first requests. */
static void every_single_cut(void **state)
{
    (void)state;
    struct script s;
    script_make(&s, 3);
    size_t size = s.requests[7].at; /* up to the large WRITE */
    struct peer *p = peer_new(NULL);
    for (size_t cut = 1; cut < s.requests[6].at + 60; cut++) {
        uint8_t *first = mem_dup(buf_head(&s.bytes), cut),
                *second = mem_dup(buf_head(&s.bytes) + cut, size - cut);
        peer_free(p);
        p = peer_new(NULL);
        sftp_input(p->engine, first, cut);
        sftp_input(p->engine, second, size - cut);
        peer_pump(p);
        for (int i = 0; i < 7; i++)
            peer_take(p);
        peer_expect_nothing(p);
        assert_int_equal(store_find(&p->store, "/home/joe/file")->size, 70040);
        mem_free(first);
        mem_free(second);
    }
    peer_free(p);
    script_clear(&s);
}

static void statuses_of_the_script_are_good(void **state)
{
    (void)state;
    struct script s;
    script_make(&s, 3);
    struct buf replies = replies_to(buf_slice(&s.bytes), (struct peer_options){.version = 3});
    struct cursor c = cursor_of_slice(buf_slice(&replies));
    uint32_t bad = 0;
    while (cursor_left(&c)) {
        struct cursor reply = cursor_of_slice(get_string(&c));
        if (get_u8(&reply) == SSH_FXP_STATUS) {
            get_u32(&reply);
            bad += get_u32(&reply) != SALLY_OK;
        }
    }
    /* Read past the end, end of list, no such file, two unknown types, an unknown extension, a
     * search in a file that is not text, half a vendor's name, a closed handle: so the rest of
     * these tests does reach the storage. */
    assert_int_equal(bad, 9);
    buf_clear(&replies);
    script_clear(&s);
}

/* Every request, cut short at every byte in a sound packet, has one reply, and the next request
 * works. */
static void shortened_requests_are_answered(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        struct script s;
        script_make(&s, version);
        struct peer *p = peer_new(&(struct peer_options){.version = version, .max_files = 1000});
        uint32_t bad = 0, answered = 0;
        for (size_t i = 0; i < s.count; i++) {
            const uint8_t *packet = buf_head(&s.bytes) + s.requests[i].at;
            size_t most = s.requests[i].size < 300 ? s.requests[i].size : 300;
            for (size_t size = 9; size <= most; size++) {
                uint8_t *copy = mem_dup(packet, size);
                wire_put_u32(copy, (uint32_t)size - 4);
                peer_send_raw(p, copy, size);
                mem_free(copy);
                struct reply *r = peer_take(p);
                assert_int_equal(r->id, wire_get_u32(packet + 5));
                if (r->type == SSH_FXP_STATUS && get_u32(&r->body) == SALLY_BAD_MESSAGE)
                    bad++;
                answered++;
                peer_expect_nothing(p);
                assert_null(p->broken);
            }
        }
        assert_true(bad > answered / 2);
        assert_int_equal(p->credit, p->sent);
        peer_free(p);
        script_clear(&s);
    }
}

/* Bytes after a request are no one's business: some clients send them (and draft-13 section 4 says
 * so). */
static void longer_requests_are_answered_as_they_are(void **state)
{
    (void)state;
    for (int cut = 0; cut < 3; cut++) {
        struct script s;
        script_make(&s, 3);
        struct buf longer;
        buf_init(&longer, 4 * 1024 * 1024);
        for (size_t i = 0; i < s.count; i++) {
            const uint8_t *packet = buf_head(&s.bytes) + s.requests[i].at;
            put_u32(&longer, (uint32_t)s.requests[i].size - 4 + 7);
            put_bytes(&longer, packet + 4, s.requests[i].size - 4);
            put_bytes(&longer, "\xff\xff\xff\xff\xff\xff\xff", 7);
        }
        struct buf a = replies_to(buf_slice(&s.bytes), (struct peer_options){.version = 3});
        struct buf b = replies_to(buf_slice(&longer),
                                  (struct peer_options){.version = 3, .cut = (enum peer_cut)cut});
        /* "echo@test" says it all back. */
        assert_int_equal(b.size, a.size + 7);
        assert_int_equal(count_replies(buf_slice(&b)), s.count);
        buf_clear(&a);
        buf_clear(&b);
        buf_clear(&longer);
        script_clear(&s);
    }
}

/* One byte of each request is changed: still one reply, unless it is the length. */
static void damaged_requests_are_answered(void **state)
{
    (void)state;
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    struct script s;
    script_make(&s, 3);
    struct peer *p = peer_new(&(struct peer_options){.max_files = 10000});
    for (size_t i = 0; i < s.count; i++) {
        size_t size = s.requests[i].size;
        for (size_t at = 9; at < size && at < 80; at++) {
            for (size_t k = 0; k < COUNT_OF(values); k++) {
                uint8_t *copy = mem_dup(buf_head(&s.bytes) + s.requests[i].at, size);
                copy[at] = values[k];
                peer_send_raw(p, copy, size);
                mem_free(copy);
                peer_take(p);
                peer_expect_nothing(p);
                assert_null(p->broken);
            }
        }
    }
    assert_int_equal(p->credit, p->sent);
    peer_free(p);
    script_clear(&s);
}

static void lengths_out_of_range_end_it(void **state)
{
    (void)state;
    static const struct {
        uint32_t length;
        const char *why;
    } cases[] = {
        {0, "packet too short"},         {1, "packet too short"},
        {4, "packet too short"},         {40001, "packet too long"},
        {0x7fffffff, "packet too long"}, {0x80000000, "packet too long"},
        {UINT32_MAX, "packet too long"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (int first = 0; first < 2; first++) { /* before and after INIT */
            struct peer *p = peer_new(&(struct peer_options){
                .max_packet = 40000, .no_init = first == 0, .cut = CUT_BYTES});
            uint8_t bytes[12] = {0, 0, 0, 0, SSH_FXP_STAT};
            wire_put_u32(bytes, cases[i].length);
            peer_send_raw(p, bytes, sizeof bytes);
            assert_string_equal(p->broken, cases[i].why);
            peer_expect_nothing(p);
            peer_send_raw(p, bytes, sizeof bytes); /* is not examined */
            peer_free(p);
        }
    }
    struct peer *p = peer_new(&(struct peer_options){.max_packet = 40000});
    uint32_t id = peer_begin(p, 250);
    for (int i = 0; i < 40000 - 5; i++)
        put_u8(&p->out, 0);
    peer_end(p);
    peer_go(p);
    peer_expect_status(p, id, SALLY_UNSUPPORTED);
    peer_free(p);
}

static void a_write_is_not_gathered_twice(void **state)
{
    (void)state;
    /* A WRITE that stops in the middle, and the connection with it. */
    struct peer *p = peer_new(NULL);
    static const uint8_t data[200000];
    struct handle h = peer_open(p, "/hello", SSH_FXF_WRITE);
    peer_write_request(p, h, 0, data, sizeof data);
    peer_send_raw(p, buf_head(&p->out), 100000);
    peer_expect_nothing(p);
    assert_int_equal(p->store.calls[SALLY_OP_WRITE], 0);
    peer_free(p);
}

static void a_write_with_room_after_its_data(void **state)
{
    (void)state;
    static const enum peer_cut cuts[] = {CUT_NOTHING, CUT_BYTES, CUT_RANDOM};
    for (size_t i = 0; i < COUNT_OF(cuts); i++) {
        struct peer *p = peer_new(&(struct peer_options){.cut = cuts[i]});
        struct handle h = peer_open(p, "/hello", SSH_FXF_WRITE | SSH_FXF_TRUNC);
        uint32_t id = peer_begin(p, SSH_FXP_WRITE);
        put_string(&p->out, h.bytes, h.size);
        put_u64(&p->out, 0);
        put_string(&p->out, "data", 4);
        for (int k = 0; k < 5000; k++)
            put_u8(&p->out, 'x');
        peer_end(p);
        uint32_t lie = peer_begin(p, SSH_FXP_WRITE); /* more data than packet */
        put_string(&p->out, h.bytes, h.size);
        put_u64(&p->out, 0);
        put_u32(&p->out, 1000);
        for (int k = 0; k < 999; k++)
            put_u8(&p->out, 'x');
        peer_end(p);
        peer_go(p);
        peer_expect_status(p, id, SALLY_OK);
        peer_expect_status(p, lie, SALLY_BAD_MESSAGE);
        assert_int_equal(store_find(&p->store, "/hello")->size, 4);
        peer_free(p);
    }
}

static void requests_wait_when_too_many_run(void **state)
{
    (void)state;
    static const enum peer_cut cuts[] = {CUT_NOTHING, CUT_BYTES, CUT_RANDOM};
    for (size_t i = 0; i < COUNT_OF(cuts); i++) {
        struct script s;
        script_make(&s, 3);
        struct buf whole = replies_to(buf_slice(&s.bytes), (struct peer_options){.version = 3});
        struct peer *p = peer_new(&(struct peer_options){.max_operations = 2, .cut = cuts[i]});
        p->store.late_kinds = SALLY_OP_ALL & ~SALLY_OP_BIT(SALLY_OP_SESSION_END);
        peer_send_raw(p, buf_head(&s.bytes), s.bytes.size);
        assert_int_equal(session_in_flight(sftp_session(p->engine)), 2);
        while (p->store.late_count) {
            /* A COPY has one of its own beside it. */
            assert_true(session_in_flight(sftp_session(p->engine)) <= 3);
            store_finish(&p->store, 0);
            peer_pump(p);
        }
        assert_int_equal(count_replies(buf_slice(&p->in)), s.count);
        assert_int_equal(p->credit, p->sent);
        peer_free(p);
        buf_clear(&whole);
        script_clear(&s);
    }
}

static uint64_t clock_ns;

static uint64_t now_ns(void)
{
    return clock_ns;
}

/* A thousand requests that come at once are answered in turns, in their order, and the end of input
 * loses none. */
static void a_flood_is_answered_in_turns(void **state)
{
    (void)state;
    enum { COUNT = 1000, IN_A_TURN = (TURN_UNITS + TURN_REQUEST - 1) / TURN_REQUEST };
    for (int cut = CUT_NOTHING; cut <= CUT_RANDOM; cut++) {
        struct turn turn = {.now_ns = now_ns};
        struct peer *p = peer_new(&(struct peer_options){.cut = (enum peer_cut)cut});
        uint32_t first = p->next_id + 1;
        turn_begin(&turn);
        p->host.turn = &turn;
        for (int i = 0; i < COUNT; i++) {
            peer_begin(p, SSH_FXP_STAT);
            put_text(&p->out, "/hello");
            peer_end(p);
        }
        peer_go(p);
        assert_int_equal(p->store.calls[SALLY_OP_STAT], IN_A_TURN);
        sftp_eof(p->engine);
        uint32_t turns = 1;
        for (; !p->finished; turns++) {
            uint64_t before = p->store.calls[SALLY_OP_STAT];
            turn_begin(&turn);
            sftp_flush(p->engine);
            assert_in_range(p->store.calls[SALLY_OP_STAT] - before, 1, IN_A_TURN);
        }
        assert_int_equal(turns, (COUNT + IN_A_TURN - 1) / IN_A_TURN);
        for (uint32_t i = 0; i < COUNT; i++)
            assert_int_equal(peer_take(p)->id, first + i);
        peer_free(p);
    }
}

/* Time ends a turn, too: here each look-up takes a millisecond. */
static void slow_requests_make_a_turn_short(void **state)
{
    (void)state;
    struct turn turn = {.now_ns = now_ns};
    struct peer *p = peer_new(NULL);
    turn_begin(&turn);
    p->host.turn = &turn;
    for (int i = 0; i < 30; i++) {
        peer_begin(p, SSH_FXP_STAT);
        put_text(&p->out, "/hello");
        peer_end(p);
    }
    turn_note_time(&turn, clock_ns);
    clock_ns += TURN_NS;
    peer_go(p);
    assert_in_range(p->store.calls[SALLY_OP_STAT], 1, 1 + TURN_LOOK / TURN_REQUEST);
    while (p->store.calls[SALLY_OP_STAT] < 30) {
        turn_begin(&turn);
        peer_pump(p);
    }
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(however_the_stream_is_cut_the_replies_are_the_same),
        cmocka_unit_test(every_single_cut),
        cmocka_unit_test(a_flood_is_answered_in_turns),
        cmocka_unit_test(slow_requests_make_a_turn_short),
        cmocka_unit_test(statuses_of_the_script_are_good),
        cmocka_unit_test(shortened_requests_are_answered),
        cmocka_unit_test(longer_requests_are_answered_as_they_are),
        cmocka_unit_test(damaged_requests_are_answered),
        cmocka_unit_test(lengths_out_of_range_end_it),
        cmocka_unit_test(a_write_is_not_gathered_twice),
        cmocka_unit_test(a_write_with_room_after_its_data),
        cmocka_unit_test(requests_wait_when_too_many_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
