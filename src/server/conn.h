/* A connection: a stream (its socket), a line (its protocol engine), and sessions. It lives on one
 * loop, and everything here is touched on that loop's thread only, unless it says otherwise. */
#ifndef SALLY_SERVER_CONN_H
#define SALLY_SERVER_CONN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"
#include "base/log.h"
#include "base/progress.h"
#include "core/account.h"
#include "core/hook_stack.h"
#include "core/op.h"
#include "sallyport/server.h"
#include "server/address.h"
#include "server/conn_penalty.h"
#include "server/hook_question.h"
#include "server/line.h"
#include "server/loops.h"
#include "server/open_files.h"
#include "server/protocols.h"
#include "server/service.h"
#include "server/stream.h"
#include "server/usage.h"
#include "settings/settings.h"

/* Facts for sally_server_each_connection(), for any thread. The numbers are written by the loop
 * alone. */
struct conn_facts {
    pthread_mutex_t lock;                  /* for the texts and files */
    char *user, *algorithms;               /* NULL: ""; `user` is set once */
    char *client_version, *server_version; /* likewise, and set once */
    sally_connection_facts agreed;         /* static texts; those that are not known are NULL */
    struct list files;                     /* struct open_file, the last one opened at the end */
    _Atomic uint64_t transferred;          /* bytes of the one that is shown */
    _Atomic uint64_t bytes_in, bytes_out, last_input_ns;
    _Atomic uint32_t sessions, open_files, operations, rekeys;
};

/* The connection as seen by the program, and the program's data: under conn_facts.lock. */
struct sally_connection {
    void *data;
    void (*free_data)(void *data);
};

struct asked;
struct attempt; /* to log in */

/* Who is logged in. */
struct login {
    char *user, *home;
    sally_fs *fs; /* held */
    uint32_t permissions;
    void *data; /* the program's */
    void (*free_data)(void *data);
    struct user_usage *usage; /* held */
    bool is_counted;          /* in usage->connections */
    struct lane *lane;        /* the workers'; NULL: there are none */
};

/* The stages of a connection; it only moves forward. */
enum conn_stage {
    CONN_HANDSHAKE, /* on its way to its loop, or negotiating */
    CONN_LOGIN,     /* the client may log in */
    CONN_OPEN,      /* the client has logged in */
    CONN_CLOSING,   /* the engine has finished; remaining output is sent */
    CONN_LINGERING, /* the engine is gone; the peer is given time to read why */
    CONN_CLOSED     /* the socket is closed; sessions may still be draining */
};

/* The socket, and what its poll handle and the last calls have reported. */
struct conn_socket {
    int fd; /* -1: closed */
    uv_poll_t poll;
    int interest;     /* UV_ bits that are polled for */
    size_t segment;   /* os_segment() */
    bool has_poll;    /* the handle exists */
    bool is_readable; /* reported by the socket, and not retracted since */
    bool is_starved;  /* the engine had no room when the socket had bytes */
    bool is_blocked;  /* the socket accepts no more */
    bool owes_ack;    /* bytes came that TCP may not have acknowledged, and nothing left since */
    bool has_eof;     /* the peer will send no more */
    bool is_broken;   /* the socket reported an error */
    int error;        /* the first one; 0: none */
    bool has_hung_up; /* noticed while nothing could be read */
};

struct conn {
    struct sally_connection pub;
    struct task start;     /* its way to its loop */
    _Atomic uint32_t refs; /* one for the loop while there are pins; others may be held by any
                              thread, which may look at `peer`, `stage` and `facts` */
    sally_server *server;
    sally_listener *listener; /* held; NULL: passed in by the program */
    struct server_loop *loop;
    struct loop_member member;
    struct list registry_link;
    struct list link; /* the loop's conns; before there is one, the server's early */

    sally_peer peer; /* client_software: set once, under facts.lock */
    struct address address, local_address;
    char proxy_address[ADDRESS_TEXT_SIZE]; /* as in `peer` */
    struct ip_address ip;                  /* of the client, not of a proxy */
    struct address_usage *address_usage;   /* held; the limits count it here; NULL: not counted */
    struct hook_question question;         /* to the hooks */
    char *client_software;
    uint64_t connected_wall_ns;
    struct conn_facts facts;

