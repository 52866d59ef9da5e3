#include "cmocka_all.h"

#include "scp/client.h"

#include <stdlib.h>

#include "base/mem.h"

static void wake(struct session_host *host, struct op *op)
{
    struct client *c = CONTAINER_OF(host, struct client, host);
    list_append(&c->inbox, &op->link);
}

static uint64_t now_ns(struct session_host *host)
{
    (void)host;
    return 1;
}

static void release_first(struct client *c)
{
    struct chunk *chunk = CONTAINER_OF(list_pop_first(&c->held), struct chunk, link);
    c->held_bytes -= chunk->size;
    chunk->release(chunk);
}

static void on_closed(void *user_data)
{
    struct client *c = user_data;
    assert_false(c->session_gone);
    c->session_gone = true;
}

void client_close(struct client *c)
{
    struct scp *engine = c->engine;
    c->engine = NULL;
    scp_close(engine, SALLY_CLOSED_LOST, on_closed, c);
}

static void take_chunk(struct client *c, struct buf *heard, struct chunk *chunk)
{
    assert_true(chunk->size > 0);
    put_bytes(heard, chunk->data, chunk->size);
    assert_false(heard->failed);
    list_append(&c->held, &chunk->link);
    c->held_bytes += chunk->size;
    if (c->held_bytes > c->most_held)
        c->most_held = c->held_bytes;
    if (!(c->how & RUN_HOLD))
        release_first(c);
    if (c->close_on_send)
        client_close(c);
}

static void on_send(void *user_data, struct chunk *chunk)
{
    struct client *c = user_data;
    take_chunk(c, &c->out, chunk);
}

static void on_send_error(void *user_data, struct chunk *chunk)
{
    struct client *c = user_data;
    take_chunk(c, &c->err, chunk);
}

static void on_credit(void *user_data, size_t size)
{
    struct client *c = user_data;
    assert_true(size > 0);
    c->credit += size;
    if (c->close_on_credit)
        client_close(c);
}

static void on_finished(void *user_data, uint32_t status)
{
    struct client *c = user_data;
    assert_false(c->finished);
    c->finished = true;
    c->status = status;
    if (c->close_on_end)
        client_close(c);
}

static void on_want_flush(void *user_data)
{
    struct client *c = user_data;
    c->wish = true;
}

void client_init(struct client *c, uint32_t how)
{
    memset(c, 0, sizeof *c);
    c->host.wake = wake;
    c->host.now_ns = now_ns;
    c->how = how;
    c->permissions = SALLY_MAY_ALL;
    c->allowed = SCP_ALL_COMMANDS;
    c->random = 88172645463325252u;
    list_init(&c->inbox);
    list_init(&c->held);
    buf_init(&c->out, SIZE_MAX / 2);
    buf_init(&c->err, SIZE_MAX / 2);
    store_init(&c->store);
    store_add(&c->store, "/home", SALLY_TYPE_DIRECTORY, NULL, 0);
    store_add(&c->store, "/home/joe", SALLY_TYPE_DIRECTORY, NULL, 0);
    store_add(&c->store, "/home/joe/hello", SALLY_TYPE_REGULAR, "Hello, world", 12);
    store_add(&c->store, "/many", SALLY_TYPE_DIRECTORY, NULL, 0);
    c->store.late_kinds = how & RUN_LATE ? SALLY_OP_ALL : 0;
}

