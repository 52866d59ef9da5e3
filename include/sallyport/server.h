/**
 * @file sallyport/server.h
 * The server: listeners, connections, threads.
 *
 * A server's life: sally_server_new(); then settings, keys, users, hooks and listeners; then run
 * (blocks), start (returns) or poll (your own loop); then sally_server_shutdown(); then
 * sally_server_free(). Once the server runs, everything except free may be called from any thread,
 * even inside callbacks. Connections have numbers that are never reused.
 */
#ifndef SALLYPORT_SERVER_H
#define SALLYPORT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sallyport/auth.h"
#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/file.h"
#include "sallyport/hooks.h"
#include "sallyport/keys.h"
#include "sallyport/log.h"
#include "sallyport/settings.h"

SALLY_BEGIN_DECLS

typedef struct sally_server sally_server;     /**< a server */
typedef struct sally_listener sally_listener; /**< where a server listens */

/** Creates a server without listeners, users and keys, with all settings at their defaults.
 * ::SALLY_E_CRYPTO. */
SALLY_API SALLY_MUST_CHECK sally_error sally_server_new(sally_server **out);

/** Frees a server. If it is still running, it is stopped first, without a grace period.
 * ::SALLY_E_BUSY inside one of its callbacks, and in the cases of sally_server_wait(): nothing has
 * been freed, and pending operations stay valid; call this again once they have been answered.
 * NULL is allowed. */
SALLY_API sally_error sally_server_free(sally_server *server);

/** Explains this thread's last failed call on this server, and what to do about it: which setting,
 * which address, which argument. Calls that succeed leave the text unchanged. Each thread has its
 * own text, valid until that thread's next failed call on this server, until the thread ends, or
 * until the server is freed. Never NULL. Any thread. */
SALLY_API const char *sally_server_error(const sally_server *server);

/** Sets a setting by name (settings.h). ::SALLY_E_NOT_FOUND, ::SALLY_E_PARSE, ::SALLY_E_RANGE,
 * ::SALLY_E_STATE for one that must be set before the server starts. */
SALLY_API sally_error sally_server_set(sally_server *server, const char *name, const char *value);

/** Reads a setting as text into `value`, which ends in NUL. ::SALLY_E_NOT_FOUND; ::SALLY_E_RANGE if
 * the buffer is too small. */
SALLY_API sally_error sally_server_get(const sally_server *server, const char *name, char *value,
                                       size_t size);

/** Sets the authenticator, which decides who may log in; held. Replaces the previous authenticator,
 * even while the server runs. NULL: all logins are rejected. ::SALLY_E_STATE after
 * sally_server_add_user(). */
SALLY_API sally_error sally_server_set_auth(sally_server *server, sally_auth *auth);

/** The simple way to add a user: name, password (plain text or hashed; NULL for none), storage
 * (held). Cannot be combined with sally_server_set_auth() (::SALLY_E_STATE). ::SALLY_E_INVALID for
 * an empty name; for a password the errors of sally_auth_users_add(). */
SALLY_API SALLY_MUST_CHECK sally_error sally_server_add_user(sally_server *server, const char *name,
                                                             const char *password, sally_fs *fs);

/** Adds a set of hooks; copied. Before the server starts: later ::SALLY_E_STATE. ::SALLY_E_INVALID
 * for an invalid struct_size, and for unknown flags and members that are not zero;
 * ::SALLY_E_NO_MEMORY. */
SALLY_API SALLY_MUST_CHECK sally_error sally_server_add_hooks(sally_server *server,
                                                              const sally_hooks *hooks);

/** Sets the function for log lines that are at least as urgent as `level`. NULL: none (the
 * default). Before the server starts: later ::SALLY_E_STATE. */
SALLY_API sally_error sally_server_set_log(sally_server *server, sally_log_fn *log, void *user_data,
                                           uint32_t level);

/** Changes the level of sally_server_set_log(), even while the server runs: from then on, lines at
 * least as urgent as `level` are written; 0: none. ::SALLY_E_RANGE above ::SALLY_LOG_DEBUG. Any
 * thread. */
SALLY_API sally_error sally_server_set_log_level(sally_server *server, uint32_t level);

/** Adds a host key; held. There is one key per type; a later one replaces an earlier one. A server
 * that starts without any generates its own for its lifetime: ed25519, ECDSA (nistp256) and,
 * except in pump mode, RSA of 3072 bits, which a thread generates within seconds of the start. */
SALLY_API SALLY_MUST_CHECK sally_error sally_server_add_host_key(sally_server *server,
                                                                 sally_key *key);

/** The host key at `index` in the order of preference. The caller gets a reference, to be released
 * with sally_key_unref(): the key stays valid when the server replaces it or is freed.
 * ::SALLY_E_NOT_FOUND after the last key; `*out` is then NULL. */
