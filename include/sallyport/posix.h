/**
 * @file sallyport/posix.h
 * For storages whose files are files of this machine: conversion of attributes to and from those of
 * the operating system, and slots for files that are descriptors. examples/descriptors.c is a
 * complete storage made of these.
 *
 * Not included by sallyport.h, since it needs POSIX types. On 32-bit systems, compile with
 * _FILE_OFFSET_BITS=64, as the library is compiled.
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

/** Clears `attrs`, then fills in what `st` contains: type, size, allocation size, uid and gid,
 * permissions, link count, device and inode, and access, modification and change time with
 * nanoseconds. */
SALLY_API void sally_attrs_from_stat(sally_attrs *attrs, const struct stat *st);

/**
 * Sets attributes of an open file, as the local storage does: size, owner and group, permissions,
 * and access and modification time, in this order, since each of them affects those after it. What
 * can be set is set even if something else fails; the first failure is returned. With
 * ::SALLY_ATTR_IDS, an owner or group that is "" is left unchanged. Without it, names other than ""
 * are ::SALLY_UNSUPPORTED. ACLs, attribute bits that are 1, and extended attributes always are.
 * Everything else is ignored, since clients send back attributes that they have received.
 *
 * Permissions may include the set-user-id, set-group-id and sticky bits: a storage for clients
 * without an account on this machine should clear them first.
 */
SALLY_API sally_status sally_attrs_apply_fd(int fd, const sally_attrs *attrs);

/**
 * The same for a path: absolute, or relative to the open directory `dir` (AT_FDCWD: the current
 * one). `flags`: ::SALLY_FOLLOW, or 0 to change a symbolic link itself. Links in the middle of the
 * path are followed wherever they lead, so a path that comes from a client needs more care:
 * sally_fs_local() confines such paths.
 */
SALLY_API sally_status sally_attrs_apply_path(int dir, const char *path, const sally_attrs *attrs,
                                              uint32_t flags);

/** OPEN: the flags for open(2) that correspond to `op->u.open.flags`, with O_CLOEXEC, O_NOCTTY, and
 * O_NONBLOCK, so that opening a named pipe does not wait for its other end. DELETE_ON_CLOSE,
 * EXACT_MODE and the BLOCK flags have no counterpart: the storage must implement them itself. */
SALLY_API int sally_fd_flags(const sally_op *op);

/** OPEN and MKDIR: the requested permission bits, without the set-user-id, set-group-id and sticky
 * bits; `otherwise` if the client requested none. */
SALLY_API uint32_t sally_fd_mode(const sally_op *op, uint32_t otherwise);

/**
 * OPEN: makes `fd` the file of `op`, for the slots below, and tells the library which file it is
 * (sally_file_set_identity()). Returns the status for the slot to return. The library owns the
 * descriptor from then on: this closes it on failure, and sally_fd_close() closes it otherwise. For
 * a negative `fd`, this returns the status for `errno`, so a slot can be one line:
 *
 *     return sally_fd_open(fs, op, open(path, sally_fd_flags(op), sally_fd_mode(op, 0666)));
 */
SALLY_API sally_status sally_fd_open(sally_fs *fs, sally_op *op, int fd);

/** The descriptor that sally_fd_open() stored in the file of `op`; -1: none. The library still owns
 * it. */
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
/** A slot for CLOSE: close(2), whose error is the answer. */
SALLY_API sally_status sally_fd_close(sally_fs *fs, sally_op *op);

SALLY_END_DECLS

#endif
