/* EXT_INFO (RFC 8308). */
#ifndef SALLY_SSH_EXT_INFO_H
#define SALLY_SSH_EXT_INFO_H

#include "ssh/engine.h"

bool ext_info_init(struct ssh *ssh); /* false: no memory */
void ext_info_send(struct ssh *ssh);
ssh_handler on_ext_info;
/* Names of the signature algorithms accepted from users (server-sig-algs), with commas. */
const char *transport_user_signature_algorithms(const struct ssh *ssh);

#endif
