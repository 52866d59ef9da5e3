/* The server's side of user authentication as the engine's owner sees it: queries and answers
 * (RFC 4252, 4256). Signatures have been checked already when a query carries a key with proof.
 */
#ifndef SALLY_SSH_AUTH_H
#define SALLY_SSH_AUTH_H

#include "ssh/ssh.h"

enum ssh_auth_kind {
    SSH_AUTH_NONE,
    SSH_AUTH_PASSWORD,
    SSH_AUTH_MAY_TRY_KEY, /* "would you accept this key?" (RFC 4252 section 7: no signature) */
    SSH_AUTH_KEY,         /* the key, and the proof that the client holds the private half */
    SSH_AUTH_INTERACTIVE  /* round 0, or answers to the prompts of the last round */
};

/* Lasts until it is answered, even when the connection ends before. Texts end in NUL and hold none
 * inside. */
struct ssh_auth {
    enum ssh_auth_kind kind;
    struct ssh *ssh; /* NULL once the connection is gone */
    const char *user;
    bool user_changed;        /* not the name of the try before: partial successes are forgotten */
    uint32_t attempt;         /* from 1; "none" and MAY_TRY_KEY count 0 more */
    uint32_t succeeded;       /* SALLY_AUTH_ bits that this user succeeded with */
    const char *password;     /* PASSWORD */
    const char *new_password; /* PASSWORD with change, else NULL */
    const char
        *key_algorithm;   /* KEY, MAY_TRY_KEY: the signature algorithm, such as "rsa-sha2-512" */
    const char *key_type; /* of the blob, such as "ssh-rsa" */
    struct slice key_blob;
    char key_fingerprint[56]; /* "SHA256:..." */
    uint32_t round;           /* INTERACTIVE */
    const char *const *answers;
    uint32_t answer_count;
    void *owner; /* the owner's */
};

struct ssh_prompt {
    const char *text;
    bool echo;
};

/* Exactly one of these answers a query, on the engine's thread. `methods`: names with commas for
 * USERAUTH_FAILURE. A query of a connection that is gone may still be answered. Every text is
 * copied. */
void ssh_auth_accept(struct ssh_auth *query); /* MAY_TRY_KEY: PK_OK */
void ssh_auth_reject(struct ssh_auth *query, const char *methods);
void ssh_auth_partial(struct ssh_auth *query, const char *methods); /* right so far */
void ssh_auth_prompt(struct ssh_auth *query, const char *name, const char *instruction,
                     const struct ssh_prompt *prompts, size_t count); /* INTERACTIVE only */
/* Before the answer: a text to show. */
void ssh_auth_banner(struct ssh_auth *query, const char *text);

#endif
