/* Operations that a wrapper asks the storages inside for in the course of another one. */
#include "cmocka_all.h"

#include <stdatomic.h>
#include <string.h>

#include "alloc_failure.h"
#include "core/file.h"
#include "core/test_host.h"

#define DISKS 2
#define MANY  100000

/* Storages inside that answer at once or late, and write down what they were asked for. */
struct disk {
    sally_fs *fs;
    char trace[512];
    uint32_t kind; /* the last one */
    sally_op_args u;
    sally_file *file;
    uint64_t late; /* kinds */
    sally_op *_Atomic waiting;
    sally_status status; /* of all answers */
    int cancels;
};

struct bench {
    struct test_host host; /* first */
    struct disk disks[DISKS];
    sally_fs *wrapper, *outer; /* the wrapper, and one around it that only passes on */
    sally_session *session;
    sally_fs_slot *slot; /* the wrapper's */
    sally_ask_done_fn *then;
    sally_inner_op own; /* what it asks for */
    const void *stack;  /* in the first on_done */
    sally_status answer;
    sally_inner_op asked; /* with its answer */
    void *seen;           /* its context, in cancel */
    int answers, tries;
    sally_op_args before; /* of the operation */
    bool done, gone;
    sally_status status;
    sally_op *kept;
};

static sally_status disk_slot(sally_fs *fs, sally_op *op)
{
    struct disk *d = sally_fs_data(fs);
    assert_false(op->flags & SALLY_OP_TRY);
    if (strlen(d->trace) < sizeof d->trace - 64) {
        strcat(d->trace, sally_op_kind_name(op->kind));
        strcat(strcat(strcat(d->trace, ":"), op->path), " ");
    }
    d->kind = op->kind;
    d->u = op->u;
    d->file = op->file;
    if (op->kind == SALLY_OP_STAT || op->kind == SALLY_OP_FSTAT)
        sally_attrs_set_file(&op->u.stat.attrs, 0644, 77);
    if (op->kind == SALLY_OP_REALPATH)
        return sally_op_set_result(op, "/real");
    if (!(d->late & SALLY_OP_BIT(op->kind)))
        return d->status;
    d->waiting = op;
    return SALLY_PENDING;
}

static void disk_cancel(sally_fs *fs, sally_op *op)
{
    struct disk *d = sally_fs_data(fs);
    assert_ptr_equal(op, d->waiting);
    d->cancels++;
}

static struct bench *bench_of(sally_fs *fs)
{
    return sally_fs_data(fs);
}

static sally_status wrapper_slot(sally_fs *fs, sally_op *op)
{
    struct bench *b = bench_of(fs);
    if (op->kind == SALLY_OP_SESSION_START || op->kind == SALLY_OP_SESSION_END)
        return SALLY_OK;
    b->before = op->u;
    return b->slot(fs, op);
}

static void wrapper_cancel(sally_fs *fs, sally_op *op)
{
    bench_of(fs)->seen = sally_op_context(op, fs);
    sally_fs_cancel_inner(fs, op);
}

static sally_status outer_slot(sally_fs *fs, sally_op *op)
{
    return sally_fs_call(fs, bench_of(fs)->wrapper, op, NULL, NULL);
}

static void start(struct bench *b, sally_fs_slot *slot, int workers, uint32_t traits)
{
    memset(b, 0, sizeof *b);
    b->slot = slot;
    test_host_start(&b->host, workers);
    sally_fs_methods m = {.struct_size = sizeof m};
    m.session_start = m.open = m.close = m.read = m.write = m.fstat = m.fsetstat = disk_slot;
    m.stat = m.setstat = m.remove = m.rename = m.realpath = m.hash = m.copy = disk_slot;
    m.cancel = disk_cancel;
    for (int i = 0; i < DISKS; i++)
        assert_int_equal(sally_fs_new(&b->disks[i].fs, &m, &b->disks[i]), SALLY_E_OK);
    sally_fs_methods w = {.struct_size = sizeof w, .traits = traits};
    sally_fs_methods_wrap(&w, b->disks[0].fs, wrapper_slot);
    assert_ptr_equal(w.cancel, sally_fs_cancel_inner);
    w.cancel = wrapper_cancel;
    assert_int_equal(sally_fs_new(&b->wrapper, &w, b), SALLY_E_OK);
    sally_fs_methods_wrap(&w, b->wrapper, outer_slot);
    assert_ptr_equal(w.cancel, sally_fs_cancel_inner);
    assert_int_equal(sally_fs_new(&b->outer, &w, b), SALLY_E_OK);
    const struct session_options o = {
        .fs = b->outer, .permissions = SALLY_MAY_ALL, .max_operations = 4, .max_files = 4};
    assert_int_equal(session_new(&b->session, &b->host.host, &o), SALLY_E_OK);
}

