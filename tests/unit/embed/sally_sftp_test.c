#include "cmocka_all.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "alloc_failure.h"
#include "base/buf.h"
#include "base/mem.h"
#include "core/long_ops.h"
#include "sallyport/sftp.h"
#include "sftp/protocol.h"
#include "sftp/script.h"
#include "sftp/store.h"

static const uint8_t init[] = {0, 0, 0, 5, SSH_FXP_INIT, 0, 0, 0, 3};

struct user {
    struct store store;
    sally_sftp *sftp;
    struct buf replies;
    _Atomic uint32_t wakes;
    bool freed;
};

static void on_wake(void *user_data)
{
    struct user *u = user_data;
    assert_false(u->freed);
    atomic_fetch_add(&u->wakes, 1);
}

static void start(struct user *u, const sally_sftp_options *options)
{
    memset(u, 0, sizeof *u);
    store_init(&u->store);
    store_add(&u->store, "/home/joe", SALLY_TYPE_DIRECTORY, NULL, 0);
    store_add(&u->store, "/hello", SALLY_TYPE_REGULAR, "Hello, world", 12);
    buf_init(&u->replies, SIZE_MAX / 2);
    sally_fs *fs = store_fs(&u->store, 0, 0);
    assert_int_equal(sally_sftp_new(&u->sftp, fs, options), SALLY_E_OK);
    sally_fs_unref(fs);
}

static void start_with_wake(struct user *u)
{
    const sally_sftp_options options = {.struct_size = sizeof options,
                                        .user = "joe",
                                        .home = "/home/joe",
                                        .on_wake = on_wake,
                                        .user_data = u};
    start(u, &options);
}

static void take_output(struct user *u, size_t at_most)
{
    const void *data;
    size_t size;
    while ((size = sally_sftp_output(u->sftp, &data))) {
        size = size < at_most ? size : at_most;
        put_bytes(&u->replies, data, size);
        sally_sftp_sent(u->sftp, size);
    }
}

static sally_error feed(struct user *u, const void *data, size_t size, size_t piece)
{
    const uint8_t *at = data;
    while (size) {
        size_t part = size < piece ? size : piece, taken = 0;
        sally_error error = sally_sftp_input(u->sftp, at, part, &taken);
        if (error)
            return error;
        at += taken;
        size -= taken;
        take_output(u, 1000);
    }
    return SALLY_E_OK;
}

static void end(struct user *u)
{
    sally_sftp_free(u->sftp);
    u->freed = true;
    while (u->store.late_count)
        store_finish(&u->store, 0);
    assert_int_equal(u->store.open_files, 0);
    store_clear(&u->store);
    buf_clear(&u->replies);
}

static uint32_t count_replies(const struct user *u)
{
    struct cursor c = cursor_of_slice(buf_slice(&u->replies));
    uint32_t count = 0;
    for (; cursor_left(&c); count++)
        get_string(&c);
    assert_false(c.bad);
    return count;
}

static void a_whole_session(void **state)
{
    (void)state;
    static const size_t pieces[] = {SIZE_MAX, 1, 1000};
    struct script s;
    script_make(&s, 3);
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        struct user u;
        start_with_wake(&u);
        assert_string_equal(sally_session_user(sally_sftp_session(u.sftp)), "joe");
        assert_int_equal(feed(&u, init, sizeof init, pieces[i]), SALLY_E_OK);
        assert_int_equal(feed(&u, buf_head(&s.bytes), s.bytes.size, pieces[i]), SALLY_E_OK);
        assert_false(sally_sftp_done(u.sftp));
        sally_sftp_eof(u.sftp);
        take_output(&u, SIZE_MAX);
        assert_true(sally_sftp_done(u.sftp));
        assert_int_equal(count_replies(&u), s.count + 1);
        assert_int_equal(u.wakes, 0);
        end(&u);
        assert_int_equal(u.store.last_reason, SALLY_CLOSED_LOST); /* the script left one open */
    }
    script_clear(&s);
}

static void defaults_do(void **state)
{
    (void)state;
    struct user u;
    start(&u, NULL);
    assert_int_equal(feed(&u, init, sizeof init, 100), SALLY_E_OK);
    assert_string_equal(sally_session_home(sally_sftp_session(u.sftp)), "/");
    assert_int_equal(sally_session_permissions(sally_sftp_session(u.sftp)), SALLY_MAY_ALL);
    assert_int_equal(count_replies(&u), 1);
    end(&u);
}

