/* A connection's turns: from the socket to the engine, and back. */
#include <errno.h>
#include <sys/socket.h>

#include "core/counters.h"
#include "os/ack.h"
#include "server/conn.h"
#include "server/server.h"
#include "server/ssh/channel.h"

/* Bytes moved in either direction before others get their turn. */
#define TURN_BYTES ((size_t)1 << 20)
/* A connection without traffic gives its buffers back after this. */
#define TRIM_NS UINT64_C(1000000000)
/* What is left to send once it is over may take this long. */
#define FAREWELL_NS UINT64_C(5000000000)

static bool is_transient(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* ---- The poll handle ---- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct conn *c = poll->data;
    if (status < 0) {
        /* libuv has stopped watching; the next recv() or send() says what is wrong. */
        c->interest = 0;
        c->is_readable = true;
        c->is_blocked = false;
    }
    if (events & UV_READABLE)
        c->is_readable = true;
    if (events & UV_WRITABLE)
        c->is_blocked = false;
    conn_make_ready(c);
}

static void watch(struct conn *c, int interest)
{
    if (!c->has_poll || interest == c->interest)
        return;
    c->interest = interest;
    c->loop->loop.watchers_changed = true;
    if (interest == 0)
        uv_poll_stop(&c->poll);
    else
        uv_poll_start(&c->poll, interest, on_poll);
}

sally_error conn_open_socket(struct conn *c)
{
    if (uv_poll_init(&c->loop->loop.uv, &c->poll, c->fd) != 0)
        return SALLY_E_SYSTEM;
    c->poll.data = c;
    c->has_poll = true;
    c->segment = os_segment(c->fd);
    conn_pin(c);
    watch(c, UV_READABLE);
    return SALLY_E_OK;
}

