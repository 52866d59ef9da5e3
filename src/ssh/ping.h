/* PING and PONG (draft-miller-ssh-ping). */
#ifndef SALLY_SSH_PING_H
#define SALLY_SSH_PING_H

#include "ssh/engine.h"

ssh_handler on_ping;

#endif
