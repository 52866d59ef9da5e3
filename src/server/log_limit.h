/* A rate limit on log lines about clients that have not logged in, per address and in total. Lines
 * beyond it are counted, and reported as sums. A forgotten address starts with a full burst, so one
 * address's flood only affects others through the total limit. Fixed memory; time is passed in; not
 * locked. */
#ifndef SALLY_SERVER_LOG_LIMIT_H
#define SALLY_SERVER_LOG_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/address.h"

#define LOG_LIMIT_SETS 32
#define LOG_LIMIT_WAYS 4
#define LOG_SUMS       9 /* at most, at a time: the addresses with most lines, and all others */

/* Lines per second; 0: no limit. Bursts may be ten times as long. */
struct log_rates {
    uint64_t per_address, in_all;
};

struct log_limit {
    uint64_t all_ns; /* when the lines so far would have been due at the permitted rate */
    struct log_source {
        uint64_t due_ns; /* the same for one address */
        uint64_t left_out;
        char network[ADDRESS_TEXT_SIZE]; /* address_network(); "": free */
    } sources[LOG_LIMIT_SETS][LOG_LIMIT_WAYS];
    struct log_sum {
        uint64_t lines;
        uint64_t addresses;              /* 1, or how many are summed up */
        char network[ADDRESS_TEXT_SIZE]; /* "": of several */
    } others;                            /* of addresses that have been forgotten */
    uint64_t since_ns;                   /* of the first line that no sum includes yet; 0: none */
};

/* Whether a line of this size may be written; if not, it is counted. */
bool log_limit_allows(struct log_limit *limit, const struct log_rates *rates, const char *network,
                      size_t size, uint64_t now_ns);

/* Takes out the sums of the lines dropped since the last call, the first of them at *since_ns;
 * returns how many sums there are. */
size_t log_limit_pop_sums(struct log_limit *limit, struct log_sum sums[LOG_SUMS],
                          uint64_t *since_ns);

#endif
