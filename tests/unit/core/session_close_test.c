/* How a session drains and ends: what is cancelled, answered, closed, and in which order. */
#include "cmocka_all.h"

#include <sched.h>

#include "alloc_failure.h"
#include "core/scripted.h"

static void the_end_cancels_closes_and_ends(void **state)
{
    struct scripted b = {0};
    scripted_start(&b, 0, 0, true, SALLY_MAY_ALL);
    op_submit(scripted_op(&b, SALLY_OP_SESSION_START, "/"));
    scripted_open(&b, "f", SALLY_OPEN_READ);
    scripted_open(&b, "g", SALLY_OPEN_READ);
    b.script.late_kinds = SALLY_OP_BIT(SALLY_OP_STAT) | SALLY_OP_BIT(SALLY_OP_CLOSE);
    op_submit(scripted_op(&b, SALLY_OP_STAT, "s"));
    op_submit(scripted_op(&b, SALLY_OP_REMOVE, "r"));
    session_close(b.session, SALLY_CLOSED_LOST, scripted_gone, &b);
    assert_int_equal(b.script.cancels, 1);
    assert_non_null(strstr(b.done, "remove=7")); /* answered, never asked */
    test_host_pump(&b.host);
    assert_false(b.gone); /* the first close is late */
    sally_op_finish(b.script.late[0], SALLY_OK);
    test_host_pump(&b.host);
    assert_false(b.gone);
    sally_op_finish(b.script.late[1], SALLY_FAILURE);
    test_host_pump(&b.host);
    assert_true(b.gone);
    assert_string_equal(b.script.trace,
                        "session_start:/ open:/home/f open:/home/g stat:/home/s close:/home/f "
                        "close:/home/g session_end:/ ");
    assert_int_equal(b.script.destroyed, 1);
    test_host_stop(&b.host);
    pthread_mutex_destroy(&b.script.lock);
    (void)state;
}

static struct op *at_worker;

static void keep(struct session_host *host, struct op *op)
{
    (void)host;
    at_worker = op;
}

/* What has not reached the storage when the client leaves does not get there, where only the client
 * wanted to know. */
static void what_waits_for_a_worker_is_given_up(void **state)
{
    for (int asks = 0; asks < 3; asks++) {
        struct scripted b = {0};
        scripted_start(&b, 0, 0, true, SALLY_MAY_ALL);
        struct op *op = scripted_op(&b, asks == 2 ? SALLY_OP_HASH : SALLY_OP_STAT, "x");
        op->only_asks = asks == 1;
        b.host.host.offload = keep;
        op_submit(op);
        assert_ptr_equal(at_worker, op);
        b.host.host.offload = NULL;
        session_drain(b.session);
        session_run(op);
        test_host_pump(&b.host);
        assert_int_equal(strstr(b.script.trace, ":/home/x") != NULL, asks == 0);
        scripted_stop(&b);
    }
    (void)state;
}

/* No one hears the answers; but who asked for a change has asked for it. */
static void draining_does_what_changes_something(void **state)
{
    struct scripted b = {0};
    scripted_start(&b, 0, 0, true, SALLY_MAY_ALL);
    sally_file *file = scripted_open(&b, "f", SALLY_OPEN_READ | SALLY_OPEN_WRITE);
    b.script.late_kinds = SALLY_OP_BIT(SALLY_OP_READ) | SALLY_OP_BIT(SALLY_OP_WRITE);
    scripted_io(&b, SALLY_OP_READ, file, 0);
    scripted_io(&b, SALLY_OP_WRITE, file, 0);
    op_submit(scripted_op(&b, SALLY_OP_OPENDIR, "d"));
    op_submit(scripted_op(&b, SALLY_OP_STAT, "s"));
    op_submit(scripted_op(&b, SALLY_OP_HASH, "h"));
    session_drain(b.session);
    assert_int_equal(b.script.cancels, 1); /* of the READ */
    test_host_pump(&b.host);
    scripted_io(&b, SALLY_OP_READ, file, 0);
    op_submit(scripted_op(&b, SALLY_OP_REMOVE, "r"));
    scripted_close(&b, file);
    assert_int_equal(b.script.cancels, 1);
    assert_int_equal(b.script.late_count, 1);
    sally_op_finish(b.script.late[0], SALLY_OK);
    test_host_pump(&b.host);
    assert_string_equal(b.done, "open=0 read=4 write=0 opendir=7 stat=0 hash=7 read=7 remove=0 "
                                "close=0 ");
    assert_string_equal(b.script.trace, "open:/home/f read:/home/f write:/home/f stat:/home/s "
                                        "remove:/home/r close:/home/f ");
    scripted_stop(&b);
    (void)state;
}

