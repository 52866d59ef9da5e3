#include "ssh/userauth.h"

#include "base/clean.h"
#include "base/login_methods.h"
#include "base/mem.h"
#include "ssh/client_login.h"
#include "ssh/disconnect.h"
#include "ssh/send.h"
#include "ssh/transport.h"
#include "ssh/userauth_query.h"

/* Offered until the owner is asked for the first time. */
#define METHODS_UNASKED                                                                            \
    (SALLY_AUTH_PUBLICKEY | SALLY_AUTH_PASSWORD | SALLY_AUTH_KEYBOARD_INTERACTIVE)

bool userauth_new(struct ssh *ssh)
{
    struct userauth *ua = mem_zalloc(sizeof *ua);
    if (!ua)
        return false;
    ua->methods = ua->methods_first = METHODS_UNASKED;
    ssh->userauth = ua;
    return true;
}

void userauth_free(struct ssh *ssh)
{
    struct userauth *ua = ssh->userauth;
    if (!ua)
        return;
    if (ua->query)
        ua->query->ssh = NULL; /* the answer frees it */
    client_login_free(ssh);
    mem_free(ua->user);
    mem_free(ua);
    ssh->userauth = NULL;
}

void userauth_wipe_received(struct slice secret)
{
    /* The payload is in our own buffer, which is const only for parsers. */
    if (secret.size)
        mem_wipe((void *)(uintptr_t)secret.data, secret.size);
}

static void too_many(struct ssh *ssh)
{
    transport_end(ssh, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE, SSH_END_AUTH,
                  "Too many authentication failures");
}

void userauth_fail(struct ssh *ssh, bool partial, bool counts)
{
    struct userauth *ua = ssh->userauth;
    if (counts && ++ua->failures >= ssh->options.max_auth_attempts) {
        too_many(ssh);
        return;
    }
    char names[LOGIN_METHOD_NAMES_SIZE];
    login_method_names(ua->methods, names, sizeof names);
    struct buf *m = ssh_message(ssh, SSH_MSG_USERAUTH_FAILURE);
    put_text(m, names);
    put_bool(m, partial);
    ssh_message_send(ssh);
}

void userauth_refuse(struct ssh *ssh, const struct userauth_request *request, const char *why)
{
    uint32_t method = login_method_find(request->method);
    struct auth_query *q = auth_query_new(ssh, method, request->user, 0, 0);
    if (!q)
        return;
    clean_copy(q->method_name, sizeof q->method_name, request->method);
    q->login.pub.round = ssh->userauth->round; /* a dialogue is one attempt */
    auth_query_refuse(ssh, q, why);
}

/* RFC 4253 section 10. Some clients ask again before each attempt. */
bool on_service_request(struct ssh *ssh, struct cursor *c)
{
    struct slice name = get_string(c);
    if (!cursor_done(c))
        return false;
    if (!slice_is(name, "ssh-userauth")) {
        transport_end(ssh, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE, SSH_END_PROTOCOL,
                      "unsupported service; only ssh-userauth is available");
        return true;
    }
    if (ssh->state == AWAIT_SERVICE)
        ssh->state = AWAIT_AUTH;
    put_slice(ssh_message(ssh, SSH_MSG_SERVICE_ACCEPT), name);
    ssh_message_send(ssh);
    return true;
}

/* RFC 4252 section 5.4: line breaks are CRLF. */
static void put_banner(struct buf *m, const char *text)
{
    size_t place = put_string_begin(m);
    struct cursor c = cursor_of(text, strnlen(text, AUTH_TEXT_MAX));
    bool after_cr = false;
    while (cursor_left(&c)) {
        struct slice piece = clean_next(&c, CLEAN_LINES);
        if (piece.data[0] == '\n' && !after_cr)
            put_u8(m, '\r');
        put_bytes(m, piece.data, piece.size);
        after_cr = piece.data[0] == '\r';
    }
    put_string_end(m, place);
    put_text(m, "");
}

void userauth_send_banner(struct ssh *ssh, const char *text)
{
    put_banner(ssh_message(ssh, SSH_MSG_USERAUTH_BANNER), text);
    ssh_message_send(ssh);
}

/* RFC 4252 section 5: a different user name discards all earlier successes. */
static void forget_success(struct userauth *ua)
{
    ua->user_changed = true;
    ua->succeeded = 0;
    ua->allowed_key[0] = '\0';
    ua->methods = ua->methods_first;
}

