/* User authentication, the server's side. The input: one byte for how the owner answers, then
 * records, each a message. The password "right" and the key that signs well are let in; nothing
 * else may be. */
#include <stdlib.h>
#include <string.h>

#include "bare_engine.h"
#include "sallyport/auth.h"
#include "ssh/transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct owner {
    uint8_t manner;
    struct ssh_auth *pending;
    bool accepted, logged_in;
    unsigned asked;
};

static void check(bool ok)
{
    if (!ok)
        abort();
}

/* Reads a text to its end. */
static void look_at_text(const char *text, size_t most)
{
    check(text && strlen(text) <= most);
}

static void look_at(const struct ssh_auth *a)
{
    look_at_text(a->user, 1024);
    check(!a->user_changed || a->succeeded == 0);
    check((a->kind == SSH_AUTH_PASSWORD) == (a->password != NULL));
    if (a->password)
        look_at_text(a->password, 4096);
    if (a->new_password)
        look_at_text(a->new_password, 4096);
    if (a->kind == SSH_AUTH_KEY || a->kind == SSH_AUTH_MAY_TRY_KEY) {
        look_at_text(a->key_fingerprint, 55);
        look_at_text(a->key_algorithm, 100);
        look_at_text(a->key_type, 100);
        check(a->key_blob.size > 4 && memchr(a->key_blob.data, 0, a->key_blob.size));
    }
    for (uint32_t i = 0; i < a->answer_count; i++)
        look_at_text(a->answers[i], 4096);
}

static void answer(struct owner *o, struct ssh_auth *a)
{
    static const struct ssh_prompt prompts[] = {{"Password: ", false}, {"Code: ", true}, {"", 0}};
    bool password = a->kind == SSH_AUTH_PASSWORD && strcmp(a->password, "right") == 0;
    if (o->manner & 1)
        ssh_auth_banner(a, "A text\nof the owner's");
    if (a->kind == SSH_AUTH_MAY_TRY_KEY) {
        ssh_auth_accept(a);
    } else if ((password || a->kind == SSH_AUTH_KEY) && (o->manner & 2) && !a->succeeded) {
        ssh_auth_partial(a, "keyboard-interactive,publickey,password");
    } else if (password || a->kind == SSH_AUTH_KEY) {
        o->accepted = a->ssh != NULL;
        ssh_auth_accept(a);
    } else if (a->kind == SSH_AUTH_INTERACTIVE && a->round < (o->manner >> 4)) {
        ssh_auth_prompt(a, "name", NULL, prompts, (o->manner >> 2) & 3);
    } else {
        ssh_auth_reject(a, "publickey,password,keyboard-interactive");
    }
}

static void on_auth(void *user_data, struct ssh_auth *query)
{
    struct owner *o = user_data;
    check(!o->accepted && !o->pending);
    o->asked++;
    look_at(query);
    if (o->manner == 0xff || (o->manner & 4))
        o->pending = query;
    else
        answer(o, query);
}

static void on_authenticated(void *user_data)
{
    struct owner *o = user_data;
    check(o->accepted && !o->logged_in);
    o->logged_in = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct owner o = {0};
    const struct ssh_events events = {.auth = on_auth, .authenticated = on_authenticated};
    struct cursor input = cursor_of(data, size);
    struct slice payload;
    o.manner = get_u8(&input);
    struct ssh *ssh = bare_engine(&events, &o, AWAIT_SERVICE);
    while (!ssh_over(ssh) && next_record(&input, &payload)) {
        if (payload.size && payload.data[0] == SSH_MSG_KEXINIT)
            continue; /* another target's */
        bare_engine_feed(ssh, payload);
        if (o.pending && o.manner != 0xff) {
            struct ssh_auth *query = o.pending;
            o.pending = NULL;
            check(ssh_is_held(ssh));
            answer(&o, query);
            ssh_run(ssh, ssh->now_ns);
        }
        bare_engine_drain(ssh, NULL, NULL);
        check(ssh->state != READY || o.accepted);
        if (o.pending)
            break; /* no input is taken while it is out */
    }
    check(o.asked <= 6 * 8 + 6 * 16);
    ssh_free(ssh);
    if (o.pending)
        answer(&o, o.pending); /* to nobody */
    return 0;
}
