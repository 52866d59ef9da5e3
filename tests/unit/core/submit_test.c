/* Operations that the program submits keep their files open. */
#include "core/layers.h"

#include <string.h>

#include "core/file.h"
#include "core/session_internal.h"

struct told { /* by a submitted operation */
    int count;
    sally_status status;
    sally_file *file; /* in: what it works on; out: what it has opened */
    sally_file *to;
};

static void fill(void *user_data, sally_op *op)
{
    struct told *t = user_data;
    static char data[8];
    op->file = t->file;
    if (op->kind == SALLY_OP_READ || op->kind == SALLY_OP_WRITE)
        op->u.io = (sally_op_io){.data = data, .length = sizeof data};
    if (op->kind == SALLY_OP_COPY)
        op->u.copy.to = t->to;
    if (op->kind == SALLY_OP_OPEN)
        op->u.open.flags = SALLY_OPEN_READ;
}

static void told(void *user_data, sally_op *op, sally_status status)
{
    struct told *t = user_data;
    t->count++;
    t->status = status;
    if (op->kind == SALLY_OP_OPEN)
        t->file = op->file;
}

static sally_error submit(struct layers *x, uint32_t kind, struct told *t)
{
    return sally_session_submit(x->session, kind, t->file ? NULL : "/f", fill, told, t);
}

/* CLOSE waits for what was submitted before it has come to the storage. */
static void close_waits(void **state)
{
    (void)state;
    static const uint32_t traits[] = {0, SALLY_FS_NONBLOCKING, SALLY_FS_CONCURRENT};
    for (size_t i = 0; i < COUNT_OF(traits); i++) {
        for (int workers = 0; workers < 2; workers++) {
            struct layers x;
            layers_start(&x, workers, traits[i], 1, NULL, NULL);
            struct told t = {.file = layers_open(&x, SALLY_OPEN_READ)};
            x.layer[0].late = SALLY_OP_BIT(SALLY_OP_FSTAT);
            assert_int_equal(submit(&x, SALLY_OP_FSTAT, &t), SALLY_E_OK);
            op_submit(layers_op(&x, SALLY_OP_CLOSE, t.file));
            for (bool waits = false; !waits;) {
                test_host_pump(&x.host);
                pthread_mutex_lock(&x.lock);
                waits = x.layer[0].waiting_count > 0;
                pthread_mutex_unlock(&x.lock);
            }
            while (!t.file->close_waiting)
                test_host_pump(&x.host);
            assert_null(strstr(x.trace, "close"));
            layers_finish(&x.layer[0], SALLY_OK);
            layers_wait(&x, 2);
            assert_int_equal(t.count, 1);
            assert_int_equal(t.status, SALLY_OK);
            assert_string_equal(x.trace, "0.open 0.fstat 0.close ");
            layers_stop(&x);
        }
    }
}

/* Submitted by the hook that sees OPEN, while the client has sent its CLOSE already: as a walk over
 * the connections does. */
static struct told by_hook;

static void ask_size(struct layer_hook *h, sally_op *op)
{
    if (op->kind != SALLY_OP_OPEN)
        return;
    by_hook = (struct told){.file = op->file};
    assert_int_equal(submit(h->layers, SALLY_OP_FSTAT, &by_hook), SALLY_E_OK);
}

static void open_and_close_together(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct layers x;
        layers_start(&x, round % 4, round % 2 ? SALLY_FS_CONCURRENT : 0, 1, NULL, NULL);
        layers_add_hooks(&x, 1);
        x.hook[0].on_after = ask_size;
        if (round % 5 == 0) /* refused: no CLOSE of the client's ever comes */
            x.hook[0].refuse = SALLY_OP_BIT(SALLY_OP_OPEN);
        sally_file *file = layers_open(&x, SALLY_OPEN_READ);
        if (file)
            assert_int_equal(layers_do(&x, layers_op(&x, SALLY_OP_CLOSE, file)), SALLY_OK);
        while (by_hook.count == 0)
            test_host_pump(&x.host);
        assert_int_equal(by_hook.status, SALLY_OK);
        layers_stop(&x);
    }
}

/* OPEN fails, and a hook has submitted something for its file all the same: the memory is there. */
static void files_that_never_were(void **state)
{
    (void)state;
    struct layers x;
    layers_start(&x, 0, 0, 1, NULL, NULL);
    layers_add_hooks(&x, 1);
    x.hook[0].on_before = ask_size;
    x.layer[0].fail = SALLY_OP_BIT(SALLY_OP_OPEN);
    assert_null(layers_open(&x, SALLY_OPEN_READ));
    test_host_pump(&x.host);
    assert_int_equal(by_hook.count, 1);
    assert_int_equal(by_hook.status, SALLY_INVALID_HANDLE);
    layers_stop(&x);
}

