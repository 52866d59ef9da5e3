/* Locks of byte ranges that belong to an open file, for other programs to see. */
#ifndef SALLY_OS_LOCK_H
#define SALLY_OS_LOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Without waiting; a length of 0 is to the end, however long. Exclusive or shared, but such as the
 * descriptor allows: one that cannot write shares, one that cannot read excludes. False: EAGAIN or
 * EACCES when somebody else has it. Where system or file system know no such locks, nothing is
 * done, and that is fine. `offset` is at most INT64_MAX. */
bool os_lock_range(int fd, uint64_t offset, uint64_t length, bool exclusive);
void os_unlock_range(int fd, uint64_t offset, uint64_t length);

#endif
