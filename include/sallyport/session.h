/**
 * @file sallyport/session.h
 * Sessions: one logged-in user on one protocol, for instance an SSH channel with the sftp
 * subsystem. By default the operations of a session run one after another.
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
 * OPEN needs READ to read, WRITE to write, CREATE too if it may create the file, LOCK for share
 * reservations, and REMOVE with DELETE_ON_CLOSE; CLOSE then removes the file even if the session
 * has lost REMOVE. SETSTAT needs only SETSTAT, even to change a file's size, which changes contents
 * without WRITE. RENAME needs RENAME, and with OVERWRITE also REMOVE. COPY needs READ and WRITE.
 * REALPATH needs STAT to resolve links and to say what exists: without it, the answer is the
 * normalised path, or ::SALLY_PERMISSION_DENIED with ::SALLY_REALPATH_STAT_ALWAYS.
 */
enum {
    SALLY_MAY_READ = 0x0001,     /**< read files */
    SALLY_MAY_WRITE = 0x0002,    /**< write existing files */
    SALLY_MAY_CREATE = 0x0004,   /**< create files */
    SALLY_MAY_LIST = 0x0008,     /**< list directories, with their entries' attributes */
    SALLY_MAY_STAT = 0x0010,     /**< see attributes and link targets */
    SALLY_MAY_SETSTAT = 0x0020,  /**< change attributes, including the size */
    SALLY_MAY_REMOVE = 0x0040,   /**< remove files */
    SALLY_MAY_RENAME = 0x0080,   /**< rename */
    SALLY_MAY_MKDIR = 0x0100,    /**< create directories */
    SALLY_MAY_RMDIR = 0x0200,    /**< remove directories */
    SALLY_MAY_SYMLINK = 0x0400,  /**< create symbolic links */
    SALLY_MAY_LINK = 0x0800,     /**< create hard links */
    SALLY_MAY_LOCK = 0x1000,     /**< lock byte ranges */
    SALLY_MAY_EXTENDED = 0x2000, /**< send the storage's own requests */
    SALLY_MAY_ALL = 0x3fff,      /**< everything */
    SALLY_MAY_VIEW =
        SALLY_MAY_READ | SALLY_MAY_LIST | SALLY_MAY_STAT, /**< everything that changes nothing */
};

/** Facts about the other end; strings are valid as long as the connection. If a proxy has sent a
 * PROXY header (`server.proxy_protocol`), the addresses and ports are those in the header: the
 * client's, and the one that the client has connected to. */
typedef struct sally_peer {
    uint64_t connection_id;    /**< its number in the server; 0 for a session without a server */
    const char *address;       /**< numeric, such as "192.0.2.7" or "2001:db8::7"; "" if unknown */
    const char *local_address; /**< the same for our end */
    uint16_t port;             /**< of the other end */
    uint16_t local_port;       /**< of our end */
    uint32_t reserved;         /**< zero */
    const char *protocol;      /**< "sftp" */
    const char *client_software; /**< what follows "SSH-2.0-" in the client's identification line;
                                    "" until that has arrived */
    const char *listener;        /**< the listener's URL; "" for an adopted socket */
    const char *proxy_address; /**< numeric address of the proxy that sent the PROXY header; "unix"
                                  if it used a Unix domain socket; "": no header */
    uint64_t reserved2[3];     /**< zero */
} sally_peer;

/** A number that is unique among the sessions of a server; for a sally_sftp, the one in its
 * options. */
SALLY_API uint64_t sally_session_id(const sally_session *session);
/** The name that the user logged in with. */
SALLY_API const char *sally_session_user(const sally_session *session);
/** Where the session comes from. */
SALLY_API const sally_peer *sally_session_peer(const sally_session *session);
/** The session's protocol: "sftp", "scp", or "exec" for another command such as md5sum. Valid as
 * long as the session. */
