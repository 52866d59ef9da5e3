/* Queries to the owner, and what its answers do. */
#include "ssh/userauth_query.h"

#include <assert.h>
#include <string.h>

#include "base/clean.h"
#include "base/mem.h"
#include "sallyport/auth.h"
#include "ssh/disconnect.h"
#include "ssh/global_request.h"
#include "ssh/send.h"
#include "ssh/transport.h"

struct auth_query *auth_query_new(struct ssh *ssh, enum ssh_auth_kind kind, struct slice user,
                                  size_t text_count, size_t text_bytes)
{
    size_t size = user.size + 1 + text_bytes + text_count;
    struct auth_query *q = mem_zalloc(sizeof *q + size);
    if (!q) {
        transport_no_memory(ssh);
        return NULL;
    }
    q->size = size;
    q->shown.kind = kind;
    q->shown.ssh = ssh;
    q->shown.user = auth_query_text(q, user);
    return q;
}

const char *auth_query_text(struct auth_query *q, struct slice text)
{
    assert(text.size < q->size - q->used);
    char *place = (char *)q->room + q->used;
    if (text.size)
        memcpy(place, text.data, text.size);
    place[text.size] = '\0';
    q->used += text.size + 1;
    return place;
}

void auth_query_free(struct auth_query *q)
{
    if (q)
        mem_wipe_free(q, sizeof *q + q->size);
}

static bool is_a_try(const struct ssh_auth *a)
{
    return a->kind != SSH_AUTH_NONE && a->kind != SSH_AUTH_MAY_TRY_KEY;
}

void auth_query_ask(struct ssh *ssh, struct auth_query *q)
{
    struct userauth *ua = ssh->userauth;
    assert(!ua->query);
    if (is_a_try(&q->shown) && q->shown.round == 0)
        ua->attempts++;
    q->shown.attempt = is_a_try(&q->shown) ? ua->attempts : ua->attempts + 1;
    q->shown.succeeded = ua->succeeded;
    q->shown.user_changed = ua->user_changed;
    ua->user_changed = false;
    ua->query = q;
    ssh_hold(ssh);
    if (ssh->events.auth)
        ssh->events.auth(ssh->user_data, &q->shown);
    else
        ssh_auth_reject(&q->shown, "");
}

static struct auth_query *auth_query_of(struct ssh_auth *query)
{
    return CONTAINER_OF(query, struct auth_query, shown);
}

/* Takes the query back from the owner. NULL: there is nobody left to hear the answer. */
static struct ssh *answered(struct auth_query *q)
{
    struct ssh *ssh = q->shown.ssh;
    if (!ssh)
        return NULL;
    transport_enter(ssh);
    assert(ssh->userauth->query == q);
    ssh->userauth->query = NULL;
    return ssh;
}

/* The last step of every answer. */
static void settle(struct ssh *ssh, struct auth_query *q)
{
    auth_query_free(q);
    if (ssh) {
        ssh_let_go(ssh);
        transport_leave(ssh);
    }
}

static bool is_awaited(const struct ssh *ssh)
{
    return ssh && ssh->state == AWAIT_AUTH;
}

static uint32_t method_bit(enum ssh_auth_kind kind)
{
    switch (kind) {
    case SSH_AUTH_NONE:
        return SALLY_AUTH_NONE;
    case SSH_AUTH_PASSWORD:
        return SALLY_AUTH_PASSWORD;
    case SSH_AUTH_MAY_TRY_KEY:
        return 0; /* nothing was proven */
    case SSH_AUTH_KEY:
        return SALLY_AUTH_PUBLICKEY;
    case SSH_AUTH_INTERACTIVE:
        return SALLY_AUTH_KEYBOARD_INTERACTIVE;
    }
    return 0;
}

static void set_methods(struct userauth *ua, const char *methods)
{
    const char *text = methods ? methods : "";
    char *copy = mem_strdup(text); /* NULL: the defaults are named, which is no lie about success */
    mem_free(ua->methods);
    ua->methods = copy;
    if (!ua->succeeded) {
        mem_free(ua->methods_first);
        ua->methods_first = mem_strdup(text);
    }
}

