/* What a wrapper gave to sally_fs_call() as context, in its cancel; and cancel beside answers. */
#include "cmocka_all.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "core/test_host.h"

#define DEPTH 6 /* more wrappers than an operation has frames for at first */

struct tower;

struct floor_of {
    struct tower *tower;
    sally_fs *fs, *inner; /* NULL: it answers late by itself */
    int number;
    void *seen;   /* in cancel */
    int cancels;  /* of it */
    bool no_done; /* passes on without an on_done */
    bool own;     /* answers PENDING, and does not pass on */
};

struct tower {
    struct test_host host; /* first */
    struct floor_of floors[DEPTH + 1];
    sally_session *session;
    sally_op *waiting;
    void (*in_cancel)(struct tower *t); /* of floor 0 */
    int answered, in_cancel_now;
    bool freed, gone, done;
    sally_status status;
};

/* What it gives as context is freed by its on_done. */
struct state {
    struct floor_of *floor;
    char text[32];
};

static sally_status on_done(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct state *state = context;
    struct tower *t = state->floor->tower;
    (void)op;
    assert_ptr_equal(state->floor->fs, fs);
    assert_false(t->in_cancel_now);
    t->freed = true;
    mem_free(state);
    return status;
}

static sally_status slot(sally_fs *fs, sally_op *op)
{
    struct floor_of *f = sally_fs_data(fs);
    assert_null(sally_op_context(op, fs));
    if (!f->inner || f->own) {
        f->tower->waiting = op;
        return SALLY_PENDING;
    }
    if (f->no_done)
        return sally_fs_call(fs, f->inner, op, NULL, f);
    struct state *state = mem_zalloc(sizeof *state);
    assert_non_null(state);
    *state = (struct state){.floor = f, .text = "state of mine"};
    return sally_fs_call(fs, f->inner, op, on_done, state);
}

static void cancel(sally_fs *fs, sally_op *op)
{
    struct floor_of *f = sally_fs_data(fs);
    struct tower *t = f->tower;
    f->cancels++;
    f->seen = sally_op_context(op, fs);
    if (f->number == 0) {
        t->in_cancel_now = 1;
        if (t->in_cancel)
            t->in_cancel(t);
    }
    if (f->seen && !f->no_done) {
        const struct state *state = f->seen; /* still there, whatever has been answered */
        assert_ptr_equal(state->floor, f);
        assert_string_equal(state->text, "state of mine");
    }
    sally_fs_cancel_inner(fs, op);
    if (f->number == 0)
        t->in_cancel_now = 0;
}

static void build(struct tower *t, int depth, int workers, uint32_t traits)
{
    memset(t, 0, sizeof *t);
    test_host_start(&t->host, workers);
    for (int i = depth; i >= 0; i--) {
        struct floor_of *f = &t->floors[i];
        *f = (struct floor_of){.tower = t, .number = i, .inner = i < depth ? f[1].fs : NULL};
        const sally_fs_methods m = {
            .struct_size = sizeof m, .traits = traits, .stat = slot, .cancel = cancel};
        assert_int_equal(sally_fs_new(&f->fs, &m, f), SALLY_E_OK);
    }
    const struct session_options o = {
        .fs = t->floors[0].fs, .permissions = SALLY_MAY_ALL, .max_operations = 4, .max_files = 4};
    assert_int_equal(session_new(&t->session, &t->host.host, &o), SALLY_E_OK);
}

static void answered(struct op *op)
{
    struct tower *t = op->owner;
    t->status = op->pub.status;
    t->done = true;
    op_free(op);
}

static void begin(struct tower *t)
{
    struct op *op = op_new(t->session, SALLY_OP_STAT);
    assert_non_null(op);
    op->owner = t;
    op->on_done = answered;
    assert_int_equal(op_set_raw_path(op, slice_of("f")), SALLY_OK);
    op_submit(op);
}

static void on_closed(void *user_data)
{
    ((struct tower *)user_data)->gone = true;
}

static void end(struct tower *t, int depth)
{
    test_host_pump_until(&t->host, &t->done);
    test_host_pump_until(&t->host, &t->gone);
    for (int i = 0; i <= depth; i++)
        sally_fs_unref(t->floors[i].fs);
    test_host_stop(&t->host);
}

