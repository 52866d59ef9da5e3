/* READs and WRITEs, of which several are in flight. */
#include "client/client_file.h"
#include "client/parse.h"
#include "sftp/protocol.h"

/* One request in flight, and then the next of the same part of the file. */
struct part {
    struct call call; /* first */
    struct transfer *t;
    bool in_flight;
    uint64_t offset;
    uint32_t size; /* bytes still wanted, or given */
    uint32_t got;
    sally_status status;
};

struct transfer {
    sally_client *c;
    const sally_client_file *file;
    struct part *parts;
    uint32_t count, in_flight;
    sally_status status; /* the first failure */
    char message[sizeof((sally_client *)NULL)->message];
    const uint8_t *data; /* what is written */
    uint8_t *single;     /* destination of a single READ; NULL: the client's `got` */
    uint64_t next;       /* where the next part begins */
    uint64_t end;        /* of the data to write, or of the file, once known */
};

static void fail(struct transfer *t, sally_status status)
{
    if (t->status != SALLY_OK)
        return;
    t->status = status;
    memcpy(t->message, t->c->message, sizeof t->message);
}

static sally_status send_part(struct part *p, const struct exchange *x)
{
    sally_status status = connection_send(x->c, x->place, &p->call);
    if (status == SALLY_OK) {
        p->in_flight = true;
        p->t->in_flight++;
    }
    return status;
}

static void drop_all(struct transfer *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->parts[i].in_flight)
            connection_abandon(t->c, &t->parts[i].call);
}

/* ---- READ ---- */

/* Destination of a part's data; NULL: out of memory. */
static uint8_t *place_for(struct transfer *t, uint64_t offset, size_t size)
{
    struct buf *got = &t->c->got;
    if (t->single)
        return t->single;
    if (offset + size > got->size && !buf_extend(got, (size_t)(offset + size) - got->size))
        return NULL;
    return buf_head(got) + offset;
}

static sally_status store_data(struct part *p, struct cursor body)
{
    struct transfer *t = p->t;
    bool is_last;
    struct slice data = get_string(&body);
    if (body.bad || data.size > p->size || (data.size == 0 && p->size > 0))
        return connection_malformed(t->c, "more data than was requested");
    sally_status status = parse_end(t->c, &body, &is_last);
    if (status != SALLY_OK || data.size == 0)
        return status;
    if (!t->single && (p->offset > t->c->max_get || data.size > t->c->max_get - p->offset))
        return connection_fail(t->c, SALLY_FAILURE, "the file has more than max_get bytes");
    uint8_t *to = place_for(t, p->offset, data.size);
    if (!to)
        return connection_no_memory(t->c);
    memcpy(to, data.data, data.size);
    p->got = (uint32_t)data.size;
    return SALLY_OK;
}

static void on_data(sally_client *c, struct call *call, uint8_t type, struct cursor body)
{
    struct part *p = CONTAINER_OF(call, struct part, call);
    if (type == SSH_FXP_DATA)
        p->status = store_data(p, body);
    else if (type == SSH_FXP_STATUS)
        p->status = parse_status(c, body);
    else
        p->status = connection_malformed(c, "of an unexpected type");
    if (p->status == SALLY_OK && type == SSH_FXP_STATUS)
        p->status = connection_malformed(c, "success without data");
    if (p->status != SALLY_OK && p->status != SALLY_EOF)
        fail(p->t, p->status);
}

static sally_status send_read(struct part *p)
{
    struct exchange x = exchange_begin(p->t->c, SSH_FXP_READ);
    p->call.on_answer = on_data;
    p->got = 0;
    client_file_put(x.body, p->t->file);
    put_u64(x.body, p->offset);
    put_u32(x.body, p->size);
    return send_part(p, &x);
}

/* A READ was answered: requests the rest of its part. */
static sally_status go_on_reading(struct part *p)
{
    struct transfer *t = p->t;
    if (p->status == SALLY_EOF && p->offset < t->end)
        t->end = p->offset;
    p->offset += p->got;
    p->size -= p->got;
    return p->status == SALLY_OK && p->size > 0 ? send_read(p) : SALLY_OK;
}

