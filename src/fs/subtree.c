#include "fs/subtree.h"

#include "base/mem.h"
#include "core/session.h"

bool subtree_init(struct subtree *subtree, sally_fs *parent, const char *root,
                  sally_status (*find)(struct subtree *subtree, sally_op *op))
{
    subtree->root = mem_strdup(root);
    if (!subtree->root)
        return false;
    subtree->parent = sally_fs_ref(parent);
    subtree->find = find;
    pthread_mutex_init(&subtree->lock, NULL);
    atomic_init(&subtree->found, false);
    return true;
}

void subtree_clear(struct subtree *subtree)
{
    pthread_mutex_destroy(&subtree->lock);
    mem_free(subtree->root);
    sally_fs_unref(subtree->parent);
}

/* The client gets only the status: it must not see the path. */
static void log_missing(const struct subtree *subtree, const sally_op *op, sally_status status)
{
    const sally_session *session = op->session;
    const sally_log_field fields[] = {
        {"user", sally_session_user(session)},
        {"root", subtree->root},
        {"reason", sally_status_text(status)},
    };
    log_line(session_log(session), session_log_ids(session), SALLY_LOG_WARNING, "session.no_root",
             fields, COUNT_OF(fields), "The session's root cannot be opened");
}

sally_status subtree_enter(struct subtree *subtree, sally_op *op)
{
    sally_status status = SALLY_OK;
    if (atomic_load_explicit(&subtree->found, memory_order_acquire))
        return status;
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    pthread_mutex_lock(&subtree->lock);
    if (!atomic_load_explicit(&subtree->found, memory_order_relaxed)) {
        status = subtree->find(subtree, op);
        if (status == SALLY_OK)
            atomic_store_explicit(&subtree->found, true, memory_order_release);
    }
    pthread_mutex_unlock(&subtree->lock);
    if (status != SALLY_OK && op->kind == SALLY_OP_SESSION_START)
        log_missing(subtree, op, status);
    return status;
}

sally_status subtree_call(const sally_fs_methods *methods, sally_fs *fs, sally_op *op)
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
