/* User authentication (RFC 4252, 4256, 8332), shared by the files of this service. Server: requests
 * become queries to the owner (auth.h); while one is out, or a signature is being verified, no
 * input is processed, so there is never more than one. */
#ifndef SALLY_SSH_USERAUTH_H
#define SALLY_SSH_USERAUTH_H

#include "ssh/auth.h"
#include "ssh/engine.h"
#include "ssh/protocol.h"

#define AUTH_USER_MAX    1024  /* bytes of a user's name */
#define AUTH_SECRET_MAX  4096  /* of a password, or of one answer */
#define AUTH_PROMPTS_MAX 64    /* per round of keyboard-interactive */
#define AUTH_TEXT_MAX    65536 /* of a banner */
/* Requests of any kind, for each failure that is allowed: bounds what does not count as a failure
 * ("none", keys that would be accepted, partial successes, conversations left half way). */
#define AUTH_REQUESTS_PER_ATTEMPT 8

#define AUTH_SERVICE "ssh-connection"

/* A query with everything that it points to in one block, wiped as a whole. */
struct auth_query {
    struct ssh_auth shown;
    const char *answers[AUTH_PROMPTS_MAX];
    size_t size; /* of the room */
    size_t used;
    uint8_t room[];
};

struct client_login; /* client_login.c */

struct userauth {
    struct auth_query *query; /* the one that is out */
    char *user;               /* of the last request; NULL before the first one */
    bool user_changed;        /* since the last query */
    bool banner_shown;
    uint32_t succeeded; /* SALLY_AUTH_ bits */
    uint32_t requests, attempts, failures;
    char *methods_first; /* what was offered when nothing had succeeded yet */
    char *methods;       /* what can continue now */
    bool prompted;       /* keyboard-interactive: answers are awaited */
    uint32_t prompt_count;
    uint32_t round;
    struct client_login *client;
};

struct userauth_request {
    struct slice user, service, method;
};
/* A method's part of a request: parses what is left, and asks or refuses. False: malformed. */
typedef bool auth_method(struct ssh *ssh, const struct userauth_request *request, struct cursor *c);
auth_method userauth_publickey, userauth_interactive;

/* Says no without having asked; counts as a failure. `why` is for the log. */
void userauth_refuse(struct ssh *ssh, const char *why);
/* USERAUTH_FAILURE, or the end when there were too many. */
void userauth_fail(struct ssh *ssh, bool partial, bool counts);
void userauth_out_of_memory(struct ssh *ssh);
/* Wipes a secret of the message at hand out of the receive buffer. */
void userauth_wipe_received(struct slice secret);

/* Queries. `text_bytes`: of all texts to be added, their NULs not counted, beside the user's
 * name. NULL: no memory, and the connection is ended. */
struct auth_query *auth_query_new(struct ssh *ssh, enum ssh_auth_kind kind, struct slice user,
                                  size_t text_count, size_t text_bytes);
const char *auth_query_text(struct auth_query *q, struct slice text);
void auth_query_ask(struct ssh *ssh, struct auth_query *q);
void auth_query_free(struct auth_query *q);

/* Client role. */
void client_login_free(struct ssh *ssh);

#endif
