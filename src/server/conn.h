/* A connection: a socket, its SSH engine, and the sessions on its channels. It lives on one loop,
 * and everything here is touched on that loop's thread only, but for what says otherwise. */
#ifndef SALLY_SERVER_CONN_H
#define SALLY_SERVER_CONN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"
#include "core/hook_stack.h"
#include "core/op.h"
#include "sallyport/server.h"
#include "server/address.h"
#include "server/live.h"
#include "server/loops.h"
#include "server/settings.h"
#include "ssh/auth.h"
#include "ssh/ssh.h"

struct channel;

/* A file that is open, for walks to show. */
struct conn_transfer {
    const sally_file *file;
    char *text;    /* "get /path", "put /path" */
    uint64_t size; /* 0: not known */
};
#define CONN_TRANSFERS 8

/* What walks show, for any thread. The numbers are written by the loop alone. */
struct conn_facts {
    pthread_mutex_t lock;    /* for the texts and transfers */
    char *user, *algorithms; /* NULL: "" */
    const char *state;       /* static */
    struct conn_transfer
        transfers[CONN_TRANSFERS]; /* the last one is shown; what there is no place for is not */
    uint32_t transfer_count;
    _Atomic uint64_t transferred; /* bytes of the one that is shown */
    _Atomic uint64_t bytes_in, bytes_out, last_input_ns;
    _Atomic uint32_t sessions, open_files, operations, rekeys;
};

/* Who is logged in. */
struct login {
    char *user, *home;
    sally_fs *fs; /* held */
    uint32_t permissions;
    struct live_user *live; /* held */
    bool is_counted;        /* in live->connections */
    struct lane *lane;      /* the workers'; NULL: there are none */
};

struct conn {
    struct task start;     /* its way to its loop */
    _Atomic uint32_t refs; /* one for the loop while there are pins; others of any thread, who may
                              look at `peer` and `facts` */
    sally_server *server;
    struct server_loop *loop;
    struct loop_member member;
    struct list registry_link;
    struct list link; /* the loop's conns; before there is one, the server's early */

    sally_peer peer; /* client_software: set once, under facts.lock */
    struct address address, local_address;
    struct live_address *live_address; /* held, what limits count it under; NULL: nothing */
    char *client_software;
    uint64_t connected_wall_ns;
    struct conn_facts facts;

    int fd; /* -1: closed */
    uv_poll_t poll;
    int interest;   /* UV_ bits that are polled for */
    bool has_poll;  /* the handle exists */
    size_t segment; /* os_segment() */

    struct ssh *ssh;                 /* NULL before it is on its loop, and once it is over */
    struct settings *first_settings; /* held: the engine borrows its texts */
    struct settings *settings;       /* held: the same, or with changes of its own */
    struct keyring *keys;            /* held */
    sally_auth *auth;                /* held: who was asked first is asked to the end */
    uint32_t auth_next; /* SALLY_AUTH_ bits that must follow a partial success; 0: any offered */
    void *auth_state;
    const char *asked_user; /* user name that awaits the authenticator's answer; NULL: none */
    struct login login;
    bool is_logged_in;

    struct list channels;    /* struct channel: open, or closing */
    struct list inline_jobs; /* struct job: to be run after the engine's turn */
    uint32_t pins; /* reasons to stay on the loop: being open, the handle, channels, tasks that are
                      out */

    bool is_readable; /* the socket said so, and nothing else since */
    bool is_starved;  /* the engine had no room when the socket had bytes */
    bool is_blocked;  /* the socket takes no more */
    bool is_due;      /* the deadline has passed */
    bool owes_ack;    /* bytes came that TCP may not have acknowledged, and nothing left since */
    bool has_eof;     /* the peer sends no more */
    bool is_broken;   /* the socket reported an error */
    bool is_trimmed;
    bool is_ended;          /* no engine, no way back */
    bool is_lingering;      /* ended; the peer is given time to read why */
    bool is_still_counted;  /* hung up, but its sessions are not over */
    bool has_news;          /* something was handed to the engine since it last ran */
    uint64_t drain_end_ns;  /* it has ended, and its sessions may take so long; 0: no time */
    uint64_t progress_ns;   /* when the socket last took something, or began to block */
    uint64_t active_ns;     /* when bytes last moved */
    uint64_t moved_bytes;   /* since the buffers were last given back */
    uint32_t end_reason;    /* SALLY_END_ value; 0: not over */
    const char *end_detail; /* static, or the engine's */
};

/* ---- conn.c: life ---- */

struct listener;

/* Makes a connection of a socket that is nonblocking already, and counts it; takes the socket in
 * any case. Not on its way yet. Any thread. NULL: refused, or out of memory; `error` says which.
 * `id` may be NULL. */
struct conn *conn_new(sally_server *server, int fd, const struct listener *listener,
                      sally_error *error);
/* Sends it to its loop. Under the server's lock. */
void conn_launch(struct conn *c, struct server_loop *loop);
/* Gives up one that was never launched. */
void conn_discard(struct conn *c);
struct conn *conn_ref(struct conn *c);
void conn_unref(struct conn *c);

void conn_pin(struct conn *c);
void conn_unpin(struct conn *c);
/* Ends it: reason and detail are those of the disconnected hook, unless it is over already. */
void conn_end(struct conn *c, uint32_t reason, const char *detail);
/* Tells the peer so (DISCONNECT), then ends. The text is copied. */
void conn_disconnect(struct conn *c, uint32_t reason, const char *text);
/* Nothing runs and nothing is open. */
bool conn_is_idle(const struct conn *c);
/* Takes a setting of its own. */
void conn_change(struct conn *c, const char *name, const char *value);

/* ---- conn_io.c: turns ---- */

sally_error conn_open_socket(struct conn *c);
void conn_close_socket(struct conn *c);
/* Asks for a turn: something may be done now. */
void conn_make_ready(struct conn *c);
void conn_turn(struct loop_member *m);
void conn_due(struct loop_member *m);

/* ---- conn_engine.c: the SSH engine ---- */

sally_error conn_make_engine(struct conn *c);
/* Lets the engine do what it can, with all that follows from it: jobs, replies of sessions,
 * channels that are gone. */
void conn_run_engine(struct conn *c);
struct ssh_options conn_options(const struct conn *c);

/* ---- conn_info.c: what walks show ---- */

void conn_facts_init(struct conn_facts *facts);
void conn_facts_clear(struct conn_facts *facts);
void conn_set_text(struct conn *c, char **place, const char *text);
void conn_set_state(struct conn *c, const char *state);
void conn_update_numbers(struct conn *c);
/* An observer of OPEN and CLOSE among the server's hooks: which files are open. */
sally_error conn_watch_files(struct hook_stack *hooks);
/* Any thread. The texts lie in `storage`, which the caller frees. False: out of memory. */
bool conn_describe(struct conn *c, sally_connection_info *info, sally_peer *peer, char **storage);

struct log_ids conn_log_ids(const struct conn *c);

#endif
