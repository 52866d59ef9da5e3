/* READDIR, CHDIR and COMMAND, as a program submits them. */
#include "cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/test_host.h"

#define MANY 3000u

struct rig {
    struct test_host host;
    sally_fs *fs;
    sally_session *session;
    sally_file *dir;
    uint32_t at, seen, rounds;
    bool late;
    sally_op *waiting;
    sally_status status;
    int told;
    bool gone;
    uint32_t kind; /* what `fill` fills */
    char last[32], command[32];
};

static sally_status opendir_(sally_fs *fs, sally_op *op)
{
    (void)fs;
    return strcmp(op->path, "/dir") == 0 ? SALLY_OK : SALLY_NOT_A_DIRECTORY;
}

static sally_status readdir_(sally_fs *fs, sally_op *op)
{
    struct rig *x = sally_fs_data(fs);
    char name[32];
    if (x->late) {
        x->waiting = op;
        return SALLY_PENDING;
    }
    x->rounds++;
    while (x->at < MANY) {
        snprintf(name, sizeof name, "%u", x->at++);
        if (!sally_op_add_entry(op, name, NULL))
            return SALLY_OK;
    }
    return SALLY_EOF;
}

static sally_status stat_(sally_fs *fs, sally_op *op)
{
    (void)fs;
    if (strcmp(op->path, "/dir") == 0)
        sally_attrs_set_directory(&op->u.stat.attrs, 0755);
    else
        sally_attrs_set_file(&op->u.stat.attrs, 0644, 1);
    return SALLY_OK;
}

static sally_status command_(sally_fs *fs, sally_op *op)
{
    struct rig *x = sally_fs_data(fs);
    snprintf(x->command, sizeof x->command, "%s:%s", op->u.command.name, op->u.command.argument);
    return SALLY_UNSUPPORTED;
}

static bool on_entry(void *context, sally_op *op, sally_entry *entry)
{
    struct rig *x = context;
    (void)op;
    snprintf(x->last, sizeof x->last, "%s", entry->name);
    x->seen++;
    return true;
}

static void fill(void *user_data, sally_op *op)
{
    struct rig *x = user_data;
    op->file = x->dir;
    if (op->kind == SALLY_OP_READDIR)
        assert_int_equal(sally_op_filter_entries(op, on_entry, x), SALLY_E_OK);
    if (op->kind == SALLY_OP_COMMAND && x->kind)
        op->u.command = (sally_op_command){"SITE", "UMASK 022"};
}

static void done(void *user_data, sally_op *op, sally_status status)
{
    struct rig *x = user_data;
    x->status = status;
    x->told++;
    if (op->kind == SALLY_OP_OPENDIR)
        x->dir = status == SALLY_OK ? op->file : NULL;
}

static sally_status submit(struct rig *x, uint32_t kind, const char *path)
{
    int told = x->told;
    assert_int_equal(sally_session_submit(x->session, kind, path, fill, done, x), SALLY_E_OK);
    while (x->told == told)
        test_host_pump(&x->host);
    return x->status;
}

static void start(struct rig *x, bool with_chdir)
{
    *x = (struct rig){.at = 0};
    test_host_start(&x->host, 0);
    const sally_fs_methods m = {.struct_size = sizeof m,
                                .opendir = opendir_,
                                .readdir = readdir_,
                                .stat = stat_,
                                .chdir = with_chdir ? opendir_ : NULL,
                                .command = command_};
    assert_int_equal(sally_fs_new(&x->fs, &m, x), SALLY_E_OK);
    const struct session_options o = {.fs = x->fs, .permissions = SALLY_MAY_ALL, .max_bytes = 1};
    assert_int_equal(session_new(&x->session, &x->host.host, &o), SALLY_E_OK);
}

static void on_closed(void *user_data)
{
    ((struct rig *)user_data)->gone = true;
}

static void stop(struct rig *x)
{
    session_close(x->session, SALLY_CLOSED_LOST, on_closed, x);
    assert_true(x->gone);
    sally_fs_unref(x->fs);
    test_host_stop(&x->host);
}

static void a_listing(void **state)
{
    (void)state;
    struct rig x;
    start(&x, false);
    assert_int_equal(submit(&x, SALLY_OP_OPENDIR, "/dir"), SALLY_OK);
    while (submit(&x, SALLY_OP_READDIR, NULL) == SALLY_OK)
        continue;
    assert_int_equal(x.status, SALLY_EOF);
    assert_int_equal(x.seen, MANY);
    assert_string_equal(x.last, "2999");
    assert_in_range(x.rounds, 2, 10);
    assert_int_equal(submit(&x, SALLY_OP_CLOSEDIR, NULL), SALLY_OK);
    stop(&x);
}

static sally_error submit_readdir(struct rig *x)
{
    return sally_session_submit(x->session, SALLY_OP_READDIR, NULL, fill, done, x);
}

static void one_at_a_time(void **state)
{
    (void)state;
    struct rig x;
    start(&x, false);
    assert_int_equal(submit_readdir(&x), SALLY_E_INVALID); /* of nothing */
    submit(&x, SALLY_OP_OPENDIR, "/dir");
    x.late = true;
    assert_int_equal(submit_readdir(&x), SALLY_E_OK);
    test_host_pump(&x.host);
    assert_int_equal(submit_readdir(&x), SALLY_E_BUSY);
    sally_op_finish(x.waiting, SALLY_EOF);
    test_host_pump(&x.host);
    assert_int_equal(x.told, 2);
    x.late = false;
    assert_int_equal(submit(&x, SALLY_OP_READDIR, NULL), SALLY_OK);
    stop(&x);
}

static void opened(struct op *op)
{
    struct rig *x = op->owner;
    x->dir = op->pub.file;
    op_free(op);
}

/* Its place is the client's. */
static void not_the_clients(void **state)
{
    (void)state;
    struct rig x;
    start(&x, false);
    struct op *op = op_new(x.session, SALLY_OP_OPENDIR);
    op->owner = &x;
    op->on_done = opened;
    assert_int_equal(op_set_raw_path(op, slice_of("/dir")), SALLY_OK);
    op_submit(op);
    assert_non_null(x.dir);
    assert_int_equal(submit_readdir(&x), SALLY_E_INVALID);
    stop(&x);
}

static void change_of_directory(void **state)
{
    (void)state;
    for (int with_chdir = 0; with_chdir < 2; with_chdir++) {
        struct rig x;
        start(&x, with_chdir);
        assert_true(sally_fs_supports(x.fs, SALLY_OP_CHDIR));
        assert_int_equal(submit(&x, SALLY_OP_CHDIR, "/dir"), SALLY_OK);
        assert_int_equal(submit(&x, SALLY_OP_CHDIR, "/file"), SALLY_NOT_A_DIRECTORY);
        stop(&x);
    }
}

static void commands(void **state)
{
    (void)state;
    struct rig x;
    start(&x, false);
    assert_int_equal(submit(&x, SALLY_OP_COMMAND, "/"), SALLY_UNSUPPORTED);
    assert_string_equal(x.command, ":");
    x.kind = SALLY_OP_COMMAND;
    submit(&x, SALLY_OP_COMMAND, "/");
    assert_string_equal(x.command, "SITE:UMASK 022");
    stop(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listing),       cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(not_the_clients), cmocka_unit_test(change_of_directory),
        cmocka_unit_test(commands),
    };
    return cmocka_run_group_tests_name("core/submit_listing", tests, NULL, NULL);
}
