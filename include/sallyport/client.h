/**
 * @file sallyport/client.h
 * An SFTP client in the same process, without sockets, for tests of storages, hooks and settings,
 * and for tools. It has its own engine (sally_sftp_new()) and talks SFTP to it, so everything
 * between a client and the storage is involved: the protocol, permissions, hooks and limits.
 *
 *     sally_client *client;
 *     sally_client_new(&client, fs, NULL);
 *     sally_client_put(client, "/hello", "Hello", 5);
 *     sally_client_get(client, "/hello", &data, &size);
 *     sally_client_free(client);
 *
 * Every call waits for its answer. The storage's slots and the hooks run inside the call, on the
 * calling thread. A storage that returns ::SALLY_PENDING is waited for, up to a time limit; the
 * limit does not interrupt slots that block. Only one thread may use a client at a time, though not
 * always the same one; any thread may call sally_client_cut(). Slots and hooks must not call the
 * client that called them, except for sally_client_cut(): such a call does nothing and returns
 * ::SALLY_FAILURE.
 *
 * A call that returns a ::sally_status returns the server's, as far as the protocol version can
 * express it: version 3 has only 0 to 8. sally_client_message() has the server's text. The client
 * itself returns:
 *
 * - ::SALLY_PENDING: no answer came within the time limit. The server still has the request, and
 * its answer will be discarded; the client can still be used.
 * - ::SALLY_CONNECTION_LOST: the connection was lost during the call.
 * - ::SALLY_NO_CONNECTION: it had been lost or ended before the call.
 * - ::SALLY_BAD_MESSAGE, with a text that begins with "malformed answer": the server broke the
 * protocol, and the client has closed the connection.
 * - ::SALLY_UNSUPPORTED: this version cannot express the request.
 * - ::SALLY_INVALID_HANDLE for a NULL file, ::SALLY_INVALID_PARAMETER for other pointers that must
 *   not be NULL and for requests larger than the server accepts, ::SALLY_FAILURE if out of memory.
 *
 * After a failure, returned pointers are NULL and sizes are 0. Texts and data belong to the client
 * and, unless stated otherwise, are valid until the next call with this client.
 */
#ifndef SALLYPORT_CLIENT_H
#define SALLYPORT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sallyport/attrs.h"
#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/op.h"
#include "sallyport/sftp.h"
#include "sallyport/status.h"

SALLY_BEGIN_DECLS

typedef struct sally_client sally_client; /**< a client with its connection to an engine */

/** A file or directory that the client has open. Freed by sally_client_close(), or with the client.
 */
typedef struct sally_client_file sally_client_file;

/** Options of a client. Zero means the default in every member except struct_size. */
typedef struct sally_client_options {
    size_t struct_size; /**< sizeof(sally_client_options) */
    uint32_t version;   /**< SFTP version to request, 3 to 6; 0: 6 */
    /** milliseconds that a call waits for an answer; calls that send several requests wait
     * that long for each answer. 0: 60,000; UINT32_MAX: no limit */
    uint32_t timeout_ms;
    uint32_t parallel;   /**< requests that sally_client_put(), sally_client_get() and a long
                            sally_client_write() keep in flight, 1 to 1024; 0: 16 */
    uint32_t block_size; /**< bytes per READ of sally_client_get() and per WRITE of
                            sally_client_put(), at most 255 KiB; 0: 32 KiB */
    uint64_t max_get;    /**< most bytes that sally_client_get() accepts; 0: 1 GiB */
    /** The server's side: user, home, permissions, hooks, limits and so on. NULL: the defaults.
     * on_wake must be NULL, since the client uses it itself. */
    const sally_sftp_options *server;
} sally_client_options;

/**
 * Creates a client and starts its session with `fs`, which it holds. `options` may be NULL.
 * ::SALLY_E_CLOSED: the storage or a hook refused the session (SESSION_START); ::SALLY_E_LIMIT: no
 * answer within the time limit; ::SALLY_E_RANGE: an option is out of range; ::SALLY_E_PROTOCOL: the
 * server's first message is malformed; and the errors of sally_sftp_new().
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_client_new(sally_client **out, sally_fs *fs,
                                                        const sally_client_options *options);

/** Cuts the connection as if someone had pulled the cable: the server closes all open files
 * (::SALLY_CLOSED_LOST), cancels what is in progress and ends the session. A call in progress on
 * another thread, or further up on this one, returns ::SALLY_CONNECTION_LOST. Any thread, even
 * inside slots and hooks, where it takes effect once they have returned. */
SALLY_API void sally_client_cut(sally_client *client);

/** Cuts the connection after this many more bytes to the server, perhaps in the middle of a
 * request: this aborts a transfer at the same place every time. 0: at the next request. */
SALLY_API void sally_client_cut_after(sally_client *client, uint64_t bytes);

/** Ends the session cleanly: the server completes all requests, closes the files that the client
 * left open (::SALLY_CLOSED_LOST), and ends the session. ::SALLY_PENDING: the server did not
 * finish within the time limit, and the rest was cancelled. */
