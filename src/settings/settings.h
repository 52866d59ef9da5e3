/* The one table of settings as a typed struct. A set of settings never changes once others can see
 * it: a change makes a copy, so that whoever holds one may read it without a lock for as long as it
 * likes. */
#ifndef SALLY_SETTINGS_SETTINGS_H
#define SALLY_SETTINGS_SETTINGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sallyport/settings.h"

struct settings {
    _Atomic uint32_t refs;

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
    char *sftp_allow_requests;
    char *sftp_deny_requests;
    char *sftp_filename_charset;
    char *ssh_banner;
    char *ssh_ciphers;
    char *ssh_commands;
    char *ssh_compression;
    char *ssh_host_key_algorithms;
    char *ssh_kex;
    char *ssh_macs;
    char *ssh_public_key_algorithms;
    char *ssh_software;
};

/* All defaults; NULL when memory is short. */
struct settings *settings_new(void);
struct settings *settings_ref(struct settings *s);
void settings_unref(struct settings *s);
struct settings *settings_copy(const struct settings *from);

/* Changes one value of a set that nobody else sees yet. SALLY_E_NOT_FOUND, _PARSE, _RANGE,
 * _NO_MEMORY; `why` gets a sentence then. */
#define SETTINGS_WHY_SIZE 2048 /* has room for all names of the longest list */
sally_error settings_set(struct settings *s, const char *name, const char *value,
                         char why[SETTINGS_WHY_SIZE]);
/* The value as text that settings_set() would take. SALLY_E_NOT_FOUND, SALLY_E_RANGE when it does
 * not fit. */
sally_error settings_get(const struct settings *s, const char *name, char *out, size_t size);

/* Whether a layer, named by its SALLY_SCOPE_ bit, may have this value: as settings_set(), and
 * SALLY_E_UNSUPPORTED for settings of other layers. */
sally_error setting_check(uint32_t layer, const char *name, const char *value,
                          char why[SETTINGS_WHY_SIZE]);

#endif
