/* What the wrapping storages share. */
#ifndef SALLY_FS_WRAP_H
#define SALLY_FS_WRAP_H

#include <stdbool.h>

#include "sallyport/fs.h"

/* `slot` in every place where `inner` has a slot of its own. The others stay NULL: what the library
 * builds when a slot is missing, it builds from the wrapper's slots. Takes inner's traits over;
 * sets no cancel and no destroy. */
void wrap_methods(sally_fs_methods *methods, const sally_fs *inner, sally_fs_slot *slot);

/* Kinds that change something whatever their flags say. */
bool wrap_kind_changes(uint32_t kind);

#endif
