#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sftp/peer.h"

/* Checks one NAME reply of version 3, whose entries must go on from `next`; returns how many there
 * were. */
static uint32_t take_names(struct peer *p, struct reply *r, uint32_t next)
{
    uint32_t count = get_u32(&r->body);
    assert_true(count > 0);
    assert_true(r->size + 4 <= p->options.max_names);
    for (uint32_t i = 0; i < count; i++) {
        char name[32];
        int size = snprintf(name, sizeof name, "entry-%06u", next + i);
        struct slice got = get_string(&r->body);
        assert_true(got.size >= (size_t)size);
        assert_memory_equal(got.data, name, (size_t)size);
        struct slice line = get_string(&r->body);
        if (p->store.plain_names) {
            assert_int_equal(get_u32(&r->body), 0);
            continue;
        }
        assert_memory_equal(line.data, "-rw-r--r-- ", 11);
        assert_int_equal(get_u32(&r->body), SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_PERMISSIONS);
        assert_int_equal(get_u64(&r->body), next + i);
        assert_int_equal(get_u32(&r->body), 0100644);
    }
    assert_true(cursor_done(&r->body));
    return count;
}

static uint32_t list_all(struct peer *p, struct handle h, uint32_t at_once)
{
    uint32_t next = 0;
    for (;;) {
        uint32_t first = 0;
        bool end = false;
        for (uint32_t i = 0; i < at_once; i++) {
            uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
            first = first ? first : id;
        }
        peer_go(p);
        for (uint32_t i = 0; i < at_once; i++) {
            struct reply *r = peer_take(p);
            assert_int_equal(r->id, first + i);
            if (r->type == SSH_FXP_STATUS) {
                assert_int_equal(get_u32(&r->body), SALLY_EOF);
                end = true;
                continue;
            }
            assert_false(end); /* nothing after the end */
            assert_int_equal(r->type, SSH_FXP_NAME);
            next += take_names(p, r, next);
        }
        if (end)
            return next;
    }
}

static void ten_thousand_entries_arrive_once_each(void **state)
{
    (void)state;
    static const struct {
        uint32_t count, max_names, at_once;
        size_t name_size;
    } cases[] = {
        {10000, 65536, 1, 0}, {10000, 65536, 8, 0}, {10000, 4096, 3, 0}, {300, 1024, 1, 200},
        {200, 4096, 2, 1500}, {1, 65536, 1, 0},     {0, 65536, 1, 0},    {0, 65536, 4, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer *p = peer_new(&(struct peer_options){.max_names = cases[i].max_names});
        p->store.many = cases[i].count;
        p->store.name_size = cases[i].name_size;
        struct handle h = peer_opendir(p, "/many");
        assert_int_equal(list_all(p, h, cases[i].at_once), cases[i].count);
        uint64_t calls = p->store.calls[SALLY_OP_READDIR];
        uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
        peer_go(p);
        peer_expect_status(p, id, SALLY_EOF);
        assert_int_equal(p->store.calls[SALLY_OP_READDIR], calls); /* was not asked again */
        peer_close_handle(p, h);
        peer_free(p);
    }
}

static void replies_are_filled(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.max_names = 65536});
    p->store.many = 10000;
    struct handle h = peer_opendir(p, "/many");
    uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    assert_true(peer_expect(p, SSH_FXP_NAME, id)->size > 65536 - 200);
    peer_free(p);
}

static void late_listings_come_too(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.max_names = 4096});
    p->store.many = 100;
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_READDIR);
    struct handle h = peer_opendir(p, "/many");
    uint32_t next = 0, first = p->next_id + 1;
    for (int i = 0; i < 10; i++)
        peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    peer_expect_nothing(p);
    while (p->store.late_count) {
        assert_int_equal(p->store.late_count, 1); /* a directory is read by one at a time */
        store_finish(&p->store, 0);
        peer_pump(p);
    }
    for (uint32_t i = 0; i < 10; i++) {
        struct reply *r = peer_take(p);
        assert_int_equal(r->id, first + i);
        if (r->type == SSH_FXP_NAME)
            next += take_names(p, r, next);
    }
    assert_int_equal(next, 100);
    peer_free(p);
}

static void empty_rounds_are_not_an_end(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.max_names = 4096});
    p->store.many = 20;
    p->store.empty_rounds = 16;
    struct handle h = peer_opendir(p, "/many");
    assert_int_equal(list_all(p, h, 1), 20);
    assert_int_equal(p->credit, p->sent);
    peer_close_handle(p, h);
    p->store.empty_rounds = 1000000; /* but they are bounded */
    h = peer_opendir(p, "/many");
    uint64_t calls = p->store.calls[SALLY_OP_READDIR];
    uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    peer_expect_status(p, id, SALLY_EOF);
    assert_int_equal(p->store.calls[SALLY_OP_READDIR] - calls, 17);
    /* A CLOSE behind it ends the asking. */
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_READDIR);
    id = peer_handle_request(p, SSH_FXP_READDIR, h);
    uint32_t close = peer_send_close(p, h);
    peer_go(p);
    store_finish(&p->store, 0);
    peer_pump(p);
    peer_expect_status(p, id, SALLY_EOF);
    peer_expect_status(p, close, SALLY_OK);
    assert_int_equal(p->credit, p->sent);
    peer_free(p);
}

