/* How many lines of the log may be about clients that have not logged in: so many a second about
 * one address, and in all; others are counted, and told in sums. Addresses that are not
 * remembered any more begin anew, so that nobody's flood costs others their lines but by the limit
 * in all. Fixed memory; time is passed in; not locked. */
#ifndef SALLY_SERVER_LOG_LIMIT_H
#define SALLY_SERVER_LOG_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/address.h"

#define LOG_LIMIT_SETS 32
#define LOG_LIMIT_WAYS 4
#define LOG_SUMS       9 /* most sums at a time: the addresses with most lines, and all others */

/* Lines in a second; 0: no limit. Ten times as many may come at once. */
struct log_rates {
    uint64_t per_address, in_all;
};

struct log_limit {
    uint64_t all_ns; /* when all lines so far would have come, had they kept to the rate */
    struct log_source {
        uint64_t due_ns; /* the same of one address */
        uint64_t left_out;
        char network[ADDRESS_TEXT_SIZE]; /* address_network(); "": free */
    } sources[LOG_LIMIT_SETS][LOG_LIMIT_WAYS];
    struct log_sum {
        uint64_t lines;
        uint64_t addresses;              /* 1, or how many are summed up */
        char network[ADDRESS_TEXT_SIZE]; /* "": of several */
    } others;                            /* of addresses that are not remembered any more */
    uint64_t since_ns;                   /* the first line that no sum tells of; 0: none */
};

/* Whether a line of this size may be written; if not, it is counted. */
bool log_limit_allows(struct log_limit *limit, const struct log_rates *rates, const char *network,
                      size_t size, uint64_t now_ns);

/* Takes the sums of what was left out since they were last taken, which began at *since_ns; returns
 * how many there are. */
size_t log_limit_take_sums(struct log_limit *limit, struct log_sum sums[LOG_SUMS],
                           uint64_t *since_ns);

#endif