void conn_make_ready(struct conn *c)
{
    loop_member_make_ready(&c->member);
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

/* One read into the engine's own buffer. Returns the bytes it brought. */
static size_t receive(struct conn *c, uint64_t now_ns)
{
    uint8_t *room;
    size_t size = ssh_input_room(c->ssh, &room);
    c->is_starved = size == 0;
    if (size == 0)
        return 0;
    ssize_t got = recv(c->fd, room, size, MSG_DONTWAIT);
    if (got > 0) {
        /* A short read has emptied the socket: the poll says when there is more. */
        c->is_readable = (size_t)got == size;
        c->owes_ack = (size_t)got <= c->segment; /* of more, TCP puts nothing off */
        ssh_input_filled(c->ssh, (size_t)got);
        c->moved_bytes += (uint64_t)got;
        add(&c->facts.bytes_in, (uint64_t)got);
        counter_add(&c->server->counters.bytes_in, (uint64_t)got);
        atomic_store_explicit(&c->facts.last_input_ns, now_ns, memory_order_relaxed);
        return (size_t)got;
    }
    if (got < 0 && is_transient(errno)) {
        c->is_readable = errno == EINTR;
        return 0;
    }
    c->is_readable = false;
    if (got == 0) {
        /* Who leaves in the middle of a session, and says nothing, was cut off. */
        if (c->end_reason == 0 && !ssh_over(c->ssh) && channels_are_open(c))
            c->end_reason = SALLY_END_LOST;
        c->has_eof = true;
        ssh_input_eof(c->ssh);
    } else {
        c->is_broken = true;
    }
    return 0;
}

/* ---- Writing ---- */

/* Sends what is ready, and has the engine make more ready, until the socket takes no more. */
static void transmit(struct conn *c, size_t *budget)
{
    struct slice out;
    while (!c->is_blocked && !c->is_broken && *budget > 0 && (out = ssh_output(c->ssh)).size > 0) {
        ssize_t sent = send(c->fd, out.data, out.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        uint64_t now = loop_now_ns();
        if (sent < 0 && is_transient(errno)) {
            c->is_blocked = true;
            return;
        }
        if (sent < 0) {
            c->is_broken = true;
            return;
        }
        c->progress_ns = c->active_ns = c->loop->heap_trim.moved_ns = now;
        c->owes_ack = false;
        c->moved_bytes += (uint64_t)sent;
        c->is_blocked = (size_t)sent < out.size;
        *budget -= *budget < (size_t)sent ? *budget : (size_t)sent;
        add(&c->facts.bytes_out, (uint64_t)sent);
        counter_add(&c->server->counters.bytes_out, (uint64_t)sent);
        ssh_output_sent(c->ssh, (size_t)sent);
        conn_run_engine(c);
    }
}

/* ---- Turns ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_deadline(struct conn *c)
{
    uint64_t at = ssh_deadline(c->ssh);
    if (ssh_output(c->ssh).size > 0) {
        uint64_t patience = ssh_over(c->ssh) ? FAREWELL_NS : c->settings->limits_stall_ns;
        at = earlier(at, c->progress_ns + patience);
    }
    if (!c->is_trimmed)
        at = earlier(at, c->active_ns + TRIM_NS);
    return at;
}

/* A deadline that is too early costs one look at the clock; moving it each time costs more. */
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
    if (ssh_output(c->ssh).size == 0) {
        c->progress_ns = now;
    } else {
        uint64_t patience = ssh_over(c->ssh) ? FAREWELL_NS : c->settings->limits_stall_ns;
        if (c->progress_ns + patience <= now) {
            conn_end(c, SALLY_END_TIMEOUT, "the client takes nothing any more");
            return false;
        }
    }
    if (ssh_deadline(c->ssh) <= now)
        ssh_tick(c->ssh, now);
    if (!c->is_trimmed && c->active_ns + TRIM_NS <= now) {
        c->is_trimmed = true;
        ssh_trim(c->ssh);
        channels_trim(c);
        heap_trim_note(&c->loop->heap_trim, c->moved_bytes);
        c->moved_bytes = 0;
    }
    return true;
}

/* The peer is told nothing any more: what it still sends is thrown away until it has read our last
 * words. */
static void linger(struct conn *c)
{
    char waste[4096];
    ssize_t got = 1;
    for (int i = 0; i < 64 && got > 0; i++)
        got = recv(c->fd, waste, sizeof waste, MSG_DONTWAIT);
    bool waits = got > 0 || (got < 0 && is_transient(errno));
    if (c->is_due || !waits)
        conn_close_socket(c);
    else
        watch(c, UV_READABLE);
}

static void move_bytes(struct conn *c)
{
    size_t in = TURN_BYTES, out = TURN_BYTES;
    for (;;) {
        size_t got = c->is_readable && !c->has_eof ? receive(c, loop_now_ns()) : 0;
        if (got > 0)
            c->active_ns = c->loop->heap_trim.moved_ns = loop_now_ns();
        in -= in < got ? in : got;
        bool was_pending = ssh_output(c->ssh).size > 0;
        conn_run_engine(c);
        if (!was_pending)
            c->progress_ns = loop_now_ns();
        transmit(c, &out);
        if (got == 0 || in == 0 || !c->is_readable || c->is_broken)
            break;
    }
    /* What is left in the socket makes the poll come again; what is left to send does not. */
    if (!c->is_blocked && !c->is_broken && ssh_output(c->ssh).size > 0)
        conn_make_ready(c);
}

/* What the end of input, or of the engine, means. False: it has ended. */
static bool check_end(struct conn *c)
{
    /* A peer that hangs up with answers unread resets the line: what it had said before that is
     * still here, and its last words may say that it left on purpose. */
    while (c->is_broken && !c->has_eof && receive(c, loop_now_ns()) > 0)
        conn_run_engine(c);
    bool over = ssh_over(c->ssh);
    if (c->has_eof || c->is_broken) {
        bool lost = !over && (c->is_broken || channels_are_open(c));
        conn_end(c, lost ? SALLY_END_LOST : SALLY_END_BY_CLIENT,
                 lost ? "connection lost" : "connection closed by the client");
        return false;
    }
    if (over && ssh_output(c->ssh).size == 0) {
        conn_end(c, SALLY_END_BY_CLIENT, "ended");
        return false;
    }
    return true;
}

static void set_interest(struct conn *c)
{
    uint8_t *room;
    if (c->is_starved && ssh_input_room(c->ssh, &room) > 0)
        c->is_starved = false;
    watch(c, (c->is_starved ? 0 : UV_READABLE) | (c->is_blocked ? UV_WRITABLE : 0));
}

/* A client that leaves Nagle's algorithm on keeps the rest of a request, or the next one, until
 * what it has sent is acknowledged. An answer carries that; where none is on its way, TCP would
 * wait 40 ms for one. In a bulk transfer there is always one, or so much came that TCP does not
 * wait. */
static void acknowledge(struct conn *c)
{
    bool is_answering = atomic_load_explicit(&c->facts.operations, memory_order_relaxed) > 0;
    if (!c->owes_ack || c->is_readable || is_answering)
        return;
    os_acknowledge(c->fd);
    c->owes_ack = false;
}

static void do_turn(struct conn *c)
{
    if (c->is_due && !meet_deadline(c))
        return;
    move_bytes(c);
    if (!check_end(c))
        return;
    set_interest(c);
    if (c->active_ns + TRIM_NS > loop_now_ns())
        c->is_trimmed = false;
    conn_update_numbers(c);
    acknowledge(c);
    set_deadline(c);
    if (c->loop->loop.is_draining && c->end_reason == 0 && conn_is_idle(c))
        conn_disconnect(c, SALLY_END_BY_SERVER, "server is shutting down");
}

static void end_sessions(struct conn *c)
{
    if (c->is_due)
        channels_give_up(c);
    c->is_due = false;
    channels_settle(c);
}

void conn_turn(struct loop_member *m)
{
    struct conn *c = CONTAINER_OF(m, struct conn, member);
    conn_pin(c);
    if (c->is_lingering)
        linger(c);
    else if (c->is_ended)
        end_sessions(c);
    else
        do_turn(c);
    conn_unpin(c);
}
