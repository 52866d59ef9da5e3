#include "core/answer.h"

#include "core/file.h"
#include "core/fs.h"
#include "core/grants.h"
#include "core/io_check.h"
#include "core/session_internal.h"
#include "core/status.h"
#include "core/unique_name.h"

/* A storage that never returns SALLY_EOF must not be called forever. */
#define MAX_EMPTY_ROUNDS 1000000u

/* Whether the client still wants the entries of a READDIR. */
static bool is_wanted(const struct op *op)
{
    return !sally_op_cancelled(&op->pub) && !op->pub.file->closing;
}

/* A READDIR with neither entries nor EOF is an error of the storage. */
static sally_status check_answer(const struct op *op, sally_status status)
{
    status = io_check_answer(op->kind, &op->pub.u.io, status);
    if (status != SALLY_OK || op->kind != SALLY_OP_READDIR || op->entries > 0)
        return status;
    return is_wanted(op) ? SALLY_FAILURE : SALLY_EOF;
}

void op_start_after_hooks(struct op *op, sally_status status)
{
    status = check_answer(op, status_clean(status));
    op->pub.status = op->overruled != SALLY_OK ? op->overruled : status;
    op->stage = OP_AFTER;
    op->hook = op->session->hooks ? (uint32_t)op->session->hooks->count : 0;
}

/* A READDIR without entries (a filter may have hidden them all) is repeated, since an empty reply
 * would mean nothing to the client. */
static bool asks_again(struct op *op, sally_status status)
{
    if (op->kind != SALLY_OP_READDIR || status != SALLY_OK || op->entries > 0 || !is_wanted(op) ||
        op->empty_rounds == MAX_EMPTY_ROUNDS)
        return false;
    op->empty_rounds++;
    op->filters = op->first_filters;
    return true;
}

/* A hook has opened the file, and perhaps redirected it before. */
static sally_status make_hooks_own(struct op *op)
{
    sally_file *file = op->pub.file;
    if (!file_set_path(file, op->pub.path))
        return SALLY_FAILURE;
    file->hooks_own = file->hooks_list = true;
    return SALLY_OK;
}

/* A hook turns a failure into a success: the file is then the hook's own, since the storage has not
 * opened it. A failed SESSION_START stays a failure. */
static sally_status take_over(struct op *op, sally_status status)
{
    if (status != SALLY_OK || op->pub.status == SALLY_OK)
        return status;
    if (op_kind_opens(op->kind))
        return make_hooks_own(op);
    return op->kind == SALLY_OP_SESSION_START ? op->pub.status : status;
}

void op_apply_answer(struct op *op, sally_status status)
{
    switch (op->stage) {
    case OP_BEFORE:
        if (asks_again(op, status))
            break;
        op->hook++;
        if (status == SALLY_CONTINUE)
            break;
        if (op_kind(op->kind)->flags & KIND_INEVITABLE) {
            if (op->overruled == SALLY_OK)
                op->overruled = status_clean(status);
            break;
        }
        if (op_kind_opens(op->kind) && status == SALLY_OK)
            status = make_hooks_own(op);
        else if (op->kind == SALLY_OP_READDIR)
            op->pub.file->hooks_list = true;
        op_start_after_hooks(op, status);
        break;
    case OP_STORAGE:
        fs_restore_paths(&op->pub, &op->paths);
        status = grants_answered(op, op_entry_fs(op), 0, status);
        if (asks_again(op, status) || unique_name_asks_again(op, status))
            break;
        if (op->kind == SALLY_OP_SESSION_START)
            op->session->fs_started = status == SALLY_OK;
        if (status == SALLY_UNSUPPORTED && op_kind(op->pub.kind)->fallback == FALL_COPY)
            op->stage = OP_COPY;
        else
            op_start_after_hooks(op, status);
        break;
    default: /* OP_AFTER */
        op->hook--;
        status = take_over(op, status_clean(status));
        if (status != SALLY_OK && op->pub.status == SALLY_OK)
            grants_revoke(op, op->hook + 1);
        op->pub.status = status;
        break;
    }
}