SALLY_API SALLY_MUST_CHECK sally_error sally_server_host_key(sally_key **out,
                                                             const sally_server *server,
                                                             size_t index);

/** Options of a listener. Everything that it points to is copied, except `auth`, which is held.
 *
 * Behind a proxy such as HAProxy, or a load balancer, set `server.proxy_protocol` to "required" and
 * `server.proxy_trusted` to the proxies' addresses: each connection then begins with a header of
 * the PROXY protocol (version 1 or 2), and everything (::sally_peer, hooks, limits, penalties,
 * from= in authorized_keys, the log) uses the client's address from it. With "optional", the
 * proxies may omit it. Peers that are not listed are refused with "required"; with "optional" they
 * are treated as clients, for which a header is a protocol error. A connection that a proxy
 * declares as its own (LOCAL, UNKNOWN), such as a health check, has the proxy's address, and costs
 * no penalty if it ends without a login. For Unix domain sockets ("sftp+fd://N"), the entry "unix"
 * trusts every peer. */
typedef struct sally_listener_options {
    size_t struct_size; /**< sizeof(sally_listener_options) */
    const char *url;  /**< "sftp://HOST:PORT" with a numeric address or name; no host or "*" for all
                         addresses of both families, "[::]" for all of IPv6 alone, "0.0.0.0" for
                         all of IPv4 alone; port 0 picks a free one, the same for all its
                         addresses; "sftp+fd://N" for a listening socket that the process inherited,
                         which the server owns from then on */
    sally_auth *auth; /**< who may log in here; NULL: the server's current authenticator */
    const sally_setting_value *settings; /**< setting_count of them, with ::SALLY_SCOPE_LISTENER;
                                            they override the server's for connections made here */
    size_t setting_count;                /**< 0: none */
} sally_listener_options;

/**
 * Opens a listener. The sockets listen when this returns; connections are accepted once the server
 * runs. Possible until the server is shut down. `out` may be NULL: then the listener can only be
 * closed together with all others, by sally_server_stop_listening(). Otherwise `*out` is valid
 * until sally_listener_close() or the server's end, whichever comes first.
 *
 * ::SALLY_E_INVALID, ::SALLY_E_ADDRESS, ::SALLY_E_STATE after a shutdown; for the URL
 * ::SALLY_E_PARSE and ::SALLY_E_UNSUPPORTED; for settings the errors of sally_server_set(), and
 * ::SALLY_E_UNSUPPORTED without ::SALLY_SCOPE_LISTENER. Settings must be valid together with the
 * server's: ::SALLY_E_RANGE if a list that must not be empty would become empty, or if
 * `server.proxy_protocol` is not "off" while `server.proxy_trusted` is empty, here, and also in
 * sally_server_set() when a change there would have that effect on a listener. On an error, no
 * socket listens, `*out` is NULL, and a socket of "sftp+fd://" remains the caller's.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_server_listen(sally_server *server,
                                                           const sally_listener_options *options,
                                                           sally_listener **out);

/** Short for sally_server_listen() with this URL and nothing else. */
SALLY_API SALLY_MUST_CHECK sally_error sally_server_add_listener(sally_server *server,
                                                                 const char *url);

/** The actual address at `index` of the listener, such as "sftp://127.0.0.1:40213": one per
 * socket, so two for both families. NULL after the last one. Valid until the server is freed.
 * Any thread. */
SALLY_API const char *sally_listener_url(const sally_listener *listener, size_t index);

/** Its port, the same at all its addresses; 0 for a socket without one. Any thread. */
SALLY_API uint16_t sally_listener_port(const sally_listener *listener);

/**
 * Stops accepting connections there; existing connections are not affected. Does not wait: when
 * this returns, connecting to its addresses fails, and the server can listen there again, for
 * instance with a new listener with other options. The descriptors are closed by the server's
 * network thread, a moment later if the server runs: until then, a socket of "sftp+fd://" still
 * listens, and a program that does not set SO_REUSEADDR cannot bind to the port. The listener is
 * freed in any case. Any thread, even inside callbacks. NULL is allowed.
 */
SALLY_API void sally_listener_close(sally_listener *listener);

/** Listens on the sockets that systemd hands over (sd_listen_fds(3)). Returns how many, or an error
 * (negative): ::SALLY_E_RANGE for more than 1000, else as sally_server_listen(). The environment is
 * read, not changed. */
SALLY_API SALLY_MUST_CHECK sally_error sally_server_add_systemd_listeners(sally_server *server);

/** The addresses of all open listeners, as in sally_listener_url(), in the order they were opened.
 * NULL after the last one. Valid until the server is freed. */
SALLY_API const char *sally_server_listener(const sally_server *server, size_t index);

