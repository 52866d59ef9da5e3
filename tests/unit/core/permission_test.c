/* What permissions and handles refuse before the storage is asked. */
#include "cmocka_all.h"

#include "core/scripted.h"

static void permissions_come_before_the_storage(void **state)
{
    struct scripted b = {0};
    scripted_start(&b, 0, 0, false, SALLY_MAY_VIEW | SALLY_MAY_RENAME);
    op_submit(scripted_op(&b, SALLY_OP_REMOVE, "a"));
    assert_null(scripted_open(&b, "f", SALLY_OPEN_WRITE));
    assert_null(scripted_open(&b, "f", SALLY_OPEN_READ | SALLY_OPEN_CREATE));
    assert_null(scripted_open(&b, "f", SALLY_OPEN_READ | SALLY_OPEN_BLOCK_WRITE));
    struct op *rename = scripted_op(&b, SALLY_OP_RENAME, "a");
    assert_int_equal(op_set_raw_to(rename, slice_of("b")), SALLY_OK);
    rename->pub.u.rename.flags = SALLY_RENAME_OVERWRITE; /* also removes */
    op_submit(rename);
    assert_string_equal(b.done, "remove=3 open=3 open=3 open=3 rename=3 ");
    assert_string_equal(b.script.trace, "");
    sally_file *file = scripted_open(&b, "f", SALLY_OPEN_READ);
    assert_non_null(file);
    scripted_io(&b, SALLY_OP_WRITE, file, 0);
    assert_non_null(strstr(b.done, "write=3"));
    scripted_stop(&b);
    (void)state;
}

/* What waits, and what is about files that are open, is judged by what holds when it starts. */
static void permissions_may_change(void **state)
{
    (void)state;
    struct scripted b = {0};
    scripted_start(&b, 0, 0, false, SALLY_MAY_ALL);
    sally_file *file = scripted_open(&b, "f", SALLY_OPEN_READ | SALLY_OPEN_WRITE);
    b.done[0] = '\0';
    b.script.late_kinds = SALLY_OP_BIT(SALLY_OP_WRITE);
    scripted_io(&b, SALLY_OP_WRITE, file, 0); /* with the storage */
    scripted_io(&b, SALLY_OP_WRITE, file, 0);
    scripted_io(&b, SALLY_OP_READ, file, 0);
    op_submit(scripted_op(&b, SALLY_OP_REMOVE, "a"));
    sally_session_set_permissions(b.session,
                                  ~(uint32_t)SALLY_MAY_WRITE & ~(uint32_t)SALLY_MAY_REMOVE);
    assert_int_equal(sally_session_permissions(b.session),
                     SALLY_MAY_ALL & ~(uint32_t)(SALLY_MAY_WRITE | SALLY_MAY_REMOVE));
    b.script.late_kinds = 0;
    sally_op_finish(b.script.late[0], SALLY_OK);
    test_host_pump(&b.host);
    assert_string_equal(b.done, "write=0 write=3 read=0 remove=3 ");
    b.done[0] = '\0';
    sally_session_set_permissions(b.session, SALLY_MAY_WRITE);
    scripted_io(&b, SALLY_OP_WRITE, file, 0);
    scripted_io(&b, SALLY_OP_READ, file, 0);
    sally_session_set_permissions(b.session, 0);
    op_submit(scripted_op(&b, SALLY_OP_STAT, "a"));
    scripted_close(&b, file);
    assert_string_equal(b.done, "write=0 read=3 stat=3 close=0 ");
    scripted_stop(&b);
}

static sally_status forbid(void *user_data, sally_op *op)
{
    (void)user_data;
    sally_session_set_permissions(op->session, SALLY_MAY_VIEW);
    return SALLY_CONTINUE;
}

/* A before-hook that takes a permission away does so for its own operation, too. */
static void a_hook_may_take_permissions_away(void **state)
{
    (void)state;
    struct scripted b = {0};
    sally_hooks hooks = {.struct_size = sizeof hooks,
                         .before_mask = SALLY_OP_BIT(SALLY_OP_REMOVE),
                         .before = forbid};
    assert_int_equal(hook_stack_add(&b.hooks, &hooks), SALLY_E_OK);
    scripted_start(&b, 0, 0, false, SALLY_MAY_ALL);
    op_submit(scripted_op(&b, SALLY_OP_REMOVE, "a"));
    assert_string_equal(b.done, "remove=3 ");
    assert_string_equal(b.script.trace, "");
    scripted_stop(&b);
}