static void the_highest_version_can_be_set(void **state)
{
    (void)state;
    for (uint32_t max = 0; max <= 6; max++) {
        struct user u;
        const sally_sftp_options options = {.struct_size = sizeof options, .max_version = max};
        if (max == 1 || max == 2)
            continue;
        start(&u, &options);
        uint8_t six[sizeof init];
        memcpy(six, init, sizeof init);
        six[8] = 6;
        assert_int_equal(feed(&u, six, sizeof six, 100), SALLY_E_OK);
        assert_int_equal(buf_head(&u.replies)[8], max ? max : 6);
        end(&u);
    }
}

static void a_broken_protocol_is_told(void **state)
{
    (void)state;
    struct user u;
    size_t taken;
    start_with_wake(&u);
    assert_int_equal(feed(&u, init, sizeof init, 100), SALLY_E_OK);
    assert_int_equal(feed(&u, init, sizeof init, 100), SALLY_E_PROTOCOL);
    assert_int_equal(sally_sftp_input(u.sftp, init, sizeof init, &taken), SALLY_E_PROTOCOL);
    assert_int_equal(taken, 0);
    take_output(&u, SIZE_MAX);
    assert_true(sally_sftp_done(u.sftp));
    end(&u);
    assert_int_equal(u.store.last_reason, 0);
}

static void input_is_taken_as_it_is_answered(void **state)
{
    (void)state;
    struct user u;
    size_t taken, all = 0;
    start_with_wake(&u);
    assert_int_equal(feed(&u, init, sizeof init, 100), SALLY_E_OK);
    struct buf flood;
    buf_init(&flood, SIZE_MAX / 2);
    for (uint32_t i = 0; i < 400000; i++) {
        put_u32(&flood, 15);
        put_u8(&flood, SSH_FXP_STAT);
        put_u32(&flood, i);
        put_text(&flood, "/hello");
    }
    /* No one reads the replies. */
    while (all < flood.size) {
        assert_int_equal(sally_sftp_input(u.sftp, buf_head(&flood) + all, flood.size - all, &taken),
                         SALLY_E_OK);
        if (!taken)
            break;
        all += taken;
    }
    assert_true(all < (size_t)4 * 1024 * 1024);
    take_output(&u, SIZE_MAX);
    assert_int_equal(feed(&u, buf_head(&flood) + all, flood.size - all, SIZE_MAX), SALLY_E_OK);
    take_output(&u, SIZE_MAX);
    assert_int_equal(count_replies(&u), 400001);
    buf_clear(&flood);
    end(&u);
}

static void late_answers_wake(void **state)
{
    (void)state;
    struct user u;
    size_t taken;
    start_with_wake(&u);
    assert_int_equal(feed(&u, init, sizeof init, 100), SALLY_E_OK);
    u.store.late_kinds = SALLY_OP_BIT(SALLY_OP_STAT);
    const uint8_t stat[] = {0, 0, 0, 15,  SSH_FXP_STAT, 0,   0,   0,   1,  0,
                            0, 0, 6, '/', 'h',          'e', 'l', 'l', 'o'};
    assert_int_equal(feed(&u, stat, sizeof stat, 100), SALLY_E_OK);
    assert_int_equal(count_replies(&u), 1);
    store_finish(&u.store, 0);
    assert_int_equal(u.wakes, 1);
    assert_int_equal(count_replies(&u), 1);
    assert_int_equal(sally_sftp_input(u.sftp, NULL, 0, &taken), SALLY_E_OK);
    take_output(&u, SIZE_MAX);
    assert_int_equal(count_replies(&u), 2);
    /* And after the end: the engine lives on until the last finish. */
    assert_int_equal(feed(&u, stat, sizeof stat, 100), SALLY_E_OK);
    assert_int_equal(feed(&u, stat, sizeof stat, 100), SALLY_E_OK);
    assert_int_equal(u.store.calls[SALLY_OP_SESSION_END], 0);
    end(&u);
    assert_int_equal(u.store.calls[SALLY_OP_SESSION_END], 1);
}

