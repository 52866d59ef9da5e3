/* Users and addresses that have connections now, by name: users who are logged in, addresses that
 * connections come from. Whatever is counted or shared per user or per address is kept in one
 * object. Any thread. */
#ifndef SALLY_SERVER_USAGE_H
#define SALLY_SERVER_USAGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/account.h"
#include "loop/lanes.h"
#include "loop/shares.h"
#include "loop/work.h"
#include "server/networks.h"
#include "server/rate.h"
#include "settings/settings.h"

#define USAGE_BUCKETS 1024

struct usage_table;

/* The first member of struct user_usage and struct address_usage. */
struct usage {
    struct usage_table *table;
    struct usage *next; /* in its bucket */
    uint64_t refs;      /* guarded by the table's lock, as are the counts */
    const char *name;   /* stored after the object */
};

struct user_usage {
    struct usage usage;
    uint64_t connections; /* logged in under this name */
    struct lane_group lanes;
    struct share tasks;            /* WORK_TASKS */
    struct account memory, files;  /* of all its connections; any thread */
    struct rate rates[DIRECTIONS]; /* of all its connections */
};

/* An IPv4 address or a network of 64 bits of IPv6; or one of the networks around it (networks.h),
 * of which only the unauthenticated connections are counted. */
struct address_usage {
    struct usage usage;
    struct address_usage *around; /* held; NULL: the widest one */
    uint32_t weight;              /* how many addresses' share it may take */
    uint64_t connections;
    uint64_t unauthenticated; /* of these */
    uint64_t reserved;        /* of these, in the reserve (unauthenticated_places.h) */
    uint64_t proxy_headers;   /* awaited from there, in place of a connection */
    /* Waiting work of its clients before login: WORK_FIRST_UNAUTHENTICATED and up. */
    struct share tasks[WORK_COUNT - WORK_FIRST_UNAUTHENTICATED];
    struct account memory; /* of these; any thread */
};

struct usage_table {
    pthread_mutex_t lock;
    size_t object_size;
    void (*init)(struct usage *usage);
    void (*clear)(struct usage *usage); /* before it is freed, not under the lock; NULL: nothing */
    struct account *memory, *files;     /* in total; NULL: not counted here */
    struct usage *buckets[USAGE_BUCKETS];
};

/* The objects' charges also go to these accounts. */
void user_usage_table_init(struct usage_table *table, struct account *memory,
                           struct account *files);
void address_usage_table_init(struct usage_table *table, struct account *memory);
/* There are no references to its objects. */
void usage_table_clear(struct usage_table *table);

/* A reference to the object of this name, which is created if necessary; NULL: out of memory. The
 * object is freed with its last reference. */
struct user_usage *user_usage_get(struct usage_table *users, const char *name);
/* Of the first one, an IP address; it holds those around it. */
struct address_usage *address_usage_get(struct usage_table *addresses,
                                        const struct networks *networks);
/* Where tasks of this kind of an address wait (NULL: it is unknown). Returns a reference that the
 * task must hold until it has gone home. */
struct usage *address_usage_share(struct address_usage *address, enum work kind,
                                  struct share **share);
/* Sets the limits from these settings; the last call counts. */
void user_usage_set_limits(struct user_usage *user, const struct settings *settings);
void address_usage_set_limits(struct address_usage *address, const struct settings *settings);
struct usage *usage_ref(struct usage *usage);
void usage_unref(struct usage *usage); /* NULL is allowed */

/* Increments `count`, a member of the object. False: it is `maximum` already (0: no maximum). */
bool usage_increment(struct usage *usage, uint64_t *count, uint64_t maximum);
void usage_decrement(struct usage *usage, uint64_t *count);

#endif
