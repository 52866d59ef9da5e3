/* One session, driven from the inside: what its parts share. Each part is a file. */
#ifndef STRESS_SESSION_H
#define STRESS_SESSION_H

#include "base/mem.h"
#include "core/file.h"
#include "core/hook_stack.h"
#include "core/op_kinds.h"
#include "core/session_internal.h"
#include "core/test_host.h"
#include "stress.h"

#define STORES        2
#define MAX_FILES     12  /* that the session may have open */
#define MAX_HANDLES   16  /* that the client knows of */
#define MAX_REQUESTS  128 /* of the client, not answered yet */
#define MAX_SUBMITTED 400 /* by the program, in the whole session */
#define NAMES         6

struct stress;

/* A storage that answers by itself. */
struct store {
    struct stress *stress;
    sally_fs *fs;
    uint64_t number;
    int open, sessions; /* what it holds; with the lock */
    bool destroyed;
};

/* A request of the client that is not answered yet. */
struct request {
    const struct op *op; /* only compared: it belongs to the thread that runs it */
    uint32_t kind;
    uint64_t number;
    enum op_order order;
    const sally_file *file; /* NULL: none */
    int inode;              /* of the file; -1: none, or not known */
    uint64_t from, to;      /* a WRITE's range */
    bool appends;           /* whatever that is */
    bool written;           /* a WRITE that has reached its storage: its followers may come next */
};

struct stress {
    struct test_host host;
    struct dice dice;
    bool steps;       /* no threads: see stress_wait() */
    struct late late; /* of storages (`owner` is a struct store) and of hooks (NULL) */
    uint32_t traits;
    size_t max_bytes; /* of READs and WRITEs that run at the same time */
    uint32_t late_percent, fail_percent;
    struct store stores[STORES];
    sally_fs *wrapper;
    bool wrapper_destroyed;
    struct hook_stack hooks;
    sally_session *session;

    /* The client's: home thread. */
    sally_file *files[MAX_HANDLES];
    uint32_t file_count;
    int asked, answered, submit_answered;
    bool closing, gone;

    pthread_mutex_t lock; /* for what follows, and for the storages */
    struct request requests[MAX_REQUESTS];
    uint32_t request_count;
    uint64_t last_number;
    int submitted;
};

/* session.c: waits until something has come home, and delivers it. In steps: delivers something, or
 * does what a worker or a late answer would do, at random. */
void stress_wait(struct stress *x);

/* session_order.c: what may overtake what. */
void order_note_asked(struct stress *x, const struct op *op);
void order_note_answered(struct stress *x, const struct op *op);
bool order_is_asked(struct stress *x, uint64_t number); /* and not answered yet */
void order_note_written(struct stress *x, sally_op *op);
/* When the operation reaches a storage: fails if an earlier one should have ended. */
void order_check(struct stress *x, sally_op *op);

/* session_counts.c: waits for all answers, then compares every counter of the session with what is
 * there. */
void counts_check(struct stress *x);

/* session_stores.c: two storages, and a wrapper that opens files in one of them or in both. Files
 * are known by their paths; paths may lead to the same inode. */
const char *stores_any_path(struct stress *x);
void stores_start(struct stress *x);
void stores_stop(struct stress *x);
sally_status store_answer(struct store *store, sally_op *op);

/* session_program.c: hooks, and operations that the program submits. */
void program_add_hooks(struct stress *x);
/* Submits one more, perhaps on the file of `during`. Any thread. */
void program_submit_any(struct stress *x, const sally_op *during);
bool program_delays(struct stress *x, struct store *store, sally_op *op, sally_status status);

/* session_client.c: requests, and the end. */
void client_start(struct stress *x);
void client_act(struct stress *x);
bool client_may_act(const struct stress *x);
void client_close(struct stress *x);

#endif
