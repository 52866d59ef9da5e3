/* The program: so many sequences over each kind of storage and host. What differs is made as short
 * as possible, and printed side by side.
 *
 * order_model [--kind NAME] [--seed FIRST] [--count N] [--seconds S] [--directory DIR]
 *             [--strict 1]
 *
 * SALLY_LONG makes it LONG_COUNT sequences of each kind, SALLY_MODEL_SECONDS as many as there is
 * time for. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/list.h"
#include "base/mem.h"
#include "sallyport/storages.h"

#define SHORT_COUNT      500
#define LONG_COUNT       100000
#define DISK_SHARE       20 /* of so many, one on a disk */
#define MOST_FAILURES    3
#define TRIES_TO_SHORTEN 40 /* orders in which a shorter sequence may fail, too */

#define BOTH   (SALLY_FS_TRY | SALLY_FS_CONCURRENT)
#define WRITES (SALLY_FS_CONCURRENT | SALLY_FS_CONCURRENT_WRITES)

/* clang-format off */
static const struct kind {
    const char *name;
    bool local;
    enum { PLAIN, HELD, FAULTS } wrap;
    uint32_t traits; /* of what is held */
    bool threads;
} kinds[] = {
    {"local",           true,  PLAIN,  0,                    false},
    {"local-disk",      true,  PLAIN,  0,                    false}, /* fewer: see place_for() */
    {"local-held",      true,  HELD,   BOTH,                 false},
    {"local-one",       true,  HELD,   SALLY_FS_TRY,         false}, /* one operation at a time */
    {"memory",          false, PLAIN,  0,                    false},
    {"memory-held",     false, HELD,   BOTH,                 false},
    {"memory-workers",  false, HELD,   SALLY_FS_CONCURRENT,  false}, /* never tried on the loop */
    {"memory-one",      false, HELD,   0,                    false},
    {"memory-writes",   false, HELD,   WRITES,               false}, /* of one file at the same time */
    {"local-writes",    true,  HELD,   WRITES | SALLY_FS_TRY, false},
    {"memory-loop",     false, HELD,   SALLY_FS_NONBLOCKING | SALLY_FS_CONCURRENT, false},
    {"local-threads",   true,  FAULTS, 0,                    true},
    {"memory-threads",  false, FAULTS, 0,                    true},
};
/* clang-format on */

struct options {
    const char *kind;      /* NULL: all */
    const char *directory; /* NULL: see place_for() */
    uint64_t seed, count;
    double seconds; /* 0: as many as count says */
    bool strict;
};

/* What is tested, and what it is compared with. */
struct bench {
    const struct kind *kind;
    struct host *host, *direct;
    sally_fs *tested_bare, *tested, *serial;
    struct held *held;
    char *directories[2];
};

static bool is_on_disk(const struct kind *kind)
{
    return strcmp(kind->name, "local-disk") == 0;
}

