#include "os/openat2.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RESOLVE_CACHED /* Linux 5.12 */
#define RESOLVE_CACHED 0x20
#endif

int os_openat2(int dir, const char *path, int flags, mode_t mode, uint32_t how)
{
    struct open_how what;
    memset(&what, 0, sizeof(what));
    what.flags = (unsigned)flags;
    if (!(flags & O_PATH)) /* with which anything but its few flags is refused */
        what.flags |= O_LARGEFILE;
    if (flags & O_CREAT)
        what.mode = mode & 07777;
    if (how & OPENAT2_IN_ROOT)
        what.resolve |= RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    if (how & OPENAT2_STAY)
        what.resolve |= RESOLVE_NO_XDEV;
    if (how & OPENAT2_CACHED)
        what.resolve |= RESOLVE_CACHED;
    return (int)syscall(SYS_openat2, dir, path, &what, sizeof(what));
}