    _Atomic uint32_t stage; /* enum conn_stage: conn_set_stage() */
    struct conn_socket socket;
    struct stream stream;
    struct line *line; /* NULL before it is on its loop, and from CONN_LINGERING on */

    struct service *service;   /* held: the one it began with; the engine borrows its texts */
    struct settings *settings; /* held: these layers, resolved on top of the service's */
    struct setting_layer user_layer, own_layer;
    uint32_t auth_next; /* SALLY_AUTH_ bits that must follow a partial success; 0: any offered */
    struct asked *auth_state; /* from one attempt to the next; NULL: none was asked yet */
    const char *asked_user;   /* user name that awaits the authenticator's answer; NULL: none */
    /* a rejection that is sent at rejection_due_ns; NULL: none */
    struct attempt *delayed_rejection;
    uint64_t rejection_due_ns;
    struct login_offences offences;
    struct login login;
    bool awaits_admission; /* the answer to connection_requested; there is no line before that */
    bool is_logged_in;
    bool has_asked_login; /* its authenticator can no longer change */
    bool has_own_keys;    /* its service's are not its listener's */
    struct log_sink log;  /* see conn_log_init() */

    struct list completed_ops;  /* struct op: completed, and wait for a turn */
    struct list sessions;       /* struct conn_session */
    struct list ready_sessions; /* sessions to be settled */
    uint32_t pins; /* reasons to stay on the loop: being open, the poll handle, sessions, tasks that
                      are out */

    /* what it uses: of its user's, before the login of its address's */
    struct local_account memory;
    uint64_t base_bytes, line_bytes; /* of this: the connection itself, and its engine's buffers */
    uint64_t retry_ns;               /* between retries without memory; 0: none was needed */
    bool has_logged_refusal, has_logged_wait; /* of a channel; for memory */

    bool is_due;                 /* the deadline has passed */
    bool is_behind;              /* the line has not processed everything that was received */
    bool is_trimmed;             /* its buffers were freed, and no byte has moved since */
    bool counted_until_drained;  /* closed, but its sessions have not ended */
    bool counted_until_answered; /* closed, but a hook's late answer has not come */
    uint64_t drain_end_ns; /* it is closed, and its sessions may drain until then; 0: not set */
    struct rate rates[DIRECTIONS];
    struct { /* its place among those that wait for their user's rate */
        uint64_t at_ns, per_second;
        size_t bytes; /* that are paid for; 0: it does not wait */
    } booked[DIRECTIONS];
    bool is_rate_reached[DIRECTIONS]; /* in this turn: no more bytes pass before rate_until_ns */
    uint64_t rate_until_ns;           /* UINT64_MAX: neither is reached */
    struct progress progress;         /* of the socket, in taking what waits */
    uint64_t active_ns;               /* when bytes last moved */
    uint64_t moved_bytes;             /* since the buffers were last given back */
    uint32_t end_reason;              /* SALLY_END_ value; 0: not over */
    const char *end_detail;           /* static, or the engine's */
};

/* ---- conn.c: life ---- */

struct incoming_socket;

/* Makes a connection of a socket that is nonblocking already, and counts it; takes the socket in
 * any case. Not on its way yet. Any thread. NULL: refused by the setting *limit, or out of memory:
 * *limit is NULL. */
struct conn *conn_new(const struct incoming_socket *incoming, const char **limit);
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
/* Sends `text` to the peer through the line, then ends the connection. The text is copied. */
void conn_disconnect(struct conn *c, uint32_t reason, const char *text);
/* It only moves forward: a stage before the current one is ignored. */
void conn_set_stage(struct conn *c, enum conn_stage stage);
bool conn_is_ended(const struct conn *c); /* the engine is gone for good */
/* Nothing runs and nothing is open. */
bool conn_is_idle(const struct conn *c);

/* ---- conn_peer.c: its client ---- */

/* Once, while it has its socket. */
void conn_set_peer(struct conn *c, const struct incoming_socket *incoming);

/* What it begins with: anew when that has changed on the way to its loop. False: out of memory. */
bool conn_begin_service(struct conn *c, const struct protocol *protocol);

/* ---- conn_start.c: admission ---- */

