/* scp -f: files and directories go to the client. Every line, and every file, waits for its answer.
 */
#include <inttypes.h>

#include "core/path.h"
#include "scp/engine.h"

#define TYPE_DIRECTORY 0040000u

static void report(struct scp *s, const char *why)
{
    struct buf text = {.data = NULL};
    scp_put_failure(s, &text, walk_path(s), why);
    scp_warn(s, buf_slice(&text));
    buf_clear(&text);
}

static void walk_failed(struct scp *s, const struct op *op, sally_status status)
{
    struct buf text = {.data = NULL};
    scp_put_status(s, &text, walk_path(s), op, status);
    scp_warn(s, buf_slice(&text));
    buf_clear(&text);
    s->source.state = SOURCE_WALK;
}

/* ---- Answers ---- */

/* True: go on with ANSWER_OK or ANSWER_WARNING. */
static bool pop_answer(struct scp *s, enum scp_answer *answer)
{
    *answer = scp_pop_answer(s);
    if (*answer == ANSWER_FATAL || *answer == ANSWER_LOST)
        scp_finish(s, 1);
    if (*answer == ANSWER_WARNING)
        s->errors++;
    return *answer == ANSWER_OK || *answer == ANSWER_WARNING;
}

/* ---- Lines ---- */

static uint64_t not_negative(int64_t seconds)
{
    return seconds > 0 ? (uint64_t)seconds : 0;
}

static void send_times(struct scp *s)
{
    const sally_attrs *a = &s->source.attrs;
    uint64_t mtime = not_negative(a->mtime.seconds);
    uint64_t atime = a->valid & SALLY_ATTR_ATIME ? not_negative(a->atime.seconds) : mtime;
    put_format(&s->out, "T%" PRIu64 " 0 %" PRIu64 " 0\n", mtime, atime);
    s->source.state = SOURCE_AWAIT_TIMES;
}

/* The last component of the canonical path: the other side must not see "." and "..". */
static struct slice own_name(const struct scp *s, struct buf *canonical)
{
    buf_init(canonical, 2 * PATH_MAX_BYTES + 2);
    if (path_normalise(canonical, sally_session_home(s->session), walk_path(s)) != SALLY_OK)
        return slice_of(".");
    struct slice name = slice_of(path_last((const char *)buf_head(canonical)));
    return name.size ? name : slice_of(".");
}

static void send_head(struct scp *s)
{
    struct source *f = &s->source;
    struct buf canonical;
    uint32_t mode = f->attrs.permissions & 07777;
    if (!(f->attrs.valid & SALLY_ATTR_PERMISSIONS))
        mode = f->is_directory ? 0755 : 0644;
    uint64_t size = f->is_directory ? 0 : f->attrs.size;
    put_format(&s->out, "%c%04o %" PRIu64 " ", f->is_directory ? 'D' : 'C', mode, size);
    scp_put_name(&s->out, own_name(s, &canonical));
    put_u8(&s->out, '\n');
    buf_clear(&canonical);
    if (s->out.failed)
        scp_no_memory(s);
    f->state = SOURCE_AWAIT_HEAD;
}

static void announce(struct scp *s)
{
    if (s->command.preserve && s->source.attrs.valid & SALLY_ATTR_MTIME)
        send_times(s);
    else
        send_head(s);
}

/* ---- Finding out what it is ---- */

static void after_open(struct scp *s, struct op *op)
{
    s->busy = false;
    if (op->pub.status != SALLY_OK) {
        walk_failed(s, op, op->pub.status);
        return;
    }
    s->source.file = op->pub.file;
    announce(s);
}

static void open_it(struct scp *s)
{
    static const sally_attrs none = {.valid = 0};
    uint32_t kind = s->source.is_directory ? SALLY_OP_OPENDIR : SALLY_OP_OPEN;
    struct op *op = scp_path_op(s, kind, walk_path(s), after_open, walk_failed);
    if (!op)
        return;
    if (kind == SALLY_OP_OPEN) {
        op->pub.u.open.flags = SALLY_OPEN_READ;
        op->pub.u.open.desired_access = 0x81; /* ACE4_READ_DATA, ACE4_READ_ATTRIBUTES */
        op->pub.u.open.attrs = &none;
    }
    scp_submit_alone(s, op);
}

