/**
 * @file sallyport/sftp.h
 * The SFTP engine alone: bytes in, bytes out, for programs that have a transport already (another
 * SSH library's channel, a pipe). It owns no socket, thread or clock. Not thread-safe: one thread
 * at a time, which may change.
 *
 * Loop: wait until bytes arrive, on_wake was called, or output can be written; give what arrived to
 * sally_sftp_input(); write what sally_sftp_output() shows; stop when sally_sftp_done().
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

/** How an engine is made; zero means the default in every member but struct_size. */
typedef struct sally_sftp_options {
    size_t struct_size;         /**< sizeof(sally_sftp_options) */
    const char *user;           /**< whose session it is; NULL: "" */
    const char *home;           /**< where relative paths start; NULL: "/" */
    uint32_t permissions;       /**< SALLY_MAY_ bits; 0 means all */
    uint32_t max_version;       /**< highest version to agree on; 0: the highest (6) */
    uint32_t max_packet;        /**< bytes of the largest request; 0: 256 KiB + 1 KiB */
    uint32_t max_read;          /**< bytes of the largest READ answered; 0: 255 KiB */
    uint32_t max_handles;       /**< open files and directories; 0: 1024 */
    uint32_t max_operations;    /**< requests in flight; 0: 64 */
    const char *allow_requests; /**< names with commas ("open,read,..."): only these are allowed;
                                   NULL: all. A name that is unknown, and has no @ as a storage's
                                   own may have, is ::SALLY_E_PARSE */
    const char *deny_requests;  /**< names that are denied; NULL: none */
    const sally_peer *peer;     /**< copied; NULL: unknown */
    const sally_hooks *hooks;   /**< hook_count sets, copied */
    size_t hook_count;          /**< how many */
    sally_log_fn *log;          /**< NULL: nowhere */
    void *log_user_data;        /**< handed to log */
    uint32_t log_level;         /**< SALLY_LOG_ value */
    uint32_t reserved;          /**< zero */
    /** Something finished: call sally_sftp_input() with no bytes soon, from the engine's thread.
     * Called on the threads that call sally_op_finish(): on several at the same time, and possibly
     * on the engine's own. The library holds no lock during the call. Must not call the engine.
     * Never called after sally_sftp_free() has returned. NULL: the storage answers everything at
     * once, and a digest or a copy of any length is done within one call of sally_sftp_input();
     * otherwise such long operations are done in pieces, each of which ends with this call. */
    void (*on_wake)(void *user_data);
    void *user_data; /**< handed to on_wake and wall_seconds */
    /** Now, in seconds since 1970: listings then show times of day, log lines the time. NULL:
     * years, and 0. */
    int64_t (*wall_seconds)(void *user_data);
    /** The session's number, for sally_session_id() and log lines. The library does not number the
     * engines of a process: when there are several, give each its own. 0: the number is 1. */
    uint64_t session_id;
    uint32_t hide_dots;     /**< 1: listings do not have "." and ".."; 0: they do, as OpenSSH's */
    uint32_t umask_version; /**< highest version in which the umask is applied to permissions that a
                               client gives: 2 (none) to 6; 0: 5, as draft-13 section 7.6 says */
} sally_sftp_options;

/** Makes an engine over `fs`, which it holds. `options` may be NULL. */
SALLY_API SALLY_MUST_CHECK sally_error sally_sftp_new(sally_sftp **out, sally_fs *fs,
                                                      const sally_sftp_options *options);

/**
 * Gives received bytes, and does what there is to do. `*taken` is how many of them the engine took:
 * fewer than `size` when too many requests or replies are waiting; give the rest again later.
 * ::SALLY_E_PROTOCOL: the client broke the protocol, or the storage or a hook refused the session
 * (SESSION_START): hang up. Storage slots are called from inside.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_sftp_input(sally_sftp *sftp, const void *data,
                                                        size_t size, size_t *taken);

/** The client will send no more. Its requests so far are still carried out; sally_sftp_free()
 * closes the files that it left open, with ::SALLY_CLOSED_LOST. */
SALLY_API void sally_sftp_eof(sally_sftp *sftp);

/** The next bytes for the client; 0 when there are none. Valid until the next call. */
SALLY_API size_t sally_sftp_output(sally_sftp *sftp, const void **data);

/** So many of them were sent. */
SALLY_API void sally_sftp_sent(sally_sftp *sftp, size_t size);

/** Whether everything is over: input ended, all answered and sent. */
SALLY_API bool sally_sftp_done(const sally_sftp *sftp);

/** The names that allow_requests and deny_requests know, by index from 0; NULL past the last.
 * Extensions may also be called as they are announced, "statvfs@openssh.com" for "statvfs". Any
 * thread. */
SALLY_API const char *sally_sftp_request_name(size_t index);

/** The engine's session. */
SALLY_API sally_session *sally_sftp_session(sally_sftp *sftp);

/** Closes all files that are still open (::SALLY_CLOSED_LOST) and frees the engine. Operations
 * still pending are cancelled; the storage's finishes may still come after this, and what they need
 * lives until then. Waits until calls of on_wake on other threads have returned, so the caller must
 * not hold a lock that on_wake takes. Must not be called inside callbacks of this engine. NULL is
 * allowed. */
SALLY_API void sally_sftp_free(sally_sftp *sftp);

SALLY_END_DECLS

#endif
