#include "cmocka_all.h"

#include "sftp/peer.h"

#include <stdlib.h>

#include "base/mem.h"

static void wake(struct session_host *host, struct op *op)
{
    struct peer *p = CONTAINER_OF(host, struct peer, host);
    list_append(&p->inbox, &op->link);
}

static void offload(struct session_host *host, struct op *op)
{
    struct peer *p = CONTAINER_OF(host, struct peer, host);
    list_append(&p->work, &op->link);
}

static uint64_t now_ns(struct session_host *host)
{
    (void)host;
    return 1;
}

static int64_t wall_seconds(void *user_data)
{
    (void)user_data;
    return 1000000000 + 86400;
}

static void release(struct peer *p, struct chunk *c)
{
    list_remove(&c->link);
    p->held_bytes -= c->size;
    c->release(c);
}

static void on_closed(void *user_data)
{
    struct peer *p = user_data;
    assert_false(p->session_gone);
    p->session_gone = true;
}

void peer_close(struct peer *p, uint32_t reason)
{
    struct sftp *engine = p->engine;
    p->engine = NULL;
    sftp_close(engine, reason, on_closed, p);
}

static void on_send(void *user_data, struct chunk *c)
{
    struct peer *p = user_data;
    assert_true(c->size > 0);
    put_bytes(&p->in, c->data, c->size);
    assert_false(p->in.failed);
    list_append(&p->held, &c->link);
    p->held_bytes += c->size;
    if (p->held_bytes > p->most_held)
        p->most_held = p->held_bytes;
    if (!p->options.hold)
        release(p, c);
    if (p->close_on_send)
        peer_close(p, SALLY_CLOSED_LOST);
}

static void on_credit(void *user_data, size_t size)
{
    struct peer *p = user_data;
    assert_true(size > 0);
    p->credit += size;
    p->credit_calls++;
    if (p->close_on_credit)
        peer_close(p, SALLY_CLOSED_LOST);
}

static void on_broken(void *user_data, const char *detail)
{
    struct peer *p = user_data;
    assert_null(p->broken);
    p->broken = detail;
    if (p->close_on_end)
        peer_close(p, SALLY_CLOSED_LOST);
}

static void on_finished(void *user_data)
{
    struct peer *p = user_data;
    assert_false(p->finished);
    p->finished = true;
    if (p->close_on_end)
        peer_close(p, SALLY_CLOSED_BY_CLIENT);
}

static void on_want_flush(void *user_data)
{
    struct peer *p = user_data;
    p->flush_wishes++;
}

