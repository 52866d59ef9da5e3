#include "server/conn_session.h"

#include "base/mem.h"
#include "loop/workers.h"
#include "server/server.h"

/* A session with its engine, without what its requests need. */
#define SESSION_BYTES 16384u

static struct conn_session *session_of_host(struct session_host *host)
{
    return CONTAINER_OF(host, struct conn_session, host);
}

static struct conn_session *session_of_link(struct list *link)
{
    return CONTAINER_OF(link, struct conn_session, link);
}

/* ---- The session's host ---- */

static struct loop *loop_of(struct session_host *host)
{
    return &session_of_host(host)->conn->loop->loop;
}

static void host_offload(struct session_host *host, struct op *op)
{
    loop_offload(loop_of(host), op);
}

static void host_resume_later(struct session_host *host, struct op *op)
{
    struct loop *loop = loop_of(host);
    if (loop->workers)
        workers_resume(loop->workers, op);
    else
        loop_give_long_op(loop, op);
}

static void host_wake(struct session_host *host, struct op *op)
{
    /* Once it is in the inbox the session may end: nothing is touched after that. */
    loop_give_op(loop_of(host), op);
}

/* The resulting work is part of the connection's turn. */
static void host_deliver(struct session_host *host, struct op *op)
{
    struct conn *c = session_of_host(host)->conn;
    list_append(&c->completed_ops, &op->link);
    conn_make_ready(c);
}

static uint64_t host_now_ns(struct session_host *host)
{
    (void)host;
    return loop_now_ns();
}

/* ---- Life ---- */

static void update_numbers(struct conn_session *s, uint32_t files, uint32_t in_flight)
{
    conn_count_files(s->conn, files, s->files);
    conn_count_operations(s->conn, in_flight, s->in_flight);
    s->files = files;
    s->in_flight = in_flight;
}

static void on_closed(void *user_data)
{
    struct conn_session *s = user_data;
    struct conn *c = s->conn;
    counter_sub(&c->server->counters.sessions_now, 1);
    conn_count_sessions(c, -1);
    list_remove(&s->link);
    list_remove(&s->ready);
    local_account_release(&c->memory, s->charged);
    settings_unref(s->settings);
    s->methods->free(s);
    conn_make_ready(c); /* it may have been what a shutdown waits for */
    conn_unpin(c);
}

static sally_error make_session(struct conn_session *s, uint32_t allowed)
{
    struct conn *c = s->conn;
    const struct settings *set = s->settings;
    size_t bytes = set->limits.session_bytes;
    size_t largest = set->sftp.max_read + 64 * 1024;
    const struct session_options options = {
        .user = c->login.user,
        .home = c->login.home,
        .peer = &c->peer,
        .connection = &c->pub,
        .fs = c->login.fs,
        .login_data = c->login.data,
        .permissions = c->login.permissions,
        .denied = ~allowed,
        .id = atomic_fetch_add_explicit(&c->server->next_session_id, 1, memory_order_relaxed),
        .max_operations = set->limits.operations,
        .max_files = set->limits.open_files,
        .max_bytes = bytes > largest ? bytes : largest,
        .hooks = &c->server->hooks,
        .log = &c->server->log,
        .counters = &c->server->counters,
        .memory = &c->memory,
        .files = c->login.usage ? &c->login.usage->files : NULL,
    };
    return session_new(&s->session, &s->host, &options);
}

/* Those that wait for their storage's last answer count too, or one client could have any number of
 * them, each with a worker that is stuck. */
static bool has_room(const struct conn *c)
{
    uint32_t count = atomic_load_explicit(&c->facts.sessions, memory_order_relaxed);
    return count < c->settings->limits.channels;
}