static void send_pk_ok(struct ssh *ssh, const struct ssh_auth *query)
{
    struct buf *m = ssh_message(ssh, SSH_MSG_USERAUTH_PK_OK);
    put_text(m, query->key_algorithm);
    put_slice(m, query->key_blob);
    ssh_message_send(ssh);
}

static void log_in(struct ssh *ssh)
{
    ssh_message(ssh, SSH_MSG_USERAUTH_SUCCESS);
    ssh_message_send(ssh);
    if (ssh->state != AWAIT_AUTH)
        return; /* no memory for the message */
    ssh->state = READY;
    transport_login_done(ssh);
    connection_login_done(ssh);
    if (ssh->events.authenticated && ssh->state == READY)
        ssh->events.authenticated(ssh->user_data);
}

void ssh_auth_accept(struct ssh_auth *query)
{
    struct auth_query *q = auth_query_of(query);
    struct ssh *ssh = answered(q);
    if (is_awaited(ssh)) {
        ssh->userauth->prompted = false;
        if (query->kind == SSH_AUTH_MAY_TRY_KEY)
            send_pk_ok(ssh, query);
        else
            log_in(ssh);
    }
    settle(ssh, q);
}

void ssh_auth_reject(struct ssh_auth *query, const char *methods)
{
    struct auth_query *q = auth_query_of(query);
    struct ssh *ssh = answered(q);
    if (is_awaited(ssh)) {
        ssh->userauth->prompted = false;
        set_methods(ssh->userauth, methods);
        userauth_fail(ssh, false, query->kind != SSH_AUTH_NONE);
    }
    settle(ssh, q);
}

void ssh_auth_partial(struct ssh_auth *query, const char *methods)
{
    struct auth_query *q = auth_query_of(query);
    struct ssh *ssh = answered(q);
    if (is_awaited(ssh)) {
        ssh->userauth->prompted = false;
        ssh->userauth->succeeded |= method_bit(query->kind);
        set_methods(ssh->userauth, methods);
        userauth_fail(ssh, query->kind != SSH_AUTH_MAY_TRY_KEY, false);
    }
    settle(ssh, q);
}

static void send_prompts(struct ssh *ssh, const char *name, const char *instruction,
                         const struct ssh_prompt *prompts, uint32_t count)
{
    struct buf *m = ssh_message(ssh, SSH_MSG_USERAUTH_INFO_REQUEST);
    clean_put_string(m, slice_of(name ? name : ""), CLEAN_LINE);
    clean_put_string(m, slice_of(instruction ? instruction : ""), CLEAN_LINES);
    put_text(m, ""); /* language tag */
    put_u32(m, count);
    for (uint32_t i = 0; i < count; i++) {
        clean_put_string(m, slice_of(prompts[i].text), CLEAN_LINES);
        put_bool(m, prompts[i].echo);
    }
    ssh_message_send(ssh);
}

/* RFC 4256 section 3.2. */
void ssh_auth_prompt(struct ssh_auth *query, const char *name, const char *instruction,
                     const struct ssh_prompt *prompts, size_t count)
{
    struct auth_query *q = auth_query_of(query);
    bool fits = query->kind == SSH_AUTH_INTERACTIVE && count <= AUTH_PROMPTS_MAX;
    assert(fits); /* prompts answer keyboard-interactive only, and are bounded */
    if (!fits) {
        ssh_auth_reject(query, query->ssh ? query->ssh->userauth->methods : NULL);
        return;
    }
    struct ssh *ssh = answered(q);
    if (is_awaited(ssh)) {
        struct userauth *ua = ssh->userauth;
        ua->prompted = true;
        ua->prompt_count = (uint32_t)count;
        ua->round = query->round + 1;
        send_prompts(ssh, name, instruction, prompts, ua->prompt_count);
    }
    settle(ssh, q);
}