static void names_that_cannot_be_sent_are_left_out(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.max_names = 1024});
    p->store.many = 3;
    p->store.odd_names = true;
    p->store.plain_names = true;
    struct handle h = peer_opendir(p, "/many");
    assert_int_equal(list_all(p, h, 1), 3);
    peer_close_handle(p, h);
    p->store.name_size = 1100; /* no reply could hold one */
    h = peer_opendir(p, "/many");
    uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    peer_expect_status(p, id, SALLY_EOF);
    peer_free(p);
}

static void version_6_says_where_the_list_ends(void **state)
{
    (void)state;
    for (uint32_t version = 4; version <= 6; version++) {
        struct peer *p = peer_new(&(struct peer_options){.version = version, .max_names = 1024});
        p->store.many = 60;
        struct handle h = peer_opendir(p, "/many");
        uint32_t got = 0;
        while (got < 60) {
            uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
            peer_go(p);
            struct reply *r = peer_expect(p, SSH_FXP_NAME, id);
            uint32_t count = get_u32(&r->body);
            for (uint32_t i = 0; i < count; i++) {
                get_string(&r->body);
                assert_int_equal(get_u32(&r->body), SSH_FILEXFER_ATTR_SIZE |
                                                        SSH_FILEXFER_ATTR_PERMISSIONS |
                                                        (version > 4 ? SSH_FILEXFER_ATTR_BITS : 0));
                assert_int_equal(get_u8(&r->body), SALLY_TYPE_REGULAR);
                assert_int_equal(get_u64(&r->body), got++);
                get_u32(&r->body);
                if (version > 4)
                    assert_int_equal(get_u32(&r->body), 0);
                if (version > 5)
                    assert_int_equal(get_u32(&r->body), SSH_FILEXFER_ATTR_FLAGS_HIDDEN);
            }
            if (version == 6 && got == 60)
                assert_true(get_bool(&r->body));
            assert_true(cursor_done(&r->body));
            assert_true(r->size + 4 <= 1024);
        }
        peer_free(p);
    }
}

static void errors_are_passed_on(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    struct handle h = peer_opendir(p, "/many");
    p->store.fail = SALLY_PERMISSION_DENIED;
    uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    peer_expect_status(p, id, SALLY_PERMISSION_DENIED);
    id = peer_path_request(p, SSH_FXP_OPENDIR, "/none");
    uint32_t b = peer_path_request(p, SSH_FXP_OPENDIR, "/hello");
    peer_go(p);
    peer_expect_status(p, id, SALLY_NO_SUCH_FILE);
    peer_expect_status(p, b, SALLY_FAILURE);
    peer_free(p);
}

static void closing_with_a_carried_entry_leaks_nothing(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.max_names = 1024});
    p->store.many = 100;
    struct handle h = peer_opendir(p, "/many"), g = peer_opendir(p, "/many");
    peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_handle_request(p, SSH_FXP_READDIR, g);
    peer_go(p);
    peer_take(p);
    peer_take(p);
    peer_close_handle(p, h);
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_READDIR);
    peer_handle_request(p, SSH_FXP_READDIR, g);
    peer_go(p);
    peer_free(p);
}

/* A storage has listed more than fits when the client goes away: nobody will ask for the rest. */
static void a_listing_that_ends_after_the_client_leaks_nothing(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.max_names = 1024});
    struct handle h = peer_opendir(p, "/many");
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_READDIR);
    peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    assert_int_equal(p->store.late_count, 1);
    uint32_t count = 0;
    while (sally_op_add_entry(p->store.late[0], "a name of some length", NULL))
        count++;
    assert_true(count > 0);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_entries_arrive_once_each),
        cmocka_unit_test(replies_are_filled),
        cmocka_unit_test(late_listings_come_too),
        cmocka_unit_test(empty_rounds_are_not_an_end),
        cmocka_unit_test(names_that_cannot_be_sent_are_left_out),
        cmocka_unit_test(version_6_says_where_the_list_ends),
        cmocka_unit_test(errors_are_passed_on),
        cmocka_unit_test(closing_with_a_carried_entry_leaks_nothing),
        cmocka_unit_test(a_listing_that_ends_after_the_client_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
