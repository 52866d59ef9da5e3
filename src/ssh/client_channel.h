/* The client's side of channels. */
#ifndef SALLY_SSH_CLIENT_CHANNEL_H
#define SALLY_SSH_CLIENT_CHANNEL_H

#include "ssh/engine.h"

ssh_handler on_channel_open_confirmation, on_channel_open_failure;

#endif
