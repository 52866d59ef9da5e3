/**
 * @file sallyport/client.h
 * An SFTP client in the same process, without sockets: for tests of storages, hooks and settings,
 * and for tools. It speaks SFTP to an engine of its own (sally_sftp_new()), by bytes alone, so that
 * everything between a client and the storage takes part: the protocol, permissions, hooks, limits.
 *
 *     sally_client *client;
 *     sally_client_new(&client, fs, NULL);
 *     sally_client_put(client, "/hello", "Hello", 5);
 *     sally_client_get(client, "/hello", &data, &size);
 *     sally_client_free(client);
 *
 * Every call waits for its answer. The storage's slots and the hooks run on the calling thread,
 * inside the call; a storage that answers ::SALLY_PENDING is waited for, up to a time limit, which
 * does not interrupt slots that block. One thread at a time, which may change; sally_client_cut()
 * is for any thread. Slots and hooks must not call the client that they are called by, but for
 * sally_client_cut(): such a call does nothing and answers ::SALLY_FAILURE.
 *
 * A call that returns a ::sally_status returns the server's, as the version on the wire can say it:
 * version 3 knows 0 to 8 only. sally_client_message() has the server's text. The client itself
 * answers:
 *
 * - ::SALLY_PENDING: no answer came within the time limit. The request is still with the server,
 *   whose answer is dropped when it comes; the client can be used further.
 * - ::SALLY_CONNECTION_LOST: the line was lost during the call.
 * - ::SALLY_NO_CONNECTION: it was lost or ended before.
 * - ::SALLY_BAD_MESSAGE, with a text that begins with "malformed answer": the server broke the
 *   protocol, and the client has given it up.
 * - ::SALLY_UNSUPPORTED: this version cannot express the request.
 * - ::SALLY_INVALID_HANDLE for a file that is NULL, ::SALLY_INVALID_PARAMETER for other pointers
 *   that must not be NULL and for requests that are larger than the server accepts,
 *   ::SALLY_FAILURE for want of memory.
 *
 * Pointers and sizes that a call returns are NULL and 0 after a failure. Texts and data belong to
 * the client. Unless something else is said, they last until the next call with this client.
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

/** A file or directory that the client has open. Freed by sally_client_close() or with the client.
 */
typedef struct sally_client_file sally_client_file;

/** How a client is made; zero means the default in every member but struct_size. */
typedef struct sally_client_options {
    size_t struct_size; /**< sizeof(sally_client_options) */
    uint32_t version;   /**< SFTP version to ask for, 3 to 6; 0: 6 */
    uint32_t
        timeout_ms;      /**< milliseconds that a call waits for an answer; each further answer of
                            calls with several requests has as many. 0: 60,000; UINT32_MAX: no limit */
    uint32_t parallel;   /**< requests that sally_client_put(), sally_client_get() and long
                            sally_client_write()s keep in flight; 0: 16; 1 to 1024 */
    uint32_t block_size; /**< bytes of each READ of sally_client_get(), and of each WRITE of
                            sally_client_put(); 0: 32 KiB; at most 255 KiB */
    uint64_t max_get;    /**< bytes that sally_client_get() accepts; 0: 1 GiB */
    /** The server's side: user, home, permissions, hooks, limits and so on. NULL: the defaults. Its
     * on_wake must be NULL, since the client uses this itself. */
    const sally_sftp_options *server;
} sally_client_options;

/**
 * Makes a client and starts its session with `fs`, which it holds. `options` may be NULL.
 * ::SALLY_E_CLOSED: the storage or a hook refused the session (SESSION_START); ::SALLY_E_LIMIT: it
 * has not answered within the time limit; ::SALLY_E_RANGE: an option is out of range;
 * ::SALLY_E_PROTOCOL: the server's first message is malformed; and the errors of sally_sftp_new().
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_client_new(sally_client **out, sally_fs *fs,
                                                        const sally_client_options *options);

/** The line is lost, as if a cable were cut: the server closes all files that are open
 * (::SALLY_CLOSED_LOST), cancels what is in progress and ends the session. A call in progress on
 * another thread, or further up on this one, returns ::SALLY_CONNECTION_LOST. Any thread, and
 * inside slots and hooks, where it takes effect once they have returned. */
SALLY_API void sally_client_cut(sally_client *client);

/** The line will be lost after so many more bytes to the server, perhaps in the middle of a
 * request: a way to break off a transfer at the same place each time. 0: with the next request. */
SALLY_API void sally_client_cut_after(sally_client *client, uint64_t bytes);