/** Takes over a connected socket; the server owns it even if the call fails. No PROXY header is
 * read from it. `protocol`: "sftp". `connection_id` may be NULL, and is set on success only.
 * ::SALLY_E_LIMIT: refused by a limit, or by a penalty of its peer's address, and
 * sally_server_error() names the setting; ::SALLY_E_UNSUPPORTED for another protocol,
 * ::SALLY_E_CLOSED if the server has ended. */
SALLY_API SALLY_MUST_CHECK sally_error sally_server_adopt(sally_server *server, int fd,
                                                          const char *protocol,
                                                          uint64_t *connection_id);

/** Runs the server with its own threads until it is shut down. Errors as for sally_server_start()
 * and sally_server_wait(). */
SALLY_API SALLY_MUST_CHECK sally_error sally_server_run(sally_server *server);

/** Starts the server's threads and returns. ::SALLY_E_STATE if it was started, polled or shut down
 * before; ::SALLY_E_RANGE if no host key can sign by an algorithm of "ssh.host_key_algorithms";
 * ::SALLY_E_CRYPTO if a host key cannot be generated; ::SALLY_E_SYSTEM if threads cannot be made.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_server_start(sally_server *server);

/**
 * Pump mode: does all pending work, waiting at most `timeout_ms` for work to arrive (-1: no limit;
 * 0: not at all), and returns. No thread of the library runs, so storages that block also block the
 * caller, unless `server.workers` is set. Always call it from the same thread. Returns 1 while the
 * server runs, 0 once it has been shut down, and a negative value for an error. After
 * ::SALLY_E_BUSY, which is returned in the cases of sally_server_wait(), it may be called again.
 */
SALLY_API int sally_server_poll(sally_server *server, int timeout_ms);

/** Pump mode: a descriptor that is readable when sally_server_poll() has work to do; it never
 * changes. Watch it level-triggered: one call of poll may leave work. -1 if the system does not
 * support this. The first call of this, of poll or of timeout begins pump mode. */
SALLY_API int sally_server_fd(sally_server *server);

/** Pump mode: milliseconds after which poll should be called even if the descriptor does not become
 * readable; -1: no limit. */
SALLY_API int sally_server_timeout(const sally_server *server);

/** Closes all listeners, as sally_listener_close() does, except that the program's pointers stay
 * valid until it closes them too. Connections are not affected. New listeners can be opened until
 * the server is shut down. */
SALLY_API sally_error sally_server_stop_listening(sally_server *server);

/** Stops accepting connections, gives open ones `grace_ms` milliseconds to end, then closes them;
 * run() and the threads of start() end after that. Returns at once. Calling it again can only
 * shorten the time. Must not be called in a signal handler: write to a pipe there, or use
 * signalfd(2). */
SALLY_API sally_error sally_server_shutdown(sally_server *server, uint64_t grace_ms);

/** Waits until a started server has ended. ::SALLY_E_STATE if it was not started. ::SALLY_E_BUSY
 * inside one of its callbacks, and when a shutdown's grace period is over but no storage or
 * authenticator has answered for `limits.storage_time` (3 seconds by default): sally_server_error()
 * then names the pending operations and their users. The shutdown continues as they are answered;
 * call this again. */
SALLY_API sally_error sally_server_wait(sally_server *server);

/** Like sally_server_wait(), but waits at most `timeout_ms` milliseconds (0: does not wait;
 * negative: as long as sally_server_wait() does). ::SALLY_E_TIMEOUT if the server is still running:
 * call it again. Several threads may wait. */
SALLY_API sally_error sally_server_wait_for(sally_server *server, int64_t timeout_ms);

/** A connection as sally_server_each_connection() shows it. Its pointers are valid until `each`
 * returns. */
typedef struct sally_connection_info {
    size_t struct_size;     /**< size of the structure of the library that made it: members behind
                               this are not there */
    uint64_t id;            /**< its number */
    const sally_peer *peer; /**< where it comes from */
    const char *user;       /**< "" before login */
    const char *state;      /**< "handshake", "login", "open", "closing" */
    uint64_t connected_ns;  /**< wall clock, nanoseconds since 1970 */
    uint64_t idle_ns;       /**< nanoseconds since the last byte was received */
    uint64_t bytes_in;      /**< from the network */
    uint64_t bytes_out;     /**< to the network */
    uint32_t sessions;      /**< sftp channels */
    uint32_t open_files;    /**< files and directories */
    uint32_t operations;    /**< in flight */
    uint32_t rekeys;        /**< key exchanges after the first */
    const char *algorithms; /**< "curve25519-sha256 ssh-ed25519 aes128-gcm@openssh.com ..." */
    const char *activity;   /**< a running transfer, such as "get /movie.mkv"; "" for none */
    uint64_t activity_done; /**< bytes of it */
    /** its size if known, otherwise 0. The storage is asked for it (FSTAT) if a client opens a
     * file for reading less than three seconds after such a call */
    uint64_t activity_size;
} sally_connection_info;