static void draining_can_be_cut_short(void **state)
{
    struct scripted b = {0};
    scripted_start(&b, 0, 0, true, SALLY_MAY_ALL);
    sally_file *file = scripted_open(&b, "f", SALLY_OPEN_WRITE);
    b.script.late_kinds = SALLY_OP_BIT(SALLY_OP_WRITE);
    scripted_io(&b, SALLY_OP_WRITE, file, 0);
    scripted_io(&b, SALLY_OP_WRITE, file, 0);
    session_drain(b.session);
    assert_int_equal(b.script.cancels, 0);
    scripted_stop(&b);
    assert_int_equal(b.script.cancels, 1);
    assert_string_equal(b.done, "open=0 write=7 write=4 ");
    (void)state;
}

static void close_the_session(struct op *op)
{
    struct scripted *b = op->owner;
    op_free(op);
    session_close(b->session, SALLY_CLOSED_BY_SERVER, scripted_gone, b);
}

static void the_end_may_come_in_the_answer_to_a_close(void **state)
{
    struct scripted b = {0};
    scripted_start(&b, 0, 0, false, SALLY_MAY_ALL);
    scripted_open(&b, "f", SALLY_OPEN_READ);
    sally_file *last = scripted_open(&b, "g", SALLY_OPEN_READ);
    struct op *op = scripted_op(&b, SALLY_OP_CLOSE, NULL);
    op->on_done = close_the_session;
    op_use_file(op, last);
    op_submit(op);
    test_host_pump(&b.host);
    assert_true(b.gone);
    assert_string_equal(b.script.trace, "open:/home/f open:/home/g close:/home/g close:/home/f ");
    assert_int_equal(b.script.destroyed, 1);
    test_host_stop(&b.host);
    pthread_mutex_destroy(&b.script.lock);
    (void)state;
}

/* ---- threads ---- */

struct racer {
    pthread_t thread;
    struct script *script;
    _Atomic bool stop;
};

/* Finishes whatever is pending as fast as it can: often before the slot has returned. */
static void *race(void *arg)
{
    struct racer *r = arg;
    while (!atomic_load(&r->stop)) {
        pthread_mutex_lock(&r->script->lock);
        sally_op *op = r->script->late_count ? r->script->late[--r->script->late_count] : NULL;
        pthread_mutex_unlock(&r->script->lock);
        if (op)
            sally_op_finish(op, SALLY_OK);
        else
            sched_yield(); /* or others hardly get the lock on a busy machine */
    }
    return NULL;
}

