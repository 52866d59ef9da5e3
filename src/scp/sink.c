/* scp -t: files and directories come from the client. Every line is answered, and every file once
 * more after its bytes. */
#include "scp/sink.h"

#include "base/mem.h"
#include "base/number.h"
#include "core/file.h"

#define ACCESS_WRITE 0x102u /* ACE4_WRITE_DATA, ACE4_WRITE_ATTRIBUTES */

struct slice sink_path(const struct scp *s)
{
    return buf_slice(&s->sink.path);
}

void sink_acknowledge(struct scp *s)
{
    scp_put_out(s, "", 1);
}

void sink_decline_because(struct scp *s, const char *why)
{
    struct sink *k = &s->sink;
    struct buf text = {.data = NULL};
    scp_put_failure(s, &text, sink_path(s), why);
    scp_warn(s, buf_slice(&text));
    buf_clear(&text);
    buf_truncate(&k->path, k->outer_size);
    k->have_times = false;
    k->state = SINK_LINE;
}

void sink_decline(struct scp *s, const struct op *op, sally_status status)
{
    sink_decline_because(s, op && op->message ? op->message : sally_status_text(status));
}

bool sink_go_to(struct scp *s, struct slice name)
{
    struct sink *k = &s->sink;
    k->outer_size = k->path.size;
    if (!k->is_directory)
        return true;
    if (k->path.size && buf_head(&k->path)[k->path.size - 1] != '/')
        put_u8(&k->path, '/');
    put_bytes(&k->path, name.data, name.size);
    if (!k->path.failed)
        return true;
    k->path.failed = false;
    buf_truncate(&k->path, k->outer_size);
    sink_decline_because(s, "the path is too long");
    return false;
}

sally_attrs sink_attrs(bool set_mode, uint32_t mode, const struct scp_times *times)
{
    sally_attrs a = {.valid = 0};
    if (set_mode) {
        a.valid |= SALLY_ATTR_PERMISSIONS;
        a.permissions = mode;
    }
    if (times) {
        a.valid |= SALLY_ATTR_MTIME | SALLY_ATTR_ATIME | SALLY_ATTR_NANOSECONDS;
        a.mtime.seconds = (int64_t)times->mtime;
        a.mtime.nanoseconds = times->mtime_us * 1000;
        a.atime.seconds = (int64_t)times->atime;
        a.atime.nanoseconds = times->atime_us * 1000;
    }
    return a;
}

sally_attrs *sink_keep_attrs(struct scp *s, struct op *op, sally_attrs attrs)
{
    sally_attrs *kept = sally_op_alloc(&op->pub, sizeof *kept);
    if (kept) {
        *kept = attrs;
        return kept;
    }
    op_free(op);
    scp_no_memory(s);
    return NULL;
}

uint32_t sink_mode(const struct scp *s, uint32_t mode)
{
    return s->command.preserve ? mode : mode & 0777;
}

/* ---- The target ---- */

static bool set_target(struct scp *s)
{
    struct sink *k = &s->sink;
    const char *path = (const char *)buf_head(&s->command.paths);
    /* No pattern is expanded here: one target is all there may be. */
    size_t size = strlen(path);
    for (size_t i = 0; i < size; i++) {
        if (path[i] == '\\' && i + 1 < size)
            i++;
        put_u8(&k->path, (uint8_t)path[i]);
    }
    if (size == 0)
        put_u8(&k->path, '.');
    if (k->path.failed)
        return false;
    k->must_be = s->command.directory || buf_head(&k->path)[k->path.size - 1] == '/';
    return true;
}

static void target_failed(struct scp *s, const struct op *op, sally_status status)
{
    s->sink.outer_size = s->sink.path.size;
    sink_decline(s, op, status);
    scp_finish(s, 1);
}

static void after_target(struct scp *s, struct op *op)
{
    struct sink *k = &s->sink;
    const sally_attrs *a = &op->pub.u.stat.attrs;
    sally_status status = op->pub.status;
    s->busy = false;
    k->state = SINK_LINE;
    k->outer_size = k->path.size;
    if (status == SALLY_OK) {
        k->is_directory = a->valid & SALLY_ATTR_TYPE && a->type == SALLY_TYPE_DIRECTORY;
        if (s->command.directory && !k->is_directory)
            status = SALLY_NOT_A_DIRECTORY;
    } else if (status == SALLY_PERMISSION_DENIED) {
        k->is_directory = k->must_be; /* without permission to check, believe the client */
        status = SALLY_OK;
    } else if (!s->command.directory) {
        status = SALLY_OK; /* it will be created */
    }
    if (status == SALLY_OK)
        sink_acknowledge(s);
    else
        target_failed(s, op, status);
}

