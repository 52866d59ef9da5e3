/* The settings of the SSH engine. In a header of their own, so that the table of settings depends
 * on nothing else of the engine. */
#ifndef SALLY_SSH_SETTINGS_H
#define SALLY_SSH_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a connection begins with and keeps until it ends. Texts are lent, and must outlive the
 * engine. */
struct ssh_fixed_settings {
    const char *software; /* after "SSH-2.0-" */
    const char *banner;   /* server: shown before login; NULL or "": none */
    /* Names with commas, best first; NULL: the defaults of the tables. Unknown names are
     * ignored. */
    const char *kex, *host_key_algorithms, *ciphers, *macs, *compression, *public_key_algorithms;
    /* Whether the peer must use strict key exchange: always; or if chacha20-poly1305 or an
     * encrypt-then-MAC is agreed on. With these but without strict key exchange, an attacker can
     * remove messages at the start unnoticed (CVE-2023-48795, "Terrapin"). */
    bool strict_kex_required, strict_kex_for_etm;
    uint32_t gex_max_bits; /* server: of a group that is offered (RFC 4419) [4096] */
};

/* ssh_change() replaces all but `fixed`. Zero means "never" for a time, "no limit" for rekey_bytes,
 * and otherwise the default in brackets. */
struct ssh_settings {
    struct ssh_fixed_settings fixed;
    uint64_t rekey_bytes; /* of either direction */
    uint64_t rekey_ns;
    uint64_t keepalive_ns;    /* between keepalive@openssh.com requests on an idle connection */
    uint32_t keepalive_count; /* unanswered keepalives before disconnecting [3] */
    uint32_t window_start;    /* bytes of the window a channel starts with [2 MiB] */
    uint32_t window_upload;   /* the owner's: for ssh_channel_expect() */
    uint32_t window_max;      /* maximum size of the window [64 MiB] */
    uint32_t channel_packet;  /* bytes of CHANNEL_DATA announced as acceptable [256 KiB] */
    uint32_t send_queue; /* bytes of sealed output that may wait; more is not sealed [512 KiB] */
};

/* All compression methods, those of the default first; NULL after the last one. */
const char *ssh_compression_at(size_t index);

#endif
