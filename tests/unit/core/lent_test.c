/* A wrapper refuses what a storage inside has opened, and releases all that it had made for that:
 * the path, and the storage. The library closes it there all the same. */
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "core/test_host.h"

struct lent {
    struct test_host host; /* first */
    sally_fs *outer, *inner;
    sally_session *session;
    char *path;
    const char *before;
    int open, closed, destroyed;
    bool refuses, late, answered, gone;
    sally_status status;
    sally_op *waiting;
};

static sally_status inner_open(sally_fs *fs, sally_op *op)
{
    struct lent *x = sally_fs_data(fs);
    x->open++;
    x->waiting = op;
    return x->late ? SALLY_PENDING : SALLY_OK;
}

static sally_status inner_close(sally_fs *fs, sally_op *op)
{
    struct lent *x = sally_fs_data(fs);
    assert_string_equal(op->path, "/inside");
    x->closed++;
    return SALLY_OK;
}

static void inner_destroy(void *user_data)
{
    struct lent *x = user_data;
    assert_int_equal(x->open, x->closed);
    x->destroyed++;
}

static sally_status opened(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct lent *x = sally_fs_data(fs);
    (void)context;
    op->path = x->before;
    memset(x->path, 'x', strlen(x->path));
    free(x->path);
    if (x->refuses) {
        sally_fs_unref(x->inner);
        x->inner = NULL;
        return SALLY_PERMISSION_DENIED;
    }
    return status;
}

static sally_status outer_open(sally_fs *fs, sally_op *op)
{
    struct lent *x = sally_fs_data(fs);
    const sally_fs_methods methods = {.struct_size = sizeof methods,
                                      .open = inner_open,
                                      .close = inner_close,
                                      .destroy = inner_destroy};
    assert_int_equal(sally_fs_new(&x->inner, &methods, x), SALLY_E_OK);
    x->path = strdup("/inside");
    x->before = op->path;
    op->path = x->path;
    return sally_fs_call(fs, x->inner, op, opened, NULL);
}

static sally_status outer_close(sally_fs *fs, sally_op *op)
{
    struct lent *x = sally_fs_data(fs);
    op->path = "/inside";
    sally_status status = sally_fs_call(fs, x->inner, op, NULL, NULL);
    sally_fs_unref(x->inner);
    return status;
}

static void on_closed(void *user_data)
{
    ((struct lent *)user_data)->gone = true;
}

static void answered(struct op *op)
{
    struct lent *x = op->owner;
    x->status = op->pub.status;
    x->answered = true;
    op_free(op);
}

static void each(bool refuses, bool late, int workers)
{
    static const sally_attrs none;
    struct lent x = {.refuses = refuses, .late = late};
    test_host_start(&x.host, workers);
    const sally_fs_methods methods = {
        .struct_size = sizeof methods, .open = outer_open, .close = outer_close};
    assert_int_equal(sally_fs_new(&x.outer, &methods, &x), SALLY_E_OK);
    const struct session_options o = {
        .fs = x.outer, .permissions = SALLY_MAY_ALL, .max_operations = 9, .max_files = 9};
    assert_int_equal(session_new(&x.session, &x.host.host, &o), SALLY_E_OK);
    struct op *op = op_new(x.session, SALLY_OP_OPEN);
    op->owner = &x;
    op->on_done = answered;
    op->pub.u.open = (sally_op_open){.flags = SALLY_OPEN_READ, .attrs = &none};
    assert_int_equal(op_set_raw_path(op, slice_of("/f")), SALLY_OK);
    op_submit(op);
    if (late)
        sally_op_finish(x.waiting, SALLY_OK);
    test_host_pump_until(&x.host, &x.answered);
    assert_int_equal(x.status, refuses ? SALLY_PERMISSION_DENIED : SALLY_OK);
    assert_int_equal(x.closed, refuses);
    session_close(x.session, SALLY_CLOSED_LOST, on_closed, &x);
    test_host_pump_until(&x.host, &x.gone);
    test_host_stop(&x.host);
    assert_int_equal(x.closed, 1);
    assert_int_equal(x.destroyed, 1);
    sally_fs_unref(x.outer);
}

static void refused_and_let_go(void **state)
{
    (void)state;
    each(true, false, 0);
    each(true, false, 1);
    each(true, true, 0);
}

static void opened_and_closed(void **state)
{
    (void)state;
    each(false, false, 0);
    each(false, false, 1);
    each(false, true, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_and_let_go),
        cmocka_unit_test(opened_and_closed),
    };
    return cmocka_run_group_tests_name("core/lent", tests, NULL, NULL);
}
