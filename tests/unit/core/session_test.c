#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/fs.h"
#include "core/test_host.h"

/* A storage that writes down what it was asked, and can answer late in an order that the test
 * chooses. */
struct script {
    pthread_mutex_t lock;
    char trace[4096];
    sally_op *late[64];
    int late_count;
    uint64_t late_kinds; /* kinds answered late */
    int cancels, destroyed;
    sally_status answer;
    int running, most_running;
};

static void note(struct script *s, const char *what)
{
    pthread_mutex_lock(&s->lock);
    strncat(s->trace, what, sizeof s->trace - strlen(s->trace) - 1);
    strncat(s->trace, " ", sizeof s->trace - strlen(s->trace) - 1);
    pthread_mutex_unlock(&s->lock);
}

static sally_status slot(sally_fs *fs, sally_op *op)
{
    struct script *s = sally_fs_data(fs);
    char text[300];
    snprintf(text, sizeof text, "%s:%s", sally_op_kind_name(op->kind), op->path ? op->path : "-");
    note(s, text);
    if (op->kind == SALLY_OP_READ) {
        op->u.io.done = op->u.io.length;
    }
    if (s->late_kinds & SALLY_OP_BIT(op->kind)) {
        pthread_mutex_lock(&s->lock);
        s->late[s->late_count++] = op;
        pthread_mutex_unlock(&s->lock);
        return SALLY_PENDING;
    }
    return s->answer;
}

static void cancel(sally_fs *fs, sally_op *op)
{
    struct script *s = sally_fs_data(fs);
    pthread_mutex_lock(&s->lock);
    s->cancels++;
    bool mine = false;
    for (int i = 0; i < s->late_count; i++) {
        if (s->late[i] == op) {
            s->late[i] = s->late[--s->late_count];
            mine = true;
        }
    }
    pthread_mutex_unlock(&s->lock);
    if (mine)
        sally_op_finish(op, SALLY_FAILURE);
}

static void destroy(void *user_data)
{
    ((struct script *)user_data)->destroyed++;
}

static sally_fs *make_fs(struct script *s, uint32_t traits, bool with_cancel)
{
    sally_fs_methods m = {.struct_size = sizeof m,
                          .traits = traits,
                          .session_start = slot,
                          .session_end = slot,
                          .open = slot,
                          .close = slot,
                          .read = slot,
                          .write = slot,
                          .stat = slot,
                          .remove = slot,
                          .rename = slot,
                          .opendir = slot,
                          .cancel = with_cancel ? cancel : NULL,
                          .destroy = destroy};
    sally_fs *fs;
    pthread_mutex_init(&s->lock, NULL);
    assert_int_equal(sally_fs_new(&fs, &m, s), SALLY_E_OK);
    return fs;
}

struct bench {
    struct test_host host;
    struct script script;
    sally_fs *fs;
    sally_session *session;
    struct hook_stack hooks;
    char done[4096]; /* what was answered, in order */
    bool gone;
    int answers;
};

static void open_bench(struct bench *b, int workers, uint32_t traits, bool with_cancel,
                       uint32_t permissions)
{
    test_host_start(&b->host, workers);
    b->fs = make_fs(&b->script, traits, with_cancel);
    struct session_options o = {.user = "joe",
                                .home = "/home",
                                .fs = b->fs,
                                .permissions = permissions,
                                .id = 1,
                                .max_operations = 16,
                                .max_files = 4,
                                .max_bytes = 1000,
                                .hooks = &b->hooks};
    assert_int_equal(session_new(&b->session, &b->host.host, &o), SALLY_E_OK);
    sally_fs_unref(b->fs);
}

static void on_gone(void *user_data)
{
    ((struct bench *)user_data)->gone = true;
}

static void close_bench(struct bench *b)
{
    session_close(b->session, SALLY_CLOSED_LOST, on_gone, b);
    test_host_pump_until(&b->host, &b->gone);
    test_host_stop(&b->host);
    assert_int_equal(b->script.destroyed, 1);
    hook_stack_clear(&b->hooks);
    pthread_mutex_destroy(&b->script.lock);
}

