#include "cmocka_all.h"

#include <stdio.h>

#include "base/mem.h"
#include "core/fs.h"
#include "core/scripted.h"

static void one_after_the_other_by_default(void **state)
{
    struct scripted b = {0};
    scripted_start(&b, 0, 0, false, SALLY_MAY_ALL);
    b.script.late_kinds = SALLY_OP_BIT(SALLY_OP_STAT);
    op_submit(scripted_op(&b, SALLY_OP_STAT, "a"));
    op_submit(scripted_op(&b, SALLY_OP_STAT, "/b/../c"));
    op_submit(scripted_op(&b, SALLY_OP_REMOVE, "d"));
    assert_string_equal(b.script.trace, "stat:/home/a ");
    sally_op_finish(b.script.late[0], SALLY_NO_SUCH_FILE);
    test_host_pump(&b.host);
    assert_string_equal(b.script.trace, "stat:/home/a stat:/c ");
    sally_op_finish(b.script.late[1], SALLY_OK);
    test_host_pump(&b.host);
    assert_string_equal(b.done, "stat=2 stat=0 remove=0 ");
    scripted_stop(&b);
    (void)state;
}

static void concurrent_reads_run_together_and_barriers_wait(void **state)
{
    struct scripted b = {0};
    scripted_start(&b, 0, SALLY_FS_CONCURRENT, false, SALLY_MAY_ALL);
    sally_file *file = scripted_open(&b, "f", SALLY_OPEN_READ | SALLY_OPEN_WRITE);
    b.script.late_kinds = SALLY_OP_BIT(SALLY_OP_READ) | SALLY_OP_BIT(SALLY_OP_WRITE);
    scripted_io(&b, SALLY_OP_READ, file, 0);
    scripted_io(&b, SALLY_OP_READ, file, 0);
    assert_int_equal(b.script.late_count, 2);
    scripted_io(&b, SALLY_OP_WRITE, file, 0); /* waits for both */
    assert_int_equal(b.script.late_count, 2);
    scripted_io(&b, SALLY_OP_READ, file, 0); /* does not overtake the write */
    assert_int_equal(b.script.late_count, 2);
    op_submit(scripted_op(&b, SALLY_OP_STAT, "x")); /* it may be the same file */
    assert_null(strstr(b.script.trace, "/x"));
    op_submit(scripted_op(&b, SALLY_OP_REMOVE, "y")); /* a barrier waits for all */
    op_submit(scripted_op(&b, SALLY_OP_STAT, "z"));   /* and stops what comes behind it */
    assert_null(strstr(b.script.trace, "/y"));
    assert_null(strstr(b.script.trace, "/z"));
    sally_op_finish(b.script.late[1], SALLY_OK);
    sally_op_finish(b.script.late[0], SALLY_OK);
    test_host_pump(&b.host);
    assert_int_equal(b.script.late_count, 3);
    sally_op_finish(b.script.late[2], SALLY_OK);
    test_host_pump(&b.host);
    assert_int_equal(b.script.late_count, 4);
    assert_null(strstr(b.script.trace, "/y"));
    sally_op_finish(b.script.late[3], SALLY_OK);
    test_host_pump(&b.host);
    assert_non_null(strstr(b.script.trace, "stat:/home/x remove:/home/y stat:/home/z"));
    scripted_stop(&b);
    (void)state;
}

static void reads_wait_while_replies_are_not_sent(void **state)
{
    struct scripted b = {0};
    scripted_start(&b, 0, SALLY_FS_CONCURRENT, false, SALLY_MAY_ALL);
    sally_file *file = scripted_open(&b, "f", SALLY_OPEN_READ);
    struct op *kept[3];
    static char data[16];
    for (int i = 0; i < 3; i++) {
        kept[i] = scripted_op(&b, SALLY_OP_READ, NULL);
        op_use_file(kept[i], file);
        kept[i]->pub.u.io = (sally_op_io){.data = data, .length = 16};
        kept[i]->reply_bytes = 600; /* of 1000 */
        kept[i]->on_done = NULL;    /* as if the reply waited in the channel */
    }
    for (int i = 0; i < 3; i++)
        op_submit(kept[i]);
    assert_string_equal(b.script.trace, "open:/home/f read:/home/f ");
    op_free(kept[0]);
    assert_string_equal(b.script.trace, "open:/home/f read:/home/f read:/home/f ");
    op_free(kept[1]);
    op_free(kept[2]);
    scripted_stop(&b);
    (void)state;
}

