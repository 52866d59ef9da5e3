/* Orders about single connections, from outside and from inside of callbacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/fixture.h"

struct seen {
    uint64_t id;
    uint32_t count, open_files;
    uint64_t done, size;
    char user[32], state[32], algorithms[256], activity[64];
};

static bool see(void *user_data, const sally_connection_info *info)
{
    struct seen *seen = user_data;
    assert_int_equal(info->struct_size, sizeof *info);
    seen->id = info->id;
    seen->count++;
    seen->open_files = info->open_files;
    snprintf(seen->user, sizeof seen->user, "%s", info->user);
    snprintf(seen->state, sizeof seen->state, "%s", info->state);
    snprintf(seen->algorithms, sizeof seen->algorithms, "%s", info->algorithms);
    snprintf(seen->activity, sizeof seen->activity, "%s", info->activity);
    seen->done = info->activity_done;
    seen->size = info->activity_size;
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
    assert_int_equal(sally_server_each_connection(s, see, &seen), SALLY_E_OK);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.user, "joe");
    assert_string_equal(seen.state, "open");
    assert_non_null(strstr(seen.algorithms, "ssh-ed25519"));
    assert_int_equal(seen.open_files, 1);
    assert_string_equal(seen.activity, "put /file");
    assert_int_equal(seen.done, 5);
    assert_int_equal(seen.size, 0); /* no one knows how much is to come */
    /* Now that someone looks, the size of what is read is asked for. */
    struct buf reading;
    assert_true(client_open_file(&c, "/file", READ, &reading));
    assert_int_equal(client_stat(&c, "/file"), 0);
    assert_int_equal(sally_server_each_connection(s, see, &seen), SALLY_E_OK);
    assert_string_equal(seen.activity, "get /file");
    assert_int_equal(seen.size, 5);
    buf_clear(&reading);

    assert_int_equal(sally_server_rekey(s, seen.id), SALLY_E_OK);
    assert_true(client_run(&c, is_rekeyed, 5000));
    assert_int_equal(client_stat(&c, "/file"), 0);

    assert_int_equal(sally_server_set_connection(s, seen.id, "limits.loops", "1"),
                     SALLY_E_NOT_FOUND);
    assert_int_equal(sally_server_set_connection(s, seen.id, "server.loops", "1"),
                     SALLY_E_UNSUPPORTED);
    assert_string_equal(sally_server_error(s), "server.loops cannot be set per connection");
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

static void note_refusal(void *user_data, const sally_log_line *line)
{
    _Atomic uint32_t *refusals = user_data;
    if (strcmp(line->event, "settings.refused") == 0 &&
        strcmp(line->message, "ssh.commands: the list would be empty") == 0)
        atomic_fetch_add(refusals, 1);
}

/* What a change leaves is known only where the connection is. */
static void a_change_that_empties_a_list_is_refused(void **state)
{
    (void)state;
    _Atomic uint32_t refusals = 0;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set_log(s, note_refusal, &refusals, SALLY_LOG_INFO), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    struct seen seen = {0};
    client_open(&c, s, "joe", "secret");
    assert_int_equal(sally_server_each_connection(s, see, &seen), SALLY_E_OK);
    assert_int_equal(sally_server_set_connection(s, seen.id, "ssh.commands", "-*"), SALLY_E_OK);
    assert_int_equal(client_stat(&c, "/"), 0);
    for (int i = 0; i < 500 && atomic_load(&refusals) == 0; i++)
        nap(10);
    assert_int_equal(atomic_load(&refusals), 1);
    /* It is not kept: what is set later is not refused because of it. */
    assert_int_equal(sally_server_set_connection(s, seen.id, "ssh.rekey_bytes", "64K"), SALLY_E_OK);
    static char data[100000];
    struct buf handle;
    assert_true(client_open_file(&c, "/file", WRITE_CREATE, &handle));
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(client_write(&c, &handle, i * sizeof data, data, sizeof data), 0);
    assert_true(c.keys_exchanged >= 3);
    assert_int_equal(atomic_load(&refusals), 1);
    buf_clear(&handle);
    client_end(&c);
    finish(s);
}

/* The order travels to the connection's loop. */
static bool becomes(struct client *c, const struct buf *handle, int status)
{
    int now = -1;
    for (int i = 0; i < 10000 && now != status; i++)
        now = client_write(c, handle, 0, "x", 1);
    return now == status;
}

static void permissions_reach_running_sessions(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c, other;
    struct buf handle, kept;
    client_open(&c, s, "joe", "secret");
    struct seen seen = {0};
    assert_int_equal(sally_server_each_connection(s, see, &seen), SALLY_E_OK);
    client_open(&other, s, "joe", "secret");
    assert_true(client_open_file(&c, "/file", WRITE_CREATE, &handle));
    assert_true(client_open_file(&other, "/other", WRITE_CREATE, &kept));
    assert_int_equal(client_write(&c, &handle, 0, "hello", 5), 0);
    assert_int_equal(sally_server_set_permissions(s, seen.id, SALLY_MAY_VIEW), SALLY_E_OK);
    assert_true(becomes(&c, &handle, SALLY_PERMISSION_DENIED));
    assert_int_equal(client_stat(&c, "/file"), 0);
    assert_int_equal(client_write(&other, &kept, 0, "hello", 5), 0); /* the same user's */

    /* Those that the connection opens later have them, too. */
    struct ssh_channel *first = c.channel;
    struct buf none;
    assert_true(client_sftp(&c));
    assert_false(client_open_file(&c, "/new", WRITE_CREATE, &none));
    assert_int_equal(client_stat(&c, "/file"), 0);
    buf_clear(&none);
    c.channel = first;
    assert_int_equal(sally_server_set_permissions(s, seen.id, SALLY_MAY_ALL), SALLY_E_OK);
    assert_true(becomes(&c, &handle, 0));
    assert_int_equal(sally_server_set_permissions(s, 4711, 0), SALLY_E_NOT_FOUND);
    assert_int_equal(sally_server_set_permissions(NULL, seen.id, 0), SALLY_E_INVALID);
    buf_clear(&handle);
    buf_clear(&kept);
    client_end(&c);
    client_end(&other);
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
    (void)sally_server_each_connection(m->server, count_walk, m);
    (void)sally_server_rekey(m->server, id);
    (void)sally_server_set_connection(m->server, id, "limits.idle_time", "1h");
    if (op->path && strcmp(op->path, "/end") == 0)
        (void)sally_server_disconnect(m->server, id, "as you wish");
    return SALLY_CONTINUE;
}

static void note_end(void *user_data, sally_connection *connection, uint32_t reason,
                     const char *detail)
{
    (void)connection;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_walked_rekeyed_changed_and_ended),
        cmocka_unit_test(a_change_that_empties_a_list_is_refused),
        cmocka_unit_test(permissions_reach_running_sessions),
        cmocka_unit_test(callbacks_may_call_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
