/* A READDIR that is asked several times, since the first pages had no entry, or since the storage
 * had to wait: each time, what the storage tells passes its filters once. */
#include "cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/hook_stack.h"
#include "core/test_host.h"

struct pages {
    struct test_host host; /* first */
    sally_fs *fs;
    sally_session *session;
    struct hook_stack hooks;
    sally_file *file;
    int empty; /* pages to come */
    char seen[256];
    bool answered, gone;
};

static bool put_before(void *context, sally_op *op, sally_entry *entry)
{
    char text[64];
    snprintf(text, sizeof text, "%s-%s", (const char *)context, entry->name);
    entry->name = sally_op_strdup(op, text);
    return true;
}

/* A context of its own for each call, as wrappers have. */
static void add_filter(sally_op *op, const char *text)
{
    char *context = sally_op_strdup(op, text);
    assert_int_equal(sally_op_filter_entries(op, put_before, context), SALLY_E_OK);
}

static sally_status slot(sally_fs *fs, sally_op *op)
{
    struct pages *x = sally_fs_data(fs);
    if (op->kind != SALLY_OP_READDIR)
        return SALLY_OK;
    add_filter(op, "fs");
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    if (x->empty-- > 0)
        return SALLY_OK;
    sally_op_add_entry(op, "name", NULL);
    return SALLY_EOF;
}

static sally_status before(void *user_data, sally_op *op)
{
    (void)user_data;
    add_filter(op, "hook");
    return SALLY_CONTINUE;
}

static void on_closed(void *user_data)
{
    ((struct pages *)user_data)->gone = true;
}

static void answered(struct op *op)
{
    struct pages *x = op->owner;
    x->file = op->pub.file;
    x->answered = true;
    op_free(op);
}

static bool entry(struct op *op, const char *name, const sally_attrs *attrs, const char *longname)
{
    (void)longname;
    struct pages *x = op->owner;
    (void)attrs;
    strncat(x->seen, name, sizeof x->seen - strlen(x->seen) - 1);
    return true;
}

static void ask(struct pages *x, uint32_t kind)
{
    struct op *op = op_new(x->session, kind);
    op->owner = x;
    op->on_done = answered;
    op->entry = entry;
    if (kind == SALLY_OP_OPENDIR)
        assert_int_equal(op_set_raw_path(op, slice_of("/d")), SALLY_OK);
    else
        op_use_file(op, x->file);
    x->answered = false;
    op_submit(op);
    test_host_pump_until(&x->host, &x->answered);
}

static void filters_are_added_once(void **state)
{
    (void)state;
    static const uint32_t traits[] = {0, SALLY_FS_TRY, SALLY_FS_NONBLOCKING};
    for (size_t i = 0; i < COUNT_OF(traits); i++) {
        for (int empty = 0; empty < 200; empty += 66) {
            struct pages x = {.empty = empty};
            test_host_start(&x.host, 1);
            const sally_fs_methods methods = {.struct_size = sizeof methods,
                                              .traits = traits[i],
                                              .opendir = slot,
                                              .readdir = slot};
            const sally_hooks set = {.struct_size = sizeof set,
                                     .before_mask = SALLY_OP_BIT(SALLY_OP_READDIR),
                                     .before = before};
            assert_int_equal(sally_fs_new(&x.fs, &methods, &x), SALLY_E_OK);
            assert_int_equal(hook_stack_add(&x.hooks, &set), SALLY_E_OK);
            const struct session_options o = {.fs = x.fs,
                                              .permissions = SALLY_MAY_ALL,
                                              .max_operations = 9,
                                              .max_files = 9,
                                              .hooks = &x.hooks};
            assert_int_equal(session_new(&x.session, &x.host.host, &o), SALLY_E_OK);
            ask(&x, SALLY_OP_OPENDIR);
            ask(&x, SALLY_OP_READDIR);
            assert_string_equal(x.seen, "hook-fs-name");
            session_close(x.session, SALLY_CLOSED_LOST, on_closed, &x);
            test_host_pump_until(&x.host, &x.gone);
            test_host_stop(&x.host);
            hook_stack_clear(&x.hooks);
            sally_fs_unref(x.fs);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_are_added_once),
    };
    return cmocka_run_group_tests_name("core/pages", tests, NULL, NULL);
}
