#include "cmocka_all.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sftp/peer.h"

#define TEXT SSH_FXF_TEXT

static uint32_t seek(struct peer *p, struct handle h, uint64_t line)
{
    uint32_t id = peer_begin_extended(p, "text-seek");
    put_string(&p->out, h.bytes, h.size);
    put_u64(&p->out, line);
    peer_end(p);
    return id;
}

static void expect_data(struct peer *p, uint32_t id, const char *text)
{
    struct slice data = get_string(&peer_expect(p, SSH_FXP_DATA, id)->body);
    assert_true(slice_is(data, text));
}

/* Offsets do not count, also when many requests travel together, and answers come late. */
static void reads_go_on_where_the_last_one_ended(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct peer *p = peer_new(&(struct peer_options){
            .version = 4, .cut = how & 1 ? CUT_BYTES : CUT_NOTHING, .traits = SALLY_FS_CONCURRENT});
        store_add(&p->store, "/t", SALLY_TYPE_REGULAR, "one\r\ntwo\nthree", 14);
        struct handle h = peer_open(p, "/t", SSH_FXF_READ | TEXT);
        p->store.late_kinds = how & 2 ? SALLY_OP_BIT(SALLY_OP_READ) : 0;
        uint32_t a = peer_read_request(p, h, 1000, 4), b = peer_read_request(p, h, 7, 5),
                 c = peer_read_request(p, h, 0, 100), d = peer_read_request(p, h, 0, 1);
        peer_go(p);
        while (p->store.late_count) {
            assert_int_equal(p->store.late_count, 1); /* one at a time */
            store_finish(&p->store, 0);
            peer_pump(p);
        }
        expect_data(p, a, "one\r");
        expect_data(p, b, "\ntwo\n");
        expect_data(p, c, "three");
        peer_expect_status(p, d, SALLY_EOF);
        p->store.late_kinds = 0;
        peer_close_handle(p, h);
        peer_free(p);
    }
}

static void writes_do_too(void **state)
{
    (void)state;
    for (int cut = 0; cut < 2; cut++) {
        struct peer *p =
            peer_new(&(struct peer_options){.version = 4, .cut = cut ? CUT_BYTES : CUT_NOTHING});
        struct handle h = peer_open(p, "/t", SSH_FXF_WRITE | SSH_FXF_CREAT | TEXT);
        uint32_t a = peer_write_request(p, h, 500, "one\r", 4),
                 b = peer_write_request(p, h, 0, "\ntwo\n", 5);
        peer_go(p);
        peer_expect_status(p, a, SALLY_OK);
        peer_expect_status(p, b, SALLY_OK);
        const struct store_node *n = store_find(&p->store, "/t");
        assert_int_equal(n->size, 9);
        assert_memory_equal(n->data, "one\r\ntwo\n", 9);
        peer_free(p);
    }
}

/* A failed READ or WRITE moves nothing. */
static void failures_leave_the_place(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.version = 4});
    store_add(&p->store, "/t", SALLY_TYPE_REGULAR, "abcdef", 6);
    struct handle h = peer_open(p, "/t", SSH_FXF_READ | SSH_FXF_WRITE | TEXT);
    uint32_t a = peer_read_request(p, h, 0, 2);
    peer_go(p);
    expect_data(p, a, "ab");
    p->store.fail = SALLY_NO_MEDIA;
    a = peer_read_request(p, h, 0, 2);
    uint32_t b = peer_read_request(p, h, 0, 2), c = peer_write_request(p, h, 0, "X", 1);
    peer_go(p);
    peer_expect_status(p, a, SALLY_NO_MEDIA);
    expect_data(p, b, "cd");
    peer_expect_status(p, c, SALLY_OK);
    assert_memory_equal(store_find(&p->store, "/t")->data, "abcdXf", 6);
    peer_free(p);
}

static void seeking_finds_lines(void **state)
{
    (void)state;
    static const struct {
        uint64_t line;
        const char *text; /* NULL: past the end */
    } cases[] = {{0, "one\r"}, {1, "two\n"}, {2, "\nfou"},
                 {3, "four"},  {4, NULL},    {UINT64_MAX, NULL}};
    for (int late = 0; late < 2; late++) {
        struct peer *p = peer_new(&(struct peer_options){.version = 6});
        store_add(&p->store, "/t", SALLY_TYPE_REGULAR, "one\r\ntwo\n\nfour", 14);
        uint32_t id = peer_begin(p, SSH_FXP_OPEN);
        put_text(&p->out, "/t");
        put_u32(&p->out, ACE4_READ_DATA);
        put_u32(&p->out, SSH_FXF_OPEN_EXISTING | SSH_FXF_TEXT_MODE);
        put_u32(&p->out, 0);
        put_u8(&p->out, 1);
        peer_end(p);
        peer_go(p);
        struct slice s = get_string(&peer_expect(p, SSH_FXP_HANDLE, id)->body);
        struct handle h = {.size = s.size};
        memcpy(h.bytes, s.data, s.size);
        p->store.late_kinds = late ? SALLY_OP_BIT(SALLY_OP_READ) : 0;
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            uint32_t a = seek(p, h, cases[i].line), b = peer_read_request(p, h, 0, 4);
            peer_go(p);
            while (p->store.late_count) {
                store_finish(&p->store, 0);
                peer_pump(p);
            }
            peer_expect_status(p, a, cases[i].text ? SALLY_OK : SALLY_EOF);
            if (cases[i].text)
                expect_data(p, b, cases[i].text);
            else
                peer_take(p);
            assert_int_equal(p->credit, p->sent);
        }
        p->store.late_kinds = 0;
        peer_free(p);
    }
}

