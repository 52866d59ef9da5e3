/* Sessions of a connection, from their start to the last answer of their storage. */
#include <unistd.h>

#include "cmocka_all.h"

#include "base/mem.h"
#include "server/conn_session.h"
#include "server/fixture.h"
#include "server/puppet_line.h"
#include "server/server.h"

/* Late enough that what a test does before the answer has been done, on a busy machine, too. */
#define LATE_MS      1500
#define VERY_LATE_MS 4000

/* An engine that asks one question. */
struct asker {
    struct conn_session session;
    unsigned flushes, ends_of_input;
    bool is_answered, is_ended;
    sally_status status;
};

static struct puppet_show show;
static struct asker *asker;
static unsigned freed;
static bool was_answered; /* when it was told to end */
static uint32_t end_reason;

static struct asker *asker_of(struct conn_session *s)
{
    return CONTAINER_OF(s, struct asker, session);
}

static void on_done(struct op *op)
{
    struct asker *a = op->owner;
    a->is_answered = true;
    a->status = op->pub.status;
    op_free(op);
    if (!a->is_ended)
        conn_session_finish(&a->session);
}

static void flush(struct conn_session *s)
{
    asker_of(s)->flushes++;
}

static void input_end(struct conn_session *s)
{
    asker_of(s)->ends_of_input++;
}

static void detach(struct conn_session *s)
{
    (void)s;
}

static void end(struct conn_session *s, uint32_t reason, void (*on_closed)(void *user_data))
{
    asker_of(s)->is_ended = true;
    was_answered = asker_of(s)->is_answered;
    session_close(s->session, reason, on_closed, s);
}

static void free_asker(struct conn_session *s)
{
    freed++;
    mem_free(asker_of(s));
}

static const struct conn_session_methods methods = {
    .flush = flush, .input_end = input_end, .detach = detach, .end = end, .free = free_asker};

static sally_status note_end(void *user_data, sally_op *op)
{
    (void)user_data;
    end_reason = op->u.session.reason;
    return SALLY_CONTINUE;
}

/* A connection whose user is logged in, with a session that asks a storage which answers late. */
static void begin(uint64_t late_ms)
{
    puppet_open(&show, NULL);
    struct conn *c = show.puppet->conn;
    freed = 0;
    const sally_hooks hooks = {.struct_size = sizeof hooks,
                               .flags = SALLY_HOOKS_NONBLOCKING,
                               .before_mask = SALLY_OP_BIT(SALLY_OP_SESSION_END),
                               .before = note_end};
    assert_int_equal(hook_stack_add(&c->server->hooks, &hooks), SALLY_E_OK);
    c->login.user = mem_strdup("joe");
    c->login.home = mem_strdup("/");
    c->login.fs = slow_storage(SALLY_FAULT_LATE, late_ms, "/plan");
    c->login.permissions = SALLY_MAY_ALL;
    conn_logged_in(c);
    asker = mem_zalloc(sizeof *asker);
    asker->session.methods = &methods;
    assert_true(conn_session_init(&asker->session, c, SALLY_MAY_ALL));
    conn_session_start(&asker->session);
    struct op *first = op_new(asker->session.session, SALLY_OP_SESSION_START);
    first->pub.path = "/";
    first->on_done = op_free;
    op_submit(first);
    struct op *op = op_new(asker->session.session, SALLY_OP_STAT);
    assert_int_equal(op_set_raw_path(op, slice_of("/plan")), SALLY_OK);
    op->owner = asker;
    op->on_done = on_done;
    op_submit(op);
    assert_false(asker->is_answered);
}

static bool pump_until_freed(void)
{
    return puppet_pump_until(&show, &freed, 1);
}

static void a_finished_engine_is_detached_and_ended(void **state)
{
    (void)state;
    begin(LATE_MS);
    conn_make_ready(show.puppet->conn);
    puppet_pump(&show, 2);
    assert_int_equal(asker->session.stage, CONN_SESSION_ATTACHED);
    assert_int_equal(atomic_load(&show.puppet->conn->facts.sessions), 1);
    assert_true(pump_until_freed());
    assert_true(was_answered);
    assert_int_equal(end_reason, SALLY_END_BY_CLIENT);
    assert_int_equal(atomic_load(&show.puppet->conn->facts.sessions), 0);
    assert_int_equal(atomic_load(&show.puppet->conn->facts.operations), 0);
    puppet_close(&show);
}

