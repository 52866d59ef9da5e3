/* What the wrapping storages share. */
#ifndef SALLY_FS_WRAP_H
#define SALLY_FS_WRAP_H

#include "sallyport/fs.h"

/* `slot` in every place where `inner` has a slot of its own. The others stay NULL: what the library
 * builds when a slot is missing, it builds from the wrapper's slots. Takes inner's traits over;
 * sets no cancel and no destroy. */
void wrap_methods(sally_fs_methods *methods, const sally_fs *inner, sally_fs_slot *slot);

#endif
