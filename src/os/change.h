/* Changing the attributes of exactly what a descriptor stands for, O_PATH descriptors and those of
 * symbolic links included. False: errno. */
#ifndef SALLY_OS_CHANGE_H
#define SALLY_OS_CHANGE_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

bool os_change_mode(int fd, mode_t mode);           /* EOPNOTSUPP for a symbolic link */
bool os_change_owner(int fd, uid_t uid, gid_t gid); /* -1: stays */
bool os_change_times(int fd,
                     const struct timespec times[2]); /* access, modification; UTIME_OMIT: stays */

#endif