static void after_stat(struct scp *s, struct op *op)
{
    struct source *f = &s->source;
    const sally_attrs *a = &op->pub.u.stat.attrs;
    s->busy = false;
    if (op->pub.status != SALLY_OK) {
        if (!walk_was_guess(s, op->pub.status))
            walk_failed(s, op, op->pub.status);
        return;
    }
    uint32_t type = a->valid & SALLY_ATTR_TYPE ? a->type : SALLY_TYPE_REGULAR;
    f->attrs = (sally_attrs){.valid = a->valid,
                             .size = a->size,
                             .permissions = a->permissions,
                             .mtime = a->mtime,
                             .atime = a->atime};
    f->is_directory = type == SALLY_TYPE_DIRECTORY;
    if (f->is_directory && s->command.recursive) {
        if (s->walk.count >= SCP_MAX_DEPTH)
            report(s, "directories are nested too deeply");
        else
            open_it(s);
    } else if (type != SALLY_TYPE_REGULAR && type != SALLY_TYPE_UNKNOWN) {
        report(s, f->is_directory ? "is a directory; -r was not given" : "not a regular file");
    } else if (!(a->valid & SALLY_ATTR_SIZE) || a->size > INT64_MAX) {
        report(s, "its size is unknown");
    } else {
        open_it(s);
    }
}

static void visit(struct scp *s)
{
    struct op *op = scp_path_op(s, SALLY_OP_STAT, walk_path(s), after_stat, walk_failed);
    if (!op)
        return;
    op->pub.u.stat.flags = SALLY_FOLLOW;
    op->pub.u.stat.wanted = SALLY_ATTR_TYPE | SALLY_ATTR_SIZE | SALLY_ATTR_PERMISSIONS |
                            SALLY_ATTR_MTIME | SALLY_ATTR_ATIME;
    scp_submit_alone(s, op);
}

static void leave_tree(struct scp *s)
{
    scp_put_out(s, "E\n", 2);
    s->source.state = SOURCE_AWAIT_END;
}

/* ---- The bytes of a file ---- */

static void fail(struct scp *s, const struct op *op, sally_status status)
{
    struct source *f = &s->source;
    if (!f->failure.size)
        scp_put_status(s, &f->failure, walk_path(s), op, status);
}

static void ask(struct scp *s, struct source_piece *p);

static void after_piece(struct scp *s, struct op *op)
{
    struct source_piece *p = task_of(op)->piece;
    const sally_op_io *io = &op->pub.u.io;
    sally_status status = op->pub.status;
    uint32_t done = status == SALLY_OK && io->done <= io->length ? io->done : 0;
    p->have += done;
    p->done = p->have == p->wanted;
    if (p->done)
        return;
    if (done && !s->source.failure.size) {
        ask(s, p);
        return;
    }
    if (status == SALLY_OK || status == SALLY_EOF) {
        if (!s->source.failure.size)
            scp_put_failure(s, &s->source.failure, walk_path(s),
                            "file got shorter while it was read");
    } else {
        fail(s, op, status);
    }
    p->done = true;
}

/* Reads the missing part of a piece. */
static void ask(struct scp *s, struct source_piece *p)
{
    struct source *f = &s->source;
    struct op *op = scp_file_op(s, SALLY_OP_READ, f->file, after_piece);
    if (!op)
        return;
    uint64_t end = f->sent;
    for (uint32_t i = 0; i < f->count; i++) {
        struct source_piece *other = &f->pieces[(f->first + i) % SCP_WINDOW];
        if (other == p)
            break;
        end += other->wanted;
    }
    op->pub.u.io.offset = end + p->have;
    op->pub.u.io.data = p->block->bytes + p->have;
    op->pub.u.io.length = p->wanted - p->have;
    op->reply_bytes = op->pub.u.io.length;
    task_of(op)->piece = p;
    scp_submit(s, op);
}

