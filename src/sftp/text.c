/* Text mode. The newline that we announce is the storage's own, so nothing is translated (draft-13
 * section 5.3); the rest of text mode is that offsets are ignored: each READ and WRITE continues
 * where the previous one ended, and text-seek moves this position to the start of a line (section
 * 8.1.1.3). One request at a time, since the next position is known only then. */
#include "sftp/text.h"

#include "sftp/answers.h"
#include "sftp/protocol.h"
#include "sftp/reply.h"
#include "sftp/request_fields.h"
#include "sftp/request_map.h"

#define SEEK_BYTES (64u * 1024) /* bytes searched before others get a turn */

struct seek {
    sally_file *file;
    uint64_t lines; /* newlines still to be found */
    uint64_t at;    /* how far the file was searched */
};

static bool answer_moved(struct sftp *s, struct op *op)
{
    const sally_op_io *io = &op->pub.u.io;
    bool reads = op->pub.kind == SALLY_OP_READ;
    struct handle_slot *slot = handles_slot_of(&s->handles, op->pub.file);
    if (slot && (op->pub.status == SALLY_OK || (reads && op->pub.status == SALLY_EOF)))
        slot->text_at = io->offset + (reads ? io->done : io->length);
    return reads ? answer_data(s, op) : answer_status(s, op);
}

void text_aim(struct sftp *s, struct op *op, sally_file *file)
{
    if (!(file->facts.open_flags & SALLY_OPEN_TEXT))
        return;
    const struct handle_slot *slot = handles_slot_of(&s->handles, file);
    op->pub.u.io.offset = slot ? slot->text_at : 0;
    request_of(op)->answer = answer_moved;
    request_exclusive(op);
}

static bool start_search(struct op *op)
{
    struct request *r = request_of(op);
    if (r->s->closing)
        return false;
    r->block = blocks_get(r->s->blocks, SEEK_BYTES);
    if (!r->block)
        return false;
    op->pub.u.io.data = r->block->bytes;
    return true;
}

static sally_status search(struct sftp *s, struct op *op, struct seek *seek)
{
    op->pub.u.io.offset = seek->at;
    op->pub.u.io.length = SEEK_BYTES;
    op->reply_bytes = SEEK_BYTES;
    op->gives_way = seek->at > 0; /* sparse files of any size cost a client nothing */
    op->on_start = start_search;
    request_of(op)->file = seek->file;
    return request_submit(s, op);
}

/* True: the line begins in these bytes, or right after them. */
static bool count_lines(struct seek *seek, const uint8_t *data, size_t size)
{
    const uint8_t *at = data, *end = data + size;
    while (seek->lines && at < end) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline ? newline + 1 : end;
        seek->lines -= newline ? 1 : 0;
    }
    seek->at += (uint64_t)(at - data);
    return seek->lines == 0;
}

static bool answer_search(struct sftp *s, struct op *op)
{
    struct seek *seek = request_of(op)->plan;
    const sally_op_io *io = &op->pub.u.io;
    struct handle_slot *slot = handles_slot_of(&s->handles, seek->file);
    bool at_end = op->pub.status == SALLY_EOF; /* perhaps with the last bytes */
    if (!slot || (op->pub.status != SALLY_OK && !at_end))
        return answer_status(s, op);
    if (io->data && count_lines(seek, io->data, io->done)) {
        slot->text_at = seek->at;
        reply_status(s, op->request_id, SALLY_OK, NULL);
        return false;
    }
    if (at_end)
        return answer_status(s, op);
    struct op *next = request_continue(op, SALLY_OP_READ, answer_search);
    if (next)
        search(s, next, seek);
    else
        reply_status(s, op->request_id, SALLY_FAILURE, NULL);
    return false;
}

sally_status ext_text_seek(struct sftp *s, struct request_in *in)
{
    struct slice handle = get_string(&in->body);
    uint64_t line = get_u64(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    sally_file *file = request_file(s, handle, HANDLE_FILE);
    if (!file)
        return SALLY_INVALID_HANDLE;
    if (!(file->facts.open_flags & SALLY_OPEN_TEXT))
        return SALLY_INVALID_PARAMETER;
    if (!(file->facts.open_flags & SALLY_OPEN_READ))
        return SALLY_PERMISSION_DENIED;
    struct op *op = request_begin(s, in, SALLY_OP_READ, answer_search);
    struct seek *seek = op ? mem_zalloc(sizeof *seek) : NULL;
    if (!seek)
        return op ? request_drop(op, SALLY_FAILURE) : SALLY_FAILURE;
    *seek = (struct seek){.file = file, .lines = line};
    request_of(op)->plan = seek;
    request_exclusive(op);
    if (line == 0) {
        handles_slot_of(&s->handles, file)->text_at = 0;
        request_drop(op, SALLY_OK);
        reply_status(s, in->id, SALLY_OK, NULL);
        return request_answered(s, in);
    }
    return search(s, op, seek);
}
