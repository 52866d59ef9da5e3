/**
 * @file sallyport/hooks.h
 * Hooks observe, deny and redirect operations. Several sets can be stacked on a server:
 * before-hooks run from the first added to the last, after-hooks in reverse order. Like storages,
 * hooks may block and may answer later.
 *
 * What hooks see: every operation of a client, even one that fails, and those that the program
 * submits with sally_session_submit(). They do not see requests that never become an operation:
 * those denied by settings or sally_sftp_options.deny_requests, malformed ones, and those with a
 * handle that is not open, or not open for that purpose.
 *
 * Threads: `before` and `after` are called on the threads that call storages. For different
 * sessions they run at the same time. For one session they run one after another (except for
 * operations that the program submits, which wait for nothing), unless its storage is
 * ::SALLY_FS_CONCURRENT, as this library's local and memory storages are: then they may run at the
 * same time whenever its slots may, for instance for several READs of one file. Hooks must protect
 * what they share.
 *
 * The hooks' own files. A `before` that answers OPEN or OPENDIR with SALLY_OK owns the file or
 * directory, and so do hooks whose `after` turns a failed one into SALLY_OK: the storage has not
 * opened it. Only hooks can then answer requests on its handle: READ, WRITE, FSTAT, FSETSTAT,
 * STATVFS, LOCK, READDIR and the others never reach a storage, and are ::SALLY_INVALID_HANDLE if no
 * hook answers them (CLOSE and CLOSEDIR: SALLY_OK). READDIR is answered with sally_op_add_entry(),
 * as a storage does. COPY from or to such a file, unless a hook answers it, is done by FSTAT, READ
 * and WRITE operations with ::SALLY_OP_INTERNAL, which the hooks see for their own files. Requests
 * by path, such as STAT, still reach the storage. Keep the file's data with sally_file_set_data().
 */
#ifndef SALLYPORT_HOOKS_H
#define SALLYPORT_HOOKS_H

#include <stddef.h>
#include <stdint.h>

#include "sallyport/channel.h"
#include "sallyport/connection.h"
#include "sallyport/export.h"
#include "sallyport/op.h"
#include "sallyport/session.h"

SALLY_BEGIN_DECLS

/** Flags of hooks. */
enum {
    /** before and after never wait: they are called on the network thread, without a thread
     * switch. */
    SALLY_HOOKS_NONBLOCKING = 0x1,
};

/** Why a connection ended, or a session (sally_op_session.reason). */
enum {
    SALLY_END_BY_CLIENT =
        1, /**< the client closed or disconnected; a session's command has ended */
    SALLY_END_BY_SERVER = 2, /**< sally_server_disconnect(), shutdown */
    SALLY_END_LOST = 3,      /**< the connection was reset or broke */
    SALLY_END_TIMEOUT = 4,   /**< login, idle or keepalive timeout */
    SALLY_END_PROTOCOL = 5,  /**< the client broke the protocol */
    SALLY_END_LIMIT = 6,     /**< a limit was reached, or the client was refused */
    SALLY_END_AUTH = 7,      /**< too many failed attempts */
    SALLY_END_REFUSED = 8    /**< sessions only: a wrapper or an after-hook failed a SESSION_START
                                that a storage had answered with success */
};

/** A completed login attempt. It never contains a password. */
typedef struct sally_auth_event {
    size_t struct_size; /**< size of the structure of the library that made it: members behind
                           this are not there */
    const char *user; /**< as the client sent it, with question marks in place of NULs; truncated at
                         1024 bytes */
    const char *method; /**< "password", "publickey", ...; for an unknown method, its name as the
                           client sent it */
    const char *fingerprint; /**< of a key, "SHA256:..."; "" for other methods */
    uint32_t attempt;        /**< from 1 */
    int32_t result;          /**< SALLY_AUTH_ACCEPT, SALLY_AUTH_PARTIAL or SALLY_AUTH_REJECT */
    const char *reason;      /**< REJECT: why, for operators: from sally_auth_set_message(), or the
                                library; "" if not given */
} sally_auth_event;

