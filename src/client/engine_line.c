#include "client/engine_line.h"

#include "base/mem.h"
#include "base/sized.h"

struct engine_line {
    struct line line; /* first */
    sally_sftp *sftp;
    struct waker *waker;
    int64_t (*wall_seconds)(void *user_data); /* the program's, with its own user_data */
    void *user_data;
};

static struct engine_line *of(struct line *line)
{
    return CONTAINER_OF(line, struct engine_line, line);
}

static void on_wake(void *user_data)
{
    const struct engine_line *e = user_data;
    waker_wake(e->waker);
}

static int64_t wall_seconds(void *user_data)
{
    const struct engine_line *e = user_data;
    return e->wall_seconds(e->user_data);
}

static bool engine_send(struct line *line, const void *data, size_t size, size_t *taken)
{
    return sally_sftp_input(of(line)->sftp, data, size, taken) == SALLY_E_OK;
}

static size_t engine_receive(struct line *line, const void **data)
{
    return sally_sftp_output(of(line)->sftp, data);
}

static void engine_received(struct line *line, size_t size)
{
    sally_sftp_sent(of(line)->sftp, size);
}

static void engine_end(struct line *line)
{
    sally_sftp_eof(of(line)->sftp);
}

static bool engine_is_done(struct line *line)
{
    return sally_sftp_done(of(line)->sftp);
}

static sally_session *engine_session(struct line *line)
{
    return sally_sftp_session(of(line)->sftp);
}

static void engine_free(struct line *line)
{
    struct engine_line *e = of(line);
    sally_sftp_free(e->sftp);
    mem_free(e);
}

static const struct line_methods methods = {
    .send = engine_send,
    .receive = engine_receive,
    .received = engine_received,
    .end = engine_end,
    .is_done = engine_is_done,
    .session = engine_session,
    .free = engine_free,
};

sally_error engine_line_new(struct line **out, sally_fs *fs, const sally_sftp_options *options,
                            struct waker *waker)
{
    sally_sftp_options o = {.struct_size = sizeof o};
    if (options && (!sized_copy(&o, sizeof o, options, options->struct_size,
                                offsetof(sally_sftp_options, user)) ||
                    o.on_wake))
        return SALLY_E_INVALID;
    struct engine_line *e = mem_zalloc(sizeof *e);
    if (!e)
        return SALLY_E_NO_MEMORY;
    e->line.methods = &methods;
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
    *out = &e->line;
    return SALLY_E_OK;
}