bool client_start(struct client *c, const char *command)
{
    static const struct scp_events with_wish = {on_send,     on_send_error, on_credit,
                                                on_finished, on_want_flush, NULL};
    static const struct scp_events without = {on_send,     on_send_error, on_credit,
                                              on_finished, NULL,          NULL};
    sally_session *session;
    sally_fs *fs = store_fs(&c->store, c->how & RUN_CONCURRENT ? SALLY_FS_CONCURRENT : 0, 0);
    if (!fs)
        return false;
    const struct session_options options = {
        .user = "joe",
        .home = "/home/joe",
        .fs = fs,
        .permissions = c->permissions,
        .id = 1,
        .max_operations = 64,
        .max_files = 300,
        .max_bytes = (size_t)8 * 1024 * 1024,
    };
    sally_error error = session_new(&session, &c->host, &options);
    sally_fs_unref(fs);
    if (error)
        return false;
    c->session = session;
    const struct scp_options scp = {.allowed = c->allowed};
    error = scp_new(&c->engine, session, slice_of(command), &scp,
                    c->how & RUN_RANDOM ? &with_wish : &without, c);
    if (error) {
        assert_int_equal(error, SALLY_E_NO_MEMORY);
        session_close(session, SALLY_CLOSED_LOST, on_closed, c);
        return false;
    }
    client_pump(c);
    return true;
}

static uint64_t next_random(struct client *c)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return c->random;
}

static bool deliver(struct client *c)
{
    struct list *item = list_pop_first(&c->inbox);
    if (item)
        session_deliver(CONTAINER_OF(item, struct op, link));
    return item != NULL;
}

void client_pump(struct client *c)
{
    if (c->engine)
        scp_flush(c->engine);
    for (;;) {
        if (deliver(c)) {
            if (c->engine && next_random(c) % 2)
                scp_flush(c->engine);
            c->wish = true;
            continue;
        }
        if (c->store.late_count) {
            store_finish(&c->store, (uint32_t)(next_random(c) % c->store.late_count));
        } else if (!list_empty(&c->held)) {
            release_first(c);
        } else if (c->wish) {
            c->wish = false;
            if (c->engine)
                scp_flush(c->engine);
        } else {
            return;
        }
    }
}

void client_say(struct client *c, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size && c->engine) {
        size_t part = size;
        if (c->how & RUN_BYTES)
            part = 1;
        else if (c->how & RUN_RANDOM)
            part = 1 + (size_t)(next_random(c) % (size < 70000 ? size : 70000));
        uint8_t *copy = malloc(part); /* so that reading past it is noticed */
        assert_non_null(copy);
        memcpy(copy, at, part);
        c->sent += part;
        scp_input(c->engine, copy, part);
        free(copy);
        at += part;
        size -= part;
        if (!(c->how & RUN_BYTES) || c->sent % 7 == 0)
            client_pump(c);
    }
    client_pump(c);
}

void client_eof(struct client *c)
{
    if (c->engine)
        scp_eof(c->engine);
    client_pump(c);
}

void client_clear(struct client *c)
{
    if (c->engine)
        client_close(c);
    client_pump(c);
    assert_true(c->session_gone);
    assert_true(list_empty(&c->held));
    assert_int_equal(c->store.open_files, 0);
    store_clear(&c->store);
    buf_clear(&c->out);
    buf_clear(&c->err);
}

void check_error(const struct exchange *e, const char *error)
{
    for (uint32_t how = 0; how < RUN_HOWS; how++) {
        struct client c;
        client_init(&c, how);
        if (e->prepare)
            e->prepare(&c);
        assert_true(client_start(&c, e->command));
        client_say(&c, e->in, e->in_size);
        client_eof(&c);
        assert_true(c.finished);
        if (c.out.size != e->out_size ||
            (e->out_size && memcmp(buf_head(&c.out), e->out, e->out_size) != 0))
            print_error("%s: heard: %.*s\n", e->command, (int)c.out.size,
                        (const char *)buf_head(&c.out));
        assert_int_equal(c.out.size, e->out_size);
        if (e->out_size)
            assert_memory_equal(buf_head(&c.out), e->out, e->out_size);
        if (!slice_is(buf_slice(&c.err), error))
            fail_msg("%s: standard error: %.*s", e->command, (int)c.err.size,
                     c.err.size ? (const char *)buf_head(&c.err) : "");
        assert_int_equal(c.status, e->status);
        assert_int_equal(c.credit, c.sent);
        if (e->look)
            e->look(&c);
        client_clear(&c);
    }
}

void check(const struct exchange *e)
{
    check_error(e, "");
}
