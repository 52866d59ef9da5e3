/* A connection's turns: from the socket to the engine, and back. */
#include <errno.h>

#include "base/number.h"
#include "core/counters.h"
#include "os/socket.h"
#include "server/conn_session.h"
#include "server/login.h"
#include "server/server.h"

/* Bytes moved in either direction before others get a turn. */
#define TURN_BYTES ((size_t)1 << 20)
/* A connection without traffic frees its buffers after this. */
#define TRIM_NS UINT64_C(1000000000)
/* How long the remaining output may take once it has ended. */
#define FAREWELL_NS UINT64_C(5000000000)

/* ---- The poll handle ---- */

/* Before login: nothing more is read while a key exchange is computed or a login awaits its answer;
 * and at any time while a hook's answer is awaited. A client that disconnects then does not need
 * the result. */
static bool is_waiting_for_us(const struct conn *c)
{
    return c->socket.is_starved && (atomic_load(&c->stage) < CONN_OPEN || hook_question_is_open(c));
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct conn *c = poll->data;
    if (status < 0) {
        /* libuv has stopped watching; the next recv() or send() says what is wrong. */
        c->socket.interest = 0;
        c->socket.is_readable = true;
        c->socket.is_blocked = false;
    }
    if (events & UV_DISCONNECT || (status < 0 && is_waiting_for_us(c)))
        c->socket.has_hung_up = true;
    if (events & UV_READABLE)
        c->socket.is_readable = true;
    if (events & UV_WRITABLE)
        c->socket.is_blocked = false;
    conn_make_ready(c);
}

static void watch(struct conn *c, int interest)
{
    if (!c->socket.has_poll || interest == c->socket.interest)
        return;
    c->socket.interest = interest;
    c->loop->loop.watchers_changed = true;
    if (interest == 0)
        uv_poll_stop(&c->socket.poll);
    else
        uv_poll_start(&c->socket.poll, interest, on_poll);
}

sally_error conn_open_socket(struct conn *c)
{
    if (uv_poll_init(&c->loop->loop.uv, &c->socket.poll, c->socket.fd) != 0)
        return SALLY_E_SYSTEM;
    c->socket.poll.data = c;
    c->socket.has_poll = true;
    c->socket.segment = os_segment(c->socket.fd);
    conn_pin(c);
    watch(c, UV_READABLE);
    return SALLY_E_OK;
}

void conn_make_ready(struct conn *c)
{
    loop_member_make_ready(&c->member);
}

struct turn *conn_turn_of(const struct conn *c)
{
    return &c->loop->loop.turns.turn;
}

void conn_due(struct loop_member *m)
{
    struct conn *c = CONTAINER_OF(m, struct conn, member);
    c->is_due = true;
    conn_make_ready(c);
}

/* ---- Reading ---- */

static void add(_Atomic uint64_t *fact, uint64_t amount)
{
    uint64_t old = atomic_load_explicit(fact, memory_order_relaxed); /* we are the only writer */
    atomic_store_explicit(fact, old + amount, memory_order_relaxed);
}

static bool line_is_over(const struct conn *c)
{
    return c->line->methods->is_over(c->line);
}

static struct slice output(struct conn *c)
{
    return c->line->methods->output(c->line);
}

static uint64_t line_deadline(const struct conn *c)
{
    return c->line->methods->deadline ? c->line->methods->deadline(c->line) : UINT64_MAX;
}

static void note_end_of_input(struct conn *c)
{
    /* A client that disappears during a session was cut off. */
    if (c->end_reason == 0 && !line_is_over(c) && conn_sessions_are_attached(c))
        c->end_reason = SALLY_END_LOST;
    c->socket.has_eof = true;
    c->line->methods->input_end(c->line);
}

static void note_input(struct conn *c, size_t size, uint64_t now_ns)
{
    c->socket.owes_ack = size <= c->socket.segment; /* for more, TCP delays nothing */
    c->line->methods->input(c->line, size);
    c->moved_bytes += size;
    add(&c->facts.bytes_in, size);
    counter_add(&c->server->counters.bytes_in, size);
    atomic_store_explicit(&c->facts.last_input_ns, now_ns, memory_order_relaxed);
}

/* Right after the call that failed. */
static void note_broken(struct conn *c)
{
    if (!c->socket.is_broken)
        c->socket.error = errno;
    c->socket.is_broken = true;
}

