/* From the receive buffer to a message's payload. */
#ifndef SALLY_SSH_RECEIVE_H
#define SALLY_SSH_RECEIVE_H

#include "ssh/engine.h"

#define LOGIN_PACKET_MAX (64u * 1024)  /* packet_length accepted before the login */
#define LOGIN_INPUT_MAX  (512u * 1024) /* bytes accepted before the login, in total */

struct receive_buffer {
    uint8_t *data;
    size_t start, end, capacity;
    uint32_t packet_length; /* of the packet at start; 0: not known yet */
    size_t room;            /* last given out */
    bool bulk;              /* reads filled all the room they were given */
};

size_t receive_room(struct ssh *ssh, uint8_t **room);
/* The next message's payload, valid until the next call. False: none is complete, or the connection
 * was ended. */
bool receive_packet(struct ssh *ssh, struct slice *payload, uint32_t *sequence);
void receive_trim(struct ssh *ssh);

#endif
