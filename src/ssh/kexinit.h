/* KEXINIT (RFC 4253 section 7.1). */
#ifndef SALLY_SSH_KEXINIT_H
#define SALLY_SSH_KEXINIT_H

#include "ssh/engine.h"

#define KEXINIT_MAX         (64u * 1024) /* payload of an offer */
#define LOGIN_EXCHANGES_MAX 4u           /* key exchanges before the login */

/* Begins a key exchange, or answers the peer's offer. On an error, the connection was ended.
 * SALLY_E_INVALID: the options leave nothing to offer. */
sally_error kexinit_send(struct ssh *ssh);
ssh_handler on_kexinit;

#endif
