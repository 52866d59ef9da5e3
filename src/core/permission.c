#include "core/permission.h"

#include "core/file.h"
#include "core/session_internal.h"

#define SHARE_FLAGS                                                                                \
    (SALLY_OPEN_BLOCK_READ | SALLY_OPEN_BLOCK_WRITE | SALLY_OPEN_BLOCK_DELETE |                    \
     SALLY_OPEN_BLOCK_ADVISORY)

static uint32_t needed_to_open(uint32_t flags)
{
    uint32_t bits = 0;
    if (flags & SALLY_OPEN_READ)
        bits |= SALLY_MAY_READ;
    if (flags & (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND | SALLY_OPEN_TRUNCATE))
        bits |= SALLY_MAY_WRITE;
    if (flags & SALLY_OPEN_CREATE)
        bits |= SALLY_MAY_CREATE;
    if (flags & SALLY_OPEN_DELETE_ON_CLOSE)
        bits |= SALLY_MAY_REMOVE;
    if (!bits)
        bits = SALLY_MAY_READ;
    /* Keeping others from a file needs the permission to lock, in every request. */
    return flags & SHARE_FLAGS ? bits | SALLY_MAY_LOCK : bits;
}

uint32_t op_permissions_needed(const sally_op *op)
{
    switch (op->kind) {
    case SALLY_OP_OPEN:
        return needed_to_open(op->u.open.flags);
    case SALLY_OP_RENAME:
        return SALLY_MAY_RENAME |
               (op->u.rename.flags & SALLY_RENAME_OVERWRITE ? SALLY_MAY_REMOVE : 0);
    case SALLY_OP_REALPATH: /* the others can be answered without the storage */
        return op->u.text.flags == SALLY_REALPATH_STAT_ALWAYS ? SALLY_MAY_STAT : 0;
    default:
        return op_kind_permission(op->kind);
    }
}

/* The second file of a COPY is written to. */
static bool second_file_allows(const sally_op *op, bool skips)
{
    const sally_file *to = op_second_file(op);
    if (op->kind != SALLY_OP_COPY)
        return true;
    return to && (skips || (to->facts.open_flags & (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND)));
}

/* A client cannot read a file that it has not opened for reading, even if the storage would allow
 * it. Operations of the program are exempt: a hook or wrapper may have opened it with more flags.
 */
static bool file_allows(const sally_op *op, bool skips)
{
    if (!op->file)
        return true;
    uint32_t flags = skips ? UINT32_MAX : op->file->facts.open_flags;
    bool directory = op->file->facts.is_directory;
    switch (op_kind(op->kind)->handle) {
    case READ_HANDLE:
        return !directory && (flags & SALLY_OPEN_READ) && second_file_allows(op, skips);
    case WRITE_HANDLE:
        return !directory && (flags & (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND));
    case DIRECTORY_HANDLE:
        return directory;
    case FILE_HANDLE:
        return !directory;
    default:
        return true;
    }
}

bool op_is_text_only(const struct op *op)
{
    return op->kind == SALLY_OP_REALPATH && !op->skips_permissions &&
           !(sally_session_permissions(op->session) & SALLY_MAY_STAT);
}

sally_status op_check_permissions(const struct op *op)
{
    uint32_t bits = op_permissions_needed(&op->pub);
    if (!op->skips_permissions && (bits & ~sally_session_permissions(op->session)))
        return SALLY_PERMISSION_DENIED;
    return file_allows(&op->pub, op->skips_permissions) ? SALLY_OK : SALLY_INVALID_HANDLE;
}