static void start(struct scp *s)
{
    if (!set_target(s)) {
        target_failed(s, NULL, SALLY_INVALID_FILENAME);
        return;
    }
    struct op *op = scp_path_op(s, SALLY_OP_STAT, sink_path(s), after_target, target_failed);
    if (!op)
        return;
    op->pub.u.stat.flags = SALLY_FOLLOW;
    op->pub.u.stat.wanted = SALLY_ATTR_TYPE;
    scp_submit_alone(s, op);
}

/* ---- A file ---- */

static void fail(struct scp *s, const struct op *op, sally_status status)
{
    struct sink *k = &s->sink;
    if (!k->failure.size)
        scp_put_status(s, &k->failure, sink_path(s), op, status);
}

static void after_open(struct scp *s, struct op *op)
{
    struct sink *k = &s->sink;
    s->busy = false;
    if (op->pub.status != SALLY_OK) {
        sink_decline(s, op, op->pub.status);
        return;
    }
    k->file = op->pub.file;
    k->received = k->submitted = 0;
    k->filled = 0;
    k->peer_failed = false;
    buf_clear(&k->failure);
    k->state = SINK_RECEIVING;
    sink_acknowledge(s);
}

static void begin_file(struct scp *s, struct slice name)
{
    struct sink *k = &s->sink;
    if (!sink_go_to(s, name))
        return;
    if (!k->is_directory && k->must_be) {
        sink_decline(s, NULL, SALLY_NOT_A_DIRECTORY);
        return;
    }
    struct op *op = scp_path_op(s, SALLY_OP_OPEN, sink_path(s), after_open, sink_decline);
    if (!op)
        return;
    sally_attrs *attrs = sink_keep_attrs(s, op, sink_attrs(true, sink_mode(s, k->head.mode), NULL));
    if (!attrs)
        return;
    op->pub.u.open.flags = SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE;
    op->pub.u.open.desired_access = ACCESS_WRITE;
    op->pub.u.open.attrs = attrs;
    attrs->valid |= SALLY_ATTR_ALLOCATION_SIZE;
    attrs->allocation_size = k->head.size;
    scp_submit_alone(s, op);
}

static void after_write(struct scp *s, struct op *op)
{
    s->sink.writes--;
    if (op->pub.status != SALLY_OK)
        fail(s, op, op->pub.status);
}

static void write_block(struct scp *s)
{
    struct sink *k = &s->sink;
    struct block *block = k->block;
    uint32_t size = k->filled;
    k->block = NULL;
    k->filled = 0;
    struct op *op = k->failure.size ? NULL : scp_file_op(s, SALLY_OP_WRITE, k->file, after_write);
    if (!op) {
        blocks_put(block);
        return;
    }
    op->pub.u.io.offset = k->submitted;
    op->pub.u.io.data = block->bytes;
    op->pub.u.io.length = size;
    op->reply_bytes = size;
    task_of(op)->block = block;
    k->submitted += size;
    k->writes++;
    scp_submit(s, op);
}

/* Whether there is a block to fill. */
static bool have_block(struct scp *s, uint64_t left)
{
    struct sink *k = &s->sink;
    if (k->block)
        return true;
    if (k->writes >= SCP_WINDOW || (k->writes && !session_may_submit(s->session)))
        return false;
    if (!session_has_room(s->session, PIECE_BYTES, s->blocks->used == 0))
        return false;
    k->block = blocks_get(s->blocks, left < PIECE_BYTES ? (size_t)left : PIECE_BYTES);
    if (!k->block)
        scp_no_memory(s);
    return k->block != NULL;
}

size_t sink_receive_data(struct scp *s, const uint8_t *data, size_t size)
{
    struct sink *k = &s->sink;
    size_t taken = 0;
    if (k->state != SINK_RECEIVING || s->busy)
        return 0;
    while (taken < size && k->received < k->head.size && !s->over) {
        uint64_t left = k->head.size - k->received;
        size_t part = left < size - taken ? (size_t)left : size - taken;
        if (!k->failure.size) {
            if (!have_block(s, left))
                break;
            part = min_size(part, k->block->capacity - k->filled);
            memcpy(k->block->bytes + k->filled, data + taken, part);
            k->filled += (uint32_t)part;
        }
        taken += part;
        k->received += part;
        if (k->block && (k->filled == k->block->capacity || k->received == k->head.size))
            write_block(s);
    }
    return taken;
}

static bool receive(struct scp *s)
{
    struct sink *k = &s->sink;
    if (k->received == k->head.size) {
        k->state = SINK_AWAIT_STATUS;
        return true;
    }
    size_t taken = sink_receive_data(s, buf_head(&s->in), s->in.size);
    scp_use_input(s, taken);
    if (taken)
        return true;
    if (!s->ended || s->in.size || k->writes)
        return false;
    if (k->block) { /* what arrived is kept */
        write_block(s);
        return true;
    }
    scp_finish(s, 1);
    return true;
}

/* ---- The end of a file ---- */

