/* Extended attributes of exactly what a descriptor stands for, O_PATH descriptors included. */
#ifndef SALLY_OS_XATTR_H
#define SALLY_OS_XATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define OS_XATTR_MAX 65536u /* of a value, and of a list of names */

enum os_xattr_how { OS_XATTR_EITHER, OS_XATTR_CREATE, OS_XATTR_REPLACE };

/* Bytes; -1 and errno: ENODATA for no such attribute, ERANGE for too little room. */
ssize_t os_xattr_get(int fd, const char *name, void *value, size_t room);
/* Names, each with a NUL. */
ssize_t os_xattr_list(int fd, char *names, size_t room);
bool os_xattr_set(int fd, const char *name, const void *value, size_t size, enum os_xattr_how how);
bool os_xattr_remove(int fd, const char *name);

#endif
