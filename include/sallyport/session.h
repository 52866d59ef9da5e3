/**
 * @file sallyport/session.h
 * A session: one logged-in user on one protocol (an SSH channel with the sftp subsystem). It is the
 * unit of order: by default its operations run one after the other.
 */
#ifndef SALLYPORT_SESSION_H
#define SALLYPORT_SESSION_H

#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/op.h"

SALLY_BEGIN_DECLS

typedef struct sally_connection sally_connection; /**< a connection of a server: connection.h */

/**
 * What a session may do.
 *
 * OPEN needs READ to read, WRITE to write, CREATE as well when it may make the file, and LOCK to
 * keep others from it; SETSTAT needs SETSTAT, also to change a file's size: it then changes
 * contents, without WRITE. OPEN with DELETE_ON_CLOSE needs REMOVE; CLOSE then removes the file,
 * even if the session may no longer REMOVE. RENAME needs RENAME, and with OVERWRITE also REMOVE;
 * COPY needs READ and WRITE. REALPATH needs STAT to resolve links and to tell what exists: without
 * it the answer is the normalised path, or ::SALLY_PERMISSION_DENIED with
 * ::SALLY_REALPATH_STAT_ALWAYS.
 */
enum {
    SALLY_MAY_READ = 0x0001,     /**< read files */
    SALLY_MAY_WRITE = 0x0002,    /**< write existing files */
    SALLY_MAY_CREATE = 0x0004,   /**< make files */
    SALLY_MAY_LIST = 0x0008,     /**< list directories, with their entries' attributes */
    SALLY_MAY_STAT = 0x0010,     /**< see attributes and link targets */
    SALLY_MAY_SETSTAT = 0x0020,  /**< change attributes, the size included */
    SALLY_MAY_REMOVE = 0x0040,   /**< remove files */
    SALLY_MAY_RENAME = 0x0080,   /**< rename */
    SALLY_MAY_MKDIR = 0x0100,    /**< make directories */
    SALLY_MAY_RMDIR = 0x0200,    /**< remove directories */
    SALLY_MAY_SYMLINK = 0x0400,  /**< make symbolic links */
    SALLY_MAY_LINK = 0x0800,     /**< make hard links */
    SALLY_MAY_LOCK = 0x1000,     /**< lock byte ranges */
    SALLY_MAY_EXTENDED = 0x2000, /**< requests that only the storage knows */
    SALLY_MAY_ALL = 0x3fff,      /**< everything */
    SALLY_MAY_VIEW =
        SALLY_MAY_READ | SALLY_MAY_LIST | SALLY_MAY_STAT, /**< everything that changes nothing */
};

/** What is known of the other end; strings live as long as the connection. */
typedef struct sally_peer {
    uint64_t connection_id; /**< of the server; 0 for a session without one */
    const char *address;    /**< numeric, such as "192.0.2.7" or "2001:db8::7"; "" when unknown */
    const char *local_address;   /**< the same for our end */
    uint16_t port;               /**< of the other end */
    uint16_t local_port;         /**< of our end */
    uint32_t reserved;           /**< zero */
    const char *protocol;        /**< "sftp" */
    const char *client_software; /**< what stands behind "SSH-2.0-" in the client's identification
                                    line; "" before it came */
    const char *listener;        /**< the listener's URL; "" for an adopted socket */
    uint64_t reserved2[4];       /**< zero */
} sally_peer;

/** A number that is unique among the sessions of its server; for a sally_sftp, the one in its
 * options. */
SALLY_API uint64_t sally_session_id(const sally_session *session);
/** The name that logged in. */
SALLY_API const char *sally_session_user(const sally_session *session);
/** Where it came from. */
SALLY_API const sally_peer *sally_session_peer(const sally_session *session);
/** The protocol that the session speaks: "sftp"; "scp"; or "exec", another command such as
 * md5sum. Lives as long as the session. */
