#include "client/connection.h"

#include <stdio.h>

#include "sftp/protocol.h"

/* Maximum bytes of a reply, and of the requests waiting to be sent. */
#define MAX_ANSWER  ((size_t)1024 * 1024)
#define MAX_WAITING ((size_t)512 * 1024 * 1024)
#define MAX_LATE    ((size_t)1024 * 1024)

/* A request that was abandoned before its reply came. */
struct abandoned_call {
    uint32_t id;
    uint32_t opens;
};

bool connection_init(sally_client *c)
{
    if (!waker_init(&c->waker))
        return false;
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        waker_clear(&c->waker);
        return false;
    }
    list_init(&c->awaited);
    list_init(&c->files);
    buf_init(&c->out, MAX_WAITING);
    buf_init(&c->in, 2 * MAX_ANSWER);
    buf_init(&c->late, MAX_LATE);
    buf_init(&c->answer, MAX_ANSWER);
    c->allowance = UINT64_MAX;
    return true;
}

void connection_clear(sally_client *c)
{
    connection_lose(c, SALLY_NO_CONNECTION);
    buf_clear(&c->out);
    buf_clear(&c->in);
    buf_clear(&c->late);
    buf_clear(&c->answer);
    buf_clear(&c->got);
    arena_clear(&c->texts);
    arena_clear(&c->pair_texts);
    pthread_mutex_destroy(&c->lock);
    waker_clear(&c->waker);
}

/* ---- Calls of the API ---- */

sally_status connection_enter(sally_client *c, bool sound)
{
    if (!c)
        return SALLY_INVALID_PARAMETER;
    pthread_mutex_lock(&c->lock);
    bool busy = c->busy, gone = !busy && (c->cut || !c->transport);
    if (!busy && !gone && sound)
        c->busy = true;
    pthread_mutex_unlock(&c->lock);
    if (busy) /* the message belongs to another call */
        return SALLY_FAILURE;
    if (!sound)
        return connection_fail(c, SALLY_INVALID_PARAMETER, "a pointer is NULL");
    if (gone)
        return connection_fail(c, SALLY_NO_CONNECTION, "the connection has ended");
    c->message[0] = '\0';
    arena_clear(&c->texts);
    buf_reset(&c->answer);
    return SALLY_OK;
}

sally_status connection_leave(sally_client *c, sally_status status)
{
    pthread_mutex_lock(&c->lock);
    if (c->cut) { /* sally_client_cut() left the rest to this call */
        pthread_mutex_unlock(&c->lock);
        connection_lose(c, SALLY_NO_CONNECTION);
        pthread_mutex_lock(&c->lock);
    }
    c->busy = false;
    pthread_mutex_unlock(&c->lock);
    return status;
}

void connection_cut(sally_client *c)
{
    pthread_mutex_lock(&c->lock);
    bool ours = !c->busy && !c->cut;
    c->cut = true;
    pthread_mutex_unlock(&c->lock);
    if (ours) /* no further call begins */
        connection_lose(c, SALLY_NO_CONNECTION);
    else
        waker_wake(&c->waker);
}

sally_status connection_fail(sally_client *c, sally_status status, const char *text)
{
    snprintf(c->message, sizeof c->message, "%s", text);
    return status;
}

sally_status connection_no_memory(sally_client *c)
{
    return connection_fail(c, SALLY_FAILURE, "out of memory");
}

sally_status connection_malformed(sally_client *c, const char *what)
{
    snprintf(c->message, sizeof c->message, "malformed answer: %s", what);
    connection_lose(c, SALLY_BAD_MESSAGE);
    return SALLY_BAD_MESSAGE;
}

void connection_lose(sally_client *c, sally_status why)
{
    struct client_transport *transport = c->transport;
    if (!transport)
        return;
    c->transport = NULL;
    c->ended = why;
    transport->methods->free(transport);
    if (why == SALLY_CONNECTION_LOST)
        connection_fail(c, why, "the connection was lost");
}

/* ---- Requests ---- */

struct buf *connection_begin(sally_client *c, uint8_t type, size_t *place)
{
    *place = put_string_begin(&c->out);
    put_u8(&c->out, type);
    if (type != SSH_FXP_INIT)
        put_u32(&c->out, ++c->last_id);
    return &c->out;
}

sally_status connection_send(sally_client *c, size_t place, struct call *call)
{
    bool failed = c->out.failed;
    if (failed || c->out.size - place - 4 > c->max_packet) {
        c->out.failed = false;
        buf_truncate(&c->out, place);
        return failed ? connection_no_memory(c)
                      : connection_fail(c, SALLY_INVALID_PARAMETER, "the request is too large");
    }
    put_string_end(&c->out, place);
    call->id = c->last_id;
    call->answered = false;
    list_append(&c->awaited, &call->link);
    return SALLY_OK;
}

/* ---- Answers ---- */

static bool remember(sally_client *c, struct abandoned_call late)
{
    put_bytes(&c->late, &late, sizeof late);
    return !c->late.failed;
}

void connection_abandon(sally_client *c, struct call *call)
{
    if (call->answered)
        return;
    list_remove(&call->link);
    call->answered = true;
    if (c->transport && !remember(c, (struct abandoned_call){call->id, call->opens}))
        connection_lose(c, SALLY_CONNECTION_LOST); /* its reply would be indistinguishable from a
                                                    * false one */
}

