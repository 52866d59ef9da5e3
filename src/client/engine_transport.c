#include "client/engine_transport.h"

#include "base/mem.h"
#include "base/sized.h"

struct engine_transport {
    struct client_transport transport; /* first */
    sally_sftp *sftp;
    struct waker *waker;
    int64_t (*wall_seconds)(void *user_data); /* the program's, with its own user_data */
    void *user_data;
};

static struct engine_transport *of(struct client_transport *transport)
{
    return CONTAINER_OF(transport, struct engine_transport, transport);
}

static void on_wake(void *user_data)
{
    const struct engine_transport *e = user_data;
    waker_wake(e->waker);
}

static int64_t wall_seconds(void *user_data)
{
    const struct engine_transport *e = user_data;
    return e->wall_seconds(e->user_data);
}

static bool engine_send(struct client_transport *transport, const void *data, size_t size,
                        size_t *taken)
{
    return sally_sftp_input(of(transport)->sftp, data, size, taken) == SALLY_E_OK;
}

static size_t engine_receive(struct client_transport *transport, const void **data)
{
    return sally_sftp_output(of(transport)->sftp, data);
}

static void engine_received(struct client_transport *transport, size_t size)
{
    sally_sftp_sent(of(transport)->sftp, size);
}

static void engine_end(struct client_transport *transport)
{
    sally_sftp_eof(of(transport)->sftp);
}

static bool engine_is_done(struct client_transport *transport)
{
    return sally_sftp_done(of(transport)->sftp);
}

static sally_session *engine_session(struct client_transport *transport)
{
    return sally_sftp_session(of(transport)->sftp);
}

static void engine_free(struct client_transport *transport)
{
    struct engine_transport *e = of(transport);
    sally_sftp_free(e->sftp);
    mem_free(e);
}

static const struct client_transport_methods methods = {
    .send = engine_send,
    .receive = engine_receive,
    .received = engine_received,
    .end = engine_end,
    .is_done = engine_is_done,
    .session = engine_session,
    .free = engine_free,
};

sally_error engine_transport_new(struct client_transport **out, sally_fs *fs,
                                 const sally_sftp_options *options, struct waker *waker)
{
    sally_sftp_options o = {.struct_size = sizeof o};
    if (options && (!sized_copy(&o, sizeof o, options, options->struct_size,
                                offsetof(sally_sftp_options, user)) ||
                    o.on_wake))
        return SALLY_E_INVALID;
    struct engine_transport *e = mem_zalloc(sizeof *e);
    if (!e)
        return SALLY_E_NO_MEMORY;
    e->transport.methods = &methods;
    e->waker = waker;
    e->wall_seconds = o.wall_seconds;
    e->user_data = o.user_data;
    o.struct_size = sizeof o;
    o.wall_seconds = o.wall_seconds ? wall_seconds : NULL;
    o.on_wake = on_wake;
    o.user_data = e;
    sally_error error = sally_sftp_new(&e->sftp, fs, &o);
    if (error) {
        mem_free(e);
        return error;
    }
    *out = &e->transport;
    return SALLY_E_OK;
}
