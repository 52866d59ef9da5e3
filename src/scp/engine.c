/* The engine's life, the calls of its owner, and what all modes share. */
#include "scp/engine.h"

#include "base/mem.h"
#include "core/path.h"

/* Messages are sent at this size, so that a peer that does not read them cannot accumulate them. */
#define OUT_ENOUGH ((size_t)4096)
#define OUT_MAX    ((size_t)128 * 1024)
#define TEXT_MAX   ((size_t)64 * 1024)

static void free_engine(struct scp *s)
{
    scp_command_clear(&s->command);
    mem_free(s);
}

static void enter(struct scp *s)
{
    s->depth++;
}

/* The owner may have closed the engine from inside an event. */
static void leave(struct scp *s)
{
    if (--s->depth == 0 && s->free_pending)
        free_engine(s);
}

/* ---- Output ---- */

static void hand_over_to(struct scp *s, struct buf *text,
                         void (*send)(void *user_data, struct chunk *c))
{
    if (text->size == 0 || s->closing)
        return;
    struct block *b = blocks_get(s->blocks, text->size);
    size_t size = text->size;
    if (!b) {
        buf_reset(text);
        scp_no_memory(s);
        return;
    }
    memcpy(b->bytes, buf_head(text), size);
    buf_reset(text);
    send(s->user_data, blocks_chunk(b, 0, size));
}

static void hand_over(struct scp *s)
{
    hand_over_to(s, &s->out, s->events.send);
    hand_over_to(s, &s->err, s->events.send_error);
}

static size_t unsent(const struct scp *s)
{
    return s->out.size + s->err.size;
}

void scp_put_out(struct scp *s, const void *data, size_t size)
{
    put_bytes(&s->out, data, size);
    if (s->out.failed)
        scp_no_memory(s);
}

void scp_put_error(struct scp *s, struct slice text)
{
    put_bytes(&s->err, text.data, text.size);
    put_u8(&s->err, '\n');
    if (s->err.failed)
        scp_no_memory(s);
}

void scp_send_block(struct scp *s, struct block *block, size_t size)
{
    hand_over(s);
    if (s->closing || s->over)
        blocks_put(block);
    else
        s->events.send(s->user_data, blocks_chunk(block, 0, size));
}

static const char *program(const struct scp *s)
{
    if (s->command.kind == SCP_DF)
        return "df";
    return s->command.kind == SCP_DIGEST ? s->command.digest->program : "scp";
}

void scp_put_failure(struct scp *s, struct buf *out, struct slice path, const char *why)
{
    buf_clear(out);
    buf_init(out, TEXT_MAX);
    put_format(out, "%s: ", program(s));
    scp_put_readable(out, path);
    put_bytes(out, ": ", 2);
    scp_put_readable(out, slice_of(why));
}

void scp_put_status(struct scp *s, struct buf *out, struct slice path, const struct op *op,
                    sally_status status)
{
    const char *message = op ? op->message : NULL;
    scp_put_failure(s, out, path, message ? message : sally_status_text(status));
}

void scp_warn(struct scp *s, struct slice text)
{
    s->errors++;
    scp_put_out(s, "\1", 1);
    scp_put_out(s, text.data, text.size);
    scp_put_out(s, "\n", 1);
}

void scp_finish(struct scp *s, uint32_t exit_status)
{
    if (s->over)
        return;
    s->over = true;
    s->exit_status = exit_status;
}

void scp_protocol_error(struct scp *s, const char *what)
{
    struct buf text;
    buf_init(&text, 256);
    put_format(&text, "scp: protocol error: %s", what);
    scp_warn(s, buf_slice(&text));
    buf_clear(&text);
    session_set_end_reason(s->session, SALLY_END_PROTOCOL);
    log_line(session_log(s->session), session_log_ids(s->session), SALLY_LOG_INFO, "scp.broken",
             NULL, 0, "SCP ends: %s", what);
    scp_finish(s, 1);
}

void scp_no_memory(struct scp *s)
{
    session_set_end_reason(s->session, SALLY_END_LIMIT);
    log_line(session_log(s->session), session_log_ids(s->session), SALLY_LOG_WARNING, "scp.broken",
             NULL, 0, "SCP ends: out of memory");
    scp_finish(s, 1);
}

/* ---- Input ---- */

void scp_use_input(struct scp *s, size_t size)
{
    buf_consume(&s->in, size);
    s->credit += size;
}

bool scp_line(struct scp *s, struct slice *line)
{
    const uint8_t *head = buf_head(&s->in);
    size_t look = s->in.size < SCP_MAX_LINE ? s->in.size : SCP_MAX_LINE;
    const uint8_t *end = look ? memchr(head, '\n', look) : NULL;
    if (!end) {
        if (look == SCP_MAX_LINE)
            scp_protocol_error(s, "line too long");
        return false;
    }
    *line = (struct slice){head, (size_t)(end - head)};
    return true;
}