/* One read into the engine's own buffer. Returns the bytes it brought. */
static size_t receive(struct conn *c, uint64_t now_ns)
{
    uint8_t *room;
    size_t size = c->line->methods->input_room(c->line, &room), got = 0;
    c->socket.is_starved = size == 0;
    if (size > 0 && !c->socket.is_broken) { /* otherwise only the remaining bytes are there */
        size = conn_rate_allow(c, DIRECTION_IN, size, now_ns);
        c->is_rate_reached[DIRECTION_IN] = size == 0;
    }
    if (size == 0)
        return 0;
    switch (c->stream.methods->receive(&c->stream, room, size, &got)) {
    case STREAM_OK:
        /* A short read has emptied the socket: the poll says when there is more. */
        c->socket.is_readable = got == size || c->stream.methods->has_pending(&c->stream);
        note_input(c, got, now_ns);
        conn_rate_charge(c, DIRECTION_IN, got, now_ns);
        return got;
    case STREAM_EOF:
        c->socket.is_readable = false;
        note_end_of_input(c);
        return 0;
    case STREAM_BROKEN:
        note_broken(c);
        break;
    default:
        break;
    }
    c->socket.is_readable = false;
    return 0;
}

/* ---- Writing ---- */

static void run_line(struct conn *c)
{
    c->is_behind = c->line->methods->run(c->line, loop_now_ns());
    if (c->is_behind)
        conn_make_ready(c);
}

/* Sends what is ready, and has the engine make more ready, until the socket takes no more. */
static void transmit(struct conn *c, size_t *budget)
{
    struct conn_socket *socket = &c->socket;
    struct slice out;
    while (!socket->is_blocked && !socket->is_broken && *budget > 0 && (out = output(c)).size > 0) {
        size_t sent = 0, size = conn_rate_allow(c, DIRECTION_OUT, out.size, loop_now_ns());
        c->is_rate_reached[DIRECTION_OUT] = size == 0;
        if (size == 0)
            return;
        enum stream_state state = c->stream.methods->send(&c->stream, out.data, size, &sent);
        if (state != STREAM_OK) {
            socket->is_blocked = state == STREAM_AGAIN;
            if (!socket->is_blocked)
                note_broken(c);
            return;
        }
        c->active_ns = c->loop->heap_trim.moved_ns = loop_now_ns();
        progress_note(&c->progress, sent, c->active_ns);
        socket->owes_ack = false;
        conn_rate_charge(c, DIRECTION_OUT, sent, c->active_ns);
        socket->is_blocked = sent < size;
        c->moved_bytes += sent;
        *budget -= *budget < sent ? *budget : sent;
        add(&c->facts.bytes_out, sent);
        counter_add(&c->server->counters.bytes_out, sent);
        c->line->methods->output_sent(c->line, sent);
        run_line(c);
    }
}

/* ---- Turns ---- */

static uint64_t patience(const struct conn *c)
{
    return line_is_over(c) ? FAREWELL_NS : c->settings->limits.stall_ns;
}

static uint64_t next_deadline(struct conn *c)
{
    uint64_t at = min_u64(line_deadline(c), login_deadline(c));
    at = min_u64(at, conn_memory_deadline(c));
    at = min_u64(at, c->rate_until_ns);
    if (output(c).size > 0)
        at = min_u64(at, progress_deadline(&c->progress, patience(c)));
    if (!c->is_trimmed)
        at = min_u64(at, c->active_ns + TRIM_NS);
    return at;
}

/* A deadline that is too early costs one look at the clock; moving it every time costs more. */
static void set_deadline(struct conn *c)
{
    uint64_t at = next_deadline(c);
    if (at < c->member.deadline.at_ns)
        loop_member_set_deadline(&c->member, at);
}

/* False: it has ended. */
static bool meet_deadline(struct conn *c)
{
    c->is_due = false;
    uint64_t now = loop_now_ns();
    if (output(c).size == 0) {
        progress_begin(&c->progress, now);
    } else if (progress_is_stalled(&c->progress, output(c).size, patience(c), now)) {
        conn_end(c, SALLY_END_TIMEOUT, "the client stopped reading, or reads too slowly");
        return false;
    }
    login_tick(c, now);
    conn_memory_retry(c, true);
    if (line_deadline(c) <= now)
        c->line->methods->tick(c->line, now);
    if (!c->is_trimmed && c->active_ns + TRIM_NS <= now) {
        c->is_trimmed = true;
        if (c->line->methods->trim)
            c->line->methods->trim(c->line);
        conn_sessions_trim(c);
        local_account_settle(&c->memory);
        heap_trim_note(&c->loop->heap_trim, c->moved_bytes);
        c->moved_bytes = 0;
    }
    return true;
}

/* Nothing more is sent to the peer: its input is discarded until it has read our last message. */
static void linger(struct conn *c)
{
    uint8_t waste[4096];
    size_t got;
    enum stream_state state = STREAM_OK;
    for (int i = 0; i < 64 && state == STREAM_OK; i++)
        state = c->stream.methods->receive(&c->stream, waste, sizeof waste, &got);
    if (c->is_due || state == STREAM_EOF || state == STREAM_BROKEN)
        conn_close_socket(c);
    else
        watch(c, UV_READABLE);
}

