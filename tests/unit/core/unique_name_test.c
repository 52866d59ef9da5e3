/* SALLY_OPEN_UNIQUE, over a storage that has some of the names. */
#include "cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/test_host.h"

struct rig {
    struct test_host host;
    sally_fs *fs;
    sally_session *session;
    uint32_t taken; /* names that exist */
    uint32_t asked, closed;
    bool late;
    sally_status fails; /* the answer for a name that does not exist */
    sally_op *waiting;
    char first[64], path[64], message[64]; /* of the answer */
    sally_status status;
    bool told, gone;
};

static sally_status open_(sally_fs *fs, sally_op *op)
{
    struct rig *x = sally_fs_data(fs);
    const uint32_t new_file = SALLY_OPEN_CREATE | SALLY_OPEN_EXCLUSIVE;
    assert_int_equal(op->u.open.flags & new_file, new_file);
    if (x->asked++ == 0)
        snprintf(x->first, sizeof x->first, "%s", op->path);
    sally_status status = x->fails;
    if (x->asked <= x->taken) {
        sally_op_set_message(op, "it is there");
        status = SALLY_FILE_ALREADY_EXISTS;
    }
    if (!x->late)
        return status;
    x->waiting = op;
    return SALLY_PENDING;
}

static sally_status close_(sally_fs *fs, sally_op *op)
{
    (void)op;
    ((struct rig *)sally_fs_data(fs))->closed++;
    return SALLY_OK;
}

static void fill(void *user_data, sally_op *op)
{
    (void)user_data;
    op->u.open.flags = SALLY_OPEN_WRITE | SALLY_OPEN_UNIQUE;
}

static void done(void *user_data, sally_op *op, sally_status status)
{
    struct rig *x = user_data;
    const char *message = op_of(op)->message;
    x->told = true;
    x->status = status;
    snprintf(x->path, sizeof x->path, "%s", op->path);
    snprintf(x->message, sizeof x->message, "%s", message ? message : "");
    if (status == SALLY_OK)
        assert_string_equal(sally_file_path(op->file), op->path);
}

static void start(struct rig *x, uint32_t traits)
{
    *x = (struct rig){.taken = 0};
    test_host_start(&x->host, 0);
    const sally_fs_methods m = {
        .struct_size = sizeof m, .traits = traits, .open = open_, .close = close_};
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
    uint32_t opened = x->status == SALLY_OK;
    session_close(x->session, SALLY_CLOSED_LOST, on_closed, x);
    assert_true(x->gone);
    assert_int_equal(x->closed, opened); /* no name too many */
    sally_fs_unref(x->fs);
    test_host_stop(&x->host);
}

static sally_status open_unique(struct rig *x)
{
    assert_int_equal(sally_session_submit(x->session, SALLY_OP_OPEN, "/d/f", fill, done, x),
                     SALLY_E_OK);
    test_host_pump(&x->host);
    while (!x->told) {
        assert_non_null(x->waiting);
        sally_op *op = x->waiting;
        x->waiting = NULL;
        sally_op_finish(op, x->asked <= x->taken ? SALLY_FILE_ALREADY_EXISTS : x->fails);
        test_host_pump(&x->host);
    }
    return x->status;
}

static void the_first_free_name(void **state)
{
    (void)state;
    static const struct {
        uint32_t taken;
        const char *path;
    } cases[] = {{0, "/d/f"}, {1, "/d/f.1"}, {2, "/d/f.2"}, {12, "/d/f.12"}, {999, "/d/f.999"}};
    for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
        struct rig x;
        start(&x, i % 2 ? SALLY_FS_CONCURRENT : SALLY_FS_NONBLOCKING);
        x.late = i % 2;
        x.taken = cases[i / 2].taken;
        assert_int_equal(open_unique(&x), SALLY_OK);
        assert_string_equal(x.path, cases[i / 2].path);
        assert_string_equal(x.first, "/d/f");
        assert_string_equal(x.message, "");
        assert_int_equal(x.asked, x.taken + 1);
        stop(&x);
    }
}

static void all_are_taken(void **state)
{
    (void)state;
    struct rig x;
    start(&x, 0);
    x.taken = UINT32_MAX;
    assert_int_equal(open_unique(&x), SALLY_FILE_ALREADY_EXISTS);
    assert_int_equal(x.asked, 1000);
    assert_string_equal(x.message, "it is there");
    stop(&x);
}

static void another_failure(void **state)
{
    (void)state;
    struct rig x;
    start(&x, 0);
    x.taken = 3;
    x.fails = SALLY_QUOTA_EXCEEDED;
    assert_int_equal(open_unique(&x), SALLY_QUOTA_EXCEEDED);
    assert_int_equal(x.asked, 4);
    stop(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_free_name),
        cmocka_unit_test(all_are_taken),
        cmocka_unit_test(another_failure),
    };
    return cmocka_run_group_tests_name("core/unique", tests, NULL, NULL);
}
