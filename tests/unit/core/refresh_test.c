/* Names that were read ahead and are asked for once more. */
#include "core/layers.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"

struct told {
    int with, without;
};

static struct told told;

static bool entry(struct op *op, const char *name, const sally_attrs *attrs, const char *longname)
{
    (void)longname;
    (void)op;
    assert_string_equal(name, "name");
    *(attrs ? &told.with : &told.without) += 1;
    return true;
}

static bool begin(struct op *op)
{
    for (int i = 0; i < 200; i++)
        put_bytes(&op->pub.file->stale_names, "name", 5);
    op->pub.file->at_end = true;
    return true;
}

static sally_file *open_directory(struct layers *x)
{
    layers_do(x, layers_op(x, SALLY_OP_OPENDIR, NULL));
    assert_int_equal(x->status, SALLY_OK);
    return x->file;
}

static void list(struct layers *x, sally_file *directory)
{
    struct op *op = layers_op(x, SALLY_OP_READDIR, directory);
    told = (struct told){0, 0};
    op->entry = entry;
    op->on_start = begin;
    assert_int_equal(layers_do(x, op), SALLY_EOF);
}

/* The STATs of names fail when the directory is renamed: that says nothing of the names. */
static void a_directory_that_is_elsewhere_keeps_its_names(void **state)
{
    (void)state;
    for (int workers = 0; workers < 2; workers++) {
        struct layers x;
        layers_start(&x, workers, 0, 1, NULL, NULL);
        sally_file *directory = open_directory(&x);
        list(&x, directory);
        assert_int_equal(told.with, 200);
        x.layer[0].fail = SALLY_OP_BIT(SALLY_OP_STAT);
        x.trace[0] = 0;
        list(&x, directory);
        assert_int_equal(told.without, 200);
        assert_string_equal(x.trace, "0.stat 0.stat "); /* a name, and the directory */
        layers_stop(&x);
    }
}

static void divert(struct layer_hook *h, sally_op *op)
{
    char path[512];
    (void)h;
    if (op->file && op->kind != SALLY_OP_OPENDIR)
        return;
    snprintf(path, sizeof path, "/below%s", op->path);
    assert_int_equal(sally_op_set_path(op, path), SALLY_E_OK);
}

static void refuse_stat(struct layer_hook *h, sally_op *op)
{
    (void)h;
    assert_int_not_equal(op->kind, SALLY_OP_STAT);
}

/* A hook that puts something before every path does so once. */
static void a_diverted_directory_stays_where_it_is(void **state)
{
    (void)state;
    struct layers x;
    layers_start(&x, 0, 0, 1, NULL, NULL);
    layers_add_hooks(&x, 1);
    x.hook[0].on_before = divert;
    sally_file *directory = open_directory(&x);
    assert_string_equal(sally_file_path(directory), "/below/f");
    x.hook[0].on_before = refuse_stat;
    list(&x, directory);
    assert_int_equal(told.with, 200);
    layers_stop(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_that_is_elsewhere_keeps_its_names),
        cmocka_unit_test(a_diverted_directory_stays_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
