/* The load generator: one thread, one loop, many sessions.
 *
 *   main.c  the program       options.c  its command line      loop.c      sockets and time
 *   session.c  one connection: engine, login, SFTP             report.c    what came of it
 *   transfer.c, small.c, names.c, connect.c: the workloads     pattern.c, stats.c, sftp_client.c
 */
#ifndef SALLY_LOAD_LOAD_H
#define SALLY_LOAD_LOAD_H

#include <stdio.h>

#include "pattern.h"
#include "sftp_client.h"
#include "stats.h"

#define JOBS_MAX 8u

struct session;

/* What a session does. All but `begin` may be NULL. */
struct workload {
    const char *name;
    void (*begin)(struct session *s);
    void (*data)(struct session *s, struct sftp_slot *slot, size_t at, struct slice piece);
    void (*reply)(struct session *s, struct sftp_slot *slot, const struct sftp_reply *reply);
    bool is_connect; /* the session itself is what is measured */
    bool is_idle;
};

/* One of the modes asked for, and what came of it. Session n does the job n modulo the number of
 * jobs. */
struct job {
    const struct workload *workload;
    uint32_t depth;
    uint64_t size; /* of a file */
    struct stats latency;
    uint64_t operations, bytes, errors;
    uint64_t first_ns, last_ns; /* of the sessions that do it: the first began, the last ended */
};

struct options {
    const char *host, *port, *user, *password, *key_file, *path;
    const char *ciphers, *macs, *kex, *software;
    uint32_t sessions, request, seed, connecting, window, sftp_version;
    uint64_t size, count, entries, rekey_bytes;
    double seconds;
    bool verify, json, gated, ask_first;
    bool nagle;      /* the socket keeps Nagle's algorithm */
    uint32_t pieces; /* most bytes of a send(); 0: all there is */
    struct job jobs[JOBS_MAX];
    size_t job_count;
    const char *write_file, *check_file; /* no load at all: see pattern.h */
};

struct load {
    struct options options;
    struct pattern pattern;
    struct crypto *crypto;
    sally_key *key;
    struct random_source random;
    int epoll;
    uint64_t now_ns; /* of this turn of the loop */
    uint64_t start_ns, deadline_ns;
    struct session *sessions;
    uint32_t connecting, ready, finished;
    uint64_t connections_begun;
    char error[256]; /* the first one */
};

struct session {
    struct load *load;
    struct job *job;
    uint32_t number;
    int fd;
    uint32_t interest; /* what epoll watches */
    struct ssh *ssh;
    struct ssh_channel *channel;
    struct sftp_client sftp;
    uint64_t begun_ns; /* connect */
    bool is_connected, is_ready, is_done, has_failed, wants_leave, is_leaving;
    /* The workload's: */
    char *path;
    uint32_t seed;
    struct sftp_handle handle;
    bool saw_end;
    bool reads_back;  /* put-get: what was put is compared */
    uint64_t written; /* put-get: so much */
    uint64_t next, passes;
    uint32_t pending;
    uint64_t operations; /* that have ended in time */
};

uint64_t clock_ns(void);

/* options.c: false after a message. */
bool options_parse(struct options *o, int argc, char **argv);
const struct workload *workload_find(const char *name);

/* session.c */
void session_connect(struct session *s);
void session_turn(struct session *s, uint32_t events);
/* The workload has come to its end, or failed. */
void session_done(struct session *s);
void session_fail(struct session *s, const char *what);
/* Leaves politely: channel closed, DISCONNECT, socket closed. */
void session_leave(struct session *s);
void session_free(struct session *s);
/* Sends what the workload has queued outside of an event. */
void session_run(struct session *s);

/* What the workloads share. */
/* A request has been answered, which is worth so many operations. */
void job_note(struct session *s, const struct sftp_slot *slot, uint64_t operations);
bool job_is_over(const struct session *s,
                 uint64_t rounds); /* as many rounds, or seconds, as were asked for */
struct sftp_slot *session_free_slot(struct session *s);

/* loop.c: false after a message. */
bool loop_run(struct load *load);

void report(struct load *load, FILE *out);

extern const struct workload workload_get, workload_put, workload_put_get, workload_stat,
    workload_readdir, workload_small_put, workload_small_get, workload_small, workload_connect,
    workload_idle;

#endif
