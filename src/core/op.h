/* An operation inside the library: what the user sees (sally_op, the first member) and its internal
 * state.
 *
 * Threads. Every session has a home thread (its connection's loop, or sally_sftp's caller). op_new,
 * op_submit, op_free and on_done are for the home thread. Between op_submit and on_done the
 * operation belongs to the code that runs it: a worker, a storage, a hook. */
#ifndef SALLY_CORE_OP_H
#define SALLY_CORE_OP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/cursor.h"
#include "base/list.h"
#include "core/op_kinds.h"
#include "sallyport/fs.h"
#include "sallyport/op.h"
#include "sallyport/session.h"

enum op_stage {
    OP_NEW,       /* the engine fills it */
    OP_SUBMITTED, /* by the program, from any thread: on its way home */
    OP_QUEUED,    /* waits for its turn in the session */
    OP_CHECK,     /* permissions come next */
    OP_BEFORE,    /* before-hook number `hook` comes next */
    OP_STORAGE,   /* the storage comes next */
    OP_COPY,      /* READs and WRITEs of a COPY come next, on the home thread: copy.c */
    OP_REFRESH,   /* stale names of a READDIR come next, on the home thread: refresh.c */
    OP_AFTER,     /* after-hook number `hook - 1` comes next */
    OP_DONE       /* pub.status is the answer; on_done comes next, at home */
};

/* Why an operation that is not done comes home (session_deliver). */
enum op_wake_reason {
    WAKE_ANSWER, /* a late answer in step_status; all frames are popped */
    WAKE_CANCEL, /* cancelled before the storage's cancel could be called */
    WAKE_STEP    /* its next step must run at home, or other operations had a turn */
};

struct op_paths { /* what a storage was asked about; it may change both on the way down */
    const char *path;
    const char *to; /* of RENAME and LINK */
};

/* A wrapper that waits for the storage inside it (sally_fs_call). What is atomic is read by
 * sally_op_context() while another thread may push and pop frames; relaxed accesses suffice. */
struct op_frame {
    sally_fs *_Atomic fs, *_Atomic inner;
    void *_Atomic context;
    struct op_paths paths;
    sally_done_fn *on_done; /* NULL: the answer goes up as it is */
};

/* Filters that READDIR's entries pass on their way to the sink, the newest first. */
struct op_filter {
    struct op_filter *older;
    sally_entry_fn *see;
    void *context;
};

/* In the operation's memory. */
struct op_name {
    const struct op_name *before;
    uint32_t number; /* from 1 */
    const char *name;
};

/* Continues an operation for which op_resume_later() was called. */
typedef void op_resume_fn(sally_op *op, void *context);

struct fs_ask;
struct op_block; /* of the operation's memory */
struct op_grant;
struct copy;
struct refresh;

/* What an operation was before it became the undo of one of its grants. */
struct op_undo {
    bool active;
    uint32_t kind, first_hook;
    sally_status status;
    const char *message, *path;
    sally_fs *fs;
    sally_fs *held; /* that undoes it now, below a wrapper; NULL: none */
};

/* A bit of op.handoff: the answer is no longer wanted. */
#define OP_CANCELLED 8u

#define OP_INLINE_BYTES  384
#define OP_INLINE_FRAMES 4

struct op {
    sally_op pub; /* must be first */

    /* For the engine: */
    /* Home thread: read pub.status and pub.u; op_free() now or later. */
    void (*on_done)(struct op *op);
    bool (*on_start)(struct op *op); /* home thread, when its turn has come: get buffers. NULL:
                                      * nothing to do. False: pub.status is the answer, or a failure
                                      * when that is still SALLY_OK */
    /* READDIR's sink, in the storage's thread; attrs and longname may be NULL. */
    bool (*entry)(struct op *op, const char *name, const sally_attrs *attrs, const char *longname);
    struct op_filter *filters;       /* ahead of entry; in the operation's memory */
    struct op_filter *first_filters; /* those set before the current hook or storage was asked: if
                                      * it is asked again, it sets its own again */
    void *owner;                     /* the engine's */
    uint32_t request_id;             /* the engine's: SFTP's */
    uint32_t entries;       /* calls of `entry`; a READDIR that succeeds without one is repeated */
    uint32_t empty_rounds;  /* how often it was repeated */
    bool gives_way;         /* one of many in a row on the home thread: others get a turn first */
    bool only_asks;         /* pointless once the client is gone, whatever its kind */
    uint32_t reply_bytes;   /* of reply or data that count against the session's bound from start to
                           op_free */
    const char *asked_path; /* as requested, unlike pub.path never redirected, for the home thread;
                             * NULL: none */
    const char *raw_path;   /* as the client sent it; NULL: it sent none */
    const char *raw_to;     /* the same of the second path */
    const char *message;    /* for the client, or NULL: valid once done */
    const struct op_name *unknown; /* names of sally_op_add_unknown_name(), the last one first */
    const sally_lock_holder *lock_holder; /* the lock holder; NULL: unknown */

