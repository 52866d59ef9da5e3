#include "ssh/userauth_query.h"

#include <assert.h>
#include <string.h>

#include "base/clean.h"
#include "base/login_methods.h"
#include "base/mem.h"
#include "ssh/disconnect.h"
#include "ssh/global_request.h"
#include "ssh/send.h"
#include "ssh/transport.h"

static const struct login_answers answers;

struct auth_query *auth_query_new(struct ssh *ssh, uint32_t method, struct slice user,
                                  size_t text_count, size_t text_bytes)
{
    size_t size = user.size + 1 + text_bytes + text_count;
    struct auth_query *q = mem_zalloc(sizeof *q + size);
    if (!q) {
        transport_no_memory(ssh);
        return NULL;
    }
    q->size = size;
    q->ssh = ssh;
    q->login.answers = &answers;
    q->login.pub.method = method;
    q->login.pub.user = auth_query_text(q, user);
    q->login.pub.service = AUTH_SERVICE;
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
    if (!q)
        return;
    public_key_free(q->key);
    buf_clear(&q->signed_data);
    mem_wipe_free(q, sizeof *q + q->size);
}

static bool is_attempt(const struct login_query *q)
{
    return (q->pub.method != SALLY_AUTH_NONE || q->refusal) && (!q->may_try || q->is_signed);
}

void auth_query_ask(struct ssh *ssh, struct auth_query *q)
{
    struct userauth *ua = ssh->userauth;
    struct login_query *login = &q->login;
    assert(!ua->query);
    if (is_attempt(login) && login->pub.round == 0 && !q->is_counted) {
        ua->attempts++;
        q->is_counted = true;
    }
    login->pub.attempt = is_attempt(login) ? ua->attempts : ua->attempts + 1;
    login->pub.succeeded = ua->succeeded;
    login->user_changed = ua->user_changed;
    ua->user_changed = false;
    ua->query = q;
    ssh_pause_input(ssh);
    if (ssh->events.login)
        ssh->events.login(ssh->user_data, login);
    else
        answers.reject(login, 0);
}

void auth_query_refuse(struct ssh *ssh, struct auth_query *q, const char *why)
{
    struct login_query *login = &q->login;
    const char *name = login_method_name(login->pub.method);
    login->refusal = why;
    login->method_name = *q->method_name ? q->method_name : name;
    auth_query_ask(ssh, q);
}

bool auth_query_is_proved(const struct auth_query *q)
{
    return public_key_verify(q->key, q->login.pub.signature_algorithm, q->signature,
                             buf_slice(&q->signed_data));
}

/* ---- Answers ---- */

static struct auth_query *query_of(struct login_query *login)
{
    return CONTAINER_OF(login, struct auth_query, login);
}

static void note_allowed(struct ssh *ssh, const struct auth_query *q)
{
    memcpy(ssh->userauth->allowed_key, q->fingerprint, sizeof q->fingerprint);
}

/* Takes the query back from the owner. NULL: the connection has ended. */
static struct ssh *answered(struct auth_query *q)
{
    struct ssh *ssh = q->ssh;
    if (!ssh)
        return NULL;
    transport_enter(ssh);
    assert(ssh->userauth->query == q);
    ssh->userauth->query = NULL;
    if (q->is_allowed)
        note_allowed(ssh, q);
    return ssh;
}

/* The last step of every answer. */
static void settle(struct ssh *ssh, struct auth_query *q)
{
    auth_query_free(q);
    if (ssh) {
        ssh_resume_input(ssh);
        transport_leave(ssh);
    }
}

static bool is_awaited(const struct ssh *ssh)
{
    return ssh && ssh->state == AWAIT_AUTH;
}

static void set_methods(struct userauth *ua, uint32_t methods)
{
    ua->methods = methods;
    if (!ua->succeeded)
        ua->methods_first = methods;
}

