/* The timers of a connection. */
#ifndef SALLY_SSH_TIMERS_H
#define SALLY_SSH_TIMERS_H

#include "ssh/engine.h"

void transport_keepalive_answered(struct ssh *ssh);

#endif