/* In the hooks of CLOSE: before the storage has closed it, and after. */
static sally_error after_close;

static void late_guest(struct layer_hook *h, sally_op *op)
{
    static struct told t;
    if (op->kind != SALLY_OP_CLOSE)
        return;
    t = (struct told){.file = op->file};
    after_close = submit(h->layers, SALLY_OP_FSTAT, &t);
}

static void in_the_hooks_of_close(void **state)
{
    (void)state;
    for (int workers = 0; workers < 2; workers++) {
        struct layers x;
        layers_start(&x, workers, 0, 1, NULL, NULL);
        layers_add_hooks(&x, 1);
        sally_file *file = layers_open(&x, SALLY_OPEN_READ);
        x.hook[0].on_before = late_guest;
        assert_int_equal(layers_do(&x, layers_op(&x, SALLY_OP_CLOSE, file)), SALLY_OK);
        assert_int_equal(after_close, SALLY_E_OK);
        assert_non_null(strstr(x.trace, "0.fstat a>fstat 0.close a>close "));
        x.hook[0].on_before = NULL;
        x.hook[0].on_after = late_guest;
        file = layers_open(&x, SALLY_OPEN_READ);
        assert_int_equal(layers_do(&x, layers_op(&x, SALLY_OP_CLOSE, file)), SALLY_OK);
        assert_int_equal(after_close, SALLY_E_CLOSED);
        layers_stop(&x);
    }
}

static void own_files(void **state)
{
    (void)state;
    struct layers x;
    layers_start(&x, 0, 0, 1, NULL, NULL);
    struct told t = {.file = NULL};
    assert_int_equal(submit(&x, SALLY_OP_OPEN, &t), SALLY_E_OK);
    test_host_pump(&x.host);
    assert_non_null(t.file);
    struct told second = t;
    assert_int_equal(submit(&x, SALLY_OP_CLOSE, &t), SALLY_E_OK);
    assert_int_equal(submit(&x, SALLY_OP_CLOSE, &second), SALLY_E_INVALID); /* once */
    test_host_pump(&x.host);
    assert_int_equal(t.status, SALLY_OK);
    assert_int_equal(layers_count(&x, "0.close"), 1);

    struct told clients = {.file = layers_open(&x, SALLY_OPEN_READ)};
    assert_int_equal(submit(&x, SALLY_OP_CLOSE, &clients), SALLY_E_INVALID);
    struct told none = {.to = clients.file};
    assert_int_equal(submit(&x, SALLY_OP_COPY, &none), SALLY_E_INVALID);
    assert_int_equal(submit(&x, SALLY_OP_READDIR, &clients), SALLY_E_INVALID);
    assert_int_equal(submit(&x, 0, &none), SALLY_E_INVALID);
    assert_int_equal(submit(&x, SALLY_OP_KINDS, &none), SALLY_E_INVALID);
    layers_stop(&x); /* closes what the program has left open, too */
}

/* How the client has opened it does not matter. */
static void permissions_are_not_checked(void **state)
{
    (void)state;
    struct layers x;
    layers_start(&x, 0, 0, 1, NULL, NULL);
    struct told t = {.file = layers_open(&x, SALLY_OPEN_WRITE)};
    assert_int_equal(submit(&x, SALLY_OP_READ, &t), SALLY_E_OK);
    test_host_pump(&x.host);
    assert_int_equal(t.status, SALLY_OK);
    /* And the client's upload is not broken by what the program has tried without success. */
    x.layer[0].fail = SALLY_OP_BIT(SALLY_OP_READ);
    assert_int_equal(submit(&x, SALLY_OP_READ, &t), SALLY_E_OK);
    test_host_pump(&x.host);
    assert_int_equal(t.status, SALLY_NO_SUCH_FILE);
    sally_file_facts facts;
    sally_file_get_facts(t.file, &facts);
    assert_int_equal(facts.worst, SALLY_OK);
    assert_int_equal(layers_do(&x, layers_op(&x, SALLY_OP_READ, t.file)), SALLY_INVALID_HANDLE);
    layers_stop(&x);
}