static void not_yet(sally_op *op, void *context)
{
    (void)context;
    if (sally_op_cancelled(op))
        sally_op_finish(op, SALLY_CONNECTION_LOST);
    else
        assert_true(op_resume_later(op, not_yet, NULL));
}

static sally_status hash_for_ever(sally_fs *fs, sally_op *op)
{
    (void)fs;
    return op_resume_later(op, not_yet, NULL) ? SALLY_PENDING : SALLY_FAILURE;
}

static sally_status stat_directory(sally_fs *fs, sally_op *op)
{
    (void)fs;
    op->u.stat.attrs.type = SALLY_TYPE_DIRECTORY;
    return SALLY_OK;
}

/* Other requests are answered meanwhile, and it ends with the engine. */
static void a_long_operation_is_done_in_pieces(void **state)
{
    (void)state;
    struct user u = {.wakes = 0};
    sally_fs *fs;
    const sally_fs_methods methods = {.struct_size = sizeof methods,
                                      .traits = SALLY_FS_CONCURRENT,
                                      .hash = hash_for_ever,
                                      .stat = stat_directory};
    sally_sftp_options options = {
        .struct_size = sizeof options, .on_wake = on_wake, .user_data = &u};
    struct buf digest, stat;
    buf_init(&digest, 4096);
    put_u32(&digest, 1 + 4 + 4 + 15 + 4 + 2 + 4 + 6 + 8 + 8 + 4);
    put_u8(&digest, SSH_FXP_EXTENDED);
    put_u32(&digest, 1);
    put_text(&digest, "check-file-name");
    put_text(&digest, "/f");
    put_text(&digest, "sha256");
    put_u64(&digest, 0);
    put_u64(&digest, 0);
    put_u32(&digest, 0);
    buf_init(&stat, 4096);
    put_u32(&stat, 1 + 4 + 4 + 2);
    put_u8(&stat, SSH_FXP_STAT);
    put_u32(&stat, 2);
    put_text(&stat, "/f");
    assert_int_equal(sally_fs_new(&fs, &methods, NULL), SALLY_E_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sally_sftp_new(&u.sftp, fs, &options), SALLY_E_OK);
        buf_init(&u.replies, SIZE_MAX / 2);
        assert_int_equal(feed(&u, init, sizeof init, SIZE_MAX), SALLY_E_OK);
        assert_int_equal(feed(&u, buf_head(&digest), digest.size, SIZE_MAX), SALLY_E_OK);
        for (int k = 0; k < 4 && options.on_wake; k++) {
            uint32_t wakes = u.wakes;
            assert_true(wakes > 0);
            assert_int_equal(sally_sftp_input(u.sftp, NULL, 0, NULL), SALLY_E_OK);
            assert_int_equal(u.wakes, wakes + 1);
        }
        assert_int_equal(feed(&u, buf_head(&stat), stat.size, SIZE_MAX), SALLY_E_OK);
        take_output(&u, SIZE_MAX);
        /* Without on_wake no one would come back for it. */
        assert_int_equal(count_replies(&u), options.on_wake ? 2 : 3);
        sally_sftp_free(u.sftp);
        buf_clear(&u.replies);
        options.on_wake = NULL;
    }
    sally_fs_unref(fs);
    buf_clear(&digest);
    buf_clear(&stat);
}

static void bad_options_are_refused(void **state)
{
    (void)state;
    struct store store;
    store_init(&store);
    sally_fs *fs = store_fs(&store, 0, 0);
    sally_sftp *sftp;
    sally_sftp_options o = {.struct_size = 0};
    assert_int_equal(sally_sftp_new(&sftp, fs, &o), SALLY_E_INVALID);
    o.struct_size = sizeof o;
    assert_int_equal(sally_sftp_new(NULL, fs, &o), SALLY_E_INVALID);
    assert_int_equal(sally_sftp_new(&sftp, NULL, &o), SALLY_E_INVALID);
    o.max_version = 7;
    assert_int_equal(sally_sftp_new(&sftp, fs, &o), SALLY_E_RANGE);
    o.max_version = 2;
    assert_int_equal(sally_sftp_new(&sftp, fs, &o), SALLY_E_RANGE);
    o.max_version = 0;
    o.max_packet = 1000;
    assert_int_equal(sally_sftp_new(&sftp, fs, &o), SALLY_E_RANGE);
    o.max_packet = 0;
    for (o.umask_version = 1; o.umask_version < 8; o.umask_version += 6)
        assert_int_equal(sally_sftp_new(&sftp, fs, &o), SALLY_E_RANGE);
    o.umask_version = 0;
    o.reserved = 1;
    assert_int_equal(sally_sftp_new(&sftp, fs, &o), SALLY_E_INVALID);
    o.reserved = 0;
    o.hook_count = 1;
    const sally_hooks hooks = {.struct_size = 1};
    o.hooks = &hooks;
    assert_int_equal(sally_sftp_new(&sftp, fs, &o), SALLY_E_INVALID);
    assert_null(sftp);
    sally_sftp_free(NULL);
    sally_fs_unref(fs);
    store_clear(&store);
}