/** Calls `each` for every connection, from a snapshot, on the caller's thread. Return false from it
 * to stop. */
SALLY_API sally_error sally_server_each_connection(sally_server *server,
                                                   bool (*each)(void *user_data,
                                                                const sally_connection_info *info),
                                                   void *user_data);

/** An open file as sally_server_each_file() shows it. Its pointers are valid until `each`
 * returns. */
typedef struct sally_file_info {
    size_t struct_size;     /**< size of the structure of the library that made it: members behind
                               this are not there */
    uint64_t connection_id; /**< the connection's number */
    uint64_t session_id;    /**< sally_session_id() */
    uint64_t file_id;       /**< sally_file_id(): unique in its session */
    const char *user;       /**< who has it open */
    const char *path;       /**< after redirection by hooks */
    uint64_t size; /**< its size if known, otherwise 0: see sally_connection_info::activity_size */
    const sally_file_facts *facts; /**< its statistics so far */
} sally_file_info;

/** Calls `each` for every file that a client has open, on the caller's thread. Return false from it
 * to stop. Files that the program opened itself, and directories, are omitted. The files of one
 * connection come in the order in which they were opened. `each` gets copies, made for up to 128
 * files at a time: meanwhile files may have been closed or opened. No network thread waits for
 * `each`. ::SALLY_E_NO_MEMORY. Any thread, even inside callbacks. */
SALLY_API sally_error sally_server_each_file(sally_server *server,
                                             bool (*each)(void *user_data,
                                                          const sally_file_info *info),
                                             void *user_data);

/** Ends a connection with a text for the client. ::SALLY_E_NOT_FOUND. Takes effect soon, not at
 * once. */
SALLY_API sally_error sally_server_disconnect(sally_server *server, uint64_t connection_id,
                                              const char *text);

/** Starts a new key exchange. ::SALLY_E_NOT_FOUND. Takes effect soon. */
SALLY_API sally_error sally_server_rekey(sally_server *server, uint64_t connection_id);

/** Changes what the user of one connection may do (SALLY_MAY_ bits; 0: nothing): in all its current
 * sessions, as sally_session_set_permissions() does, and in those that it opens later. A
 * connection that has not logged in yet will get the permissions of its login.
 * ::SALLY_E_NOT_FOUND. Takes effect soon. */
SALLY_API sally_error sally_server_set_permissions(sally_server *server, uint64_t connection_id,
                                                   uint32_t permissions);

/** Changes a setting for one connection. The value overrides the one set at the user's login, even
 * if that login is still to come. A list with +, - or ^ (::SALLY_SETTING_LIST) modifies the user's
 * list, or the server's if the user has none; if a list that must not be empty would become empty,
 * nothing changes, and this is logged. SFTP sessions that are already running keep the `sftp.`
 * settings, `limits.open_files`, `.operations` and `.session_bytes` that they began with; use
 * sally_auth_set() to set these before the session begins. ::SALLY_E_NOT_FOUND (setting or
 * connection), ::SALLY_E_PARSE, ::SALLY_E_RANGE, ::SALLY_E_UNSUPPORTED for a setting without
 * ::SALLY_SCOPE_CONNECTION. Takes effect soon. */
SALLY_API sally_error sally_server_set_connection(sally_server *server, uint64_t connection_id,
                                                  const char *name, const char *value);

/** Totals since the server was created, except members ending in _now. */
typedef struct sally_counters {
    size_t struct_size;                       /**< in: sizeof(sally_counters) */
    uint64_t connections;                     /**< accepted */
    uint64_t connections_refused;             /**< by a limit, a penalty or a hook */
    uint64_t connections_now;                 /**< open now */
    uint64_t connections_unauthenticated_now; /**< of these, not logged in yet */
    uint64_t logins;                          /**< accepted */
    uint64_t logins_rejected;                 /**< attempts that were rejected */
    uint64_t sessions_now;                    /**< sftp channels open now */
    uint64_t operations;                      /**< requests answered */
    uint64_t operations_failed;               /**< of these, with an error */
    uint64_t files_now;                       /**< files and directories open now */
    uint64_t bytes_in;                        /**< from the network */
    uint64_t bytes_out;                       /**< to the network */
    uint64_t bytes_read;                      /**< from storages */
    uint64_t bytes_written;                   /**< to storages */
    uint64_t rekeys;                          /**< key exchanges after the first */
    uint64_t memory_now;                      /**< bytes charged to `limits.memory` */
} sally_counters;

/** A snapshot of the counters. Nothing beyond `counters->struct_size` bytes is written, and members
 * that this library does not know are zero. ::SALLY_E_INVALID if it is not set. Any thread. */
SALLY_API sally_error sally_server_counters(sally_server *server, sally_counters *counters);

SALLY_END_DECLS

#endif
