/* Structures that callers fill begin with struct_size and only grow at the end: an older caller's
 * is shorter, a newer one's longer. */
#ifndef SALLY_BASE_SIZED_H
#define SALLY_BASE_SIZED_H

#include <stdbool.h>
#include <stddef.h>

/* The size of a structure up to this member: that of the release in which it was the last one. */
#define SIZED_TO(type, member) (offsetof(type, member) + sizeof((type){0}.member))

/* Copies a caller's structure of `given` bytes into ours of `known` bytes; missing members become
 * zero. False: `given` is below `least`, or members that we do not know are not zero. */
bool sized_copy(void *ours, size_t known, const void *theirs, size_t given, size_t least);

/* The other way: fills a caller's structure of `given` bytes from ours. Members that it lacks are
 * left out, those that we do not know are zero. */
void sized_fill(void *theirs, size_t given, const void *ours, size_t known);

#endif
