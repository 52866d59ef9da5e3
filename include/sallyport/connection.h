/**
 * @file sallyport/connection.h
 * A connection of a server, from its first byte to its last: where it comes from, what was agreed
 * on, and what the program keeps with it and does with it.
 *
 * Hooks, authenticators (sally_auth_request::connection) and sessions (sally_session_connection())
 * are handed the same pointer. It is valid from `connection_requested` on until the connection is
 * gone: `disconnected` has returned, its login requests are answered, and its last session has
 * ended. That moment is when sally_connection_set_data()'s `free_data` is called. To
 * get back to a connection without knowing whether it still exists, keep its number
 * (sally_connection_id()) and use the calls of server.h that take one.
 *
 * As long as the pointer is valid, any thread may call any function here, also inside callbacks,
 * but for those that say otherwise. None waits. A function that fails leaves a text for
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

SALLY_BEGIN_DECLS

/** What is known of a connection's protocol. Texts are never NULL: "" stands for what is not known
 * yet, or does not exist. They are valid as long as the connection. */
typedef struct sally_connection_facts {
    size_t struct_size; /**< in: sizeof(sally_connection_facts) */
    const char
        *client_version; /**< the client's whole identification line, without its line end, such as
                            "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3" (RFC 4253 section 4.2) */
    const char *server_version;  /**< ours */
    const char *kex;             /**< method of the last key exchange, by its name on the wire, like
                                    those below: "" before the first has ended */
    const char *host_key;        /**< algorithm of the host key's signature */
    const char *cipher_in;       /**< encryption of what the client sends */
    const char *cipher_out;      /**< encryption of what the server sends */
    const char *mac_in;          /**< "" if the cipher needs none */
    const char *mac_out;         /**< "" if the cipher needs none */
    const char *compression_in;  /**< "none" if there is none */
    const char *compression_out; /**< "none" if there is none */
    bool strict_kex;             /**< both sides use strict key exchange
                                    (draft-miller-sshm-strict-kex) */
} sally_connection_facts;

/** The number of the connection: unique in its server's life, never 0. */
SALLY_API uint64_t sally_connection_id(const sally_connection *connection);

/** Where it comes from; valid as long as the connection. Its `client_software` changes once, when
 * the identification line comes: until then, only hooks of this connection may read it. */
SALLY_API const sally_peer *sally_connection_peer(const sally_connection *connection);

/** The name that has logged in; "" before. Valid as long as the connection. */
SALLY_API const char *sally_connection_user(const sally_connection *connection);

/** What is known of its protocol now. ::SALLY_E_INVALID for a struct_size that is too short. */
SALLY_API sally_error sally_connection_get_facts(const sally_connection *connection,
                                                 sally_connection_facts *facts);

/**
 * Keeps a pointer of the program's in the connection. `free_data` (or NULL) is called with it
 * exactly once: when other data takes its place, in the caller's thread, or when the connection is
 * gone, on its network thread, after the last callback that could ask for it. This includes
 * connections that `connection_requested` has refused. Who replaces data while other threads may
 * use it has to keep them from it.
 */
SALLY_API void sally_connection_set_data(sally_connection *connection, void *data,
                                         void (*free_data)(void *data));

/** The pointer kept; NULL at first. */
SALLY_API void *sally_connection_data(const sally_connection *connection);

/**
 * Changes a setting for this connection: see sally_server_set_connection(), also for the errors;
 * ::SALLY_E_CLOSED instead of ::SALLY_E_NOT_FOUND when the connection has ended. In the hooks
 * `connection_requested` and `connected` it takes effect at once, and settings with
 * ::SALLY_SCOPE_LISTENER, such as the lists of algorithms, can be set, too; a list that must not be
 * empty and would be is ::SALLY_E_RANGE then. Later it takes effect soon.
 */
SALLY_API sally_error sally_connection_set(sally_connection *connection, const char *name,
                                           const char *value);

/** Who may log in on this connection, in place of its listener's or server's authenticator; held.
 * Inside hooks of this connection only, and before its first login request: ::SALLY_E_STATE. */
SALLY_API sally_error sally_connection_set_auth(sally_connection *connection, sally_auth *auth);

/** Adds a host key; held. The first one replaces all of the server's: the client is offered no key
 * that was not added here. One per type, a later one replaces. Inside the hooks
 * `connection_requested` and `connected` of this connection only: ::SALLY_E_STATE. */
SALLY_API SALLY_MUST_CHECK sally_error sally_connection_add_host_key(sally_connection *connection,
                                                                     sally_key *key);

/** Changes what its user may do: see sally_server_set_permissions(). Takes effect soon.
 * ::SALLY_E_CLOSED. */
SALLY_API sally_error sally_connection_set_permissions(sally_connection *connection,
                                                       uint32_t permissions);

/** Ends the connection with a text for the client (NULL: "disconnected"). Takes effect soon.
 * ::SALLY_E_CLOSED when it has ended already. */
SALLY_API sally_error sally_connection_disconnect(sally_connection *connection, const char *text);

/** Starts a new key exchange. Takes effect soon. ::SALLY_E_CLOSED. */
SALLY_API sally_error sally_connection_rekey(sally_connection *connection);

/** The connection of a session; NULL for a sally_sftp, which has none. Valid as long as the
 * session, at least. Any thread. */
SALLY_API sally_connection *sally_session_connection(const sally_session *session);

SALLY_END_DECLS

#endif
