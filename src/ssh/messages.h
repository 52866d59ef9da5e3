/* The table of messages: what is done with each number in each state. */
#ifndef SALLY_SSH_MESSAGES_H
#define SALLY_SSH_MESSAGES_H

#include "ssh/engine.h"

enum message_verdict {
    MESSAGE_REFUSED, /* the connection ends */
    MESSAGE_HANDLED,
    MESSAGE_IGNORED,
    MESSAGE_UNIMPLEMENTED /* is answered so */
};

/* `state`: what is awaited; while the peer exchanges keys, AWAIT_KEX or AWAIT_NEWKEYS. */
enum message_verdict message_judge(enum ssh_role receiver, enum ssh_state state, uint8_t number);

#endif
