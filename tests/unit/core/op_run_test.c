/* Late answers: who goes on with the operation, when a wish to cancel is passed on, and what an
 * empty page of a directory means. */
#include "cmocka_all.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/hook_stack.h"
#include "core/layers.h"
#include "core/op_run.h"
#include "core/session_internal.h"
#include "core/test_host.h"

struct bench {
    struct test_host host; /* first */
    sally_fs *outer, *inner;
    sally_session *session;
    sally_op *op; /* that waits */
    atomic_int calls, dones, cancels, stage;
    int pages, page_size; /* of READDIR: pages without an entry, then page_size entries */
    sally_status status;
    bool answered, gone;
};

static void wait_for(atomic_int *what, int value)
{
    while (atomic_load(what) < value) {
    }
}

/* ---- A wrapper that asks twice ---- */

static sally_status stat_inner(sally_fs *fs, sally_op *op)
{
    struct bench *b = sally_fs_data(fs);
    b->op = op;
    if (atomic_fetch_add(&b->calls, 1) == 1) { /* the second time */
        atomic_store(&b->stage, 1);
        wait_for(&b->stage, 2);
    }
    return SALLY_PENDING;
}

static sally_status ask_again(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct bench *b = context;
    if (atomic_fetch_add(&b->dones, 1) == 0)
        return sally_fs_call(fs, b->inner, op, ask_again, b);
    return status;
}

static sally_status stat_outer(sally_fs *fs, sally_op *op)
{
    struct bench *b = sally_fs_data(fs);
    return sally_fs_call(fs, b->inner, op, ask_again, b);
}

static void cancel_inner(sally_fs *fs, sally_op *op)
{
    struct bench *b = sally_fs_data(fs);
    (void)op;
    atomic_fetch_add(&b->cancels, 1);
}

static void on_done(struct op *op)
{
    struct bench *b = op->owner;
    b->status = op->pub.status;
    b->answered = true;
    op_free(op);
}

static void start(struct bench *b, int workers, const sally_fs_methods *outer,
                  const sally_fs_methods *inner)
{
    memset(b, 0, sizeof *b);
    test_host_start(&b->host, workers);
    assert_int_equal(sally_fs_new(&b->inner, inner, b), SALLY_E_OK);
    assert_int_equal(sally_fs_new(&b->outer, outer, b), SALLY_E_OK);
    const struct session_options o = {.fs = b->outer,
                                      .permissions = SALLY_MAY_ALL,
                                      .max_operations = 10,
                                      .max_files = 4,
                                      .max_bytes = 1000};
    assert_int_equal(session_new(&b->session, &b->host.host, &o), SALLY_E_OK);
}

static void on_closed(void *user_data)
{
    ((struct bench *)user_data)->gone = true;
}

static void stop(struct bench *b)
{
    test_host_pump_until(&b->host, &b->gone);
    test_host_stop(&b->host);
    sally_fs_unref(b->outer);
    sally_fs_unref(b->inner);
}

static struct op *new_op(struct bench *b, uint32_t kind)
{
    struct op *op = op_new(b->session, kind);
    assert_non_null(op);
    op->owner = b;
    op->on_done = on_done;
    assert_int_equal(op_set_raw_path(op, slice_of("/")), SALLY_OK);
    return op;
}

static void *finish_op(void *arg)
{
    struct bench *b = arg;
    sally_op_finish(b->op, SALLY_OK);
    return NULL;
}