    /* For core and the host: */
    /* in one list at a time: the session's queue, the host's work list or inbox */
    struct list link;
    struct list long_link; /* the host's work list of long operations: a cancel may need `link` */
    op_resume_fn *resume;  /* see op_resume_later(); NULL: not started yet */
    void *resume_context;
    sally_session *session;
    uint32_t kind; /* as requested, or the undo's; pub.kind differs while another slot stands in */
    uint64_t write_from, write_to; /* of a WRITE in the queue's sense: set before it is started */
    enum op_order order;           /* how others in the session's queue wait for it; see queue.c */
    sally_fs *fs;          /* the storage that it is submitted to; NULL: the session's. Held */
    struct list run_link;  /* the session's running operations; home thread only */
    struct list followers; /* started with it; ends before the first of them continues */
    enum op_stage stage;
    uint32_t hook;                   /* see stage */
    uint32_t first_hook;             /* sets of hooks with lower numbers do not see it */
    _Atomic uint32_t handoff;        /* OP_CANCELLED, and bits of handoff.c */
    enum op_wake_reason wake_reason; /* why it comes home */
    bool late;                       /* step_status is set, but the frames have not seen it */
    bool skips_permissions;          /* by the program or the library itself */
    bool is_internal;       /* not from the client's queue: by the program or the library itself */
    bool is_active;         /* in session->active */
    bool with_worker;       /* counted in session->worker_ops */
    bool is_charged;        /* itself, to session->memory */
    bool by_program;        /* of sally_session_submit() or sally_fs_submit() */
    uint32_t charged_bytes; /* of reply_bytes, from its start on */
    sally_submit_done_fn *submit_done; /* of sally_session_submit */
    void *submit_user_data;
    sally_file *pinned[2];    /* by it: see file_pin() */
    sally_status step_status; /* what finish() brought */
    uint64_t started_ns;
    sally_status overruled; /* a before-hook's answer to CLOSE, CLOSEDIR or SESSION_END, which still
                               reaches the storage */
    struct op_grant *grants; /* what storages have granted to it: see grants.c */
    struct fs_ask *asks;     /* in whose answers wrappers wait, the innermost first: see fs_ask.c */
    struct fs_ask *spare_asks;
    struct op_undo undo; /* active while it undoes one of them */
    /* of a SALLY_OPEN_UNIQUE, see unique_name.c: the name without its suffix */
    const char *unique_name_stem;
    char *unique_name_path; /* room for both; pub.path once there is a suffix */
    uint32_t unique_name_suffix;
    struct copy *copy;       /* of a COPY by READs and WRITEs: see copy.c */
    struct refresh *refresh; /* of a READDIR with stale names: see refresh.c */

    struct op_paths paths; /* as the session's storage was asked */
    struct op_frame *_Atomic frames;
    _Atomic uint32_t frame_count; /* see op_frame_count() */
    uint32_t frame_capacity;
    struct op_frame inline_frames[OP_INLINE_FRAMES];

    struct op_block *blocks; /* of op memory past the inline bytes */
    size_t inline_used;
    _Alignas(16) unsigned char inline_bytes[OP_INLINE_BYTES];
};

static inline struct op *op_of(sally_op *pub)
{
    return CONTAINER_OF(pub, struct op, pub);
}

/* For the thread that has the operation. */
static inline uint32_t op_frame_count(const struct op *op)
{
    return atomic_load_explicit(&op->frame_count, memory_order_relaxed);
}

/* NULL: out of memory. All of pub is zero except kind, session and id. */
struct op *op_new(sally_session *session, uint32_t kind);

/* Sets pub.path (or the second path: rename.to) to the canonical form of what the client sent, as
 * the storage writes it. */
sally_status op_set_raw_path(struct op *op, struct slice raw);
sally_status op_set_raw_to(struct op *op, struct slice raw);
/* The path as the client sent it: for sally_op_raw_path() and sally_op_raw_to(). After the above.
 * SALLY_FAILURE: out of memory. */
sally_status op_note_raw_path(struct op *op, struct slice raw);
sally_status op_note_raw_to(struct op *op, struct slice raw);
/* A copy that ends in NUL, in the operation's memory; NULL: out of memory, or the slice contains a
 * NUL. */
char *op_copy_text(struct op *op, struct slice raw);
/* The operation is about this open file: sets pub.file and pub.path. */
void op_use_file(struct op *op, sally_file *file);

/* Gives it to the session, which calls on_done once, perhaps before this returns. OPEN and OPENDIR
 * get their new sally_file here; after success it belongs to the session until a CLOSE or CLOSEDIR
 * was answered, after a failure it is freed. */
void op_submit(struct op *op);

/* Frees it (also instead of op_submit). This releases its reply_bytes, which may start other
 * operations. */
void op_free(struct op *op);

#endif