/* The client is gone: what it asked for is done, and no one learns of it. */
static void a_client_that_hangs_up_leaves_a_drain(void **state)
{
    (void)state;
    begin(LATE_MS);
    close(show.theirs);
    show.theirs = -1;
    for (int i = 0; i < 100 && !show.puppet->is_freed; i++)
        puppet_pump(&show, 1);
    assert_true(show.puppet->is_freed);
    conn_session_detach(&asker->session); /* as a line does when it is freed */
    assert_int_equal(asker->session.stage, CONN_SESSION_DRAINING);
    assert_true(pump_until_freed());
    assert_true(was_answered);
    puppet_close(&show);
}

/* Its channel's window has been given back, but what came through it is still there. */
static void what_a_drain_still_has_to_do_stays_charged(void **state)
{
    (void)state;
    begin(LATE_MS);
    struct conn *c = show.puppet->conn;
    uint64_t before = c->memory.used;
    asker->session.owed = 5000;
    conn_session_detach(&asker->session);
    assert_int_equal(asker->session.stage, CONN_SESSION_DRAINING);
    assert_int_equal(c->memory.used, before + 5000);
    conn_pin(c);
    assert_true(pump_until_freed());
    assert_true(c->memory.used < before);
    conn_unpin(c);
    puppet_close(&show);
}

/* Also where the account is full: its window, which made it so, is released next. */
static void a_full_account_does_not_stop_a_drain(void **state)
{
    (void)state;
    begin(LATE_MS);
    struct conn *c = show.puppet->conn;
    c->memory.limit = c->memory.used + 4999;
    asker->session.owed = 5000;
    conn_session_detach(&asker->session);
    assert_int_equal(asker->session.stage, CONN_SESSION_DRAINING);
    assert_true(pump_until_freed());
    assert_true(was_answered);
    puppet_close(&show);
}

/* The engine was over, with words left to send, when the grace of a shutdown ended; then the socket
 * breaks. What drains now is not waited for. */
static void a_drain_that_begins_after_the_grace_has_no_time(void **state)
{
    (void)state;
    begin(VERY_LATE_MS);
    struct puppet *p = show.puppet;
    struct conn *c = p->conn;
    for (int i = 0; i < 10000 && !c->socket.is_blocked; i++) {
        p->output_size = sizeof p->output;
        conn_make_ready(c);
        puppet_pump(&show, 1);
    }
    assert_true(c->socket.is_blocked);
    p->is_over = true;
    conn_line_ended(c, SALLY_END_BY_CLIENT, "bye");
    loop_drain(&c->loop->loop, loop_now_ns());
    puppet_pump(&show, 4);
    assert_false(p->is_freed);
    close(show.theirs);
    show.theirs = -1;
    conn_session_detach(&asker->session);
    assert_int_equal(asker->session.stage, CONN_SESSION_DRAINING);
    assert_true(pump_until_freed());
    assert_false(was_answered); /* the end did not wait for the answer, only its memory did */
    puppet_close(&show);
}

/* What ends the connection ends its sessions. */
static void a_session_ends_for_the_connections_reason(void **state)
{
    (void)state;
    static const uint32_t reasons[] = {SALLY_END_BY_SERVER, SALLY_END_LOST, SALLY_END_TIMEOUT,
                                       SALLY_END_PROTOCOL, SALLY_END_BY_CLIENT};
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        begin(LATE_MS / 10);
        show.puppet->conn->end_reason = reasons[i];
        conn_session_detach(&asker->session);
        assert_true(pump_until_freed());
        assert_int_equal(end_reason, reasons[i]);
        puppet_close(&show);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finished_engine_is_detached_and_ended),
        cmocka_unit_test(a_client_that_hangs_up_leaves_a_drain),
        cmocka_unit_test(a_session_ends_for_the_connections_reason),
        cmocka_unit_test(what_a_drain_still_has_to_do_stays_charged),
        cmocka_unit_test(a_full_account_does_not_stop_a_drain),
        cmocka_unit_test(a_drain_that_begins_after_the_grace_has_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
