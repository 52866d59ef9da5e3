/* A model checker for the order of one session's requests. A random sequence of requests runs
 * twice, on two equal trees: once with all requests of a batch in flight, on workers that may
 * overtake each other, and once with each request sent after the answer to the one before. The
 * answers and the final trees must be equal. */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "sallyport/attrs.h"
#include "sallyport/fs.h"

/* ---- Random numbers: the same for the same seed ---- */

struct dice {
    uint64_t state;
};

void dice_init(struct dice *d, uint64_t seed);
uint32_t dice_below(struct dice *d, uint32_t bound);     /* bound: at least 1 */
bool dice_percent(struct dice *d, uint32_t probability); /* 0 to 100 */

/* ---- Sequences ---- */

/* What sequences are about: all there is, or some of it often. */
enum theme { THEME_ALL, THEME_DATA, THEME_TREE, THEME_HOLDS, THEME_EXTENDED, THEME_COUNT };

/* clang-format off */
#define ACT_MAP(X) /* name  weights by theme */ \
    X(OPEN,         8,  4,  4, 16,  3) \
    X(OPENDIR,      3,  0,  8,  0,  1) \
    X(CLOSE,        5,  2,  3, 14,  3) \
    X(READ,         9, 16,  1,  8,  4) \
    X(WRITE,       16, 24,  2, 10, 10) \
    X(FSTAT,        8, 12,  1,  2,  2) \
    X(STAT,         9,  8, 10,  4,  2) \
    X(LSTAT,        4,  1,  6,  2,  1) \
    X(SETSTAT,      4,  4,  2,  1,  1) \
    X(FSETSTAT,     5,  8,  1,  1,  2) \
    X(LSETSTAT,     1,  1,  1,  0,  0) \
    X(READDIR,      4,  0, 12,  1,  1) \
    X(REALPATH,     3,  0,  6,  0,  1) \
    X(READLINK,     2,  0,  6,  0,  0) \
    X(RENAME,       3,  0,  6,  2,  1) \
    X(POSIX_RENAME, 3,  0,  6,  2,  1) \
    X(REMOVE,       2,  0,  6,  4,  2) \
    X(MKDIR,        2,  0,  8,  0,  0) \
    X(RMDIR,        1,  0,  8,  0,  0) \
    X(SYMLINK,      2,  0,  6,  0,  1) \
    X(HARDLINK,     2,  0,  4,  1,  1) \
    X(COPY_DATA,    3,  4,  0,  1,  2) \
    X(COPY_FILE,    1,  0,  1,  1,  4) \
    X(HASH_HANDLE,  3,  3,  0,  1,  6) \
    X(HASH_NAME,    3,  2,  0,  1,  6) \
    X(MD5_QUICK,    1,  0,  0,  0,  6) \
    X(FSYNC,        2,  4,  0,  1,  2) \
    X(LOCK,         3,  0,  0, 12,  1) \
    X(UNLOCK,       2,  0,  0, 12,  1) \
    X(SET_XATTR,    1,  0,  0,  0, 10) \
    X(GET_XATTR,    1,  0,  0,  0, 10) \
    X(RANGES,       1,  0,  0,  0,  6) \
    X(UNKNOWN,      1,  0,  0,  0,  2)
/* clang-format on */

enum act {
#define ACT_ENUM(name, ...) ACT_##name,
    ACT_MAP(ACT_ENUM)
#undef ACT_ENUM
        ACT_COUNT
};

#define MAX_STEPS  64
#define SLOTS      8
#define MANY_NAMES (64u << 10)

/* One request. Which members mean something depends on the act. */
struct step {
    enum act act;
    uint8_t slot, other; /* handles: what was opened into this place by an earlier batch */
    uint8_t name, to;    /* indices of names */
    uint32_t flags;      /* of OPEN and RENAME in the protocol's version, or SALLY_ATTR_ bits */
    uint32_t access;     /* OPEN in version 6 */
    uint32_t offset, from, length;
    uint32_t value; /* tells WRITEs apart; a mode, or a time */
    bool last;      /* of its batch: all answers are awaited behind it */
};

struct sequence {
    uint64_t seed;
    uint32_t version; /* 3 or 6 */
    size_t count;
    uint32_t max_bytes; /* of the data of READs and WRITEs that are under way */
    uint32_t max_names; /* bytes of a listing's page: MANY_NAMES, or less than all */
    bool strict;        /* pages after the first are compared, too */
    struct step steps[MAX_STEPS];
};

void sequence_make(struct sequence *q, uint64_t seed);

/* ---- Requests and answers (request.c, answer.c) ---- */

#define MAX_HANDLE 64

struct handle {
    uint8_t bytes[MAX_HANDLE];
    size_t size;   /* 0: none */
    bool was_read; /* READDIR has begun */
};

/* Appends the request with its length. */
void request_put(struct buf *out, const struct step *step, uint32_t version, uint32_t id,
                 const struct handle handles[SLOTS]);
/* The request for people. */
void request_describe(struct buf *out, const struct step *step, uint32_t version);
const char *act_name(enum act act);

/* A reply (from its type on) as text, without what may differ between two equal trees, such as
 * times from the system's clock. `loose`: only the kind of the reply. */
void answer_describe(struct buf *out, const struct step *step, uint32_t version,
                     struct slice packet, bool loose);

/* Attributes, with room for the texts in them. */
struct attrs_room {
    sally_attrs attrs;
    uint8_t bytes[4096];
    size_t used;
};

bool attrs_take(struct attrs_room *out, uint32_t version, struct cursor *in);

/* ---- Hosts: what runs a session ---- */

struct host;
struct held;

/* Each needs host_free(). */
struct host *host_direct(void);  /* everything at once, in the caller's thread */
struct host *host_stepped(void); /* one thread that plays the workers', in an order by the dice */
struct host *host_threads(void); /* workers */
void host_free(struct host *h);

/* A session over fs; `held` (may be NULL) is the storage below it that delays answers. */
void host_begin(struct host *h, sally_fs *fs, struct held *held, const struct sequence *q,
                uint64_t seed);
void host_end(struct host *h);
/* Sends all this and awaits so many replies. NULL, or why they did not come; the caller takes them
 * from `in`. */
const char *host_exchange(struct host *h, const struct buf *requests, size_t replies,
                          struct buf *in);

/* ---- Storages ---- */

/* A wrapper that at random answers SALLY_WOULD_BLOCK or late. For one thread. */
sally_fs *held_fs(struct held **out, sally_fs *inner, uint32_t traits);
void held_use(struct held *held, struct dice *dice, uint32_t refuse_percent, uint32_t hold_percent);
size_t held_count(const struct held *held);
/* Continues one of the delayed operations. */
void held_let_go(struct held *held, size_t index);

/* ---- Runs ---- */

struct run {
    const char *failure; /* NULL: all was answered */
    struct buf answers[MAX_STEPS];
    bool ok[MAX_STEPS]; /* not a STATUS that says why not */
    struct buf tree;
};

void run_init(struct run *r);
void run_clear(struct run *r);
/* `at_once`: the requests of a batch together. */
void run_sequence(struct run *r, struct host *h, const struct sequence *q, bool at_once);
/* What is below "/", as text; then empties it. */
void tree_take(struct buf *out, struct host *direct, sally_fs *fs);

/* Whether a client could tell the difference. */
bool runs_equal(const struct sequence *q, const struct run *a, const struct run *b);
void runs_print(const struct sequence *q, const struct run *serial, const struct run *at_once);

#endif
