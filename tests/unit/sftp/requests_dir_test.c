#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/session.h"
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
        assert_int_equal(get_u64(&r->body), next + i + p->store.grown);
        assert_int_equal(get_u32(&r->body), 0100644);
    }
    assert_true(cursor_done(&r->body));
    return count;
}

static uint32_t list_from(struct peer *p, struct handle h, uint32_t at_once, uint32_t next)
{
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

static uint32_t list_all(struct peer *p, struct handle h, uint32_t at_once)
{
    return list_from(p, h, at_once, 0);
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

/* --- ahead of the client */

static struct peer *peer_ahead(uint32_t many, uint32_t max_names)
{
    struct peer *p = peer_new(&(struct peer_options){
        .traits = SALLY_FS_CONCURRENT, .max_names = max_names, .workers = true});
    p->store.many = many;
    return p;
}

static uint64_t listings(const struct peer *p)
{
    return p->store.calls[SALLY_OP_READDIR];
}

/* The next names, which must be `next` and following. */
static uint32_t expect_names(struct peer *p, uint32_t id, uint32_t next)
{
    return take_names(p, peer_expect(p, SSH_FXP_NAME, id), next);
}

static void read_ahead_gives_everything_once(void **state)
{
    (void)state;
    static const struct {
        uint32_t count, max_names, at_once, empty_rounds;
    } cases[] = {
        {10000, 65536, 1, 0}, {10000, 4096, 1, 0}, {10000, 4096, 2, 0}, {1000, 1024, 7, 0},
        {20, 4096, 1, 0},     {300, 1024, 1, 5},   {0, 4096, 1, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer *p = peer_ahead(cases[i].count, cases[i].max_names);
        p->store.empty_rounds = cases[i].empty_rounds;
        struct handle h = peer_opendir(p, "/many");
        assert_int_equal(list_all(p, h, cases[i].at_once), cases[i].count);
        uint64_t calls = listings(p);
        uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
        peer_go(p);
        peer_expect_status(p, id, SALLY_EOF);
        assert_int_equal(listings(p), calls);
        peer_close_handle(p, h);
        assert_int_equal(p->credit, p->sent);
        peer_free(p);
    }
}

static void what_was_read_ahead_is_answered_at_once(void **state)
{
    (void)state;
    struct peer *p = peer_ahead(1000, 1024);
    struct handle h = peer_opendir(p, "/many");
    uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    uint32_t next = expect_names(p, id, 0);
    assert_int_equal(listings(p), 2); /* one more than was asked for, and no more than that */
    peer_expect_nothing(p);
    p->are_busy = true;
    id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    next += expect_names(p, id, next);
    /* The one after it is on its way: the client waits for that, and for another one behind it. */
    id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    peer_expect_nothing(p);
    assert_int_equal(listings(p), 2);
    p->are_busy = false;
    peer_pump(p);
    next += expect_names(p, id, next);
    next += expect_names(p, id + 1, next);
    assert_int_equal(list_from(p, h, 1, next), 1000);
    assert_int_equal(p->credit, p->sent);
    peer_free(p);
}

/* It was read when it was still allowed. */
static void what_was_read_ahead_needs_its_permission(void **state)
{
    (void)state;
    struct peer *p = peer_ahead(1000, 1024);
    sally_session *session = sftp_session(p->engine);
    struct handle h = peer_opendir(p, "/many");
    uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    uint32_t next = expect_names(p, id, 0);
    assert_int_equal(listings(p), 2);
    sally_session_set_permissions(session, SALLY_MAY_ALL & ~SALLY_MAY_LIST);
    id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    peer_expect_status(p, id, SALLY_PERMISSION_DENIED);
    assert_int_equal(listings(p), 2);
    peer_close_handle(p, h);
    assert_true(next < 1000);
    peer_free(p);
}

/* A change comes after the next reply was made, or while it is being made: what the client hears of
 * the entries is what they are after the change. */
static void changes_are_seen_in_what_was_read_ahead(void **state)
{
    (void)state;
    for (int on_its_way = 0; on_its_way < 2; on_its_way++) {
        struct peer *p = peer_ahead(1000, 1024);
        struct handle h = peer_opendir(p, "/many");
        uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
        p->are_busy = on_its_way == 1;
        peer_go(p);
        if (on_its_way) {
            p->are_busy = false;
            peer_pump(p); /* the first one, and the second one is asked for */
        }
        uint32_t next = expect_names(p, id, 0);
        p->are_busy = on_its_way == 1;
        uint32_t change = peer_path_request(p, SSH_FXP_RMDIR, "/missing");
        uint32_t second = peer_handle_request(p, SSH_FXP_READDIR, h);
        p->store.grown = 5000;
        p->store.many = 998; /* the last two are removed */
        peer_go(p);
        p->are_busy = false;
        peer_pump(p);
        peer_expect_status(p, change, SALLY_NO_SUCH_FILE);
        next += expect_names(p, second, next);
        p->store.grown = 0; /* as the storage lists them now */
        peer_path_request(p, SSH_FXP_RMDIR, "/missing");
        peer_go(p);
        peer_take(p);
        assert_int_equal(list_from(p, h, 2, next), 998);
        assert_int_equal(p->credit, p->sent);
        peer_close_handle(p, h);
        peer_free(p);
    }
}

/* Nor does one come back that was removed meanwhile, at the end of the list. */
static void removed_entries_stay_away(void **state)
{
    (void)state;
    struct peer *p = peer_ahead(20, 1024);
    struct handle h = peer_opendir(p, "/many");
    uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    uint32_t next = expect_names(p, id, 0);
    assert_true(next < 20);
    peer_path_request(p, SSH_FXP_RMDIR, "/missing");
    p->store.many = next; /* all the others */
    peer_go(p);
    peer_take(p);
    id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    peer_expect_status(p, id, SALLY_EOF);
    peer_close_handle(p, h);
    peer_free(p);
}

static void errors_come_when_they_are_asked_for(void **state)
{
    (void)state;
    struct peer *p = peer_ahead(1000, 1024);
    struct handle h = peer_opendir(p, "/many");
    p->are_busy = true;
    uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    session_run(CONTAINER_OF(list_take_first(&p->work), struct op, link));
    peer_pump(p);
    expect_names(p, id, 0);
    p->store.fail = SALLY_PERMISSION_DENIED;
    p->are_busy = false;
    peer_pump(p);
    peer_expect_nothing(p);
    id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    peer_expect_status(p, id, SALLY_PERMISSION_DENIED);
    id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    peer_expect(p, SSH_FXP_NAME, id);
    peer_free(p);
}

/* Nobody will ask: done, on its way, and with somebody who has asked before he closes. */
static void closing_lets_go_of_what_was_read_ahead(void **state)
{
    (void)state;
    for (int step = 0; step < 4; step++) {
        struct peer *p = peer_ahead(1000, 1024);
        struct handle h = peer_opendir(p, "/many");
        p->are_busy = true;
        uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h), asked = 0;
        peer_go(p);
        session_run(CONTAINER_OF(list_take_first(&p->work), struct op, link));
        if (step == 0)
            p->are_busy = false;
        if (step == 3)
            p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_READDIR);
        peer_pump(p);
        uint32_t next = expect_names(p, id, 0);
        if (step == 3) {
            p->are_busy = false;
            peer_pump(p);
        }
        if (step == 2)
            asked = peer_handle_request(p, SSH_FXP_READDIR, h);
        uint32_t close = peer_send_close(p, h);
        peer_go(p);
        assert_int_equal(p->store.cancels, step == 3);
        p->are_busy = false;
        peer_pump(p);
        if (asked)
            expect_names(p, asked, next);
        peer_expect_status(p, close, SALLY_OK);
        peer_expect_nothing(p);
        assert_int_equal(p->store.open_files, 0);
        assert_int_equal(p->credit, p->sent);
        peer_free(p);
    }
}

static void the_session_may_end_with_something_read_ahead(void **state)
{
    (void)state;
    for (int step = 0; step < 4; step++) {
        struct peer *p = peer_ahead(1000, 1024);
        struct handle h = peer_opendir(p, "/many");
        uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
        if (step == 3)
            p->close_on_send = true;
        peer_go(p);
        expect_names(p, id, 0);
        if (step == 3) {
            peer_free(p);
            continue;
        }
        p->are_busy = step > 0;
        id = peer_handle_request(p, SSH_FXP_READDIR, h); /* is there; the next one is begun */
        if (step == 2)
            peer_handle_request(p, SSH_FXP_READDIR, h);
        peer_go(p);
        peer_free(p);
    }
}

static void directories_do_not_mix(void **state)
{
    (void)state;
    struct peer *p = peer_ahead(500, 1024);
    struct handle h[3];
    uint32_t next[3] = {0};
    for (size_t i = 0; i < COUNT_OF(h); i++)
        h[i] = peer_opendir(p, "/many");
    for (int round = 0; round < 12; round++) {
        for (size_t i = 0; i < COUNT_OF(h); i++) {
            uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h[i]);
            peer_go(p);
            next[i] += expect_names(p, id, next[i]);
        }
        if (round == 6) { /* who was read ahead makes room for another one */
            peer_close_handle(p, h[0]);
            h[0] = peer_opendir(p, "/many");
            next[0] = 0;
        }
    }
    peer_free(p);
}

