/* Reading only what is at hand. */
#ifndef SALLY_OS_READ_H
#define SALLY_OS_READ_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* As pread(2), but of what is in memory already: fewer bytes when the next ones are not, -1 and
 * EAGAIN when the first is not, EOPNOTSUPP when that cannot be known. */
ssize_t os_read_cached(int fd, void *data, size_t size, uint64_t offset);

#endif