static void too_many_files_are_refused(void **state)
{
    struct scripted b = {0};
    scripted_start(&b, 0, 0, false, SALLY_MAY_ALL);
    for (int i = 0; i < 4; i++)
        assert_non_null(scripted_open(&b, "f", SALLY_OPEN_READ));
    sally_file *last = b.opened;
    assert_null(scripted_open(&b, "f", SALLY_OPEN_READ));
    scripted_close(&b, last);
    assert_non_null(scripted_open(&b, "f", SALLY_OPEN_READ));
    assert_int_equal(session_file_count(b.session), 4);
    scripted_stop(&b);
    (void)state;
}

/* ---- hooks ---- */

static sally_status deny_secret(void *user_data, sally_op *op)
{
    (void)user_data;
    if (strcmp(op->path, "/home/secret") == 0) {
        sally_op_set_message(op, "not for you");
        return SALLY_PERMISSION_DENIED;
    }
    if (strcmp(op->path, "/home/old") == 0)
        assert_int_equal(sally_op_set_path(op, "/new/./place"), SALLY_E_OK);
    if (strcmp(op->path, "/home/mine") == 0)
        return SALLY_OK;
    return SALLY_CONTINUE;
}

static sally_status hide_missing(void *user_data, sally_op *op)
{
    strcat(user_data, op->status == SALLY_OK ? "+" : "-");
    return op->status == SALLY_FAILURE ? SALLY_NO_SUCH_FILE : op->status;
}

static void hooks_deny_divert_answer_and_change(void **state)
{
    struct scripted b = {0};
    char seen[64] = "";
    sally_hooks first = {.struct_size = sizeof first,
                         .before_mask = SALLY_OP_ALL,
                         .after_mask = SALLY_OP_BIT(SALLY_OP_STAT),
                         .before = deny_secret,
                         .after = hide_missing,
                         .user_data = seen};
    assert_int_equal(hook_stack_add(&b.hooks, &first), SALLY_E_OK);
    scripted_start(&b, 0, 0, false, SALLY_MAY_ALL);
    op_submit(scripted_op(&b, SALLY_OP_STAT, "secret"));
    op_submit(scripted_op(&b, SALLY_OP_STAT, "old"));
    op_submit(scripted_op(&b, SALLY_OP_STAT, "mine"));
    b.script.answer = SALLY_FAILURE;
    op_submit(scripted_op(&b, SALLY_OP_STAT, "other"));
    assert_string_equal(b.done, "stat=3 stat=0 stat=0 stat=2 ");
    assert_string_equal(b.script.trace, "stat:/new/place stat:/home/other ");
    assert_string_equal(seen, "-++-");
    /* A file that a hook opened never reaches the storage. */
    b.script.answer = SALLY_OK;
    sally_file *file = scripted_open(&b, "mine", SALLY_OPEN_READ);
    assert_non_null(file);
    b.script.trace[0] = '\0';
    b.script.answer = SALLY_OK;
    scripted_stop(&b);
    assert_string_equal(b.script.trace, "");
    (void)state;
}

static struct late_hook {
    sally_op *op;
    sally_session *session;
} late_hook;

static sally_status remember(void *user_data, sally_op *op)
{
    (void)user_data;
    if (op->flags & SALLY_OP_INTERNAL)
        return SALLY_CONTINUE;
    late_hook.op = op;
    late_hook.session = op->session;
    return SALLY_PENDING;
}

static void moved(void *user_data, sally_op *op, sally_status status)
{
    (void)op;
    sally_op_finish(user_data, status == SALLY_OK ? SALLY_CONTINUE : SALLY_FAILURE);
}

