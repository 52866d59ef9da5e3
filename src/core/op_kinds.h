/* What the library knows of each kind of operation, one row per kind: the table is in op_kinds.c.
 * (The permission and the slot are in SALLY_OP_MAP.) */
#ifndef SALLY_CORE_OP_KINDS_H
#define SALLY_CORE_OP_KINDS_H

#include <stdbool.h>
#include <stdint.h>

#include "sallyport/op.h"

/* How an operation is ordered against the others of its session; see queue.c. */
enum op_order {
    ORDER_EXCLUSIVE, /* starts when all earlier ones have ended; all later ones wait for it */
    ORDER_READ,      /* may depend on anything that earlier operations have changed */
    ORDER_READ_FILE, /* depends on changes of its file only */
    ORDER_WRITE_FILE /* changes its file only */
};

enum {
    KIND_ON_FILE = 0x1,     /* takes an open file: always, or when `file` is set */
    KIND_MODIFIES = 0x2,    /* changes the storage, whatever its flags */
    KIND_ABANDONABLE = 0x4, /* pointless once the client is gone */
    KIND_SUBMITTABLE = 0x8  /* sally_session_submit() takes it */
};

struct op_kind {
    enum op_order order;
    uint32_t flags; /* KIND_ bits */
    uint32_t undo;  /* the kind that undoes this one; 0: nothing to undo */
};

/* Never NULL: an unknown kind is ORDER_EXCLUSIVE without flags. */
const struct op_kind *op_kind(uint32_t kind);

static inline bool op_kind_opens(uint32_t kind)
{
    return kind == SALLY_OP_OPEN || kind == SALLY_OP_OPENDIR;
}

static inline bool op_kind_closes(uint32_t kind)
{
    return kind == SALLY_OP_CLOSE || kind == SALLY_OP_CLOSEDIR;
}

#endif