static void move_bytes(struct conn *c)
{
    size_t in = TURN_BYTES, out = TURN_BYTES;
    for (;;) {
        bool reads = c->socket.is_readable && !c->socket.has_eof && !c->is_behind;
        size_t got = reads ? receive(c, loop_now_ns()) : 0;
        if (got > 0)
            c->active_ns = c->loop->heap_trim.moved_ns = loop_now_ns();
        in -= in < got ? in : got;
        bool was_pending = output(c).size > 0;
        run_line(c);
        if (!was_pending)
            progress_begin(&c->progress, loop_now_ns());
        transmit(c, &out);
        if (got == 0 || in == 0 || !c->socket.is_readable || c->socket.is_broken || c->is_behind)
            break;
    }
    /* Bytes left in the socket trigger the poll again; bytes left to send do not. */
    bool waits = c->socket.is_blocked || c->is_rate_reached[DIRECTION_OUT];
    if (!waits && !c->socket.is_broken && output(c).size > 0)
        conn_make_ready(c);
    if (c->is_rate_reached[DIRECTION_OUT]) /* the client has not stopped reading */
        progress_begin(&c->progress, loop_now_ns());
}

/* What the end of input, or of the engine, means. False: it has ended. */
static bool check_end(struct conn *c)
{
    /* A peer that closes with unread replies resets the connection: its last messages are still
     * here, and may say that it left on purpose. */
    while (c->socket.is_broken && !c->socket.has_eof && !c->is_behind &&
           receive(c, loop_now_ns()) > 0)
        run_line(c);
    if (c->socket.is_broken && !c->socket.has_eof && c->is_behind)
        return true; /* the rest in another turn */
    bool over = line_is_over(c);
    if (c->socket.has_eof || c->socket.is_broken) {
        bool lost = !over && (c->socket.is_broken || conn_sessions_are_attached(c));
        conn_end(c, lost ? SALLY_END_LOST : SALLY_END_BY_CLIENT,
                 lost ? "connection lost" : "connection closed by the client");
        return false;
    }
    if (over && output(c).size == 0) {
        conn_end(c, SALLY_END_BY_CLIENT, "ended");
        return false;
    }
    return true;
}

static void set_interest(struct conn *c)
{
    uint8_t *room;
    if (c->socket.is_starved && c->line->methods->input_room(c->line, &room) > 0)
        c->socket.is_starved = false;
    int waiting = is_waiting_for_us(c) ? UV_DISCONNECT : 0;
    bool reads = !c->socket.is_starved && !c->is_rate_reached[DIRECTION_IN];
    watch(c, (reads ? UV_READABLE : waiting) | (c->socket.is_blocked ? UV_WRITABLE : 0));
}

/* A client with Nagle's algorithm holds back the rest of a request, or the next one, until its data
 * is acknowledged. A reply does that; without one, TCP would delay it by 40 ms. In a bulk transfer
 * there is always a reply, or enough data that TCP does not wait. */
static void acknowledge(struct conn *c)
{
    bool is_answering = atomic_load_explicit(&c->facts.operations, memory_order_relaxed) > 0;
    if (!c->socket.owes_ack || c->socket.is_readable || is_answering)
        return;
    os_acknowledge(c->socket.fd);
    c->socket.owes_ack = false;
}

static void do_turn(struct conn *c)
{
    conn_rate_begin_turn(c);
    if (c->is_due && !meet_deadline(c))
        return;
    if (c->socket.has_hung_up && is_waiting_for_us(c)) {
        conn_end(c, SALLY_END_BY_CLIENT, "connection closed by the client");
        return;
    }
    move_bytes(c);
    if (!check_end(c))
        return;
    set_interest(c);
    if (c->active_ns + TRIM_NS > loop_now_ns())
        c->is_trimmed = false;
    open_files_update(c);
    acknowledge(c);
    set_deadline(c);
    if (c->loop->loop.is_draining && c->end_reason == 0 && conn_is_idle(c))
        conn_disconnect(c, SALLY_END_BY_SERVER, "server is shutting down");
}

static void end_sessions(struct conn *c)
{
    if (c->is_due)
        conn_sessions_give_up(c);
    c->is_due = false;
    conn_sessions_settle(c);
}

void conn_turn(struct loop_member *m)
{
    struct conn *c = CONTAINER_OF(m, struct conn, member);
    conn_pin(c);
    conn_sessions_deliver(c);
    if (c->awaits_admission)
        conn_await_admission(c);
    else if (!conn_is_ended(c))
        do_turn(c);
    else if (c->socket.fd >= 0)
        linger(c);
    else
        end_sessions(c);
    conn_unpin(c);
}