static void each_floor_has_its_own(void **state)
{
    (void)state;
    for (int depth = 1; depth <= DEPTH; depth++) {
        struct tower t;
        build(&t, depth, 0, 0);
        t.floors[depth / 2].no_done = true;
        begin(&t);
        session_close(t.session, SALLY_CLOSED_LOST, on_closed, &t);
        for (int i = 0; i <= depth; i++) {
            assert_int_equal(t.floors[i].cancels, 1);
            assert_true((t.floors[i].seen != NULL) == (i < depth));
        }
        assert_true(depth == 1 || t.floors[depth / 2].seen == &t.floors[depth / 2]);
        assert_false(t.freed);
        sally_op_finish(t.waiting, SALLY_FAILURE);
        end(&t, depth);
        assert_int_equal(t.status, SALLY_FAILURE);
    }
}

static void none_for_one_that_waits_by_itself(void **state)
{
    (void)state;
    struct tower t;
    build(&t, 2, 0, 0);
    t.floors[1].own = true;
    begin(&t);
    assert_null(sally_op_context(t.waiting, t.floors[1].fs));
    assert_null(sally_op_context(t.waiting, t.floors[2].fs));
    session_close(t.session, SALLY_CLOSED_LOST, on_closed, &t);
    assert_non_null(t.floors[0].seen);
    assert_null(t.floors[1].seen);
    sally_op_finish(t.waiting, SALLY_OK);
    end(&t, 2);
}

/* FSTAT of a storage without that slot is its STAT: what the library keeps meanwhile is no
 * context. */
static void none_of_the_library(void **state)
{
    (void)state;
    struct tower t;
    build(&t, 0, 0, 0);
    struct op *op = op_new(t.session, SALLY_OP_FSTAT);
    op->owner = &t;
    op->on_done = answered;
    op->pub.path = "/f";
    op_submit(op);
    session_close(t.session, SALLY_CLOSED_LOST, on_closed, &t);
    assert_int_equal(t.floors[0].cancels, 1);
    assert_null(t.floors[0].seen);
    sally_op_finish(t.waiting, SALLY_OK);
    end(&t, 0);
}

static void *finish(void *arg)
{
    struct tower *t = arg;
    sally_op_finish(t->waiting, SALLY_OK);
    return NULL;
}

/* The answer comes while cancel runs, from another thread or from cancel itself. */
static void finish_beside(struct tower *t)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, finish, t), 0);
    pthread_join(thread, NULL);
    assert_false(t->freed);
}

static void finish_inside(struct tower *t)
{
    finish(t);
    assert_false(t->freed);
}

static void answers_wait_for_cancel(void **state)
{
    static void (*const ways[])(struct tower * t) = {finish_beside, finish_inside};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        for (int workers = 0; workers < 3; workers++) {
            struct tower t;
            build(&t, 2, workers, SALLY_FS_NONBLOCKING);
            t.in_cancel = ways[i];
            begin(&t);
            session_close(t.session, SALLY_CLOSED_LOST, on_closed, &t);
            assert_false(t.freed);
            end(&t, 2);
            assert_true(t.freed);
            assert_int_equal(t.status, SALLY_OK);
        }
    }
}

/* The first one to come. */
static void races(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct tower t;
        pthread_t thread;
        build(&t, 1 + round % DEPTH, 0, SALLY_FS_NONBLOCKING);
        begin(&t);
        assert_int_equal(pthread_create(&thread, NULL, finish, &t), 0);
        session_close(t.session, SALLY_CLOSED_LOST, on_closed, &t);
        end(&t, 1 + round % DEPTH);
        pthread_join(thread, NULL);
        assert_true(t.freed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_floor_has_its_own),
        cmocka_unit_test(none_for_one_that_waits_by_itself),
        cmocka_unit_test(none_of_the_library),
        cmocka_unit_test(answers_wait_for_cancel),
        cmocka_unit_test(races),
    };
    return cmocka_run_group_tests_name("core/context", tests, NULL, NULL);
}
