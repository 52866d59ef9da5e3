/* New keys, and NEWKEYS (RFC 4253 sections 7.2 and 7.3). */
#ifndef SALLY_SSH_NEWKEYS_H
#define SALLY_SSH_NEWKEYS_H

#include "ssh/engine.h"

/* Derives both directions' keys, sends NEWKEYS, and puts the outgoing keys into use. False: the
 * connection was ended. */
bool newkeys_send(struct ssh *ssh, struct slice secret, struct slice hash);
ssh_handler on_newkeys;

#endif
