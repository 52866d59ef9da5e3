/* A session inside the library: its queue, its open files, its end. */
#ifndef SALLY_CORE_SESSION_H
#define SALLY_CORE_SESSION_H

#include "base/log.h"
#include "base/turn.h"
#include "core/account.h"
#include "core/counters.h"
#include "core/hook_stack.h"
#include "core/op.h"
#include "sallyport/file.h"
#include "sallyport/session.h"

struct lane; /* loop/lanes.h */

/* What the host provides. The server has threads; sally_sftp and unit tests may do everything in
 * the caller's. */
struct session_host {
    /* Home thread: have session_run(op) called where it may block, soon. Never fails; uses
     * op->link. NULL: it is called here and now. */
    void (*offload)(struct session_host *host, struct op *op);
    /* Any thread: calls session_run_long(op) where it may block, after the long operations of
     * others. Never fails; uses op->long_link. NULL: long operations are not divided into pieces.
     */
    void (*resume_later)(struct session_host *host, struct op *op);
    /* Any thread: have session_deliver(op) called on the home thread, in the order of these calls.
     * Never fails, never allocates; uses op->link. */
    void (*wake)(struct session_host *host, struct op *op);
    /* Home thread, for hosts that live on a loop: an operation has come home; call
     * session_deliver() for it. Other hosts call session_deliver() themselves. */
    void (*deliver)(struct session_host *host, struct op *op);
    uint64_t (*now_ns)(struct session_host *host); /* monotonic */
    bool yields; /* operations are delivered in a later turn than their wake(), so that long work on
                  * the home thread can be split up */
    struct lane *lane; /* the operations' place among the workers; managed by the host */
    /* The turn of the host's loop: work on the home thread is counted here. Once it is over,
     * nothing more is started, and the host calls session_begin_turn() in the next one. NULL: none.
     */
    struct turn *turn;
};

struct session_options {
    const char *user;             /* copied */
    const char *home;             /* copied; canonical */
    const sally_peer *peer;       /* lent, must outlive the session */
    sally_connection *connection; /* likewise; NULL: none */
    sally_fs *fs;                 /* held */
    void *login_data;             /* the program's, of the login; must outlive the session */
    uint32_t permissions;
    uint32_t denied; /* SALLY_MAY_ bits that it never has, whatever is set later */
    uint64_t id;
    uint32_t max_operations; /* submitted and not done; at least 1 */
    uint32_t max_files;
    /* of running operations' reply_bytes: a READ waits while it would exceed this */
    size_t max_bytes;
    const struct hook_stack *hooks; /* lent; NULL: none */
    const struct log_sink *log;     /* lent; NULL: none */
    struct counters *counters;      /* lent; NULL: none */
    struct local_account *memory;   /* lent: the session's memory is charged to it; NULL: none */
    struct account *files;          /* lent: its open files are charged to it; NULL: none */
};

sally_error session_new(sally_session **out, struct session_host *host,
                        const struct session_options *options);

/* Called by the host. */
void session_run(struct op *op);     /* on a thread that may block */
void session_deliver(struct op *op); /* at home */
/* At home, in a new turn: starts operations that the last turn's end prevented. */
void session_begin_turn(sally_session *session);

/* For engines. */
/* Below max_operations, not closing, and the turn is not over. */
bool session_may_submit(const sally_session *session);
bool session_turn_is_over(const sally_session *session);
/* For work without an operation: units as in base/turn.h. */
void session_spend(const sally_session *session, uint32_t units);
/* Its memory; NULL: no account is kept. */
struct local_account *session_memory(const sally_session *session);
/* Whether there is room for `bytes` more, and if not, whether the user's reserve may be used:
 * `is_idle`: nothing is in progress in this session that would free memory. */
bool session_has_room(const sally_session *session, size_t bytes, bool is_idle);
/* Logs, once per session, that a setting prevents it from opening more files. */
void session_note_refused_file(sally_session *session, const char *setting);
/* There may be room again for operations that wait for memory. */
void session_resume(sally_session *session);
uint32_t session_in_flight(const sally_session *session);
/* Home thread: calls `each` for every operation that was started and is not answered yet. It may
 * read kind and asked_path. */
void session_each_running(const sally_session *session,
                          void (*each)(void *user_data, const struct op *op), void *user_data);
void session_set_version(sally_session *session, uint32_t version);
void session_set_protocol(sally_session *session, const char *name); /* a static text */
uint32_t session_file_count(const sally_session *session);
uint32_t session_max_files(const sally_session *session);
struct log_ids session_log_ids(const sally_session *session);
const struct log_sink *session_log(const sally_session *session);
struct session_host *session_host(const sally_session *session);
/* Grows with each request of the client that may change something: data read before it is stale. */
uint64_t session_changes(const sally_session *session);

/* The client has disconnected, and session_close() will follow: operations that change something
 * are still done; those that only read are cancelled, or answered with SALLY_CONNECTION_LOST
 * without reaching the storage, even if submitted later. */
void session_drain(sally_session *session);
bool session_is_draining(const sally_session *session);

/* Why the session is about to end: a SALLY_END_ value, for SESSION_END. The first one counts. */
void session_set_end_reason(sally_session *session, uint32_t reason);

/* Ends the session: queued operations are answered with SALLY_CONNECTION_LOST without reaching the
 * storage, running ones are cancelled and awaited; then every open file is closed with `reason`
 * (SALLY_CLOSED_), SESSION_END is done (if SESSION_START was) and the storage released; then
 * on_closed is called, once, perhaps before this returns, and the session is freed. on_done is
 * still called for every operation. */
void session_close(sally_session *session, uint32_t reason, void (*on_closed)(void *user_data),
                   void *user_data);

#endif
