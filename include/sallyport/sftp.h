/**
 * @file sallyport/sftp.h
 * The SFTP engine alone: bytes in, bytes out. For programs that already have a transport, such as
 * another SSH library's channel or a pipe. It owns no socket, thread or clock. Not thread-safe:
 * only one thread may use it at a time, though not always the same one.
 *
 * The loop: wait until bytes arrive, on_wake has been called, or output can be written; pass what
 * has arrived to sally_sftp_input(); write what sally_sftp_output() returns; stop when
 * sally_sftp_done() is true.
 */
#ifndef SALLYPORT_SFTP_H
#define SALLYPORT_SFTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/hooks.h"
#include "sallyport/log.h"
#include "sallyport/op.h"

SALLY_BEGIN_DECLS

typedef struct sally_sftp sally_sftp; /**< an SFTP engine with its session */

/** Options of an engine. Zero means the default in every member except struct_size. */
typedef struct sally_sftp_options {
    size_t struct_size;   /**< sizeof(sally_sftp_options) */
    const char *user;     /**< the user of the session; NULL: "" */
    const char *home;     /**< where relative paths start; NULL: "/" */
    uint32_t permissions; /**< SALLY_MAY_ bits; 0 means all */
    uint32_t max_version; /**< highest version to negotiate; 0: 6 */
    uint32_t max_packet;  /**< bytes of the largest request, at least 34,000; 0: 256 KiB + 1 KiB */
    uint32_t max_read;    /**< bytes of the largest READ answered; 0: 255 KiB */
    uint32_t max_handles; /**< open files and directories; 0: 1024 */
    uint32_t max_operations;    /**< requests in flight; 0: 64 */
    const char *allow_requests; /**< comma-separated names ("open,read,..."): only these are
                                   allowed; NULL: all. An unknown name without an @ is
                                   ::SALLY_E_PARSE; with one, it may be a storage's own request */
    const char *deny_requests;  /**< comma-separated names that are denied; NULL: none */
    const sally_peer *peer;     /**< copied; NULL: unknown */
    const sally_hooks *hooks;   /**< hook_count sets, copied */
    size_t hook_count;          /**< how many */
    sally_log_fn *log;          /**< NULL: nowhere */
    void *log_user_data;        /**< passed to log */
    uint32_t log_level;         /**< SALLY_LOG_ value */
    uint32_t reserved;          /**< zero */
    /** Something has finished: call sally_sftp_input() without bytes soon, on the engine's thread.
     * Called by the threads that call sally_op_finish(), perhaps by several at once, and perhaps
     * on the engine's own. The library holds no lock during the call. Must not call the engine.
     * Never called after sally_sftp_free() has returned. NULL: the storage answers everything at
     * once, and one call of sally_sftp_input() does a complete digest or copy of any length;
     * otherwise such long operations are done in pieces, and each piece ends with this call. */
    void (*on_wake)(void *user_data);
    void *user_data; /**< passed to on_wake and wall_seconds */
    /** The current time, in seconds since 1970, so that listings show times of day and log lines
     * the time. NULL: listings show years, and log lines have the time 0. */
    int64_t (*wall_seconds)(void *user_data);
    /** The session's number, for sally_session_id() and log lines. The library does not number
     * engines: if a process has several, give each its own number. 0: the number is 1. */
    uint64_t session_id;
    uint32_t hide_dots; /**< 1: listings omit "." and ".."; 0: they include them, as with OpenSSH */
    uint32_t umask_version; /**< highest version in which the umask is applied to permissions that a
                               client sends: 2 (none) to 6; 0: 5, as in draft-13 section 7.6 */
} sally_sftp_options;

/** Creates an engine over `fs`, which it holds. `options` may be NULL. ::SALLY_E_INVALID for a NULL
 * storage, for an invalid struct_size in the options or hooks, and for unknown flags and members
 * that are not zero; ::SALLY_E_PARSE for a list of requests; ::SALLY_E_RANGE for a number out of
 * range; ::SALLY_E_NO_MEMORY. */
SALLY_API SALLY_MUST_CHECK sally_error sally_sftp_new(sally_sftp **out, sally_fs *fs,
                                                      const sally_sftp_options *options);

/**
 * Passes received bytes to the engine, and does all pending work. `*taken` is how many bytes the
 * engine accepted: fewer than `size` if too many requests or replies are waiting; pass the rest
 * again after on_wake was called or output was sent. `data` may be NULL if `size` is 0.
 * ::SALLY_E_PROTOCOL: the client broke the protocol, or the storage or a hook refused the session
 * (SESSION_START): hang up. Storage slots are called from inside.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_sftp_input(sally_sftp *sftp, const void *data,
                                                        size_t size, size_t *taken);

/** The client will send no more; to be called once sally_sftp_input() has accepted everything. Its
 * requests so far are still completed; sally_sftp_free() closes the files that it left open, with
 * ::SALLY_CLOSED_LOST. */
SALLY_API void sally_sftp_eof(sally_sftp *sftp);

/** Points `*data` at the next bytes for the client and returns how many there are; 0: none. Valid
 * until the next call. */
SALLY_API size_t sally_sftp_output(sally_sftp *sftp, const void **data);

/** Reports that `size` of these bytes have been sent. */
SALLY_API void sally_sftp_sent(sally_sftp *sftp, size_t size);

/** Whether everything is done: the input has ended, and every answer has been sent. */
SALLY_API bool sally_sftp_done(const sally_sftp *sftp);

/** The names that allow_requests and deny_requests accept, by index from 0; NULL after the last
 * one. Extensions can also be given by their announced name, such as "statvfs@openssh.com" for
 * "statvfs". Any thread. */
SALLY_API const char *sally_sftp_request_name(size_t index);

/** The engine's session. */
SALLY_API sally_session *sally_sftp_session(sally_sftp *sftp);

/** Closes all files that are still open (::SALLY_CLOSED_LOST) and frees the engine. Pending
 * operations are cancelled. The storage may still finish them after this returns; the required
 * memory is kept until then. Waits until on_wake has returned on other threads, so the caller must
 * not hold a lock that on_wake takes. Must not be called inside callbacks of this engine. NULL is
 * allowed. */
SALLY_API void sally_sftp_free(sally_sftp *sftp);

SALLY_END_DECLS

#endif
