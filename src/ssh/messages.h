/* The table of messages: what is done with each number in each state. */
#ifndef SALLY_SSH_MESSAGES_H
#define SALLY_SSH_MESSAGES_H

#include "ssh/engine.h"

#define UNIMPLEMENTED_MAX 64u /* messages of unassigned numbers in a connection's life */

enum message_verdict {
    MESSAGE_REFUSED, /* the connection ends */
    MESSAGE_HANDLED,
    MESSAGE_IGNORED,
    MESSAGE_UNIMPLEMENTED /* is answered with UNIMPLEMENTED */
};

/* `state`: what is awaited; while the peer exchanges keys, AWAIT_KEX or AWAIT_NEWKEYS. */
enum message_verdict message_judge(enum ssh_role receiver, enum ssh_state state, uint8_t number);
void messages_dispatch(struct ssh *ssh, struct slice payload, uint32_t sequence);

#endif
