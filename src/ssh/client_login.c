/* The client's side of user authentication: enough to test a server and to put load on one. */
#include "ssh/client_login.h"

#include "base/login_methods.h"
#include "base/mem.h"
#include "crypto/public_key.h"
#include "sallyport/auth.h"
#include "ssh/disconnect.h"
#include "ssh/send.h"
#include "ssh/transport.h"
#include "ssh/userauth.h"

struct client_login {
    bool wanted;          /* a login was asked for and waits for the service */
    bool transport_ready; /* the first keys are in use */
    bool service_asked;
    uint32_t method; /* SALLY_AUTH_ bit */
    char *user, *password;
    sally_key *key;
    bool ask_first; /* the key is offered without a signature; cleared when the answer came */
};

static void forget(struct client_login *l)
{
    if (l->password)
        mem_wipe(l->password, strlen(l->password));
    mem_free(l->password);
    mem_free(l->user);
    sally_key_unref(l->key);
    l->user = l->password = NULL;
    l->key = NULL;
}

void client_login_free(struct ssh *ssh)
{
    struct client_login *l = ssh->userauth->client;
    if (!l)
        return;
    forget(l);
    mem_free(l);
    ssh->userauth->client = NULL;
}

static struct client_login *login_of(struct ssh *ssh)
{
    struct userauth *ua = ssh->userauth;
    if (!ua->client)
        ua->client = mem_zalloc(sizeof *ua->client);
    if (!ua->client)
        transport_no_memory(ssh);
    return ua->client;
}

/* RSA keys sign with SHA-2 (RFC 8332); the others have one algorithm. */
static const char *algorithm_of(const sally_key *key)
{
    const char *type = sally_key_type(key);
    return slice_is(slice_of(type), "ssh-rsa") ? "rsa-sha2-512" : type;
}

static void put_request(struct buf *m, const struct client_login *l)
{
    put_text(m, l->user);
    put_text(m, AUTH_SERVICE);
    put_text(m, login_method_name(l->method));
}

static void put_key(struct buf *m, const struct client_login *l, bool signature)
{
    put_bool(m, signature);
    put_text(m, algorithm_of(l->key));
    put_slice(m, key_blob(l->key));
}

static void send_signed(struct ssh *ssh, const struct client_login *l)
{
    struct buf data, signature;
    buf_init(&data, SIZE_MAX / 2);
    buf_init(&signature, SIZE_MAX / 2);
    put_slice(&data, ssh_session_id(ssh));
    put_u8(&data, SSH_MSG_USERAUTH_REQUEST);
    put_request(&data, l);
    put_key(&data, l, true);
    if (data.failed ||
        key_sign(l->key, algorithm_of(l->key), buf_slice(&data), &signature) != SALLY_E_OK) {
        transport_end(ssh, SSH_DISCONNECT_BY_APPLICATION, SSH_END_INTERNAL,
                      "cannot sign with the key");
    } else {
        struct buf *m = ssh_message(ssh, SSH_MSG_USERAUTH_REQUEST);
        put_request(m, l);
        put_key(m, l, true);
        put_slice(m, buf_slice(&signature));
        ssh_message_send(ssh);
    }
    buf_clear(&data);
    buf_clear(&signature);
}

static void send_key_query(struct ssh *ssh, const struct client_login *l)
{
    struct buf *m = ssh_message(ssh, SSH_MSG_USERAUTH_REQUEST);
    put_request(m, l);
    put_key(m, l, false);
    ssh_message_send(ssh);
}

static void send_request(struct ssh *ssh, const struct client_login *l)
{
    struct buf *m;
    switch (l->method) {
    case SALLY_AUTH_PUBLICKEY:
        if (l->ask_first)
            send_key_query(ssh, l);
        else
            send_signed(ssh, l);
        return;
    case SALLY_AUTH_NONE:
        put_request(ssh_message(ssh, SSH_MSG_USERAUTH_REQUEST), l);
        break;
    case SALLY_AUTH_PASSWORD:
        m = ssh_message(ssh, SSH_MSG_USERAUTH_REQUEST);
        put_request(m, l);
        put_bool(m, false);
        put_text(m, l->password);
        break;
    case SALLY_AUTH_KEYBOARD_INTERACTIVE:
        m = ssh_message(ssh, SSH_MSG_USERAUTH_REQUEST);
        put_request(m, l);
        put_text(m, ""); /* language */
        put_text(m, ""); /* submethods */
        break;
    }
    ssh_message_send(ssh);
}

/* Requests the service or sends the request, as the state allows. */
static void advance(struct ssh *ssh, struct client_login *l)
{
    if (!l->wanted || !l->transport_ready)
        return;
    if (ssh->state == AWAIT_AUTH) {
        l->wanted = false;
        send_request(ssh, l);
    } else if (ssh->state == AWAIT_SERVICE && !l->service_asked) {
        l->service_asked = true;
        put_text(ssh_message(ssh, SSH_MSG_SERVICE_REQUEST), "ssh-userauth");
        ssh_message_send(ssh);
    }
}

