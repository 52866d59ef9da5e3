/* Global requests (RFC 4254 section 4). */
#ifndef SALLY_SSH_GLOBAL_REQUEST_H
#define SALLY_SSH_GLOBAL_REQUEST_H

#include "ssh/engine.h"

#define PROOFS_MAX 16 /* clients ask once; each costs signatures */

/* keepalive@openssh.com with want_reply; the transport's timers ask for it. */
void connection_send_keepalive(struct ssh *ssh);
/* Server: right after the login: hostkeys-00@openssh.com with all host keys
 * (draft-ietf-sshm-hostkey-update). */
void connection_login_done(struct ssh *ssh);
ssh_handler on_global_request, on_request_success, on_request_failure;

#endif