static bool ask_more(struct scp *s)
{
    struct source *f = &s->source;
    uint64_t left = f->attrs.size - f->asked;
    bool failed = f->failure.size > 0;
    if (!left || f->count == SCP_WINDOW || (f->count && !session_may_submit(s->session)) ||
        s->blocks->used >= SCP_MAX_BLOCKS - 1)
        return false;
    uint32_t wanted = left < PIECE_BYTES ? (uint32_t)left : (uint32_t)PIECE_BYTES;
    if (!session_has_room(s->session, wanted, s->blocks->used == 0))
        return false;
    struct block *block = blocks_get(s->blocks, wanted);
    if (!block) {
        scp_no_memory(s);
        return false;
    }
    struct source_piece *p = &f->pieces[(f->first + f->count) % SCP_WINDOW];
    *p = (struct source_piece){.block = block, .wanted = wanted, .done = failed};
    f->count++;
    f->asked += wanted;
    if (failed)
        session_spend(s->session, TURN_REQUEST); /* as much work as a READ */
    else
        ask(s, p);
    return true;
}

/* The size was promised: unreadable data is sent as zeros, and reported after them. */
static bool send_piece(struct scp *s)
{
    struct source *f = &s->source;
    struct source_piece *p = &f->pieces[f->first];
    if (!f->count || !p->done)
        return false;
    struct block *block = p->block;
    memset(block->bytes + p->have, 0, p->wanted - p->have);
    uint32_t size = p->wanted;
    p->block = NULL;
    f->first = (f->first + 1) % SCP_WINDOW;
    f->count--;
    f->sent += size;
    scp_send_block(s, block, size);
    return true;
}

static void after_close(struct scp *s, struct op *op)
{
    struct source *f = &s->source;
    (void)op;
    s->busy = false;
    if (f->state == SOURCE_WALK)
        return; /* the peer did not want it */
    if (f->failure.size)
        scp_warn(s, buf_slice(&f->failure));
    else
        scp_put_out(s, "", 1);
    buf_clear(&f->failure);
    f->state = SOURCE_AWAIT_DATA;
}

static void close_file(struct scp *s)
{
    uint32_t kind = op_kind_to_close(s->source.is_directory);
    struct op *op = scp_file_op(s, kind, s->source.file, after_close);
    s->source.file = NULL;
    if (op)
        scp_submit_alone(s, op);
}

static bool send_file(struct scp *s)
{
    struct source *f = &s->source;
    if (ask_more(s) || send_piece(s))
        return true;
    if (f->sent < f->attrs.size)
        return false;
    close_file(s);
    return true;
}

/* ---- Steps ---- */

static bool await_times(struct scp *s)
{
    enum scp_answer answer;
    if (!pop_answer(s, &answer))
        return s->over;
    if (answer == ANSWER_OK) {
        send_head(s);
        return true;
    }
    s->source.state = SOURCE_WALK;
    close_file(s);
    return true;
}

static bool await_head(struct scp *s)
{
    struct source *f = &s->source;
    enum scp_answer answer;
    if (!pop_answer(s, &answer))
        return s->over;
    if (answer != ANSWER_OK) {
        f->state = SOURCE_WALK;
        close_file(s);
    } else if (f->is_directory) {
        f->state = SOURCE_WALK;
        walk_enter(s, f->file);
        f->file = NULL;
    } else {
        f->asked = f->sent = 0;
        f->first = f->count = 0;
        f->state = SOURCE_SENDING;
    }
    return true;
}

/* Also processes the client's initial zero byte. */
static bool await_any(struct scp *s)
{
    enum scp_answer answer;
    if (!pop_answer(s, &answer))
        return s->over;
    s->source.state = SOURCE_WALK;
    return true;
}

static bool walk(struct scp *s)
{
    s->walk.visit = visit;
    s->walk.leave_tree = leave_tree;
    s->walk.failed = walk_failed;
    if (!walk_step(s))
        scp_finish(s, s->errors ? 1 : 0);
    return true;
}

static bool source_step(struct scp *s)
{
    if (session_is_draining(
            s->session)) { /* the rest would be dropped, and a file may be of any size */
        scp_finish(s, 1);
        return true;
    }
    switch (s->source.state) {
    case SOURCE_WALK:
        return walk(s);
    case SOURCE_AWAIT_TIMES:
        return await_times(s);
    case SOURCE_AWAIT_HEAD:
        return await_head(s);
    case SOURCE_SENDING:
        return send_file(s);
    default:
        return await_any(s);
    }
}

static void source_drop(struct scp *s)
{
    struct source *f = &s->source;
    for (uint32_t i = 0; i < SCP_WINDOW; i++)
        blocks_put(f->pieces[i].block);
    buf_clear(&f->failure);
    walk_drop(s);
}

const struct mode scp_mode_source = {source_step, source_drop};
