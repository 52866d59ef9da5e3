/* User authentication, the server's side. The input: one byte for how the owner answers, then
 * records, each a message. The password "right" and the key that signs well are let in; nothing
 * else may be. */
#include <stdlib.h>
#include <string.h>

#include "bare_engine.h"
#include "sallyport/auth.h"
#include "ssh/transport.h"

#define METHOD_BITS (SALLY_AUTH_PUBLICKEY | SALLY_AUTH_PASSWORD | SALLY_AUTH_KEYBOARD_INTERACTIVE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct owner {
    uint8_t manner;
    struct login_query *pending;
    bool accepted, logged_in;
    bool is_gone; /* the engine */
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

static void look_at(const struct login_query *a)
{
    look_at_text(a->pub.user, 1024);
    check(!a->user_changed || a->pub.succeeded == 0);
    if (a->refusal) {
        look_at_text(a->refusal, 100);
        look_at_text(a->method_name, 64);
        return;
    }
    check((a->pub.method == SALLY_AUTH_PASSWORD) == (a->pub.password != NULL));
    if (a->pub.password)
        look_at_text(a->pub.password, 4096);
    if (a->pub.new_password)
        look_at_text(a->pub.new_password, 4096);
    if (a->pub.method == SALLY_AUTH_PUBLICKEY) {
        look_at_text(a->pub.key_fingerprint, 55);
        look_at_text(a->pub.key_type, 100);
        look_at_text(a->pub.signature_algorithm, 100);
        check(a->pub.key_blob_size > 4 && memchr(a->pub.key_blob, 0, a->pub.key_blob_size));
    }
    for (uint32_t i = 0; i < a->pub.answer_count; i++)
        look_at_text(a->pub.answers[i], 4096);
}

static void answer(struct owner *o, struct login_query *a)
{
    static const struct login_prompt prompts[] = {{"Password: ", false}, {"Code: ", true}, {"", 0}};
    if (a->refusal) { /* whatever it is, it lets no one in */
        a->answers->reject(a, 0);
        return;
    }
    bool password = a->pub.method == SALLY_AUTH_PASSWORD && strcmp(a->pub.password, "right") == 0;
    bool key = a->pub.method == SALLY_AUTH_PUBLICKEY && !a->may_try;
    if (o->manner & 1)
        a->answers->banner(a, "A text\nof the owner's");
    if (a->may_try) {
        a->answers->accept(a);
    } else if ((password || key) && (o->manner & 2) && !a->pub.succeeded) {
        a->answers->partial(a, METHOD_BITS);
    } else if (password || key) {
        o->accepted = !o->is_gone;
        a->answers->accept(a);
    } else if (a->pub.method == SALLY_AUTH_KEYBOARD_INTERACTIVE &&
               a->pub.round < (o->manner >> 4)) {
        a->answers->prompt(a, "name", NULL, prompts, (o->manner >> 2) & 3);
    } else {
        a->answers->reject(a, METHOD_BITS);
    }
}

static void on_auth(void *user_data, struct login_query *query)
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
    const struct ssh_events events = {.login = on_auth, .authenticated = on_authenticated};
    struct cursor input = cursor_of(data, size);
    struct slice payload;
    o.manner = get_u8(&input);
    struct ssh *ssh = bare_engine(&events, &o, AWAIT_SERVICE);
    while (!ssh_is_over(ssh) && next_record(&input, &payload)) {
        if (payload.size && payload.data[0] == SSH_MSG_KEXINIT)
            continue; /* another target's */
        bare_engine_feed(ssh, payload);
        if (o.pending && o.manner != 0xff) {
            struct login_query *query = o.pending;
            o.pending = NULL;
            check(ssh_input_is_paused(ssh));
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
    o.is_gone = true;
    if (o.pending)
        answer(&o, o.pending); /* to no one */
    return 0;
}
