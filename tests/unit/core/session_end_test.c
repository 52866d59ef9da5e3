/* SESSION_END: who learns of it, and why. */
#include "core/layers.h"

#include "core/session_internal.h"

static const int chain[] = {1, -1};

static uint32_t told;

static void note_reason(struct layer_hook *h, sally_op *op)
{
    (void)h;
    if (op->kind == SALLY_OP_SESSION_END)
        told = op->u.session.reason;
}

static void begin(struct layers *x)
{
    told = 0;
    layers_start(x, 0, 0, 2, chain, NULL);
    layers_add_hooks(x, 2);
    x->hook[1].on_before = note_reason;
}

static sally_status start(struct layers *x)
{
    return layers_do(x, layers_op(x, SALLY_OP_SESSION_START, NULL));
}

static void why(void **state)
{
    (void)state;
    struct layers x;
    begin(&x);
    assert_int_equal(start(&x), SALLY_OK);
    session_set_end_reason(x.session, SALLY_END_TIMEOUT);
    session_set_end_reason(x.session, SALLY_END_PROTOCOL); /* the first counts */
    layers_stop(&x);
    assert_int_equal(told, SALLY_END_TIMEOUT);
}

/* As the files are told. */
static void nobody_has_said_why(void **state)
{
    (void)state;
    struct layers x;
    begin(&x);
    start(&x);
    layers_stop(&x);
    assert_int_equal(told, SALLY_END_LOST);
}

static void refused(void **state)
{
    (void)state;
    struct layers x;
    begin(&x);
    x.hook[0].refuse = SALLY_OP_BIT(SALLY_OP_SESSION_START);
    assert_int_equal(start(&x), SALLY_FILE_CORRUPT);
    assert_int_equal(told, SALLY_END_REFUSED);
    assert_int_equal(layers_count(&x, "0.session_end "), 1);
    layers_stop(&x);
    assert_int_equal(layers_count(&x, "0.session_end "), 1);
}

static void a_wrapper_refuses(void **state)
{
    (void)state;
    struct layers x;
    begin(&x);
    x.layer[0].refuse = SALLY_OP_BIT(SALLY_OP_SESSION_START);
    assert_int_equal(start(&x), SALLY_PERMISSION_DENIED);
    assert_int_equal(layers_count(&x, "0.session_end "), 0);
    assert_int_equal(layers_count(&x, "1.session_end "), 1);
    layers_stop(&x);
}

/* The storage has not seen it begin. */
static void a_hook_answers_the_start(void **state)
{
    (void)state;
    struct layers x;
    begin(&x);
    x.hook[0].take = SALLY_OP_BIT(SALLY_OP_SESSION_START);
    assert_int_equal(start(&x), SALLY_OK);
    layers_stop(&x);
    assert_int_equal(told, SALLY_END_LOST);
    assert_int_equal(layers_count(&x, "0.session_start "), 0);
    assert_int_equal(layers_count(&x, "0.session_end "), 0);
    assert_int_equal(layers_count(&x, "b>session_end "), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(why),
        cmocka_unit_test(nobody_has_said_why),
        cmocka_unit_test(refused),
        cmocka_unit_test(a_wrapper_refuses),
        cmocka_unit_test(a_hook_answers_the_start),
    };
    return cmocka_run_group_tests_name("core/session_end", tests, NULL, NULL);
}
