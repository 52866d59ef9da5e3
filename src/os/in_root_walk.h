/* Resolving a path below a directory component by component: for systems whose kernel cannot do it,
 * for paths too long for the kernel, and to learn the canonical path. Used by in_root.c only. */
#ifndef SALLY_OS_IN_ROOT_WALK_H
#define SALLY_OS_IN_ROOT_WALK_H

#include "os/in_root.h"

int in_root_walk_open(const struct in_root *where, const char *path, int flags, mode_t mode);
bool in_root_walk_canonical(const struct in_root *where, const char *path, struct buf *out,
                            int *fd);

#endif