static void send_pk_ok(struct ssh *ssh, const struct auth_query *q)
{
    const sally_auth_request *pub = &q->login.pub;
    struct buf *m = ssh_message(ssh, SSH_MSG_USERAUTH_PK_OK);
    put_text(m, q->login.pub.signature_algorithm);
    put_string(m, pub->key_blob, pub->key_blob_size);
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

/* Tells the client, unless it has already sent its signature. */
static void allow_key(struct ssh *ssh, struct auth_query **q)
{
    note_allowed(ssh, *q);
    if (!(*q)->prove) {
        send_pk_ok(ssh, *q);
        return;
    }
    (*q)->prove(ssh, *q);
    *q = NULL;
}

static void reject_query(struct login_query *login, uint32_t methods)
{
    struct auth_query *q = query_of(login);
    struct ssh *ssh = answered(q);
    if (is_awaited(ssh)) {
        ssh->userauth->prompted = false;
        if (!login->refusal)
            set_methods(ssh->userauth, methods);
        userauth_fail(ssh, false, login->pub.method != SALLY_AUTH_NONE || login->refusal);
    }
    settle(ssh, q);
}

static void accept_query(struct login_query *login)
{
    struct auth_query *q = query_of(login);
    assert(!login->refusal);
    if (login->refusal) {
        reject_query(login, 0);
        return;
    }
    struct ssh *ssh = answered(q);
    if (is_awaited(ssh)) {
        ssh->userauth->prompted = false;
        if (login->may_try)
            allow_key(ssh, &q);
        else
            log_in(ssh);
    }
    settle(ssh, q);
}

static void answer_partial(struct login_query *login, uint32_t methods)
{
    struct auth_query *q = query_of(login);
    struct ssh *ssh = answered(q);
    if (is_awaited(ssh)) {
        ssh->userauth->prompted = false;
        if (!login->may_try) /* otherwise nothing was proved */
            ssh->userauth->succeeded |= login->pub.method;
        set_methods(ssh->userauth, methods);
        userauth_fail(ssh, !login->may_try, false);
    }
    settle(ssh, q);
}

static void send_prompts(struct ssh *ssh, const char *name, const char *instruction,
                         const struct login_prompt *prompts, uint32_t count)
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
static void answer_prompts(struct login_query *login, const char *name, const char *instruction,
                           const struct login_prompt *prompts, size_t count)
{
    struct auth_query *q = query_of(login);
    bool fits = login->pub.method == SALLY_AUTH_KEYBOARD_INTERACTIVE && count <= LOGIN_PROMPTS_MAX;
    assert(fits); /* prompts answer keyboard-interactive only, and are bounded */
    if (!fits) {
        reject_query(login, q->ssh ? q->ssh->userauth->methods : 0);
        return;
    }
    struct ssh *ssh = answered(q);
    if (is_awaited(ssh)) {
        struct userauth *ua = ssh->userauth;
        ua->prompted = true;
        ua->prompt_count = (uint32_t)count;
        ua->round = login->pub.round + 1;
        send_prompts(ssh, name, instruction, prompts, ua->prompt_count);
    }
    settle(ssh, q);
}

static void show_banner(struct login_query *login, const char *text)
{
    struct ssh *ssh = query_of(login)->ssh;
    if (!is_awaited(ssh) || !text || !*text)
        return;
    transport_enter(ssh);
    userauth_send_banner(ssh, text);
    transport_leave(ssh);
}

/* The engine may be at work meanwhile, or gone: touches nothing but the query. */
static bool prove_query(struct login_query *login)
{
    struct auth_query *q = query_of(login);
    assert(login->may_try && login->is_signed && !login->refusal);
    q->is_allowed = true;
    if (auth_query_is_proved(q)) {
        login->may_try = false;
        return true;
    }
    login->refusal = WRONG_SIGNATURE;
    login->method_name = login_method_name(login->pub.method);
    return false;
}

static const struct login_answers answers = {
    .accept = accept_query,
    .reject = reject_query,
    .partial = answer_partial,
    .prompt = answer_prompts,
    .banner = show_banner,
    .prove = prove_query,
};
