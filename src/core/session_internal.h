/* The internals of a session, for the files of core that implement it. */
#ifndef SALLY_CORE_SESSION_INTERNAL_H
#define SALLY_CORE_SESSION_INTERNAL_H

#include <stdatomic.h>

#include "core/op_kinds.h"
#include "core/session.h"

/* Freed operations kept for the next requests while some are in flight. */
#define SESSION_POOL 64

/* Numbers of operations by order (op_kinds.h). The unknown ones are on files without identity. */
struct order_counts {
    bool exclusive;
    uint32_t reads;
    uint32_t file_reads, unknown_reads;
    uint32_t writes, unknown_writes;
};

/* The stages of a session, in order; it never returns to an earlier one. */
enum session_stage {
    SESSION_OPEN,
    SESSION_DRAINING, /* session_drain(): the client is gone */
    SESSION_CLOSING,  /* session_close(): nothing is started except what the end needs */
    /* The storage was released; operations not yet freed keep the session's memory. */
    SESSION_CLOSED
};

/* What session_schedule() starts may call it again. */
enum schedule_state { SCHEDULE_IDLE, SCHEDULE_RUNS, SCHEDULE_RUNS_AGAIN };

struct sally_session {
    struct session_host *host;
    char *user, *home;
    const sally_peer *peer;
    sally_connection *connection;
    sally_fs *fs;
    _Atomic uint32_t permissions; /* any thread */
    uint32_t denied;              /* of these, for good */
    const char *protocol;         /* static */
    uint32_t version;
    uint64_t id;
    uint32_t max_operations, max_files;
    size_t max_bytes;
    const struct hook_stack *hooks;
    const struct log_sink *log;
    struct counters *counters;
    struct local_account *memory; /* NULL: none */
    struct account *file_account; /* NULL: none */
    void *data;                   /* the program's */
    void *login_data;             /* the program's, of the login */

    struct list queue;          /* waiting for their turn */
    struct list running;        /* started and not done, by run_link */
    uint32_t queued, started;   /* how many in each */
    uint32_t internal_ops;      /* of the started ones, not from the client's queue */
    struct order_counts active; /* the others of the started ones, by what they do to each other */
    struct list inodes;         /* of open files: struct file_inode */
    uint64_t changes;           /* requests of the client so far that may change something */
    uint64_t scan_number;       /* of the last scan of the queue */
    uint32_t worker_ops;        /* of the started ones, handed to workers or late */
    uint64_t next_request, next_file;
    size_t charged_bytes; /* bytes of started operations that are not freed */
    struct list files;    /* open ones */
    uint32_t file_count;  /* open ones, and those being opened */

    struct list pool; /* freed operations */
    uint32_t pooled;
    /* Submitted by the program, and on their way home. Relaxed accesses suffice: the submitting
     * thread is inside a callback of the session or has yet to answer it, and the wake() that
     * brings this answer home makes the addition visible there. */
    _Atomic uint32_t submitted;

    enum session_stage stage;
    enum schedule_state schedule;
    bool is_interrupted;     /* a turn's end prevented queued operations from starting */
    bool has_logged_refusal; /* of a file */
    bool owes_end;           /* SESSION_START succeeded, and SESSION_END is not answered yet */
    bool fs_started;         /* the storage itself has answered SESSION_START with success */
    uint32_t close_reason;   /* SALLY_CLOSED_ value */
    uint32_t end_reason;     /* SALLY_END_ value; 0: not known yet */
    struct op *closing_op;   /* for the closing operations: they must not fail */
    void (*on_closed)(void *user_data);
    void *closed_user_data;
    uint32_t references; /* one for the session itself, one per operation */
};

/* Where the operation enters the storages. */
static inline sally_fs *op_entry_fs(const struct op *op)
{
    return op->fs ? op->fs : op->session->fs;
}

static inline bool session_is_closing(const sally_session *s)
{
    return s->stage >= SESSION_CLOSING;
}

static inline struct log_ids session_ids(const sally_session *s)
{
    return (struct log_ids){.connection = s->peer->connection_id, .session = s->id};
}

/* op.c */
void op_init(struct op *op, sally_session *s,
             uint32_t kind);           /* all except what needs the home thread */
void op_release_memory(struct op *op); /* past the inline bytes */
/* session.c */
void session_release(sally_session *s); /* drops one reference */
/* An operation of the library's own, which does not wait in the queue; NULL when memory is short.
 * The sets of hooks from `first_hook` on see it. Call session_start_op() next. */
struct op *session_own_op(sally_session *s, uint32_t kind, sally_file *file, size_t first_hook);
/* What op_free() does for the session's pool. True: its reply_bytes are free again. */
bool session_put_op(struct op *op);
/* queue.c */
void queue_add(struct op *op);
/* Removes the first operation that may start now; NULL: none. */
struct op *queue_pop_startable(sally_session *s);
/* Removes the first operation, whatever is running; NULL: the queue is empty. */
struct op *queue_pop_first(sally_session *s);
/* Removes the WRITEs of the same file that wait behind this one, and makes them its followers.
 * False: there are none, or this one already has followers. */
bool queue_pop_followers(struct op *op);
/* An operation that was removed to be started has ended. */
void queue_note_end(struct op *op);
/* session_ops.c */
void session_schedule(sally_session *s);
void session_enter_op(struct op *op);     /* its turn has come: prepares its first step */
void session_start_op(struct op *op);     /* starts it and runs its steps as far as possible here */
void session_continue_op(struct op *op);  /* at home: continues an operation that was handed over */
void session_batch_writes(struct op *op); /* starts its followers */
bool op_is_abandonable(const struct op *op); /* it has no effect besides its answer */
bool op_is_unwanted(const struct op *op);    /* and is no longer needed */
/* session_close.c */
void session_close_step(sally_session *s); /* continues the session's end if nothing is running */
/* outcome.c */
void outcome_note(const struct op *op);
void outcome_note_file(const struct op *op);
/* file.c */
sally_file *file_new(sally_session *s, const char *path, uint32_t open_flags, bool directory);
void file_free(sally_file *file);
/* Charges one more open file to the session's accounts. NULL, or the setting that refuses it. */
const char *file_charge(sally_session *s);
void file_uncharge(sally_session *s);
void file_note_moved(const struct op *op); /* facts, after a successful READ, WRITE or COPY */
bool file_set_path(sally_file *file, const char *path);      /* a hook may have redirected its
                                                              * OPEN */
void file_note_flags(sally_file *file, uint32_t open_flags); /* hooks may have changed them */
void file_find_inode(sally_file *file);                      /* once its OPEN has succeeded */
void file_log_close(const sally_file *file);

#endif