bool conn_session_init(struct conn_session *s, struct conn *c, uint32_t allowed)
{
    list_init(&s->link);
    list_init(&s->ready);
    if (!has_room(c)) {
        conn_note_refused_channel(c, "limits.channels");
        return false;
    }
    const char *refusal = local_account_charge(&c->memory, SESSION_BYTES);
    if (refusal) {
        conn_note_refused_channel(c, refusal);
        return false;
    }
    s->charged = SESSION_BYTES;
    s->host = (struct session_host){.offload = host_offload,
                                    .resume_later = host_resume_later,
                                    .wake = host_wake,
                                    .deliver = host_deliver,
                                    .now_ns = host_now_ns,
                                    .yields = true,
                                    .turn = conn_turn_of(c),
                                    .lane = c->login.lane};
    s->conn = c;
    s->settings = settings_ref(c->settings);
    if (make_session(s, allowed) == SALLY_E_OK)
        return true;
    settings_unref(s->settings);
    local_account_release(&c->memory, s->charged);
    return false;
}

void conn_session_start(struct conn_session *s)
{
    struct conn *c = s->conn;
    list_append(&c->sessions, &s->link);
    conn_pin(c);
    conn_count_sessions(c, 1);
    counter_add(&c->server->counters.sessions_now, 1);
    conn_session_make_ready(s);
}

static void on_aborted(void *user_data)
{
    (void)user_data;
}

void conn_session_abort(struct conn_session *s)
{
    /* Nothing was done in it: it is gone at once. */
    session_close(s->session, SALLY_CLOSED_BY_SERVER, on_aborted, NULL);
    settings_unref(s->settings);
    local_account_release(&s->conn->memory, s->charged);
}

/* ---- The way to the end ---- */

void conn_session_make_ready(struct conn_session *s)
{
    if (list_empty(&s->ready))
        list_append(&s->conn->ready_sessions, &s->ready);
}

/* A client that was cut off expects its data to be written. */
static bool may_drain(const struct conn *c)
{
    return c->end_reason == 0 || c->end_reason == SALLY_END_BY_CLIENT ||
           c->end_reason == SALLY_END_LOST || c->end_reason == SALLY_END_TIMEOUT;
}

/* Its window is about to be released, but the data that came through it is still in memory. */
static bool start_draining(struct conn_session *s)
{
    struct conn *c = s->conn;
    if (!may_drain(c))
        return false;
    local_account_force(&c->memory, s->owed);
    s->charged += s->owed;
    session_drain(s->session);
    return true;
}

void conn_session_detach(struct conn_session *s)
{
    if (s->stage != CONN_SESSION_ATTACHED)
        return;
    /* The session ends when no engine is in the middle of something: conn_sessions_settle() */
    s->stage = start_draining(s) ? CONN_SESSION_DRAINING : CONN_SESSION_DETACHED;
    conn_session_make_ready(s);
}

void conn_session_finish(struct conn_session *s)
{
    s->is_finished = true;
    conn_session_make_ready(s);
}

static void end(struct conn_session *s)
{
    uint32_t reason = s->conn->end_reason;
    bool by_server = reason == SALLY_END_BY_SERVER;
    s->stage = CONN_SESSION_ENDING;
    list_remove(&s->ready);
    update_numbers(s, 0, 0);
    session_set_end_reason(s->session, reason ? reason : SALLY_END_BY_CLIENT);
    s->methods->end(s, by_server ? SALLY_CLOSED_BY_SERVER : SALLY_CLOSED_LOST, on_closed);
}

static void settle(struct conn_session *s)
{
    struct conn *c = s->conn;
    session_begin_turn(s->session);
    if (s->stage == CONN_SESSION_DRAINING && !may_drain(s->conn))
        s->stage = CONN_SESSION_DETACHED;
    if (s->stage == CONN_SESSION_ATTACHED && s->methods->flush)
        s->methods->flush(s);
    else if (s->stage == CONN_SESSION_DRAINING && s->methods->input_end)
        s->methods->input_end(s);
    /* Its files need not stay open until the peer has closed its side too; and requests received
     * before an engine failed are still completed. */
    if (s->is_finished && s->stage == CONN_SESSION_ATTACHED) {
        s->methods->detach(s);
        conn_session_detach(s);
    }
    uint32_t in_flight = session_in_flight(s->session);
    bool is_drained = s->stage == CONN_SESSION_DRAINING && s->is_finished && in_flight == 0;
    if (s->stage == CONN_SESSION_DETACHED || is_drained) {
        end(s);
        return;
    }
    update_numbers(s, session_file_count(s->session), in_flight);
    if (turn_is_over(conn_turn_of(c))) { /* there may be more to do */
        conn_session_make_ready(s);
        conn_make_ready(c);
    }
}