/* A wrapper asks the storage inside, below itself and below the hooks. */
static void from_a_wrapper(void **state)
{
    (void)state;
    static const int chain[] = {1, 2, -1};
    for (int workers = 0; workers < 2; workers++) {
        struct layers x;
        layers_start(&x, workers, 0, 3, chain, NULL);
        layers_add_hooks(&x, 1);
        struct told t = {.file = NULL};
        assert_int_equal(
            sally_fs_submit(x.layer[1].fs, x.session, SALLY_OP_STAT, "/x", fill, told, &t),
            SALLY_E_OK);
        while (t.count == 0)
            test_host_pump(&x.host);
        assert_int_equal(t.status, SALLY_OK);
        assert_string_equal(x.trace, "1.stat 2.stat ");
        t.file = layers_open(&x, SALLY_OPEN_READ);
        x.trace[0] = 0;
        assert_int_equal(
            sally_fs_submit(x.layer[2].fs, x.session, SALLY_OP_READ, NULL, fill, told, &t),
            SALLY_E_OK);
        while (t.count == 1)
            test_host_pump(&x.host);
        assert_string_equal(x.trace, "2.read ");
        assert_int_equal(sally_fs_submit(NULL, x.session, SALLY_OP_READ, NULL, fill, told, &t),
                         SALLY_E_INVALID);
        layers_stop(&x);
    }
}

/* A hook has the program's own file closed before its OPEN is answered. */
static void close_early(struct layer_hook *h, sally_op *op)
{
    if (op->kind != SALLY_OP_OPEN)
        return;
    by_hook = (struct told){.file = op->file};
    assert_int_equal(submit(h->layers, SALLY_OP_CLOSE, &by_hook), SALLY_E_INVALID);
}

static void nothing_is_closed_before_it_is_open(void **state)
{
    (void)state;
    for (int refused = 0; refused < 2; refused++) {
        struct layers x;
        layers_start(&x, 0, 0, 1, NULL, NULL);
        layers_add_hooks(&x, 1);
        x.hook[0].on_after = close_early;
        x.hook[0].refuse = refused ? SALLY_OP_BIT(SALLY_OP_OPEN) : 0;
        struct told t = {.file = NULL};
        assert_int_equal(submit(&x, SALLY_OP_OPEN, &t), SALLY_E_OK);
        test_host_pump(&x.host);
        assert_int_equal(t.count, 1);
        if (!refused)
            assert_int_equal(submit(&x, SALLY_OP_CLOSE, &t), SALLY_E_OK);
        test_host_pump(&x.host);
        assert_int_equal(t.count, refused ? 1 : 2);
        layers_stop(&x);
    }
}

/* The path that a file has at first is in the hands of those who have seen it, when a hook
 * redirects its OPEN. */
static const char *seen_path;

static void ask_and_divert(struct layer_hook *h, sally_op *op)
{
    if (op->kind == SALLY_OP_FSTAT)
        assert_true(op->path[0] == '/' && sally_file_path(op->file)[0] == '/');
    if (op->kind != SALLY_OP_OPEN)
        return;
    by_hook = (struct told){.file = op->file};
    seen_path = sally_file_path(op->file);
    assert_int_equal(submit(h->layers, SALLY_OP_FSTAT, &by_hook), SALLY_E_OK);
    assert_int_equal(sally_op_set_path(op, "/elsewhere"), SALLY_E_OK);
}

static void paths_outlast_a_diversion(void **state)
{
    (void)state;
    struct layers x;
    layers_start(&x, 0, 0, 1, NULL, NULL);
    layers_add_hooks(&x, 1);
    x.hook[0].on_before = ask_and_divert;
    sally_file *file = layers_open(&x, SALLY_OPEN_READ);
    test_host_pump(&x.host);
    assert_int_equal(by_hook.count, 1);
    assert_string_equal(sally_file_path(file), "/elsewhere");
    assert_string_equal(seen_path, "/f");
    layers_stop(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(close_waits),
        cmocka_unit_test(open_and_close_together),
        cmocka_unit_test(files_that_never_were),
        cmocka_unit_test(in_the_hooks_of_close),
        cmocka_unit_test(own_files),
        cmocka_unit_test(nothing_is_closed_before_it_is_open),
        cmocka_unit_test(paths_outlast_a_diversion),
        cmocka_unit_test(permissions_are_not_checked),
        cmocka_unit_test(from_a_wrapper),
    };
    return cmocka_run_group_tests_name("core/submit", tests, NULL, NULL);
}
