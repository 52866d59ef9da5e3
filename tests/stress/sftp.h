/* One SFTP engine of its own (sally_sftp), driven by bytes: what its parts share. */
#ifndef STRESS_SFTP_H
#define STRESS_SFTP_H

#include "base/buf.h"
#include "sallyport/hooks.h"
#include "sallyport/sftp.h"
#include "stress.h"

#define SFTP_MAX_HANDLES  10
#define SFTP_MAX_REQUESTS 420

struct sftp_stress {
    struct dice dice;
    struct late late; /* of the storage */
    sally_fs *fs;

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t changed;
    int open, sessions; /* that the storage holds */
    int submitted, submit_answered;
    uint64_t woken;
    bool destroyed;
};

/* sftp_store.c: a storage that answers late, and submits operations of its own, as the hooks do. */
void sftp_store_start(struct sftp_stress *x, bool threads);
sally_hooks sftp_store_hooks(struct sftp_stress *x);
void sftp_store_stop(struct sftp_stress *x); /* waits for its end, when nothing holds it */

/* sftp_packets.c: a client's packets, and whether the engine's answer them. */
uint32_t sftp_put_requests(struct dice *dice, struct buf *out); /* how many, with ids from 0 */
/* Each request at most once; `all`: each of them. */
void sftp_check_replies(const struct buf *replies, uint32_t requests, bool all);

#endif
