#include "userauth_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void note(struct auth_owner *o, const struct ssh_auth *a)
{
    static const char *const kinds[] = {"none", "password", "may-try", "key", "interactive"};
    size_t used = strlen(o->log);
    snprintf(o->log + used, sizeof o->log - used, "%s %s#%u%s%s%s:%x;", kinds[a->kind], a->user,
             a->attempt, a->user_changed ? " changed" : "", a->password ? " " : "",
             a->password ? a->password : "", a->succeeded);
    o->asked++;
    o->by_kind[a->kind]++;
}

static void on_auth(void *user_data, struct ssh_auth *query)
{
    struct auth_owner *o = user_data;
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

void auth_rejects(struct auth_owner *o, struct ssh_auth *query)
{
    (void)o;
    ssh_auth_reject(query, METHODS);
}

void auth_accepts(struct auth_owner *o, struct ssh_auth *query)
{
    (void)o;
    ssh_auth_accept(query);
}

void auth_waits(struct auth_owner *o, struct ssh_auth *query)
{
    assert_null(o->pending);
    o->pending = query;
}

/* The right password, or the right key. */
void auth_checks(struct auth_owner *o, struct ssh_auth *query)
{
    bool password = query->kind == SSH_AUTH_PASSWORD && o->right_password &&
                    strcmp(query->password, o->right_password) == 0;
    bool key = (query->kind == SSH_AUTH_KEY || query->kind == SSH_AUTH_MAY_TRY_KEY) &&
               strcmp(query->key_fingerprint, o->right_fingerprint) == 0;
    if (password || key)
        ssh_auth_accept(query);
    else
        ssh_auth_reject(query, METHODS);
}

void auth_begin(struct auth_fixture *f,
                void (*answer)(struct auth_owner *o, struct ssh_auth *query))
{
    memset(&f->o, 0, sizeof f->o);
    f->o.answer = answer;
    bare_prepare(&f->b, SSH_SERVER);
    f->b.user_data = &f->o;
    f->b.events.auth = on_auth;
    f->b.events.authenticated = on_login;
    f->b.events.over = on_over;
}

void auth_start(struct auth_fixture *f)
{
    bare_start(&f->b, AWAIT_AUTH);
}

void auth_ready(struct auth_fixture *f,
                void (*answer)(struct auth_owner *o, struct ssh_auth *query))
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
    assert_true(ssh_over(f->b.ssh));
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

void auth_converses(struct auth_owner *o, struct ssh_auth *query)
{
    struct ssh_prompt prompts[64] = {{"Password: ", false}, {"Code: ", true}};
    for (size_t i = 2; i < COUNT_OF(prompts); i++)
        prompts[i].text = "More: ";
    for (uint32_t k = 0; k < query->answer_count; k++)
        assert_string_equal(query->answers[k], "a");
    if (query->kind != SSH_AUTH_INTERACTIVE)
        ssh_auth_reject(query, "keyboard-interactive");
    else if (query->round < o->rounds)
        ssh_auth_prompt(query, "Name", "Instruction", prompts, o->prompts);
    else
        ssh_auth_accept(query);
}

void auth_answer(struct auth_fixture *f, uint32_t count, const char *text)
{
    struct buf room, *m = payload(&room, SSH_MSG_USERAUTH_INFO_RESPONSE);
    put_u32(m, count);
    for (uint32_t i = 0; i < count; i++)
        put_text(m, text);
    auth_feed(f, m);
}
