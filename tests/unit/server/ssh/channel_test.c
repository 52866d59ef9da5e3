/* Sessions on a connection's channels: how many there may be, whatever their storage does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sallyport/file.h"
#include "sallyport/hooks.h"
#include "sallyport/storages.h"
#include "server/fixture.h"

enum { FXP_STAT = 17, CHANNELS = 3 };

/* Like a file system on a network that is down: no one can tell it that its answer is not awaited
 * any longer. */
struct stuck {
    atomic_bool free;
    atomic_uint inside;
    atomic_uint refused; /* told of as problems */
};

static sally_status be_stuck(void *user_data, sally_op *op)
{
    struct stuck *s = user_data;
    (void)op;
    s->inside++;
    while (!s->free)
        nap(5);
    return SALLY_CONTINUE;
}

static void note_problem(void *user_data, sally_connection *connection,
                         const sally_problem *problem)
{
    struct stuck *s = user_data;
    (void)connection;
    /* That the client closes its socket is a problem, too, where that is seen in time. */
    if (problem->stage == SALLY_STAGE_OPEN && problem->code == SALLY_E_LIMIT &&
        strcmp(problem->text, "limits.channels") == 0)
        s->refused++;
}

static bool is_channel_gone(struct client *c)
{
    return c->channel_gone || c->over;
}

static bool reopen(struct client *c)
{
    c->channel_gone = false;
    return client_sftp(c);
}

static void leave(struct client *c)
{
    ssh_channel_finish(c->channel, 0);
    assert_true(client_run(c, is_channel_gone, 5000));
}

static bool open_and_leave_stuck(struct client *c, struct stuck *s, uint32_t count)
{
    struct buf body;
    if (!reopen(c))
        return false;
    buf_init(&body, 64);
    put_text(&body, "/");
    client_send(c, FXP_STAT, &body);
    buf_clear(&body);
    for (int i = 0; i < 1000 && s->inside < count; i++)
        client_run(c, NULL, 5);
    assert_int_equal(s->inside, count);
    leave(c);
    return true;
}

static void sessions_that_cannot_end_count(void **state)
{
    (void)state;
    struct stuck stuck = {false, 0, 0};
    const sally_hooks hooks = {.struct_size = sizeof hooks,
                               .before_mask = SALLY_OP_BIT(SALLY_OP_STAT),
                               .before = be_stuck,
                               .problem = note_problem,
                               .user_data = &stuck};
    sally_server *s;
    sally_fs *memory;
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    assert_int_equal(sally_fs_memory(&memory, 0), SALLY_E_OK);
    assert_int_equal(sally_server_add_user(s, "joe", "secret", memory), SALLY_E_OK);
    sally_fs_unref(memory);
    assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "limits.channels", "3"), SALLY_E_OK);
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);

    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_true(client_login(&c, "joe", "secret"));
    for (uint32_t i = 1; i <= CHANNELS; i++)
        assert_true(open_and_leave_stuck(&c, &stuck, i));
    assert_false(reopen(&c));
    assert_false(c.over); /* the channel was opened, and stays without a subsystem */
    assert_int_equal(stuck.refused, 1);
    stuck.free = true;
    bool again = false;
    for (int i = 0; i < 1000 && !again; i++) {
        nap(5);
        leave(&c);
        again = reopen(&c);
    }
    assert_true(again);
    client_end(&c);
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
    assert_int_equal(sally_server_wait(s), SALLY_E_OK);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

/* Where there is no room for a window, the channel is refused. */
static void windows_keep_to_their_bound(void **state)
{
    (void)state;
    sally_server *s;
    sally_fs *memory;
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    assert_int_equal(sally_fs_memory(&memory, 0), SALLY_E_OK);
    assert_int_equal(sally_server_add_user(s, "joe", "secret", memory), SALLY_E_OK);
    sally_fs_unref(memory);
    assert_int_equal(sally_server_set(s, "limits.memory_per_user", "1M"), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "limits.channels", "1000"), SALLY_E_OK);
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    assert_true(client_login(&c, "joe", "secret"));
    uint32_t channels = 0;
    while (channels < 100 && client_sftp(&c))
        channels++;
    assert_in_range(channels, 1, 15); /* 64 KiB each, at first */
    sally_counters n = {.struct_size = sizeof n};
    assert_int_equal(sally_server_counters(s, &n), SALLY_E_OK);
    assert_true(n.memory_now <= 1 << 20);
    client_end(&c);
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
    assert_int_equal(sally_server_wait(s), SALLY_E_OK);
    assert_int_equal(sally_server_counters(s, &n), SALLY_E_OK);
    assert_int_equal(n.memory_now, 0);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

/* ---- Files that the client leaves open ---- */

static sally_status note_reason(void *user_data, sally_op *op)
{
    sally_file_facts facts;
    sally_file_get_facts(op->file, &facts);
    *(atomic_uint *)user_data = facts.close_reason;
    return op->status;
}

static void leave_by_channel_close(struct client *c)
{
    ssh_channel_finish(c->channel, 0);
}

static void leave_by_disconnect(struct client *c)
{
    ssh_disconnect(c->ssh, "bye");
}

static void leave_by_hanging_up(struct client *c)
{
    shutdown(c->fd, SHUT_RDWR);
}

static void leave_after_close(struct client *c)
{
    ssh_channel_finish(c->channel, 0);
}

static void an_upload_that_is_cut_looks_cut(void **state)
{
    (void)state;
    static void (*const ways[])(struct client * c) = {leave_by_channel_close, leave_by_disconnect,
                                                      leave_by_hanging_up, leave_after_close};
    atomic_uint reason = 0;
    const sally_hooks hooks = {.struct_size = sizeof hooks,
                               .after_mask = SALLY_OP_BIT(SALLY_OP_CLOSE),
                               .after = note_reason,
                               .user_data = &reason};
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct client c;
        struct buf handle;
        client_open(&c, s, "joe", "secret");
        assert_true(client_open_file(&c, "/cut", WRITE_CREATE, &handle));
        assert_int_equal(client_write(&c, &handle, 0, "half", 4), 0);
        if (ways[i] == leave_after_close)
            assert_int_equal(client_close_file(&c, &handle), 0);
        ways[i](&c);
        (void)client_run(&c, is_channel_gone, 5000);
        client_end(&c);
        await_connections(s, 0);
        for (int t = 0; t < 1000 && counters_of(s).files_now; t++)
            nap(5);
        assert_int_equal(reason,
                         ways[i] == leave_after_close ? SALLY_CLOSED_BY_CLIENT : SALLY_CLOSED_LOST);
        buf_clear(&handle);
    }
    finish(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_that_cannot_end_count),
        cmocka_unit_test(windows_keep_to_their_bound),
        cmocka_unit_test(an_upload_that_is_cut_looks_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