void userauth_transport_ready(struct ssh *ssh)
{
    struct client_login *l = login_of(ssh);
    if (l) {
        l->transport_ready = true;
        advance(ssh, l);
    }
}

static void login(struct ssh *ssh, uint32_t method, const char *user, const char *password,
                  const sally_key *key, bool ask_first)
{
    struct client_login *l = ssh->state == OVER ? NULL : login_of(ssh);
    if (!l)
        return;
    transport_enter(ssh);
    forget(l);
    l->method = method;
    l->user = mem_strdup(user);
    l->password = mem_strdup(password);
    /* Counting holders does not change a key. */
    l->key = key ? sally_key_ref((sally_key *)(uintptr_t)key) : NULL;
    l->ask_first = ask_first;
    l->wanted = true;
    if (!l->user || (password && !l->password))
        transport_no_memory(ssh);
    else
        advance(ssh, l);
    transport_leave(ssh);
}

void ssh_client_login_none(struct ssh *ssh, const char *user)
{
    login(ssh, SALLY_AUTH_NONE, user, NULL, NULL, false);
}

void ssh_client_login_password(struct ssh *ssh, const char *user, const char *password)
{
    login(ssh, SALLY_AUTH_PASSWORD, user, password, NULL, false);
}

void ssh_client_login_key(struct ssh *ssh, const char *user, const sally_key *key, bool ask_first)
{
    login(ssh, SALLY_AUTH_PUBLICKEY, user, NULL, key, ask_first);
}

void ssh_client_login_interactive(struct ssh *ssh, const char *user)
{
    login(ssh, SALLY_AUTH_KEYBOARD_INTERACTIVE, user, NULL, NULL, false);
}

void ssh_client_answer(struct ssh *ssh, const char *const *answers, size_t count)
{
    if (ssh->state != AWAIT_AUTH)
        return;
    transport_enter(ssh);
    struct buf *m = ssh_message(ssh, SSH_MSG_USERAUTH_INFO_RESPONSE);
    put_u32(m, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        put_text(m, answers[i]);
    ssh_message_send(ssh);
    transport_leave(ssh);
}

bool on_service_accept(struct ssh *ssh, struct cursor *c)
{
    struct slice name = get_string(c);
    struct client_login *l = ssh->userauth->client;
    if (!cursor_done(c) || !slice_is(name, "ssh-userauth") || !l || !l->service_asked)
        return false;
    if (ssh->state == AWAIT_SERVICE) {
        ssh->state = AWAIT_AUTH;
        advance(ssh, l);
    }
    return true;
}

bool on_userauth_failure(struct ssh *ssh, struct cursor *c)
{
    struct slice methods = get_string(c);
    bool partial = get_bool(c);
    if (!cursor_done(c))
        return false;
    if (ssh->events.auth_failed)
        ssh->events.auth_failed(ssh->user_data, methods, partial);
    return true;
}

bool on_userauth_success(struct ssh *ssh, struct cursor *c)
{
    struct client_login *l = ssh->userauth->client;
    if (!cursor_done(c) || !l || l->wanted)
        return false; /* nothing was asked for yet */
    ssh->state = READY;
    transport_login_done(ssh);
    forget(l);
    if (ssh->events.authenticated && ssh->state == READY)
        ssh->events.authenticated(ssh->user_data);
    return true;
}

bool on_userauth_banner(struct ssh *ssh, struct cursor *c)
{
    (void)ssh;
    get_string(c); /* the text, which is not shown */
    get_string(c); /* language tag */
    return cursor_done(c);
}

/* PK_OK (RFC 4252 section 7). */
static bool on_pk_ok(struct ssh *ssh, struct client_login *l, struct cursor *c)
{
    struct slice algorithm = get_string(c);
    struct slice blob = get_string(c);
    if (!cursor_done(c) || !l->ask_first || !slice_is(algorithm, algorithm_of(l->key)) ||
        !slice_equal(blob, key_blob(l->key)))
        return false;
    l->ask_first = false;
    send_signed(ssh, l);
    return true;
}

/* The meaning of number 60 depends on the method. */
bool on_userauth_60(struct ssh *ssh, struct cursor *c)
{
    struct client_login *l = ssh->userauth->client;
    struct slice none = {NULL, 0};
    if (!l || !l->user)
        return false;
    switch (l->method) {
    case SALLY_AUTH_PUBLICKEY:
        return on_pk_ok(ssh, l, c);
    case SALLY_AUTH_KEYBOARD_INTERACTIVE:
        if (ssh->events.auth_prompts)
            ssh->events.auth_prompts(ssh->user_data, cursor_rest(c));
        return true;
    case SALLY_AUTH_PASSWORD: /* PASSWD_CHANGEREQ: this client has no other password */
        if (ssh->events.auth_failed)
            ssh->events.auth_failed(ssh->user_data, none, false);
        return true;
    case SALLY_AUTH_NONE:
        break;
    }
    return false;
}
