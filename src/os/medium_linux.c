#include "os/medium.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/vfs.h>

/* Numbers from statfs(2); not every linux/magic.h has them all. */
static const struct {
    uint32_t type;
    enum os_medium medium;
} media[] = {
    {0x01021994, MEDIUM_MEMORY}, /* tmpfs */
    {0x858458f6, MEDIUM_MEMORY}, /* ramfs */
    {0x0000ef53, MEDIUM_DISK},   /* ext2, ext3, ext4 */
    {0x58465342, MEDIUM_DISK},   /* XFS */
    {0x9123683e, MEDIUM_DISK},   /* Btrfs */
    {0xf2f52010, MEDIUM_DISK},   /* F2FS */
    {0x794c7630, MEDIUM_DISK},   /* overlayfs */
    {0x2fc12fc1, MEDIUM_DISK},   /* ZFS */
};

enum os_medium os_medium_of(int fd)
{
    struct statfs st;
    if (fstatfs(fd, &st) != 0)
        return MEDIUM_UNKNOWN;
    for (size_t i = 0; i < sizeof(media) / sizeof(media[0]); i++)
        if (media[i].type == (uint32_t)st.f_type)
            return media[i].medium;
    return MEDIUM_UNKNOWN;
}