static void file_done(struct scp *s)
{
    struct sink *k = &s->sink;
    if (k->failure.size)
        scp_warn(s, buf_slice(&k->failure));
    else
        sink_acknowledge(s);
    buf_clear(&k->failure);
    buf_truncate(&k->path, k->outer_size);
    k->have_times = false;
    k->state = SINK_LINE;
}

static void after_close(struct scp *s, struct op *op)
{
    s->busy = false;
    if (op->pub.status != SALLY_OK)
        fail(s, op, op->pub.status);
    file_done(s);
}

static void close_file(struct scp *s)
{
    struct op *op = scp_file_op(s, SALLY_OP_CLOSE, s->sink.file, after_close);
    s->sink.file = NULL;
    if (op)
        scp_submit_alone(s, op);
}

static void after_attrs(struct scp *s, struct op *op)
{
    s->busy = false;
    if (op->pub.status != SALLY_OK)
        fail(s, op, op->pub.status);
    close_file(s);
}

static void set_attrs(struct scp *s)
{
    struct sink *k = &s->sink;
    struct op *op = scp_file_op(s, SALLY_OP_FSETSTAT, k->file, after_attrs);
    if (!op)
        return;
    sally_attrs *attrs = sink_keep_attrs(
        s, op, sink_attrs(s->command.preserve, k->head.mode, k->have_times ? &k->times : NULL));
    if (!attrs)
        return;
    op->pub.u.setstat.attrs = attrs;
    scp_submit_alone(s, op);
}

static bool await_status(struct scp *s)
{
    struct sink *k = &s->sink;
    if (k->writes) /* all data that arrived is written, regardless of the client's status */
        return false;
    switch (scp_pop_answer(s)) {
    case ANSWER_NONE:
        return false;
    case ANSWER_OK:
        break;
    case ANSWER_LOST: /* libssh2 (curl) sends EOF instead of the final status */
        s->errors++;
        break;
    case ANSWER_WARNING: /* the client could not read all of it, and has reported that itself */
        s->errors++;
        k->peer_failed = true;
        file_note_failure(
            k->file, SALLY_FAILURE); /* the source could not read it: part of the data is padding */
        break;
    default:
        scp_finish(s, 1);
        return true;
    }
    k->state = SINK_CLOSING;
    return true;
}

static bool end_file(struct scp *s)
{
    struct sink *k = &s->sink;
    if (!k->failure.size && !k->peer_failed && (k->have_times || s->command.preserve))
        set_attrs(s);
    else
        close_file(s);
    return true;
}

/* ---- Lines ---- */

static void parse_times(struct scp *s, struct slice body)
{
    struct sink *k = &s->sink;
    const char *wrong = scp_parse_times(body, &k->times);
    k->have_times = !wrong;
    if (wrong)
        scp_protocol_error(s, wrong);
    else
        sink_acknowledge(s);
}

static void parse_head(struct scp *s, uint8_t letter, struct slice body)
{
    const char *wrong = scp_parse_head(body, &s->sink.head);
    if (wrong)
        scp_protocol_error(s, wrong);
    else if (letter == 'C')
        begin_file(s, s->sink.head.name);
    else
        sink_begin_directory(s, s->sink.head.name);
}

static void parse_line(struct scp *s, struct slice line)
{
    struct slice body = {line.data + 1, line.size ? line.size - 1 : 0};
    switch (line.size ? line.data[0] : 0) {
    case 1: /* an error at the other end, which continues with the next */
        s->errors++;
        break;
    case 2:
        scp_finish(s, 1);
        break;
    case 'C':
    case 'D':
        parse_head(s, line.data[0], body);
        break;
    case 'T':
        parse_times(s, body);
        break;
    case 'E':
        if (body.size)
            scp_protocol_error(s, "unexpected text after E");
        else
            sink_leave_directory(s);
        break;
    default:
        scp_protocol_error(s, "expected control record");
    }
}

static bool await_line(struct scp *s)
{
    struct slice line;
    if (!scp_line(s, &line)) {
        if (!s->over && s->ended)
            scp_finish(s, s->errors || s->in.size || s->sink.depth ? 1 : 0);
        return s->over;
    }
    parse_line(s, line);
    if (!s->closing)
        scp_use_input(s, line.size + 1);
    s->sink.head.name = (struct slice){NULL, 0};
    return true;
}

static bool sink_step(struct scp *s)
{
    switch (s->sink.state) {
    case SINK_START:
        start(s);
        return true;
    case SINK_LINE:
        return await_line(s);
    case SINK_RECEIVING:
        return receive(s);
    case SINK_AWAIT_STATUS:
        return await_status(s);
    default:
        return end_file(s);
    }
}

static void sink_drop(struct scp *s)
{
    struct sink *k = &s->sink;
    blocks_put(k->block);
    mem_free(k->levels);
    buf_clear(&k->path);
    buf_clear(&k->failure);
}

const struct mode scp_mode_sink = {sink_step, sink_drop};
