/* What all settings come to. A set never changes once it is made, so that whoever holds one may
 * read it without a lock for as long as it likes: a change makes another one. */
#ifndef SALLY_SETTINGS_SETTINGS_H
#define SALLY_SETTINGS_SETTINGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings/layer.h"

struct settings {
    _Atomic uint32_t refs;
    struct settings *base; /* held; NULL: the defaults */

    /* Numbers and bytes as they are, durations in nanoseconds. */
    uint64_t limits_auth_attempts;
    uint64_t limits_buffered_bytes;
    uint64_t limits_channels;
    uint64_t limits_connections;
    uint64_t limits_connections_per_address;
    uint64_t limits_connections_per_user;
    uint64_t limits_idle_ns;
    uint64_t limits_login_ns;
    uint64_t limits_open_files;
    uint64_t limits_operations;
    uint64_t limits_session_bytes;
    uint64_t limits_stall_ns;
    uint64_t limits_storage_ns;
    uint64_t limits_unauthenticated;
    uint64_t limits_unauthenticated_per_address;
    uint64_t server_backlog;
    uint64_t server_loops;
    uint64_t server_password_hash_jobs;
    uint64_t server_receive_buffer;
    uint64_t server_send_buffer;
    uint64_t server_trim_heap_ns;
    uint64_t server_worker_stack;
    uint64_t server_workers;
    uint64_t server_workers_per_connection;
    uint64_t server_workers_per_user;
    uint64_t server_workers_unauthenticated;
    uint64_t sftp_list_dots;
    uint64_t sftp_max_names;
    uint64_t sftp_max_packet;
    uint64_t sftp_max_read;
    uint64_t sftp_max_version;
    uint64_t sftp_max_write;
    uint64_t sftp_umask_version;
    uint64_t ssh_channel_packet;
    uint64_t ssh_keepalive_count;
    uint64_t ssh_keepalive_ns;
    uint64_t ssh_rekey_bytes;
    uint64_t ssh_rekey_ns;
    uint64_t ssh_send_queue;
    uint64_t ssh_strict_kex_for_etm;
    uint64_t ssh_strict_kex_required;
    uint64_t ssh_window_max;
    uint64_t ssh_window_start;

    /* Texts and lists, never NULL. A list is what it came to: "+name", "-name" and "^name" are
     * resolved. */
    const char *sftp_allow_requests;
    const char *sftp_deny_requests;
    const char *sftp_filename_charset;
    const char *ssh_banner;
    const char *ssh_ciphers;
    const char *ssh_commands;
    const char *ssh_compression;
    const char *ssh_host_key_algorithms;
    const char *ssh_kex;
    const char *ssh_macs;
    const char *ssh_public_key_algorithms;
    const char *ssh_software;
};

/* What the layers come to on top of `base` (NULL: on top of the defaults), the last one winning. A
 * list with +, - or ^ changes the list of the layers below. Texts that no layer sets are
 * shared with `base`, which is held. SALLY_E_NO_MEMORY; SALLY_E_RANGE when a list that must not be
 * empty becomes so; `why` gets a sentence then. */
sally_error settings_resolve(struct settings **out, struct settings *base,
                             const struct setting_layer *const layers[], size_t count,
                             char why[SETTINGS_WHY_SIZE]);
struct settings *settings_ref(struct settings *s);
void settings_unref(struct settings *s);

/* The value as text, as it might be set. SALLY_E_NOT_FOUND, SALLY_E_RANGE when it does not fit. */
sally_error settings_get(const struct settings *s, const char *name, char *out, size_t size);

#endif
