/* Complete packets in the owner's memory are parsed in place; the data of a WRITE goes straight to
 * the operation's buffer; only the rest is gathered in s->waiting. */
#include "sftp/input.h"

#include "sftp/dispatch.h"
#include "sftp/init.h"
#include "sftp/protocol.h"
#include "sftp/request_fields.h"
#include "sftp/request_lists.h"
#include "sftp/requests_file.h"

/* The bound is the window that the owner granted; this only stops a broken owner. */
#define MAX_WAITING  ((size_t)128 * 1024 * 1024)
#define WAITING_KEPT ((size_t)4096)
/* Length, type, id, handle, offset, length of the data. */
#define WRITE_HEAD_SIZE (4 + 1 + 4 + 4 + HANDLE_SIZE + 8 + 4)

static bool may_start(const struct sftp *s)
{
    return (s->state == READY || s->state == AWAIT_INIT) && !s->closing && !s->exclusive &&
           s->blocks->backlog < MAX_BACKLOG && session_may_submit(s->session) &&
           engine_has_memory(s, REQUEST_ROOM);
}

static bool is_sound_length(struct sftp *s, uint32_t length)
{
    if (length < 5) /* a type and an id, or INIT's version */
        engine_break(s, "packet too short");
    else if (length > s->options.settings.max_packet)
        engine_break(s, "packet too long");
    return s->state != BROKEN;
}

/* The head of a WRITE whose data is still coming. False: it must be gathered like any other packet,
 * perhaps to be refused. */
static bool start_write(struct sftp *s, struct cursor *c)
{
    struct cursor at = *c;
    uint32_t length = get_u32(&at);
    uint8_t type = get_u8(&at);
    struct request_in in = {.id = get_u32(&at), .size = (size_t)length + 4};
    struct write_head head;
    head.file = request_file(s, get_string(&at), HANDLE_FILE);
    head.offset = get_u64(&at);
    head.length = get_u32(&at);
    if (at.bad || type != SSH_FXP_WRITE || !head.file || s->state != READY)
        return false;
    size_t used = cursor_left(c) - cursor_left(&at);
    if (used > in.size || head.length > in.size - used || request_is_denied(s, REQUEST_WRITE))
        return false;
    /* Data in the operation's memory, which is charged separately, need not be charged to the
     * window as well. */
    bool is_credited = s->options.window && in.size > s->options.window;
    size_t trailing = in.size - used - head.length;
    if (is_credited) {
        if (s->credited || !engine_has_memory(s, head.length))
            return false;
        in.size = used;
    }
    if (write_begin(s, &in, &head, &s->incoming.op) != SALLY_OK) {
        s->incoming.op = NULL;
        return false;
    }
    s->incoming.received = 0;
    s->incoming.trailing = trailing;
    s->incoming.is_credited = is_credited;
    *c = at;
    return true;
}

static void eat_data(struct sftp *s, struct cursor *c)
{
    struct incoming *w = &s->incoming;
    sally_op_io *io = &w->op->pub.u.io;
    size_t before = cursor_left(c);
    size_t left = io->length - w->received;
    size_t size = cursor_left(c) < left ? cursor_left(c) : left;
    if (size)
        memcpy((uint8_t *)io->data + w->received, cursor_read(c, size), size);
    w->received += (uint32_t)size;
    size = cursor_left(c) < w->trailing ? cursor_left(c) : w->trailing;
    cursor_read(c, size);
    w->trailing -= size;
    if (w->is_credited)
        s->credit += before - cursor_left(c);
    if (w->received < io->length || w->trailing)
        return;
    struct op *op = w->op;
    w->op = NULL;
    request_submit(s, op);
}

/* More READs would produce data before it can be sent. */
static bool reads_are_held(const struct sftp *s)
{
    return s->reads_at_once && s->options.max_unsent && s->blocks->lent >= s->options.max_unsent;
}

static bool is_held_read(const struct sftp *s, struct slice packet)
{
    return packet.data[0] == SSH_FXP_READ && reads_are_held(s) && s->state == READY;
}

bool input_is_held(const struct sftp *s)
{
    return s->blocks->backlog >= MAX_BACKLOG || reads_are_held(s) ||
           session_turn_is_over(s->session);
}

/* The packet at the front of s->waiting is complete, or discarded. */
static void forget_credited(struct sftp *s)
{
    s->credited = 0;
    if (s->credited_charge)
        local_account_adjust(session_memory(s->session), &s->credited_charge, 0);
}

