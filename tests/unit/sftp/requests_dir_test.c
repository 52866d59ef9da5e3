#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/session.h"
#include "sftp/listings.h"

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
    p->store.empty_rounds = 1000;
    struct handle h = peer_opendir(p, "/many");
    assert_int_equal(list_all(p, h, 1), 20);
    assert_int_equal(p->credit, p->sent);
    peer_close_handle(p, h);
    p->store.empty_rounds = 10000000; /* but they are bounded */
    h = peer_opendir(p, "/many");
    uint64_t calls = p->store.calls[SALLY_OP_READDIR];
    uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    peer_expect_status(p, id, SALLY_FAILURE);
    assert_true(p->store.calls[SALLY_OP_READDIR] - calls < 2000000);
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
    peer_expect_status(p, b, SALLY_NO_SUCH_FILE);
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

/* A storage has listed more than fits when the client goes away: no one will ask for the rest. */
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

/* "." and ".." come once, at the head of the first reply, whatever the storage lists. */
static void take_dots(struct reply *r, uint32_t mode, uint32_t mode_above)
{
    for (int i = 0; i < 2; i++) {
        assert_true(slice_is(get_string(&r->body), i ? ".." : "."));
        assert_int_equal(get_string(&r->body).data[0], 'd');
        uint32_t flags = get_u32(&r->body);
        assert_true(flags & SSH_FILEXFER_ATTR_PERMISSIONS);
        cursor_read(&r->body, flags & SSH_FILEXFER_ATTR_SIZE ? 8 : 0);
        cursor_read(&r->body, flags & SSH_FILEXFER_ATTR_UIDGID ? 8 : 0);
        assert_int_equal(get_u32(&r->body), 040000 | (i ? mode_above : mode));
        cursor_read(&r->body, flags & SSH_FILEXFER_ATTR_ACMODTIME ? 8 : 0);
    }
}

static void dots_are_listed(void **state)
{
    (void)state;
    for (int i = 0; i < 16; i++) {
        struct peer *p = peer_new(&(struct peer_options){
            .list_dots = true, .max_names = 4096, .cut = i & 1 ? CUT_BYTES : CUT_NOTHING});
        bool late = i & 2, many = i & 4;
        uint32_t at_once = i & 8 ? 3 : 1;
        store_find(&p->store, "/many")->permissions = 0711;
        p->store.many = many ? 1000 : 0;
        p->store.odd_names = false;
        struct handle h = peer_opendir(p, "/many");
        p->store.late_kinds =
            late ? SALLY_OP_BIT(SALLY_OP_STAT) | SALLY_OP_BIT(SALLY_OP_READDIR) : 0;
        uint64_t stats = p->store.calls[SALLY_OP_STAT];
        uint32_t count = 0, next = 0;
        for (bool end = false; !end;) {
            for (uint32_t k = 0; k < at_once; k++)
                peer_handle_request(p, SSH_FXP_READDIR, h);
            peer_go(p);
            while (p->store.late_count) {
                store_finish(&p->store, 0);
                peer_pump(p);
            }
            for (uint32_t k = 0; k < at_once; k++) {
                struct reply *r = peer_take(p);
                if (r->type == SSH_FXP_STATUS) {
                    end = true;
                    continue;
                }
                uint32_t entries = get_u32(&r->body);
                if (count == 0) {
                    take_dots(r, 0711, store_find(&p->store, "/")->permissions);
                    entries -= 2;
                    count = 2;
                }
                for (; entries; entries--, count++, next++) {
                    char name[32];
                    int size = snprintf(name, sizeof name, "entry-%06u", next);
                    assert_memory_equal(get_string(&r->body).data, name, (size_t)size);
                    get_string(&r->body);
                    get_u32(&r->body);
                    get_u64(&r->body);
                    get_u32(&r->body);
                }
                assert_true(cursor_done(&r->body));
            }
        }
        assert_int_equal(count, 2 + p->store.many);
        assert_int_equal(p->store.calls[SALLY_OP_STAT], stats + 2);
        assert_int_equal(p->credit, p->sent);
        p->store.late_kinds = 0;
        peer_close_handle(p, h);
        peer_free(p);
    }
}

/* A storage that says nothing of them lets them be listed all the same, and who may list needs no
 * other permission. */
static void dots_need_no_attributes(void **state)
{
    (void)state;
    struct peer *p = peer_new(
        &(struct peer_options){.list_dots = true, .permissions = SALLY_MAY_LIST, .version = 6});
    struct handle h = peer_opendir(p, "/many");
    p->store.fail = SALLY_NO_MEDIA;
    p->store.fail_kinds = SALLY_OP_BIT(SALLY_OP_STAT);
    uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    struct reply *r = peer_expect(p, SSH_FXP_NAME, id);
    assert_true(get_u32(&r->body) >= 2);
    assert_true(slice_is(get_string(&r->body), "."));
    get_u32(&r->body);
    assert_int_equal(get_u8(&r->body), SALLY_TYPE_DIRECTORY);
    p->store.fail = SALLY_OK;
    peer_free(p);
}

/* The client goes away, or closes the directory, while they are examined. */
static void dots_end_with_the_client(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct peer *p = peer_new(&(struct peer_options){.list_dots = true});
        struct handle h = peer_opendir(p, "/many");
        p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_STAT);
        uint32_t a = peer_handle_request(p, SSH_FXP_READDIR, h), b = peer_send_close(p, h);
        peer_go(p);
        peer_expect_nothing(p);
        assert_int_equal(p->store.late_count, 1);
        if (i == 0) {
            p->store.late_kinds = 0;
            store_finish(&p->store, 0);
            peer_pump(p);
            peer_expect(p, SSH_FXP_NAME, a);
            peer_expect_status(p, b, SALLY_OK);
        } else {
            peer_close(p, SALLY_CLOSED_LOST);
            while (p->store.late_count)
                store_finish(&p->store, 0);
        }
        p->store.late_kinds = 0;
        peer_free(p);
    }
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
        cmocka_unit_test(dots_are_listed),
        cmocka_unit_test(dots_need_no_attributes),
        cmocka_unit_test(dots_end_with_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