static int64_t noon(void *user_data)
{
    (void)user_data;
    return 1000000000 + 3600;
}

static void remember_time(void *user_data, const sally_log_line *line)
{
    *(uint64_t *)user_data = line->time_ns;
}

static void log_lines_know_the_time_too(void **state)
{
    (void)state;
    uint64_t time_ns = 1;
    sally_sftp_options options = {
        .struct_size = sizeof options, .log = remember_time, .log_user_data = &time_ns};
    struct user u;
    start(&u, &options);
    assert_int_equal(feed(&u, init, sizeof init, sizeof init), SALLY_E_OK);
    end(&u);
    assert_int_equal(time_ns, 0); /* no clock */
    options.wall_seconds = noon;
    start(&u, &options);
    assert_int_equal(feed(&u, init, sizeof init, sizeof init), SALLY_E_OK);
    end(&u);
    assert_int_equal(time_ns, UINT64_C(1000003600) * 1000000000);
}

/* A slip of the pen must not leave something allowed. */
static void unknown_requests_are_refused(void **state)
{
    (void)state;
    static const char *const lists[][2] = {
        {"open,raed", NULL}, {NULL, "remov"}, {NULL, "remove, rmdir"}, {NULL, ",remove,x"}};
    struct store store;
    sally_sftp *sftp;
    store_init(&store);
    sally_fs *fs = store_fs(&store, 0, 0);
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const sally_sftp_options bad = {
            .struct_size = sizeof bad, .allow_requests = lists[i][0], .deny_requests = lists[i][1]};
        assert_int_equal(sally_sftp_new(&sftp, fs, &bad), SALLY_E_PARSE);
        assert_null(sftp);
    }
    const sally_sftp_options good = {.struct_size = sizeof good,
                                     .allow_requests = "open,,read,statvfs@openssh.com",
                                     .deny_requests = "theirs@example.com,remove,"};
    assert_int_equal(sally_sftp_new(&sftp, fs, &good), SALLY_E_OK);
    sally_sftp_free(sftp);
    sally_fs_unref(fs);
    store_clear(&store);
}

static void texts_are_copied_and_listings_know_the_time(void **state)
{
    (void)state;
    char user[] = "joe", home[] = "home/../home/joe/", deny[] = "stat", address[] = "192.0.2.1";
    const sally_peer peer = {.address = address, .port = 77};
    const sally_sftp_options options = {.struct_size = sizeof options,
                                        .user = user,
                                        .home = home,
                                        .deny_requests = deny,
                                        .peer = &peer,
                                        .wall_seconds = noon};
    struct user u;
    start(&u, &options);
    memset(user, 'x', 3);
    memset(home, 'x', 5);
    memset(deny, 'x', 4);
    memset(address, 'x', 4);
    const sally_session *session = sally_sftp_session(u.sftp);
    assert_string_equal(sally_session_user(session), "joe");
    assert_string_equal(sally_session_home(session), "/home/joe");
    assert_string_equal(sally_session_peer(session)->address, "192.0.2.1");
    assert_string_equal(sally_session_peer(session)->listener, "");
    assert_string_equal(sally_session_peer(session)->protocol, "sftp");
    assert_int_equal(sally_session_peer(session)->port, 77);
    const uint8_t requests[] = {0,
                                0,
                                0,
                                10,
                                SSH_FXP_STAT,
                                0,
                                0,
                                0,
                                1,
                                0,
                                0,
                                0,
                                1,
                                '/',
                                0,
                                0,
                                0,
                                10,
                                SSH_FXP_OPENDIR,
                                0,
                                0,
                                0,
                                2,
                                0,
                                0,
                                0,
                                1,
                                '/',
                                0,
                                0,
                                0,
                                17,
                                SSH_FXP_READDIR,
                                0,
                                0,
                                0,
                                3,
                                0,
                                0,
                                0,
                                8,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                0,
                                1};
    assert_int_equal(feed(&u, init, sizeof init, 100), SALLY_E_OK);
    buf_reset(&u.replies);
    assert_int_equal(feed(&u, requests, sizeof requests, 100), SALLY_E_OK);
    struct cursor c = cursor_of_slice(buf_slice(&u.replies));
    struct cursor status = cursor_of_slice(get_string(&c));
    assert_int_equal(get_u8(&status), SSH_FXP_STATUS);
    get_u32(&status);
    assert_int_equal(get_u32(&status), SALLY_PERMISSION_DENIED);
    put_u8(&u.replies, 0);
    get_string(&c);
    bool found = false;
    for (; cursor_left(&c) > 20; cursor_read(&c, 1))
        found |= memcmp(c.at, "Sep  9 01:46 hello", 18) == 0;
    assert_true(found);
    end(&u);
}

