/* A channel that the program serves: the object behind sallyport/channel.h. Any thread may write to
 * it; its session, on the connection's loop, sends the output and calls the callbacks. */
#ifndef SALLY_SERVER_SSH_PROGRAM_H
#define SALLY_SERVER_SSH_PROGRAM_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/chunk.h"
#include "loop/task.h"
#include "sallyport/channel.h"
#include "server/ssh/channel.h"

enum program_state {
    PROGRAM_REQUESTED, /* not accepted yet */
    PROGRAM_ACCEPTED,  /* by the program; the request is not granted yet */
    PROGRAM_OPEN,      /* it has a session */
    PROGRAM_CLOSED     /* the last callback has been called, or is about to be */
};

/* How its end is reported to the client. */
enum program_exit { EXIT_NOT, EXIT_STATUS, EXIT_SIGNAL, EXIT_UNREPORTED };

/* Bytes on their way out. */
struct output_piece {
    struct chunk chunk;
    sally_channel *program; /* which outlives it */
    size_t cost;            /* of the queue */
    bool is_error;
    uint8_t data[];
};

struct sally_channel {
    _Atomic uint32_t refs;
    struct conn *conn; /* valid until it is closed */
    void *login_data;
    struct loop *loop;

    pthread_mutex_t lock; /* for all from here to `task`; `options` does not change once accepted */
    enum program_state state;
    sally_channel_options options;
    struct channel *home; /* its session's; NULL: it is not open */
    struct list queue;    /* struct piece, not handed to the SSH engine yet */
    size_t queued;        /* cost of these, and of those that the SSH engine still has */
    bool wants_room;      /* a write has found too little */
    size_t unconsumed;    /* of what was received */
    size_t consumed;      /* the window is to be credited with it */
    bool owes_eof;
    enum program_exit exit;
    uint32_t exit_status;
    char *signal, *signal_text; /* owned */
    bool core_dumped;
    bool is_posted; /* `task` is on its way home */

    struct task task;
    /* At home: */
    bool has_input_end, has_sent_eof, is_finishing;
    uint32_t end_reason;
    void (*on_closed)(void *user_data); /* its session waits for the task; NULL: it does not */
    struct conn_session *ending;
};

/* A new one, for a request on this connection. NULL: out of memory. */
sally_channel *program_new(struct conn *c);
bool program_is_accepted(sally_channel *p);
/* The request is answered; if the channel is not open by now, it never will be. */
void program_turn_away(sally_channel *p);
/* Under its lock: wakes the session. */
void program_wake(sally_channel *p);

#endif
