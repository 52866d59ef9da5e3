/* Acknowledgements of a TCP socket, which the system delays so that an answer can carry them. */
#ifndef SALLY_OS_SOCKET_H
#define SALLY_OS_SOCKET_H

#include <stddef.h>

/* The most bytes whose acknowledgement is delayed once they have been read: one segment. 0: not
 * TCP, or unknown. */
size_t os_segment(int fd);

/* Acknowledges immediately what has been read. */
void os_acknowledge(int fd);

#endif