/* ---- Answers from another thread ---- */

struct finisher {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t there;
    sally_op *ops[2048];
    uint32_t count;
    bool stop;
    _Atomic uint32_t wakes;
    _Atomic uint32_t ended;
};

static sally_status late_slot(sally_fs *fs, sally_op *op)
{
    struct finisher *f = sally_fs_data(fs);
    pthread_mutex_lock(&f->lock);
    f->ops[f->count++] = op;
    pthread_cond_signal(&f->there);
    pthread_mutex_unlock(&f->lock);
    return SALLY_PENDING;
}

static sally_status end_slot(sally_fs *fs, sally_op *op)
{
    struct finisher *f = sally_fs_data(fs);
    (void)op;
    atomic_fetch_add(&f->ended, 1);
    return SALLY_OK;
}

static void *finish_all(void *user_data)
{
    struct finisher *f = user_data;
    pthread_mutex_lock(&f->lock);
    while (!f->stop || f->count) {
        if (!f->count) {
            pthread_cond_wait(&f->there, &f->lock);
            continue;
        }
        sally_op *op = f->ops[--f->count];
        pthread_mutex_unlock(&f->lock);
        sally_attrs_set_file(&op->u.stat.attrs, 0644, 5);
        sally_op_finish(op, SALLY_OK);
        pthread_mutex_lock(&f->lock);
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

static void on_thread_wake(void *user_data)
{
    struct finisher *f = user_data;
    atomic_fetch_add(&f->wakes, 1);
}

static void other_threads_may_finish_even_after_the_end(void **state)
{
    (void)state;
    struct finisher f = {.count = 0};
    pthread_mutex_init(&f.lock, NULL);
    pthread_cond_init(&f.there, NULL);
    assert_int_equal(pthread_create(&f.thread, NULL, finish_all, &f), 0);
    const sally_fs_methods methods = {.struct_size = sizeof methods,
                                      .traits = SALLY_FS_CONCURRENT,
                                      .stat = late_slot,
                                      .session_end = end_slot};
    const sally_sftp_options options = {
        .struct_size = sizeof options, .on_wake = on_thread_wake, .user_data = &f};
    enum { ROUNDS = 200 };
    for (uint32_t round = 0; round < ROUNDS; round++) {
        sally_fs *fs;
        sally_sftp *sftp;
        size_t taken;
        assert_int_equal(sally_fs_new(&fs, &methods, &f), SALLY_E_OK);
        assert_int_equal(sally_sftp_new(&sftp, fs, &options), SALLY_E_OK);
        sally_fs_unref(fs);
        assert_int_equal(sally_sftp_input(sftp, init, sizeof init, &taken), SALLY_E_OK);
        for (uint8_t i = 0; i < 10; i++) {
            const uint8_t stat[] = {0, 0, 0, 10, SSH_FXP_STAT, 0, 0, 0, i, 0, 0, 0, 1, '/'};
            assert_int_equal(sally_sftp_input(sftp, stat, sizeof stat, &taken), SALLY_E_OK);
        }
        for (uint32_t i = 0; i < round % 5; i++)
            assert_int_equal(sally_sftp_input(sftp, NULL, 0, &taken), SALLY_E_OK);
        sally_sftp_free(sftp);
    }
    pthread_mutex_lock(&f.lock);
    f.stop = true;
    pthread_cond_signal(&f.there);
    pthread_mutex_unlock(&f.lock);
    pthread_join(f.thread, NULL);
    assert_int_equal(f.ended, ROUNDS);
    pthread_cond_destroy(&f.there);
    pthread_mutex_destroy(&f.lock);
}

/* ---- on_wake, seen from inside ---- */

struct waker {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    sally_sftp *sftp;
    sally_op *op;
    bool inside, input_done, timed_out, waits_for_input;
    _Atomic bool left;
};

static sally_status keep_op(sally_fs *fs, sally_op *op)
{
    struct waker *w = sally_fs_data(fs);
    w->op = op;
    return SALLY_PENDING;
}

/* As a program's may: it takes a while, and takes a lock that the engine's thread takes, too. */
static void slow_wake(void *user_data)
{
    struct waker *w = user_data;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    pthread_mutex_lock(&w->lock);
    w->inside = true;
    pthread_cond_broadcast(&w->changed);
    while (w->waits_for_input && !w->input_done && !w->timed_out)
        w->timed_out = pthread_cond_timedwait(&w->changed, &w->lock, &until) != 0;
    pthread_mutex_unlock(&w->lock);
    if (!w->waits_for_input)
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    w->left = true;
}

static void *finish_one(void *user_data)
{
    struct waker *w = user_data;
    sally_attrs_set_file(&w->op->u.stat.attrs, 0644, 5);
    sally_op_finish(w->op, SALLY_OK);
    return NULL;
}

static pthread_t start_waking(struct waker *w, bool waits_for_input)
{
    static const uint8_t stat[] = {0, 0, 0, 10, SSH_FXP_STAT, 0, 0, 0, 1, 0, 0, 0, 1, '/'};
    const sally_fs_methods methods = {.struct_size = sizeof methods, .stat = keep_op};
    const sally_sftp_options options = {
        .struct_size = sizeof options, .on_wake = slow_wake, .user_data = w};
    sally_fs *fs;
    size_t taken;
    *w = (struct waker){.waits_for_input = waits_for_input};
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    assert_int_equal(sally_fs_new(&fs, &methods, w), SALLY_E_OK);
    assert_int_equal(sally_sftp_new(&w->sftp, fs, &options), SALLY_E_OK);
    sally_fs_unref(fs);
    assert_int_equal(sally_sftp_input(w->sftp, init, sizeof init, &taken), SALLY_E_OK);
    assert_int_equal(sally_sftp_input(w->sftp, stat, sizeof stat, &taken), SALLY_E_OK);
    assert_non_null(w->op);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, finish_one, w), 0);
    pthread_mutex_lock(&w->lock);
    while (!w->inside)
        pthread_cond_wait(&w->changed, &w->lock);
    pthread_mutex_unlock(&w->lock);
    return thread;
}

