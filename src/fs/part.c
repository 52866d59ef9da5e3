#include "fs/part.h"

#include "base/mem.h"
#include "core/session.h"

bool part_init(struct part *part, sally_fs *parent, const char *root,
               sally_status (*find)(struct part *part, sally_op *op))
{
    part->root = mem_strdup(root);
    if (!part->root)
        return false;
    part->parent = sally_fs_ref(parent);
    part->find = find;
    pthread_mutex_init(&part->lock, NULL);
    atomic_init(&part->found, false);
    return true;
}

void part_clear(struct part *part)
{
    pthread_mutex_destroy(&part->lock);
    mem_free(part->root);
    sally_fs_unref(part->parent);
}

/* The client is told the status alone: the path lies above what it may see. */
static void log_missing(const struct part *part, const sally_op *op, sally_status status)
{
    const sally_session *session = op->session;
    const sally_log_field fields[] = {
        {"user", sally_session_user(session)},
        {"root", part->root},
        {"reason", sally_status_text(status)},
    };
    log_line(session_log(session), session_log_ids(session), SALLY_LOG_WARNING, "session.no_root",
             fields, COUNT_OF(fields), "The session's root cannot be opened");
}

sally_status part_enter(struct part *part, sally_op *op)
{
    sally_status status = SALLY_OK;
    if (atomic_load_explicit(&part->found, memory_order_acquire))
        return status;
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    pthread_mutex_lock(&part->lock);
    if (!atomic_load_explicit(&part->found, memory_order_relaxed)) {
        status = part->find(part, op);
        if (status == SALLY_OK)
            atomic_store_explicit(&part->found, true, memory_order_release);
    }
    pthread_mutex_unlock(&part->lock);
    if (status != SALLY_OK && op->kind == SALLY_OP_SESSION_START)
        log_missing(part, op, status);
    return status;
}

sally_status part_call(const sally_fs_methods *methods, sally_fs *fs, sally_op *op)
{
    switch (op->kind) {
#define CALL(name, value, slot, permission)                                                        \
    case value:                                                                                    \
        return methods->slot(fs, op);
        SALLY_OP_MAP(CALL)
#undef CALL
    default:
        return SALLY_UNSUPPORTED;
    }
}
