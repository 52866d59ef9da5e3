#include "core/op_kinds.h"

#define FILE_BIT KIND_ON_FILE
#define CHANGES  KIND_CHANGES
#define ABANDON  KIND_ABANDONABLE
#define SUBMIT   KIND_SUBMITTABLE

/* clang-format off */
/* OPEN is a LOOK here; one that makes, cuts or reserves something is ALONE (queue.c). STAT is not abandonable: SCP needs
 * it to know where the file goes that it is about to receive. LOCK is: it may wait for another session. */
static const struct op_kind kinds[SALLY_OP_KINDS] = {
    [SALLY_OP_SESSION_START] = {ORDER_ALONE,       0,                             SALLY_OP_SESSION_END},
    [SALLY_OP_SESSION_END]   = {ORDER_ALONE,       0,                             0},
    [SALLY_OP_OPEN]          = {ORDER_LOOK,        SUBMIT,                        SALLY_OP_CLOSE},
    [SALLY_OP_CLOSE]         = {ORDER_ALONE,       FILE_BIT | SUBMIT,             0},
    [SALLY_OP_READ]          = {ORDER_LOOK_FILE,   FILE_BIT | SUBMIT | ABANDON,   0},
    [SALLY_OP_WRITE]         = {ORDER_CHANGE_FILE, FILE_BIT | SUBMIT | CHANGES,   0},
    [SALLY_OP_FSYNC]         = {ORDER_LOOK_FILE,   FILE_BIT | SUBMIT | CHANGES,   0},
    [SALLY_OP_LOCK]          = {ORDER_CHANGE_FILE, FILE_BIT | SUBMIT | ABANDON,   SALLY_OP_UNLOCK},
    [SALLY_OP_UNLOCK]        = {ORDER_CHANGE_FILE, FILE_BIT | SUBMIT,             0},
    [SALLY_OP_FSTAT]         = {ORDER_LOOK_FILE,   FILE_BIT | SUBMIT,             0},
    [SALLY_OP_FSETSTAT]      = {ORDER_CHANGE_FILE, FILE_BIT | SUBMIT | CHANGES,   0},
    [SALLY_OP_LEND_FD]       = {ORDER_ALONE,       FILE_BIT,                      0},
    [SALLY_OP_OPENDIR]       = {ORDER_LOOK,        SUBMIT | ABANDON,              SALLY_OP_CLOSEDIR},
    [SALLY_OP_READDIR]       = {ORDER_LOOK,        FILE_BIT | ABANDON,            0},
    [SALLY_OP_CLOSEDIR]      = {ORDER_ALONE,       FILE_BIT | SUBMIT,             0},
    [SALLY_OP_STAT]          = {ORDER_LOOK,        SUBMIT,                        0},
    [SALLY_OP_SETSTAT]       = {ORDER_ALONE,       SUBMIT | CHANGES,              0},
    [SALLY_OP_REMOVE]        = {ORDER_ALONE,       SUBMIT | CHANGES,              0},
    [SALLY_OP_RENAME]        = {ORDER_ALONE,       SUBMIT | CHANGES,              0},
    [SALLY_OP_MKDIR]         = {ORDER_ALONE,       SUBMIT | CHANGES,              0},
    [SALLY_OP_RMDIR]         = {ORDER_ALONE,       SUBMIT | CHANGES,              0},
    [SALLY_OP_READLINK]      = {ORDER_LOOK,        SUBMIT | ABANDON,              0},
    [SALLY_OP_SYMLINK]       = {ORDER_ALONE,       SUBMIT | CHANGES,              0},
    [SALLY_OP_LINK]          = {ORDER_ALONE,       SUBMIT | CHANGES,              0},
    [SALLY_OP_REALPATH]      = {ORDER_LOOK,        SUBMIT | ABANDON,              0},
    [SALLY_OP_STATVFS]       = {ORDER_LOOK,        FILE_BIT | SUBMIT | ABANDON,   0},
    [SALLY_OP_COPY]          = {ORDER_ALONE,       FILE_BIT | SUBMIT | CHANGES,   0},
    [SALLY_OP_HASH]          = {ORDER_LOOK,        FILE_BIT | SUBMIT | ABANDON,   0},
    [SALLY_OP_LOOKUP_IDS]    = {ORDER_LOOK,        SUBMIT | ABANDON,              0},
    [SALLY_OP_EXTENDED]      = {ORDER_ALONE,       FILE_BIT | SUBMIT | CHANGES,   0}, /* who knows what it does */
};
/* clang-format on */

const struct op_kind *op_kind(uint32_t kind)
{
    static const struct op_kind unknown = {ORDER_ALONE, 0, 0};
    return kind < SALLY_OP_KINDS ? &kinds[kind] : &unknown;
}
