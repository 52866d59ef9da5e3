/* Sending on a channel. */
#ifndef SALLY_SSH_CHANNEL_SEND_H
#define SALLY_SSH_CHANNEL_SEND_H

#include "ssh/channel.h"

enum channel_step {
    STEP_SENT,    /* a packet; there may be more */
    STEP_NOTHING, /* nothing to send, or no window for it */
    STEP_BLOCKED, /* the transport takes no data now */
    STEP_OVER     /* the connection has ended */
};

enum channel_step channel_step(struct ssh_channel *ch);
/* There may be something to send. */
void channel_wake(struct ssh_channel *ch);
void channel_drop_chunks(struct ssh_channel *ch);

#endif
