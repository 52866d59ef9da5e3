/* The states of a channel (RFC 4254 section 5): of each direction, and towards the engine's owner.
 */
#ifndef SALLY_SSH_CHANNEL_STATE_H
#define SALLY_SSH_CHANNEL_STATE_H

#include <stdbool.h>

/* What the peer has sent. */
enum channel_input {
    INPUT_UNCONFIRMED, /* client: CHANNEL_OPEN has not been answered */
    INPUT_OPEN,
    INPUT_EOF,
    INPUT_CLOSED
};

/* What we have sent, and what is due once everything queued has been sent. */
enum channel_output {
    OUTPUT_OPEN,
    OUTPUT_EOF_DUE,
    OUTPUT_EOF_SENT,
    OUTPUT_EOF_CLOSE_DUE, /* from here on, input is dropped */
    OUTPUT_CLOSE_DUE,
    OUTPUT_CLOSED,
    OUTPUT_STATES
};

enum channel_act {
    CHANNEL_SEND_EOF, /* the owner has no more data */
    CHANNEL_FINISH,   /* the owner is done with it */
    CHANNEL_ABANDON,  /* nothing runs on it */
    CHANNEL_SENT,     /* what was due has been sent */
    CHANNEL_ACTS
};

/* What the owner knows of it. */
enum channel_owner {
    OWNER_UNAWARE,
    OWNER_ASKED,  /* was asked to run something, and refused; is notified of the channel's end */
    OWNER_THINKS, /* likewise, and will answer later */
    OWNER_RUNS    /* server: a subsystem or command; client: always */
};

enum channel_output channel_output_after(enum channel_output state, enum channel_act act);
/* What is due in this state. */
bool channel_output_owes_eof(enum channel_output state);
bool channel_output_owes_close(enum channel_output state);

#endif
