#include "cmocka_all.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sftp/engine.h"
#include "sftp/peer.h"
#include "sftp/script.h"

#define MIB ((size_t)1024 * 1024)

static void add_big(struct peer *p)
{
    uint8_t *data = calloc(1, MIB);
    store_add(&p->store, "/big", SALLY_TYPE_REGULAR, data, MIB);
    free(data);
}

static void a_flood_of_reads_stays_within_its_bytes(void **state)
{
    (void)state;
    enum { COUNT = 600 };
    for (int how = 0; how < 4; how++) {
        struct peer *p = peer_new(&(struct peer_options){
            .hold = true,
            .max_bytes = 2 * MIB,
            .max_operations = 1000,
            .want_flush = how & 1,
            .traits = how & 2 ? SALLY_FS_CONCURRENT : 0,
        });
        add_big(p);
        struct handle h = peer_open(p, "/big", SSH_FXF_READ);
        for (int i = 0; i < COUNT; i++)
            peer_read_request(p, h, (uint64_t)i * 1000, 255 * 1024);
        peer_go(p);
        uint32_t first = p->replies;
        for (;;) {
            while (peer_has_reply(p)) {
                struct reply *r = peer_take(p);
                assert_int_equal(r->type, SSH_FXP_DATA);
                assert_int_equal(get_string(&r->body).size, 255 * 1024);
            }
            if (list_empty(&p->held))
                break;
            peer_release(p, 1);
            if (how & 1)
                peer_pump(p);
        }
        assert_int_equal(p->replies - first, COUNT);
        assert_true(p->most_held <= 2 * MIB + 64 * 1024);
        assert_int_equal(p->flush_wishes > 0, how & 1);
        assert_int_equal(p->credit, p->sent);
        peer_free(p);
    }
}

static void a_flood_of_small_requests_waits_for_its_reader(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    for (int wish = 0; wish < 2; wish++) {
        struct peer *p = peer_new(&(struct peer_options){.hold = true, .want_flush = wish});
        for (int i = 0; i < COUNT; i++)
            peer_path_request(p, SSH_FXP_STAT, "/hello");
        peer_go(p);
        assert_true(p->held_bytes < 2 * MIB);
        assert_true(p->credit < p->sent);
        uint64_t calls = p->store.calls[SALLY_OP_STAT];
        assert_true(calls < COUNT);
        peer_pump(p);
        assert_int_equal(p->store.calls[SALLY_OP_STAT],
                         calls); /* nothing moves until something is read */
        size_t most = 0;
        uint32_t count = 0;
        while (!list_empty(&p->held)) {
            while (peer_has_reply(p)) {
                assert_int_equal(peer_take(p)->type, SSH_FXP_ATTRS);
                count++;
            }
            most = p->held_bytes > most ? p->held_bytes : most;
            peer_release(p, 1);
            if (wish)
                peer_pump(p);
        }
        assert_int_equal(count, COUNT);
        assert_true(most < 2 * MIB);
        assert_int_equal(p->credit, p->sent);
        peer_free(p);
    }
}

static void listings_count_as_unread_replies(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.hold = true});
    p->store.many = 100000;
    struct handle h = peer_opendir(p, "/many");
    for (int i = 0; i < 500; i++)
        peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    assert_true(p->held_bytes < 2 * MIB);
    while (!list_empty(&p->held))
        peer_release(p, 1);
    assert_int_equal(p->credit, p->sent);
    peer_free(p);
}

static void replies_travel_together(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.hold = true});
    peer_release(p, SIZE_MAX);
    for (int i = 0; i < 100; i++)
        peer_path_request(p, SSH_FXP_STAT, "/hello");
    uint32_t before = p->credit_calls;
    peer_go(p);
    size_t chunks = 0;
    LIST_EACH (item, &p->held) {
        (void)item;
        chunks++;
    }
    assert_true(chunks <= 2);
    assert_int_equal(p->credit_calls - before, 1);
    peer_free(p);
}

static void concurrent_reads_are_answered_as_they_come(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.traits = SALLY_FS_CONCURRENT});
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_READ);
    struct handle h = peer_open(p, "/hello", SSH_FXF_READ);
    uint32_t ids[5];
    for (uint32_t i = 0; i < 5; i++)
        ids[i] = peer_read_request(p, h, i, 1);
    peer_go(p);
    assert_int_equal(p->store.late_count, 5);
    static const uint32_t order[] = {4, 0, 2, 3, 1};
    for (size_t i = 0; i < 5; i++) {
        for (uint32_t k = 0; k < p->store.late_count; k++) {
            if (p->store.late[k]->u.io.offset == order[i]) {
                store_finish(&p->store, k);
                break;
            }
        }
        peer_pump(p);
        struct slice data = get_string(&peer_expect(p, SSH_FXP_DATA, ids[order[i]])->body);
        assert_int_equal(data.data[0], "Hello"[order[i]]);
    }
    peer_free(p);
}

