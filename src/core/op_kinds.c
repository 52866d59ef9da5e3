#include "core/op_kinds.h"

#include <stddef.h>

#include "sallyport/session.h"

#define MODIFIES   KIND_MODIFIES
#define ABANDON    KIND_ABANDONABLE
#define SUBMIT     KIND_SUBMITTABLE
#define OPENS      KIND_OPENS
#define CLOSES     (KIND_CLOSES | KIND_INEVITABLE)
#define INEVITABLE KIND_INEVITABLE
#define TWO_PATHS  KIND_TWO_PATHS
#define ATTRS      KIND_ATTRS
#define NO_FOLLOW  KIND_NEVER_FOLLOWS
#define TRANSFERS  (KIND_TRANSFERS | KIND_SPOILS)
#define SPOILS     KIND_SPOILS

#define SLOT(kind) SALLY_OP_BIT(SALLY_OP_##kind)

/* clang-format off */
/* OPEN is ORDER_READ here; one that creates, truncates or reserves is ORDER_EXCLUSIVE (queue.c). STAT is not abandonable
 * by itself: SCP needs it to find the target of the file that it is about to receive. LOCK is: it may wait for another session.
 * The effects of EXTENDED and COMMAND are unknown. */
static const struct op_kind kinds[SALLY_OP_KINDS] = {
    [SALLY_OP_SESSION_START] = {ORDER_EXCLUSIVE,  NO_HANDLE,        0,                               SALLY_OP_SESSION_END, FALL_SUCCEED, 0},
    [SALLY_OP_SESSION_END]   = {ORDER_EXCLUSIVE,  NO_HANDLE,        INEVITABLE,                                         0, FALL_SUCCEED, 0},
    [SALLY_OP_OPEN]          = {ORDER_READ,       NO_HANDLE,        SUBMIT | OPENS,                        SALLY_OP_CLOSE, FALL_UNSUPPORTED, 0},
    [SALLY_OP_CLOSE]         = {ORDER_EXCLUSIVE,  FILE_HANDLE,      SUBMIT | CLOSES,                                    0, FALL_SUCCEED, 0},
    [SALLY_OP_READ]          = {ORDER_READ_FILE,  READ_HANDLE,      SUBMIT | ABANDON | TRANSFERS,                       0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_WRITE]         = {ORDER_WRITE_FILE, WRITE_HANDLE,     SUBMIT | MODIFIES | TRANSFERS,                      0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_FSYNC]         = {ORDER_READ_FILE,  ANY_HANDLE,       SUBMIT | MODIFIES | SPOILS,                         0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_LOCK]          = {ORDER_WRITE_FILE, ANY_HANDLE,       SUBMIT | ABANDON,                     SALLY_OP_UNLOCK, FALL_UNSUPPORTED, 0},
    [SALLY_OP_UNLOCK]        = {ORDER_WRITE_FILE, ANY_HANDLE,       SUBMIT,                                             0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_FSTAT]         = {ORDER_READ_FILE,  ANY_HANDLE,       SUBMIT,                                             0, FALL_STAT, SLOT(STAT)},
    [SALLY_OP_FSETSTAT]      = {ORDER_WRITE_FILE, ANY_HANDLE,       SUBMIT | MODIFIES | ATTRS,                          0, FALL_SETSTAT, SLOT(SETSTAT)},
    [SALLY_OP_CHDIR]         = {ORDER_READ,       NO_HANDLE,        SUBMIT | ABANDON,                                   0, FALL_STAT, SLOT(STAT)},
    [SALLY_OP_OPENDIR]       = {ORDER_READ,       NO_HANDLE,        SUBMIT | ABANDON | OPENS,           SALLY_OP_CLOSEDIR, FALL_STAT, SLOT(STAT) | SLOT(READDIR)},
    [SALLY_OP_READDIR]       = {ORDER_READ,       DIRECTORY_HANDLE, SUBMIT | ABANDON,                                   0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_CLOSEDIR]      = {ORDER_EXCLUSIVE,  DIRECTORY_HANDLE, SUBMIT | CLOSES,                                    0, FALL_SUCCEED, 0},
    [SALLY_OP_STAT]          = {ORDER_READ,       NO_HANDLE,        SUBMIT,                                             0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_SETSTAT]       = {ORDER_EXCLUSIVE,  NO_HANDLE,        SUBMIT | MODIFIES | ATTRS,                          0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_REMOVE]        = {ORDER_EXCLUSIVE,  NO_HANDLE,        SUBMIT | MODIFIES | NO_FOLLOW,                      0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_RENAME]        = {ORDER_EXCLUSIVE,  NO_HANDLE,        SUBMIT | MODIFIES | NO_FOLLOW | TWO_PATHS,          0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_MKDIR]         = {ORDER_EXCLUSIVE,  NO_HANDLE,        SUBMIT | MODIFIES | NO_FOLLOW | ATTRS,              0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_RMDIR]         = {ORDER_EXCLUSIVE,  NO_HANDLE,        SUBMIT | MODIFIES | NO_FOLLOW,                      0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_READLINK]      = {ORDER_READ,       NO_HANDLE,        SUBMIT | ABANDON | NO_FOLLOW,                       0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_SYMLINK]       = {ORDER_EXCLUSIVE,  NO_HANDLE,        SUBMIT | MODIFIES | NO_FOLLOW,                      0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_LINK]          = {ORDER_EXCLUSIVE,  NO_HANDLE,        SUBMIT | MODIFIES | NO_FOLLOW | TWO_PATHS,          0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_REALPATH]      = {ORDER_READ,       NO_HANDLE,        SUBMIT | ABANDON,                                   0, FALL_PATH, 0},
    [SALLY_OP_STATVFS]       = {ORDER_READ,       ANY_HANDLE,       SUBMIT | ABANDON,                                   0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_COPY]          = {ORDER_EXCLUSIVE,  READ_HANDLE,      SUBMIT | MODIFIES | TRANSFERS,                      0, FALL_COPY, SLOT(READ) | SLOT(WRITE)},
    [SALLY_OP_HASH]          = {ORDER_READ,       READ_HANDLE,      SUBMIT | ABANDON,                                   0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_LOOKUP_IDS]    = {ORDER_READ,       NO_HANDLE,        SUBMIT | ABANDON,                                   0, FALL_SUCCEED, 0},
    [SALLY_OP_EXTENDED]      = {ORDER_EXCLUSIVE,  ANY_HANDLE,       SUBMIT | MODIFIES | NO_FOLLOW,                      0, FALL_UNSUPPORTED, 0},
    [SALLY_OP_COMMAND]       = {ORDER_EXCLUSIVE,  NO_HANDLE,        SUBMIT | MODIFIES,                                  0, FALL_UNSUPPORTED, 0},
};
/* clang-format on */