static void on_closed(void *user_data)
{
    ((struct bench *)user_data)->gone = true;
}

static void stop(struct bench *b)
{
    if (!b->gone)
        session_close(b->session, SALLY_CLOSED_BY_CLIENT, on_closed, b);
    test_host_pump_until(&b->host, &b->gone);
    sally_fs_unref(b->outer);
    sally_fs_unref(b->wrapper);
    for (int i = 0; i < DISKS; i++)
        sally_fs_unref(b->disks[i].fs);
    test_host_stop(&b->host);
}

static void ended(struct op *op)
{
    struct bench *b = op->owner;
    b->status = op->pub.status;
    b->kept = &op->pub;
    b->done = true;
    op_free(op);
}

static struct op *make(struct bench *b, uint32_t kind, const char *path)
{
    struct op *op = op_new(b->session, kind);
    assert_non_null(op);
    op->owner = b;
    op->on_done = ended;
    b->done = false;
    assert_int_equal(op_set_raw_path(op, slice_of(path)), SALLY_OK);
    return op;
}

static void begin_rename(struct bench *b)
{
    struct op *op = make(b, SALLY_OP_RENAME, "/from");
    op->pub.u.rename.to = "/to";
    op->pub.u.rename.flags = SALLY_RENAME_OVERWRITE;
    op_submit(op);
}

/* The wrapper asks for b->own, and passes the operation on when b->then has said OK. */
static sally_status note(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                         sally_status status, void *context)
{
    struct bench *b = bench_of(fs);
    assert_ptr_equal(context, &b->own);
    assert_int_equal(op->kind, SALLY_OP_RENAME);
    assert_string_equal(op->path, "/from");
    assert_string_equal(op->u.rename.to, "/to");
    assert_int_equal(op->u.rename.flags, SALLY_RENAME_OVERWRITE);
    assert_null(sally_op_context(op, fs));
    b->answers++;
    b->asked = *asked;
    b->answer = status;
    return b->then ? b->then(fs, op, asked, status, context)
                   : sally_fs_call(fs, b->disks[0].fs, op, NULL, NULL);
}

static sally_status ask(sally_fs *fs, sally_op *op)
{
    struct bench *b = bench_of(fs);
    b->tries += (op->flags & SALLY_OP_TRY) != 0;
    return sally_fs_ask(fs, b->disks[1].fs, op, &b->own, note, &b->own);
}

static void asked_and_passed_on(void **state)
{
    (void)state;
    for (int workers = 0; workers < 3; workers++) {
        for (int late = 0; late < 2; late++) {
            struct bench b;
            start(&b, ask, workers, 0);
            b.own = (sally_inner_op){.struct_size = sizeof b.own,
                                     .kind = SALLY_OP_STAT,
                                     .path = "/other",
                                     .u.stat.wanted = SALLY_ATTR_SIZE};
            b.disks[1].late = late ? SALLY_OP_ALL : 0;
            begin_rename(&b);
            while (late && !b.disks[1].waiting)
                test_host_pump(&b.host);
            if (late)
                sally_op_finish(b.disks[1].waiting, SALLY_OK);
            test_host_pump_until(&b.host, &b.done);
            assert_int_equal(b.status, SALLY_OK);
            assert_int_equal(b.answers, 1);
            assert_int_equal(b.answer, SALLY_OK);
            assert_int_equal(b.asked.kind, SALLY_OP_STAT);
            assert_string_equal(b.asked.path, "/other");
            assert_int_equal(b.asked.u.stat.attrs.size, 77);
            assert_int_equal(b.disks[1].u.stat.wanted, SALLY_ATTR_SIZE);
            assert_string_equal(b.disks[0].trace, "rename:/from ");
            assert_string_equal(b.disks[1].trace, "stat:/other ");
            stop(&b);
        }
    }
}