static sally_status start_reading(struct part *p)
{
    struct transfer *t = p->t;
    p->offset = t->next;
    p->size = t->c->block_size;
    t->next += p->size;
    return send_read(p);
}

/* ---- WRITE ---- */

static void on_written(sally_client *c, struct call *call, uint8_t type, struct cursor body)
{
    struct part *p = CONTAINER_OF(call, struct part, call);
    p->status = type == SSH_FXP_STATUS ? parse_status(c, body)
                                       : connection_malformed(c, "of an unexpected type");
    if (p->status != SALLY_OK)
        fail(p->t, p->status);
}

static sally_status start_writing(struct part *p, uint32_t size)
{
    struct transfer *t = p->t;
    struct exchange x = exchange_begin(t->c, SSH_FXP_WRITE);
    p->call.on_answer = on_written;
    if (size > t->end - t->next)
        size = (uint32_t)(t->end - t->next);
    client_file_put(x.body, t->file);
    put_u64(x.body, t->next);
    put_string(x.body, t->data, size);
    t->data = size ? t->data + size : t->data;
    t->next += size;
    return send_part(p, &x);
}

/* ---- Both ---- */

static bool has_more(const struct transfer *t)
{
    return t->status == SALLY_OK && t->next < t->end;
}

static struct part *idle_part(struct transfer *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (!t->parts[i].in_flight)
            return &t->parts[i];
    return NULL;
}

static sally_status settle(struct transfer *t, bool reads, uint32_t *settled)
{
    sally_status status = SALLY_OK;
    *settled = 0;
    for (uint32_t i = 0; i < t->count && status == SALLY_OK; i++) {
        struct part *p = &t->parts[i];
        if (!p->in_flight || !p->call.answered)
            continue;
        p->in_flight = false;
        t->in_flight--;
        (*settled)++;
        if (reads && t->status == SALLY_OK)
            status = go_on_reading(p);
    }
    return status;
}

/* The number in flight grows with each reply, so that a small file costs few READs past its end. */
static sally_status run(struct transfer *t, bool reads, uint32_t write_size)
{
    uint64_t deadline = connection_deadline(t->c);
    uint32_t allowed = reads ? 1 : t->count, settled;
    sally_status status = SALLY_OK;
    for (;;) {
        while (status == SALLY_OK && has_more(t) && t->in_flight < allowed)
            status = reads ? start_reading(idle_part(t)) : start_writing(idle_part(t), write_size);
        if (status != SALLY_OK || t->in_flight == 0)
            break;
        status = connection_step(t->c, deadline);
        if (status == SALLY_OK)
            status = settle(t, reads, &settled);
        if (status != SALLY_OK)
            break;
        if (settled) {
            deadline = connection_deadline(t->c);
            allowed = t->count - allowed < settled ? t->count : allowed + settled;
        }
    }
    if (status != SALLY_OK)
        fail(t, status);
    drop_all(t);
    return t->status;
}

static sally_status transfer(struct transfer *t, uint32_t parallel, bool reads, uint32_t write_size)
{
    t->parts = mem_zalloc(parallel * sizeof *t->parts);
    if (!t->parts)
        return connection_no_memory(t->c);
    t->count = parallel;
    for (uint32_t i = 0; i < parallel; i++)
        t->parts[i].t = t;
    sally_status status = run(t, reads, write_size);
    mem_free(t->parts);
    return status == SALLY_OK ? status : connection_fail(t->c, status, t->message);
}

static sally_status write_all(sally_client *c, const sally_client_file *file, uint64_t offset,
                              const void *data, size_t size, uint32_t write_size)
{
    struct transfer t = {.c = c, .file = file, .data = data, .next = offset, .end = offset + size};
    return transfer(&t, c->parallel, false, write_size);
}

