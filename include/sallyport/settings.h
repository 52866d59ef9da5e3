/**
 * @file sallyport/settings.h
 * Settings: the table of everything that sally_server_set() can set.
 */
#ifndef SALLYPORT_SETTINGS_H
#define SALLYPORT_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"

SALLY_BEGIN_DECLS

/** Types of settings. */
enum {
    SALLY_SETTING_NUMBER = 1,   /**< a whole number */
    SALLY_SETTING_BYTES = 2,    /**< a number with an optional K, M or G (powers of 1024) */
    SALLY_SETTING_DURATION = 3, /**< a number with ms, s, m, h or d; seconds without one */
    SALLY_SETTING_BOOL = 4,     /**< yes or no (also on, off, true, false, 1, 0) */
    SALLY_SETTING_TEXT = 5,     /**< any text */
    SALLY_SETTING_LIST =
        6 /**< names (or what the setting's help says), separated by commas; or a modification in
             OpenSSH's notation: +a,b appends both, -a,b removes both, ^a,b puts both first, and
             +a,-b does one after the other. After a -, names may be patterns with * and ?. It
             modifies the value of the layer below, or the default if set for the server. In
             sftp.allow_requests an empty list means all requests: there, +a means "only a", and -a
             is ::SALLY_E_RANGE. To deny a single request, add it to sftp.deny_requests */
};

/** Where a setting can be set, as bits. A connection's value overrides its user's, a user's the
 * listener's, and a listener's the server's. */
enum {
    SALLY_SCOPE_SERVER = 1,     /**< for the server: sally_server_set() */
    SALLY_SCOPE_LISTENER = 2,   /**< for one listener's connections: sally_server_listen(); for one
                                   connection before it begins: sally_connection_set() */
    SALLY_SCOPE_USER = 4,       /**< for one user's connection, at its login: sally_auth_set() */
    SALLY_SCOPE_CONNECTION = 8, /**< for one connection: sally_server_set_connection() */
    SALLY_SCOPE_RUNNING = 16 /**< for the server, even while it is running: new connections use the
                                new value. Without this bit, only before the server starts */
};

/** Describes a setting. Everything in it is static. */
typedef struct sally_setting {
    const char *name;          /**< such as "ssh.rekey_bytes" */
    uint32_t type;             /**< SALLY_SETTING_ value */
    uint32_t scope;            /**< SALLY_SCOPE_ bits */
    const char *default_value; /**< as text */
    const char *minimum; /**< as text; "" if there is none. If the default is 0, then 0 is allowed
                            even if it is less than this */
    const char *maximum; /**< as text; "" if there is none */
    const char *help;    /**< one line */
} sally_setting;

/** A setting with a value. */
typedef struct sally_setting_value {
    const char *name;  /**< such as "ssh.rekey_bytes" */
    const char *value; /**< as text */
} sally_setting_value;

/** The setting at `index`, in alphabetical order; NULL after the last one. Any thread. */
SALLY_API const sally_setting *sally_setting_at(size_t index);

/** The setting of this name; NULL if there is none. Any thread. */
SALLY_API const sally_setting *sally_setting_find(const char *name);

/** The name at `index` of those that the list setting `name` may contain, best first. NULL after
 * the last one, for settings of another type, and for limits.penalty_exempt and
 * server.proxy_trusted, which contain IP addresses and networks. Lists of requests also accept
 * names on the wire, which sally_server_get() returns as the names of this function (statvfs for
 * statvfs@openssh.com), and a storage's own requests, whose names contain an @. Static. Any
 * thread. */
SALLY_API const char *sally_setting_choice_at(const char *name, size_t index);

SALLY_END_DECLS

#endif
