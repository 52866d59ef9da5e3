/**
 * @file sallyport/posix.h
 * For storages whose files are files of this machine: attributes from and to the operating system,
 * and slots for files that are descriptors. examples/descriptors.c is a whole storage made of them.
 *
 * Not part of sallyport.h, since it needs POSIX types. A program for a system of 32 bits is
 * compiled with _FILE_OFFSET_BITS=64, as the library is.
 *
 * Any thread may call these functions. They may wait for a disk.
 */
#ifndef SALLYPORT_POSIX_H
#define SALLYPORT_POSIX_H

#include <stdint.h>
#include <sys/stat.h>

#include "sallyport/attrs.h"
#include "sallyport/export.h"
#include "sallyport/fs.h"
#include "sallyport/op.h"
#include "sallyport/status.h"

SALLY_BEGIN_DECLS

/** Empties `attrs`, then says what `st` does: type, size, allocation size, uid and gid,
 * permissions, link count, device and inode, and access, modification and change time with
 * nanoseconds. */
SALLY_API void sally_attrs_from_stat(sally_attrs *attrs, const struct stat *st);

/**
 * Sets attributes of an open file, as the local storage does: size, owner and group, permissions,
 * and access and modification time, in this order, since the earlier ones change the later ones.
 * What can be set is set even when something else fails; the answer is the first failure. Names of
 * owners count only with ::SALLY_ATTR_IDS, where "" leaves the owner or group as it is; alone,
 * names that are not "", as well as ACLs, attribute bits that are 1, and extended attributes, are
 * ::SALLY_UNSUPPORTED. All else is ignored: clients send back what they were given.
 *
 * Permissions may hold the set-user-id, set-group-id and sticky bits: a storage for clients without
 * an account on this machine takes them away first.
 */
SALLY_API sally_status sally_attrs_apply_fd(int fd, const sally_attrs *attrs);

/**
 * The same for a path: absolute, or relative to the open directory `dir` (AT_FDCWD: to the current
 * one). `flags`: ::SALLY_FOLLOW, or 0 to change a symbolic link itself. Links in the middle of the
 * path are followed wherever they lead, so a path made of what a client said needs more care:
 * sally_fs_local() confines it.
 */
SALLY_API sally_status sally_attrs_apply_path(int dir, const char *path, const sally_attrs *attrs,
                                              uint32_t flags);

/** OPEN: the flags for open(2) that say what `op->u.open.flags` do, with O_CLOEXEC, O_NOCTTY and
 * O_NONBLOCK, which keeps a named pipe from waiting for its other end. DELETE_ON_CLOSE, EXACT_MODE
 * and the BLOCK flags have no counterpart: they are the storage's own affair. */
SALLY_API int sally_fd_flags(const sally_op *op);

/** OPEN and MKDIR: the permission bits asked for, without set-user-id, set-group-id and sticky bit;
 * `otherwise` when the client named none. */
SALLY_API uint32_t sally_fd_mode(const sally_op *op, uint32_t otherwise);

/**
 * OPEN: makes `fd` the file of `op`, for the slots below, and tells the library which file it is
 * (sally_file_set_identity()). Returns the status to return. The descriptor is the library's from
 * then on: it is closed here when this fails, else by sally_fd_close(). A negative `fd` is answered
 * with the status for `errno`, so that the slot is one line:
 *
 *     return sally_fd_open(fs, op, open(path, sally_fd_flags(op), sally_fd_mode(op, 0666)));
 */
SALLY_API sally_status sally_fd_open(sally_fs *fs, sally_op *op, int fd);

/** The descriptor that sally_fd_open() has put into the file of `op`; -1: there is none. It stays
 * the library's. */
SALLY_API int sally_fd_of(const sally_fs *fs, const sally_op *op);

/** A slot for READ: pread(2) until the buffer is full or the file ends. */
SALLY_API sally_status sally_fd_read(sally_fs *fs, sally_op *op);
/** A slot for WRITE: pwrite(2) until all is written. */
SALLY_API sally_status sally_fd_write(sally_fs *fs, sally_op *op);
/** A slot for FSYNC: fsync(2). */
SALLY_API sally_status sally_fd_fsync(sally_fs *fs, sally_op *op);
/** A slot for FSTAT: fstat(2) and sally_attrs_from_stat(). */
SALLY_API sally_status sally_fd_fstat(sally_fs *fs, sally_op *op);
/** A slot for FSETSTAT: sally_attrs_apply_fd(), without the set-user-id and set-group-id bits. */
SALLY_API sally_status sally_fd_fsetstat(sally_fs *fs, sally_op *op);
/** A slot for CLOSE: close(2), whose error is answered. */
SALLY_API sally_status sally_fd_close(sally_fs *fs, sally_op *op);

SALLY_END_DECLS

#endif
