/* File operations that differ between systems; file_<system>.c implements all of them. Calls that
 * return false or -1 leave the reason in errno. */
#ifndef SALLY_OS_FILE_H
#define SALLY_OS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* ---- Opening ---- */

/* Linux's openat2(2), for which the C library has no function yet. */
#define OPENAT2_IN_ROOT  0x1u  /* `dir` is the root of everything, and no magic links */
#define OPENAT2_CACHED   0x2u  /* fails with EAGAIN instead of waiting for a disk */
#define OPENAT2_STAY     0x4u  /* fails with EXDEV instead of crossing into another mount */
#define OPENAT2_NO_MAGIC 0x8u  /* fails with ELOOP instead of following a magic link */
#define OPENAT2_NO_LINKS 0x10u /* fails with ELOOP instead of following a symbolic link */

/* -1 and ENOSYS where there is no such call. `mode` applies with O_CREAT. */
int os_openat2(int dir, const char *path, int flags, mode_t mode, uint32_t how);

/* The kind of file system: whether operations may wait, and whether it has regular files at all. */
enum os_medium {
    MEDIUM_UNKNOWN, /* perhaps the network: anything may wait */
    MEDIUM_DISK,    /* attributes of an open file are in memory; data and names perhaps */
    MEDIUM_MEMORY,  /* nothing waits */
    MEDIUM_PSEUDO   /* the state of kernel and processes, shown as files */
};

enum os_medium os_medium_of(int fd);

/* ---- Bytes ---- */

/* Like pread(2), but only data that is already in memory: fewer bytes if the rest is not, -1 and
 * EAGAIN if the first byte is not, EOPNOTSUPP if this cannot be determined. */
ssize_t os_read_cached(int fd, void *data, size_t size, uint64_t offset);

/* Copies up to `size` bytes inside the kernel, which may share the blocks instead; the descriptors'
 * own positions do not change. 0: end of file. -1 and EOPNOTSUPP: not possible between these two;
 * use read and write. */
ssize_t os_copy_range(int from, uint64_t from_offset, int to, uint64_t to_offset, size_t size);

/* Locks a range for other programs to see; the lock belongs to the open file. Does not wait; a
 * length of 0 means to the end, however long. Exclusive or shared, but only as the descriptor
 * allows: shared if it cannot write, exclusive if it cannot read. False: EAGAIN or EACCES if
 * another one has it. Where the system or file system has no such locks, this does nothing and
 * succeeds. `offset` is at most INT64_MAX. */
bool os_lock_range(int fd, uint64_t offset, uint64_t length, bool exclusive);
void os_unlock_range(int fd, uint64_t offset, uint64_t length);

/* ---- Names ---- */

/* Like renameat(2), but fails with EEXIST if `to` exists. Where the system or file system cannot do
 * this in one step, a file is linked and then unlinked; for a directory, another process may create
 * `to` between the check and the rename. */
bool os_rename_noreplace(int from_dir, const char *from, int to_dir, const char *to);

/* ---- Attributes ---- */

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

/* Of an open file, O_PATH included. */
bool os_stat_fd(int fd, struct os_stat *st);
/* The same, but without asking another machine (network file systems): perhaps outdated. */
bool os_stat_cached(int fd, struct os_stat *st);
/* Of an entry of a directory; a link is not followed. */
bool os_stat_at(int dir, const char *name, struct os_stat *st);
bool os_stat_at_cached(int dir, const char *name, struct os_stat *st);

/* The calls below change or read exactly what the descriptor stands for, O_PATH descriptors and
 * those of symbolic links included. */
bool os_change_mode(int fd, mode_t mode);           /* EOPNOTSUPP for a symbolic link */
bool os_change_owner(int fd, uid_t uid, gid_t gid); /* -1: unchanged */
/* Access, modification; UTIME_OMIT: unchanged. */
bool os_change_times(int fd, const struct timespec times[2]);

#define OS_XATTR_MAX 65536u /* of an extended attribute's value, and of a list of names */

enum os_xattr_how { OS_XATTR_EITHER, OS_XATTR_CREATE, OS_XATTR_REPLACE };

/* Bytes; -1 and ENODATA for no such attribute, ERANGE for too little room. */
ssize_t os_xattr_get(int fd, const char *name, void *value, size_t room);
/* Names, each with a NUL. */
ssize_t os_xattr_list(int fd, char *names, size_t room);
bool os_xattr_set(int fd, const char *name, const void *value, size_t size, enum os_xattr_how how);
bool os_xattr_remove(int fd, const char *name);

#endif
