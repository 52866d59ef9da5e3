/* The client's side of user authentication. */
#ifndef SALLY_SSH_CLIENT_LOGIN_H
#define SALLY_SSH_CLIENT_LOGIN_H

#include "ssh/engine.h"

void client_login_free(struct ssh *ssh);
/* The first NEWKEYS has gone both ways: requests the service if a login was requested. */
void userauth_transport_ready(struct ssh *ssh);

ssh_handler on_service_accept, on_userauth_failure, on_userauth_success, on_userauth_banner;
ssh_handler on_userauth_60; /* PK_OK, INFO_REQUEST, PASSWD_CHANGEREQ */

#endif
