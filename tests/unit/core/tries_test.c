/* SALLY_OP_TRY: a storage that says WOULD_BLOCK is asked once more, also when a wrapper asks
 * several storages for one operation. */
#include "cmocka_all.h"

#include <string.h>

#include "core/file.h"
#include "core/test_host.h"

struct tries;

struct store {
    struct tries *x;
    sally_fs *fs;
    int open;
    bool blocks; /* has to wait for everything but OPEN */
    bool late;   /* answers CLOSE late */
};

struct tries {
    struct test_host host; /* first */
    struct store store[2];
    sally_fs *both;
    sally_session *session;
    sally_file *file;
    sally_op *waiting;
    sally_status status;
    bool refuses, answered, gone;
};

static sally_status do_it(struct store *st, const sally_op *op)
{
    if (op->kind == SALLY_OP_OPEN)
        st->open++;
    else if (op->kind == SALLY_OP_CLOSE)
        st->open--;
    return SALLY_OK;
}

static sally_status store_slot(sally_fs *fs, sally_op *op)
{
    struct store *st = sally_fs_data(fs);
    if (st->blocks && op->kind != SALLY_OP_OPEN && op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    if (st->late && op->kind == SALLY_OP_CLOSE) {
        st->x->waiting = op;
        return SALLY_PENDING;
    }
    return do_it(st, op);
}

static sally_status second_done(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct tries *x = sally_fs_data(fs);
    (void)context;
    return op->kind == SALLY_OP_OPEN && x->refuses ? SALLY_PERMISSION_DENIED : status;
}

static sally_status first_done(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct tries *x = sally_fs_data(fs);
    (void)context;
    if (status != SALLY_OK && op->kind == SALLY_OP_OPEN)
        return status;
    return sally_fs_call(fs, x->store[1].fs, op, second_done, NULL);
}

static sally_status both_slot(sally_fs *fs, sally_op *op)
{
    const struct tries *x = sally_fs_data(fs);
    return sally_fs_call(fs, x->store[0].fs, op, first_done, NULL);
}

static void start(struct tries *x)
{
    memset(x, 0, sizeof *x);
    test_host_start(&x->host, 1);
    sally_fs_methods methods = {.struct_size = sizeof methods,
                                .traits = SALLY_FS_TRY,
                                .open = store_slot,
                                .close = store_slot};
    for (int i = 0; i < 2; i++) {
        x->store[i].x = x;
        assert_int_equal(sally_fs_new(&x->store[i].fs, &methods, &x->store[i]), SALLY_E_OK);
    }
    methods.open = methods.close = both_slot;
    assert_int_equal(sally_fs_new(&x->both, &methods, x), SALLY_E_OK);
    const struct session_options o = {
        .fs = x->both, .permissions = SALLY_MAY_ALL, .max_operations = 9, .max_files = 9};
    assert_int_equal(session_new(&x->session, &x->host.host, &o), SALLY_E_OK);
}

static void on_closed(void *user_data)
{
    ((struct tries *)user_data)->gone = true;
}

static void stop(struct tries *x)
{
    session_close(x->session, SALLY_CLOSED_LOST, on_closed, x);
    test_host_pump_until(&x->host, &x->gone);
    test_host_stop(&x->host);
    sally_fs_unref(x->both);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(x->store[i].open, 0);
        sally_fs_unref(x->store[i].fs);
    }
}

static void answered(struct op *op)
{
    struct tries *x = op->owner;
    x->status = op->pub.status;
    x->file = op->pub.file;
    x->answered = true;
    op_free(op);
}

static void ask(struct tries *x, uint32_t kind)
{
    static const sally_attrs none;
    struct op *op = op_new(x->session, kind);
    op->owner = x;
    op->on_done = answered;
    if (kind == SALLY_OP_OPEN) {
        op->pub.u.open = (sally_op_open){.flags = SALLY_OPEN_READ, .attrs = &none};
        assert_int_equal(op_set_raw_path(op, slice_of("/f")), SALLY_OK);
    } else {
        op_use_file(op, x->file);
    }
    x->answered = false;
    op_submit(op);
}

static sally_status finish(struct tries *x)
{
    test_host_pump_until(&x->host, &x->answered);
    return x->status;
}

/* Two files are given back, and both storages have to wait for that. */
static void giving_back(void **state)
{
    (void)state;
    struct tries x;
    start(&x);
    x.refuses = x.store[0].blocks = x.store[1].blocks = true;
    ask(&x, SALLY_OP_OPEN);
    assert_int_equal(finish(&x), SALLY_PERMISSION_DENIED);
    assert_int_equal(x.store[0].open, 0);
    assert_int_equal(x.store[1].open, 0);
    stop(&x);
}

/* The first storage answers late: the second one is asked by the thread that brings that. */
static void after_a_late_answer(void **state)
{
    (void)state;
    struct tries x;
    start(&x);
    ask(&x, SALLY_OP_OPEN);
    assert_int_equal(finish(&x), SALLY_OK);
    x.store[0].late = x.store[1].blocks = true;
    ask(&x, SALLY_OP_CLOSE);
    assert_non_null(x.waiting);
    assert_int_equal(x.waiting->flags & SALLY_OP_TRY, SALLY_OP_TRY);
    sally_op_finish(x.waiting, do_it(&x.store[0], x.waiting));
    assert_int_equal(finish(&x), SALLY_OK);
    assert_int_equal(x.store[1].open, 0);
    stop(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(giving_back),
        cmocka_unit_test(after_a_late_answer),
    };
    return cmocka_run_group_tests_name("core/tries", tests, NULL, NULL);
}