static void answered(struct op *op)
{
    struct bench *b = op->owner;
    char text[64];
    snprintf(text, sizeof text, "%s=%d ", sally_op_kind_name(op->pub.kind), op->pub.status);
    strncat(b->done, text, sizeof b->done - strlen(b->done) - 1);
    b->answers++;
    op_free(op);
}

static struct op *make(struct bench *b, uint32_t kind, const char *path)
{
    struct op *op = op_new(b->session, kind);
    assert_non_null(op);
    op->owner = b;
    op->on_done = answered;
    if (path)
        assert_int_equal(op_set_raw_path(op, slice_of(path)), SALLY_OK);
    return op;
}

static sally_file *opened;

static void open_answered(struct op *op)
{
    opened = op->pub.status == SALLY_OK ? op->pub.file : NULL;
    answered(op);
}

static void wait_answers(struct bench *b, int count)
{
    while (b->answers < count)
        test_host_wait_one(&b->host);
}

static sally_file *open_file(struct bench *b, const char *path, uint32_t flags)
{
    struct op *op = make(b, SALLY_OP_OPEN, path);
    static const sally_attrs none;
    op->pub.u.open.attrs = &none;
    op->pub.u.open.flags = flags;
    op->on_done = open_answered;
    int before = b->answers;
    op_submit(op);
    wait_answers(b, before + 1);
    return opened;
}

static void submit_io(struct bench *b, uint32_t kind, sally_file *file, uint32_t reserve)
{
    static char data[16];
    struct op *op = make(b, kind, NULL);
    op_use_file(op, file);
    op->pub.u.io = (sally_op_io){.data = data, .length = sizeof data};
    op->reply_bytes = reserve;
    op_submit(op);
}

static void submit_close(struct bench *b, sally_file *file)
{
    struct op *op = make(b, SALLY_OP_CLOSE, NULL);
    op_use_file(op, file);
    op_submit(op);
}

static void one_after_the_other_by_default(void **state)
{
    struct bench b = {0};
    open_bench(&b, 0, 0, false, SALLY_MAY_ALL);
    b.script.late_kinds = SALLY_OP_BIT(SALLY_OP_STAT);
    op_submit(make(&b, SALLY_OP_STAT, "a"));
    op_submit(make(&b, SALLY_OP_STAT, "/b/../c"));
    op_submit(make(&b, SALLY_OP_REMOVE, "d"));
    assert_string_equal(b.script.trace, "stat:/home/a ");
    sally_op_finish(b.script.late[0], SALLY_NO_SUCH_FILE);
    test_host_pump(&b.host);
    assert_string_equal(b.script.trace, "stat:/home/a stat:/c ");
    sally_op_finish(b.script.late[1], SALLY_OK);
    test_host_pump(&b.host);
    assert_string_equal(b.done, "stat=2 stat=0 remove=0 ");
    close_bench(&b);
    (void)state;
}

static void concurrent_reads_run_together_and_barriers_wait(void **state)
{
    struct bench b = {0};
    open_bench(&b, 0, SALLY_FS_CONCURRENT, false, SALLY_MAY_ALL);
    sally_file *file = open_file(&b, "f", SALLY_OPEN_READ | SALLY_OPEN_WRITE);
    b.script.late_kinds = SALLY_OP_BIT(SALLY_OP_READ) | SALLY_OP_BIT(SALLY_OP_WRITE);
    submit_io(&b, SALLY_OP_READ, file, 0);
    submit_io(&b, SALLY_OP_READ, file, 0);
    assert_int_equal(b.script.late_count, 2);
    submit_io(&b, SALLY_OP_WRITE, file, 0); /* waits for both */
    assert_int_equal(b.script.late_count, 2);
    submit_io(&b, SALLY_OP_READ, file, 0); /* does not overtake the write */
    assert_int_equal(b.script.late_count, 2);
    op_submit(make(&b, SALLY_OP_STAT, "x")); /* it may be the same file */
    assert_null(strstr(b.script.trace, "/x"));
    op_submit(make(&b, SALLY_OP_REMOVE, "y")); /* a barrier waits for all */
    op_submit(make(&b, SALLY_OP_STAT, "z"));   /* and stops what comes behind it */
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
    close_bench(&b);
    (void)state;
}

