/* A client and a server engine, joined in memory: no socket, no clock, the same random bytes in
 * every run. */
#ifndef SALLY_TEST_ENGINE_PAIR_H
#define SALLY_TEST_ENGINE_PAIR_H

#include "cmocka_all.h"

#include "base/login_query.h"
#include "base/mem.h"
#include "crypto/packet_cipher.h"
#include "crypto/public_key.h"
#include "ssh/disconnect.h"
#include "ssh/ext_info.h"
#include "ssh/jobs.h"
#include "ssh/kex.h"
#include "ssh/kexinit.h"
#include "ssh/messages.h"
#include "ssh/send.h"
#include "ssh/transport.h"

#define PAIR_KEYS_MAX 5

struct pair;

/* One engine and what its owner has heard. */
struct side {
    struct pair *pair;
    struct ssh *ssh;
    struct side *other;
    uint64_t random;
    struct list jobs; /* given out and not run yet */
    uint32_t jobs_seen;
    /* Events. */
    uint32_t overs, authenticated, keys_exchanged, rekeyed;
    uint32_t service_events; /* everything that only someone who is logged in may cause */
    uint32_t auth_questions, auth_failures;
    enum ssh_end end;
    char end_detail[300];
    char algorithms[512];
    bool host_key_seen;
    /* The one channel. */
    struct ssh_channel *channel;
    bool opened, request_ok, request_answered, eof, closed;
    uint64_t received; /* bytes of the pattern that came; wrong ones fail the test */
    uint64_t sent;     /* bytes of the pattern given to the engine */
    uint64_t moved;    /* bytes that left the engine */
};

struct pair {
    struct crypto *crypto;
    struct side client, server;
    uint64_t now_ns;
    size_t cut;          /* most bytes that move at once; 0: all */
    uint64_t cut_random; /* not 0: cuts are random, up to `cut` */
    bool keep_jobs;      /* jobs are not run by pair_run() */
    bool distrust;       /* the client refuses the host key */
    bool any_data;       /* what comes need not be the pattern */
    /* Before anything is moved: may change what is about to leave. */
    void (*tamper)(struct pair *p, struct side *from, uint8_t *data, size_t size);
    uint64_t tamper_at;
    void (*in_event)(struct side *s); /* from inside of every event, first thing */
    bool jobs_at_once;                /* from inside of the event that gives them out */
    struct ssh_options client_options, server_options;
};

/* For cmocka: one crypto and one key of every type for all tests of a program. */
int pair_group_setup(void **state);
int pair_group_teardown(void **state);

/* Default options for both; change them, then pair_start(). */
void pair_init(struct pair *p, void **state);
void pair_use_key(struct pair *p, void **state, const char *type);
void pair_start(struct pair *p);
sally_error pair_new_server(struct pair *p); /* the server alone */
void pair_free(struct pair *p);

/* At most `max` bytes from one engine to the other, and the receiver's ssh_run(). Returns how many.
 */
size_t pair_move(struct side *from, size_t max);
/* Jobs of one side run and done. */
bool pair_do_jobs(struct side *s);
/* Until nothing moves any longer. */
void pair_run(struct pair *p);
/* Byte by byte in this direction only, jobs included, until the receiver's state is reached. */
void pair_run_until(struct side *from, enum ssh_state state);

/* pair_start() and on: to a state that both engines have reached. */
void pair_exchange_keys(struct pair *p);
void pair_log_in(struct pair *p);
void pair_open_channel(struct pair *p);

/* `size` bytes more of the pattern into the channel. */
void side_send(struct side *s, size_t size);

/* A packet in the clear, as before the first keys, appended to `out`. */
void put_clear_packet(struct buf *out, struct slice payload);
/* Bytes as if they had come from the peer. */
void side_feed(struct side *s, struct slice data);
/* A payload in the clear, as before the first keys. */
void side_feed_clear(struct side *s, struct slice payload);
/* Seals a payload with the engine's present keys, whatever its state, and gives it to the peer at
 * once; nothing else may wait. */
void side_inject(struct side *s, struct slice payload);
/* Changes the first KEXINIT that waits in the output, and what the engine remembers of it. */
void side_patch_kexinit(struct side *s, void (*patch)(uint8_t *payload, size_t size));
/* For it: the peer seems not to know strict key exchange. */
void patch_away_strict(uint8_t *payload, size_t size);
/* Any output that waits is dropped. */
void side_drop_output(struct side *s);

#define assert_alive(side)                                                                         \
    do {                                                                                           \
        if (ssh_is_over((side)->ssh))                                                              \
            fail_msg("over: %s", (side)->end_detail);                                              \
    } while (0)

#endif
