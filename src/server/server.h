/* The server's inside: what its loops, connections and public calls share. */
#ifndef SALLY_SERVER_SERVER_H
#define SALLY_SERVER_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/log.h"
#include "core/counters.h"
#include "core/hook_stack.h"
#include "crypto/crypto.h"
#include "loop/task.h"
#include "os/thread_texts.h"
#include "sallyport/server.h"
#include "server/conn_log.h"
#include "server/generated_keys.h"
#include "server/keyring.h"
#include "server/limits.h"
#include "server/registry.h"
#include "server/service.h"
#include "server/stalled_ops.h"
#include "settings/settings.h"

struct conn;
struct server_loop;
struct workers;

enum server_state {
    SERVER_NEW,     /* being set up */
    SERVER_STARTED, /* by run or start: loops have threads */
    SERVER_PUMPED,  /* by poll: one loop, in the caller's thread */
    SERVER_ENDED    /* the loops have finished */
};

struct sally_server {
    /* `lock` guards the members up to the next comment. No callback of the program is called under
     * it. */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* state, loops_running, joining, grace, what loops hold */
    enum server_state state;
    struct setting_layer layer; /* what was set for the server ... */
    struct settings *settings;  /* ... resolved: connections hold the set they began with */
    struct keyring *keys;       /* likewise */
    sally_auth *auth;
    uint64_t generation;           /* grows when one of these three changes */
    struct service_source adopted; /* for sockets passed in by the program */
    bool auth_is_ours;             /* made by sally_server_add_user() */
    bool is_draining;              /* shut down: no new connections */
    uint64_t grace_end_ns;
    struct list acceptors;        /* struct acceptor: those that listen */
    struct list closed_acceptors; /* those that the first loop is about to give up */
    struct list lent_listeners;   /* struct sally_listener: the program has them */
    struct list urls;             /* of all listeners that there ever were: server_keep_url() */
    struct list early;            /* struct conn: adopted before there was a loop */
    uint32_t loops_running;
    bool is_joining, is_joined;

    /* Set up before the first loop runs, then unchanged. */
    struct crypto *crypto;
    struct hook_stack hooks;
    struct log_sink log;
    _Atomic uint32_t log_level; /* may change at any time */
    sally_log_fn *log_fn;
    void *log_user_data;
    struct server_loop **loops;
    uint32_t loop_count;
    struct workers *workers; /* NULL: pump mode without workers */
    struct generated_keys generated_keys;

    struct stall_timer pump_stall_timer; /* of the thread that polls */

    /* Their own locks, or none needed. */
    pthread_mutex_t log_lock; /* recursive: lines logged by the log function itself are dropped */
    bool log_busy;
    struct conn_log conn_log;     /* under log_lock */
    struct thread_texts failures; /* for sally_server_error() */
    struct limits limits;
    struct registry registry;
    struct counters counters;
    _Atomic uint64_t next_connection_id, next_session_id;
    _Atomic uint64_t visited_ns; /* when the program last visited connections or files; 0: never */
    int reserve_fd; /* the first loop's: used to refuse a client when descriptors run out */
};

/* ---- server.c ---- */

/* The current settings or keys, held for the caller. */
struct settings *server_settings(sally_server *server);
struct keyring *server_keys(sally_server *server);
/* Adds a host key; `only_new_type`: unless there is one of its type. False: out of memory. */
bool server_add_key(sally_server *server, sally_key *key, bool only_new_type);

/* Whether there is a host key for what clients are offered. False: `why` says what to do. */
bool server_can_sign(const struct keyring *keys, const struct settings *settings,
                     char why[SETTINGS_WHY_SIZE]);

/* ---- error_text.c: the text of sally_server_error() ---- */

/* Keeps a text for the calling thread, and returns `error`. */
sally_error server_fail(sally_server *server, sally_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- urls.c ---- */

/* The text, kept until the server is freed; NULL: out of memory. Takes `lock`. */
const char *server_keep_url(sally_server *server, const char *url);
void server_urls_free(sally_server *server);

/* ---- log.c ---- */

void server_log_init(sally_server *server);
void server_log_clear(sally_server *server);

/* ---- life.c ---- */

/* Makes the loops and the workers, and has the listeners and what was adopted early begin. Takes
 * `lock`. */
sally_error server_prepare(sally_server *server, bool pumped);
/* Whether the caller is inside one of the server's callbacks. */
bool server_is_here(sally_server *server);
/* A loop has finished, on its thread. */
void server_loop_ended(struct server_loop *loop);
/* Waits until `changed` is signalled or the time has come; DEADLINE_NONE: no limit. Under `lock`.
 */
void server_await_change(sally_server *server, uint64_t until_ns);
/* Waits for the threads to end, until `until_ns` at most (DEADLINE_NONE: no limit), and ends the
 * workers. SALLY_E_BUSY: operations have stalled for too long, and the server keeps running, as it
 * does with SALLY_E_TIMEOUT. */
sally_error server_join(sally_server *server, uint64_t until_ns);

#endif
