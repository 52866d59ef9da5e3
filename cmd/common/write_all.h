/* Writing to descriptors whose reader may stall. */
#ifndef COMMON_WRITE_ALL_H
#define COMMON_WRITE_ALL_H

#include <stdbool.h>
#include <stddef.h>

/* Writes everything, even to a nonblocking descriptor. `patience_ms`: how long to wait for room
 * each time; -1: forever. False: timed out, or the write failed. */
bool write_all(int fd, const char *data, size_t size, int patience_ms);

#endif
