/* The first and the last moment of a running operation, at home. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/grants.h"
#include "core/run.h"
#include "core/session_inside.h"

static bool opens(const struct op *op)
{
    return op_kind_opens(op->kind);
}

static bool closes(const struct op *op)
{
    return op_kind_closes(op->kind);
}

bool session_prepare_file(struct op *op)
{
    sally_session *s = op->session;
    sally_op *pub = &op->pub;
    pub->status = SALLY_FAILURE;
    if (s->max_files && s->file_count >= s->max_files) {
        op->message = "Too many open files";
        return false;
    }
    bool directory = op->kind == SALLY_OP_OPENDIR;
    pub->file = file_new(s, pub->path, directory ? SALLY_OPEN_READ : pub->u.open.flags, directory);
    if (pub->file) {
        pub->file->facts.internal = op->aside;
        atomic_init(&pub->file->close_submitted, true); /* not before it is open */
    }
    return pub->file != NULL;
}

static void set_close_reason(const struct op *op)
{
    const sally_session *s = op->session;
    sally_file_facts *facts = &op->pub.file->facts;
    if (s->closing)
        facts->close_reason = s->close_reason;
    else if (op->pub.file->worst != SALLY_OK)
        facts->close_reason = SALLY_CLOSED_ERROR;
    else
        facts->close_reason = op->aside ? SALLY_CLOSED_BY_SERVER : SALLY_CLOSED_BY_CLIENT;
}

void session_begin_op(struct op *op)
{
    sally_session *s = op->session;
    list_append(&s->running, &op->run_link);
    s->started++;
    if (op->aside)
        s->aside++;
    op->stage = OP_CHECK;
    op->started_ns = s->host->now_ns(s->host);
    if (closes(op))
        set_close_reason(op);
    if (session_declines(op)) {
        op->pub.status = SALLY_CONNECTION_LOST;
        op->stage = OP_DONE;
    } else if (opens(op) && !session_prepare_file(op)) {
        op->stage = OP_DONE;
    } else if (op->on_start && !op->on_start(op)) {
        if (op->pub.status == SALLY_OK) { /* it did not say why */
            op->pub.status = SALLY_FAILURE;
            op->message = "Out of memory";
        }
        op->stage = OP_DONE;
    }
}

static void do_steps(struct op *op)
{
    if (op_steps(op, true)) {
        session_op_done(op);
    } else {
        op->handed = true;
        op->session->with_workers++;
    }
}

void session_start_op(struct op *op)
{
    session_begin_op(op);
    do_steps(op);
}

void session_go_on(struct op *op)
{
    if (op_steps(op, true))
        session_op_done(op);
}

struct op *session_own_op(sally_session *s, uint32_t kind, sally_file *file, size_t first_hook)
{
    struct op *op = op_new(s, kind);
    if (!op)
        return NULL;
    op->aside = true;
    op->unchecked = true;
    op->first_hook = (uint32_t)first_hook;
    op->pub.flags |= SALLY_OP_INTERNAL;
    op->pub.path = "/";
    if (file)
        op_use_file(op, file);
    return op;
}

/* An operation was answered late: those that waited behind it at a worker's go on from here. */
static void go_on_with(struct op *op)
{
    sally_session *s = op->session;
    s->with_workers--;
    op->handed = false;
    if (s->closing) {
        op->pub.status = SALLY_CONNECTION_LOST;
        op->stage = OP_DONE;
    }
    do_steps(op);
}

static void note_outcome(const struct op *op)
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
    struct log_ids ids = session_log_ids(s);
    ids.request = op->pub.id;
    log_line(s->log, ids, SALLY_LOG_VERBOSE, "request", fields, COUNT_OF(fields), "%s",
             failed ? "Request failed" : "Request done");
}

/* The client's file is no worse for what the program has tried with it. */
static void note_failure(const struct op *op, sally_file *file)
{
    if (!op->by_program || file->facts.internal)
        file_note_failure(file, op->pub.status);
}

static void note_transfer(const struct op *op)
{
    const sally_op *pub = &op->pub;
    uint32_t flags = op_kind(op->kind)->flags;
    sally_file *second = op_second_file(pub);
    if (op->copy) /* its READs and WRITEs were counted */
        return;
    if ((flags & KIND_TRANSFERS) && pub->status == SALLY_OK)
        file_note_moved(op);
    if ((flags & KIND_SPOILS) && pub->status != SALLY_OK && pub->status != SALLY_EOF) {
        note_failure(op, pub->file);
        if (second)
            note_failure(op, second);
    }
}

static void note_file(const struct op *op)
{
    sally_file *file = op->pub.file;
    if (opens(op) && op->pub.status == SALLY_OK) {
        file->open = true;
        atomic_store(&file->close_submitted, false);
        file_find_inode(file);
        list_append(&op->session->files, &file->link);
    } else if (closes(op)) {
        file_log_close(file);
    } else {
        note_transfer(op);
    }
}

/* The file that ends with this operation. */
static sally_file *doomed_file(const struct op *op)
{
    const sally_op *pub = &op->pub;
    if (!pub->file)
        return NULL;
    if (closes(op))
        return pub->file;
    return opens(op) && pub->status != SALLY_OK ? pub->file : NULL;
}

static void unpin_files(sally_file *const pins[2])
{
    for (size_t i = 0; i < 2; i++) {
        if (pins[i])
            file_unpin(pins[i]);
    }
}

/* True: the operation goes on as an undo, because a hook or a wrapper has failed what a storage has
 * granted. */
static bool start_undo(struct op *op)
{
    bool closed = op->undo.active && closes(op);
    if (!op->grants && !op->undo.active)
        return false;
    if (closed)
        file_log_close(op->pub.file);
    if (!grants_undo_next(op))
        return false;
    if (op->handed)
        op->session->with_workers--;
    op->handed = false;
    do_steps(op);
    return true;
}

void session_op_done(struct op *op)
{
    sally_session *s = op->session;
    if (start_undo(op))
        return;
    struct op *follower = op_take_follower(op);
    s->references++; /* on_done may free the operation, and end the session */
    list_remove(&op->run_link);
    s->started--;
    if (op->aside)
        s->aside--;
    session_note_end(op);
    if (op->handed)
        s->with_workers--;
    op->handed = false;
    if (op->kind == SALLY_OP_SESSION_START && op->pub.status == SALLY_OK)
        s->start_done = true;
    if (op->pub.file)
        note_file(op);
    note_outcome(op);
    sally_file *doomed = doomed_file(op);
    if (doomed) /* on_done may end the session, which must not close this one again */
        list_remove(&doomed->link);
    if (doomed && opens(op))
        op->pub.file = NULL;
    sally_file *pins[COUNT_OF(op->pinned)];
    memcpy(pins, op->pinned, sizeof pins);
    if (op->on_done)
        op->on_done(op);
    if (doomed)
        file_free(doomed);
    unpin_files(pins);
    if (follower)
        go_on_with(follower);
    if (s->closing)
        session_close_step(s);
    else
        session_schedule(s);
    session_release(s);
}
