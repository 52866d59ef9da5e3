/* The inside of the SFTP engine, for the files of this folder.
 *
 * The path of a request: input.c splits the byte stream into packets; dispatch.c and extensions.c
 * find the handler in request_map.h; the handlers parse requests and submit operations (request.c);
 * answers.c turns the results into replies; reply.c packs replies into chunks. */
#ifndef SALLY_SFTP_ENGINE_H
#define SALLY_SFTP_ENGINE_H

#include "base/buf.h"
#include "core/blocks.h"
#include "sftp/handles.h"
#include "sftp/names.h"
#include "sftp/quirks.h"
#include "sftp/sftp.h"

enum sftp_state {
    AWAIT_INIT,
    AWAIT_START, /* the storage is asked to start the session; VERSION comes next */
    READY,
    BROKEN /* nothing more is read */
};

/* The WRITE whose data is arriving: it is received straight into the operation's buffer. */
struct incoming {
    struct op *op;     /* NULL: none */
    uint32_t received; /* bytes of data */
    size_t trailing;   /* bytes after the data, to be skipped */
    bool is_credited;  /* the data is credited as it comes: see sftp_options.window */
};

/* The READDIR that is performed before the client requests it. */
struct ahead {
    struct op *op; /* NULL: none */
    bool is_done;  /* its names wait for the client */
    bool wanted;   /* the client waits for them, with this request: */
    uint32_t id;
    size_t size;
};

struct sftp {
    sally_session *session;
    struct sftp_options options;
    struct sftp_events events;
    void *user_data;
    enum sftp_state state;
    uint32_t version;       /* 3 to 6 */
    uint32_t quirks;        /* the client's */
    uint32_t default_attrs; /* SALLY_ATTR_ bits sent to clients that do not ask for any */
    uint32_t all_attrs;     /* SALLY_ATTR_ bits for clients that do not select attributes */
    uint32_t last_stat_flags, last_stat_attrs; /* flags of the last STAT, and the corresponding
                                                * bits */
    struct naming naming;                      /* of files */
    uint64_t denied;                           /* bits by enum request_id: see request_lists.h */
    uint64_t requests; /* received since VERSION, including the current one */

    struct buf waiting; /* bytes that cannot be used yet: the start of a packet, or requests that
                           must wait */
    size_t credited;    /* bytes of the packet at the front of `waiting` that were credited ... */
    uint64_t credited_charge; /* ... and are charged to the session's memory instead */
    struct incoming incoming;
    bool ended; /* the peer will send no more */

    uint32_t active;    /* requests with the session, not answered yet */
    bool exclusive;     /* one of them prevents later ones from starting: see request_exclusive() */
    bool reads_at_once; /* the last READ was answered while it was submitted */
    struct handles handles;
    uint32_t uploads;  /* files that are open for writing, or being opened */
    uint32_t listings; /* READDIRs with the session that the client asked for */
    struct ahead ahead;

    struct blocks *blocks;
    struct buf scratch;  /* the reply being built */
    struct block *batch; /* small replies to be sent together */
    size_t batch_size;
    bool second_batch; /* since the last flush: many replies are coming, so make room for them */
    struct list ready; /* chunks for events.send */
    size_t credit;     /* bytes answered since the last flush */

    const char *broken; /* reason for the owner */
    bool end_reported;  /* by the event broken or finished */
    bool closing, free_pending;
    uint32_t depth; /* depth of calls from the owner */
    void (*on_closed)(void *user_data);
    void *closed_user_data;
};

/* Unread replies of this size hold back further requests; the data of READs is limited by the
 * session. */
#define MAX_BACKLOG ((size_t)1024 * 1024)

/* Minimum memory for a request: its operation, and a batch of replies. */
#define REQUEST_ROOM ((size_t)20 * 1024)
/* Whether there is memory for a request that needs this much. If none is in progress, it may use
 * the user's reserve. */
bool engine_has_memory(const struct sftp *s, size_t size);
/* A file is being opened, or (`more`: -1) closed. */
void engine_count_upload(struct sftp *s, uint32_t open_flags, int more);

/* Must surround everything that may call the owner, which may close the engine from inside an
 * event: leaving frees the engine if it was closed. */
void engine_enter(struct sftp *s);
void engine_leave(struct sftp *s);
/* The peer broke the protocol, or memory is short: nothing more is read, and the owner is notified
 * soon. `detail` is static. */
void engine_break(struct sftp *s, const char *detail);
void engine_out_of_memory(struct sftp *s); /* the same, for this reason */
/* The session has ended: frees the engine, now or when it is left. */
void engine_end(struct sftp *s);

#endif
