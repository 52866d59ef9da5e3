/* The effects of an ended operation on its file, the counters and the log. */
#include <inttypes.h>
#include <stdio.h>

#include "core/file.h"
#include "core/session_internal.h"

void outcome_note(const struct op *op)
{
    sally_session *s = op->session;
    sally_status status = op->pub.status;
    bool failed = status != SALLY_OK && status != SALLY_EOF;
    if (s->counters) {
        counter_add(&s->counters->operations, 1);
        if (failed)
            counter_add(&s->counters->operations_failed, 1);
    }
    if (!log_wants(s->log, SALLY_LOG_VERBOSE))
        return;
    char took[24];
    snprintf(took, sizeof took, "%" PRIu64, (s->host->now_ns(s->host) - op->started_ns) / 1000);
    const sally_log_field fields[] = {
        {"op", sally_op_kind_name(op->kind)},
        {"path", op->pub.path ? op->pub.path : ""},
        {"status", sally_status_text(status)},
        {"us", took},
    };
    struct log_ids ids = session_ids(s);
    ids.request = op->pub.id;
    log_line(s->log, ids, SALLY_LOG_VERBOSE, "request", fields, COUNT_OF(fields), "%s",
             failed ? "Request failed" : "Request done");
}

/* Failures of the program's operations do not count for the client's file. */
static void note_failure(const struct op *op, sally_file *file)
{
    if (!op->by_program || file->facts.internal)
        file_note_failure(file, op->pub.status);
}

/* By a storage, on a file that is not its own: does not count as the client's use. */
static bool is_below(const struct op *op)
{
    return op->by_program && op->fs && !op->pub.file->facts.internal;
}

static void note_transfer(const struct op *op)
{
    const sally_op *pub = &op->pub;
    uint32_t flags = op_kind(op->kind)->flags;
    sally_file *second = op_second_file(pub);
    if (op->copy || is_below(op)) /* a COPY: its READs and WRITEs were counted */
        return;
    if ((flags & KIND_TRANSFERS) && pub->status == SALLY_OK)
        file_note_moved(op);
    if ((flags & KIND_SPOILS) && pub->status != SALLY_OK && pub->status != SALLY_EOF) {
        note_failure(op, pub->file);
        if (second)
            note_failure(op, second);
    }
}

void outcome_note_file(const struct op *op)
{
    sally_file *file = op->pub.file;
    if (op_kind_opens(op->kind) && op->pub.status == SALLY_OK) {
        file->open = true;
        if (op->kind == SALLY_OP_OPEN)
            file_note_flags(file, op->pub.u.open.flags);
        atomic_store(&file->close_submitted, false);
        file_find_inode(file);
        list_append(&op->session->files, &file->link);
    } else if (op_kind_closes(op->kind)) {
        file_log_close(file);
    } else {
        note_transfer(op);
    }
}
