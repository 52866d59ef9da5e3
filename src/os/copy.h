/* Copying between files inside the kernel, which may share the blocks instead. */
#ifndef SALLY_OS_COPY_H
#define SALLY_OS_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Copies up to `size` bytes; the descriptors' own positions stay. 0: end of file. -1 and
 * EOPNOTSUPP: not between these two, copy by hand. */
ssize_t os_copy_range(int from, uint64_t from_offset, int to, uint64_t to_offset, size_t size);

#endif