/** What a client asks a session channel to run. */
enum {
    SALLY_SESSION_SUBSYSTEM = 1, /**< a subsystem (RFC 4254 section 6.5), such as "sftp" */
    SALLY_SESSION_EXEC = 2,      /**< a command, such as "scp -t /dir" */
    SALLY_SESSION_SHELL =
        3 /**< a shell, or an empty command: the library answers with a text that there is none */
};

/** An environment variable that the client wants set (RFC 4254 section 6.4). */
typedef struct sally_env {
    const char *name;  /**< as the client said it: any bytes but NUL and '='; never empty */
    const char *value; /**< any bytes but NUL */
} sally_env;

/** A client's request to begin a session. Valid until it is answered. */
typedef struct sally_session_request {
    size_t struct_size; /**< size of the structure of the library that made it: members behind this
                           are not there */
    uint32_t kind;      /**< SALLY_SESSION_ value */
    uint32_t env_count; /**< number of `env` */
    const char *name; /**< the subsystem's name, or the command; "" for a shell. As the client sent
                         it: any bytes except NUL */
    /** The variables that the client has set on this channel, in this order; a name may come twice.
     * Without a hook `session_requested`, and beyond 64 variables or 8 KiB in total, such requests
     * are refused, which clients ignore. The library's own sessions do not use them. */
    const sally_env *env;
    sally_channel *channel; /**< for sally_channel_accept() */
} sally_session_request;

/** The stage of a connection. */
enum {
    SALLY_STAGE_HANDSHAKE = 1, /**< identification lines, first key exchange */
    SALLY_STAGE_LOGIN = 2,     /**< the client may log in */
    SALLY_STAGE_OPEN = 3       /**< it has logged in */
};

/** Something went wrong with a connection. */
typedef struct sally_problem {
    size_t struct_size; /**< size of the structure of the library that made it: members behind this
                           are not there */
    uint32_t stage;     /**< SALLY_STAGE_ value */
    sally_error code;   /**< see sally_hooks::problem */
    int32_t system_error; /**< the errno behind it; 0: none */
    const char *text;     /**< for people */
} sally_problem;

