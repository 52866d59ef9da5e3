/* What the library knows of each kind of operation, one row per kind: the table is in op_kinds.c.
 * (The permission and the slot are in SALLY_OP_MAP.) */
#ifndef SALLY_CORE_OP_KINDS_H
#define SALLY_CORE_OP_KINDS_H

#include <stdbool.h>
#include <stdint.h>

#include "sallyport/op.h"

/* How an operation stands to the others of its session; see queue.c. */
enum op_order {
    ORDER_ALONE,      /* after all before it, before all after it */
    ORDER_LOOK,       /* may see whatever an earlier operation has changed */
    ORDER_LOOK_FILE,  /* sees only what is done to its file */
    ORDER_CHANGE_FILE /* changes its file, and nothing else */
};

enum {
    KIND_ON_FILE = 0x1,     /* is about an open file, always or when `file` is there */
    KIND_CHANGES = 0x2,     /* leaves something changed, whatever its flags say */
    KIND_ABANDONABLE = 0x4, /* pointless once the client is gone */
    KIND_SUBMITTABLE = 0x8  /* sally_session_submit() takes it */
};

struct op_kind {
    enum op_order order;
    uint32_t flags; /* KIND_ bits */
    uint32_t undo;  /* the kind that gives back what this one has taken; 0: nothing to give back */
};

/* Never NULL: an unknown kind is ORDER_ALONE and nothing else. */
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
