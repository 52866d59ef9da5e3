/* The inside of the SCP engine, for the files of this folder.
 *
 * Each mode (source.c, sink.c, digest.c, df.c) performs steps one after the other, as input and
 * answers arrive. At most one operation that determines the next step is in progress (`busy`),
 * besides the READs or WRITEs of one file. walk.c finds the files of a source or digest.
 */
#ifndef SALLY_SCP_ENGINE_H
#define SALLY_SCP_ENGINE_H

#include "core/blocks.h"
#include "core/file.h"
#include "scp/command.h"
#include "scp/lines.h"
#include "scp/scp.h"

/* Bytes of one READ or WRITE. */
#define PIECE_BYTES ((size_t)128 * 1024)
/* READs or WRITEs of one file at the same time. */
#define SCP_WINDOW 4u
/* Maximum number of blocks in operations, or sent and not released. */
#define SCP_MAX_BLOCKS 12u
#define SCP_MAX_DEPTH  256u /* maximum depth of directories */
/* The longest line of the protocol: a name has at most as many bytes as a path. */
#define SCP_MAX_LINE ((size_t)16 * 1024 + 64)

struct mode {
    /* Performs one step, if it can. False: it waits for input, an answer, or room. Not called while
     * busy. */
    bool (*step)(struct scp *s);
    void (*drop)(struct scp *s); /* frees what it holds; no operation is under way */
};

extern const struct mode scp_mode_source, scp_mode_sink, scp_mode_digest, scp_mode_df,
    scp_mode_refused;

/* The peer's answer to a line of ours, or to a file. */
enum scp_answer { ANSWER_NONE, ANSWER_OK, ANSWER_WARNING, ANSWER_FATAL, ANSWER_LOST };

/* A directory that is being read. */
struct walk_level {
    sally_file *dir;
    struct buf names; /* names to be visited, each with a NUL */
    size_t path_size; /* of the walk's path, for this directory */
    bool at_end;
    bool is_tree;         /* everything in it; otherwise only what matches */
    struct slice pattern; /* one component; of the command */
    const char *rest;     /* the rest of the path */
};

struct scp_walk {
    struct walk_level *levels;
    uint32_t count, capacity;
    struct buf path;   /* as the client would write it; no NUL */
    const char *next;  /* path of the command */
    uint32_t left;     /* paths of the command from there on */
    bool from_pattern; /* the current path comes from a pattern and may be missing */
    uint32_t visited;  /* for this path of the command */
    uint64_t work;     /* on patterns, of all paths: see walk.c */
    const char *current;
    void (*visit)(struct scp *s);      /* the path is being visited */
    void (*leave_tree)(struct scp *s); /* a directory of walk_enter() has ended */
    void (*failed)(struct scp *s, const struct op *op, sally_status status); /* to be reported */
};

/* A piece of the file that is being read. */
struct source_piece {
    struct block *block;
    uint32_t wanted, have;
    bool done;
};

enum source_state {
    SOURCE_AWAIT_READY,
    SOURCE_WALK,
    SOURCE_AWAIT_TIMES,
    SOURCE_AWAIT_HEAD,
    SOURCE_SENDING,
    SOURCE_AWAIT_DATA,
    SOURCE_AWAIT_END
};

struct source {
    enum source_state state;
    sally_attrs attrs; /* of what is being sent */
    sally_file *file;
    bool is_directory;
    uint64_t asked, sent; /* bytes of the file */
    struct source_piece pieces[SCP_WINDOW];
    uint32_t first, count;
    struct buf failure; /* a message; empty: none */
};

enum sink_state { SINK_START, SINK_LINE, SINK_RECEIVING, SINK_AWAIT_STATUS, SINK_CLOSING };

struct sink_level {
    size_t path_size; /* of the directory around it */
    uint32_t mode;
    bool set_mode, set_times;
    bool was_directory; /* the target, of what is around it */
    struct scp_times times;
};

struct sink {
    enum sink_state state;
    struct buf path;
    bool is_directory; /* the path is a directory, as far as is known */
    bool must_be;      /* it was given with a trailing slash */
    struct sink_level *levels;
    uint32_t depth, capacity;
    bool have_times;
    struct scp_times times;
    struct scp_head head; /* of the line; the name is only valid as long as the line */
    struct sink_level entering;
    size_t outer_size; /* of the path around the file */
    sally_file *file;
    uint64_t received, submitted;
    struct block *block; /* being filled */
    uint32_t filled, writes;
    bool peer_failed;
    struct buf failure;
};