/** Ends the session in good order: the server carries out what it was asked to do, closes the files
 * that the client has left open (::SALLY_CLOSED_LOST), and ends the session. ::SALLY_PENDING: the
 * server had not finished within the time limit; the rest was cancelled. */
SALLY_API sally_status sally_client_disconnect(sally_client *client);

/** Frees a client and its files. What has not been ended yet is ended as by sally_client_cut(). No
 * call may be in progress. NULL is allowed. */
SALLY_API void sally_client_free(sally_client *client);

/** The text that belongs to the status of the last call: the server's, or the client's own. ""
 * after
 * ::SALLY_OK, and where there is none. Never NULL; valid until the next call. */
SALLY_API const char *sally_client_message(const sally_client *client);

/** The SFTP version that was agreed on: 3 to 6. */
SALLY_API uint32_t sally_client_version(const sally_client *client);

/** What the server announced under this name when the session started, such as
 * "statvfs@openssh.com"; NULL when it did not. A NUL follows its data. Lasts as long as the client.
 */
SALLY_API const sally_pair *sally_client_extension(const sally_client *client, const char *name);

/** The server's session, for sally_session_set_permissions() and the like; NULL once the connection
 * has ended. */
SALLY_API sally_session *sally_client_session(sally_client *client);

/** @name Whole files
 * @{ */

/** Makes or empties the file `path` and writes `size` bytes to it: OPEN, WRITEs of which several
 * are in flight, CLOSE. Returns the first failure; later WRITEs may have been carried out then. The
 * file is closed in any case. */
SALLY_API sally_status sally_client_put(sally_client *client, const char *path, const void *data,
                                        size_t size);

/** Reads the file `path` to its end: OPEN, READs of which several are in flight (some of them
 * behind the end), CLOSE. A NUL follows the data, which lasts until the next sally_client_get().
 * ::SALLY_FAILURE if there are more than `max_get` bytes. */
SALLY_API sally_status sally_client_get(sally_client *client, const char *path, const void **data,
                                        size_t *size);

/** @} */

/** @name Open files
 * @{ */

/** Opens the file `path`. `flags` are SALLY_OPEN_ bits: version 3 knows READ, WRITE, APPEND,
 * CREATE, TRUNCATE and EXCLUSIVE; 4 has TEXT, too; 5 APPEND_ATOMIC and the BLOCK_ bits; 6 all but
 * EXACT_MODE. `attrs` are for a file that is made; NULL: none. */
SALLY_API sally_status sally_client_open(sally_client *client, const char *path, uint32_t flags,
                                         const sally_attrs *attrs, sally_client_file **file);

/** Closes a file or directory. Frees `file` whatever the answer is. */
SALLY_API sally_status sally_client_close(sally_client *client, sally_client_file *file);

/** One READ. `*got` may be less than `size`, also before the end of the file. ::SALLY_EOF: there is
 * nothing at or after `offset`. The server gives at most 255 KiB at a time, if
 * sally_sftp_options.max_read does not say otherwise. */
SALLY_API sally_status sally_client_read(sally_client *client, sally_client_file *file,
                                         uint64_t offset, void *data, uint32_t size, uint32_t *got);

/** Writes all `size` bytes: one WRITE up to 255 KiB (less if sally_sftp_options.max_packet is
 * smaller), several in flight beyond. Returns the first failure. */
SALLY_API sally_status sally_client_write(sally_client *client, sally_client_file *file,
                                          uint64_t offset, const void *data, size_t size);

/** What was written is to be safe on the disk: fsync@openssh.com. */
SALLY_API sally_status sally_client_fsync(sally_client *client, sally_client_file *file);

/** Attributes of an open file or directory. */
SALLY_API sally_status sally_client_fstat(sally_client *client, sally_client_file *file,
                                          sally_attrs *attrs);

/** Sets the attributes of an open file or directory that are present in `attrs`. */
SALLY_API sally_status sally_client_fsetstat(sally_client *client, sally_client_file *file,
                                             const sally_attrs *attrs);

/** How much room there is where the file is: fstatvfs@openssh.com. */
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
    const char *name;     /**< without a path */
    const char *longname; /**< the line of "ls -l" that version 3 has; "" in the others */
    sally_attrs attrs;    /**< what the server says about it */
} sally_client_entry;

/** Called for an entry. False: no more of them are wanted. The entry is valid during the call,
 * which may use the client. */
typedef bool sally_client_entry_fn(void *user_data, const sally_client_entry *entry);

/** Opens the directory `path`; to be closed with sally_client_close(). */
SALLY_API sally_status sally_client_opendir(sally_client *client, const char *path,
                                            sally_client_file **directory);

