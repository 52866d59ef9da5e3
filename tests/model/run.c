/* A sequence through a session, and what is left of the tree behind it. */
#include "model.h"
#include "names.h"

#include <string.h>

#include "base/list.h"
#include "sftp/protocol.h"

struct runner {
    struct run *run;
    struct host *host;
    const struct sequence *q;
    struct handle handles[SLOTS];    /* as they were when the batch began */
    struct handle opened[MAX_STEPS]; /* by a step */
    bool loose[MAX_STEPS];
};

void run_init(struct run *r)
{
    memset(r, 0, sizeof *r);
    for (size_t i = 0; i < MAX_STEPS; i++)
        buf_init(&r->answers[i], 65536);
    buf_init(&r->tree, 1u << 20);
}

void run_clear(struct run *r)
{
    for (size_t i = 0; i < MAX_STEPS; i++)
        buf_clear(&r->answers[i]);
    buf_clear(&r->tree);
}

static void put(struct runner *r, struct buf *out, size_t index)
{
    const struct step *s = &r->q->steps[index];
    request_put(out, s, r->q->version, (uint32_t)index, r->handles);
    /* The pages of a listing are read ahead: what changes meanwhile may be missing in the next. */
    if (s->act == ACT_READDIR) {
        struct handle *h = &r->handles[s->slot];
        r->loose[index] = h->was_read && r->q->max_names < MANY_NAMES && !r->q->strict;
        h->was_read = true;
    }
}

static void take_reply(struct runner *r, struct slice packet)
{
    struct cursor c = cursor_of_slice(packet);
    uint8_t type = get_u8(&c);
    uint32_t id = get_u32(&c);
    if (c.bad || id >= r->q->count || r->run->answers[id].size) {
        r->run->failure = "a reply that nobody waits for";
        return;
    }
    const struct step *s = &r->q->steps[id];
    answer_describe(&r->run->answers[id], s, r->q->version, packet, r->loose[id]);
    put_u8(&r->run->answers[id], 0);
    r->run->ok[id] = type != SSH_FXP_STATUS || get_u32(&c) == 0;
    if (type != SSH_FXP_HANDLE)
        return;
    struct slice handle = get_string(&c);
    struct handle *h = &r->opened[id];
    h->size = handle.size < MAX_HANDLE ? handle.size : 0;
    memcpy(h->bytes, handle.data, h->size);
}

/* Steps `from` to `to`, the latter left out. */
static void exchange(struct runner *r, size_t from, size_t to)
{
    struct buf out, in;
    buf_init(&out, 1u << 20);
    buf_init(&in, 1u << 20);
    for (size_t i = from; i < to; i++)
        put(r, &out, i);
    r->run->failure = host_exchange(r->host, &out, to - from, &in);
    struct cursor c = cursor_of_slice(buf_slice(&in));
    while (!r->run->failure && cursor_left(&c))
        take_reply(r, get_string(&c));
    buf_clear(&out);
    buf_clear(&in);
}

/* In the order of the requests, whichever was answered first. */
static void take_handles(struct runner *r, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (r->opened[i].size)
            r->handles[r->q->steps[i].slot] = r->opened[i];
}

void run_sequence(struct run *run, struct host *h, const struct sequence *q, bool at_once)
{
    struct runner r = {.run = run, .host = h, .q = q};
    for (size_t from = 0, to; from < q->count && !run->failure; from = to) {
        for (to = from + 1; to < q->count && !q->steps[to - 1].last; to++) {
        }
        if (at_once)
            exchange(&r, from, to);
        for (size_t i = from; !at_once && i < to && !run->failure; i++)
            exchange(&r, i, i + 1);
        take_handles(&r, from, to);
    }
}

bool runs_equal(const struct sequence *q, const struct run *a, const struct run *b)
{
    if (a->failure || b->failure)
        return false;
    for (size_t i = 0; i < q->count; i++)
        if (!slice_equal(buf_slice(&a->answers[i]), buf_slice(&b->answers[i])))
            return false;
    return slice_equal(buf_slice(&a->tree), buf_slice(&b->tree));
}