static void end_waking(struct waker *w, pthread_t thread)
{
    pthread_join(thread, NULL);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
}

static void the_engine_works_while_on_wake_runs(void **state)
{
    (void)state;
    struct waker w;
    size_t taken;
    pthread_t thread = start_waking(&w, true);
    assert_int_equal(sally_sftp_input(w.sftp, NULL, 0, &taken), SALLY_E_OK);
    pthread_mutex_lock(&w.lock);
    w.input_done = true;
    pthread_cond_broadcast(&w.changed);
    pthread_mutex_unlock(&w.lock);
    sally_sftp_free(w.sftp);
    assert_true(w.left);
    assert_false(w.timed_out);
    end_waking(&w, thread);
}

static void on_wake_is_over_when_the_engine_is_freed(void **state)
{
    (void)state;
    struct waker w;
    pthread_t thread = start_waking(&w, false);
    sally_sftp_free(w.sftp);
    assert_true(w.left);
    end_waking(&w, thread);
}

/* ---- Files that the client leaves open ---- */

static void open_for_writing(struct user *u, const char *name)
{
    struct buf packet;
    buf_init(&packet, 256);
    size_t place = put_string_begin(&packet);
    put_u8(&packet, SSH_FXP_OPEN);
    put_u32(&packet, 1);
    put_text(&packet, name);
    put_u32(&packet, 0x0a); /* write, create */
    put_u32(&packet, 0);
    put_string_end(&packet, place);
    assert_int_equal(feed(u, buf_head(&packet), packet.size, SIZE_MAX), SALLY_E_OK);
    assert_int_equal(u->store.open_files, 1);
    buf_clear(&packet);
}