/* False: no memory. */
static bool note_user(struct ssh *ssh, struct slice user)
{
    struct userauth *ua = ssh->userauth;
    if (ua->user && slice_is(user, ua->user))
        return true;
    char *name = slice_strdup(user);
    if (!name) {
        transport_no_memory(ssh);
        return false;
    }
    if (ua->user) {
        forget_success(ua);
        mem_free(ua->user);
    }
    ua->user = name;
    return true;
}

static bool method_none(struct ssh *ssh, const struct userauth_request *request, struct cursor *c)
{
    if (!cursor_done(c))
        return false;
    struct auth_query *q = auth_query_new(ssh, SALLY_AUTH_NONE, request->user, 0, 0);
    if (q)
        auth_query_ask(ssh, q);
    return true;
}

static bool secret_fits(struct slice secret)
{
    return secret.size <= AUTH_SECRET_MAX && !slice_has_nul(secret);
}

/* RFC 4252 section 8. */
static bool method_password(struct ssh *ssh, const struct userauth_request *request,
                            struct cursor *c)
{
    bool change = get_bool(c);
    struct slice password = get_string(c);
    struct slice fresh = {NULL, 0};
    if (change)
        fresh = get_string(c);
    if (!cursor_done(c))
        return false;
    if (!secret_fits(password) || !secret_fits(fresh)) {
        userauth_refuse(ssh, request, "a password that is too long or contains a NUL");
    } else {
        struct auth_query *q =
            auth_query_new(ssh, SALLY_AUTH_PASSWORD, request->user, 2, password.size + fresh.size);
        if (q) {
            q->login.pub.password = auth_query_text(q, password);
            q->login.pub.new_password = change ? auth_query_text(q, fresh) : NULL;
            userauth_wipe_received(password);
            userauth_wipe_received(fresh);
            auth_query_ask(ssh, q);
            return true;
        }
    }
    userauth_wipe_received(password);
    userauth_wipe_received(fresh);
    return true;
}

static const struct {
    uint32_t method;
    userauth_method *handle;
} handlers[] = {
    {SALLY_AUTH_NONE, method_none},
    {SALLY_AUTH_PASSWORD, method_password},
    {SALLY_AUTH_PUBLICKEY, userauth_publickey},
    {SALLY_AUTH_KEYBOARD_INTERACTIVE, userauth_interactive},
};

static bool dispatch(struct ssh *ssh, const struct userauth_request *request, struct cursor *c)
{
    uint32_t method = login_method_find(request->method);
    for (size_t i = 0; i < COUNT_OF(handlers); i++) {
        if (handlers[i].method == method)
            return handlers[i].handle(ssh, request, c);
    }
    userauth_refuse(ssh, request, "an unsupported method");
    return true;
}

/* Not the same user as before. The log gets what can be displayed. */
static void refuse_name(struct ssh *ssh, struct userauth_request *request)
{
    char name[AUTH_USER_MAX];
    struct slice shown = {(const uint8_t *)name, 0};
    for (; shown.size < sizeof name && shown.size < request->user.size; shown.size++) {
        uint8_t byte = request->user.data[shown.size];
        name[shown.size] = byte ? (char)byte : '?';
    }
    request->user = shown;
    if (note_user(ssh, shown))
        userauth_refuse(ssh, request, "a user name that is too long or contains a NUL");
}

/* RFC 4252 section 5. */
bool on_userauth_request(struct ssh *ssh, struct cursor *c)
{
    struct userauth *ua = ssh->userauth;
    if (ssh->state != AWAIT_AUTH)
        return true; /* section 5.1: after the success they are silently ignored */
    struct userauth_request request;
    request.user = get_string(c);
    request.service = get_string(c);
    request.method = get_string(c);
    if (c->bad)
        return false;
    ua->prompted = false; /* RFC 4256 section 3.1: a new request leaves the conversation */
    ua->round = 0;
    if (++ua->requests > (uint64_t)ssh->options.max_auth_attempts * AUTH_REQUESTS_PER_ATTEMPT) {
        too_many(ssh);
        return true;
    }
    if (!slice_is(request.service, AUTH_SERVICE)) {
        transport_end(ssh, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE, SSH_END_PROTOCOL,
                      "unsupported service; only ssh-connection is available");
        return true;
    }
    if (!ua->banner_shown) {
        ua->banner_shown = true;
        if (ssh->options.settings.fixed.banner && *ssh->options.settings.fixed.banner)
            userauth_send_banner(ssh, ssh->options.settings.fixed.banner);
    }
    if (request.user.size > AUTH_USER_MAX || slice_has_nul(request.user)) {
        userauth_wipe_received(cursor_rest(c));
        refuse_name(ssh, &request);
        return true;
    }
    return !note_user(ssh, request.user) || dispatch(ssh, &request, c);
}
