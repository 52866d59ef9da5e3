/* The transport layer's object (RFC 4253): both directions of the line, and what is known of the
 * connection. Its parts have a header each:
 *
 *   version.h             the identification lines
 *   receive.h, send.h     from bytes to payloads and back; compress.h
 *   messages.h            which message may come when
 *   kexinit.h, negotiate.h, kex.h, kex_job.h, newkeys.h
 *                         the key exchange, in this order
 *   ext_info.h, ping.h    messages that stand alone
 *   rekey.h               when another exchange starts
 *   timers.h, jobs.h      timers, and computations that run elsewhere
 *   disconnect.h          how it ends
 */
#ifndef SALLY_SSH_TRANSPORT_H
#define SALLY_SSH_TRANSPORT_H

#include "crypto/hash.h"
#include "ssh/engine.h"
#include "ssh/negotiate.h"
#include "ssh/receive.h"
#include "ssh/version.h"

struct cipher_info;
struct compression_method;
struct compressor;
struct kex;
struct packet_cipher;

/* One direction of the line. The counts are those under the present keys. */
struct direction {
    struct packet_cipher *cipher;
    const struct cipher_info *info;               /* NULL before the first NEWKEYS */
    const struct compression_method *compression; /* agreed on; NULL before the first NEWKEYS */
    struct compressor *compressor;                /* NULL: not running */
    uint32_t sequence;
    uint64_t packets, bytes;
};

/* RFC 8308 section 2.4: EXT_INFO comes right after the first NEWKEYS, or right before
 * USERAUTH_SUCCESS. */
enum next_message { NEXT_IS_FREE, NEXT_MAY_BE_EXT_INFO, NEXT_IS_SUCCESS };

struct transport {
    struct identification ours, theirs;
    const char *peer_software; /* inside theirs.line */
    uint32_t peer_quirks;      /* SSH_QUIRK_ bits */
    size_t lines_before;       /* client: lines of text before the server's identification */
    struct direction in, out;
    struct receive_buffer rx;
    struct buf output;  /* sealed */
    struct buf message; /* being built */
    struct buf waiting; /* payloads as strings, until our NEWKEYS */
    struct buf inflated, deflated;
    uint8_t *padding; /* PADDING_POOL bytes; NULL: none are drawn */
    size_t padding_used;
    struct kex *kex;    /* NULL: no exchange is running */
    bool strict;        /* both sides speak draft-ietf-sshm-strict-kex */
    bool peer_ext_info; /* the peer's first KEXINIT asked for EXT_INFO */
    enum next_message next_message;
    bool rekey_wanted;
    bool authenticated;
    bool compression_started; /* USERAUTH_SUCCESS has been sent or received */
    bool run_wanted;          /* something happened outside of ssh_run() that it must process */
    bool end_unreported;      /* OVER, but not reported to the owner */
    uint8_t session_id[HASH_MAX_SIZE];
    size_t session_id_size;
    uint32_t exchanges; /* key exchanges completed */
    uint32_t exchanges_begun;
    uint32_t unimplemented;
    uint64_t login_input; /* bytes of packets before the login */
    uint32_t input_pauses;
    uint32_t depth; /* calls into the engine that are on the stack */
    struct list jobs;
    struct agreement agreed; /* by the last key exchange; kex is NULL before */
    char *algorithms;        /* the same as a text for people */
    char *user_algorithms;   /* server-sig-algs */
    enum ssh_end end;
    const char *end_detail;
    char *end_text; /* storage for a detail that is not constant */
    uint64_t started_ns, heard_ns, active_ns, rekeyed_ns;
    uint32_t keepalives;   /* sent since the peer was last heard */
    uint64_t keepalive_ns; /* when the last one was */
};

/* Every call from outside that may lead to events is enclosed in these: the outermost leave
 * delivers pending events. */
void transport_enter(struct ssh *ssh);
void transport_leave(struct ssh *ssh);
void transport_log(const struct ssh *ssh, uint32_t level, const char *event, const char *format,
                   ...) __attribute__((format(printf, 4, 5)));

/* No input is processed while at least one holder waits for an outside answer (job, auth). */
void ssh_pause_input(struct ssh *ssh);
void ssh_resume_input(struct ssh *ssh);
bool ssh_input_is_paused(const struct ssh *ssh);

/* The exchange hash of the first key exchange: the session identifier. Empty before. */
struct slice ssh_session_id(const struct ssh *ssh);
/* Call right after USERAUTH_SUCCESS was sent or received: delayed compression starts. */
void transport_login_done(struct ssh *ssh);
/* Notes a channel message or data, for the idle deadline. */
void transport_note_activity(struct ssh *ssh);

#endif
