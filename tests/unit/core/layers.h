/* Stacked storages that record their operations and answer as the test says, with a session and
 * hooks over the outermost one. */
#ifndef SALLY_TEST_CORE_LAYERS_H
#define SALLY_TEST_CORE_LAYERS_H

#include "cmocka_all.h"

#include "core/hook_stack.h"
#include "core/test_host.h"
#include "sallyport/hooks.h"

#define LAYERS_MAX 4
#define LAYER_LATE 32

struct layers;

/* Kinds are masks of SALLY_OP_BIT(). */
struct layer {
    struct layers *layers;
    const char *name;
    sally_fs *fs;
    struct layer *inner[2]; /* NULL: it answers by itself */
    uint64_t fail, refuse,
        own;         /* answers with a failure; makes one of a good answer; the other way round */
    uint64_t second; /* passed on to inner[1], not to inner[0] */
    uint64_t late;
    bool divert;     /* puts "/sub" before the paths */
    bool copies;     /* answers COPY with sally_fs_copy_by_io() */
    bool declines;   /* answers WOULD_BLOCK to SALLY_OP_TRY */
    char paths[256]; /* what it was asked about, each with a space: path, and '>' with the other one
                      */
    sally_op *waiting[LAYER_LATE];
    int waiting_count, cancels, open_files, sessions, locks;
    bool destroyed;
};

/* A set of hooks. */
struct layer_hook {
    struct layers *layers;
    const char *name;
    uint64_t refuse, own; /* after: as above */
    uint64_t take, deny;  /* before: answers OK; answers with a failure */
    void (*on_after)(struct layer_hook *h, sally_op *op);
    void (*on_before)(struct layer_hook *h, sally_op *op);
};

struct layers {
    struct test_host host; /* first */
    pthread_mutex_t lock;
    char trace[65536]; /* "name.kind " of every slot, "name>kind " of after-hooks */
    struct layer layer[LAYERS_MAX];
    struct layer_hook hook[3];
    struct hook_stack hooks;
    sally_session *session;
    sally_file *file; /* of the last good OPEN or OPENDIR */
    sally_status status;
    char message[256];
    uint32_t close_reason; /* that the last closing slot has seen */
    int answers;
    bool gone;
};

/* Layer 0 is the session's; `inside[i]` and `also[i]` are the numbers of the storages that layer i
 * wraps, -1 for none. */
void layers_start(struct layers *x, int workers, uint32_t traits, int count, const int *inside,
                  const int *also);
void layers_add_hooks(struct layers *x, int count); /* before the first operation */
void layers_stop(struct layers *x);

struct op *layers_op(struct layers *x, uint32_t kind, sally_file *file);
/* Submits it and waits for its answer, which it returns. */
sally_status layers_do(struct layers *x, struct op *op);
sally_file *layers_open(struct layers *x, uint32_t flags); /* NULL: x->status says why */
void layers_finish(struct layer *l, sally_status status);  /* the one that waits longest */
void layers_wait(struct layers *x, int answers);
int layers_count(const struct layers *x, const char *what); /* how often it stands in the trace */

#endif
