/* An operation in its session: how it is submitted, begins, returns home, ends and is freed. Its
 * steps are in op_run.c, and its order in queue.c. */
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/grants.h"
#include "core/op_run.h"
#include "core/session_internal.h"
#include "core/unique_name.h"

/* The longest time that answers wait for others after them. */
#define TOGETHER_NS UINT64_C(500000)

static bool opens(const struct op *op)
{
    return op_kind_opens(op->kind);
}

static bool closes(const struct op *op)
{
    return op_kind_closes(op->kind);
}

/* Once per session, even if the client keeps trying. */
void session_note_refused_file(sally_session *s, const char *setting)
{
    if (s->has_logged_refusal)
        return;
    s->has_logged_refusal = true;
    const sally_log_field fields[] = {{"user", s->user}, {"setting", setting}};
    log_line(s->log, session_ids(s), SALLY_LOG_WARNING, "file.refused", fields, COUNT_OF(fields),
             "Too many open files: %s is reached", setting);
}

static void refuse_file(struct op *op, const char *setting)
{
    char text[128];
    bool is_count = strncmp(setting, "limits.open", 11) == 0;
    snprintf(text, sizeof text, "%s (%s)",
             is_count ? "Too many open files" : "Not enough memory for another open file", setting);
    op->message = sally_op_strdup(&op->pub, text);
    session_note_refused_file(op->session, setting);
}

static bool prepare_file(struct op *op)
{
    sally_session *s = op->session;
    sally_op *pub = &op->pub;
    pub->status = SALLY_FAILURE;
    if (s->max_files && s->file_count >= s->max_files) {
        op->message = "Too many open files in this session (limits.open_files)";
        session_note_refused_file(s, "limits.open_files");
        return false;
    }
    const char *setting = file_charge(s);
    if (setting) {
        refuse_file(op, setting);
        return false;
    }
    bool directory = op->kind == SALLY_OP_OPENDIR;
    pub->file = file_new(s, pub->path, directory ? SALLY_OPEN_READ : pub->u.open.flags, directory);
    if (pub->file) {
        pub->file->facts.internal = op->is_internal;
        atomic_init(&pub->file->close_submitted, true); /* not before it is open */
    } else {
        file_uncharge(s);
    }
    return pub->file != NULL;
}

static void set_close_reason(const struct op *op)
{
    const sally_session *s = op->session;
    sally_file_facts *facts = &op->pub.file->facts;
    if (session_is_closing(s))
        facts->close_reason = s->close_reason;
    else if (op->pub.file->worst != SALLY_OK)
        facts->close_reason = SALLY_CLOSED_ERROR;
    else
        facts->close_reason = op->is_internal ? SALLY_CLOSED_BY_SERVER : SALLY_CLOSED_BY_CLIENT;
}

bool op_is_abandonable(const struct op *op)
{
    return !op->is_internal && (op->only_asks || (op_kind(op->kind)->flags & KIND_ABANDONABLE));
}

bool op_is_unwanted(const struct op *op)
{
    return op->session->stage >= SESSION_DRAINING && op_is_abandonable(op);
}

void session_enter_op(struct op *op)
{
    sally_session *s = op->session;
    list_append(&s->running, &op->run_link);
    s->started++;
    if (op->is_internal)
        s->internal_ops++;
    op->stage = OP_CHECK;
    unique_name_begin(op);
    op->started_ns = s->host->now_ns(s->host);
    turn_spend(s->host->turn, TURN_REQUEST);
    turn_note_time(s->host->turn, op->started_ns);
    if (closes(op))
        set_close_reason(op);
    if (op_is_unwanted(op)) {
        op->pub.status = SALLY_CONNECTION_LOST;
        op->stage = OP_DONE;
    } else if (opens(op) && !prepare_file(op)) {
        op->stage = OP_DONE;
    } else if (op->on_start && !op->on_start(op)) {
        if (op->pub.status == SALLY_OK) { /* it did not give a reason */
            op->pub.status = SALLY_FAILURE;
            op->message = "Out of memory";
        }
        op->stage = OP_DONE;
    }
}

void session_batch_writes(struct op *op)
{
    if (!queue_pop_followers(op))
        return;
    LIST_EACH (item, &op->followers) {
        struct op *next = CONTAINER_OF(item, struct op, link);
        session_enter_op(next);
        next->with_worker = true;
        op->session->worker_ops++;
    }
}

static void end_op(struct op *op);

static void do_steps(struct op *op)
{
    if (op_steps(op, true)) {
        end_op(op);
    } else {
        op->with_worker = true;
        op->session->worker_ops++;
    }
}

void session_start_op(struct op *op)
{
    session_enter_op(op);
    do_steps(op);
}

void session_continue_op(struct op *op)
{
    if (op_steps(op, true))
        end_op(op);
}

