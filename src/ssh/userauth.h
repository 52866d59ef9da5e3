/* User authentication (RFC 4252, 4256, 8332). Server: requests become queries to the owner
 * (userauth_query.h); while one is out, or a signature is being verified, no input is processed, so
 * there is never more than one. */
#ifndef SALLY_SSH_USERAUTH_H
#define SALLY_SSH_USERAUTH_H

#include "crypto/public_key.h"
#include "ssh/engine.h"

#define AUTH_USER_MAX   1024 /* bytes of a user's name */
#define AUTH_SECRET_MAX 4096 /* of a password, or of one answer */
#define AUTH_HINT_MAX   1024 /* of submethods */
/* Of a method's name in the log; names have at most 64 (RFC 4251 section 6). */
#define AUTH_METHOD_NAME_MAX 64
#define AUTH_TEXT_MAX        65536 /* of a banner */
/* Requests of any kind, for each failure that is allowed: bounds what does not count as a failure
 * ("none", keys that would be accepted, partial successes, conversations left half way). */
#define AUTH_REQUESTS_PER_ATTEMPT 8

#define AUTH_SERVICE "ssh-connection"

struct auth_query;   /* userauth_query.h */
struct client_login; /* client_login.h */

struct userauth {
    struct auth_query *query; /* the one that is out */
    char *user;               /* of the last request; NULL before the first one */
    bool user_changed;        /* since the last query */
    bool banner_shown;
    uint32_t succeeded; /* SALLY_AUTH_ bits */
    uint32_t requests, attempts, failures;
    uint32_t methods_first; /* what was offered before anything had succeeded */
    uint32_t methods;       /* SALLY_AUTH_ bits: what can continue now */
    /* The key that the owner last allowed this user to try; empty: none. */
    char allowed_key[PUBLIC_KEY_FINGERPRINT_SIZE];
    bool prompted; /* keyboard-interactive: waiting for answers */
    uint32_t prompt_count;
    uint32_t round;
    struct client_login *client;
};

bool userauth_new(struct ssh *ssh);
void userauth_free(struct ssh *ssh);

ssh_handler on_service_request, on_userauth_request;
ssh_handler on_userauth_info_response; /* userauth_interactive.c */

struct userauth_request {
    struct slice user, service, method;
};
/* A method's part of a request: parses the rest, and asks the owner or rejects. False:
 * malformed. */
typedef bool userauth_method(struct ssh *ssh, const struct userauth_request *request,
                             struct cursor *c);
userauth_method userauth_publickey, userauth_interactive;

/* Rejects a request without asking the owner; counts as a failure. `why` is for the log. */
void userauth_refuse(struct ssh *ssh, const struct userauth_request *request, const char *why);
/* USERAUTH_FAILURE, or the end when there were too many. */
void userauth_fail(struct ssh *ssh, bool partial, bool counts);
void userauth_send_banner(struct ssh *ssh, const char *text);
/* Wipes a secret of the message at hand out of the receive buffer. */
void userauth_wipe_received(struct slice secret);

#endif