/* FSYNC costs nothing in /dev/shm. */
static const char *place_for(const struct kind *kind, const struct options *o)
{
    const char *temporary = getenv("TMPDIR");
    if (o->directory)
        return o->directory;
    if (!is_on_disk(kind) && access("/dev/shm", W_OK) == 0)
        return "/dev/shm";
    return temporary ? temporary : "/tmp";
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static sally_fs *make_storage(struct bench *b, const char *directory, char **made)
{
    sally_fs *fs = NULL;
    sally_error error;
    if (b->kind->local) {
        char path[4096];
        snprintf(path, sizeof path, "%s/order-XXXXXX", directory);
        if (!mkdtemp(path) || !(*made = strdup(path)))
            abort();
        error = sally_fs_local(&fs, path, 0, 022);
    } else {
        error = sally_fs_memory(&fs, 0);
    }
    if (error != SALLY_E_OK)
        abort();
    return fs;
}

static void bench_open(struct bench *b, const struct kind *kind, const char *directory)
{
    *b = (struct bench){.kind = kind, .direct = host_direct()};
    b->host = kind->threads ? host_threads() : host_stepped();
    b->serial = make_storage(b, directory, &b->directories[0]);
    b->tested_bare = make_storage(b, directory, &b->directories[1]);
    if (kind->wrap == HELD)
        b->tested = held_fs(&b->held, b->tested_bare, kind->traits);
    else if (kind->wrap == FAULTS && sally_fs_fault(&b->tested, b->tested_bare) != SALLY_E_OK)
        abort();
    else if (kind->wrap == PLAIN)
        b->tested = sally_fs_ref(b->tested_bare);
}

static void bench_close(struct bench *b)
{
    host_free(b->host);
    host_free(b->direct);
    sally_fs_unref(b->tested);
    sally_fs_unref(b->tested_bare);
    sally_fs_unref(b->serial);
    for (size_t i = 0; i < 2; i++) {
        if (b->directories[i])
            rmdir(b->directories[i]);
        free(b->directories[i]);
    }
}

/* Workers, and the thread of late answers, mostly without waiting: a change of thread is enough to
 * be overtaken. */
static void set_faults(struct bench *b, uint64_t seed)
{
    struct dice d;
    if (b->kind->wrap != FAULTS)
        return;
    dice_init(&d, seed);
    sally_fs_fault_clear(b->tested);
    for (int i = 0; i < 4; i++) {
        const uint64_t starts = SALLY_OP_BIT(SALLY_OP_SESSION_START);
        uint64_t struck = (uint64_t)dice_below(&d, UINT32_MAX) & ~starts;
        const sally_fault f = {.struct_size = sizeof f,
                               .kinds = struck,
                               .action = i % 2 ? SALLY_FAULT_LATE : SALLY_FAULT_DELAY,
                               .amount = i < 2,
                               .skip = dice_below(&d, 10),
                               .times = i < 2 ? 1 : 1 + dice_below(&d, 10)};
        if (sally_fs_fault_add(b->tested, &f) != SALLY_E_OK)
            abort();
    }
}

static bool run_both(struct bench *b, const struct sequence *q, uint64_t order, struct run *serial,
                     struct run *at_once)
{
    run_init(serial);
    run_init(at_once);
    host_begin(b->direct, b->serial, NULL, q, 0);
    run_sequence(serial, b->direct, q, false);
    host_end(b->direct);
    tree_take(&serial->tree, b->direct, b->serial);
    set_faults(b, order);
    host_begin(b->host, b->tested, b->held, q, order);
    run_sequence(at_once, b->host, q, true);
    host_end(b->host);
    tree_take(&at_once->tree, b->direct, b->tested_bare);
    return runs_equal(q, serial, at_once);
}

static bool is_equal(struct bench *b, const struct sequence *q, uint64_t order)
{
    struct run serial, at_once;
    bool equal = run_both(b, q, order, &serial, &at_once);
    run_clear(&serial);
    run_clear(&at_once);
    return equal;
}

static bool fails_somehow(struct bench *b, const struct sequence *q, uint64_t *order)
{
    for (uint64_t i = 0; i < TRIES_TO_SHORTEN; i++) {
        uint64_t tried = *order + i;
        if (!is_equal(b, q, tried)) {
            *order = tried;
            return true;
        }
    }
    return false;
}

static void leave_out(struct sequence *q, size_t index)
{
    if (q->steps[index].last && index)
        q->steps[index - 1].last = true;
    memmove(&q->steps[index], &q->steps[index + 1], (q->count - index - 1) * sizeof q->steps[0]);
    q->count--;
}

static void shorten(struct bench *b, struct sequence *q, uint64_t *order)
{
    for (bool shorter = true; shorter;) {
        shorter = false;
        for (size_t i = q->count; i-- > 0 && q->count > 1;) {
            struct sequence less = *q;
            leave_out(&less, i);
            if (fails_somehow(b, &less, order)) {
                *q = less;
                shorter = true;
            }
        }
    }
}

static void report(struct bench *b, struct sequence *q, uint64_t order)
{
    struct run serial, at_once;
    printf("FAILED: %s, seed %llu (--kind %s --seed %llu --count 1)\n", b->kind->name,
           (unsigned long long)q->seed, b->kind->name, (unsigned long long)q->seed);
    shorten(b, q, &order);
    bool equal = true;
    for (int i = 0; i < TRIES_TO_SHORTEN && equal; i++) {
        equal = run_both(b, q, order, &serial, &at_once);
        if (!equal || i + 1 == TRIES_TO_SHORTEN)
            runs_print(q, &serial, &at_once);
        run_clear(&serial);
        run_clear(&at_once);
    }
    fflush(stdout);
}

/* How many failed. */
static unsigned check(const struct kind *kind, const struct options *o)
{
    struct bench b;
    struct sequence q;
    unsigned failed = 0;
    uint64_t done = 0,
             count = is_on_disk(kind) ? (o->count + DISK_SHARE - 1) / DISK_SHARE : o->count;
    double begin = now_s(), took;
    bench_open(&b, kind, place_for(kind, o));
    for (; failed < MOST_FAILURES; done++) {
        if (o->seconds > 0 ? now_s() - begin >= o->seconds : done >= count)
            break;
        sequence_make(&q, o->seed + done);
        q.strict = o->strict;
        if (!is_equal(&b, &q, q.seed)) {
            report(&b, &q, q.seed);
            failed++;
        }
    }
    took = now_s() - begin;
    printf("%s: %llu sequences from seed %llu in %.1f s (%.0f per second), %u failed%s\n",
           kind->name, (unsigned long long)done, (unsigned long long)o->seed, took,
           (double)done / (took > 0 ? took : 1), failed,
           failed == MOST_FAILURES ? ", left off" : "");
    bench_close(&b);
    return failed;
}

static bool take_option(struct options *o, const char *name, const char *value)
{
    if (strcmp(name, "--kind") == 0)
        o->kind = value;
    else if (strcmp(name, "--directory") == 0)
        o->directory = value;
    else if (strcmp(name, "--strict") == 0)
        o->strict = strcmp(value, "0") != 0;
    else if (strcmp(name, "--seed") == 0)
        o->seed = strtoull(value, NULL, 10);
    else if (strcmp(name, "--count") == 0)
        o->count = strtoull(value, NULL, 10);
    else if (strcmp(name, "--seconds") == 0)
        o->seconds = strtod(value, NULL);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    const char *seconds = getenv("SALLY_MODEL_SECONDS");
    struct options o = {.seed = 1,
                        .count = getenv("SALLY_LONG") ? LONG_COUNT : SHORT_COUNT,
                        .seconds = seconds ? strtod(seconds, NULL) : 0};
    unsigned failed = 0, ran = 0;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc || !take_option(&o, argv[i], argv[i + 1])) {
            fprintf(stderr, "order_model: %s?\n", argv[i]);
            return 2;
        }
    }
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (o.kind && strcmp(o.kind, kinds[i].name) != 0)
            continue;
        failed += check(&kinds[i], &o);
        ran++;
    }
    return ran && !failed ? 0 : 1;
}