static void cancel_comes_while_it_is_pending(void **state)
{
    (void)state;
    const sally_fs_methods inner = {
        .struct_size = sizeof inner, .stat = stat_inner, .cancel = cancel_inner};
    const sally_fs_methods outer = {
        .struct_size = sizeof outer, .stat = stat_outer, .cancel = sally_fs_cancel_inner};
    struct bench b;
    pthread_t thread;
    start(&b, 0, &outer, &inner);
    op_submit(new_op(&b, SALLY_OP_STAT));
    assert_int_equal(pthread_create(&thread, NULL, finish_op, &b), 0);
    wait_for(&b.stage, 1); /* that thread is in the slot */
    session_close(b.session, SALLY_CLOSED_LOST, on_closed, &b);
    assert_int_equal(b.cancels, 0);
    atomic_store(&b.stage, 2);
    pthread_join(thread, NULL); /* the slot has returned PENDING */
    test_host_pump(&b.host);
    assert_int_equal(b.cancels, 1);
    assert_int_equal(b.dones, 1);
    finish_op(&b);
    stop(&b);
    assert_true(b.answered);
    assert_int_equal(b.dones, 2);
}

/* ---- A storage that finishes before its slot returns ---- */

static sally_status stat_early(sally_fs *fs, sally_op *op)
{
    struct bench *b = sally_fs_data(fs);
    pthread_t thread;
    b->op = op;
    assert_int_equal(pthread_create(&thread, NULL, finish_op, b), 0);
    pthread_join(thread, NULL);
    atomic_store(&b->calls, atomic_load(&b->dones)); /* none yet */
    return SALLY_PENDING;
}

static sally_status count_done(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct bench *b = context;
    (void)fs;
    (void)op;
    atomic_fetch_add(&b->dones, 1);
    return status;
}

static sally_status stat_counted(sally_fs *fs, sally_op *op)
{
    struct bench *b = sally_fs_data(fs);
    return sally_fs_call(fs, b->inner, op, count_done, b);
}

static void wrappers_see_it_after_the_slot(void **state)
{
    (void)state;
    static const uint32_t traits[] = {0, SALLY_FS_NONBLOCKING, SALLY_FS_TRY};
    for (size_t i = 0; i < COUNT_OF(traits); i++) {
        for (int workers = 0; workers < 2; workers++) {
            const sally_fs_methods inner = {.struct_size = sizeof inner, .stat = stat_early};
            const sally_fs_methods outer = {
                .struct_size = sizeof outer, .traits = traits[i], .stat = stat_counted};
            struct bench b;
            start(&b, workers, &outer, &inner);
            op_submit(new_op(&b, SALLY_OP_STAT));
            test_host_pump_until(&b.host, &b.answered);
            assert_int_equal(b.status, SALLY_OK);
            assert_int_equal(b.calls, 0);
            assert_int_equal(b.dones, 1);
            session_close(b.session, SALLY_CLOSED_LOST, on_closed, &b);
            stop(&b);
        }
    }
}

/* ---- Directories ---- */

static sally_status opendir_any(sally_fs *fs, sally_op *op)
{
    (void)fs;
    (void)op;
    return SALLY_OK;
}

static sally_status readdir_pages(sally_fs *fs, sally_op *op)
{
    struct bench *b = sally_fs_data(fs);
    atomic_fetch_add(&b->calls, 1);
    if (b->pages-- > 0)
        return SALLY_OK;
    for (int i = 0; i < b->page_size; i++)
        sally_op_add_entry(op, "name", NULL);
    return b->page_size ? SALLY_OK : SALLY_EOF;
}

static bool count_entry(struct op *op, const char *name, const sally_attrs *attrs,
                        const char *longname)
{
    (void)longname;
    (void)op;
    (void)name;
    (void)attrs;
    return true;
}

static sally_file *opened;

static void on_open(struct op *op)
{
    opened = op->pub.file;
    on_done(op);
}

static void list(struct bench *b)
{
    struct op *op = new_op(b, SALLY_OP_READDIR);
    op_use_file(op, opened);
    op->entry = count_entry;
    b->answered = false;
    atomic_store(&b->calls, 0);
    op_submit(op);
}