static void finish_races_return_cancel_and_the_end(void **state)
{
    for (int round = 0; round < 60; round++) {
        struct scripted b = {0};
        scripted_start(&b, TEST_WORKERS, round % 2 ? SALLY_FS_CONCURRENT : 0, true, SALLY_MAY_ALL);
        sally_file *file = scripted_open(&b, "f", SALLY_OPEN_READ);
        b.script.late_kinds = SALLY_OP_BIT(SALLY_OP_READ) | SALLY_OP_BIT(SALLY_OP_STAT);
        struct racer r = {.script = &b.script};
        pthread_create(&r.thread, NULL, race, &r);
        int wanted = b.answers;
        for (int i = 0; i < 200; i++) {
            while (!session_may_submit(b.session))
                test_host_wait_one(&b.host);
            scripted_io(&b, SALLY_OP_READ, file, 10);
            wanted++;
        }
        if (round % 3 == 0)
            scripted_wait(&b, wanted);
        session_close(b.session, SALLY_CLOSED_LOST, scripted_gone,
                      &b); /* with up to 16 in flight */
        test_host_pump_until(&b.host, &b.gone);
        assert_int_equal(b.answers, wanted);
        atomic_store(&r.stop, true);
        pthread_join(r.thread, NULL);
        test_host_stop(&b.host);
        assert_int_equal(b.script.destroyed, 1);
        assert_non_null(strstr(b.script.trace, "close"));
        pthread_mutex_destroy(&b.script.lock);
    }
    (void)state;
}

/* What was not begun is not ended; nor is what has failed. */
static void no_end_without_a_start(void **state)
{
    (void)state;
    struct scripted b = {0}, failed = {0};
    scripted_start(&b, 0, 0, false, SALLY_MAY_ALL);
    scripted_stop(&b);
    assert_string_equal(b.script.trace, "");

    failed.script.answer = SALLY_FAILURE;
    scripted_start(&failed, 0, 0, false, SALLY_MAY_ALL);
    op_submit(scripted_op(&failed, SALLY_OP_SESSION_START, "/"));
    scripted_stop(&failed);
    assert_string_equal(failed.script.trace, "session_start:/ ");
}

/* The end is for the storage too, which may have kept much for the session. */
static void the_end_needs_no_memory(void **state)
{
    (void)state;
    struct scripted b = {0};
    scripted_start(&b, 0, 0, false, SALLY_MAY_ALL);
    op_submit(scripted_op(&b, SALLY_OP_SESSION_START, "/"));
    for (int i = 0; i < 4; i++)
        assert_non_null(scripted_open(&b, "f", SALLY_OPEN_READ));
    alloc_fail_at(1);
    session_close(b.session, SALLY_CLOSED_LOST, scripted_gone, &b);
    assert_false(alloc_failed());
    assert_true(b.gone);
    assert_non_null(strstr(b.script.trace, "close:/home/f close:/home/f close:/home/f "
                                           "close:/home/f session_end:/ "));
    test_host_stop(&b.host);
    pthread_mutex_destroy(&b.script.lock);
}

/* Draining a session that is ending already comes too late. */
static void an_end_is_not_taken_back(void **state)
{
    (void)state;
    struct scripted b = {0};
    scripted_start(&b, 0, 0, false, SALLY_MAY_ALL);
    b.script.late_kinds = SALLY_OP_BIT(SALLY_OP_STAT);
    op_submit(scripted_op(&b, SALLY_OP_STAT, "s"));
    session_close(b.session, SALLY_CLOSED_LOST, scripted_gone, &b);
    assert_false(session_may_submit(b.session));
    session_drain(b.session);
    assert_false(session_may_submit(b.session));
    sally_op_finish(b.script.late[0], SALLY_OK);
    test_host_pump(&b.host);
    assert_true(b.gone);
    test_host_stop(&b.host);
    pthread_mutex_destroy(&b.script.lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_cancels_closes_and_ends),
        cmocka_unit_test(what_waits_for_a_worker_is_given_up),
        cmocka_unit_test(no_end_without_a_start),
        cmocka_unit_test(the_end_needs_no_memory),
        cmocka_unit_test(an_end_is_not_taken_back),
        cmocka_unit_test(draining_does_what_changes_something),
        cmocka_unit_test(draining_can_be_cut_short),
        cmocka_unit_test(the_end_may_come_in_the_answer_to_a_close),
        cmocka_unit_test(finish_races_return_cancel_and_the_end),
    };
    return cmocka_run_group_tests_name("core/session_close", tests, NULL, NULL);
}
