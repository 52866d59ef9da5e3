/* Requests on a channel (RFC 4254 sections 5.4 and 6). */
#ifndef SALLY_SSH_CHANNEL_REQUEST_H
#define SALLY_SSH_CHANNEL_REQUEST_H

#include "ssh/channel.h"

#define CHANNEL_TRIES_MAX 8 /* subsystem and exec requests that may be refused before all are */

/* Begins a message of this channel's: number, and the peer's number of the channel. */
struct buf *channel_message(struct ssh_channel *ch, uint8_t number);
ssh_handler on_channel_request, on_channel_success, on_channel_failure;

#endif