SALLY_API const char *sally_session_protocol(const sally_session *session);
/** SFTP's version, 3 to 6; 0 for scp and other commands. */
SALLY_API uint32_t sally_session_version(const sally_session *session);
/** The home directory: where relative paths start. */
SALLY_API const char *sally_session_home(const sally_session *session);
/** The current permissions: SALLY_MAY_ bits. Any thread. */
SALLY_API uint32_t sally_session_permissions(const sally_session *session);
/**
 * Changes what the session may do; bits outside ::SALLY_MAY_ALL are ignored. Each operation is
 * checked against the permissions that apply when it starts, and again after its before-hooks. So a
 * change also applies to requests that the client has already sent and that are still waiting, and
 * to READ and WRITE of open files. Operations that have reached the storage are not cancelled, and
 * CLOSE is always allowed. The client is not told: what VERSION announced does not change. What the
 * settings deny ("sftp.deny_requests", which applies to scp, too) stays denied. 0 means nothing,
 * not everything.
 *
 * Any thread, as long as the session exists: inside its callbacks, or before its SESSION_END has
 * been answered. To change all sessions of a server's connection, including later ones, see
 * sally_server_set_permissions().
 */
SALLY_API void sally_session_set_permissions(sally_session *session, uint32_t permissions);
/** The session's storage; the session holds it. */
SALLY_API sally_fs *sally_session_fs(const sally_session *session);

/** Keeps one pointer for the program in the session; hooks and storages may use it to know a
 * session again. Inside callbacks for this session only. */
SALLY_API void sally_session_set_data(sally_session *session, void *data);
/** The pointer kept; NULL at first. */
SALLY_API void *sally_session_data(const sally_session *session);
/** What the authenticator gave with the login (sally_auth_set_data()); the same for all sessions of
 * the connection. Valid until SESSION_END has been answered. NULL when there is none, and for a
 * sally_sftp. Any thread, as long as the session exists. */
SALLY_API void *sally_session_login_data(const sally_session *session);

/** Told when an operation submitted by the program has ended; `op` lives until this returns. */
typedef void sally_submit_done_fn(void *user_data, sally_op *op, sally_status status);

/**
 * Does an operation of the program's own in the session's name, for instance to scan or move a file
 * in the CLOSE hook. It goes the same way as a client's (permissions are not checked; hooks see it
 * with ::SALLY_OP_INTERNAL), without waiting for the operation whose callback this is.
 *
 * `kind` is any but SESSION_START and SESSION_END. `fill` is called at once, in
 * the caller's thread, to set the members of the new operation's `u`, and `file` for kinds on
 * handles. What these point to must last until `done`. Files are the exception: the library keeps
 * them open until the operation is done, and a CLOSE waits for it. `path` is copied and normalised,
 * and may be NULL for kinds on handles. It is a path as the client sees it; a wrapper that works
 * with paths of the storage inside uses sally_fs_submit(). The library does not check READ and
 * WRITE against the flags that the client opened the file with, but the storages of this library
 * answer ::SALLY_INVALID_HANDLE: a before-hook of OPEN may add ::SALLY_OPEN_READ to
 * `u.open.flags`, which gives the client nothing. A file can be used once its OPEN has succeeded
 * (earlier, the answer is ::SALLY_INVALID_HANDLE) and until its CLOSE reaches the storage: an
 * after-hook of CLOSE that reads an upload opens its path. OPEN makes a new file, which `done`
 * finds in op->file; it stays open until the caller submits a CLOSE, once, or the session ends. A
 * file that the client opened cannot be closed. READDIR is for directories that the program has
 * opened itself, one at a time (else ::SALLY_E_BUSY): `fill` calls sally_op_filter_entries(), and
 * the filter sees each entry as the client would, in the storage's thread. One READDIR brings some
 * of them; ::SALLY_EOF, perhaps together with the last ones, says that there are no more. `done` is
 * called on the session's network thread
 * (or in sally_sftp's caller).
 *
 * Only inside a callback for this session, or while an operation of it is PENDING and yours.
 * ::SALLY_E_INVALID, ::SALLY_E_NO_MEMORY, ::SALLY_E_BUSY, ::SALLY_E_CLOSED once the CLOSE of the
 * file has reached the storage.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_session_submit(
    sally_session *session, uint32_t kind, const char *path,
    void (*fill)(void *user_data, sally_op *op), sally_submit_done_fn *done, void *user_data);

SALLY_END_DECLS

#endif
