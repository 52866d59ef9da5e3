/* The client's end of the connection: sends requests, and matches replies with the calls that wait
 * for them. Only this code splits the byte stream into replies. */
#ifndef SALLY_CLIENT_CONNECTION_H
#define SALLY_CLIENT_CONNECTION_H

#include "base/buf.h"
#include "base/list.h"
#include "client/arena.h"
#include "client/transport.h"
#include "client/waker.h"
#include "sallyport/client.h"

struct call;

/* An answer has come; `body` is what follows its id, valid during the call only. */
typedef void call_fn(sally_client *c, struct call *call, uint8_t type, struct cursor body);

/* A request that waits for its answer. */
struct call {
    struct list link;
    uint32_t id;
    bool answered;
    bool opens; /* the answer may hold a handle, which must not be lost */
    call_fn *on_answer;
};

struct sally_client {
    struct client_transport *transport; /* NULL: the connection has ended */
    struct waker waker;
    uint32_t version; /* until VERSION has come, the version to request */
    uint32_t timeout_ms, parallel, block_size;
    uint32_t max_packet; /* bytes of the largest request that the server accepts */
    uint32_t max_data;   /* the same for the data of a WRITE */
    uint32_t quirks;     /* bytes of window that the server believes this client to have */
    uint64_t max_get;

    struct buf out, in;
    uint64_t allowance; /* bytes that may go out before the connection is lost */
    uint32_t last_id;
    struct list awaited; /* calls */
    struct buf late;     /* ids (in our byte order) that no call waits for: struct abandoned_call */
    bool is_started;     /* VERSION has come */
    bool ending;         /* the client has sent EOF */
    bool accepts_no_more; /* the server does not read */
    sally_status ended;   /* why the connection was lost */

    struct buf answer; /* the body of the last answer */
    struct arena texts;
    struct buf got; /* the data of the last sally_client_get() */
    struct list files;
    sally_pair *pairs; /* in VERSION */
    size_t pair_count;
    struct arena pair_texts;
    char message[512];

    pthread_mutex_t lock; /* for the two below */
    bool busy;            /* a call is in progress */
    bool cut;             /* by sally_client_cut() */
};

bool connection_init(sally_client *c);
/* Loses the connection, if it is still there. */
void connection_clear(sally_client *c);

/* Begins a call of the API with valid arguments: SALLY_OK, or why it is not possible. */
sally_status connection_enter(sally_client *c, bool sound);
/* Ends it, with `status`. */
sally_status connection_leave(sally_client *c, sally_status status);
void connection_cut(sally_client *c); /* any thread */

/* Sets the message to a text of the client's own. */
sally_status connection_fail(sally_client *c, sally_status status, const char *text);
sally_status connection_no_memory(sally_client *c);
/* The server broke the protocol: closes the connection. */
sally_status connection_malformed(sally_client *c, const char *what);
void connection_lose(sally_client *c, sally_status why);

/* Begins a packet, to which fields are appended; `*place` is for connection_send(). */
struct buf *connection_begin(sally_client *c, uint8_t type, size_t *place);
/* Ends it. SALLY_OK: `call` waits for the answer from now on. Otherwise nothing is sent. */
sally_status connection_send(sally_client *c, size_t place, struct call *call);

/* The deadline for replies to requests sent now. */
uint64_t connection_deadline(const sally_client *c);
/* Makes progress, or waits until it can. SALLY_OK; SALLY_PENDING: nothing happened until the
 * deadline; otherwise the connection is lost. */
sally_status connection_step(sally_client *c, uint64_t deadline);
/* Waits for the reply to the call. Afterwards it is out of the list, even if this failed. */
sally_status connection_await(sally_client *c, struct call *call);
/* Abandons the call. */
void connection_abandon(sally_client *c, struct call *call);

#endif