SALLY_API sally_status sally_client_disconnect(sally_client *client);

/** Frees a client and its files. A session that has not ended is ended as by sally_client_cut(). No
 * call may be in progress. NULL is allowed. */
SALLY_API void sally_client_free(sally_client *client);

/** The text for the status of the last call: the server's, or the client's own. "" after
 * ::SALLY_OK, or if there is none. Never NULL. Valid until the next call. */
SALLY_API const char *sally_client_message(const sally_client *client);

/** The negotiated SFTP version: 3 to 6. */
SALLY_API uint32_t sally_client_version(const sally_client *client);

/** What the server announced under this name, such as "statvfs@openssh.com", when the session
 * started; NULL if it did not. A NUL follows the data. Valid as long as the client.
 */
SALLY_API const sally_pair *sally_client_extension(const sally_client *client, const char *name);

/** The server's session, for sally_session_set_permissions() and similar functions; NULL once the
 * connection has ended. */
SALLY_API sally_session *sally_client_session(sally_client *client);

/** @name Whole files
 * @{ */

/** Creates or empties the file `path` and writes `size` bytes to it: OPEN, several WRITEs at a
 * time, CLOSE. Returns the first failure; later WRITEs may have been carried out nevertheless. The
 * file is closed in any case. */
SALLY_API sally_status sally_client_put(sally_client *client, const char *path, const void *data,
                                        size_t size);

/** Reads the file `path` to its end: OPEN, several READs at a time (some of them past the end),
 * CLOSE. A NUL follows the data, which is valid until the next sally_client_get(). ::SALLY_FAILURE
 * if there are more than `max_get` bytes. */
SALLY_API sally_status sally_client_get(sally_client *client, const char *path, const void **data,
                                        size_t *size);

/** @} */

/** @name Open files
 * @{ */

/** Opens the file `path`. `flags` are SALLY_OPEN_ bits. Version 3 has READ, WRITE, APPEND, CREATE,
 * TRUNCATE and EXCLUSIVE; version 4 adds TEXT, version 5 APPEND_ATOMIC and the BLOCK_ bits,
 * version 6 all others except EXACT_MODE. `attrs` are for a new file; NULL: none. */
SALLY_API sally_status sally_client_open(sally_client *client, const char *path, uint32_t flags,
                                         const sally_attrs *attrs, sally_client_file **file);

/** Closes a file or directory. `file` is freed even if this fails. */
SALLY_API sally_status sally_client_close(sally_client *client, sally_client_file *file);

/** Sends one READ. `*got` may be less than `size` even before the end of the file. ::SALLY_EOF:
 * there is nothing at or after `offset`. The server returns at most 255 KiB at a time, unless
 * sally_sftp_options.max_read says otherwise. */
SALLY_API sally_status sally_client_read(sally_client *client, sally_client_file *file,
                                         uint64_t offset, void *data, uint32_t size, uint32_t *got);

/** Writes all `size` bytes: by one WRITE up to 255 KiB (less if sally_sftp_options.max_packet is
 * smaller), by several at a time beyond that. Returns the first failure. */
SALLY_API sally_status sally_client_write(sally_client *client, sally_client_file *file,
                                          uint64_t offset, const void *data, size_t size);

/** Waits until all written data is on disk: fsync@openssh.com. */
SALLY_API sally_status sally_client_fsync(sally_client *client, sally_client_file *file);

/** Attributes of an open file or directory. */
SALLY_API sally_status sally_client_fstat(sally_client *client, sally_client_file *file,
                                          sally_attrs *attrs);

/** Sets those attributes of an open file or directory that are present in `attrs`. */
SALLY_API sally_status sally_client_fsetstat(sally_client *client, sally_client_file *file,
                                             const sally_attrs *attrs);

/** Free space of the file system that the file is on: fstatvfs@openssh.com. */
SALLY_API sally_status sally_client_fstatvfs(sally_client *client, sally_client_file *file,
                                             sally_op_statvfs *out);

/** Copies on the server: copy-data. `length` 0: to the end of `from`. */
SALLY_API sally_status sally_client_copy(sally_client *client, sally_client_file *from,
                                         uint64_t from_offset, uint64_t length,
                                         sally_client_file *to, uint64_t to_offset);

/** Locks a range of bytes (version 6). `length` 0: to the end, however long the file becomes.
 * `flags` are SALLY_OPEN_BLOCK_ bits. */
SALLY_API sally_status sally_client_lock(sally_client *client, sally_client_file *file,
                                         uint64_t offset, uint64_t length, uint32_t flags);

/** Unlocks a range that was locked with the same offset and length (version 6). */
SALLY_API sally_status sally_client_unlock(sally_client *client, sally_client_file *file,
                                           uint64_t offset, uint64_t length);

/** @} */

/** @name Directories
 * @{ */

/** An entry of a directory. */
typedef struct sally_client_entry {
    const char *name;     /**< without directories */
    const char *longname; /**< the `ls -l` line of version 3; "" in later versions */
    sally_attrs attrs;    /**< what the server says about it */
} sally_client_entry;

