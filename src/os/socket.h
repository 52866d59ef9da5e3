/* Acknowledgements of a TCP socket, which the system puts off: an answer may carry them. */
#ifndef SALLY_OS_SOCKET_H
#define SALLY_OS_SOCKET_H

#include <stddef.h>

/* The most bytes whose acknowledgement is put off once they have been read: those of a segment. 0:
 * not TCP, or not known. */
size_t os_segment(int fd);

/* Acknowledges at once what has been read. */
void os_acknowledge(int fd);

#endif