/** A set of hooks; any function may be NULL. */
typedef struct sally_hooks {
    size_t struct_size; /**< sizeof(sally_hooks) */
    uint32_t flags;     /**< SALLY_HOOKS_NONBLOCKING or 0 */
    uint32_t reserved;  /**< zero */
    /** SALLY_OP_BIT() of the kinds that `before` is called for. File contents are changed by WRITE
     * and COPY, and by SETSTAT and FSETSTAT of a size */
    uint64_t before_mask;
    uint64_t after_mask; /**< the same for `after` */
    void *user_data;     /**< passed to all functions of the set */
    /**
     * Before the storage sees the operation. ::SALLY_CONTINUE: continue (after sally_op_set_path(),
     * with another path). A status: the answer, in the storage's place; sally_op_set_message() may
     * add a text. SALLY_OK for OPEN or OPENDIR makes the file the hooks' own: see above. A status
     * for CLOSE, CLOSEDIR or SESSION_END only changes the answer: the operation still reaches the
     * other sets and the storage. ::SALLY_PENDING: sally_op_finish() later.
     */
    sally_status (*before)(void *user_data, sally_op *op);
    /** After the answer: op->status has it, from the storage, a before-hook (the `before` of the
     * sets after it is not called then, the `after` of all sets is), or the library for an
     * operation that is not permitted (then no `before` was called). Returns the status to answer
     * (op->status to leave it), or ::SALLY_PENDING. If this turns a successful OPEN, OPENDIR,
     * SESSION_START or LOCK into a failure, the library undoes it with CLOSE or CLOSEDIR
     * (::SALLY_CLOSED_REFUSED), SESSION_END or UNLOCK; the sets that have already seen the success
     * see this operation too, with ::SALLY_OP_INTERNAL. SALLY_OK in place of a failed OPEN or
     * OPENDIR makes the file the hooks' own. A failed SESSION_START stays a failure. */
    sally_status (*after)(void *user_data, sally_op *op);
    /**
     * A connection was accepted from the kernel. ::SALLY_CONTINUE: no objection, the next set is
     * called. ::SALLY_OK: it is admitted, without calling the others. Any other status refuses it:
     * the socket is closed, and `disconnected` is not called; nor is it if the connection ends
     * before a late answer.
     *
     * ::SALLY_PENDING: sally_connection_answer() later, with one of the statuses above; the same
     * applies to `version_received` and `session_requested`. Until then no further input of the
     * client is processed, on any channel; the login timeout ("limits.login_time") and, after
     * login, the idle timeout continue to run.
     *
     * Called on the connection's network thread, as all functions below are, one after the other:
     * do not wait there.
     */
    sally_status (*connection_requested)(void *user_data, sally_connection *connection);
    /** The connection was admitted; no bytes have been exchanged yet. */
    void (*connected)(void *user_data, sally_connection *connection);
    /** The client's complete identification line has arrived, such as "SSH-2.0-OpenSSH_9.2p1"
     * (without its line end; bytes from 0x80 on may be of any charset; valid until the answer).
     * Returns what `connection_requested` returns. A refused client gets a message, and the
     * connection ends with ::SALLY_END_LIMIT. */
    sally_status (*version_received)(void *user_data, sally_connection *connection,
                                     const char *line);
    /** A key exchange (the first, or a later one) has ended; `algorithms` names what was agreed on.
     */
    void (*keys_exchanged)(void *user_data, sally_connection *connection, const char *algorithms);
    /** A login attempt has ended: the authenticator has answered, or the library refused it (an
     * invalid signature, a disabled signature algorithm, an unsupported method).
     * Queries do not count: "none", and whether a key may be tried. */
    void (*authenticated)(void *user_data, sally_connection *connection,
                          const sally_auth_event *event);
    /**
     * A client that has logged in requests a session. ::SALLY_CONTINUE: no objection; if no set
     * objects, the library serves it, which offers the subsystem "sftp" and the commands of the
     * setting "ssh.commands". ::SALLY_OK: the program serves it, and has called
     * sally_channel_accept(request->channel, ...); no other set is called. Any other status refuses
     * it, and so does ::SALLY_OK without that call: the client gets no reason, and may request
     * another one. ::SALLY_PENDING: see `connection_requested`.
     */
    sally_status (*session_requested)(void *user_data, sally_connection *connection,
                                      const sally_session_request *request);
    /**
     * Something went wrong. Before `disconnected`, for connections that neither the client nor the
     * server has ended on purpose: ::SALLY_E_PROTOCOL (the client broke the protocol, or no
     * algorithms could be agreed on), ::SALLY_E_TIMEOUT, ::SALLY_E_CLOSED (the connection broke),
     * ::SALLY_E_LIMIT (too many failed logins, or a resource named in the text was refused or is
     * exhausted). For connections that continue: ::SALLY_E_LIMIT if there is no room for a session
     * (once per connection), ::SALLY_E_KEY for an invalid signature of a host key
     * (sally_key_from_signer()), or the error that its signer returned (in a key exchange, the
     * connection then ends, and ::SALLY_E_LIMIT follows), the error of sally_connection_set() for a
     * value that turns out to be unusable, and for logins that cannot be processed ::SALLY_E_STATE
     * (no authenticator is set) and ::SALLY_E_NO_MEMORY. Answers of storages are not reported here:
     * see `after`.
     */
    void (*problem)(void *user_data, sally_connection *connection, const sally_problem *problem);
    /** The connection has ended. `reason` is a SALLY_END_ value, `detail` a short text. Its
     * sessions may still be completing the client's requests: their last callbacks come after
     * this. */
    void (*disconnected)(void *user_data, sally_connection *connection, uint32_t reason,
                         const char *detail);
} sally_hooks;

SALLY_END_DECLS

#endif