enum scp_answer scp_pop_answer(struct scp *s)
{
    struct slice line;
    if (s->in.size && *buf_head(&s->in) == 0) {
        scp_use_input(s, 1);
        return ANSWER_OK;
    }
    if (!scp_line(s, &line)) {
        if (s->over)
            return ANSWER_FATAL;
        return s->ended ? ANSWER_LOST : ANSWER_NONE;
    }
    bool warning = line.size && line.data[0] == 1;
    scp_use_input(s, line.size + 1);
    return warning ? ANSWER_WARNING : ANSWER_FATAL;
}

/* ---- Operations ---- */

static void end_task(struct op *op)
{
    struct scp_task *t = task_of(op);
    blocks_put(t->block);
    t->block = NULL;
    op_free(op);
}

static void drop_listing(struct op *op)
{
    struct scp_listing *l = task_of(op)->listing;
    if (l)
        buf_clear(&l->names);
}

static void on_done(struct op *op)
{
    struct scp *s = task_of(op)->s;
    if (s->closing) {
        drop_listing(op);
        end_task(op);
        return;
    }
    /* The rest waits for scp_flush(): the owner may end the session in an event, which must not
     * come from in here, while the session still has the operation's file. */
    list_append(&s->done, &op->link);
}

struct op *scp_op(struct scp *s, uint32_t kind, then_fn *then)
{
    struct op *op = op_new(s->session, kind);
    struct scp_task *t = op ? sally_op_alloc(&op->pub, sizeof *t) : NULL;
    if (!t) {
        if (op)
            op_free(op);
        scp_no_memory(s);
        return NULL;
    }
    *t = (struct scp_task){.s = s, .then = then};
    op->owner = t;
    op->on_done = on_done;
    return op;
}

struct op *scp_file_op(struct scp *s, uint32_t kind, sally_file *file, then_fn *then)
{
    struct op *op = scp_op(s, kind, then);
    if (op)
        op_use_file(op, file);
    return op;
}

struct op *scp_path_op(struct scp *s, uint32_t kind, struct slice path, then_fn *then,
                       void (*failed)(struct scp *s, const struct op *op, sally_status status))
{
    struct op *op = scp_op(s, kind, then);
    if (!op)
        return NULL;
    sally_status status = op_set_raw_path(op, path);
    if (status == SALLY_OK)
        status = op_note_raw_path(op, path);
    if (status == SALLY_OK)
        return op;
    op_free(op);
    failed(s, NULL, status);
    return NULL;
}

void scp_submit(struct scp *s, struct op *op)
{
    (void)s;
    op_submit(op);
}

void scp_submit_alone(struct scp *s, struct op *op)
{
    s->busy = true;
    op_submit(op);
}

/* ---- Steps ---- */

static bool pop_done(struct scp *s)
{
    struct list *item = list_pop_first(&s->done);
    if (!item)
        return false;
    struct op *op = CONTAINER_OF(item, struct op, link);
    if (!s->over)
        task_of(op)->then(s, op);
    drop_listing(op);
    end_task(op);
    return true;
}

static void after_start(struct scp *s, struct op *op)
{
    s->busy = false;
    s->started = true;
    if (op->pub.status == SALLY_OK)
        return;
    const char *why = op->message ? op->message : sally_status_text(op->pub.status);
    if (s->command.kind == SCP_DIGEST || s->command.kind == SCP_DF)
        scp_put_error(s, slice_of(why));
    else
        scp_warn(s, slice_of(why));
    scp_finish(s, 1);
}

static bool start(struct scp *s)
{
    struct op *op = scp_op(s, SALLY_OP_SESSION_START, after_start);
    if (!op)
        return false;
    op->pub.path = "/";
    if (s->command.kind == SCP_SINK && s->events.uploading)
        s->events.uploading(s->user_data, true);
    scp_submit_alone(s, op);
    return true;
}

static bool step(struct scp *s)
{
    if (pop_done(s))
        return true;
    if (s->over || s->busy)
        return false;
    if (unsent(s) >= OUT_ENOUGH) {
        hand_over(s);
        return true;
    }
    if (s->blocks->used >= SCP_MAX_BLOCKS)
        return false;
    return s->started || s->mode == &scp_mode_refused ? s->mode->step(s) : start(s);
}

static void tell(struct scp *s)
{
    if (!s->over || s->end_reported)
        return;
    s->credit += s->in.size;
    buf_clear(&s->in);
    s->end_reported = true;
    s->events.finished(s->user_data, s->exit_status);
}

static void give_credit(struct scp *s)
{
    size_t credit = s->credit;
    s->credit = 0;
    if (credit)
        s->events.credit(s->user_data, credit);
}

static bool may_go_on(const struct scp *s)
{
    return !s->closing && !session_turn_is_over(s->session);
}

/* Continues until there is no progress: chunks that are sent may return at once and make room for
 * more. */
static void settle(struct scp *s)
{
    do {
        while (may_go_on(s) && step(s))
            continue;
        hand_over(s);
    } while (may_go_on(s) && (!list_empty(&s->done) || (s->over && unsent(s))));
    if (!s->closing)
        tell(s);
    if (!s->closing)
        give_credit(s);
}

