/* A model checker of the order of one session's requests. A random sequence of requests runs twice,
 * over two trees that begin equal: once with as many requests under way as its batches have, with
 * workers that may overtake each other, and once with each answer awaited before the next request
 * is sent. What a client sees must be the same, and so must what is left in the trees. */
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

/* clang-format off */
#define ACT_MAP(X) /* name  weight */                                                        \
    X(OPEN, 8) X(OPENDIR, 3) X(CLOSE, 5) X(READ, 9) X(WRITE, 16) X(FSTAT, 8) X(STAT, 9)      \
    X(LSTAT, 4) X(SETSTAT, 4) X(FSETSTAT, 5) X(LSETSTAT, 1) X(READDIR, 4) X(REALPATH, 3)     \
    X(READLINK, 2) X(RENAME, 3) X(POSIX_RENAME, 3) X(REMOVE, 2) X(MKDIR, 2) X(RMDIR, 1)      \
    X(SYMLINK, 2) X(HARDLINK, 2) X(COPY_DATA, 3) X(COPY_FILE, 1) X(HASH_HANDLE, 3)           \
    X(HASH_NAME, 3) X(MD5_QUICK, 1) X(FSYNC, 2) X(LOCK, 3) X(UNLOCK, 2) X(SET_XATTR, 1)      \
    X(GET_XATTR, 1) X(RANGES, 1) X(UNKNOWN, 1)
/* clang-format on */

enum act {
#define ACT_ENUM(name, weight) ACT_##name,
    ACT_MAP(ACT_ENUM)
#undef ACT_ENUM
        ACT_COUNT
};

#define MAX_STEPS 64
#define SLOTS     8

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

/* What a client may rely on in a reply (from its type on), as text: without times of the system's
 * clock, and whatever else differs between two trees. `loose`: only the reply's kind counts. */
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

/* A session over fs; `held` (may be NULL) is what holds answers back below it. */
void host_begin(struct host *h, sally_fs *fs, struct held *held, uint32_t version, uint64_t seed);
void host_end(struct host *h);
/* Sends all this and awaits so many replies. NULL, or why they did not come; the caller takes them
 * from `in`. */
const char *host_exchange(struct host *h, const struct buf *requests, size_t replies,
                          struct buf *in);

/* ---- Storages ---- */

/* A wrapper that refuses to try on the loop, and answers late, as the dice fall. For one thread. */
sally_fs *held_fs(struct held **out, sally_fs *inner, uint32_t traits);
void held_use(struct held *held, struct dice *dice, uint32_t refuse_percent, uint32_t hold_percent);
size_t held_count(const struct held *held);
/* Goes on with one of those that are held. */
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
