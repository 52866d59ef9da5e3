/* Shared by the wrapping storages. */
#ifndef SALLY_FS_WRAP_H
#define SALLY_FS_WRAP_H

#include "sallyport/fs.h"

/* Sets `slot` wherever `inner` has its own slot. The others stay NULL: the library's defaults use
 * the wrapper's slots. Copies the traits of `inner`; sets no destroy. */
void wrap_methods(sally_fs_methods *methods, const sally_fs *inner, sally_fs_slot *slot);

/* Asks `inner` for STAT of a path, without following a link unless `flags` say so, or FSTAT if
 * `path` is NULL: type, size, number of links, and which file it is. */
sally_status wrap_ask_stat(sally_fs *fs, sally_fs *inner, sally_op *op, const char *path,
                           uint32_t flags, sally_ask_done_fn *on_done, void *context);

#endif