/* A failure is only what on_done makes of it. */
static void failures_are_told(void **state)
{
    struct bench b;
    (void)state;
    start(&b, ask, 0, 0);
    b.own = (sally_inner_op){.struct_size = sizeof b.own, .kind = SALLY_OP_REMOVE};
    const sally_status answers[] = {SALLY_NO_SUCH_FILE, SALLY_WOULD_BLOCK};
    for (int i = 0; i < 2; i++) {
        b.disks[1].status = answers[i];
        b.disks[0].status = SALLY_OK;
        begin_rename(&b);
        assert_true(b.done);
        assert_int_equal(b.answer, i == 0 ? SALLY_NO_SUCH_FILE : SALLY_FAILURE);
        assert_int_equal(b.status, SALLY_OK);
    }
    assert_string_equal(b.disks[1].trace, "remove:/from remove:/from "); /* the operation's path */
    stop(&b);
}

/* In a loop: neither stack nor memory grows. */
static sally_status again(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                          sally_status status, void *context)
{
    struct bench *b = bench_of(fs);
    (void)asked;
    (void)status;
    (void)context;
    const char here = 0;
    if (!b->stack)
        b->stack = &here;
    assert_ptr_equal(b->stack, &here);
    const struct op *whole = op_of(op);
    assert_null(whole->blocks);
    return b->answers < MANY
               ? sally_fs_ask(fs, b->disks[b->answers % 2].fs, op, &b->own, note, &b->own)
               : SALLY_OK;
}

static void many_in_a_row(void **state)
{
    struct bench b;
    (void)state;
    start(&b, ask, 0, 0);
    b.then = again;
    b.own = (sally_inner_op){.struct_size = sizeof b.own, .kind = SALLY_OP_STAT};
    begin_rename(&b);
    assert_true(b.done);
    assert_int_equal(b.status, SALLY_OK);
    assert_int_equal(b.answers, MANY);
    stop(&b);
}

/* Nothing is asked while it must not be waited. */
static void tries(void **state)
{
    struct bench b;
    (void)state;
    start(&b, ask, 1, SALLY_FS_TRY);
    b.own = (sally_inner_op){.struct_size = sizeof b.own, .kind = SALLY_OP_STAT};
    begin_rename(&b);
    test_host_pump_until(&b.host, &b.done);
    assert_int_equal(b.tries, 1);
    assert_int_equal(b.answers, 1);
    assert_string_equal(b.disks[1].trace, "stat:/from ");
    stop(&b);
}

static void what_is_not_allowed(void **state)
{
    static const uint32_t kinds[] = {0,
                                     SALLY_OP_SESSION_START,
                                     SALLY_OP_SESSION_END,
                                     SALLY_OP_OPEN,
                                     SALLY_OP_CLOSE,
                                     SALLY_OP_OPENDIR,
                                     SALLY_OP_READDIR,
                                     SALLY_OP_CLOSEDIR,
                                     SALLY_OP_LOCK,
                                     SALLY_OP_READ, /* without a file */
                                     SALLY_OP_COPY,
                                     SALLY_OP_KINDS,
                                     UINT32_MAX};
    struct bench b;
    (void)state;
    start(&b, ask, 0, 0);
    for (size_t i = 0; i < COUNT_OF(kinds) + 1; i++) {
        bool sized = i < COUNT_OF(kinds);
        b.own = (sally_inner_op){.struct_size = sized ? sizeof b.own : 3,
                                 .kind = sized ? kinds[i] : SALLY_OP_STAT};
        begin_rename(&b);
        assert_true(b.done);
        assert_int_equal(b.answer, SALLY_INVALID_PARAMETER);
    }
    assert_string_equal(b.disks[1].trace, "");
    stop(&b);
}

