/* The connection protocol (RFC 4254), shared by the files of this service: channels, their
 * requests, and global requests. */
#ifndef SALLY_SSH_CONNECTION_H
#define SALLY_SSH_CONNECTION_H

#include "base/list.h"
#include "ssh/engine.h"
#include "ssh/protocol.h"
#include "ssh/window.h"

#define WINDOW_LEAST      (64u << 10) /* what a channel starts with when memory is short */
#define CHANNEL_TRIES_MAX 8  /* subsystem and exec requests that may be refused before all are */
#define PROOFS_MAX        16 /* clients ask once; each costs signatures */

struct ssh_channel {
    struct ssh *ssh;
    uint32_t number, peer_number;
    void *data; /* the owner's */
    /* Out. */
    struct list busy;   /* in connection.busy, while there may be something to send */
    struct list chunks; /* struct chunk */
    size_t queued;
    uint32_t peer_window, peer_packet;
    /* In. */
    struct window window;
    uint32_t packet_max;
    uint64_t opened_ns; /* when the peer was told, or asked; 0: it has answered */
    /* How far it is. */
    bool open;      /* confirmed by whoever was asked */
    bool known;     /* the owner has heard of it, and hears of its end */
    bool running;   /* server: a subsystem or command was started; client: always */
    uint32_t tries; /* server: to start one */
    bool peer_eof;  /* received */
    bool eof_wanted, eof_sent;
    bool close_wanted; /* the owner is done: what still comes is dropped */
    bool close_sent;
    bool has_status;
    uint32_t status;          /* client: received; server: to be sent */
    uint32_t replies_awaited; /* of our requests on this channel */
};

struct connection {
    struct ssh_channel **channels; /* by number; NULL where free */
    uint32_t slots, count;
    uint32_t numbers; /* that channels have had so far: 0 up to this */
    struct list busy; /* channels in turn */
    bool no_more_sessions;
    uint32_t keepalives_awaited;
    uint32_t proofs; /* requests to prove host keys that were served */
};

/* connection.c */
struct window_budget connection_budget(struct ssh *ssh);
void connection_out_of_memory(struct ssh *ssh);
/* A new channel at the lowest free number; `*refusal`: why not, a RFC 4254 section 5.1 reason. */
struct ssh_channel *channel_new(struct ssh *ssh, uint32_t *refusal);
/* Its owner hears the end; chunks, window and number are given back. */
void channel_free(struct ssh_channel *ch);
/* The channel that a message is about, or NULL, the connection being ended: nobody has this number.
 */
struct ssh_channel *channel_of(struct ssh *ssh, uint32_t number);
/* The same for messages that do no harm when they come late: NULL without an end, too, for a number
 * that both sides have closed. */
struct ssh_channel *channel_or_gone(struct ssh *ssh, uint32_t number);

/* channel_send.c */
enum channel_step {
    STEP_SENT,    /* a packet; there may be more */
    STEP_NOTHING, /* nothing to send, or no window for it */
    STEP_BLOCKED, /* the transport takes no data now */
    STEP_OVER     /* the connection has ended */
};
enum channel_step channel_step(struct ssh_channel *ch);
/* There may be something to send. */
void channel_wake(struct ssh_channel *ch);
void channel_drop_chunks(struct ssh_channel *ch);
bool channel_has_output(const struct ssh_channel *ch);

/* channel_request.c: a message of this channel's, with what stands in each. */
struct buf *channel_message(struct ssh_channel *ch, uint8_t number);

enum { /* RFC 4254 section 5.1 */
       OPEN_PROHIBITED = 1,
       OPEN_CONNECT_FAILED = 2,
       OPEN_UNKNOWN_TYPE = 3,
       OPEN_RESOURCE_SHORTAGE = 4
};

#endif
