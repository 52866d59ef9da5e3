/* What the wrapping storages share. */
#ifndef SALLY_FS_WRAP_H
#define SALLY_FS_WRAP_H

#include "sallyport/fs.h"

/* `slot` in every place where `inner` has a slot of its own. The others stay NULL: what the library
 * builds when a slot is missing, it builds from the wrapper's slots. Takes inner's traits over;
 * sets no destroy. */
void wrap_methods(sally_fs_methods *methods, const sally_fs *inner, sally_fs_slot *slot);

/* Asks `inner` for STAT of a path, without following a link unless `flags` say so, or FSTAT if
 * `path` is NULL: type, size, number of links, and which file it is. */
sally_status wrap_ask_stat(sally_fs *fs, sally_fs *inner, sally_op *op, const char *path,
                           uint32_t flags, sally_ask_done_fn *on_done, void *context);

#endif
