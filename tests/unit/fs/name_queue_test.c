#include "fs/name_queue.h"

#include "cmocka_all.h"
#include "fs/driver.h"

/* Answers late, and keeps what it was asked. */
struct slow {
    sally_op *asked[8];
    unsigned count;
};

static sally_status ask(sally_fs *fs, sally_op *op)
{
    struct slow *slow = sally_fs_data(fs);
    slow->asked[slow->count++] = op;
    return SALLY_PENDING;
}

struct bench {
    struct slow slow;
    struct driver a, b;
};

static void start(struct bench *t)
{
    const sally_fs_methods methods = {
        .struct_size = sizeof(methods), .remove = ask, .rename = ask, .mkdir = ask};
    sally_fs *inner, *fs;
    *t = (struct bench){.slow = {.count = 0}};
    assert_int_equal(sally_fs_new(&inner, &methods, &t->slow), SALLY_E_OK);
    assert_int_equal(name_queue_new(&fs, inner), SALLY_E_OK);
    assert_ptr_equal(name_queue_inner(fs), inner);
    assert_null(name_queue_inner(inner));
    driver_start_as(&t->a, fs, "a", 1);
    driver_start_as(&t->b, fs, "b", 2);
    sally_fs_unref(inner);
    sally_fs_unref(fs);
}

static struct op *rename_to(struct driver *d, const char *path, const char *to)
{
    struct op *op = driver_op(d, SALLY_OP_RENAME, path);
    op->pub.u.rename.to = to;
    return op;
}

static void same_name_waits(void **state)
{
    (void)state;
    struct bench t;
    bool first, second;
    start(&t);
    struct op *a = rename_to(&t.a, "/x", "/y"), *b = driver_op(&t.b, SALLY_OP_REMOVE, "/y");
    driver_begin(&t.a, a, &first);
    driver_begin(&t.b, b, &second);
    assert_int_equal(t.slow.count, 1);
    sally_op_finish(t.slow.asked[0], SALLY_OK);
    driver_wait(&t.a, &first);
    assert_int_equal(t.slow.count, 2);
    sally_op_finish(t.slow.asked[1], SALLY_NO_SUCH_FILE);
    driver_wait(&t.b, &second);
    assert_int_equal(a->pub.status, SALLY_OK);
    assert_int_equal(b->pub.status, SALLY_NO_SUCH_FILE);
    op_free(a);
    op_free(b);
    driver_stop(&t.a);
    driver_stop(&t.b);
}

static void other_names_do_not(void **state)
{
    (void)state;
    struct bench t;
    bool first, second;
    start(&t);
    struct op *a = rename_to(&t.a, "/x", "/y"), *b = driver_op(&t.b, SALLY_OP_REMOVE, "/z");
    driver_begin(&t.a, a, &first);
    driver_begin(&t.b, b, &second);
    assert_int_equal(t.slow.count, 2);
    sally_op_finish(t.slow.asked[1], SALLY_OK);
    driver_wait(&t.b, &second);
    op_free(b);
    b = driver_op(&t.b, SALLY_OP_MKDIR, "/x"); /* of another kind */
    driver_begin(&t.b, b, &second);
    assert_int_equal(t.slow.count, 3);
    sally_op_finish(t.slow.asked[2], SALLY_OK);
    sally_op_finish(t.slow.asked[0], SALLY_OK);
    driver_wait(&t.a, &first);
    driver_wait(&t.b, &second);
    op_free(a);
    op_free(b);
    driver_stop(&t.a);
    driver_stop(&t.b);
}

/* A client that is gone waits for no one. */
static void cancelled(void **state)
{
    (void)state;
    struct bench t;
    bool first, second;
    start(&t);
    struct op *a = driver_op(&t.a, SALLY_OP_REMOVE, "/x");
    struct op *b = driver_op(&t.b, SALLY_OP_REMOVE, "/x");
    driver_begin(&t.a, a, &first);
    driver_begin(&t.b, b, &second);
    driver_lose(&t.b);
    assert_true(second);
    op_free(b);
    assert_int_equal(t.slow.count, 1);
    sally_op_finish(t.slow.asked[0], SALLY_OK);
    driver_wait(&t.a, &first);
    op_free(a);
    driver_stop(&t.a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_name_waits),
        cmocka_unit_test(other_names_do_not),
        cmocka_unit_test(cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
