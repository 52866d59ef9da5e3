/* Writing to descriptors that others read, or do not. */
#ifndef COMMON_WRITE_ALL_H
#define COMMON_WRITE_ALL_H

#include <stdbool.h>
#include <stddef.h>

/* Writes everything, also where the descriptor does not block. `patience_ms`: how long to wait for
 * room at a time; -1: for ever. False: that was too long, or it cannot be written to. */
bool write_all(int fd, const char *data, size_t size, int patience_ms);

#endif
