/* Bounds that connections share: how many there are in all, from one address, of one user, not
 * logged in; and the memory promised to clients. Any thread. */
#ifndef SALLY_SERVER_LIMITS_H
#define SALLY_SERVER_LIMITS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/settings.h"

#define TALLY_BUCKETS 1024

struct tally_entry;

/* How many there are of each name. */
struct tally {
    pthread_mutex_t lock;
    struct tally_entry *buckets[TALLY_BUCKETS];
};

struct limits {
    struct tally addresses, users;
    struct tally strangers; /* addresses of those who have not logged in */
    _Atomic uint64_t connections, unauthenticated;
    _Atomic uint64_t buffered_bytes;
};

void limits_init(struct limits *limits);
void limits_clear(struct limits *limits);

/* One more of `name`; false when there are `maximum` already (0: no maximum), or memory is short.
 */
bool tally_take(struct tally *tally, const char *name, uint64_t maximum);
void tally_give(struct tally *tally, const char *name);

/* The same for a plain number. */
bool count_take(_Atomic uint64_t *count, uint64_t amount, uint64_t maximum);
void count_give(_Atomic uint64_t *count, uint64_t amount);

/* Counts a new connection that has not logged in yet, from `network` (see address_network(); "":
 * unknown, not limited). NULL: it may come in; else the setting that refuses it. */
const char *limits_admit(struct limits *limits, const struct settings *settings,
                         const char *network);
/* It has logged in, or is gone before that. */
void limits_logged_in(struct limits *limits, const char *network);
void limits_left(struct limits *limits, const char *network);

#endif