/* A request that is larger than the window and has to be gathered: without credit, the peer could
 * never send the rest of it. */
static void credit_large(struct sftp *s)
{
    struct cursor c = cursor_of_slice(buf_slice(&s->waiting));
    size_t have = cursor_left(&c), whole = (size_t)get_u32(&c) + 4;
    if (c.bad || !s->options.window || whole <= s->options.window || have <= s->credited ||
        have >= whole || whole - 4 > s->options.settings.max_packet || s->incoming.op ||
        !may_start(s) || !engine_has_memory(s, have - s->credited))
        return;
    s->credit += have - s->credited;
    s->credited = have;
    if (session_memory(s->session))
        local_account_adjust(session_memory(s->session), &s->credited_charge, have);
}

/* False: no progress is possible with the available bytes. */
static bool eat_packet(struct sftp *s, struct cursor *c)
{
    struct cursor at = *c;
    uint32_t length = get_u32(&at);
    if (at.bad || !may_start(s) || !is_sound_length(s, length))
        return false;
    struct slice packet = get_bytes(&at, length);
    if (at.bad)
        return start_write(s, c);
    if (is_held_read(s, packet))
        return false;
    *c = at;
    size_t credited = s->credited;
    forget_credited(s);
    if (s->state == AWAIT_INIT)
        handle_init(s, packet);
    else
        request_dispatch(s, packet, (size_t)length + 4 - credited);
    return true;
}

static void eat(struct sftp *s, struct cursor *c)
{
    while (cursor_left(c) && s->state != BROKEN && !s->closing) {
        if (s->incoming.op)
            eat_data(s, c);
        else if (!eat_packet(s, c))
            break;
    }
}

static void eat_waiting(struct sftp *s)
{
    if (!s->waiting.size)
        return;
    struct cursor c = cursor_of_slice(buf_slice(&s->waiting));
    eat(s, &c);
    if (s->closing) /* the owner closed it from inside an event: nothing is left */
        return;
    buf_consume(&s->waiting, s->waiting.size - cursor_left(&c));
    if (!s->waiting.size && s->waiting.capacity > WAITING_KEPT)
        buf_clear(&s->waiting);
}

/* How many bytes more make the packet at the front of s->waiting complete, or the next part of it
 * that matters. */
static size_t missing(const struct sftp *s)
{
    struct cursor c = cursor_of_slice(buf_slice(&s->waiting));
    size_t have = cursor_left(&c);
    size_t whole = (size_t)get_u32(&c) + 4;
    uint8_t type = get_u8(&c);
    if (c.bad)
        return 5 - have;
    if (type == SSH_FXP_WRITE && have < WRITE_HEAD_SIZE && whole > WRITE_HEAD_SIZE)
        return WRITE_HEAD_SIZE - have;
    return whole > have ? whole - have : 0;
}

static void wait_for_more(struct sftp *s, struct cursor *c, size_t size)
{
    s->waiting.max = MAX_WAITING;
    put_bytes(&s->waiting, cursor_read(c, size), size);
    if (s->waiting.failed)
        engine_out_of_memory(s);
}

void input_add(struct sftp *s, const uint8_t *data, size_t size)
{
    struct cursor c = cursor_of(data, size);
    eat_waiting(s);
    while (cursor_left(&c) && s->state != BROKEN && !s->closing) {
        if (!s->waiting.size) {
            eat(s, &c);
            if (s->state != BROKEN && !s->closing && cursor_left(&c)) {
                wait_for_more(s, &c, cursor_left(&c));
                credit_large(s);
            }
            return;
        }
        size_t wanted = may_start(s) ? missing(s) : cursor_left(&c);
        if (wanted == 0 || wanted > cursor_left(&c))
            wanted = cursor_left(&c);
        wait_for_more(s, &c, wanted);
        eat_waiting(s);
        credit_large(s);
    }
}

bool input_resume(struct sftp *s)
{
    size_t before = s->waiting.size;
    eat_waiting(s);
    credit_large(s);
    return s->waiting.size < before;
}

void input_drop(struct sftp *s)
{
    if (s->incoming.op)
        request_drop(s->incoming.op, SALLY_CONNECTION_LOST);
    s->incoming.op = NULL;
    buf_clear(&s->waiting);
    forget_credited(s);
}