static void fill_rename(void *user_data, sally_op *op)
{
    (void)user_data;
    op->u.rename.to = "/archive/f";
}

static void a_late_hook_does_operations_of_its_own(void **state)
{
    struct scripted b = {0};
    sally_hooks h = {
        .struct_size = sizeof h, .before_mask = SALLY_OP_BIT(SALLY_OP_REMOVE), .before = remember};
    assert_int_equal(hook_stack_add(&b.hooks, &h), SALLY_E_OK);
    scripted_start(&b, 0, 0, false, SALLY_MAY_ALL);
    op_submit(scripted_op(&b, SALLY_OP_REMOVE, "f"));
    op_submit(scripted_op(&b, SALLY_OP_STAT, "g"));
    assert_string_equal(b.script.trace, "");
    assert_int_equal(sally_session_submit(late_hook.session, SALLY_OP_RENAME, "/home/f",
                                          fill_rename, moved, late_hook.op),
                     SALLY_E_OK);
    test_host_pump(&b.host);
    assert_string_equal(b.script.trace, "rename:/home/f remove:/home/f stat:/home/g ");
    assert_int_equal(
        sally_session_submit(late_hook.session, SALLY_OP_READDIR, "/", NULL, NULL, NULL),
        SALLY_E_INVALID);
    scripted_stop(&b);
    (void)state;
}

/* ---- wrappers ---- */

static sally_status wrap_done(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    (void)fs;
    (void)op;
    strcat(context, "w");
    return status == SALLY_FAILURE ? SALLY_QUOTA_EXCEEDED : status;
}

struct wrapper {
    sally_fs *inner;
    char seen[32];
};

static sally_status wrap_slot(sally_fs *fs, sally_op *op)
{
    struct wrapper *w = sally_fs_data(fs);
    return sally_fs_call(fs, w->inner, op, wrap_done, w->seen);
}

static void wrappers_see_answers_at_once_and_late(void **state)
{
    struct scripted b = {0};
    struct script script = {0};
    struct wrapper w[3] = {{0}};
    w[0].inner = scripted_fs(&script, 0, false);
    for (int i = 0; i < 3; i++) {
        sally_fs_methods m = {.struct_size = sizeof m, .stat = wrap_slot};
        sally_fs *fs;
        assert_int_equal(sally_fs_new(&fs, &m, &w[i]), SALLY_E_OK);
        if (i < 2)
            w[i + 1].inner = fs;
        else
            b.fs = fs;
    }
    test_host_start(&b.host, 0);
    struct session_options o = {.fs = b.fs, .permissions = SALLY_MAY_ALL, .max_operations = 4};
    assert_int_equal(session_new(&b.session, &b.host.host, &o), SALLY_E_OK);
    script.answer = SALLY_FAILURE;
    op_submit(scripted_op(&b, SALLY_OP_STAT, "a"));
    script.late_kinds = SALLY_OP_ALL;
    op_submit(scripted_op(&b, SALLY_OP_STAT, "b"));
    sally_op_finish(script.late[0], SALLY_OK);
    test_host_pump(&b.host);
    assert_string_equal(b.done, "stat=15 stat=0 ");
    for (int i = 0; i < 3; i++)
        assert_string_equal(w[i].seen, "ww");
    session_close(b.session, SALLY_CLOSED_LOST, scripted_gone, &b);
    assert_true(b.gone);
    sally_fs_unref(b.fs);
    for (int i = 0; i < 3; i++)
        sally_fs_unref(w[i].inner);
    test_host_stop(&b.host);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other_by_default),
        cmocka_unit_test(concurrent_reads_run_together_and_barriers_wait),
        cmocka_unit_test(reads_wait_while_replies_are_not_sent),
        cmocka_unit_test(too_many_files_are_refused),
        cmocka_unit_test(hooks_deny_divert_answer_and_change),
        cmocka_unit_test(a_late_hook_does_operations_of_its_own),
        cmocka_unit_test(wrappers_see_answers_at_once_and_late),
    };
    return cmocka_run_group_tests_name("core/session", tests, NULL, NULL);
}