static void the_end_of_input_waits_for_the_answers(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_STAT);
    uint32_t a = peer_path_request(p, SSH_FXP_STAT, "/hello");
    peer_path_request(p, SSH_FXP_STAT, "/hello");
    size_t whole = p->out.size;
    peer_send_raw(p, buf_head(&p->out), whole - 3); /* the second is cut off */
    sftp_eof(p->engine);
    peer_pump(p);
    assert_false(p->finished);
    peer_expect_nothing(p);
    store_finish(&p->store, 0);
    peer_pump(p);
    assert_true(p->finished);
    peer_expect(p, SSH_FXP_ATTRS, a);
    peer_expect_nothing(p);
    peer_free(p);
    /* An end before anything else; and inside a WRITE's data. */
    p = peer_new(&(struct peer_options){.no_init = true});
    sftp_eof(p->engine);
    assert_true(p->finished);
    peer_free(p);
    static const uint8_t data[1000];
    p = peer_new(NULL);
    struct handle h = peer_open(p, "/hello", SSH_FXF_WRITE);
    peer_write_request(p, h, 0, data, sizeof data);
    peer_send_raw(p, buf_head(&p->out), 500);
    sftp_eof(p->engine);
    assert_true(p->finished);
    assert_int_equal(p->store.calls[SALLY_OP_WRITE], 0);
    peer_free(p);
}

static void the_end_of_input_waits_for_the_reader(void **state)
{
    (void)state;
    enum { COUNT = 30000 };
    struct peer *p = peer_new(&(struct peer_options){.hold = true});
    for (int i = 0; i < COUNT; i++)
        peer_path_request(p, SSH_FXP_STAT, "/hello");
    peer_go(p);
    sftp_eof(p->engine);
    assert_false(p->finished);
    while (!list_empty(&p->held))
        peer_release(p, 1);
    assert_true(p->finished);
    assert_int_equal(p->store.calls[SALLY_OP_STAT], COUNT);
    peer_free(p);
}

/* Where data can be had at once, it is read when what was read before has left. */
static void reads_wait_while_data_is_unsent(void **state)
{
    (void)state;
    enum { COUNT = 20 };
    for (int how = 0; how < 8; how++) {
        struct peer *p = peer_new(&(struct peer_options){
            .hold = true,
            .max_unsent = 1,
            .want_flush = how & 1,
            .traits = how & 2 ? SALLY_FS_CONCURRENT : 0,
        });
        add_big(p);
        struct handle h = peer_open(p, "/big", SSH_FXF_READ);
        peer_release(p, SIZE_MAX);
        uint32_t ids[COUNT];
        for (uint32_t i = 0; i < COUNT; i++)
            ids[i] = peer_read_request(p, h, i, 32 * 1024);
        uint32_t last = peer_path_request(p, SSH_FXP_STAT, "/hello");
        peer_go(p);
        if (how & 4)
            sftp_eof(p->engine);
        for (uint32_t i = 0; i < COUNT; i++) {
            assert_int_equal(p->store.calls[SALLY_OP_READ], i + 1);
            peer_expect(p, SSH_FXP_DATA, ids[i]);
            if (i < COUNT - 1)
                peer_expect_nothing(p);
            else
                peer_expect(p, SSH_FXP_ATTRS, last); /* is not held back itself */
            peer_release(p, 1);
            if (how & 1)
                peer_pump(p);
        }
        assert_int_equal(p->finished, (how & 4) != 0);
        peer_free(p);
    }
}

/* Those that take their time go on together. */
static void late_reads_do_not_wait_for_the_reader(void **state)
{
    (void)state;
    enum { COUNT = 20 };
    struct peer *p = peer_new(&(struct peer_options){
        .hold = true, .max_unsent = 1, .want_flush = true, .traits = SALLY_FS_CONCURRENT});
    add_big(p);
    struct handle h = peer_open(p, "/big", SSH_FXF_READ);
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_READ);
    for (uint32_t i = 0; i < COUNT; i++)
        peer_read_request(p, h, i, 32 * 1024);
    peer_go(p);
    assert_int_equal(p->store.late_count, COUNT);
    while (p->store.late_count)
        store_finish(&p->store, 0);
    peer_pump(p);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(peer_take(p)->type, SSH_FXP_DATA);
    peer_free(p);
}

static void closing_ends_everything(void **state)
{
    (void)state;
    /* After each number of requests, with late answers, held chunks and a piece of a request. */
    for (size_t count = 0; count < 40; count++) {
        for (int how = 0; how < 4; how++) {
            struct script s;
            script_make(&s, 3);
            struct peer *p = peer_new(&(struct peer_options){
                .hold = how & 1, .traits = how & 2 ? SALLY_FS_CONCURRENT : 0, .max_bytes = 100000});
            size_t size = count < s.count ? s.requests[count].at + 20 : s.bytes.size;
            peer_send_raw(p, buf_head(&s.bytes), s.requests[4].at);
            if (size > s.requests[4].at) {
                p->store.late_kinds =
                    how & 1 ? SALLY_OP_ALL
                            : SALLY_OP_BIT(SALLY_OP_READ) | SALLY_OP_BIT(SALLY_OP_READDIR);
                peer_send_raw(p, buf_head(&s.bytes) + s.requests[4].at, size - s.requests[4].at);
            }
            peer_free(p);
            script_clear(&s);
        }
    }
}