static const uint32_t permissions[SALLY_OP_KINDS] = {
#define PERMISSION(name, value, slot, permission) [value] = (permission),
    SALLY_OP_MAP(PERMISSION)
#undef PERMISSION
};

const struct op_kind *op_kind(uint32_t kind)
{
    static const struct op_kind unknown = {.order = ORDER_EXCLUSIVE};
    return kind < SALLY_OP_KINDS ? &kinds[kind] : &unknown;
}

uint32_t op_kind_permission(uint32_t kind)
{
    return kind < SALLY_OP_KINDS ? permissions[kind] : SALLY_MAY_ALL;
}

bool op_follows(const sally_op *op)
{
    const uint32_t new_file = SALLY_OPEN_CREATE | SALLY_OPEN_EXCLUSIVE;
    switch (op->kind) {
    case SALLY_OP_OPEN:
        return !(op->u.open.flags & SALLY_OPEN_NOFOLLOW) &&
               (op->u.open.flags & new_file) != new_file;
    case SALLY_OP_STAT:
        return (op->u.stat.flags & SALLY_FOLLOW) != 0;
    case SALLY_OP_SETSTAT:
        return (op->u.setstat.flags & SALLY_FOLLOW) != 0;
    default:
        return !(op_kind(op->kind)->flags & KIND_NEVER_FOLLOWS);
    }
}