void conn_log_refused(const struct conn *c, const char *why);
void conn_start(struct task *task);
/* A turn while c->awaits_admission: refuses it once the login time is over. */
void conn_await_admission(struct conn *c);
/* Refuses it at once. */
void conn_stop_awaiting(struct conn *c, const char *why);

/* ---- conn_io.c: turns ---- */

sally_error conn_open_socket(struct conn *c);
void conn_close_socket(struct conn *c);
/* Asks for a turn: something may be done now. */
void conn_make_ready(struct conn *c);
/* Where the work that it does on its loop is counted. */
struct turn *conn_turn_of(const struct conn *c);
void conn_turn(struct loop_member *m);
void conn_due(struct loop_member *m);

/* ---- conn.c: events from lines ---- */

/* The client has logged in; c->login says as whom. */
void conn_logged_in(struct conn *c);
/* The engine has finished; the detail is static, or lives as long as the engine. */
void conn_line_ended(struct conn *c, uint32_t reason, const char *detail);

/* ---- conn_settings.c ---- */

struct auth_setting;

/* Applies what the user's login set. On failure nothing has changed: SALLY_E_NO_MEMORY;
 * SALLY_E_RANGE: a list that must not be empty would become empty, which is logged. */
sally_error conn_set_user_settings(struct conn *c, const struct auth_setting *settings);
/* Sets one of the connection's own settings, which was checked. On failure nothing has changed, and
 * `why` says what would be wrong: errors as above. */
sally_error conn_set(struct conn *c, const char *name, const char *value,
                     char why[SETTINGS_WHY_SIZE]);

/* ---- conn_memory.c: its share of the memory ---- */

/* It is on its loop. */
void conn_memory_begin(struct conn *c);
/* Its engine is gone, and the socket is about to be. */
void conn_memory_end(struct conn *c);
/* From now on it counts for this user; NULL: for its address, since the login has failed. */
void conn_memory_login(struct conn *c, struct user_usage *user);
/* Its settings have changed. */
void conn_memory_set_limits(struct conn *c);
/* What the engine's buffers take now. */
void conn_memory_count_line(struct conn *c, size_t bytes);
/* Retries what was refused memory, if the connection has released some since, or if it is time
 * (`is_due`). */
void conn_memory_retry(struct conn *c, bool is_due);
/* When to try again; UINT64_MAX: nothing waits for memory. */
uint64_t conn_memory_deadline(const struct conn *c);
/* Logs and tells the hooks, once per connection, that a setting does not allow it another session.
 */
void conn_note_refused_channel(struct conn *c, const char *setting);
/* Tells the hooks alone: it is logged already. */
void conn_tell_refused_channel(struct conn *c, const char *setting);

/* ---- conn_rate.c: bytes per second ---- */

void conn_rate_begin_turn(struct conn *c);
/* How many of `size` bytes may pass now; 0: none before c->rate_until_ns. */
size_t conn_rate_allow(struct conn *c, enum direction direction, size_t size, uint64_t now_ns);
/* They have passed. */
void conn_rate_charge(struct conn *c, enum direction direction, size_t size, uint64_t now_ns);
/* It no longer waits. */
void conn_rate_end(struct conn *c);

/* ---- conn_info.c: facts for sally_server_each_connection() ---- */

void conn_facts_init(struct conn_facts *facts);
void conn_facts_clear(struct conn_facts *facts);
void conn_set_text(struct conn *c, char **place, const char *text);
/* The number of its sessions changes by `more`, those of their files and operations from `was` to
 * `now`. */
void conn_count_sessions(struct conn *c, int more);
void conn_count_files(struct conn *c, uint32_t now, uint32_t was);
void conn_count_operations(struct conn *c, uint32_t now, uint32_t was);
/* Any thread. The texts lie in `storage`, which the caller frees. False: out of memory. */
bool conn_describe(struct conn *c, sally_connection_info *info, sally_peer *peer, char **storage);

/* ---- sally_connection.c: facts and data for the program ---- */

/* Once. If out of memory, facts stay unknown. */
void conn_set_versions(struct conn *c, const char *client, const char *server,
                       const char *client_software);
/* The result of a key exchange; the texts are static. */
void conn_set_agreement(struct conn *c, const sally_connection_facts *agreed);
/* The program can no longer access its data. */
void conn_free_data(struct conn *c);

struct log_ids conn_log_ids(const struct conn *c);

#endif