static uint32_t choose(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

void peer_connect(struct peer *p)
{
    const struct peer_options *o = &p->options;
    sally_session *session;
    sally_fs *fs = store_fs(&p->store, o->traits, o->without);
    assert_non_null(fs);
    p->who = (sally_peer){.address = "",
                          .local_address = "",
                          .listener = "",
                          .protocol = "sftp",
                          .client_software = o->software ? o->software : ""};
    const struct session_options session_options = {
        .user = "joe",
        .peer = &p->who,
        .home = "/home/joe",
        .fs = fs,
        .permissions = choose(o->permissions, SALLY_MAY_ALL),
        .id = 1,
        .max_operations = choose(o->max_operations, 64),
        .max_files = choose(o->max_files, 16),
        .max_bytes = o->max_bytes ? o->max_bytes : (size_t)8 * 1024 * 1024,
    };
    assert_int_equal(session_new(&session, &p->host, &session_options), SALLY_E_OK);
    sally_fs_unref(fs);
    const struct sftp_options options = {
        .settings.max_version = choose(o->max_version, 6),
        .settings.max_packet = choose(o->max_packet, 257 * 1024),
        .settings.max_read = choose(o->max_read, 255 * 1024),
        .settings.max_write = choose(o->max_write, 255 * 1024),
        .settings.max_names = choose(o->max_names, 64 * 1024),
        .max_unsent = o->max_unsent,
        .settings.list_dots = o->list_dots,
        .settings.umask_version = choose(o->umask_version, 5),
        .settings.allow_requests = o->allow,
        .settings.deny_requests = o->deny,
        .settings.filename_charset = o->filename_charset,
        .charset = o->charset,
        .wall_seconds = wall_seconds,
    };
    const struct sftp_events events = {
        .send = on_send,
        .credit = on_credit,
        .broken = on_broken,
        .finished = on_finished,
        .want_flush = o->want_flush ? on_want_flush : NULL,
    };
    assert_int_equal(sftp_new(&p->engine, session, &options, &events, p), SALLY_E_OK);
}

void peer_init(struct peer *p, uint32_t version)
{
    put_u32(&p->out, 5);
    put_u8(&p->out, SSH_FXP_INIT);
    put_u32(&p->out, version);
    p->requests++;
    peer_go(p);
    assert_int_equal(peer_take(p)->type, SSH_FXP_VERSION);
}

struct peer *peer_new(const struct peer_options *options)
{
    struct peer *p = calloc(1, sizeof *p);
    assert_non_null(p);
    if (options)
        p->options = *options;
    p->host.wake = wake;
    p->host.now_ns = now_ns;
    p->host.offload = p->options.workers ? offload : NULL;
    p->random = 88172645463325252u;
    list_init(&p->inbox);
    list_init(&p->work);
    list_init(&p->held);
    buf_init(&p->out, SIZE_MAX / 2);
    buf_init(&p->in, SIZE_MAX / 2);
    store_init(&p->store);
    p->store.resolves = p->options.resolves;
    store_add(&p->store, "/home/joe", SALLY_TYPE_DIRECTORY, NULL, 0);
    store_add(&p->store, "/many", SALLY_TYPE_DIRECTORY, NULL, 0);
    store_add(&p->store, "/hello", SALLY_TYPE_REGULAR, "Hello, world", 12);
    peer_connect(p);
    if (!p->options.no_init)
        peer_init(p, choose(p->options.version, 3));
    return p;
}

static void deliver(struct peer *p)
{
    struct list *item;
    while ((item = list_pop_first(&p->inbox)))
        session_deliver(CONTAINER_OF(item, struct op, link));
}

static void work(struct peer *p)
{
    struct list *item;
    while (!p->are_busy && (item = list_pop_first(&p->work)))
        session_run(CONTAINER_OF(item, struct op, link));
}

void peer_free(struct peer *p)
{
    if (p->engine)
        peer_close(p, SALLY_CLOSED_LOST);
    p->are_busy = false;
    while (p->store.late_count || !list_empty(&p->inbox) || !list_empty(&p->work)) {
        work(p);
        deliver(p);
        if (p->store.late_count)
            store_finish(&p->store, 0);
    }
    assert_true(p->session_gone);
    peer_release(p, SIZE_MAX);
    assert_int_equal(p->store.open_files, 0);
    store_clear(&p->store);
    buf_clear(&p->out);
    buf_clear(&p->in);
    free(p);
}

uint32_t peer_begin(struct peer *p, uint8_t type)
{
    p->place = put_string_begin(&p->out);
    put_u8(&p->out, type);
    put_u32(&p->out, ++p->next_id);
    return p->next_id;
}

void peer_end(struct peer *p)
{
    put_string_end(&p->out, p->place);
    p->requests++;
}

static size_t piece(struct peer *p, size_t left)
{
    size_t size = left;
    if (p->options.cut == CUT_BYTES)
        size = 1;
    if (p->options.cut == CUT_RANDOM) {
        p->random ^= p->random << 13;
        p->random ^= p->random >> 7;
        p->random ^= p->random << 17;
        size = 1 + (size_t)(p->random % (p->random & 0x100 ? 60 : 40000));
    }
    return size < left ? size : left;
}

void peer_pump(struct peer *p)
{
    do {
        deliver(p);
        if (p->engine)
            sftp_flush(p->engine);
        work(p);
    } while (!list_empty(&p->inbox));
}

/* Each piece in memory of its own size, so that reading past it is seen. */
void peer_send_raw(struct peer *p, const void *data, size_t size)
{
    const uint8_t *at = data;
    p->sent += size;
    while (size) {
        size_t part = piece(p, size);
        uint8_t *copy = malloc(part);
        assert_non_null(copy);
        memcpy(copy, at, part);
        if (p->engine)
            sftp_input(p->engine, copy, part);
        free(copy);
        at += part;
        size -= part;
        if (p->options.cut != CUT_NOTHING)
            peer_pump(p);
    }
    peer_pump(p);
}

void peer_go(struct peer *p)
{
    struct buf out = p->out;
    buf_init(&p->out, SIZE_MAX / 2);
    assert_false(out.failed);
    peer_send_raw(p, buf_head(&out), out.size);
    buf_clear(&out);
}

void peer_release(struct peer *p, size_t count)
{
    struct list *item;
    for (; count && (item = list_first(&p->held)); count--)
        release(p, CONTAINER_OF(item, struct chunk, link));
}

bool peer_has_reply(const struct peer *p)
{
    return p->in.size != 0;
}

struct reply *peer_take(struct peer *p)
{
    struct reply *r = &p->reply;
    struct cursor c = cursor_of_slice(buf_slice(&p->in));
    struct slice packet = get_string(&c);
    assert_false(c.bad); /* no reply, or a piece of one */
    assert_true(packet.size >= 5 && packet.size <= sizeof r->bytes);
    memcpy(r->bytes, packet.data, packet.size);
    buf_consume(&p->in, packet.size + 4);
    p->replies++;
    r->size = packet.size;
    r->body = cursor_of(r->bytes, r->size);
    r->type = get_u8(&r->body);
    if (r->type != SSH_FXP_VERSION)
        r->id = get_u32(&r->body);
    return r;
}

struct reply *peer_expect(struct peer *p, uint8_t type, uint32_t id)
{
    struct reply *r = peer_take(p);
    assert_int_equal(r->id, id);
    if (r->type == SSH_FXP_STATUS && type != SSH_FXP_STATUS)
        fail_msg("status %u instead of type %u", (unsigned)get_u32(&r->body), type);
    assert_int_equal(r->type, type);
    return r;
}

void peer_expect_status(struct peer *p, uint32_t id, uint32_t code)
{
    struct reply *r = peer_expect(p, SSH_FXP_STATUS, id);
    assert_int_equal(get_u32(&r->body), code);
    struct slice text = get_string(&r->body);
    assert_true(text.size > 0);
    get_string(&r->body);
    assert_true(cursor_done(&r->body));
}

void peer_expect_nothing(const struct peer *p)
{
    assert_false(peer_has_reply(p));
}

static struct handle take_handle(struct peer *p, uint32_t id)
{
    struct handle h;
    struct slice s = get_string(&peer_expect(p, SSH_FXP_HANDLE, id)->body);
    assert_true(cursor_done(&p->reply.body));
    assert_true(s.size > 0 && s.size <= sizeof h.bytes);
    memcpy(h.bytes, s.data, s.size);
    h.size = s.size;
    return h;
}

void peer_put_no_attrs(struct peer *p)
{
    put_u32(&p->out, 0);
    if (p->options.version > 3)
        put_u8(&p->out, SALLY_TYPE_REGULAR);
}

void peer_put_handle(struct peer *p, const struct handle *h)
{
    put_string(&p->out, h->bytes, h->size);
}

struct handle peer_open(struct peer *p, const char *path, uint32_t flags)
{
    uint32_t id = peer_begin(p, SSH_FXP_OPEN);
    put_text(&p->out, path);
    put_u32(&p->out, flags);
    peer_put_no_attrs(p);
    peer_end(p);
    peer_go(p);
    return take_handle(p, id);
}

struct handle peer_open_both(struct peer *p, const char *path)
{
    if (p->options.version < 5)
        return peer_open(p, path, SSH_FXF_READ | SSH_FXF_WRITE);
    uint32_t id = peer_begin(p, SSH_FXP_OPEN);
    put_text(&p->out, path);
    put_u32(&p->out, ACE4_READ_DATA | ACE4_WRITE_DATA);
    put_u32(&p->out, SSH_FXF_OPEN_EXISTING);
    peer_put_no_attrs(p);
    peer_end(p);
    peer_go(p);
    return take_handle(p, id);
}

struct handle peer_opendir(struct peer *p, const char *path)
{
    uint32_t id = peer_path_request(p, SSH_FXP_OPENDIR, path);
    peer_go(p);
    return take_handle(p, id);
}

uint32_t peer_path_request(struct peer *p, uint8_t type, const char *path)
{
    uint32_t id = peer_begin(p, type);
    put_text(&p->out, path);
    peer_end(p);
    return id;
}

uint32_t peer_handle_request(struct peer *p, uint8_t type, struct handle h)
{
    uint32_t id = peer_begin(p, type);
    put_string(&p->out, h.bytes, h.size);
    peer_end(p);
    return id;
}

uint32_t peer_send_close(struct peer *p, struct handle h)
{
    return peer_handle_request(p, SSH_FXP_CLOSE, h);
}

void peer_close_handle(struct peer *p, struct handle h)
{
    uint32_t id = peer_send_close(p, h);
    peer_go(p);
    peer_expect_status(p, id, SALLY_OK);
}

uint32_t peer_read_request(struct peer *p, struct handle h, uint64_t offset, uint32_t length)
{
    uint32_t id = peer_begin(p, SSH_FXP_READ);
    put_string(&p->out, h.bytes, h.size);
    put_u64(&p->out, offset);
    put_u32(&p->out, length);
    peer_end(p);
    return id;
}

uint32_t peer_write_request(struct peer *p, struct handle h, uint64_t offset, const void *data,
                            size_t size)
{
    uint32_t id = peer_begin(p, SSH_FXP_WRITE);
    put_string(&p->out, h.bytes, h.size);
    put_u64(&p->out, offset);
    put_string(&p->out, data, size);
    peer_end(p);
    return id;
}

uint32_t peer_begin_extended(struct peer *p, const char *name)
{
    uint32_t id = peer_begin(p, SSH_FXP_EXTENDED);
    put_text(&p->out, name);
    return id;
}

uint32_t peer_extended(struct peer *p, const char *name)
{
    uint32_t id = peer_begin_extended(p, name);
    peer_end(p);
    return id;
}

uint32_t peer_extended_path(struct peer *p, const char *name, const char *path)
{
    uint32_t id = peer_begin_extended(p, name);
    put_text(&p->out, path);
    peer_end(p);
    return id;
}

uint32_t peer_extended_paths(struct peer *p, const char *name, const char *a, const char *b)
{
    uint32_t id = peer_begin_extended(p, name);
    put_text(&p->out, a);
    put_text(&p->out, b);
    peer_end(p);
    return id;
}

uint32_t peer_extended_handle(struct peer *p, const char *name, struct handle h)
{
    uint32_t id = peer_begin_extended(p, name);
    put_string(&p->out, h.bytes, h.size);
    peer_end(p);
    return id;
}