static sally_status read_all(sally_client *c, const sally_client_file *file)
{
    struct transfer t = {.c = c, .file = file, .end = UINT64_MAX};
    buf_clear(&c->got);
    buf_init(&c->got, (size_t)c->max_get + 1);
    sally_status status = transfer(&t, c->parallel, true, 0);
    if (status != SALLY_OK)
        return status;
    if (t.end > c->got.size)
        return connection_malformed(c, "data is missing");
    buf_truncate(&c->got, (size_t)t.end);
    put_u8(&c->got, 0);
    return c->got.failed ? connection_no_memory(c) : SALLY_OK;
}

/* ---- The calls ---- */

static sally_status read_once(sally_client *c, const sally_client_file *file, uint64_t offset,
                              void *data, uint32_t size, uint32_t *got)
{
    struct transfer t = {.c = c, .file = file, .single = data};
    struct part p = {.t = &t, .offset = offset, .size = size};
    sally_status status = send_read(&p);
    if (status == SALLY_OK)
        status = connection_await(c, &p.call);
    if (status == SALLY_OK)
        status = p.status;
    *got = p.got;
    return status;
}

sally_status sally_client_read(sally_client *c, sally_client_file *file, uint64_t offset,
                               void *data, uint32_t size, uint32_t *got)
{
    if (got)
        *got = 0;
    sally_status status = client_file_enter(c, file, data && got);
    if (status != SALLY_OK)
        return status;
    return connection_leave(c, read_once(c, file, offset, data, size, got));
}

static sally_status ask_write(sally_client *c, const sally_client_file *file, uint64_t offset,
                              const void *data, size_t size)
{
    struct transfer t = {.c = c, .file = file, .data = data, .next = offset, .end = offset + size};
    if (size > UINT64_MAX - offset)
        return connection_fail(c, SALLY_INVALID_PARAMETER, "beyond the largest offset");
    if (size > c->max_data)
        return write_all(c, file, offset, data, size, c->max_data);
    struct part p = {.t = &t};
    sally_status status = start_writing(&p, c->max_data);
    if (status == SALLY_OK)
        status = connection_await(c, &p.call);
    return status == SALLY_OK ? p.status : status;
}

sally_status sally_client_write(sally_client *c, sally_client_file *file, uint64_t offset,
                                const void *data, size_t size)
{
    sally_status status = client_file_enter(c, file, data || !size);
    return status == SALLY_OK ? connection_leave(c, ask_write(c, file, offset, data, size))
                              : status;
}

/* Closes the file of a transfer; an earlier failure takes precedence. */
static sally_status close_after(sally_client *c, sally_client_file *file, sally_status status)
{
    char message[sizeof c->message];
    memcpy(message, c->message, sizeof message);
    if (!c->transport) {
        client_file_free(file);
        return status;
    }
    sally_status closed = client_file_close(c, file);
    return status == SALLY_OK ? closed : connection_fail(c, status, message);
}

sally_status sally_client_put(sally_client *c, const char *path, const void *data, size_t size)
{
    sally_client_file *file;
    sally_status status = connection_enter(c, path && (data || !size));
    if (status != SALLY_OK)
        return status;
    status = client_file_open(c, path, SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE,
                              NULL, &file);
    if (status == SALLY_OK)
        status = close_after(c, file, write_all(c, file, 0, data, size, c->block_size));
    return connection_leave(c, status);
}

sally_status sally_client_get(sally_client *c, const char *path, const void **data, size_t *size)
{
    sally_client_file *file;
    if (data && size) {
        *data = NULL;
        *size = 0;
    }
    sally_status status = connection_enter(c, path && data && size);
    if (status != SALLY_OK)
        return status;
    status = client_file_open(c, path, SALLY_OPEN_READ, NULL, &file);
    if (status == SALLY_OK)
        status = close_after(c, file, read_all(c, file));
    if (status == SALLY_OK) {
        *data = buf_head(&c->got);
        *size = c->got.size - 1;
    }
    return connection_leave(c, status);
}
