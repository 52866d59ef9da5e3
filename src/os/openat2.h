/* Linux's openat2(2), for which the C library has no function yet. */
#ifndef SALLY_OS_OPENAT2_H
#define SALLY_OS_OPENAT2_H

#include <stdint.h>
#include <sys/types.h>

#define OPENAT2_IN_ROOT 0x1u /* `dir` is the root of everything, and no magic links */
#define OPENAT2_STAY    0x4u /* fails with EXDEV instead of crossing into another mount */
#define OPENAT2_CACHED  0x2u /* fails with EAGAIN instead of waiting for a disk */

/* -1 and errno: ENOSYS where there is no such thing. `mode` counts with O_CREAT. */
int os_openat2(int dir, const char *path, int flags, mode_t mode, uint32_t how);

#endif
