/* What storages, hooks and others keep in a file. */
#include "cmocka_all.h"

#include "alloc_failure.h"
#include "core/file.h"
#include "core/layers.h"

static int freed[16];

static void note_freed(void *data)
{
    ++*(int *)data;
}

static void keep(sally_file *file, const void *owner, int *data)
{
    assert_int_equal(sally_file_set_data(file, owner, data, note_freed), SALLY_E_OK);
}

static sally_file *open_one(struct layers *x)
{
    memset(freed, 0, sizeof freed);
    layers_start(x, 0, 0, 1, NULL, NULL);
    return layers_open(x, SALLY_OPEN_READ);
}

static void each_owner_keeps_its_own(void **state)
{
    (void)state;
    struct layers x;
    static const char owners[10];
    sally_file *file = open_one(&x);
    for (size_t i = 0; i < sizeof owners; i++) {
        assert_null(sally_file_data(file, &owners[i]));
        keep(file, &owners[i], &freed[i]);
    }
    for (size_t i = 0; i < sizeof owners; i++)
        assert_ptr_equal(sally_file_data(file, &owners[i]), &freed[i]);
    assert_int_equal(layers_do(&x, layers_op(&x, SALLY_OP_CLOSE, file)), SALLY_OK);
    for (size_t i = 0; i < sizeof owners; i++)
        assert_int_equal(freed[i], 1);
    layers_stop(&x);
}

static void what_is_replaced_is_freed(void **state)
{
    (void)state;
    struct layers x;
    sally_file *file = open_one(&x);
    keep(file, &x, &freed[0]);
    keep(file, &x, &freed[0]); /* the same: still kept */
    assert_int_equal(freed[0], 0);
    keep(file, &x, &freed[1]);
    assert_int_equal(freed[0], 1);
    assert_int_equal(sally_file_set_data(file, &x, &freed[2], NULL), SALLY_E_OK);
    assert_int_equal(freed[1], 1);
    assert_int_equal(sally_file_set_data(file, &x, NULL, note_freed), SALLY_E_OK);
    assert_null(sally_file_data(file, &x));
    layers_stop(&x);
    assert_int_equal(freed[2], 0);
}

static void it_goes_with_the_session(void **state)
{
    (void)state;
    struct layers x;
    keep(open_one(&x), &x, &freed[0]);
    layers_stop(&x);
    assert_int_equal(freed[0], 1);
}

static void keep_in_hook(struct layer_hook *h, sally_op *op)
{
    if (op->kind == SALLY_OP_OPEN)
        keep(op->file, h, &freed[h - h->layers->hook]);
}

/* Every way an OPEN can fail, and a success. */
static void it_goes_with_a_failed_open(void **state)
{
    (void)state;
    static const uint64_t open = SALLY_OP_BIT(SALLY_OP_OPEN);
    for (int how = 0; how < 4; how++) {
        struct layers x;
        memset(freed, 0, sizeof freed);
        layers_start(&x, how % 2, 0, 1, NULL, NULL);
        layers_add_hooks(&x, 3);
        x.hook[0].on_before = keep_in_hook;
        x.hook[1].deny = how == 0 ? open : 0;
        x.layer[0].fail = how == 1 ? open : 0;
        x.hook[1].refuse = how == 2 ? open : 0;
        assert_int_equal(layers_open(&x, SALLY_OPEN_READ) == NULL, how < 3);
        assert_int_equal(freed[0], how < 3);
        layers_stop(&x);
        assert_int_equal(freed[0], 1);
    }
}

static void what_cannot_be_kept(void **state)
{
    (void)state;
    struct layers x;
    static const char owners[4];
    sally_file *file = open_one(&x);
    assert_int_equal(sally_file_set_data(NULL, &x, &x, note_freed), SALLY_E_INVALID);
    assert_int_equal(sally_file_set_data(file, NULL, &x, note_freed), SALLY_E_INVALID);
    assert_null(sally_file_data(file, NULL));
    assert_null(sally_file_data(NULL, &x));
    alloc_fail_at(1);
    sally_error error = SALLY_E_OK;
    size_t i = 0;
    for (; error == SALLY_E_OK && i < sizeof owners; i++)
        error = sally_file_set_data(file, &owners[i], &freed[i], note_freed);
    assert_true(alloc_failed());
    assert_int_equal(error, SALLY_E_NO_MEMORY);
    assert_null(sally_file_data(file, &owners[i - 1]));
    assert_int_equal(i, 3); /* the storage has the first place */
    keep(file, &owners[i - 1], &freed[i - 1]);
    layers_stop(&x);
    assert_int_equal(freed[2], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_owner_keeps_its_own), cmocka_unit_test(what_is_replaced_is_freed),
        cmocka_unit_test(it_goes_with_the_session), cmocka_unit_test(it_goes_with_a_failed_open),
        cmocka_unit_test(what_cannot_be_kept),
    };
    return cmocka_run_group_tests_name("core/file_data", tests, NULL, NULL);
}