/** The next entry, also "." and ".." if the server lists them; ::SALLY_EOF: there are no more. The
 * entry is valid until the next call for the same directory. */
SALLY_API sally_status sally_client_readdir(sally_client *client, sally_client_file *directory,
                                            const sally_client_entry **entry);

/** Calls `each` for all entries of the directory `path` but "." and "..". */
SALLY_API sally_status sally_client_list(sally_client *client, const char *path,
                                         sally_client_entry_fn *each, void *user_data);

/** @} */

/** @name Paths
 * @{ */

/** Attributes of what `path` leads to. */
SALLY_API sally_status sally_client_stat(sally_client *client, const char *path,
                                         sally_attrs *attrs);

/** Attributes of `path` itself, also if it is a symbolic link. */
SALLY_API sally_status sally_client_lstat(sally_client *client, const char *path,
                                          sally_attrs *attrs);

/** Sets the attributes that are present in `attrs`; those that the version cannot express are left
 * out. */
SALLY_API sally_status sally_client_setstat(sally_client *client, const char *path,
                                            const sally_attrs *attrs);

/** The same for `path` itself, also if it is a symbolic link: lsetstat@openssh.com. */
SALLY_API sally_status sally_client_lsetstat(sally_client *client, const char *path,
                                             const sally_attrs *attrs);

/** Makes a directory; `attrs` may be NULL. */
SALLY_API sally_status sally_client_mkdir(sally_client *client, const char *path,
                                          const sally_attrs *attrs);

/** Removes an empty directory. */
SALLY_API sally_status sally_client_rmdir(sally_client *client, const char *path);

/** Removes a file or symbolic link. */
SALLY_API sally_status sally_client_remove(sally_client *client, const char *path);

/** Renames. `flags` are SALLY_RENAME_ bits: those of versions 5 and 6. In versions 3 and 4
 * ::SALLY_RENAME_OVERWRITE is sent as posix-rename@openssh.com, and there are no others. */
SALLY_API sally_status sally_client_rename(sally_client *client, const char *from, const char *to,
                                           uint32_t flags);

/** Makes the symbolic link `path` with the text `target`. */
SALLY_API sally_status sally_client_symlink(sally_client *client, const char *target,
                                            const char *path);

/** The text of the symbolic link `path`. */
SALLY_API sally_status sally_client_readlink(sally_client *client, const char *path,
                                             const char **target);

/** Makes `path` a further name of the file `existing`: LINK in version 6, hardlink@openssh.com in
 * the others. */
SALLY_API sally_status sally_client_link(sally_client *client, const char *existing,
                                         const char *path);

/** The canonical form of `path`. `control` is a SALLY_REALPATH_ value, which version 6 alone can
 * express; 0: the server's default. */
SALLY_API sally_status sally_client_realpath(sally_client *client, const char *path,
                                             uint32_t control, const char **resolved);

/** How much room there is at `path`: statvfs@openssh.com. */
SALLY_API sally_status sally_client_statvfs(sally_client *client, const char *path,
                                            sally_op_statvfs *out);

/** @} */

/** @name Digests and extensions
 * @{ */

/** Digests of a file. */
typedef struct sally_client_digests {
    const char *algorithm; /**< the one that the server chose */
    const void *digests;   /**< one after the other */
    size_t size;           /**< bytes in digests */
} sally_client_digests;

/** Digests of the file `path`: check-file-name. `algorithms` are names with commas, best first (as
 * in ::sally_op_hash). `length` 0: to the end. `block_size`: bytes per digest, at least 256; 0: one
 * digest over all. */
SALLY_API sally_status sally_client_hash(sally_client *client, const char *path,
                                         const char *algorithms, uint64_t offset, uint64_t length,
                                         uint32_t block_size, sally_client_digests *out);

/** The same for an open file: check-file-handle. */
SALLY_API sally_status sally_client_fhash(sally_client *client, sally_client_file *file,
                                          const char *algorithms, uint64_t offset, uint64_t length,
                                          uint32_t block_size, sally_client_digests *out);

/** Sends an EXTENDED request: `data` is what follows its name. `*reply` is the data of the
 * EXTENDED_REPLY, without a NUL; NULL, with size 0, when the server answered by a status alone. */
SALLY_API sally_status sally_client_extended(sally_client *client, const char *name,
                                             const void *data, size_t size, const void **reply,
                                             size_t *reply_size);

/** The handle of an open file or directory, as requests of sally_client_extended() have it. Lasts
 * as long as `file`. NULL is allowed. */
SALLY_API const void *sally_client_handle(const sally_client_file *file, size_t *size);

/** @} */

SALLY_END_DECLS

#endif