static void without_memory(void **state)
{
    struct bench b;
    (void)state;
    start(&b, ask, 0, 0);
    b.own = (sally_inner_op){.struct_size = sizeof b.own, .kind = SALLY_OP_STAT};
    struct op *op = make(&b, SALLY_OP_RENAME, "/from");
    op->pub.u.rename.to = "/to";
    op->pub.u.rename.flags = SALLY_RENAME_OVERWRITE;
    assert_non_null(sally_op_alloc(&op->pub, OP_INLINE_BYTES - op->inline_used - 16));
    alloc_fail_at(1);
    op_submit(op);
    assert_true(alloc_failed());
    assert_true(b.done);
    assert_int_equal(b.answers, 1);
    assert_int_equal(b.answer, SALLY_FAILURE);
    assert_string_equal(b.disks[1].trace, "");
    stop(&b);
}

/* Handles: READ, FSETSTAT without attributes, and one that is not open in the storage asked. */
static sally_status on_file(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                            sally_status status, void *context)
{
    struct bench *b = bench_of(fs);
    assert_int_equal(op->kind, SALLY_OP_OPEN);
    assert_int_equal(op->u.open.flags, SALLY_OPEN_READ);
    int step = (int)(size_t)context;
    sally_inner_op own = {.struct_size = sizeof own, .kind = SALLY_OP_FSETSTAT, .file = op->file};
    if (step == 0) {
        assert_int_equal(asked->kind, SALLY_OP_WRITE);
        assert_int_equal(asked->u.io.done, 4);
        return sally_fs_ask(fs, b->disks[0].fs, op, &own, on_file, (void *)1);
    }
    if (step == 1) {
        assert_int_equal(status, SALLY_OK);
        assert_ptr_equal(b->disks[0].file, op->file);
        assert_int_equal(b->disks[0].u.setstat.attrs->valid, 0);
        own.kind = SALLY_OP_STAT; /* the file is no part of it */
        return sally_fs_ask(fs, b->disks[0].fs, op, &own, on_file, (void *)2);
    }
    if (step == 2) {
        assert_null(asked->file);
        own.kind = SALLY_OP_FSTAT;
        return sally_fs_ask(fs, b->disks[1].fs, op, &own, on_file, (void *)3);
    }
    assert_int_equal(status, SALLY_INVALID_HANDLE);
    return SALLY_NO_SPACE_ON_FILESYSTEM; /* the library closes it */
}

static sally_status opened(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    assert_int_equal(status, SALLY_OK);
    const sally_inner_op own = {.struct_size = sizeof own,
                                .kind = SALLY_OP_WRITE,
                                .file = op->file,
                                .u.io = {.data = context, .length = 4}};
    return sally_fs_ask(fs, bench_of(fs)->disks[0].fs, op, &own, on_file, (void *)0);
}

static sally_status open_slot(sally_fs *fs, sally_op *op)
{
    static char data[] = "data";
    return op->kind == SALLY_OP_OPEN
               ? sally_fs_call(fs, bench_of(fs)->disks[0].fs, op, opened, data)
               : sally_fs_call(fs, bench_of(fs)->disks[0].fs, op, NULL, NULL);
}

static void on_handles(void **state)
{
    struct bench b;
    (void)state;
    start(&b, open_slot, 0, 0);
    struct op *op = make(&b, SALLY_OP_OPEN, "/f");
    op->pub.u.open.flags = SALLY_OPEN_READ;
    op_submit(op);
    assert_true(b.done);
    assert_int_equal(b.status, SALLY_NO_SPACE_ON_FILESYSTEM);
    assert_string_equal(b.disks[0].trace, "open:/f write:/f fsetstat:/f stat:/f close:/f ");
    assert_string_equal(b.disks[1].trace, "");
    stop(&b);
}

/* The wish reaches the storage that has the operation, and no other. */
static sally_status ask_first(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                              sally_status status, void *context)
{
    struct bench *b = bench_of(fs);
    (void)asked;
    (void)status;
    (void)context;
    b->then = NULL;
    return sally_fs_ask(fs, b->disks[0].fs, op, &b->own, note, &b->own);
}