static void closing_lets_nothing_queued_through(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.hold = true, .max_bytes = 300 * 1024});
    add_big(p);
    struct handle h = peer_open(p, "/big", SSH_FXF_READ);
    for (int i = 0; i < 3; i++)
        peer_read_request(p, h, 0, 255 * 1024);
    peer_path_request(p, SSH_FXP_REMOVE, "/hello"); /* waits behind READs that wait for room */
    peer_go(p);
    assert_int_equal(p->store.calls[SALLY_OP_READ], 1);
    peer_close(p, SALLY_CLOSED_LOST);
    assert_int_equal(p->store.calls[SALLY_OP_READ], 1);
    assert_int_equal(p->store.calls[SALLY_OP_REMOVE], 0);
    assert_int_equal(p->store.last_reason, SALLY_CLOSED_LOST);
    assert_true(p->session_gone);
    peer_release(p, SIZE_MAX); /* chunks outlive the engine */
    peer_free(p);
}

static void the_owner_may_close_inside_an_event(void **state)
{
    (void)state;
    for (int which = 0; which < 4; which++) {
        struct peer *p = peer_new(&(struct peer_options){.hold = which & 1});
        struct script s;
        script_make(&s, 3);
        p->close_on_send = which < 2;
        p->close_on_credit = which == 2;
        p->close_on_end = which == 3;
        peer_send_raw(p, buf_head(&s.bytes), s.bytes.size);
        if (which == 3) {
            static const uint8_t bad[8];
            peer_send_raw(p, bad, sizeof bad);
            assert_non_null(p->broken);
        }
        assert_null(p->engine);
        peer_free(p);
        script_clear(&s);
    }
    struct peer *p = peer_new(NULL);
    p->close_on_end = true;
    sftp_eof(p->engine);
    assert_true(p->finished);
    assert_true(p->session_gone);
    peer_free(p);
}

static void memory_is_given_back(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.hold = true});
    add_big(p);
    struct handle h = peer_open(p, "/big", SSH_FXF_READ);
    for (int i = 0; i < 20; i++)
        peer_read_request(p, h, 0, 255 * 1024);
    peer_go(p);
    peer_release(p, SIZE_MAX);
    peer_pump(p);
    assert_true(p->engine->blocks->cached <= 4 * 1024 * 1024);
    sftp_trim(p->engine);
    assert_int_equal(p->engine->blocks->cached, 0);
    assert_int_equal(p->engine->blocks->backlog, 0);
    assert_int_equal(p->engine->waiting.capacity, 0);
    uint32_t id = peer_read_request(p, h, 0, 100);
    p->in.size = 0;
    peer_go(p);
    peer_expect(p, SSH_FXP_DATA, id);
    peer_free(p);
}

static void senseless_options_are_refused(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    const struct sftp_options good = {.settings.max_version = 3,
                                      .settings.max_packet = 40000,
                                      .settings.max_read = 1,
                                      .settings.max_write = 1,
                                      .settings.max_names = 1024};
    struct sftp_options bad[4] = {good, good, good, good};
    bad[0].settings.max_version = 2;
    bad[1].settings.max_version = 7;
    bad[2].settings.max_packet = 33999;
    bad[3].settings.max_names = 100;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct sftp *s;
        const struct sftp_events events = {.send = NULL};
        assert_int_equal(sftp_new(&s, sftp_session(p->engine), &bad[i], &events, NULL),
                         SALLY_E_RANGE);
        assert_null(s);
    }
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_of_reads_stays_within_its_bytes),
        cmocka_unit_test(a_flood_of_small_requests_waits_for_its_reader),
        cmocka_unit_test(listings_count_as_unread_replies),
        cmocka_unit_test(replies_travel_together),
        cmocka_unit_test(concurrent_reads_are_answered_as_they_come),
        cmocka_unit_test(the_end_of_input_waits_for_the_answers),
        cmocka_unit_test(the_end_of_input_waits_for_the_reader),
        cmocka_unit_test(reads_wait_while_data_is_unsent),
        cmocka_unit_test(late_reads_do_not_wait_for_the_reader),
        cmocka_unit_test(closing_ends_everything),
        cmocka_unit_test(closing_lets_nothing_queued_through),
        cmocka_unit_test(the_owner_may_close_inside_an_event),
        cmocka_unit_test(memory_is_given_back),
        cmocka_unit_test(senseless_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