static void close_unwanted(sally_client *c, struct cursor body)
{
    size_t place;
    struct slice handle = get_string(&body);
    struct buf *b = connection_begin(c, SSH_FXP_CLOSE, &place);
    put_slice(b, handle);
    if (b->failed || !remember(c, (struct abandoned_call){.id = c->last_id})) {
        b->failed = false;
        buf_truncate(b, place);
        return;
    }
    put_string_end(b, place);
}

/* False: it answers no request. */
static bool receive_late(sally_client *c, uint8_t type, uint32_t id, struct cursor body)
{
    struct abandoned_call late;
    for (size_t at = 0; at < c->late.size; at += sizeof late) {
        memcpy(&late, buf_head(&c->late) + at, sizeof late);
        if (late.id != id)
            continue;
        size_t last = c->late.size - sizeof late;
        memmove(buf_head(&c->late) + at, buf_head(&c->late) + last, sizeof late);
        buf_truncate(&c->late, last);
        if (late.opens && type == SSH_FXP_HANDLE)
            close_unwanted(c, body);
        return true;
    }
    return false;
}

static void answer(sally_client *c, struct call *call, uint8_t type, struct cursor body)
{
    list_remove(&call->link);
    call->answered = true;
    call->on_answer(c, call, type, body);
}

static void dispatch(sally_client *c, struct slice packet)
{
    struct cursor body = cursor_of_slice(packet);
    uint8_t type = get_u8(&body);
    if (!c->is_started) { /* INIT's answer has no id */
        struct list *first = list_first(&c->awaited);
        if (first)
            answer(c, CONTAINER_OF(first, struct call, link), type, body);
        return;
    }
    uint32_t id = get_u32(&body);
    if (body.bad) {
        connection_malformed(c, "a packet without an id");
        return;
    }
    LIST_EACH (item, &c->awaited) {
        struct call *call = CONTAINER_OF(item, struct call, link);
        if (call->id == id) {
            answer(c, call, type, body);
            return;
        }
    }
    if (!receive_late(c, type, id, body))
        connection_malformed(c, "a reply to no request");
}

static void dispatch_all(sally_client *c)
{
    while (c->transport && c->in.size >= 4) {
        struct cursor in = cursor_of_slice(buf_slice(&c->in));
        uint32_t size = get_u32(&in);
        if (size == 0 || size > MAX_ANSWER) {
            connection_malformed(c, "a packet of invalid size");
            return;
        }
        if (size > cursor_left(&in))
            return;
        dispatch(c, get_bytes(&in, size));
        buf_consume(&c->in, 4 + (size_t)size);
    }
}

/* ---- The connection ---- */

static bool is_cut(sally_client *c)
{
    pthread_mutex_lock(&c->lock);
    bool cut = c->cut;
    pthread_mutex_unlock(&c->lock);
    return cut;
}

static bool give(sally_client *c)
{
    size_t size = c->accepts_no_more ? 0 : c->out.size, taken = 0;
    if (size > c->allowance)
        size = (size_t)c->allowance;
    if (!c->transport->methods->send(c->transport, buf_head(&c->out), size, &taken))
        c->accepts_no_more = true;
    buf_consume(&c->out, taken);
    if (c->allowance != UINT64_MAX)
        c->allowance -= taken;
    return taken > 0;
}

static bool receive(sally_client *c)
{
    const void *data;
    size_t size;
    bool any = false;
    while (c->transport && (size = c->transport->methods->receive(c->transport, &data)) > 0) {
        size_t room = c->in.max - c->in.size;
        size = size < room ? size : room;
        put_bytes(&c->in, data, size);
        if (c->in.failed) {
            connection_lose(c, SALLY_CONNECTION_LOST);
            return true;
        }
        c->transport->methods->received(c->transport, size);
        dispatch_all(c);
        any = true;
    }
    return any;
}

uint64_t connection_deadline(const sally_client *c)
{
    return c->timeout_ms == UINT32_MAX ? WAKER_FOREVER
                                       : waker_now() + c->timeout_ms * UINT64_C(1000000);
}

sally_status connection_step(sally_client *c, uint64_t deadline)
{
    if (!c->transport)
        return c->ended;
    uint64_t seen = waker_count(&c->waker);
    bool moved = give(c);
    moved |= receive(c);
    if (c->transport &&
        (is_cut(c) || (c->allowance == 0 && c->out.size > 0) ||
         (!moved &&
          (c->accepts_no_more || (!c->ending && c->transport->methods->is_done(c->transport))))))
        connection_lose(c, SALLY_CONNECTION_LOST);
    if (!c->transport)
        return c->ended;
    if (moved || (c->ending && c->transport->methods->is_done(c->transport)) ||
        waker_wait(&c->waker, seen, deadline))
        return SALLY_OK;
    return connection_fail(c, SALLY_PENDING, "no answer within the time limit");
}

sally_status connection_await(sally_client *c, struct call *call)
{
    uint64_t deadline = connection_deadline(c);
    sally_status status = SALLY_OK;
    while (!call->answered && status == SALLY_OK)
        status = connection_step(c, deadline);
    if (!call->answered)
        connection_abandon(c, call);
    else if (c->transport) /* otherwise report the lost connection, even after other errors */
        return SALLY_OK;
    return status;
}
