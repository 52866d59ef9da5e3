/* The program: sessions of each kind, one seed after the other.
 *
 * stress [--kind NAME] [--seed FIRST] [--count SESSIONS] [--operations N] [--seconds S]
 *
 * SALLY_LONG makes it LONG_OPERATIONS of each kind, SALLY_STRESS_SECONDS as many as there is time
 * for. Each seed is printed before its session begins: after a failure, the last one printed is the
 * one to repeat with --kind, --seed and --count 1. With threads it may take some hundred sessions
 * (--count 300) until it happens again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "stress.h"

#define SHORT_OPERATIONS 20000
#define LONG_OPERATIONS  100000

static const struct kind {
    const char *name;
    uint64_t (*run)(const struct stress_run *run);
    bool threads;
} kinds[] = {
    {"session-steps", session_stress, false},
    {"session-threads", session_stress, true},
    {"sftp-steps", sftp_stress, false},
    {"sftp-threads", sftp_stress, true},
};

struct options {
    const char *kind; /* NULL: all */
    uint64_t seed;
    uint64_t count; /* of sessions; 0: as many as it takes */
    uint64_t operations;
    double seconds; /* 0: operations decide */
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool is_enough(const struct options *o, uint64_t sessions, uint64_t operations, double took)
{
    if (o->count)
        return sessions >= o->count;
    return o->seconds > 0 ? took >= o->seconds : operations >= o->operations;
}

static void run(const struct kind *kind, const struct options *o)
{
    uint64_t sessions = 0, operations = 0;
    double begin = now_s();
    printf("%s, seeds:", kind->name);
    for (; !is_enough(o, sessions, operations, now_s() - begin); sessions++) {
        printf(" %llu", (unsigned long long)(o->seed + sessions));
        fflush(stdout);
        const struct stress_run one = {.seed = o->seed + sessions, .threads = kind->threads};
        operations += kind->run(&one);
    }
    printf("\n%s: %llu sessions, %llu operations in %.1f s\n", kind->name,
           (unsigned long long)sessions, (unsigned long long)operations, now_s() - begin);
}

static bool take_option(struct options *o, const char *name, const char *value)
{
    if (strcmp(name, "--kind") == 0)
        o->kind = value;
    else if (strcmp(name, "--seed") == 0)
        o->seed = strtoull(value, NULL, 10);
    else if (strcmp(name, "--count") == 0)
        o->count = strtoull(value, NULL, 10);
    else if (strcmp(name, "--operations") == 0)
        o->operations = strtoull(value, NULL, 10);
    else if (strcmp(name, "--seconds") == 0)
        o->seconds = strtod(value, NULL);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    const char *seconds = getenv("SALLY_STRESS_SECONDS");
    struct options o = {.seed = 1,
                        .operations = getenv("SALLY_LONG") ? LONG_OPERATIONS : SHORT_OPERATIONS,
                        .seconds = seconds ? strtod(seconds, NULL) : 0};
    bool ran = false;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc || !take_option(&o, argv[i], argv[i + 1])) {
            fprintf(stderr, "stress: %s?\n", argv[i]);
            return 2;
        }
    }
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (o.kind && strcmp(o.kind, kinds[i].name) != 0)
            continue;
        run(&kinds[i], &o);
        ran = true;
    }
    return ran ? 0 : 2;
}
