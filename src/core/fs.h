/* A storage inside the library: dispatch by kind, the answers that are built when a slot is NULL,
 * frames of wrappers. */
#ifndef SALLY_CORE_FS_H
#define SALLY_CORE_FS_H

#include <stdatomic.h>

#include "core/op.h"

struct sally_fs {
    sally_fs_methods methods; /* slots past the caller's struct_size are NULL */
    void *user_data;
    _Atomic uint32_t references;
};

/* Calls the slot for op->kind, or what stands in for it. */
sally_status fs_invoke(sally_fs *fs, sally_op *op);

/* As sally_fs_call(), but an answer that comes at once is returned without a call of on_done: for
 * loops of calls that must not become recursion. */
sally_status fs_call_quiet(sally_fs *fs, sally_fs *inner, sally_op *op, sally_done_fn *on_done,
                           void *context);

/* fs_defaults.c */
sally_status fs_default(sally_fs *fs, sally_op *op);
bool fs_has_default(const sally_fs *fs, uint32_t kind);

#endif
