/* The table of kinds: what must hold between its rows. */
#include "cmocka_all.h"

#include "core/op_kinds.h"

static void every_kind_has_a_row(void **state)
{
    (void)state;
    for (uint32_t kind = 1; kind < SALLY_OP_KINDS; kind++) {
        const struct op_kind *k = op_kind(kind);
        bool submitted = kind != SALLY_OP_SESSION_START && kind != SALLY_OP_SESSION_END &&
                         kind != SALLY_OP_LEND_FD && kind != SALLY_OP_READDIR;
        assert_int_equal((k->flags & KIND_SUBMITTABLE) != 0, submitted);
        if (op_kind_opens(kind))
            assert_true(op_kind_closes(k->undo));
        if (k->undo) /* what undoes something has nothing to undo itself */
            assert_int_equal(op_kind(k->undo)->undo, 0);
        if (op_kind_closes(kind))
            assert_int_equal(k->order, ORDER_EXCLUSIVE);
        if (k->order == ORDER_READ_FILE || k->order == ORDER_WRITE_FILE)
            assert_true(k->flags & KIND_ON_FILE);
    }
}

static void unknown_kinds_run_alone(void **state)
{
    (void)state;
    static const uint32_t unknown[] = {SALLY_OP_KINDS, 1000, UINT32_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_int_equal(op_kind(unknown[i])->order, ORDER_EXCLUSIVE);
        assert_int_equal(op_kind(unknown[i])->flags, 0);
        assert_int_equal(op_kind(unknown[i])->undo, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_a_row),
        cmocka_unit_test(unknown_kinds_run_alone),
    };
    return cmocka_run_group_tests_name("core/op_kinds", tests, NULL, NULL);
}