static void what_is_left_open_is_lost(void **state)
{
    (void)state;
    for (int says_eof = 0; says_eof < 2; says_eof++) {
        struct user u;
        start_with_wake(&u);
        assert_int_equal(feed(&u, init, sizeof init, 100), SALLY_E_OK);
        open_for_writing(&u, "/cut");
        if (says_eof) {
            sally_sftp_eof(u.sftp);
            assert_true(sally_sftp_done(u.sftp));
        }
        end(&u);
        assert_int_equal(u.store.last_reason, SALLY_CLOSED_LOST);
    }
}

static void note_session(void *user_data, const sally_log_line *line)
{
    if (line->session_id)
        *(uint64_t *)user_data = line->session_id;
}

static void engines_have_the_numbers_they_were_given(void **state)
{
    (void)state;
    static const uint64_t given[] = {0, 7, UINT64_MAX}, wanted[] = {1, 7, UINT64_MAX};
    for (size_t i = 0; i < COUNT_OF(given); i++) {
        struct user u;
        uint64_t logged = 0;
        const sally_sftp_options options = {.struct_size = sizeof options,
                                            .log = note_session,
                                            .log_user_data = &logged,
                                            .log_level = SALLY_LOG_DEBUG,
                                            .session_id = given[i]};
        start(&u, &options);
        assert_int_equal(feed(&u, init, sizeof init, 100), SALLY_E_OK);
        assert_int_equal(sally_session_id(sally_sftp_session(u.sftp)), wanted[i]);
        assert_int_equal(logged, wanted[i]);
        end(&u);
    }
    /* A program that was built before there was this member. */
    struct user u;
    sally_sftp_options old = {.struct_size = offsetof(sally_sftp_options, session_id),
                              .session_id = 9};
    start(&u, &old);
    assert_int_equal(sally_session_id(sally_sftp_session(u.sftp)), 1);
    end(&u);
}

static void an_engine_is_made_or_not(void **state)
{
    (void)state;
    struct store store;
    store_init(&store);
    sally_fs *fs = store_fs(&store, 0, 0);
    const sally_hooks hooks = {.struct_size = sizeof hooks};
    const sally_sftp_options options = {.struct_size = sizeof options,
                                        .user = "joe",
                                        .home = "x",
                                        .deny_requests = "stat",
                                        .hooks = &hooks,
                                        .hook_count = 1};
    sally_error error = SALLY_E_NO_MEMORY;
    for (unsigned nth = 1; error != SALLY_E_OK; nth++) {
        sally_sftp *sftp;
        alloc_fail_at(nth);
        error = sally_sftp_new(&sftp, fs, &options);
        bool struck = alloc_failed();
        assert_int_equal(error, struck ? SALLY_E_NO_MEMORY : SALLY_E_OK);
        assert_true(struck == (sftp == NULL));
        sally_sftp_free(sftp);
        assert_true(nth < 100);
    }
    sally_fs_unref(fs);
    store_clear(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_session),
        cmocka_unit_test(defaults_do),
        cmocka_unit_test(the_highest_version_can_be_set),
        cmocka_unit_test(a_broken_protocol_is_told),
        cmocka_unit_test(input_is_taken_as_it_is_answered),
        cmocka_unit_test(late_answers_wake),
        cmocka_unit_test(a_long_operation_is_done_in_pieces),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(log_lines_know_the_time_too),
        cmocka_unit_test(unknown_requests_are_refused),
        cmocka_unit_test(texts_are_copied_and_listings_know_the_time),
        cmocka_unit_test(other_threads_may_finish_even_after_the_end),
        cmocka_unit_test(the_engine_works_while_on_wake_runs),
        cmocka_unit_test(on_wake_is_over_when_the_engine_is_freed),
        cmocka_unit_test(what_is_left_open_is_lost),
        cmocka_unit_test(engines_have_the_numbers_they_were_given),
        cmocka_unit_test(an_engine_is_made_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
