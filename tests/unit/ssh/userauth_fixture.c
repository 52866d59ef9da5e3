#include "userauth_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static enum asked_kind kind_of(const struct login_query *q)
{
    switch (q->pub.method) {
    case SALLY_AUTH_NONE:
        return ASKED_NONE;
    case SALLY_AUTH_PASSWORD:
        return ASKED_PASSWORD;
    case SALLY_AUTH_PUBLICKEY:
        return q->may_try ? ASKED_MAY_TRY : ASKED_KEY;
    default:
        assert_int_equal(q->pub.method, SALLY_AUTH_KEYBOARD_INTERACTIVE);
        return ASKED_INTERACTIVE;
    }
}

static void note(struct auth_owner *o, const struct login_query *a)
{
    static const char *const kinds[] = {"none", "password", "may-try", "key", "interactive"};
    enum asked_kind kind = kind_of(a);
    size_t used = strlen(o->log);
    snprintf(o->log + used, sizeof o->log - used, "%s %s#%u%s%s%s:%x;", kinds[kind], a->pub.user,
             a->pub.attempt, a->user_changed ? " changed" : "", a->pub.password ? " " : "",
             a->pub.password ? a->pub.password : "", a->pub.succeeded);
    o->asked++;
    o->by_kind[kind]++;
}

static void on_auth(void *user_data, struct login_query *query)
{
    struct auth_owner *o = user_data;
    if (query->refusal) { /* no one is asked */
        o->refused++;
        o->refused_is_signed = query->is_signed;
        o->refused_method = query->pub.method;
        snprintf(o->refused_user, sizeof o->refused_user, "%s", query->pub.user);
        snprintf(o->refused_name, sizeof o->refused_name, "%s", query->method_name);
        snprintf(o->refusal, sizeof o->refusal, "%s", query->refusal);
        query->answers->reject(query, 0);
        return;
    }
    note(o, query);
    o->answer(o, query);
}

static void on_login(void *user_data)
{
    ((struct auth_owner *)user_data)->logged_in++;
}

static void on_over(void *user_data, enum ssh_end end, const char *detail)
{
    (void)detail;
    struct auth_owner *o = user_data;
    o->over++;
    o->end = end;
}

void auth_rejects(struct auth_owner *o, struct login_query *query)
{
    (void)o;
    query->answers->reject(query, METHOD_BITS);
}

void auth_accepts(struct auth_owner *o, struct login_query *query)
{
    (void)o;
    query->answers->accept(query);
}

void auth_waits(struct auth_owner *o, struct login_query *query)
{
    assert_null(o->pending);
    o->pending = query;
}

/* The right password, or the right key. */
void auth_checks(struct auth_owner *o, struct login_query *query)
{
    bool password = query->pub.method == SALLY_AUTH_PASSWORD && o->right_password &&
                    strcmp(query->pub.password, o->right_password) == 0;
    bool key = query->pub.method == SALLY_AUTH_PUBLICKEY &&
               strcmp(query->pub.key_fingerprint, o->right_fingerprint) == 0;
    if (password || key)
        query->answers->accept(query);
    else
        query->answers->reject(query, METHOD_BITS);
}

void auth_begin(struct auth_fixture *f,
                void (*answer)(struct auth_owner *o, struct login_query *query))
{
    memset(&f->o, 0, sizeof f->o);
    f->o.answer = answer;
    bare_prepare(&f->b, SSH_SERVER);
    f->b.user_data = &f->o;
    f->b.events.login = on_auth;
    f->b.events.authenticated = on_login;
    f->b.events.over = on_over;
}

void auth_start(struct auth_fixture *f)
{
    bare_start(&f->b, AWAIT_AUTH);
}

void auth_ready(struct auth_fixture *f,
                void (*answer)(struct auth_owner *o, struct login_query *query))
{
    auth_begin(f, answer);
    auth_start(f);
}

void auth_feed(struct auth_fixture *f, struct buf *m)
{
    bare_feed(&f->b, buf_slice(m));
    buf_clear(m);
}

struct buf *auth_request(struct buf *room, const char *user, const char *method)
{
    struct buf *m = payload(room, SSH_MSG_USERAUTH_REQUEST);
    put_text(m, user);
    put_text(m, "ssh-connection");
    put_text(m, method);
    return m;
}

void auth_try_none(struct auth_fixture *f, const char *user)
{
    struct buf room;
    auth_feed(f, auth_request(&room, user, "none"));
}

void auth_try_password(struct auth_fixture *f, const char *user, const char *password)
{
    struct buf room, *m = auth_request(&room, user, "password");
    put_bool(m, false);
    put_text(m, password);
    auth_feed(f, m);
}

/* FAILURE with these methods and this flag is the next message. */
void auth_expect_failure(struct auth_fixture *f, const char *methods, bool partial)
{
    struct slice sent = bare_sent(&f->b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_USERAUTH_FAILURE);
    assert_true(slice_is(get_string(&c), methods));
    assert_int_equal(get_bool(&c), partial);
    assert_true(cursor_done(&c));
}

void auth_expect_success(struct auth_fixture *f)
{
    struct slice sent = bare_sent(&f->b);
    assert_int_equal(sent.size, 1);
    assert_int_equal(sent.data[0], SSH_MSG_USERAUTH_SUCCESS);
    assert_int_equal(f->o.logged_in, 1);
    assert_int_equal(f->b.ssh->state, READY);
}

void auth_expect_end(struct auth_fixture *f, uint32_t reason, enum ssh_end end)
{
    struct slice sent = bare_sent_number(&f->b, SSH_MSG_DISCONNECT);
    struct cursor c = cursor_of_slice(sent);
    get_u8(&c);
    assert_int_equal(get_u32(&c), reason);
    assert_int_equal(f->o.over, 1);
    assert_int_equal(f->o.end, end);
    assert_true(ssh_is_over(f->b.ssh));
}

void auth_finish(struct auth_fixture *f)
{
    bare_stop(&f->b);
}

void auth_try_interactive(struct auth_fixture *f, const char *user)
{
    struct buf room, *m = auth_request(&room, user, "keyboard-interactive");
    put_text(m, "");
    put_text(m, "");
    auth_feed(f, m);
}

void auth_converses(struct auth_owner *o, struct login_query *query)
{
    struct login_prompt prompts[64] = {{"Password: ", false}, {"Code: ", true}};
    for (size_t i = 2; i < COUNT_OF(prompts); i++)
        prompts[i].text = "More: ";
    for (uint32_t k = 0; k < query->pub.answer_count; k++)
        assert_string_equal(query->pub.answers[k], "a");
    if (query->pub.method != SALLY_AUTH_KEYBOARD_INTERACTIVE)
        query->answers->reject(query, SALLY_AUTH_KEYBOARD_INTERACTIVE);
    else if (query->pub.round < o->rounds)
        query->answers->prompt(query, "Name", "Instruction", prompts, o->prompts);
    else
        query->answers->accept(query);
}

void auth_answer(struct auth_fixture *f, uint32_t count, const char *text)
{
    struct buf room, *m = payload(&room, SSH_MSG_USERAUTH_INFO_RESPONSE);
    put_u32(m, count);
    for (uint32_t i = 0; i < count; i++)
        put_text(m, text);
    auth_feed(f, m);
}