static void cancelled(void **state)
{
    (void)state;
    for (int second = 0; second < 2; second++) {
        struct bench b;
        start(&b, ask, 0, 0);
        b.own = (sally_inner_op){.struct_size = sizeof b.own, .kind = SALLY_OP_STAT};
        b.then = second ? ask_first : NULL;
        b.disks[!second].late = SALLY_OP_BIT(SALLY_OP_STAT);
        begin_rename(&b);
        session_close(b.session, SALLY_CLOSED_LOST, on_closed, &b);
        assert_int_equal(b.disks[!second].cancels, 1);
        assert_int_equal(b.disks[second].cancels, 0);
        assert_ptr_equal(b.seen, &b.own);
        /* What it asks for, or is passed on, from now on is cancelled, too. */
        b.disks[0].late = SALLY_OP_BIT(SALLY_OP_RENAME);
        sally_op_finish(b.disks[!second].waiting, SALLY_FAILURE);
        while (b.disks[0].cancels < 1 + second)
            test_host_wait_one(&b.host);
        assert_false(b.done);
        sally_op_finish(b.disks[0].waiting, SALLY_FAILURE);
        test_host_pump_until(&b.host, &b.done);
        assert_int_equal(b.disks[0].cancels, 1 + second);
        assert_int_equal(b.disks[1].cancels, !second);
        stop(&b);
    }
}

/* From a thread of the wrapper's own, which gives what it got to sally_op_finish(). */
static sally_status keep(sally_fs *fs, sally_op *op)
{
    bench_of(fs)->kept = op;
    return SALLY_PENDING;
}

static void *own_thread(void *arg)
{
    struct bench *b = arg;
    sally_op_finish(b->kept, ask(b->wrapper, b->kept));
    return NULL;
}

static void from_another_thread(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct bench b;
        pthread_t thread;
        start(&b, keep, 0, 0);
        b.own = (sally_inner_op){.struct_size = sizeof b.own, .kind = SALLY_OP_REALPATH};
        b.disks[0].late = late ? SALLY_OP_BIT(SALLY_OP_RENAME) : 0;
        begin_rename(&b);
        assert_int_equal(pthread_create(&thread, NULL, own_thread, &b), 0);
        pthread_join(thread, NULL);
        if (late)
            sally_op_finish(b.disks[0].waiting, SALLY_OK);
        test_host_pump_until(&b.host, &b.done);
        assert_int_equal(b.status, SALLY_OK);
        assert_string_equal(b.asked.u.text.result ? "/real" : "", "/real");
        assert_string_equal(b.disks[0].trace, "rename:/from ");
        stop(&b);
    }
}

/* What it asks for after the wish, or passes on, is cancelled, too. */
static void from_another_thread_after_the_wish(void **state)
{
    (void)state;
    for (int passed_on = 0; passed_on < 2; passed_on++) {
        struct bench b;
        pthread_t thread;
        start(&b, keep, 0, 0);
        struct disk *late = &b.disks[!passed_on];
        b.own = (sally_inner_op){.struct_size = sizeof b.own, .kind = SALLY_OP_STAT};
        late->late = SALLY_OP_BIT(passed_on ? SALLY_OP_RENAME : SALLY_OP_STAT);
        begin_rename(&b);
        session_close(b.session, SALLY_CLOSED_LOST, on_closed, &b);
        assert_int_equal(pthread_create(&thread, NULL, own_thread, &b), 0);
        pthread_join(thread, NULL);
        assert_non_null(late->waiting);
        while (late->cancels == 0)
            test_host_wait_one(&b.host);
        b.disks[0].late = b.disks[1].late = 0;
        sally_op_finish(late->waiting, SALLY_FAILURE);
        test_host_pump_until(&b.host, &b.done);
        assert_int_equal(late->cancels, 1);
        stop(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked_and_passed_on), cmocka_unit_test(failures_are_told),
        cmocka_unit_test(many_in_a_row),       cmocka_unit_test(tries),
        cmocka_unit_test(what_is_not_allowed), cmocka_unit_test(without_memory),
        cmocka_unit_test(on_handles),          cmocka_unit_test(cancelled),
        cmocka_unit_test(from_another_thread), cmocka_unit_test(from_another_thread_after_the_wish),
    };
    return cmocka_run_group_tests_name("core/fs_ask", tests, NULL, NULL);
}
