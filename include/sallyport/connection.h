/**
 * @file sallyport/connection.h
 * Connections of a server, from the first byte to the last: where they come from, what was
 * negotiated, and what the program can keep with them and do to them.
 *
 * Hooks, authenticators (sally_auth_request::connection) and sessions (sally_session_connection())
 * get the same pointer. It is valid from `connection_requested` until the connection is gone:
 * `disconnected` has returned, its login requests and hooks are answered, and its last session or
 * channel has ended. At that point the `free_data` of sally_connection_set_data() is called. To
 * refer to a connection that may have ended, keep its number (sally_connection_id()) and use the
 * calls of server.h that take one.
 *
 * While the pointer is valid, any thread may call these functions, even inside callbacks, unless a
 * function says otherwise. None of them waits. A function that fails sets the text of
 * sally_server_error().
 */
#ifndef SALLYPORT_CONNECTION_H
#define SALLYPORT_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sallyport/auth.h"
#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/keys.h"
#include "sallyport/session.h"
#include "sallyport/status.h"

SALLY_BEGIN_DECLS

/** What is known about a connection's protocol. Strings are never NULL: "" means not known yet, or
 * none. They are valid as long as the connection. */
typedef struct sally_connection_facts {
    size_t struct_size; /**< in: sizeof(sally_connection_facts) */
    /** the client's whole identification line, without its line end, such as
     * "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3" (RFC 4253 section 4.2) */
    const char *client_version;
    const char *server_version; /**< ours */
    const char *kex;      /**< method of the last key exchange, by its SSH name like those below; ""
                             until the first one is complete */
    const char *host_key; /**< algorithm of the host key's signature */
    const char *cipher_in;       /**< cipher for what the client sends */
    const char *cipher_out;      /**< cipher for what the server sends */
    const char *mac_in;          /**< "" if the cipher needs none */
    const char *mac_out;         /**< "" if the cipher needs none */
    const char *compression_in;  /**< "none" if there is none */
    const char *compression_out; /**< "none" if there is none */
    uint32_t strict_kex;         /**< 1: both sides use strict key exchange
                                    (draft-miller-sshm-strict-kex) */
    uint32_t reserved;           /**< zero */
} sally_connection_facts;

/** The connection's number: unique during the server's lifetime, never 0. */
SALLY_API uint64_t sally_connection_id(const sally_connection *connection);

/** Where the connection comes from. Valid as long as the connection. `client_software` changes
 * once, when the identification line arrives; until then, only hooks of this connection may read
 * it. */
SALLY_API const sally_peer *sally_connection_peer(const sally_connection *connection);

/** The name of the user; "" before login. Valid as long as the connection. */
SALLY_API const char *sally_connection_user(const sally_connection *connection);

/** What is known about its protocol now. Nothing beyond `facts->struct_size` bytes is written, and
 * members that this library does not know are zero. ::SALLY_E_INVALID if it is not set. */
SALLY_API sally_error sally_connection_get_facts(const sally_connection *connection,
                                                 sally_connection_facts *facts);

/**
 * Keeps a pointer for the program in the connection. `free_data` (may be NULL) is called with it
 * exactly once: on the caller's thread when other data replaces it, or on the connection's network
 * thread when the connection is gone, after the last callback that could use it. That includes
 * connections that `connection_requested` refused. If other threads may still use the data when you
 * replace it, you need a lock.
 */
SALLY_API void sally_connection_set_data(sally_connection *connection, void *data,
                                         void (*free_data)(void *data));

/** The pointer set by sally_connection_set_data(); initially NULL. */
SALLY_API void *sally_connection_data(const sally_connection *connection);

/**
 * Changes a setting for this connection, with the effects and errors of
 * sally_server_set_connection(), except that it is ::SALLY_E_CLOSED if the connection has ended. In
 * the hooks `connection_requested` and `connected` it takes effect at once, and settings with
 * ::SALLY_SCOPE_LISTENER, such as the lists of algorithms, can be set too; ::SALLY_E_RANGE if a
 * list that must not be empty would become empty. After those hooks it takes effect soon.
 */
SALLY_API sally_error sally_connection_set(sally_connection *connection, const char *name,
                                           const char *value);

/** Sets the authenticator of this connection, in place of its listener's or server's; held. Only
 * inside hooks of this connection, before its first login request: otherwise ::SALLY_E_STATE. */
SALLY_API sally_error sally_connection_set_auth(sally_connection *connection, sally_auth *auth);

/** Adds a host key for this connection; held. The client is then offered only keys that were added
 * here, and none of the server's. There is one key per type; a later one replaces an earlier one.
 * Only inside the hooks `connection_requested` and `connected` of this connection: otherwise
 * ::SALLY_E_STATE. */
SALLY_API SALLY_MUST_CHECK sally_error sally_connection_add_host_key(sally_connection *connection,
                                                                     sally_key *key);

/** Changes what its user may do, as sally_server_set_permissions() does. Takes effect soon.
 * ::SALLY_E_CLOSED. */
SALLY_API sally_error sally_connection_set_permissions(sally_connection *connection,
                                                       uint32_t permissions);

/** Ends the connection with a text for the client (NULL: "disconnected"). Takes effect soon.
 * ::SALLY_E_CLOSED if it has already ended. */
SALLY_API sally_error sally_connection_disconnect(sally_connection *connection, const char *text);

/** Starts a new key exchange. Takes effect soon. ::SALLY_E_CLOSED. */
SALLY_API sally_error sally_connection_rekey(sally_connection *connection);

/**
 * Answers a hook of this connection that has returned ::SALLY_PENDING (`connection_requested`,
 * `version_received` or `session_requested`; there is one at a time), with what the hook could have
 * returned: ::SALLY_CONTINUE, ::SALLY_OK or another status. It may come before the hook has
 * returned. Takes effect soon; hooks that are asked next are asked on the network thread.
 *
 * Each ::SALLY_PENDING is answered exactly once, even if the connection has ended in the meantime:
 * the pointer stays valid until then, and the server waits for it. So long the connection counts in
 * the settings "limits.connections" and "limits.connections_per_address".
 *
 * ::SALLY_E_CLOSED: the connection has ended, or is about to, and the answer changes nothing; it
 * counts as given. ::SALLY_E_STATE: no hook awaits an answer, or it was given already.
 * ::SALLY_E_INVALID: not a status that a hook may return.
 */
SALLY_API sally_error sally_connection_answer(sally_connection *connection, sally_status status);

/** The connection of a session; NULL for a sally_sftp, which has none. Valid as long as the
 * session, at least. Any thread. */
SALLY_API sally_connection *sally_session_connection(const sally_session *session);

SALLY_END_DECLS

#endif