static struct op *realpath_op(struct scripted *b, uint32_t flags)
{
    struct op *op = scripted_op(b, SALLY_OP_REALPATH, "a/../b");
    op->pub.u.text.flags = flags;
    return op;
}

static sally_status see_text(void *user_data, sally_op *op)
{
    char *seen = user_data;
    strcat(seen, op->status == SALLY_OK && op->u.text.result ? op->u.text.result : "-");
    strcat(seen, " ");
    return op->status;
}

/* What exists and where links lead is for those who may STAT; an operation of the program's own is
 * not judged. */
static void realpath_is_text_alone_without_stat(void **state)
{
    (void)state;
    struct scripted b = {0};
    char seen[200] = "";
    sally_hooks hooks = {.struct_size = sizeof hooks,
                         .after_mask = SALLY_OP_BIT(SALLY_OP_REALPATH),
                         .after = see_text,
                         .user_data = seen};
    assert_int_equal(hook_stack_add(&b.hooks, &hooks), SALLY_E_OK);
    scripted_start(&b, 0, 0, false, SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_STAT);
    for (uint32_t how = SALLY_REALPATH_NO_CHECK; how <= SALLY_REALPATH_STAT_ALWAYS; how++)
        op_submit(realpath_op(&b, how));
    assert_string_equal(b.done, "realpath=0 realpath=0 realpath=3 ");
    assert_string_equal(seen, "/home/b /home/b - ");
    assert_string_equal(b.script.trace, "");
    b.script.answer = SALLY_NO_SUCH_FILE;
    struct op *own = realpath_op(&b, SALLY_REALPATH_STAT_ALWAYS);
    own->skips_permissions = true;
    op_submit(own);
    sally_session_set_permissions(b.session, SALLY_MAY_STAT);
    op_submit(realpath_op(&b, SALLY_REALPATH_STAT_IF));
    assert_string_equal(b.script.trace, "realpath:/home/b realpath:/home/b ");
    b.script.answer = SALLY_OK;
    scripted_stop(&b);
}

static void a_file_opened_to_write_cannot_be_read(void **state)
{
    struct scripted b = {0};
    scripted_start(&b, 0, 0, false, SALLY_MAY_ALL);
    sally_file *file = scripted_open(&b, "f", SALLY_OPEN_WRITE);
    scripted_io(&b, SALLY_OP_READ, file, 0);
    assert_non_null(strstr(b.done, "read=9"));
    assert_null(strstr(b.script.trace, "read"));
    scripted_stop(&b);
    (void)state;
}

/* A session may have what it is given, but never what it is denied for good. */
static void what_is_denied_is_never_given(void **state)
{
    (void)state;
    struct scripted b = {0};
    struct session_options o = {
        .user = "joe", .permissions = SALLY_MAY_ALL, .denied = SALLY_MAY_WRITE};
    sally_session *session;
    scripted_start(&b, 0, 0, false, SALLY_MAY_ALL);
    o.fs = b.fs;
    assert_int_equal(session_new(&session, &b.host.host, &o), SALLY_E_OK);
    assert_int_equal(sally_session_permissions(session),
                     SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_WRITE);
    sally_session_set_permissions(session, SALLY_MAY_READ | SALLY_MAY_WRITE);
    assert_int_equal(sally_session_permissions(session), SALLY_MAY_READ);
    session_close(session, SALLY_CLOSED_LOST, scripted_gone, &b);
    b.gone = false;
    scripted_stop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permissions_come_before_the_storage),
        cmocka_unit_test(permissions_may_change),
        cmocka_unit_test(a_hook_may_take_permissions_away),
        cmocka_unit_test(realpath_is_text_alone_without_stat),
        cmocka_unit_test(a_file_opened_to_write_cannot_be_read),
        cmocka_unit_test(what_is_denied_is_never_given),
    };
    return cmocka_run_group_tests_name("core/permission", tests, NULL, NULL);
}
