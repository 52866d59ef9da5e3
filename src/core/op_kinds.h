/* The properties of each kind of operation, one row per kind: the table is in op_kinds.c. (The
 * permission and the slot are in SALLY_OP_MAP.) */
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

/* The kind of open file that it needs: always, or if `file` is set. */
enum op_handle {
    NO_HANDLE,
    ANY_HANDLE,
    FILE_HANDLE,
    READ_HANDLE,  /* a file that was opened for reading */
    WRITE_HANDLE, /* a file that was opened for writing */
    DIRECTORY_HANDLE
};

/* The fallback if a storage has no slot for the kind. */
enum op_fallback {
    FALL_UNSUPPORTED,
    FALL_SUCCEED, /* there is nothing to do */
    FALL_PATH,    /* the result is the path */
    FALL_STAT,    /* the storage's stat is called instead */
    FALL_SETSTAT,
    FALL_COPY /* SALLY_UNSUPPORTED, whereupon the session copies with READs and WRITEs: copy.c */
};

enum {
    KIND_MODIFIES = 0x1,        /* changes the storage, whatever its flags */
    KIND_ABANDONABLE = 0x2,     /* pointless once the client is gone */
    KIND_SUBMITTABLE = 0x4,     /* sally_session_submit() accepts it */
    KIND_OPENS = 0x8,           /* makes a sally_file */
    KIND_CLOSES = 0x10,         /* ends its sally_file */
    KIND_INEVITABLE = 0x20,     /* reaches the storage, even if a before-hook answers */
    KIND_TWO_PATHS = 0x40,      /* has u.rename.to as well as its path */
    KIND_ATTRS = 0x80,          /* sets u.setstat.attrs */
    KIND_NEVER_FOLLOWS = 0x100, /* a link as the last component of its path is not followed */
    KIND_TRANSFERS = 0x200,     /* its bytes are counted for its files */
    KIND_SPOILS = 0x400         /* its failure counts as the file's: sally_file_facts.worst */
};

struct op_kind {
    enum op_order order;
    enum op_handle handle;
    uint32_t flags; /* KIND_ bits */
    uint32_t undo;  /* the kind that undoes this one; 0: nothing to undo */
    enum op_fallback fallback;
    uint64_t needs; /* SALLY_OP_BIT() of the slots that the fallback calls */
};

/* Never NULL: an unknown kind is ORDER_EXCLUSIVE and nothing else. */
const struct op_kind *op_kind(uint32_t kind);
/* Whether a link as the last component of its path is followed. */
bool op_follows(const sally_op *op);

/* The permissions that a session needs (SALLY_MAY_ bits); flags may require more, see permission.c.
 */
uint32_t op_kind_permission(uint32_t kind);

static inline bool op_kind_opens(uint32_t kind)
{
    return (op_kind(kind)->flags & KIND_OPENS) != 0;
}

static inline bool op_kind_closes(uint32_t kind)
{
    return (op_kind(kind)->flags & KIND_CLOSES) != 0;
}

/* The kind that closes what OPEN or OPENDIR opened. */
static inline uint32_t op_kind_to_close(bool is_directory)
{
    return is_directory ? SALLY_OP_CLOSEDIR : SALLY_OP_CLOSE;
}

static inline bool op_has_to(const sally_op *op)
{
    return (op_kind(op->kind)->flags & KIND_TWO_PATHS) != 0;
}

/* The second file of an operation on two; NULL: none. */
static inline sally_file *op_second_file(const sally_op *op)
{
    return op->kind == SALLY_OP_COPY ? op->u.copy.to : NULL;
}

#endif