static void empty_pages(void **state)
{
    (void)state;
    static const uint32_t traits[] = {0, SALLY_FS_NONBLOCKING};
    const sally_fs_methods none = {.struct_size = sizeof none};
    for (int workers = 0; workers < 2; workers++) {
        for (size_t i = 0; i < COUNT_OF(traits); i++) {
            const sally_fs_methods outer = {.struct_size = sizeof outer,
                                            .traits = traits[i],
                                            .opendir = opendir_any,
                                            .readdir = readdir_pages};
            struct bench b;
            start(&b, workers, &outer, &none);
            b.host.host.yields = true;
            struct op *op = new_op(&b, SALLY_OP_OPENDIR);
            op->on_done = on_open;
            op_submit(op);
            test_host_pump_until(&b.host, &b.answered);

            b.pages = 1000;
            b.page_size = 1;
            list(&b);
            if (!workers)
                assert_in_range(b.calls, 1, 100); /* others have a turn */
            test_host_pump_until(&b.host, &b.answered);
            assert_int_equal(b.calls, 1001);
            assert_int_equal(b.status, SALLY_OK);

            b.pages = 5;
            b.page_size = 0;
            list(&b);
            test_host_pump_until(&b.host, &b.answered);
            assert_int_equal(b.status, SALLY_EOF);

            b.pages = INT32_MAX;
            list(&b);
            session_close(b.session, SALLY_CLOSED_LOST, on_closed, &b); /* it ends all the same */
            stop(&b);
        }
    }
}

/* ---- Paths ---- */

static char seen_by_hook[64];

static void see_paths(struct layer_hook *h, sally_op *op)
{
    (void)h;
    bool two = op->kind == SALLY_OP_RENAME;
    snprintf(seen_by_hook, sizeof seen_by_hook, "%s %s", op->path, two ? op->u.rename.to : "");
}

/* A wrapper changes paths on the way down, and need not put them back: not when the storage inside
 * is tried and asked once more, nor for the hooks. */
static void paths_are_changed_downwards_only(void **state)
{
    (void)state;
    static const int chain[] = {1, 2, -1};
    static const uint32_t kinds[] = {SALLY_OP_STAT, SALLY_OP_RENAME, SALLY_OP_OPEN};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        for (int late = 0; late < 2; late++) {
            struct layers x;
            layers_start(&x, 1, SALLY_FS_TRY, 3, chain, NULL);
            layers_add_hooks(&x, 1);
            x.hooks.sets[0].flags |= SALLY_HOOKS_NONBLOCKING; /* or it is not tried at home */
            x.hook[0].on_after = see_paths;
            x.layer[0].divert = x.layer[1].divert = true;
            x.layer[2].declines = true;
            x.layer[2].late = late ? SALLY_OP_BIT(kinds[i]) : 0;
            struct op *op = layers_op(&x, kinds[i], NULL);
            if (kinds[i] == SALLY_OP_RENAME)
                assert_int_equal(op_set_raw_to(op, slice_of("/t")), SALLY_OK);
            op_submit(op);
            for (bool finished = !late; x.answers == 0;) {
                test_host_pump(&x.host);
                pthread_mutex_lock(&x.lock);
                bool waits = x.layer[2].waiting_count > 0;
                pthread_mutex_unlock(&x.lock);
                if (waits && !finished)
                    layers_finish(&x.layer[2], SALLY_OK);
                finished |= waits;
            }
            assert_int_equal(x.status, SALLY_OK);
            bool two = kinds[i] == SALLY_OP_RENAME;
            assert_string_equal(x.layer[0].paths, two ? "/f>/t /f>/t " : "/f /f ");
            assert_string_equal(x.layer[2].paths,
                                two ? "/sub/sub/f>/sub/sub/t /sub/sub/f>/sub/sub/t "
                                    : "/sub/sub/f /sub/sub/f ");
            assert_string_equal(seen_by_hook, two ? "/f /t" : "/f ");
            x.layer[0].divert = x.layer[1].divert = false;
            layers_stop(&x);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancel_comes_while_it_is_pending),
        cmocka_unit_test(wrappers_see_it_after_the_slot),
        cmocka_unit_test(empty_pages),
        cmocka_unit_test(paths_are_changed_downwards_only),
    };
    return cmocka_run_group_tests_name("core/op_run", tests, NULL, NULL);
}
