/* What the system knows of a file, with the time of its birth where it is known. */
#ifndef SALLY_OS_STAT_H
#define SALLY_OS_STAT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct os_stat {
    uint32_t mode; /* with the type */
    uint32_t uid, gid;
    uint32_t links;
    uint64_t size, allocated; /* bytes */
    uint64_t device, inode;
    struct timespec accessed, modified, changed, born;
    bool has_born;
    uint32_t bits, bits_known; /* as SFTP numbers them: draft-ietf-secsh-filexfer-13 section 7.9 */
};

/* Of what is open, O_PATH included. False: errno. */
bool os_stat_fd(int fd, struct os_stat *st);
/* The same, from memory alone where the file system would ask another machine: perhaps old. */
bool os_stat_cached(int fd, struct os_stat *st);
/* Of an entry of a directory; a link is not followed. */
bool os_stat_at(int dir, const char *name, struct os_stat *st);
bool os_stat_at_cached(int dir, const char *name, struct os_stat *st);

#endif
