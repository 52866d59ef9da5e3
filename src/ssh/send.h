/* From a payload to the send buffer. */
#ifndef SALLY_SSH_SEND_H
#define SALLY_SSH_SEND_H

#include "ssh/engine.h"

/* Sealed answers allowed beyond options.send_bound before input stops. */
#define CONTROL_ROOM (64u * 1024)
#define WAITING_MAX  (256u * 1024) /* payloads that wait for the end of a key exchange */
#define ANSWER_MAX   (192u * 1024) /* more than we ever send in answer to one message */
#define PADDING_POOL 1024u

/* Begins a message: returns the buffer for the payload, which already contains the message number.
 */
struct buf *ssh_message(struct ssh *ssh, uint8_t number);
/* Seals and queues the current message. During a key exchange, messages above the transport layer
 * wait, and are sent in order after NEWKEYS. Running out of memory for a message ends the
 * connection. */
void ssh_message_send(struct ssh *ssh);
/* Sends the messages that were waiting. */
void send_waiting(struct ssh *ssh);
/* Seals now, whatever the state of the key exchange. False: the connection was ended. */
bool send_now(struct ssh *ssh, struct slice head, struct slice body);

/* Whether channel data of `size` bytes may be sealed now: no key exchange is running, nothing is
 * waiting ahead of it, and the send buffer is below its bound. */
bool ssh_may_seal_data(const struct ssh *ssh, size_t size);
/* Seals head + body out of place into the send buffer. Only after ssh_may_seal_data(). False: the
 * connection was ended. */
bool ssh_seal_data(struct ssh *ssh, struct slice head, struct slice body);
/* The amount of output, in bytes, above which no data is sealed. */
size_t send_bound(const struct ssh *ssh);
/* Whether there is so much output that no more input is processed. */
bool send_is_full(const struct ssh *ssh);

#endif
