/* A key exchange that is running, and the messages of its method. */
#ifndef SALLY_SSH_KEX_H
#define SALLY_SSH_KEX_H

#include "crypto/kex_method.h"
#include "ssh/engine.h"
#include "ssh/negotiate.h"

struct kex_outcome; /* kex_job.h */

/* From our KEXINIT to the peer's NEWKEYS. What it awaits also determines what may be sent: from our
 * KEXINIT to our NEWKEYS, only messages of the exchange. The first exchange advances ssh->state,
 * later ones do not change it. */
struct kex {
    enum ssh_state awaits; /* AWAIT_KEXINIT, AWAIT_KEX (both offers are known), AWAIT_NEWKEYS (ours
                              is sent) */
    bool skip_guess;  /* the peer's guess was wrong: its next packet of the method is ignored */
    uint8_t expected; /* the message of the method that is awaited; 0: none */
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
    struct packet_cipher *next_in;   /* keys that the peer's NEWKEYS puts into use */
};

struct kex *kex_new(struct ssh *ssh); /* NULL: no memory */
void kex_free(struct transport *t);

/* Moves the exchange on to its next state. */
void kex_advance(struct ssh *ssh, enum ssh_state next);
/* The peer's NEWKEYS has come: the exchange is complete, and freed. */
void kex_complete(struct ssh *ssh);

/* Whether the first exchange is running or still to come. */
static inline bool kex_is_first(const struct ssh *ssh)
{
    return ssh->state < AWAIT_SERVICE;
}
/* Whether we send only messages of the exchange. `k`: NULL when none is running. */
static inline bool kex_is_sending(const struct kex *k)
{
    return k && k->awaits != AWAIT_NEWKEYS;
}
/* Whether we accept only messages of the exchange. */
static inline bool kex_is_receiving(const struct kex *k)
{
    return k && k->awaits != AWAIT_KEXINIT;
}

/* Both KEXINITs are known and algorithms agreed on: begins the method's messages. */
void kex_start(struct ssh *ssh);
ssh_handler on_kex_method;
/* The job's answer. */
void kex_done(struct ssh *ssh, const struct kex_outcome *outcome);
/* Writes a public value as the method encodes it in its messages and in the exchange hash. */
void kex_put_public(struct buf *b, const struct kex_method *m, struct slice value);

#endif
