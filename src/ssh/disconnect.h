/* How a connection ends. */
#ifndef SALLY_SSH_DISCONNECT_H
#define SALLY_SSH_DISCONNECT_H

#include "ssh/engine.h"

/* Sends DISCONNECT with a reason of RFC 4253 section 11.1 (0: nothing is sent), then enters the
 * state OVER. `detail` is static. Does nothing if it is OVER already. */
void transport_end(struct ssh *ssh, uint32_t reason, enum ssh_end end, const char *detail);
void transport_no_memory(struct ssh *ssh);
/* Notifies the services and the owner once that the connection is over. */
void transport_deliver_end(struct ssh *ssh);
ssh_handler on_disconnect;

#endif
