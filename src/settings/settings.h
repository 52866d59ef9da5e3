/* A set of all settings, resolved. A set never changes once it is made, so its holders may read it
 * without a lock for as long as they like; a change makes a new set. */
#ifndef SALLY_SETTINGS_SETTINGS_H
#define SALLY_SETTINGS_SETTINGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scp/settings.h"
#include "settings/layer.h"
#include "sftp/settings.h"
#include "ssh/settings.h"

/* How logins are checked. */
struct auth_settings {
    bool strict_modes;
};

/* Limits for connections of any protocol: counts, bytes, nanoseconds; zero means "no limit" or
 * "never" where the table allows it. */
struct limits_settings {
    uint64_t memory, memory_per_user, memory_per_connection;
    uint64_t open_files_total, open_files_per_user;
    uint64_t connections, connections_per_address, connections_per_user;
    uint64_t log_lines, log_lines_per_address; /* per second */
    uint64_t unauthenticated, unauthenticated_per_address;
    uint64_t known_addresses, penalty_addresses;
    uint64_t idle_ns, login_ns, stall_ns, storage_ns;
    uint64_t failure_delay_ns, known_ns, proxy_header_ns;
    uint64_t penalty_failed_login_ns, penalty_login_time_ns, penalty_no_login_ns;
    uint64_t penalty_protocol_error_ns, penalty_min_ns, penalty_max_ns;
    uint64_t rate_in, rate_in_per_user, rate_out, rate_out_per_user; /* bytes per second */
    const char *penalty_exempt;
    uint32_t auth_attempts, channels, open_files, operations, session_bytes;
    /* Percent: */
    uint32_t unauthenticated_rate, unauthenticated_reserve, unauthenticated_start;
};

/* Settings with which the server itself is created. Zero: see the table. */
struct server_settings {
    const char *proxy_protocol, *proxy_trusted;
    uint64_t trim_heap_ns;
    uint32_t backlog, digest_jobs, loops, password_hash_jobs;
    uint32_t receive_buffer, send_buffer;
    uint32_t worker_stack, workers;
    uint32_t workers_per_connection, workers_per_user, workers_unauthenticated;
};

/* One struct for each prefix of names. Texts are never NULL; lists are resolved. */
struct settings {
    _Atomic uint32_t refs;
    struct settings *base; /* held; NULL: the defaults */
    struct auth_settings auth;
    struct limits_settings limits;
    struct server_settings server;
    struct sftp_settings sftp;
    struct ssh_settings ssh;
    struct scp_settings scp; /* "ssh.commands" */
};

/* Resolves the layers on top of `base` (NULL: on top of the defaults); the last one wins. A list
 * with +, - or ^ modifies the list of the layers below. Texts that no layer sets are shared with
 * `base`, which is held. SALLY_E_NO_MEMORY; SALLY_E_RANGE if a list that must not be empty becomes
 * empty; `why` then explains it in a sentence. */
sally_error settings_resolve(struct settings **out, struct settings *base,
                             const struct setting_layer *const layers[], size_t count,
                             char why[SETTINGS_WHY_SIZE]);
struct settings *settings_ref(struct settings *s);
void settings_unref(struct settings *s);

/* The value as text, in a form that can be set. SALLY_E_NOT_FOUND; SALLY_E_RANGE: it does not
 * fit. */
sally_error settings_get(const struct settings *s, const char *name, char *out, size_t size);

#endif
