/* The transport layer's inside (RFC 4253), shared by its files:
 *
 *   transport.c  the object, the run loop, what the owner may ask      version.c   identification
 * lines receive.c    from the receive buffer to a message's payload        messages.c  which
 * message may come when send.c       from a payload to the send buffer               disconnect.c
 * how it ends kexinit.c    offers and what follows from them                     negotiate.c two
 * offers, one agreement kex.c        the methods' messages kex_job.c   what is computed elsewhere
 *   newkeys.c    new keys, and taking them into use                    ext_info.c, ping.c,
 * compress.c, timers.c, jobs.c
 *
 * A key exchange after the first one leaves ssh->state alone. What counts then is `kex`: from our
 * KEXINIT to our NEWKEYS we send nothing but the exchange; from the peer's KEXINIT to its NEWKEYS
 * we accept nothing else. Both begin and end independently. */
#ifndef SALLY_SSH_TRANSPORT_H
#define SALLY_SSH_TRANSPORT_H

#include "crypto/hash.h"
#include "crypto/kex_method.h"
#include "crypto/public_key.h"
#include "ssh/engine.h"
#include "ssh/protocol.h"

#define IDENTIFICATION_MAX  255u          /* RFC 4253 section 4.2, with CR LF */
#define LOGIN_PACKET_MAX    (64u * 1024)  /* packet_length accepted before the login */
#define LOGIN_INPUT_MAX     (512u * 1024) /* bytes accepted before the login, all in all */
#define LOGIN_EXCHANGES_MAX 4u            /* key exchanges before the login */
#define KEXINIT_MAX         (64u * 1024)  /* payload of an offer */
#define UNIMPLEMENTED_MAX   64u /* messages of unassigned numbers in a connection's life */
#define CONTROL_ROOM                                                                               \
    (64u * 1024) /* sealed answers allowed beyond options.send_bound before input stops */
#define WAITING_MAX  (256u * 1024) /* payloads that wait for the end of a key exchange */
#define ANSWER_MAX   (192u * 1024) /* more than one message can make us answer */
#define PADDING_POOL 1024u

/* The identification lines, without CR LF: V_C and V_S. */
struct identification {
    char line[IDENTIFICATION_MAX + 1];
    size_t size;
};

struct agreed_direction {
    const struct cipher_info *cipher;
    const struct mac_info *mac; /* NULL for an AEAD cipher */
    const struct compression_method *compression;
};
struct agreement {
    const struct kex_method *kex;
    const struct signature_algorithm *host_key;
    struct agreed_direction in, out;
};

/* One direction of the line. The counts are those under the present keys. */
struct direction {
    struct packet_cipher *cipher;
    const struct cipher_info *info;               /* NULL before the first NEWKEYS */
    const struct compression_method *compression; /* agreed on; NULL before the first NEWKEYS */
    struct compressor *compressor;                /* NULL: not running */
    uint32_t sequence;
    uint64_t packets, bytes;
};

/* A running key exchange; freed when both NEWKEYS have been. */
struct kex {
    bool sent_init, received_init, sent_newkeys;
    bool skip_guess;  /* the peer's guess was wrong: its next packet of the method is ignored */
    uint8_t expected; /* the method's message that is awaited; 0: none */
    uint64_t started_ns;
    struct buf our_init, peer_init; /* payloads: I_C and I_S */
    struct agreement agreed;
    sally_key *host_key;       /* server: lent by the options */
    uint32_t min, wanted, max; /* RFC 4419, bits */
    struct buf group_p;        /* GEX: the group's own bytes when the peer sent it */
    struct kex_group group_sent;
    const struct kex_group *group;
    struct kex_ephemeral *ephemeral; /* client */
    struct buf ours;                 /* client: its public value */
    struct packet_cipher *next_in;   /* keys that the peer's NEWKEYS takes into use */
};

struct receive_buffer {
    uint8_t *data;
    size_t start, end, capacity;
    uint32_t packet_length; /* of the packet at start, once length_known */
    bool length_known;
    size_t room; /* given out last */
    bool bulk;   /* reads filled all the room they were given */
};

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
    struct kex *kex;          /* NULL: no exchange is running */
    bool strict;              /* both sides speak draft-ietf-sshm-strict-kex */
    bool first_done;          /* the first key exchange is complete */
    bool peer_ext_info;       /* the peer's first KEXINIT asked for EXT_INFO */
    bool ext_info_here;       /* RFC 8308 section 2.4: the next message may be EXT_INFO */
    bool success_must_follow; /* client: an EXT_INFO before USERAUTH_SUCCESS was taken */
    bool rekey_wanted;
    bool authenticated;
    bool compression_started; /* USERAUTH_SUCCESS has gone over the line */
    bool run_wanted;          /* something happened outside of ssh_run() that it must look at */
    bool over_owed, services_freed;
    bool eof;
    uint8_t session_id[HASH_MAX_SIZE];
    size_t session_id_size;
    uint32_t exchanges; /* key exchanges completed */
    uint32_t exchanges_begun;
    uint32_t unimplemented;
    uint64_t login_input; /* bytes of packets before the login */
    uint32_t holds;
    uint32_t depth; /* calls into the engine that are on the stack */
    struct list jobs;
    char *algorithms;      /* text for people */
    char *user_algorithms; /* server-sig-algs */
    enum ssh_end end;
    const char *end_detail;
    char *end_text; /* where the detail is no constant */
    uint64_t started_ns, heard_ns, active_ns, rekeyed_ns;
    uint32_t keepalives;   /* sent since the peer was last heard */
    uint64_t keepalive_ns; /* when the last one was */
};