/* Lines far from the start take many operations. */
static void seeking_crosses_buffers(void **state)
{
    (void)state;
    const size_t size = 500000;
    char *data = malloc(size);
    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = i % 10 == 9 ? '\n' : (char)('0' + i / 10 % 10);
    struct peer *p = peer_new(&(struct peer_options){.version = 4});
    store_add(&p->store, "/t", SALLY_TYPE_REGULAR, data, size);
    struct handle h = peer_open(p, "/t", SSH_FXF_READ | TEXT);
    for (uint64_t line = 0; line <= 50001; line += line < 49998 ? 49998 : 1) {
        uint32_t a = seek(p, h, line), b = peer_read_request(p, h, 0, 3);
        peer_go(p);
        peer_expect_status(p, a, line <= 50000 ? SALLY_OK : SALLY_EOF);
        char wanted[4] = {0};
        memset(wanted, (int)('0' + line % 10), 3);
        if (line < 50000)
            expect_data(p, b, wanted);
        else
            peer_expect_status(p, b, SALLY_EOF);
    }
    free(data);
    peer_free(p);
}

static void what_cannot_be_sought(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.version = 6, .max_version = 6});
    struct peer *q = peer_new(&(struct peer_options){.version = 4});
    struct handle plain = peer_open(q, "/hello", SSH_FXF_READ),
                  blind = peer_open(q, "/hello", SSH_FXF_WRITE | TEXT),
                  dir = peer_opendir(q, "/many"), bad = {.size = 8};
    uint32_t a = seek(q, plain, 1), b = seek(q, blind, 1), c = seek(q, dir, 0), d = seek(q, bad, 0);
    uint32_t e = peer_begin_extended(q, "text-seek");
    peer_end(q);
    peer_go(q);
    peer_expect_status(q, a, SALLY_BAD_MESSAGE);
    peer_expect_status(q, b, SALLY_PERMISSION_DENIED);
    peer_expect_status(q, c, SALLY_INVALID_HANDLE);
    peer_expect_status(q, d, SALLY_INVALID_HANDLE);
    peer_expect_status(q, e, SALLY_BAD_MESSAGE);
    peer_free(q);
    peer_free(p);
}

/* The client leaves while a search is on its way. */
static void an_end_in_between(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.version = 4});
    struct handle h = peer_open(p, "/hello", SSH_FXF_READ | TEXT);
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_READ);
    seek(p, h, 9);
    seek(p, h, 9);
    peer_go(p);
    assert_int_equal(p->store.late_count, 1);
    peer_free(p);
}

/* A long way, in a storage that answers everything at once: other clients have their turns. */
static void a_long_search_gives_way(void **state)
{
    (void)state;
    const size_t size = STORE_MAX_BYTES;
    char *text = calloc(1, size);
    for (int yields = 0; yields < 2; yields++) {
        struct peer *p =
            peer_new(&(struct peer_options){.version = 4, .max_bytes = 1 << 20, .max_read = 65536});
        p->host.yields = yields;
        store_add(&p->store, "/t", SALLY_TYPE_REGULAR, text, size);
        struct handle h = peer_open(p, "/t", SSH_FXF_READ | TEXT);
        uint32_t id = seek(p, h, 1);
        sftp_input(p->engine, buf_head(&p->out), p->out.size);
        p->sent += p->out.size;
        buf_consume(&p->out, p->out.size);
        assert_int_equal(p->store.calls[SALLY_OP_READ], yields ? 1 : 17);
        struct list *home;
        for (uint32_t reads = 2; (home = list_pop_first(&p->inbox)) != NULL; reads++) {
            session_deliver(CONTAINER_OF(home, struct op, link));
            assert_int_equal(p->store.calls[SALLY_OP_READ], reads); /* a block, and others come */
        }
        peer_pump(p);
        assert_int_equal(p->store.calls[SALLY_OP_READ], 17);
        peer_expect_status(p, id, SALLY_EOF);
        peer_free(p);
    }
    free(text);
}

/* The client has gone: what is still to be searched is not. */
static void a_search_ends_with_its_client(void **state)
{
    (void)state;
    char *text = calloc(1, STORE_MAX_BYTES);
    struct peer *p = peer_new(&(struct peer_options){.version = 4});
    p->host.yields = true;
    store_add(&p->store, "/t", SALLY_TYPE_REGULAR, text, STORE_MAX_BYTES);
    struct handle h = peer_open(p, "/t", SSH_FXF_READ | TEXT);
    for (int i = 0; i < 3; i++)
        seek(p, h, 1);
    sftp_input(p->engine, buf_head(&p->out), p->out.size);
    p->sent += p->out.size;
    buf_consume(&p->out, p->out.size);
    assert_false(list_empty(&p->inbox));
    session_drain(sftp_session(p->engine));
    uint64_t reads = p->store.calls[SALLY_OP_READ];
    peer_pump(p);
    assert_in_range(p->store.calls[SALLY_OP_READ], reads, reads + 1);
    for (int i = 0; i < 3; i++)
        peer_take(p);
    peer_free(p);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_go_on_where_the_last_one_ended),
        cmocka_unit_test(writes_do_too),
        cmocka_unit_test(failures_leave_the_place),
        cmocka_unit_test(seeking_finds_lines),
        cmocka_unit_test(seeking_crosses_buffers),
        cmocka_unit_test(what_cannot_be_sought),
        cmocka_unit_test(an_end_in_between),
        cmocka_unit_test(a_long_search_gives_way),
        cmocka_unit_test(a_search_ends_with_its_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
