/* READDIRs that are done before the client asks for them: requests_dir.c. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/session.h"
#include "sftp/listings.h"

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
    sally_session_set_permissions(session, SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_LIST);
    id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    peer_expect_status(p, id, SALLY_PERMISSION_DENIED);
    assert_int_equal(listings(p), 2);
    peer_close_handle(p, h);
    assert_true(next < 1000);
    peer_free(p);
}

/* Permission is taken away and given back in the middle: a name that was read already, and had no
 * room in the last reply, is still there. */
static void a_listing_goes_on_once_it_is_allowed_again(void **state)
{
    (void)state;
    for (int ahead = 0; ahead < 2; ahead++) {
        struct peer *p = peer_new(&(struct peer_options){
            .traits = ahead ? SALLY_FS_CONCURRENT : 0, .max_names = 1024, .workers = true});
        p->store.many = 1000;
        sally_session *session = sftp_session(p->engine);
        struct handle h = peer_opendir(p, "/many");
        uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
        peer_go(p);
        uint32_t next = expect_names(p, id, 0);
        sally_session_set_permissions(session, SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_LIST);
        for (int i = 0; i < 2; i++) {
            id = peer_handle_request(p, SSH_FXP_READDIR, h);
            peer_go(p);
            peer_expect_status(p, id, SALLY_PERMISSION_DENIED);
        }
        sally_session_set_permissions(session, SALLY_MAY_ALL);
        assert_int_equal(list_from(p, h, 1, next), 1000);
        peer_close_handle(p, h);
        assert_int_equal(p->credit, p->sent);
        peer_free(p);
    }
}

/* A refusal that no one has asked for is none once it is allowed again. */
static void nothing_is_read_ahead_that_is_not_allowed(void **state)
{
    (void)state;
    struct peer *p = peer_ahead(1000, 1024);
    sally_session *session = sftp_session(p->engine);
    struct handle h = peer_opendir(p, "/many");
    p->are_busy = true;
    uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h);
    peer_go(p);
    sally_session_set_permissions(session, SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_LIST);
    p->are_busy = false;
    peer_pump(p);
    uint32_t next = expect_names(p, id, 0);
    assert_int_equal(listings(p), 1);
    sally_session_set_permissions(session, SALLY_MAY_ALL);
    assert_int_equal(list_from(p, h, 1, next), 1000);
    peer_close_handle(p, h);
    peer_free(p);
}

/* A change comes after the next reply was made, or while it is being made: what the client learns
 * of the entries is what they are after the change. */
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
    session_run(CONTAINER_OF(list_pop_first(&p->work), struct op, link));
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

/* No one will ask: done, on its way, and with someone who has asked before he closes. */
static void closing_lets_go_of_what_was_read_ahead(void **state)
{
    (void)state;
    for (int step = 0; step < 4; step++) {
        struct peer *p = peer_ahead(1000, 1024);
        struct handle h = peer_opendir(p, "/many");
        p->are_busy = true;
        uint32_t id = peer_handle_request(p, SSH_FXP_READDIR, h), asked = 0;
        peer_go(p);
        session_run(CONTAINER_OF(list_pop_first(&p->work), struct op, link));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_ahead_gives_everything_once),
        cmocka_unit_test(what_was_read_ahead_is_answered_at_once),
        cmocka_unit_test(what_was_read_ahead_needs_its_permission),
        cmocka_unit_test(a_listing_goes_on_once_it_is_allowed_again),
        cmocka_unit_test(nothing_is_read_ahead_that_is_not_allowed),
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
