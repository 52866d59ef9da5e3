/* A storage inside the library: dispatch by kind, the answers that are built when a slot is NULL,
 * frames of wrappers. */
#ifndef SALLY_CORE_FS_H
#define SALLY_CORE_FS_H

#include <stdatomic.h>

#include "core/op.h"

/* Makes a storage of the directory `root` (canonical, not "/") of `fs`, which resolves links below
 * it without help. Holds `fs`. */
typedef sally_error fs_subtree_fn(sally_fs *fs, const char *root, sally_fs **out);

struct sally_fs {
    sally_fs_methods methods; /* slots past the caller's struct_size are NULL */
    fs_subtree_fn *subtree;   /* of the library's own storages; NULL: unsupported */
    void *user_data;
    _Atomic uint32_t references;
};

/* NULL: the storage does not implement it. */
sally_fs_slot *fs_slot(const sally_fs *fs, uint32_t kind);

/* Calls the slot for op->kind, or its default. Operations on a file that this storage has not
 * opened do not reach it: the answer is SALLY_INVALID_HANDLE, or for COPY SALLY_UNSUPPORTED, so
 * that it is done by READs and WRITEs. */
sally_status fs_invoke(sally_fs *fs, sally_op *op);

/* A wrapper's changes of the paths apply to the storages inside it: those above, and the same
 * wrapper when it is called again after SALLY_WOULD_BLOCK, see the original paths. */
struct op_paths fs_paths_of(const sally_op *op);
void fs_restore_paths(sally_op *op, const struct op_paths *paths);

/* `fs` waits for `inner` (NULL: for the library). False: memory is short. */
bool fs_push_frame(sally_fs *fs, sally_fs *inner, sally_op *op, sally_done_fn *on_done,
                   void *context);

/* The storage below the newest frame has answered late: takes the frame off, and returns what its
 * wrapper makes of the answer. */
sally_status fs_pop_frame(struct op *op, sally_status status);

/* As sally_fs_call(), but an answer that comes at once is returned without a call of on_done: for
 * loops of calls that must not become recursion. */
sally_status fs_call_inline(sally_fs *fs, sally_fs *inner, sally_op *op, sally_done_fn *on_done,
                            void *context);

/* A slot, on_done or sally_op_finish() returned STATUS_ASKS: performs the requested operation, and
 * those that its answer requests in turn. */
sally_status fs_begin_asked(sally_op *op);

/* The answer is no longer wanted. */
void fs_cancel(sally_fs *fs, sally_op *op);

/* The default if there is no slot for op->kind. */
sally_status fs_default(sally_fs *fs, sally_op *op);

#endif
