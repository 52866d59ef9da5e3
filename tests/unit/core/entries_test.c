#include "cmocka_all.h"

#include <ctype.h>
#include <stdio.h>

#include "core/test_host.h"

/* A session with one READDIR whose entries are written down. */
struct bench {
    struct test_host host;
    sally_fs *fs;
    sally_session *session;
    struct op *op;
    char seen[256];
    bool gone;
};

static bool sink(struct op *op, const char *name, const sally_attrs *attrs, const char *longname)
{
    struct bench *b = op->owner;
    char text[64];
    snprintf(text, sizeof text, "%s:%d%s%s ", name, attrs ? (int)attrs->permissions : -1,
             longname ? "=" : "", longname ? longname : "");
    strncat(b->seen, text, sizeof b->seen - strlen(b->seen) - 1);
    return strcmp(name, "FULL") != 0;
}

static void open_bench(struct bench *b, uint32_t kind)
{
    test_host_start(&b->host, 0);
    sally_fs_methods none = {.struct_size = sizeof none};
    assert_int_equal(sally_fs_new(&b->fs, &none, NULL), SALLY_E_OK);
    struct session_options o = {.user = "joe",
                                .home = "/",
                                .fs = b->fs,
                                .permissions = SALLY_MAY_ALL,
                                .id = 1,
                                .max_operations = 16,
                                .max_files = 4,
                                .max_bytes = 1000};
    assert_int_equal(session_new(&b->session, &b->host.host, &o), SALLY_E_OK);
    b->op = op_new(b->session, kind);
    assert_non_null(b->op);
    b->op->owner = b;
    b->op->entry = sink;
}

static void on_closed(void *user_data)
{
    ((struct bench *)user_data)->gone = true;
}

static void close_bench(struct bench *b)
{
    op_free(b->op);
    session_close(b->session, SALLY_CLOSED_BY_CLIENT, on_closed, b);
    test_host_pump_until(&b->host, &b->gone);
    test_host_stop(&b->host);
    sally_fs_unref(b->fs);
}

static bool upper(void *context, sally_op *op, sally_entry *entry)
{
    (void)context;
    char *changed = sally_op_strdup(op, entry->name);
    assert_non_null(changed);
    for (char *c = changed; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    entry->name = changed;
    entry->attrs->permissions += 1;
    return true;
}

static bool hide_dot_files(void *context, sally_op *op, sally_entry *entry)
{
    (void)op;
    ++*(int *)context;
    return *entry->name != '.';
}

static void filters_stack_and_the_last_sees_first(void **state)
{
    struct bench b = {0};
    open_bench(&b, SALLY_OP_READDIR);
    sally_op *op = &b.op->pub;
    sally_attrs attrs;
    sally_attrs_set_file(&attrs, 0600, 1);
    int looked = 0;
    assert_true(sally_op_add_entry(op, "before", NULL));
    assert_int_equal(sally_op_filter_entries(op, upper, NULL), SALLY_E_OK);
    assert_int_equal(sally_op_filter_entries(op, upper, NULL), SALLY_E_OK); /* counts once */
    assert_int_equal(sally_op_filter_entries(op, hide_dot_files, &looked), SALLY_E_OK);
    assert_true(sally_op_add_entry(op, ".hidden", &attrs));
    assert_true(sally_op_add_entry(op, "..", &attrs));
    assert_true(sally_op_add_entry(op, "a", &attrs));
    assert_true(sally_op_add_entry(op, "b", NULL));
    assert_false(sally_op_add_entry(op, "full", &attrs));
    assert_string_equal(b.seen, "before:-1 A:385 B:-1 FULL:385 ");
    assert_int_equal(looked, 4);
    assert_int_equal(attrs.permissions, 0600);
    close_bench(&b);
    (void)state;
}

static bool mark_line(void *context, sally_op *op, sally_entry *entry)
{
    static sally_attrs others = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 1};
    char text[32];
    snprintf(text, sizeof text, "<%s>", entry->longname ? entry->longname : "none");
    entry->longname = sally_op_strdup(op, text);
    if (context)
        entry->attrs = &others;
    return true;
}

static void entries_have_lines_of_their_own(void **state)
{
    struct bench b = {0};
    open_bench(&b, SALLY_OP_READDIR);
    sally_op *op = &b.op->pub;
    sally_attrs attrs;
    sally_attrs_set_file(&attrs, 0600, 1);
    sally_entry entry = {.struct_size = sizeof entry, .name = "a", .longname = "my a"};
    assert_true(sally_op_add_entry_from(op, &entry));
    entry.attrs = &attrs;
    assert_true(sally_op_add_entry_from(op, &entry));
    entry.name = "..";
    assert_true(sally_op_add_entry_from(op, &entry));
    assert_true(sally_op_add_entry_from(op, NULL));
    entry = (sally_entry){.struct_size = sizeof entry - 1, .name = "short"};
    assert_true(sally_op_add_entry_from(op, &entry));
    assert_int_equal(sally_op_filter_entries(op, mark_line, &b), SALLY_E_OK);
    assert_int_equal(sally_op_filter_entries(op, mark_line, NULL), SALLY_E_OK);
    entry = (sally_entry){
        .struct_size = sizeof entry, .name = "b", .attrs = &attrs, .longname = "my b"};
    assert_true(sally_op_add_entry_from(op, &entry));
    assert_true(sally_op_add_entry(op, "c", NULL));
    assert_string_equal(b.seen, "a:-1=my a a:384=my a b:384=<<my b>> c:-1=<<none>> ");
    close_bench(&b);
    (void)state;
}

static bool to_dots(void *context, sally_op *op, sally_entry *entry)
{
    (void)context;
    (void)op;
    entry->name = "..";
    return true;
}

static void dots_do_not_come_back(void **state)
{
    struct bench b = {0};
    open_bench(&b, SALLY_OP_READDIR);
    assert_int_equal(sally_op_filter_entries(&b.op->pub, to_dots, NULL), SALLY_E_OK);
    assert_true(sally_op_add_entry(&b.op->pub, "a", NULL));
    assert_string_equal(b.seen, "");
    close_bench(&b);
    (void)state;
}

static void only_listings_are_filtered(void **state)
{
    struct bench b = {0};
    open_bench(&b, SALLY_OP_STAT);
    assert_int_equal(sally_op_filter_entries(&b.op->pub, upper, NULL), SALLY_E_INVALID);
    b.op->pub.kind = SALLY_OP_READDIR;
    assert_int_equal(sally_op_filter_entries(&b.op->pub, NULL, NULL), SALLY_E_INVALID);
    close_bench(&b);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_stack_and_the_last_sees_first),
        cmocka_unit_test(entries_have_lines_of_their_own),
        cmocka_unit_test(dots_do_not_come_back),
        cmocka_unit_test(only_listings_are_filtered),
    };
    return cmocka_run_group_tests_name("core/entries", tests, NULL, NULL);
}
