/* A running server: start and stop, limits, orders, shutdown, and that nobody waits for somebody
 * else's storage. */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sallyport/fs.h"
#include "sallyport/storages.h"
#include "server/client.h"

enum { WRITE_CREATE = 0x2 | 0x8, READ = 0x1 };

static void nap(int ms)
{
    struct timespec t = {ms / 1000, (ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static sally_server *new_server(sally_fs *fs)
{
    sally_server *s;
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    sally_fs *memory = NULL;
    if (!fs)
        assert_int_equal(sally_fs_memory(&memory, 0), SALLY_E_OK);
    assert_int_equal(sally_server_add_user(s, "joe", "secret", fs ? fs : memory), SALLY_E_OK);
    sally_fs_unref(memory);
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_OK);
    return s;
}

static sally_counters counters_of(sally_server *s)
{
    sally_counters c = {.struct_size = sizeof c};
    assert_int_equal(sally_server_counters(s, &c), SALLY_E_OK);
    return c;
}

/* Until there are so many open connections. */
static void await_connections(sally_server *s, uint64_t count)
{
    for (int i = 0; i < 1000 && counters_of(s).connections_now != count; i++)
        nap(10);
    assert_int_equal(counters_of(s).connections_now, count);
}

static void finish(sally_server *s)
{
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
    assert_int_equal(sally_server_wait(s), SALLY_E_OK);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

/* ---- Life ---- */

static void starts_and_stops(void **state)
{
    (void)state;
    sally_server *s;
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    assert_int_equal(sally_server_free(s), SALLY_E_OK); /* never started */
    s = new_server(NULL);
    assert_int_equal(sally_server_wait(s), SALLY_E_STATE);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
    for (int i = 0; i < 5; i++) {
        s = new_server(NULL);
        assert_int_equal(sally_server_start(s), SALLY_E_OK);
        assert_int_equal(sally_server_start(s), SALLY_E_STATE);
        assert_int_equal(sally_server_poll(s, 0), SALLY_E_STATE);
        assert_int_equal(sally_server_set(s, "server.loops", "2"), SALLY_E_STATE);
        assert_int_equal(sally_server_set(s, "limits.connections", "5"), SALLY_E_OK);
        if (i & 1)
            assert_int_equal(sally_server_shutdown(s, 1000), SALLY_E_OK);
        assert_int_equal(sally_server_free(s), SALLY_E_OK); /* stops it first */
    }
    assert_int_equal(sally_server_free(NULL), SALLY_E_OK);
}

static void a_client_works(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    struct buf handle;
    client_open(&c, s, "joe", "secret");
    assert_true(client_open_file(&c, "/file", WRITE_CREATE, &handle));
    assert_int_equal(client_write(&c, &handle, 0, "hello", 5), 0);
    assert_int_equal(client_close_file(&c, &handle), 0);
    assert_int_equal(client_stat(&c, "/file"), 0);
    assert_int_equal(client_stat(&c, "/nothing"), 2);
    buf_clear(&handle);
    sally_counters n = counters_of(s);
    assert_int_equal(n.connections, 1);
    assert_int_equal(n.logins, 1);
    assert_int_equal(n.sessions_now, 1);
    assert_true(n.operations >= 4 && n.bytes_in > 1000 && n.bytes_out > 1000);
    assert_true(n.buffered_bytes_now >= 1u << 20);
    client_end(&c);
    await_connections(s, 0);
    n = counters_of(s);
    assert_int_equal(n.sessions_now, 0);
    assert_int_equal(n.files_now, 0);
    assert_int_equal(n.buffered_bytes_now, 0);
    finish(s);
}

static void wrong_logins_are_rejected_and_counted(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "limits.auth_attempts", "2"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_false(client_login(&c, "joe", "wrong"));
    assert_false(client_login(&c, "nobody", "secret"));
    assert_true(client_run(&c, client_is_over, 5000));
    client_end(&c);
    await_connections(s, 0);
    sally_counters n = counters_of(s);
    assert_int_equal(n.logins, 0);
    assert_int_equal(n.logins_rejected, 2);
    assert_int_equal(n.connections_unauthenticated_now, 0);
    finish(s);
}

static void without_users_nobody_gets_in(void **state)
{
    (void)state;
    sally_server *s;
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_false(client_login(&c, "joe", "secret"));
    client_end(&c);
    finish(s);
}

/* ---- Limits ---- */

static bool is_turned_away(sally_server *s)
{
    struct client c;
    if (!client_connect(&c, s, NULL))
        return true;
    bool in = client_login(&c, "joe", "secret");
    client_end(&c);
    return !in;
}

static void connections_are_limited(void **state)
{
    (void)state;
    static const char *const names[] = {"limits.connections", "limits.connections_per_address",
                                        "limits.connections_per_user"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        sally_server *s = new_server(NULL);
        assert_int_equal(sally_server_set(s, names[i], "2"), SALLY_E_OK);
        assert_int_equal(sally_server_start(s), SALLY_E_OK);
        struct client a, b;
        client_open(&a, s, "joe", "secret");
        client_open(&b, s, "joe", "secret");
        assert_true(is_turned_away(s));
        client_end(&a);
        await_connections(s, 1);
        assert_false(is_turned_away(s));
        client_end(&b);
        finish(s);
    }
}

static void unauthenticated_connections_are_limited(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "limits.unauthenticated", "1"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client a, b, late;
    client_open(&a, s, "joe", "secret"); /* logged in: does not count */
    assert_true(client_connect(&b, s, NULL));
    await_connections(s, 2);
    assert_true(client_connect(&late, s, NULL));
    assert_true(client_run(&late, client_is_over, 5000));
    client_end(&late);
    assert_int_equal(counters_of(s).connections_refused, 1);
    client_end(&b);
    client_end(&a);
    finish(s);
}

#define RACERS 12

static void *race(void *argument)
{
    sally_server *s = argument;
    struct client *c = mem_zalloc(sizeof *c);
    if (!client_connect(c, s, NULL) || !client_login(c, "joe", "secret")) {
        client_end(c);
        mem_free(c);
        return NULL;
    }
    return c;
}

/* S: more sessions than allowed, by connects that race. */
static void racing_logins_do_not_pass_the_limit(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "limits.connections_per_user", "1"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    pthread_t threads[RACERS];
    uint32_t in = 0;
    for (size_t i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, s), 0);
    struct client *winners[RACERS];
    for (size_t i = 0; i < RACERS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        if (result)
            winners[in++] = result;
    }
    assert_int_equal(in, 1);
    assert_int_equal(counters_of(s).logins, 1);
    client_end(winners[0]);
    mem_free(winners[0]);
    finish(s);
}

static void a_slow_login_ends(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "limits.login_time", "100ms"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_true(client_run(&c, client_is_over, 5000));
    client_end(&c);
    await_connections(s, 0);
    finish(s);
}

#define SLOW 100

/* S3: many that say nothing, and are ended by the clock together. */
static void many_slow_logins_end(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "limits.login_time", "300ms"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client *c = mem_array(SLOW, sizeof *c);
    for (size_t i = 0; i < SLOW; i++)
        assert_true(client_connect(&c[i], s, NULL));
    for (int i = 0; i < 100 && counters_of(s).connections < SLOW; i++)
        nap(10);
    assert_int_equal(counters_of(s).connections, SLOW);
    await_connections(s, 0);
    for (size_t i = 0; i < SLOW; i++)
        client_end(&c[i]);
    mem_free(c);
    finish(s);
}

/* ---- Log ---- */

struct lines {
    sally_server *server;
    _Atomic uint32_t count, now, most;
    char events[4096];
};

static void keep_line(void *user_data, const sally_log_line *line)
{
    struct lines *lines = user_data;
    uint32_t now = atomic_fetch_add(&lines->now, 1) + 1;
    if (now > atomic_load(&lines->most))
        atomic_store(&lines->most, now);
    atomic_fetch_add(&lines->count, 1);
    size_t used = strlen(lines->events);
    snprintf(lines->events + used, sizeof lines->events - used, "%s ", line->event);
    assert_true(line->time_ns > 1000000000u);
    /* It may call the server, even where that logs. */
    assert_true(sally_server_add_listener(lines->server, "sftp://127.0.0.1:0") <= SALLY_E_OK);
    atomic_fetch_sub(&lines->now, 1);
}

static void lines_come_one_at_a_time(void **state)
{
    (void)state;
    struct lines lines = {0};
    sally_server *s = new_server(NULL);
    lines.server = s;
    assert_int_equal(sally_server_set_log(s, keep_line, &lines, SALLY_LOG_INFO), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    assert_int_equal(sally_server_set_log(s, NULL, NULL, SALLY_LOG_INFO), SALLY_E_STATE);
    struct client c;
    client_open(&c, s, "joe", "secret");
    client_end(&c);
    await_connections(s, 0);
    finish(s);
    assert_int_equal(atomic_load(&lines.most), 1);
    static const char *const wanted[] = {"server.started ",  "connection.opened ",
                                         "auth.accepted ",   "connection.closed ",
                                         "server.stopping ", "server.ended "};
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        assert_non_null(strstr(lines.events, wanted[i]));
}

/* ---- Orders ---- */

struct seen {
    uint64_t id;
    uint32_t count, open_files;
    uint64_t done;
    char user[32], state[32], algorithms[256], activity[64];
};

static bool see(void *user_data, const sally_connection_info *info)
{
    struct seen *seen = user_data;
    seen->id = info->id;
    seen->count++;
    seen->open_files = info->open_files;
    snprintf(seen->user, sizeof seen->user, "%s", info->user);
    snprintf(seen->state, sizeof seen->state, "%s", info->state);
    snprintf(seen->algorithms, sizeof seen->algorithms, "%s", info->algorithms);
    snprintf(seen->activity, sizeof seen->activity, "%s", info->activity);
    seen->done = info->activity_done;
    assert_string_equal(info->peer->address, "127.0.0.1");
    return true;
}

static bool is_rekeyed(struct client *c)
{
    return c->keys_exchanged >= 2;
}

static void connections_are_walked_rekeyed_changed_and_ended(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    struct buf handle;
    client_open(&c, s, "joe", "secret");
    assert_true(client_open_file(&c, "/file", WRITE_CREATE, &handle));
    assert_int_equal(client_write(&c, &handle, 0, "hello", 5), 0);
    assert_int_equal(client_stat(&c, "/file"), 0);
    struct seen seen = {0};
    assert_int_equal(sally_server_walk(s, see, &seen), SALLY_E_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.user, "joe");
    assert_string_equal(seen.state, "open");
    assert_non_null(strstr(seen.algorithms, "ssh-ed25519"));
    assert_int_equal(seen.open_files, 1);
    assert_string_equal(seen.activity, "put /file");
    assert_int_equal(seen.done, 5);

    assert_int_equal(sally_server_rekey(s, seen.id), SALLY_E_OK);
    assert_true(client_run(&c, is_rekeyed, 5000));
    assert_int_equal(client_stat(&c, "/file"), 0);

    assert_int_equal(sally_server_set_connection(s, seen.id, "limits.loops", "1"),
                     SALLY_E_NOT_FOUND);
    assert_int_equal(sally_server_set_connection(s, seen.id, "server.loops", "1"),
                     SALLY_E_UNSUPPORTED);
    assert_int_equal(sally_server_set_connection(s, seen.id, "ssh.rekey_bytes", "1"),
                     SALLY_E_RANGE);
    assert_int_equal(sally_server_set_connection(s, seen.id + 1, "ssh.rekey_bytes", "64K"),
                     SALLY_E_NOT_FOUND);
    assert_int_equal(sally_server_set_connection(s, seen.id, "ssh.rekey_bytes", "64K"), SALLY_E_OK);
    static char data[100000];
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(client_write(&c, &handle, i * sizeof data, data, sizeof data), 0);
    assert_true(c.keys_exchanged >= 4);

    assert_int_equal(sally_server_disconnect(s, seen.id, "go away"), SALLY_E_OK);
    assert_true(client_run(&c, client_is_over, 5000));
    assert_string_equal(c.end_detail, "go away");
    await_connections(s, 0);
    assert_int_equal(sally_server_disconnect(s, seen.id, "go away"), SALLY_E_NOT_FOUND);
    assert_int_equal(sally_server_rekey(s, seen.id), SALLY_E_NOT_FOUND);
    assert_non_null(strstr(sally_server_error(s), "no connection"));
    buf_clear(&handle);
    client_end(&c);
    finish(s);
}

struct meddler {
    sally_server *server;
    _Atomic uint32_t befores, refused, walks, disconnected, reason;
};

static bool count_walk(void *user_data, const sally_connection_info *info)
{
    struct meddler *m = user_data;
    atomic_fetch_add(&m->walks, 1);
    return info->id != 0;
}

static sally_status meddle(void *user_data, sally_op *op)
{
    struct meddler *m = user_data;
    uint64_t id = sally_session_peer(op->session)->connection_id;
    atomic_fetch_add(&m->befores, 1);
    if (sally_server_free(m->server) == SALLY_E_BUSY &&
        sally_server_wait(m->server) == SALLY_E_BUSY)
        atomic_fetch_add(&m->refused, 1);
    (void)sally_server_walk(m->server, count_walk, m);
    (void)sally_server_rekey(m->server, id);
    (void)sally_server_set_connection(m->server, id, "limits.idle_time", "1h");
    if (op->path && strcmp(op->path, "/end") == 0)
        (void)sally_server_disconnect(m->server, id, "as you wish");
    return SALLY_CONTINUE;
}

static void note_end(void *user_data, const sally_peer *peer, uint32_t reason, const char *detail)
{
    (void)peer;
    (void)detail;
    struct meddler *m = user_data;
    atomic_store(&m->reason, reason);
    atomic_fetch_add(&m->disconnected, 1);
}

static void callbacks_may_call_everything(void **state)
{
    (void)state;
    for (uint32_t flags = 0; flags <= SALLY_HOOKS_NONBLOCKING; flags++) {
        struct meddler m = {0};
        sally_server *s = new_server(NULL);
        m.server = s;
        const sally_hooks hooks = {.struct_size = sizeof hooks,
                                   .flags = flags,
                                   .before_mask = SALLY_OP_BIT(SALLY_OP_STAT),
                                   .before = meddle,
                                   .disconnected = note_end,
                                   .user_data = &m};
        assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
        assert_int_equal(sally_server_start(s), SALLY_E_OK);
        struct client c;
        client_open(&c, s, "joe", "secret");
        assert_int_equal(client_stat(&c, "/"), 0);
        assert_int_equal(client_stat(&c, "/x"), 2);
        (void)client_stat(&c, "/end");
        assert_true(c.over || client_run(&c, client_is_over, 5000));
        assert_string_equal(c.end_detail, "as you wish");
        client_end(&c);
        await_connections(s, 0);
        assert_int_equal(atomic_load(&m.befores), 3);
        assert_int_equal(atomic_load(&m.refused), 3);
        assert_int_equal(atomic_load(&m.walks), 3);
        finish(s);
        assert_int_equal(atomic_load(&m.disconnected), 1);
        assert_int_equal(atomic_load(&m.reason), SALLY_END_BY_SERVER);
    }
}

static bool refuse(void *user_data, const sally_peer *peer)
{
    (void)user_data;
    return peer->port == 0;
}

static void a_hook_refuses_connections(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    const sally_hooks hooks = {.struct_size = sizeof hooks, .connection_requested = refuse};
    assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    assert_true(is_turned_away(s));
    await_connections(s, 0);
    assert_int_equal(counters_of(s).connections_refused, 1);
    finish(s);
}

/* ---- Storages that take their time ---- */

static sally_fs *slow_storage(uint32_t action, uint64_t ms, const char *path)
{
    sally_fs *memory, *fault;
    assert_int_equal(sally_fs_memory(&memory, 0), SALLY_E_OK);
    assert_int_equal(sally_fs_fault(&fault, memory), SALLY_E_OK);
    sally_fs_unref(memory);
    const sally_fault slow = {.struct_size = sizeof slow,
                              .kinds = SALLY_OP_BIT(SALLY_OP_STAT),
                              .action = action,
                              .amount = ms,
                              .path = path};
    assert_int_equal(sally_fs_fault_add(fault, &slow), SALLY_E_OK);
    return fault;
}

static void send_stat(struct client *c, const char *path)
{
    struct buf body;
    buf_init(&body, 256);
    put_text(&body, path);
    client_send(c, 17, &body);
    buf_clear(&body);
    (void)client_run(c, NULL, 20);
}

static void a_slow_storage_delays_no_other_session(void **state)
{
    (void)state;
    sally_fs *fs = slow_storage(SALLY_FAULT_DELAY, 1500, "/slow");
    sally_server *s = new_server(fs);
    sally_fs_unref(fs);
    assert_int_equal(sally_server_set(s, "server.loops", "1"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client slow[6], quick;
    client_open(&quick, s, "joe", "secret");
    for (size_t i = 0; i < COUNT_OF(slow); i++) {
        client_open(&slow[i], s, "joe", "secret");
        send_stat(&slow[i], "/slow");
    }
    uint64_t start = now_ms();
    assert_int_equal(client_stat(&quick, "/quick"), 2);
    assert_true(now_ms() - start < 1000);
    for (size_t i = 0; i < COUNT_OF(slow); i++) {
        struct buf reply;
        uint32_t id;
        buf_init(&reply, 4096);
        assert_int_equal(client_reply(&slow[i], &id, &reply, 10000), 101);
        buf_clear(&reply);
        client_end(&slow[i]);
    }
    client_end(&quick);
    finish(s);
}

/* The connection goes while the storage still owes its answer. */
static void late_answers_find_nobody(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 6; round++) {
        sally_fs *fs = slow_storage(SALLY_FAULT_LATE, 20 + round * 3, "/late");
        sally_server *s = new_server(fs);
        sally_fs_unref(fs);
        assert_int_equal(sally_server_start(s), SALLY_E_OK);
        struct client c[4];
        for (size_t i = 0; i < COUNT_OF(c); i++) {
            client_open(&c[i], s, "joe", "secret");
            send_stat(&c[i], "/late");
        }
        for (size_t i = 0; i < COUNT_OF(c); i++)
            client_end(&c[i]);
        if (round & 1)
            nap(10);
        finish(s);
    }
}

static void shutdown_waits_for_what_runs(void **state)
{
    (void)state;
    sally_fs *fs = slow_storage(SALLY_FAULT_DELAY, 600, "/slow");
    sally_server *s = new_server(fs);
    sally_fs_unref(fs);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client idle, busy, late;
    client_open(&idle, s, "joe", "secret");
    client_open(&busy, s, "joe", "secret");
    send_stat(&busy, "/slow");
    uint64_t start = now_ms();
    assert_int_equal(sally_server_shutdown(s, 8000), SALLY_E_OK);
    assert_true(client_run(&idle, client_is_over, 5000));
    assert_string_equal(idle.end_detail, "server is shutting down");
    struct buf reply;
    uint32_t id;
    buf_init(&reply, 4096);
    assert_int_equal(client_reply(&busy, &id, &reply, 5000), 101);
    assert_true(client_run(&busy, client_is_over, 5000));
    assert_int_equal(sally_server_wait(s), SALLY_E_OK);
    assert_true(now_ms() - start < 6000);
    assert_false(client_connect(&late, s, NULL));
    buf_clear(&reply);
    client_end(&idle);
    client_end(&busy);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void shutdown_ends_what_outlives_the_grace(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    struct buf handle;
    client_open(&c, s, "joe", "secret");
    assert_true(
        client_open_file(&c, "/file", WRITE_CREATE, &handle)); /* an open file is not idle */
    assert_int_equal(sally_server_shutdown(s, 60000), SALLY_E_OK);
    assert_false(client_run(&c, client_is_over, 200));
    assert_int_equal(sally_server_shutdown(s, 100), SALLY_E_OK);   /* shorter */
    assert_int_equal(sally_server_shutdown(s, 60000), SALLY_E_OK); /* never longer */
    assert_true(client_run(&c, client_is_over, 5000));
    assert_int_equal(sally_server_wait(s), SALLY_E_OK);
    buf_clear(&handle);
    client_end(&c);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

/* ---- Memory ---- */

/* With no memory left to promise, windows are small, but never so small that a request cannot pass.
 */
static void the_largest_request_passes_the_smallest_window(void **state)
{
    (void)state;
    static char data[255 * 1024];
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "limits.buffered_bytes", "1M"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c[8];
    struct buf handle;
    size_t count = 0;
    for (; count < COUNT_OF(c); count++) {
        assert_true(client_connect(&c[count], s, NULL));
        assert_true(client_login(&c[count], "joe", "secret"));
        if (!client_sftp(&c[count]))
            break; /* refused, not starved */
        assert_true(client_open_file(&c[count], "/file", WRITE_CREATE, &handle));
        for (uint64_t i = 0; i < 4; i++)
            assert_int_equal(client_write(&c[count], &handle, i * sizeof data, data, sizeof data),
                             0);
        assert_int_equal(client_close_file(&c[count], &handle), 0);
        buf_clear(&handle);
    }
    assert_in_range(count, 2, COUNT_OF(c) - 1);
    assert_true(counters_of(s).buffered_bytes_now <= 2u << 20);
    for (size_t i = 0; i <= count; i++)
        client_end(&c[i]);
    await_connections(s, 0);
    assert_int_equal(counters_of(s).buffered_bytes_now, 0);
    finish(s);
}

/* Asks for much and takes none of it. */
static void who_takes_nothing_is_ended(void **state)
{
    (void)state;
    static char data[255 * 1024];
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "limits.stall_time", "1s"), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "server.send_buffer", "16K"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    struct buf handle;
    client_open(&c, s, "joe", "secret");
    assert_true(client_open_file(&c, "/file", WRITE_CREATE | READ, &handle));
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(client_write(&c, &handle, i * sizeof data, data, sizeof data), 0);
    for (uint64_t i = 0; i < 64; i++) {
        struct buf body;
        buf_init(&body, 256);
        put_slice(&body, buf_slice(&handle));
        put_u64(&body, i % 8 * sizeof data);
        put_u32(&body, sizeof data);
        client_send(&c, 5, &body);
        buf_clear(&body);
    }
    (void)client_run(&c, NULL, 1);
    await_connections(s, 0); /* without another read of ours */
    buf_clear(&handle);
    client_end(&c);
    finish(s);
}

/* ---- Descriptors ---- */

static size_t open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t count = 0;
    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

static void aborted_connections_leave_nothing(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    client_open(&c, s, "joe", "secret");
    size_t before = open_descriptors();
    for (int i = 0; i < 200; i++) {
        struct client a;
        assert_true(client_connect(&a, s, NULL));
        if (i % 4 == 1)
            (void)client_run(&a, NULL, 2);
        if (i % 4 == 2)
            assert_int_equal(write(a.fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
        if (i % 8 == 3) {
            struct linger hard = {1, 0}; /* a reset, not an orderly end */
            setsockopt(a.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        }
        client_end(&a);
    }
    await_connections(s, 1);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(client_stat(&c, "/"), 0);
    client_end(&c);
    finish(s);
}

static void takes_over_sockets(void **state)
{
    (void)state;
    int pair[2];
    uint64_t id = 0;
    sally_server *s = new_server(NULL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(sally_server_adopt(s, pair[1], "gopher", &id), SALLY_E_UNSUPPORTED);
    close(pair[0]);
    for (int early = 0; early < 2; early++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        if (early)
            assert_int_equal(sally_server_start(s), SALLY_E_OK);
        assert_int_equal(sally_server_adopt(s, pair[1], "sftp", &id), SALLY_E_OK);
        assert_true(id > 0);
        if (!early)
            close(pair[0]); /* adopted before the start, and left */
    }
    struct client c;
    client_start(&c, pair[0], NULL);
    assert_true(client_login(&c, "joe", "secret"));
    assert_true(client_sftp(&c));
    assert_int_equal(client_stat(&c, "/"), 0);
    assert_int_equal(sally_server_disconnect(s, id, "bye"), SALLY_E_OK);
    assert_true(client_run(&c, client_is_over, 5000));
    client_end(&c);
    finish(s);
}

/* ---- Pump mode ---- */

static size_t thread_count(void)
{
    DIR *dir = opendir("/proc/self/task");
    size_t count = 0;
    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

static void pump_needs_no_thread_and_raises_no_signal(void **state)
{
    (void)state;
    assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    size_t threads = thread_count();
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_poll(s, 0), 1);
    assert_true(sally_server_fd(s) >= 0);
    assert_int_equal(sally_server_start(s), SALLY_E_STATE);
    for (int i = 0; i < 3; i++) {
        struct client c;
        struct buf handle;
        assert_true(client_connect(&c, s, s));
        assert_true(client_login(&c, "joe", "secret"));
        assert_true(client_sftp(&c));
        assert_true(client_open_file(&c, "/file", WRITE_CREATE, &handle));
        static char data[200000];
        assert_int_equal(client_write(&c, &handle, 0, data, sizeof data), 0);
        assert_int_equal(thread_count(), threads);
        /* Much is asked for, and nothing of it is taken: the peer is reset while we write. */
        for (int k = 0; k < 64; k++) {
            struct buf body;
            buf_init(&body, 256);
            put_slice(&body, buf_slice(&handle));
            put_u64(&body, 0);
            put_u32(&body, 200000);
            client_send(&c, 5, &body);
            buf_clear(&body);
        }
        c.pumped = NULL;
        (void)client_run(&c, NULL, 1);
        struct linger hard = {1, 0};
        setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        client_end(&c);
        for (int k = 0; k < 200 && counters_of(s).connections_now; k++)
            assert_int_equal(sally_server_poll(s, 10), 1);
        assert_int_equal(counters_of(s).connections_now, 0);
        buf_clear(&handle);
    }
    uint64_t start = now_ms();
    assert_int_equal(sally_server_poll(s, 50), 1);
    assert_true(now_ms() - start < 5000);
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
    int alive = 1;
    for (int k = 0; k < 100 && alive > 0; k++)
        alive = sally_server_poll(s, 10);
    assert_int_equal(alive, 0);
    assert_int_equal(sally_server_poll(s, 0), 0);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

/* Blocking storages go to workers when there may be some, in pump mode too. */
static void pump_may_have_workers(void **state)
{
    (void)state;
    sally_fs *fs = slow_storage(SALLY_FAULT_DELAY, 300, "/slow");
    sally_server *s = new_server(fs);
    sally_fs_unref(fs);
    assert_int_equal(sally_server_set(s, "server.workers", "4"), SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, s));
    assert_true(client_login(&c, "joe", "secret"));
    assert_true(client_sftp(&c));
    assert_int_equal(client_stat(&c, "/slow"), 2);
    client_end(&c);
    assert_int_equal(sally_server_free(s), SALLY_E_OK); /* not shut down before */
}

/* What the descriptor and the time-out say is enough for the program's own loop. */
static void pump_is_driven_by_its_descriptor(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_poll(s, 0), 1);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    bool done = false;
    ssh_client_login_password(c.ssh, "joe", "secret");
    for (int i = 0; i < 2000 && !done; i++) {
        (void)client_run(&c, NULL, 0);
        done = c.logged_in;
        struct pollfd p[2] = {{.fd = sally_server_fd(s), .events = POLLIN},
                              {.fd = c.fd, .events = POLLIN}};
        int wait = sally_server_timeout(s);
        int n = poll(p, 2, wait < 0 || wait > 1000 ? 1000 : wait);
        if (p[0].revents || n == 0 || wait == 0)
            assert_int_equal(sally_server_poll(s, 0), 1);
    }
    assert_true(done);
    client_end(&c);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_and_stops),
        cmocka_unit_test(a_client_works),
        cmocka_unit_test(wrong_logins_are_rejected_and_counted),
        cmocka_unit_test(without_users_nobody_gets_in),
        cmocka_unit_test(connections_are_limited),
        cmocka_unit_test(unauthenticated_connections_are_limited),
        cmocka_unit_test(racing_logins_do_not_pass_the_limit),
        cmocka_unit_test(a_slow_login_ends),
        cmocka_unit_test(many_slow_logins_end),
        cmocka_unit_test(lines_come_one_at_a_time),
        cmocka_unit_test(connections_are_walked_rekeyed_changed_and_ended),
        cmocka_unit_test(callbacks_may_call_everything),
        cmocka_unit_test(a_hook_refuses_connections),
        cmocka_unit_test(a_slow_storage_delays_no_other_session),
        cmocka_unit_test(late_answers_find_nobody),
        cmocka_unit_test(shutdown_waits_for_what_runs),
        cmocka_unit_test(shutdown_ends_what_outlives_the_grace),
        cmocka_unit_test(the_largest_request_passes_the_smallest_window),
        cmocka_unit_test(who_takes_nothing_is_ended),
        cmocka_unit_test(aborted_connections_leave_nothing),
        cmocka_unit_test(takes_over_sockets),
        cmocka_unit_test(pump_needs_no_thread_and_raises_no_signal),
        cmocka_unit_test(pump_may_have_workers),
        cmocka_unit_test(pump_is_driven_by_its_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