/* A chunk came back. */
static void on_release(void *user_data)
{
    struct scp *s = user_data;
    if (s->depth || s->closing || s->over)
        return;
    if (s->events.want_flush)
        s->events.want_flush(s->user_data);
    else
        scp_flush(s);
}

static const struct mode *mode_of(enum scp_kind kind)
{
    switch (kind) {
    case SCP_SOURCE:
        return &scp_mode_source;
    case SCP_SINK:
        return &scp_mode_sink;
    case SCP_DIGEST:
        return &scp_mode_digest;
    case SCP_DF:
        return &scp_mode_df;
    default:
        return &scp_mode_refused;
    }
}

sally_error scp_new(struct scp **out, sally_session *session, struct slice command,
                    const struct scp_options *options, const struct scp_events *events,
                    void *user_data)
{
    *out = NULL;
    struct scp *s = mem_zalloc(sizeof *s);
    if (!s)
        return SALLY_E_NO_MEMORY;
    s->blocks = blocks_new(on_release, s, options->free_large, session_memory(session));
    if (!s->blocks || scp_command_parse(&s->command, command, options->allowed) != SALLY_E_OK) {
        if (s->blocks)
            blocks_free(s->blocks);
        free_engine(s);
        return SALLY_E_NO_MEMORY;
    }
    s->session = session;
    session_set_protocol(session, strcmp(program(s), "scp") == 0 ? "scp" : "exec");
    s->events = *events;
    s->user_data = user_data;
    s->mode = mode_of(s->command.kind);
    buf_init(&s->in, SIZE_MAX / 2); /* never more than the window granted */
    buf_init(&s->out, OUT_MAX);
    buf_init(&s->err, OUT_MAX);
    s->in.free_large = s->out.free_large = s->err.free_large = options->free_large;
    list_init(&s->done);
    buf_init(&s->walk.path, PATH_MAX_BYTES);
    buf_init(&s->sink.path, PATH_MAX_BYTES);
    s->walk.next = (const char *)buf_head(&s->command.paths);
    s->walk.left = s->command.path_count;
    *out = s;
    return SALLY_E_OK;
}

static void receive(struct scp *s, const uint8_t *data, size_t size)
{
    if (s->over) {
        s->credit += size;
        return;
    }
    size_t taken = 0;
    if (s->in.size == 0 && s->mode == &scp_mode_sink)
        taken = sink_receive_data(s, data, size);
    s->credit += taken;
    if (taken == size)
        return;
    put_bytes(&s->in, data + taken, size - taken);
    if (s->in.failed) {
        s->credit += size - taken;
        scp_no_memory(s);
    }
}

void scp_input(struct scp *s, const uint8_t *data, size_t size)
{
    if (s->closing || s->ended || size == 0)
        return;
    enter(s);
    receive(s, data, size);
    if (s->started || s->over)
        settle(s);
    leave(s);
}

void scp_eof(struct scp *s)
{
    s->ended = true;
    scp_flush(s);
}

void scp_flush(struct scp *s)
{
    if (s->closing || s->depth)
        return;
    enter(s);
    settle(s);
    leave(s);
}

void scp_trim(struct scp *s)
{
    if (!s->closing)
        blocks_trim(s->blocks, 0);
}

/* ---- The end ---- */

static void on_session_closed(void *user_data)
{
    struct scp *s = user_data;
    void (*on_closed)(void *) = s->on_closed;
    void *closed_user_data = s->closed_user_data;
    s->mode->drop(s);
    blocks_free(s->blocks);
    s->free_pending = true;
    if (s->depth == 0)
        free_engine(s);
    if (on_closed)
        on_closed(closed_user_data);
}

static void drop_done(struct scp *s)
{
    struct list *item;
    while ((item = list_pop_first(&s->done)) != NULL) {
        struct op *op = CONTAINER_OF(item, struct op, link);
        drop_listing(op);
        end_task(op);
    }
}

void scp_close(struct scp *s, uint32_t reason, void (*on_closed)(void *user_data), void *user_data)
{
    enter(s);
    s->closing = true;
    s->on_closed = on_closed;
    s->closed_user_data = user_data;
    drop_done(s);
    buf_clear(&s->in);
    buf_clear(&s->out);
    buf_clear(&s->err);
    session_close(s->session, reason, on_session_closed, s);
    leave(s);
}

/* ---- Refused commands ---- */

static bool refused_step(struct scp *s)
{
    struct scp_command *c = &s->command;
    if (c->for_scp) { /* code 2: a fatal error, with the reason */
        scp_put_out(s, "\2scp: ", strncmp(c->message, "scp: ", 5) == 0 ? 1 : 6);
        scp_put_out(s, c->message, strlen(c->message));
        scp_put_out(s, "\n", 1);
    } else {
        scp_put_error(s, slice_of(c->message));
    }
    log_line(session_log(s->session), session_log_ids(s->session), SALLY_LOG_INFO, "exec.refused",
             NULL, 0, "Command refused: %s", c->message);
    scp_finish(s, c->status);
    return true;
}

static void refused_drop(struct scp *s)
{
    (void)s;
}

const struct mode scp_mode_refused = {refused_step, refused_drop};
