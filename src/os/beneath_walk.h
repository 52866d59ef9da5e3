/* Resolving a path below a directory component by component: for systems whose kernel cannot do it,
 * for paths too long for the kernel, and to learn the canonical path. Used by beneath.c only. */
#ifndef SALLY_OS_BENEATH_WALK_H
#define SALLY_OS_BENEATH_WALK_H

#include "os/beneath.h"

int beneath_walk_open(const struct beneath *b, const char *path, int flags, mode_t mode);
bool beneath_walk_canonical(const struct beneath *b, const char *path, struct buf *out, int *fd);

#endif