/* An operation was answered late: those that waited behind it at a worker's go on from here. */
static void continue_with(struct op *op)
{
    sally_session *s = op->session;
    s->worker_ops--;
    op->with_worker = false;
    if (session_is_closing(s)) {
        op->pub.status = SALLY_CONNECTION_LOST;
        op->stage = OP_DONE;
    }
    do_steps(op);
}

/* The file that ends with this operation. */
static sally_file *ending_file(const struct op *op)
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
        struct op *waiting = pins[i] ? file_unpin(pins[i]) : NULL;
        if (waiting)
            session_continue_op(waiting);
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
    if (op->with_worker)
        op->session->worker_ops--;
    op->with_worker = false;
    do_steps(op);
    return true;
}

static void end_op(struct op *op)
{
    sally_session *s = op->session;
    if (start_undo(op))
        return;
    struct op *follower = op_pop_follower(op);
    s->references++; /* on_done may free the operation, and end the session */
    list_remove(&op->run_link);
    s->started--;
    if (op->is_internal)
        s->internal_ops--;
    queue_note_end(op);
    if (op->with_worker)
        s->worker_ops--;
    op->with_worker = false;
    if (op->kind == SALLY_OP_SESSION_START && op->pub.status == SALLY_OK)
        s->owes_end = true;
    if (op->pub.file)
        outcome_note_file(op);
    outcome_note(op);
    sally_file *ending = ending_file(op);
    if (ending) /* on_done may end the session, which must not close this one again */
        list_remove(&ending->link);
    if (ending && opens(op))
        op->pub.file = NULL;
    sally_file *pins[COUNT_OF(op->pinned)];
    memcpy(pins, op->pinned, sizeof pins);
    if (op->on_done)
        op->on_done(op);
    if (ending)
        file_free(ending);
    unpin_files(pins);
    if (follower)
        continue_with(follower);
    if (session_is_closing(s))
        session_close_step(s);
    else
        session_schedule(s);
    session_release(s);
}

static void bring_home(struct session_host *host, struct list *done)
{
    struct list *item;
    while ((item = list_pop_first(done)) != NULL)
        host->wake(host, CONTAINER_OF(item, struct op, link));
}

/* Answers go home together, so that they are sent to the client together, unless they take long. */
void session_run(struct op *op)
{
    struct session_host *host = op->session->host;
    uint64_t begun = list_empty(&op->followers) ? 0 : host->now_ns(host);
    struct list done;
    list_init(&done);
    while (op && op_steps(op, false)) {
        struct op *next = op_pop_follower(op);
        list_append(&done, &op->link);
        if (next && host->now_ns(host) - begun > TOGETHER_NS)
            bring_home(host, &done);
        op = next;
    }
    bring_home(host, &done);
}

/* One that the program has submitted. */
static void start_submitted(struct op *op)
{
    sally_session *s = op->session;
    op->pub.id = ++s->next_request;
    s->references++;
    if (op_kind_closes(op->kind))
        op->pub.file->closing = true;
    atomic_fetch_sub_explicit(&s->submitted, 1, memory_order_relaxed);
    session_start_op(op);
}

void session_deliver(struct op *op)
{
    if (op->stage == OP_SUBMITTED) {
        start_submitted(op);
        return;
    }
    if (op_come_home(op))
        session_continue_op(op);
}

static bool may_go_on(const sally_session *s)
{
    return !session_is_closing(s) && !session_turn_is_over(s);
}

void session_schedule(sally_session *s)
{
    /* Operations that answer at once come back here through on_done: the loop below goes on for
     * them. */
    if (s->schedule != SCHEDULE_IDLE) {
        s->schedule = SCHEDULE_RUNS_AGAIN;
        return;
    }
    s->references++; /* an on_done may end the session */
    do {
        s->schedule = SCHEDULE_RUNS;
        struct op *op;
        while (may_go_on(s) && (op = queue_pop_startable(s)) != NULL)
            session_start_op(op);
    } while (s->schedule == SCHEDULE_RUNS_AGAIN && may_go_on(s));
    s->schedule = SCHEDULE_IDLE;
    s->is_interrupted = session_turn_is_over(s);
    if (session_is_closing(s))
        session_close_step(s); /* an on_done has ended the session meanwhile */
    session_release(s);
}

void session_begin_turn(sally_session *s)
{
    if (s->is_interrupted && may_go_on(s))
        session_schedule(s);
}

void session_resume(sally_session *s)
{
    if (!session_is_closing(s))
        session_schedule(s);
}

void op_submit(struct op *op)
{
    sally_op *pub = &op->pub;
    if (op->kind == SALLY_OP_WRITE)
        pub->u.io.done = pub->u.io.length;
    if (op_kind_closes(op->kind))
        pub->file->closing = true;
    if (op->session->memory) {
        op->is_charged = true;
        local_account_force(op->session->memory, sizeof *op);
    }
    queue_add(op);
    session_schedule(op->session);
}

void op_free(struct op *op)
{
    sally_session *s = op->session;
    if (session_put_op(op) && s->stage != SESSION_CLOSED)
        session_schedule(s);
    session_release(s);
}
