/* Another operation in the place of one, for wrappers that must look before they act or clean up
 * afterwards: in the same thread and order, and with the same wait for late answers, which a
 * submitted operation could not have. */
#ifndef SALLY_FS_ASIDE_H
#define SALLY_FS_ASIDE_H

#include "sallyport/fs.h"

struct aside {
    struct sally_op asked; /* while `then` runs: the other operation, with its answer in `u` */
    struct sally_op real;
    sally_done_fn *then;
    void *context;
};

/* The operation now is one of this kind, on a path or an open file, with all else zero. No kind
 * that opens or closes. Never with SALLY_OP_TRY: nobody would know where to go on. */
void aside_begin(struct aside *a, sally_op *op, uint32_t kind, const char *path, sally_file *file);
/* Asks `inner`. `then` sees the operation as it was. */
sally_status aside_call(struct aside *a, sally_fs *fs, sally_fs *inner, sally_op *op,
                        sally_done_fn *then, void *context);

/* STAT of a path, without following a link unless `flags` say so, or FSTAT if `path` is NULL: type,
 * size and number of links. */
sally_status aside_stat(struct aside *a, sally_fs *fs, sally_fs *inner, sally_op *op,
                        const char *path, uint32_t flags, sally_done_fn *then, void *context);

#endif