/** Called for each entry. Return false to stop. The entry is valid during the call, which may use
 * the client. */
typedef bool sally_client_entry_fn(void *user_data, const sally_client_entry *entry);

/** Opens the directory `path`. Close it with sally_client_close(). */
SALLY_API sally_status sally_client_opendir(sally_client *client, const char *path,
                                            sally_client_file **directory);

/** The next entry, including "." and ".." if the server lists them. ::SALLY_EOF: there are no more.
 * The entry is valid until the next call for the same directory. */
SALLY_API sally_status sally_client_readdir(sally_client *client, sally_client_file *directory,
                                            const sally_client_entry **entry);

/** Calls `each` for every entry of the directory `path` except "." and "..". */
SALLY_API sally_status sally_client_list(sally_client *client, const char *path,
                                         sally_client_entry_fn *each, void *user_data);

/** @} */

/** @name Paths
 * @{ */

/** Attributes of `path`, following links. */
SALLY_API sally_status sally_client_stat(sally_client *client, const char *path,
                                         sally_attrs *attrs);

/** Attributes of `path` itself, even if it is a symbolic link. */
SALLY_API sally_status sally_client_lstat(sally_client *client, const char *path,
                                          sally_attrs *attrs);

/** Sets the attributes that are present in `attrs`, except those that the version cannot express.
 */
SALLY_API sally_status sally_client_setstat(sally_client *client, const char *path,
                                            const sally_attrs *attrs);

/** The same for `path` itself, even if it is a symbolic link: lsetstat@openssh.com. */
SALLY_API sally_status sally_client_lsetstat(sally_client *client, const char *path,
                                             const sally_attrs *attrs);

/** Creates a directory. `attrs` may be NULL. */
SALLY_API sally_status sally_client_mkdir(sally_client *client, const char *path,
                                          const sally_attrs *attrs);

/** Removes an empty directory. */
SALLY_API sally_status sally_client_rmdir(sally_client *client, const char *path);

/** Removes a file or symbolic link. */
SALLY_API sally_status sally_client_remove(sally_client *client, const char *path);

/** Renames. `flags` are SALLY_RENAME_ bits, for versions 5 and 6. In versions 3 and 4 only
 * ::SALLY_RENAME_OVERWRITE is possible, which is sent as posix-rename@openssh.com. */
SALLY_API sally_status sally_client_rename(sally_client *client, const char *from, const char *to,
                                           uint32_t flags);

/** Creates the symbolic link `path` with the text `target`. */
SALLY_API sally_status sally_client_symlink(sally_client *client, const char *target,
                                            const char *path);

/** The text of the symbolic link `path`. */
SALLY_API sally_status sally_client_readlink(sally_client *client, const char *path,
                                             const char **target);

/** Creates `path` as a hard link to the file `existing`: LINK in version 6, hardlink@openssh.com in
 * the others. */
SALLY_API sally_status sally_client_link(sally_client *client, const char *existing,
                                         const char *path);

/** The canonical form of `path`. `control` is a SALLY_REALPATH_ value, which only version 6 can
 * express; 0: the server's default. */
SALLY_API sally_status sally_client_realpath(sally_client *client, const char *path,
                                             uint32_t control, const char **resolved);

/** Free space of the file system at `path`: statvfs@openssh.com. */
SALLY_API sally_status sally_client_statvfs(sally_client *client, const char *path,
                                            sally_op_statvfs *out);

/** @} */

/** @name Digests and extensions
 * @{ */

/** Digests of a file. */
typedef struct sally_client_digests {
    const char *algorithm; /**< the algorithm that the server chose */
    const void *digests;   /**< one after the other */
    size_t size;           /**< bytes in digests */
} sally_client_digests;

/** Digests of the file `path`: check-file-name. `algorithms` is a comma-separated list, best first
 * (as in ::sally_op_hash). `length` 0: to the end. `block_size`: bytes per digest, at least 256;
 * 0: one digest of everything. */
SALLY_API sally_status sally_client_hash(sally_client *client, const char *path,
                                         const char *algorithms, uint64_t offset, uint64_t length,
                                         uint32_t block_size, sally_client_digests *out);

/** The same for an open file: check-file-handle. */
SALLY_API sally_status sally_client_fhash(sally_client *client, sally_client_file *file,
                                          const char *algorithms, uint64_t offset, uint64_t length,
                                          uint32_t block_size, sally_client_digests *out);

/** Sends an EXTENDED request. `data` is what follows its name. `*reply` is the data of the
 * EXTENDED_REPLY, without a NUL; it is NULL, with size 0, if the server answered with a status
 * alone. */
SALLY_API sally_status sally_client_extended(sally_client *client, const char *name,
                                             const void *data, size_t size, const void **reply,
                                             size_t *reply_size);

/** The handle of an open file or directory, for requests of sally_client_extended(). Valid as long
 * as `file`. NULL is allowed. */
SALLY_API const void *sally_client_handle(const sally_client_file *file, size_t *size);

/** @} */

SALLY_END_DECLS

#endif