struct scp {
    sally_session *session;
    struct scp_events events;
    void *user_data;
    struct scp_command command;
    const struct mode *mode;
    bool started; /* SESSION_START succeeded */
    bool busy;
    uint32_t errors; /* reported to the peer, or by it */

    struct buf in;  /* not processed yet */
    bool ended;     /* the peer will send no more */
    size_t credit;  /* bytes used since the last flush */
    struct buf out; /* messages to be sent together */
    struct buf err; /* the same for standard error */
    struct blocks *blocks;
    struct list done; /* finished operations, by their link */

    bool over; /* nothing more happens; then: */
    uint32_t exit_status;
    bool end_reported; /* the owner */
    bool closing, free_pending;
    uint32_t depth; /* depth of calls from the owner */
    void (*on_closed)(void *user_data);
    void *closed_user_data;

    struct scp_walk walk;
    struct source source;
    struct sink sink;
};

/* ---- Operations ---- */

/* What a READDIR brings. Filled in the storage's thread. */
struct scp_listing {
    struct buf names;
    struct slice pattern; /* what must match; no data: everything does */
    uint32_t seen;
    uint64_t work;
    bool failed;
};

typedef void then_fn(struct scp *s, struct op *op);

/* What the engine remembers of an operation under way: op->owner. */
struct scp_task {
    struct scp *s;
    then_fn *then; /* its answer; the operation is freed afterwards */
    struct block *block;
    struct source_piece *piece;
    struct scp_listing *listing;
};

static inline struct scp_task *task_of(const struct op *op)
{
    return op->owner;
}

/* NULL: out of memory, and the engine has ended. */
struct op *scp_op(struct scp *s, uint32_t kind, then_fn *then);
/* ... on an open file; */
struct op *scp_file_op(struct scp *s, uint32_t kind, sally_file *file, then_fn *then);
/* ... on a path. NULL also if the path is invalid, after `failed` was called. */
struct op *scp_path_op(struct scp *s, uint32_t kind, struct slice path, then_fn *then,
                       void (*failed)(struct scp *s, const struct op *op, sally_status status));
/* Nothing is decided until it is answered. */
void scp_submit_alone(struct scp *s, struct op *op);
void scp_submit(struct scp *s, struct op *op);

/* ---- Output and input ---- */

/* Messages come before what is sent after them. */
void scp_put_out(struct scp *s, const void *data, size_t size);
/* A line for standard error: not where the client speaks the protocol of scp. */
void scp_put_error(struct scp *s, struct slice text);
/* The block is the chunk's from then on. */
void scp_send_block(struct scp *s, struct block *block, size_t size);
/* The text of a failure, without code and line end: "scp: path: why". */
void scp_put_failure(struct scp *s, struct buf *out, struct slice path, const char *why);
void scp_put_status(struct scp *s, struct buf *out, struct slice path, const struct op *op,
                    sally_status status);
/* Sends code 1 and the text, and counts an error. */
void scp_warn(struct scp *s, struct slice text);
/* The end: queued output is still sent. */
void scp_finish(struct scp *s, uint32_t exit_status);
/* Code 1 and a text about the protocol, then the end. */
void scp_protocol_error(struct scp *s, const char *what);
void scp_no_memory(struct scp *s);
/* Bytes of `in` are used up. */
void scp_use_input(struct scp *s, size_t size);
/* A line of `in`, without its end; the caller consumes it (size + 1). False: it is incomplete; or
 * it is too long, and the engine has ended. */
bool scp_line(struct scp *s, struct slice *line);
/* Consumes the peer's answer, if it has arrived. */
enum scp_answer scp_pop_answer(struct scp *s);

/* ---- walk.c ---- */

/* One step. False: everything was visited. */
bool walk_step(struct scp *s);
/* Everything in the directory of the walk's path comes next; `dir` is open. */
void walk_enter(struct scp *s, sally_file *dir);
/* The visited path is missing, which is not an error because it comes from a pattern. */
bool walk_was_guess(struct scp *s, sally_status status);
void walk_drop(struct scp *s);
/* The path being visited. */
static inline struct slice walk_path(const struct scp *s)
{
    return buf_slice(&s->walk.path);
}

/* For commands that do one thing to each path and do not descend into trees. One step of such a
 * command, which ends it once everything has been visited: */
bool walk_visit_all(struct scp *s, void (*visit_path)(struct scp *s));
/* Reports to standard error what failed for the path being visited. */
void walk_report(struct scp *s, const struct op *op, sally_status status);

/* ---- sink.c ---- */

/* Data of a file that has begun; returns how many bytes were consumed. */
size_t sink_receive_data(struct scp *s, const uint8_t *data, size_t size);

#endif