/* transport.c */
/* Every call from outside that may lead to events stands between these: what is owed is delivered
 * by the outermost leave. */
void transport_enter(struct ssh *ssh);
void transport_leave(struct ssh *ssh);
void transport_log(const struct ssh *ssh, uint32_t level, const char *event, const char *format,
                   ...) __attribute__((format(printf, 4, 5)));
static inline bool transport_is_sending_kex(const struct transport *t)
{
    return t->kex && t->kex->sent_init && !t->kex->sent_newkeys;
}
static inline bool transport_is_receiving_kex(const struct transport *t)
{
    return t->kex &&
           t->kex->received_init; /* the peer's NEWKEYS ends the exchange: see newkeys.c */
}

/* disconnect.c */
/* Reason 0: nothing is sent. `detail` is static. */
void transport_end(struct ssh *ssh, uint32_t reason, enum ssh_end end, const char *detail);
void transport_no_memory(struct ssh *ssh);
/* Delivers the end to services and owner, once. */
void transport_deliver_end(struct ssh *ssh);
bool on_disconnect(struct ssh *ssh, struct cursor *payload);

/* version.c */
sally_error version_init(struct ssh *ssh);
/* Takes the peer's line off the receive buffer. False: it is not complete yet, or the connection
 * was ended. */
bool version_receive(struct ssh *ssh);

/* receive.c */
size_t receive_room(struct ssh *ssh, uint8_t **room);
/* The next message's payload, valid until the next call. False: none is complete, or the connection
 * was ended. */
bool receive_packet(struct ssh *ssh, struct slice *payload, uint32_t *sequence);
void receive_trim(struct transport *t);

/* send.c */
size_t send_bound(const struct ssh *ssh);
/* The output is so long that no more input is processed. */
bool send_is_full(const struct ssh *ssh);
void send_waiting(struct ssh *ssh);
/* Seals now, whatever the state of the key exchange. False: the connection was ended. */
bool send_now(struct ssh *ssh, struct slice head, struct slice body);

/* messages.c */
void messages_dispatch(struct ssh *ssh, struct slice payload, uint32_t sequence);

/* kexinit.c */
/* An error has ended the connection. SALLY_E_INVALID: the options leave nothing to offer. */
sally_error kexinit_send(struct ssh *ssh);
bool on_kexinit(struct ssh *ssh, struct cursor *payload);
void kex_free(struct transport *t);

/* negotiate.c */
struct kex_offer { /* the lists of a KEXINIT in the order of RFC 4253 section 7.1 */
    struct slice kex, host_key;
    struct slice cipher[2], mac[2], compression[2]; /* 0: client to server */
    struct slice language[2];
    bool guess_follows;
};
bool kex_offer_parse(struct kex_offer *offer, struct cursor *payload); /* behind the number */
/* What could not be agreed on is named by *failed, and the lists in *ours, *theirs; NULL: all was.
 */
const char *kex_agree(enum ssh_role role, const struct kex_offer *client,
                      const struct kex_offer *server, struct agreement *out,
                      struct slice *client_list, struct slice *server_list);

/* kex.c */
void kex_start(struct ssh *ssh); /* both KEXINITs are known and agreed on */
bool on_kex_method(struct ssh *ssh, struct cursor *payload);

/* kex_job.c */
struct kex_outcome {
    sally_error error;
    struct slice host_key_blob, ours, secret, hash, signature;
};
void kex_job_start(struct ssh *ssh, struct slice host_key_blob, struct slice peer,
                   struct slice signature);

/* newkeys.c */
/* Derives both directions' keys; sends NEWKEYS and uses its own. */
bool newkeys_send(struct ssh *ssh, struct slice secret, struct slice hash);
bool on_newkeys(struct ssh *ssh, struct cursor *payload);
void kex_done(struct ssh *ssh, const struct kex_outcome *outcome); /* kex.c: the job's answer */

/* ext_info.c */
bool ext_info_init(struct ssh *ssh);
void ext_info_send(struct ssh *ssh);
bool on_ext_info(struct ssh *ssh, struct cursor *payload);

/* ping.c */
bool on_ping(struct ssh *ssh, struct cursor *payload);

/* compress.c */
struct compression_method {
    const char *name;
    bool deflates; /* from the end of the login on */
};
/* Rows in the order of preference; NULL past the last one. */
const struct compression_method *compression_method_at(size_t index);
const struct compression_method *compression_method_find(struct slice name);
/* The streams of zlib@openssh.com. */
struct compressor;
struct compressor *compressor_new(bool deflates);
void compressor_free(struct compressor *c);
/* Appends the whole of head + body, flushed so that the receiver can inflate all of it. */
bool compressor_deflate(struct compressor *c, struct slice head, struct slice body,
                        struct buf *out);
/* Appends what the packet inflates to, at most out->max bytes. */
bool compressor_inflate(struct compressor *c, struct slice packet, struct buf *out);
/* Starts the streams that have been agreed on once the login is over. False: no memory. */
bool compress_start_in(struct transport *t);
bool compress_start_out(struct transport *t);

/* timers.c */
bool rekey_is_due(const struct ssh *ssh);

/* jobs.c */
void jobs_abandon(struct ssh *ssh);

#endif
