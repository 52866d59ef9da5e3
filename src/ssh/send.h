/* From a payload to the send buffer. */
#ifndef SALLY_SSH_SEND_H
#define SALLY_SSH_SEND_H

#include "ssh/engine.h"

/* Sealed answers allowed beyond options.send_bound before input stops. */
#define CONTROL_ROOM (64u * 1024)
#define WAITING_MAX  (256u * 1024) /* payloads that wait for the end of a key exchange */
#define ANSWER_MAX   (192u * 1024) /* more than one message can make us answer */
#define PADDING_POOL 1024u

/* Begins a message: returns the buffer to put the payload into, the number being in it already. */
struct buf *ssh_message(struct ssh *ssh, uint8_t number);
/* Seals and queues the message begun. While keys are exchanged, messages past the transport's own
 * wait and leave after NEWKEYS in order. A message that did not fit in memory ends the connection.
 */
void ssh_message_send(struct ssh *ssh);
/* Sends the messages that have waited. */
void send_waiting(struct ssh *ssh);
/* Seals now, whatever the state of the key exchange. False: the connection was ended. */
bool send_now(struct ssh *ssh, struct slice head, struct slice body);

/* Whether channel data of `size` bytes payload may be sealed now: keys are not being exchanged,
 * nothing waits before it, and the send buffer is below its bound. */
bool ssh_may_seal_data(const struct ssh *ssh, size_t size);
/* Seals head + body out of place into the send buffer. Only after ssh_may_seal_data(). False: the
 * connection was ended. */
bool ssh_seal_data(struct ssh *ssh, struct slice head, struct slice body);
/* Bytes of output beyond which no data is sealed. */
size_t send_bound(const struct ssh *ssh);
/* The output is so long that no more input is processed. */
bool send_is_full(const struct ssh *ssh);

#endif
