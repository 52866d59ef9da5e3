/* For the tests of the services: two engines joined in memory (a duo), and one engine alone that
 * has been put into a state, speaks without cipher and is fed message by message (a bare one). */
#ifndef TEST_PAIR_SERVICES_H
#define TEST_PAIR_SERVICES_H

#include "base/login_query.h"
#include "ssh/engine.h"
#include "ssh/protocol.h"

struct duo;

struct duo_side { /* the user_data of its engine's events */
    struct ssh *ssh;
    struct duo *duo;
    bool over;
    enum ssh_end end;
    char detail[128];
    unsigned logged_in;
};

struct duo {
    struct crypto *crypto;
    sally_key *host_keys[2];
    struct ssh_options server_options, client_options; /* to be changed before duo_start() */
    struct ssh_events server_events, client_events;
    struct duo_side server, client;
    void *test; /* the test's own */
    uint64_t now_ns;
    bool cut;       /* hand bytes over in pieces of random size */
    uint32_t seed;  /* for them */
    bool keep_jobs; /* jobs wait for duo_do_job() */
    struct list jobs;
};

/* Everything with its defaults; the server's events accept every login. */
void duo_prepare(struct duo *d);
void duo_start(struct duo *d);
/* Until no byte moves any longer. */
void duo_run(struct duo *d);
/* Moves what is there now, once, each way. False: there was nothing. */
bool duo_step(struct duo *d);
/* Prepared, started, logged in with a password. */
void duo_log_in(struct duo *d);
bool duo_do_job(struct duo *d); /* false: none is waiting */
/* A server's session channel with this subsystem, from the client's call on; returns the client's
 * channel. */
struct ssh_channel *duo_open(struct duo *d, const char *subsystem);
void duo_stop(struct duo *d);

/* One engine alone: ready to be fed in `state`. */
struct bare {
    struct ssh *ssh;
    struct crypto *crypto;
    sally_key *host_key;
    struct ssh_options options;
    struct ssh_events events;
    void *user_data;
    bool recording; /* bare_feed() keeps the payloads for bare_play() */
    struct buf script;
};
void bare_prepare(struct bare *b, enum ssh_role role);
void bare_start(struct bare *b, enum ssh_state state);
/* Dispatches a copy of the payload as the receive loop would, and lets the engine send. */
void bare_feed(struct bare *b, struct slice payload);
/* Feeds what was recorded; nothing but the engine allocates. */
void bare_play(struct bare *b);
/* The next message that it sent, valid until the next call; size 0: there is none. */
struct slice bare_sent(struct bare *b);
/* Skips to the next message of this number; size 0: none came. */
struct slice bare_sent_number(struct bare *b, uint8_t number);
void bare_stop(struct bare *b);

/* A payload being built, for bare_feed(). */
struct buf *payload(struct buf *room, uint8_t number);

/* A chunk on the heap with a copy of the bytes; frees itself when released. */
struct chunk *heap_chunk(const void *data, size_t size);

#endif
