/* Penalties for addresses whose clients misbehave before they log in, like OpenSSH's
 * PerSourcePenalties. Each offence costs time. The penalties of an address add up and expire as
 * time passes; once more than `limits.penalty_min` is left, the address is refused until all have
 * expired. The networks around it are charged a part (networks.h), but only while the address is
 * not refused: one address alone does not get its neighbours refused.
 *
 * A full table forgets the penalties that would expire first, like OpenSSH's overflow:permissive:
 * an attacker with enough addresses to fill it escapes some penalties, but cannot lock out others.
 * Any thread. */
#ifndef SALLY_SERVER_PENALTIES_H
#define SALLY_SERVER_PENALTIES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/network_table.h"
#include "server/networks.h"
#include "settings/settings.h"

enum offence {
    OFFENCE_FAILED_LOGIN,
    OFFENCE_LOGIN_TIME,
    OFFENCE_NO_LOGIN,
    OFFENCE_PROTOCOL_ERROR,
};

struct penalties {
    pthread_mutex_t lock;
    struct network_table table; /* struct penalty, in penalties.c */
};

/* What an offence has cost. */
struct penalty_charge {
    uint64_t at_ns;
    uint64_t cost_ns[NETWORKS_MAX]; /* of the address and the networks around it */
};

/* A network that is refused from now on, or no longer. */
struct penalty_change {
    struct ip_network network;
    uint64_t left_ns;
    uint64_t refused; /* connections, since the refusal began */
};

void penalties_init(struct penalties *p, const uint8_t key[SIPHASH_KEY_SIZE]);
void penalties_clear(struct penalties *p);

/* Whether `limits.penalty_exempt` lists the address, or it is not an IP address: these are never
 * charged, refused or delayed. */
bool penalties_exempt(const struct limits_settings *limits, const struct ip_address *address);

/* `charge` may be refunded later. Returns how many networks are refused from now on, in `changes`.
 */
size_t penalties_add(struct penalties *p, const struct limits_settings *limits,
                     const struct ip_address *address, enum offence offence, uint64_t now_ns,
                     struct penalty_charge *charge, struct penalty_change changes[NETWORKS_MAX]);
/* Takes back the part of the charge that has not expired. */
void penalties_refund(struct penalties *p, const struct ip_address *address,
                      const struct penalty_charge *charge, uint64_t now_ns);
/* Whether a connection from this address is refused now; refused ones are counted. */
bool penalties_refuse(struct penalties *p, const struct limits_settings *limits,
                      const struct ip_address *address, uint64_t now_ns);
/* Time left until the address's own penalties have expired. */
uint64_t penalties_left(struct penalties *p, const struct ip_address *address, uint64_t now_ns);
/* Forgets expired penalties. True: a network is no longer refused (*change); call again. */
bool penalties_expire(struct penalties *p, uint64_t now_ns, struct penalty_change *change);

#endif
