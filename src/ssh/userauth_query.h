/* Queries to the owner, and the effect of its answers. */
#ifndef SALLY_SSH_USERAUTH_QUERY_H
#define SALLY_SSH_USERAUTH_QUERY_H

#include "base/buf.h"
#include "base/login_query.h"
#include "crypto/public_key.h"
#include "ssh/userauth.h"

/* A query with everything that it points to in one block, wiped as a whole. */
struct auth_query {
    struct login_query login;
    struct ssh *ssh; /* NULL once the connection is gone */
    char fingerprint[PUBLIC_KEY_FINGERPRINT_SIZE];
    struct public_key *key; /* publickey with a signature */
    struct slice signature;
    struct buf signed_data;
    bool is_allowed; /* the owner allowed the key, and had the signature verified itself */
    /* publickey with a signature: the key may be tried; verifies the signature. Takes the query. */
    void (*prove)(struct ssh *ssh, struct auth_query *q);
    bool is_counted;                            /* as an attempt */
    char method_name[AUTH_METHOD_NAME_MAX + 1]; /* of a refusal */
    const char *answers[LOGIN_PROMPTS_MAX];
    size_t size; /* of the room */
    size_t used;
    uint8_t room[];
};

/* `text_bytes`: of all texts to be added besides the user's name, without their NULs. NULL: no
 * memory, and the connection is ended. */
struct auth_query *auth_query_new(struct ssh *ssh, uint32_t method, struct slice user,
                                  size_t text_count, size_t text_bytes);
const char *auth_query_text(struct auth_query *q, struct slice text);
void auth_query_ask(struct ssh *ssh, struct auth_query *q);
#define WRONG_SIGNATURE "an invalid signature"
/* Rejects an attempt without asking the owner, who only gets the reason. */
void auth_query_refuse(struct ssh *ssh, struct auth_query *q, const char *why);
void auth_query_free(struct auth_query *q);
/* Any thread: whether the signature is right. */
bool auth_query_is_proved(const struct auth_query *q);

#endif
