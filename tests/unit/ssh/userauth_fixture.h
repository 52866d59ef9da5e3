/* For the tests of the server's user authentication: a bare server that awaits an attempt, and an
 * owner that notes what it is asked. */
#ifndef TEST_USERAUTH_FIXTURE_H
#define TEST_USERAUTH_FIXTURE_H

#include "crypto/public_key.h"
#include "pair_services.h"

#define METHODS     "publickey,password,keyboard-interactive"
#define METHOD_BITS (SALLY_AUTH_PUBLICKEY | SALLY_AUTH_PASSWORD | SALLY_AUTH_KEYBOARD_INTERACTIVE)

enum asked_kind {
    ASKED_NONE,
    ASKED_PASSWORD,
    ASKED_MAY_TRY,
    ASKED_KEY,
    ASKED_INTERACTIVE,
    ASKED_KINDS
};

/* What the owner was asked, and how it answers. */
struct auth_owner {
    void (*answer)(struct auth_owner *o, struct login_query *query);
    struct login_query *pending;
    unsigned asked, by_kind[ASKED_KINDS];
    char log[4096]; /* one line per question */
    const char *right_password;
    char right_fingerprint[PUBLIC_KEY_FINGERPRINT_SIZE];
    unsigned prompts; /* of round 0 */
    unsigned rounds;
    /* What the engine refused by itself, and the last one. */
    unsigned refused;
    bool refused_is_signed;
    uint32_t refused_method;
    char refused_user[2048], refused_name[128], refusal[128];
    unsigned logged_in;
    unsigned over;
    enum ssh_end end;
};

/* A bare server that awaits an attempt. */
struct auth_fixture {
    struct bare b;
    struct auth_owner o;
};

/* Ways to answer. `checks` knows one password and one key; `converses` prompts for as many rounds
 * as were set. */
void auth_rejects(struct auth_owner *o, struct login_query *query);
void auth_accepts(struct auth_owner *o, struct login_query *query);
void auth_waits(struct auth_owner *o, struct login_query *query);
void auth_checks(struct auth_owner *o, struct login_query *query);
void auth_converses(struct auth_owner *o, struct login_query *query);

/* How the server is made: begin, change the options, start; or ready for both. */
void auth_begin(struct auth_fixture *f,
                void (*answer)(struct auth_owner *o, struct login_query *query));
void auth_start(struct auth_fixture *f);
void auth_ready(struct auth_fixture *f,
                void (*answer)(struct auth_owner *o, struct login_query *query));
void auth_finish(struct auth_fixture *f);

/* What is sent to it. */
void auth_feed(struct auth_fixture *f, struct buf *m);
struct buf *auth_request(struct buf *room, const char *user, const char *method);
void auth_try_none(struct auth_fixture *f, const char *user);
void auth_try_password(struct auth_fixture *f, const char *user, const char *password);
void auth_try_interactive(struct auth_fixture *f, const char *user);
void auth_answer(struct auth_fixture *f, uint32_t count, const char *text);

/* What it has sent next. */
void auth_expect_failure(struct auth_fixture *f, const char *methods, bool partial);
void auth_expect_success(struct auth_fixture *f);
void auth_expect_end(struct auth_fixture *f, uint32_t reason, enum ssh_end end);

#endif
