/* A scripted client for tests: it drives an engine over a store, in pieces of any size, and takes
 * its replies apart. */
#ifndef TEST_SFTP_PEER_H
#define TEST_SFTP_PEER_H

#include "base/buf.h"
#include "sftp/protocol.h"
#include "sftp/sftp.h"
#include "sftp/store.h"

enum peer_cut {
    CUT_NOTHING, /* everything in one call */
    CUT_BYTES,   /* one byte per call */
    CUT_RANDOM   /* pieces of random size */
};

struct peer_options {
    uint32_t version; /* 0: 3 */
    uint32_t max_version;
    uint32_t traits;
    uint64_t without; /* storage slots that are NULL */
    uint32_t max_operations;
    uint32_t max_files;
    size_t max_bytes;
    uint32_t max_packet, max_read, max_write, max_names, max_unsent;
    uint32_t permissions;
    const char *allow, *deny;
    const char *software; /* the client's; NULL: unknown */
    const char *filename_charset;
    struct charset *charset;
    enum peer_cut cut;
    bool hold;       /* chunks stay with the client until peer_release() */
    bool want_flush; /* the event is listened to */
    bool list_dots;
    bool resolves;          /* the storage has REALPATH */
    uint32_t umask_version; /* 0: 5 */
    bool no_init;           /* INIT is the test's affair */
    bool workers; /* what may block is done when everything else is, unless they are busy */
};

struct reply {
    uint8_t type;
    uint32_t id;
    struct cursor body; /* after the id */
    size_t size;
    uint8_t bytes[300 * 1024];
};

struct peer {
    struct session_host host; /* first */
    struct store store;
    struct sftp *engine;
    struct peer_options options;
    sally_peer who;
    struct list inbox; /* operations on their way home */
    struct list work;  /* operations for the workers */
    bool are_busy;     /* the workers */
    struct list held;  /* chunks not released */
    size_t held_bytes, most_held;
    struct buf out; /* requests to send */
    size_t place;   /* of the request being built */
    struct buf in;  /* replies not looked at */
    uint32_t next_id;
    size_t sent, credit;
    uint32_t requests, replies;
    uint32_t flush_wishes;
    const char *broken;
    bool finished, session_gone;
    uint32_t credit_calls;
    bool close_on_send, close_on_credit,
        close_on_end; /* the owner loses interest inside an event */
    uint64_t random;
    struct reply reply; /* the last one taken */
};

/* Connected, with INIT and VERSION behind it. The options may be NULL. The store may be filled
 * before or after. */
struct peer *peer_new(const struct peer_options *options);
/* Closes what is open; checks that nothing is left over. */
void peer_free(struct peer *p);
/* After .no_init: INIT and VERSION, which stays in p->reply. */
void peer_init(struct peer *p, uint32_t version);
/* Makes the connection without INIT, over a store that the caller has set up. */
void peer_connect(struct peer *p);
void peer_close(struct peer *p, uint32_t reason);

/* A request: begin, put its fields into &p->out, end. Nothing is sent before peer_go(). */
uint32_t peer_begin(struct peer *p, uint8_t type);
void peer_end(struct peer *p);
/* Sends what was built, delivers what came home, collects replies. */
void peer_go(struct peer *p);
void peer_send_raw(struct peer *p, const void *data, size_t size);
/* Delivers and flushes, without sending. */
void peer_pump(struct peer *p);
/* Gives back up to `count` chunks that were held. */
void peer_release(struct peer *p, size_t count);

/* The next reply; fails the test when there is none. */
struct reply *peer_take(struct peer *p);
bool peer_has_reply(const struct peer *p);
/* The next reply must be this status, for this id. */
void peer_expect_status(struct peer *p, uint32_t id, uint32_t code);
/* ... or this type. The body is at what follows the id. */
struct reply *peer_expect(struct peer *p, uint8_t type, uint32_t id);
void peer_expect_nothing(const struct peer *p);

struct handle {
    uint8_t bytes[256];
    size_t size;
};

/* Whole exchanges. */
struct handle peer_open(struct peer *p, const char *path, uint32_t flags);
/* To read and write what exists, in any version. */
struct handle peer_open_both(struct peer *p, const char *path);
struct handle peer_opendir(struct peer *p, const char *path);
uint32_t peer_send_close(struct peer *p, struct handle h);
void peer_close_handle(struct peer *p, struct handle h);
/* Fields: attributes without any, in the form of the client's version; a handle. */
void peer_put_no_attrs(struct peer *p);
void peer_put_handle(struct peer *p, const struct handle *h);
/* Builds a request of a path, or a handle, and nothing else. */
uint32_t peer_path_request(struct peer *p, uint8_t type, const char *path);
uint32_t peer_handle_request(struct peer *p, uint8_t type, struct handle h);
uint32_t peer_read_request(struct peer *p, struct handle h, uint64_t offset, uint32_t length);
uint32_t peer_write_request(struct peer *p, struct handle h, uint64_t offset, const void *data,
                            size_t size);
uint32_t peer_begin_extended(struct peer *p, const char *name);
/* The same, with no data; with one path, two, or a handle. */
uint32_t peer_extended(struct peer *p, const char *name);
uint32_t peer_extended_path(struct peer *p, const char *name, const char *path);
uint32_t peer_extended_paths(struct peer *p, const char *name, const char *a, const char *b);
uint32_t peer_extended_handle(struct peer *p, const char *name, struct handle h);

#endif
