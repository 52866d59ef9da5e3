/* Renaming that refuses to replace. */
#ifndef SALLY_OS_RENAME_H
#define SALLY_OS_RENAME_H

#include <stdbool.h>

/* As renameat(2), but EEXIST when `to` is there already. Where neither system nor file system can
 * do it in one step, a file is linked and then unlinked, and for a directory somebody else's `to`
 * may slip in between look and act. */
bool os_rename_noreplace(int from_dir, const char *from, int to_dir, const char *to);

#endif
