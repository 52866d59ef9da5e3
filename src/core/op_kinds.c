#include "core/op_kinds.h"

#define FILE_BIT KIND_ON_FILE
#define MODIFIES KIND_MODIFIES
#define ABANDON  KIND_ABANDONABLE
#define SUBMIT   KIND_SUBMITTABLE

/* clang-format off */
/* OPEN is ORDER_READ here; one that creates, truncates or reserves is ORDER_EXCLUSIVE (queue.c). STAT is not abandonable:
 * SCP needs it to find the target of the file that it is about to receive. LOCK is: it may wait for another session. */
static const struct op_kind kinds[SALLY_OP_KINDS] = {
    [SALLY_OP_SESSION_START] = {ORDER_EXCLUSIVE,  0,                              SALLY_OP_SESSION_END},
    [SALLY_OP_SESSION_END]   = {ORDER_EXCLUSIVE,  0,                              0},
    [SALLY_OP_OPEN]          = {ORDER_READ,       SUBMIT,                         SALLY_OP_CLOSE},
    [SALLY_OP_CLOSE]         = {ORDER_EXCLUSIVE,  FILE_BIT | SUBMIT,              0},
    [SALLY_OP_READ]          = {ORDER_READ_FILE,  FILE_BIT | SUBMIT | ABANDON,    0},
    [SALLY_OP_WRITE]         = {ORDER_WRITE_FILE, FILE_BIT | SUBMIT | MODIFIES,   0},
    [SALLY_OP_FSYNC]         = {ORDER_READ_FILE,  FILE_BIT | SUBMIT | MODIFIES,   0},
    [SALLY_OP_LOCK]          = {ORDER_WRITE_FILE, FILE_BIT | SUBMIT | ABANDON,    SALLY_OP_UNLOCK},
    [SALLY_OP_UNLOCK]        = {ORDER_WRITE_FILE, FILE_BIT | SUBMIT,              0},
    [SALLY_OP_FSTAT]         = {ORDER_READ_FILE,  FILE_BIT | SUBMIT,              0},
    [SALLY_OP_FSETSTAT]      = {ORDER_WRITE_FILE, FILE_BIT | SUBMIT | MODIFIES,   0},
    [SALLY_OP_LEND_FD]       = {ORDER_EXCLUSIVE,  FILE_BIT,                       0},
    [SALLY_OP_OPENDIR]       = {ORDER_READ,       SUBMIT | ABANDON,               SALLY_OP_CLOSEDIR},
    [SALLY_OP_READDIR]       = {ORDER_READ,       FILE_BIT | ABANDON,             0},
    [SALLY_OP_CLOSEDIR]      = {ORDER_EXCLUSIVE,  FILE_BIT | SUBMIT,              0},
    [SALLY_OP_STAT]          = {ORDER_READ,       SUBMIT,                         0},
    [SALLY_OP_SETSTAT]       = {ORDER_EXCLUSIVE,  SUBMIT | MODIFIES,              0},
    [SALLY_OP_REMOVE]        = {ORDER_EXCLUSIVE,  SUBMIT | MODIFIES,              0},
    [SALLY_OP_RENAME]        = {ORDER_EXCLUSIVE,  SUBMIT | MODIFIES,              0},
    [SALLY_OP_MKDIR]         = {ORDER_EXCLUSIVE,  SUBMIT | MODIFIES,              0},
    [SALLY_OP_RMDIR]         = {ORDER_EXCLUSIVE,  SUBMIT | MODIFIES,              0},
    [SALLY_OP_READLINK]      = {ORDER_READ,       SUBMIT | ABANDON,               0},
    [SALLY_OP_SYMLINK]       = {ORDER_EXCLUSIVE,  SUBMIT | MODIFIES,              0},
    [SALLY_OP_LINK]          = {ORDER_EXCLUSIVE,  SUBMIT | MODIFIES,              0},
    [SALLY_OP_REALPATH]      = {ORDER_READ,       SUBMIT | ABANDON,               0},
    [SALLY_OP_STATVFS]       = {ORDER_READ,       FILE_BIT | SUBMIT | ABANDON,    0},
    [SALLY_OP_COPY]          = {ORDER_EXCLUSIVE,  FILE_BIT | SUBMIT | MODIFIES,   0},
    [SALLY_OP_HASH]          = {ORDER_READ,       FILE_BIT | SUBMIT | ABANDON,    0},
    [SALLY_OP_LOOKUP_IDS]    = {ORDER_READ,       SUBMIT | ABANDON,               0},
    [SALLY_OP_EXTENDED]      = {ORDER_EXCLUSIVE,  FILE_BIT | SUBMIT | MODIFIES,   0}, /* its effects are unknown */
};
/* clang-format on */

const struct op_kind *op_kind(uint32_t kind)
{
    static const struct op_kind unknown = {ORDER_EXCLUSIVE, 0, 0};
    return kind < SALLY_OP_KINDS ? &kinds[kind] : &unknown;
}