/* ---- All of a connection's ---- */

void conn_sessions_deliver(struct conn *c)
{
    struct turn *turn = conn_turn_of(c);
    struct list *item;
    while (!turn_is_over(turn) && (item = list_pop_first(&c->completed_ops)) != NULL) {
        struct op *op = CONTAINER_OF(item, struct op, link);
        turn_spend(turn, TURN_PACKET);
        conn_session_make_ready(session_of_host(session_host(op->pub.session)));
        session_deliver(op); /* it may be the session's last answer */
    }
    if (!list_empty(&c->completed_ops))
        conn_make_ready(c);
}

void conn_sessions_settle(struct conn *c)
{
    struct list now, *item;
    list_init(&now);
    list_move_all(&now, &c->ready_sessions);
    conn_pin(c);
    while ((item = list_pop_first(&now)) != NULL) {
        struct conn_session *s = CONTAINER_OF(item, struct conn_session, ready);
        if (s->stage != CONN_SESSION_ENDING)
            settle(s);
    }
    conn_unpin(c);
}

void conn_sessions_settle_all(struct conn *c)
{
    LIST_EACH (item, &c->sessions)
        conn_session_make_ready(session_of_link(item));
    conn_sessions_settle(c);
}

void conn_sessions_resume(struct conn *c)
{
    conn_pin(c);
    LIST_EACH (item, &c->sessions) {
        struct conn_session *s = session_of_link(item);
        if (s->stage == CONN_SESSION_ENDING)
            continue;
        session_resume(s->session);
        conn_session_make_ready(s);
    }
    conn_unpin(c);
}

void conn_sessions_interrupt(struct conn *c)
{
    LIST_EACH (item, &c->sessions)
        if (session_of_link(item)->stage != CONN_SESSION_ENDING)
            conn_session_make_ready(session_of_link(item));
}

void conn_sessions_permit(struct conn *c)
{
    LIST_EACH (item, &c->sessions) {
        struct conn_session *s = session_of_link(item);
        if (s->stage != CONN_SESSION_ENDING)
            sally_session_set_permissions(s->session, c->login.permissions);
    }
}

void conn_sessions_give_up(struct conn *c)
{
    LIST_EACH (item, &c->sessions) {
        struct conn_session *s = session_of_link(item);
        if (s->stage == CONN_SESSION_DRAINING)
            s->stage = CONN_SESSION_DETACHED;
        conn_session_make_ready(s);
    }
    conn_make_ready(c);
}

bool conn_sessions_are_draining(const struct conn *c)
{
    LIST_EACH (item, &c->sessions)
        if (session_of_link(item)->stage == CONN_SESSION_DRAINING)
            return true;
    return false;
}

void conn_sessions_trim(struct conn *c)
{
    LIST_EACH (item, &c->sessions) {
        struct conn_session *s = session_of_link(item);
        if (s->stage != CONN_SESSION_ENDING && s->methods->trim)
            s->methods->trim(s);
    }
}

bool conn_sessions_are_attached(const struct conn *c)
{
    LIST_EACH (item, &c->sessions)
        if (session_of_link(item)->stage == CONN_SESSION_ATTACHED)
            return true;
    return false;
}

bool conn_sessions_are_idle(const struct conn *c)
{
    LIST_EACH (item, &c->sessions) {
        const struct conn_session *s = session_of_link(item);
        if (s->stage == CONN_SESSION_ENDING || session_in_flight(s->session) ||
            session_file_count(s->session) || (s->is_busy && !s->is_finished))
            return false;
    }
    return true;
}