SALLY_API const char *sally_session_protocol(const sally_session *session);
/** The SFTP version, 3 to 6; 0 for scp and other commands. */
SALLY_API uint32_t sally_session_version(const sally_session *session);
/** The home directory, where relative paths start. */
SALLY_API const char *sally_session_home(const sally_session *session);
/** The current permissions: SALLY_MAY_ bits. Any thread. */
SALLY_API uint32_t sally_session_permissions(const sally_session *session);
/**
 * Changes what the session may do. Bits outside ::SALLY_MAY_ALL are ignored; 0 means nothing, not
 * everything. Each operation is checked against the permissions in force when it starts, and again
 * after its before-hooks. A change therefore applies to requests that are already waiting, and to
 * READ and WRITE on open files. Operations that have reached the storage are not cancelled, and
 * CLOSE is always allowed. The client is not notified, so what VERSION announced does not change.
 * Requests that the settings deny ("sftp.deny_requests", which also applies to scp) stay denied.
 *
 * Any thread, as long as the session exists: inside its callbacks, or until its SESSION_END has
 * been answered. To change all sessions of a connection, including later ones, use
 * sally_server_set_permissions().
 */
SALLY_API void sally_session_set_permissions(sally_session *session, uint32_t permissions);
/** The session's storage. The session holds the reference. */
SALLY_API sally_fs *sally_session_fs(const sally_session *session);

/** Keeps a pointer for the program in the session, for instance so that hooks and storages can
 * recognise it. Only inside callbacks for this session. */
SALLY_API void sally_session_set_data(sally_session *session, void *data);
/** The pointer set by sally_session_set_data(); initially NULL. */
SALLY_API void *sally_session_data(const sally_session *session);
/** The data that the authenticator attached to the login (sally_auth_set_data()). All sessions of a
 * connection share it. Valid until SESSION_END has been answered. NULL if there is none, and for a
 * sally_sftp. Any thread, as long as the session exists. */
SALLY_API void *sally_session_login_data(const sally_session *session);

/** Called when a submitted operation has ended. `op` is valid until this returns. */
typedef void sally_submit_done_fn(void *user_data, sally_op *op, sally_status status);

/**
 * Submits the program's own operation on behalf of the session, for instance to scan or move a file
 * in a CLOSE hook. It takes the same path as a client's operation, except that permissions are not
 * checked, and hooks see it with ::SALLY_OP_INTERNAL. It does not wait for the operation whose
 * callback submits it.
 *
 * - `kind` is any kind except SESSION_START and SESSION_END.
 * - `path` is copied and normalised, and may be NULL for kinds on handles. It is a path as the
 *   client sees it; a wrapper that works with paths of its inner storage uses sally_fs_submit().
 * - `fill` (or NULL) is called at once, on the caller's thread, to set the members of the new
 *   operation's `u`, and `file` for kinds on handles. `u` is zero before, except `attrs`, which
 * points to empty attributes. What the members point to must stay valid until `done`, except for
 *   files: the library keeps these open until the operation is done, and a CLOSE waits for it.
 * - `done` (or NULL) is called on the session's network thread (or by the caller of a sally_sftp).
 *
 * Files. A file can be used once its OPEN has succeeded (::SALLY_INVALID_HANDLE before) and until
 * its CLOSE reaches the storage, so an after-hook of CLOSE that wants to read an upload opens its
 * path. The library does not check READ and WRITE against the flags that the client opened the file
 * with, but its own storages do (::SALLY_INVALID_HANDLE). A before-hook of OPEN may therefore add
 * ::SALLY_OPEN_READ to `u.open.flags`, which does not let the client read. OPEN creates a new
 * sally_file, which `done` finds in op->file; it stays open until the program submits a CLOSE,
 * once, or the session ends. The program cannot close a file that the client opened.
 *
 * READDIR works on directories that the program opened itself, one READDIR at a time
 * (::SALLY_E_BUSY). `fill` calls sally_op_filter_entries(), and the filter gets each entry as the
 * client would, on the storage's thread. Each READDIR returns some of the entries; ::SALLY_EOF,
 * perhaps together with the last ones, means that there are no more.
 *
 * Only inside a callback for this session, or while one of its operations is PENDING and yours.
 * ::SALLY_E_INVALID, ::SALLY_E_NO_MEMORY, ::SALLY_E_BUSY, ::SALLY_E_CLOSED once the CLOSE of the
 * file has reached the storage.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_session_submit(
    sally_session *session, uint32_t kind, const char *path,
    void (*fill)(void *user_data, sally_op *op), sally_submit_done_fn *done, void *user_data);

SALLY_END_DECLS

#endif