/* Whose storage does one thing at a time, or has no workers, has only what was asked for. */
static void others_are_not_read_ahead(void **state)
{
    (void)state;
    static const struct peer_options cases[] = {
        {.max_names = 1024, .workers = true},
        {.max_names = 1024, .traits = SALLY_FS_CONCURRENT},
        {.max_names = 1024, .traits = SALLY_FS_CONCURRENT | SALLY_FS_NONBLOCKING, .workers = true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer *p = peer_new(&cases[i]);
        p->store.many = 100;
        struct handle h = peer_opendir(p, "/many");
        uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
        peer_go(p);
        expect_names(p, id, 0);
        assert_int_equal(listings(p), 1);
        peer_free(p);
    }
}

static void one_operation_at_a_time_is_enough(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.traits = SALLY_FS_CONCURRENT,
                                                     .max_names = 1024,
                                                     .max_operations = 1,
                                                     .max_bytes = 1024,
                                                     .workers = true});
    p->store.many = 500;
    struct handle h = peer_opendir(p, "/many");
    assert_int_equal(list_all(p, h, 1), 500);
    peer_close_handle(p, h);
    h = peer_opendir(p, "/many");
    assert_int_equal(list_all(p, h, 3), 500);
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
        cursor_take(&r->body, flags & SSH_FILEXFER_ATTR_SIZE ? 8 : 0);
        cursor_take(&r->body, flags & SSH_FILEXFER_ATTR_UIDGID ? 8 : 0);
        assert_int_equal(get_u32(&r->body), 040000 | (i ? mode_above : mode));
        cursor_take(&r->body, flags & SSH_FILEXFER_ATTR_ACMODTIME ? 8 : 0);
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

/* The client goes away, or closes the directory, while they are looked at. */
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
        cmocka_unit_test(dots_are_listed),
        cmocka_unit_test(dots_need_no_attributes),
        cmocka_unit_test(dots_end_with_the_client),
        cmocka_unit_test(closing_with_a_carried_entry_leaks_nothing),
        cmocka_unit_test(a_listing_that_ends_after_the_client_leaks_nothing),
        cmocka_unit_test(read_ahead_gives_everything_once),
        cmocka_unit_test(what_was_read_ahead_is_answered_at_once),
        cmocka_unit_test(what_was_read_ahead_needs_its_permission),
        cmocka_unit_test(changes_are_seen_in_what_was_read_ahead),
        cmocka_unit_test(removed_entries_stay_away),
        cmocka_unit_test(errors_come_when_they_are_asked_for),
        cmocka_unit_test(closing_lets_go_of_what_was_read_ahead),
        cmocka_unit_test(the_session_may_end_with_something_read_ahead),
        cmocka_unit_test(directories_do_not_mix),
        cmocka_unit_test(others_are_not_read_ahead),
        cmocka_unit_test(one_operation_at_a_time_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