static void reads_wait_while_replies_are_not_sent(void **state)
{
    struct bench b = {0};
    open_bench(&b, 0, SALLY_FS_CONCURRENT, false, SALLY_MAY_ALL);
    sally_file *file = open_file(&b, "f", SALLY_OPEN_READ);
    struct op *kept[3];
    static char data[16];
    for (int i = 0; i < 3; i++) {
        kept[i] = make(&b, SALLY_OP_READ, NULL);
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
    close_bench(&b);
    (void)state;
}

static void permissions_come_before_the_storage(void **state)
{
    struct bench b = {0};
    open_bench(&b, 0, 0, false, SALLY_MAY_VIEW | SALLY_MAY_RENAME);
    op_submit(make(&b, SALLY_OP_REMOVE, "a"));
    assert_null(open_file(&b, "f", SALLY_OPEN_WRITE));
    assert_null(open_file(&b, "f", SALLY_OPEN_READ | SALLY_OPEN_CREATE));
    assert_null(open_file(&b, "f", SALLY_OPEN_READ | SALLY_OPEN_BLOCK_WRITE));
    struct op *rename = make(&b, SALLY_OP_RENAME, "a");
    assert_int_equal(op_set_raw_to(rename, slice_of("b")), SALLY_OK);
    rename->pub.u.rename.flags = SALLY_RENAME_OVERWRITE; /* also removes */
    op_submit(rename);
    assert_string_equal(b.done, "remove=3 open=3 open=3 open=3 rename=3 ");
    assert_string_equal(b.script.trace, "");
    sally_file *file = open_file(&b, "f", SALLY_OPEN_READ);
    assert_non_null(file);
    submit_io(&b, SALLY_OP_WRITE, file, 0);
    assert_non_null(strstr(b.done, "write=3"));
    close_bench(&b);
    (void)state;
}

static void a_file_opened_to_write_cannot_be_read(void **state)
{
    struct bench b = {0};
    open_bench(&b, 0, 0, false, SALLY_MAY_ALL);
    sally_file *file = open_file(&b, "f", SALLY_OPEN_WRITE);
    submit_io(&b, SALLY_OP_READ, file, 0);
    assert_non_null(strstr(b.done, "read=9"));
    assert_null(strstr(b.script.trace, "read"));
    close_bench(&b);
    (void)state;
}

static void too_many_files_are_refused(void **state)
{
    struct bench b = {0};
    open_bench(&b, 0, 0, false, SALLY_MAY_ALL);
    for (int i = 0; i < 4; i++)
        assert_non_null(open_file(&b, "f", SALLY_OPEN_READ));
    sally_file *last = opened;
    assert_null(open_file(&b, "f", SALLY_OPEN_READ));
    submit_close(&b, last);
    assert_non_null(open_file(&b, "f", SALLY_OPEN_READ));
    assert_int_equal(session_file_count(b.session), 4);
    close_bench(&b);
    (void)state;
}

static void the_end_cancels_closes_and_ends(void **state)
{
    struct bench b = {0};
    open_bench(&b, 0, 0, true, SALLY_MAY_ALL);
    op_submit(make(&b, SALLY_OP_SESSION_START, "/"));
    open_file(&b, "f", SALLY_OPEN_READ);
    open_file(&b, "g", SALLY_OPEN_READ);
    b.script.late_kinds = SALLY_OP_BIT(SALLY_OP_STAT) | SALLY_OP_BIT(SALLY_OP_CLOSE);
    op_submit(make(&b, SALLY_OP_STAT, "s"));
    op_submit(make(&b, SALLY_OP_REMOVE, "r"));
    session_close(b.session, SALLY_CLOSED_LOST, on_gone, &b);
    assert_int_equal(b.script.cancels, 1);
    assert_non_null(strstr(b.done, "remove=7")); /* answered, never asked */
    test_host_pump(&b.host);
    assert_false(b.gone); /* the first close is late */
    sally_op_finish(b.script.late[0], SALLY_OK);
    test_host_pump(&b.host);
    assert_false(b.gone);
    sally_op_finish(b.script.late[1], SALLY_FAILURE);
    test_host_pump(&b.host);
    assert_true(b.gone);
    assert_string_equal(b.script.trace,
                        "session_start:/ open:/home/f open:/home/g stat:/home/s close:/home/f "
                        "close:/home/g session_end:/ ");
    assert_int_equal(b.script.destroyed, 1);
    test_host_stop(&b.host);
    pthread_mutex_destroy(&b.script.lock);
    (void)state;
}

/* Nobody hears the answers; but who asked for a change has asked for it. */
static void draining_does_what_changes_something(void **state)
{
    struct bench b = {0};
    open_bench(&b, 0, 0, true, SALLY_MAY_ALL);
    sally_file *file = open_file(&b, "f", SALLY_OPEN_READ | SALLY_OPEN_WRITE);
    b.script.late_kinds = SALLY_OP_BIT(SALLY_OP_READ) | SALLY_OP_BIT(SALLY_OP_WRITE);
    submit_io(&b, SALLY_OP_READ, file, 0);
    submit_io(&b, SALLY_OP_WRITE, file, 0);
    op_submit(make(&b, SALLY_OP_OPENDIR, "d"));
    op_submit(make(&b, SALLY_OP_STAT, "s"));
    op_submit(make(&b, SALLY_OP_HASH, "h"));
    session_drain(b.session);
    assert_int_equal(b.script.cancels, 1); /* of the READ */
    test_host_pump(&b.host);
    submit_io(&b, SALLY_OP_READ, file, 0);
    op_submit(make(&b, SALLY_OP_REMOVE, "r"));
    submit_close(&b, file);
    assert_int_equal(b.script.cancels, 1);
    assert_int_equal(b.script.late_count, 1);
    sally_op_finish(b.script.late[0], SALLY_OK);
    test_host_pump(&b.host);
    assert_string_equal(b.done, "open=0 read=4 write=0 opendir=7 stat=0 hash=7 read=7 remove=0 "
                                "close=0 ");
    assert_string_equal(b.script.trace, "open:/home/f read:/home/f write:/home/f stat:/home/s "
                                        "remove:/home/r close:/home/f ");
    close_bench(&b);
    (void)state;
}

static void draining_can_be_cut_short(void **state)
{
    struct bench b = {0};
    open_bench(&b, 0, 0, true, SALLY_MAY_ALL);
    sally_file *file = open_file(&b, "f", SALLY_OPEN_WRITE);
    b.script.late_kinds = SALLY_OP_BIT(SALLY_OP_WRITE);
    submit_io(&b, SALLY_OP_WRITE, file, 0);
    submit_io(&b, SALLY_OP_WRITE, file, 0);
    session_drain(b.session);
    assert_int_equal(b.script.cancels, 0);
    close_bench(&b);
    assert_int_equal(b.script.cancels, 1);
    assert_string_equal(b.done, "open=0 write=7 write=4 ");
    (void)state;
}

static void close_the_session(struct op *op)
{
    struct bench *b = op->owner;
    op_free(op);
    session_close(b->session, SALLY_CLOSED_BY_SERVER, on_gone, b);
}

static void the_end_may_come_in_the_answer_to_a_close(void **state)
{
    struct bench b = {0};
    open_bench(&b, 0, 0, false, SALLY_MAY_ALL);
    open_file(&b, "f", SALLY_OPEN_READ);
    sally_file *last = open_file(&b, "g", SALLY_OPEN_READ);
    struct op *op = make(&b, SALLY_OP_CLOSE, NULL);
    op->on_done = close_the_session;
    op_use_file(op, last);
    op_submit(op);
    test_host_pump(&b.host);
    assert_true(b.gone);
    assert_string_equal(b.script.trace, "open:/home/f open:/home/g close:/home/g close:/home/f ");
    assert_int_equal(b.script.destroyed, 1);
    test_host_stop(&b.host);
    pthread_mutex_destroy(&b.script.lock);
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
    struct bench b = {0};
    char seen[64] = "";
    sally_hooks first = {.struct_size = sizeof first,
                         .before_mask = SALLY_OP_ALL,
                         .after_mask = SALLY_OP_BIT(SALLY_OP_STAT),
                         .before = deny_secret,
                         .after = hide_missing,
                         .user_data = seen};
    assert_int_equal(hook_stack_add(&b.hooks, &first), SALLY_E_OK);
    open_bench(&b, 0, 0, false, SALLY_MAY_ALL);
    op_submit(make(&b, SALLY_OP_STAT, "secret"));
    op_submit(make(&b, SALLY_OP_STAT, "old"));
    op_submit(make(&b, SALLY_OP_STAT, "mine"));
    b.script.answer = SALLY_FAILURE;
    op_submit(make(&b, SALLY_OP_STAT, "other"));
    assert_string_equal(b.done, "stat=3 stat=0 stat=0 stat=2 ");
    assert_string_equal(b.script.trace, "stat:/new/place stat:/home/other ");
    assert_string_equal(seen, "-++-");
    /* A file that a hook opened never reaches the storage. */
    b.script.answer = SALLY_OK;
    sally_file *file = open_file(&b, "mine", SALLY_OPEN_READ);
    assert_non_null(file);
    b.script.trace[0] = '\0';
    b.script.answer = SALLY_OK;
    close_bench(&b);
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
    struct bench b = {0};
    sally_hooks h = {
        .struct_size = sizeof h, .before_mask = SALLY_OP_BIT(SALLY_OP_REMOVE), .before = remember};
    assert_int_equal(hook_stack_add(&b.hooks, &h), SALLY_E_OK);
    open_bench(&b, 0, 0, false, SALLY_MAY_ALL);
    op_submit(make(&b, SALLY_OP_REMOVE, "f"));
    op_submit(make(&b, SALLY_OP_STAT, "g"));
    assert_string_equal(b.script.trace, "");
    assert_int_equal(sally_session_submit(late_hook.session, SALLY_OP_RENAME, "/home/f",
                                          fill_rename, moved, late_hook.op),
                     SALLY_E_OK);
    test_host_pump(&b.host);
    assert_string_equal(b.script.trace, "rename:/home/f remove:/home/f stat:/home/g ");
    assert_int_equal(
        sally_session_submit(late_hook.session, SALLY_OP_READDIR, "/", NULL, NULL, NULL),
        SALLY_E_INVALID);
    close_bench(&b);
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
    struct bench b = {0};
    struct script script = {0};
    struct wrapper w[3] = {{0}};
    w[0].inner = make_fs(&script, 0, false);
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
    op_submit(make(&b, SALLY_OP_STAT, "a"));
    script.late_kinds = SALLY_OP_ALL;
    op_submit(make(&b, SALLY_OP_STAT, "b"));
    sally_op_finish(script.late[0], SALLY_OK);
    test_host_pump(&b.host);
    assert_string_equal(b.done, "stat=15 stat=0 ");
    for (int i = 0; i < 3; i++)
        assert_string_equal(w[i].seen, "ww");
    session_close(b.session, SALLY_CLOSED_LOST, on_gone, &b);
    assert_true(b.gone);
    sally_fs_unref(b.fs);
    for (int i = 0; i < 3; i++)
        sally_fs_unref(w[i].inner);
    test_host_stop(&b.host);
    (void)state;
}

/* ---- threads ---- */

struct racer {
    pthread_t thread;
    struct script *script;
    _Atomic bool stop;
};

/* Finishes whatever is pending as fast as it can: often before the slot has returned. */
static void *race(void *arg)
{
    struct racer *r = arg;
    while (!atomic_load(&r->stop)) {
        pthread_mutex_lock(&r->script->lock);
        sally_op *op = r->script->late_count ? r->script->late[--r->script->late_count] : NULL;
        pthread_mutex_unlock(&r->script->lock);
        if (op)
            sally_op_finish(op, SALLY_OK);
        else
            sched_yield(); /* or others hardly get the lock on a busy machine */
    }
    return NULL;
}

static void finish_races_return_cancel_and_the_end(void **state)
{
    for (int round = 0; round < 60; round++) {
        struct bench b = {0};
        open_bench(&b, TEST_WORKERS, round % 2 ? SALLY_FS_CONCURRENT : 0, true, SALLY_MAY_ALL);
        sally_file *file = open_file(&b, "f", SALLY_OPEN_READ);
        b.script.late_kinds = SALLY_OP_BIT(SALLY_OP_READ) | SALLY_OP_BIT(SALLY_OP_STAT);
        struct racer r = {.script = &b.script};
        pthread_create(&r.thread, NULL, race, &r);
        int wanted = b.answers;
        for (int i = 0; i < 200; i++) {
            while (!session_may_submit(b.session))
                test_host_wait_one(&b.host);
            submit_io(&b, SALLY_OP_READ, file, 10);
            wanted++;
        }
        if (round % 3 == 0)
            wait_answers(&b, wanted);
        session_close(b.session, SALLY_CLOSED_LOST, on_gone, &b); /* with up to 16 in flight */
        test_host_pump_until(&b.host, &b.gone);
        assert_int_equal(b.answers, wanted);
        atomic_store(&r.stop, true);
        pthread_join(r.thread, NULL);
        test_host_stop(&b.host);
        assert_int_equal(b.script.destroyed, 1);
        assert_non_null(strstr(b.script.trace, "close"));
        pthread_mutex_destroy(&b.script.lock);
    }
    (void)state;
}

static void struct_sizes_are_checked(void **state)
{
    struct {
        sally_fs_methods known;
        void *later;
    } newer = {.known = {.struct_size = sizeof newer, .stat = slot}};
    sally_fs *fs;
    assert_int_equal(sally_fs_new(&fs, &newer.known, NULL), SALLY_E_OK);
    sally_fs_unref(fs);
    newer.later = &newer;
    assert_int_equal(sally_fs_new(&fs, &newer.known, NULL), SALLY_E_INVALID);
    sally_fs_methods none = {0};
    assert_int_equal(sally_fs_new(&fs, &none, NULL), SALLY_E_INVALID);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other_by_default),
        cmocka_unit_test(concurrent_reads_run_together_and_barriers_wait),
        cmocka_unit_test(reads_wait_while_replies_are_not_sent),
        cmocka_unit_test(permissions_come_before_the_storage),
        cmocka_unit_test(a_file_opened_to_write_cannot_be_read),
        cmocka_unit_test(too_many_files_are_refused),
        cmocka_unit_test(the_end_cancels_closes_and_ends),
        cmocka_unit_test(draining_does_what_changes_something),
        cmocka_unit_test(draining_can_be_cut_short),
        cmocka_unit_test(the_end_may_come_in_the_answer_to_a_close),
        cmocka_unit_test(hooks_deny_divert_answer_and_change),
        cmocka_unit_test(a_late_hook_does_operations_of_its_own),
        cmocka_unit_test(wrappers_see_answers_at_once_and_late),
        cmocka_unit_test(finish_races_return_cancel_and_the_end),
        cmocka_unit_test(struct_sizes_are_checked),
    };
    return cmocka_run_group_tests_name("core/session", tests, NULL, NULL);
}
