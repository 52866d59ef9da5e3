/* A request: as received, and while its operation is in progress. */
#ifndef SALLY_SFTP_REQUEST_H
#define SALLY_SFTP_REQUEST_H

#include "core/file.h"
#include "sftp/engine.h"

/* A request as received. */
struct request_in {
    uint32_t id;
    size_t size;         /* bytes on the wire, including the length field */
    struct cursor body;  /* what follows the id */
    const char *message; /* out: a text to go with the status; NULL: the status's own */
};

/* Handles one kind of request: submits an operation or replies, and returns SALLY_OK; any other
 * status becomes the reply. */
typedef sally_status handle_fn(struct sftp *s, struct request_in *in);

/* Replies when the operation is done. True: the operation is kept, and freed later. */
typedef bool answer_fn(struct sftp *s, struct op *op);

struct listing; /* listing.h */

/* What the engine remembers of a request while its operation is in progress: op->owner. */
struct request {
    struct sftp *s;
    answer_fn *answer;
    size_t size;      /* credit to give */
    sally_file *file; /* the operation is about it; NULL: none */
    struct block *block;
    struct listing *listing;
    void *plan;          /* of a request that takes several operations: from mem_alloc, or NULL */
    uint32_t open_flags; /* of an OPEN */
    bool exclusive;      /* s->exclusive is on its account */
    /* Called once, before the operation is submitted; NULL: nothing. True: it submits the operation
     * later, or has failed it. */
    bool (*before_submit)(struct sftp *s, struct op *op);
    struct op *waiting; /* the request for which this one checks the path; NULL: none. See
                         * trailing_slash.c */
};

static inline struct request *request_of(const struct op *op)
{
    return op->owner;
}

/* NULL when memory is short. */
struct op *request_begin(struct sftp *s, const struct request_in *in, uint32_t kind,
                         answer_fn *answer);
/* Gives the operation to the session, with request_of(op)->file; SALLY_OK. */
sally_status request_submit(struct sftp *s, struct op *op);
/* Ends an operation that was not submitted; returns `status`. */
sally_status request_drop(struct op *op, sally_status status);
/* Submits the operation if `status`, of its preparation, is SALLY_OK; otherwise discards it. */
sally_status request_submit_or_drop(struct sftp *s, struct op *op, sally_status status);
/* Answers an operation with `status` as if it had been submitted. */
void request_fail(struct op *op, sally_status status);
/* No later request starts until this operation and those that continue its request are done: for
 * requests whose steps must not be interrupted by others. */
void request_exclusive(struct op *op);
/* In an answer_fn: the next operation of the same request, which takes over its id, credit and
 * plan. The answer_fn then returns false, having submitted or undone it. NULL when memory is
 * short. */
struct op *request_continue(struct op *before, uint32_t kind, answer_fn *answer);
/* Undoes request_continue() if `next` was not submitted. */
void request_undo(struct op *next, struct op *before);
/* Submits `next` if `status`, of its preparation, is SALLY_OK; else undoes it and answers the
 * request with the status. `next` may be NULL: memory is short. */
void request_submit_next(struct sftp *s, struct op *next, struct op *before, sally_status status);
/* The text for OPENs beyond the session's limit, which is logged. */
const char *request_too_many_files(struct sftp *s);
/* Frees a finished operation and what is attached to it. */
void request_end(struct op *op);
/* Credits a request that was answered without an operation. Returns SALLY_OK. */
sally_status request_answered(struct sftp *s, const struct request_in *in);

#endif
