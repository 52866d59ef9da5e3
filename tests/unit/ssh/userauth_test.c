/* User authentication, the server's side: what the owner is asked, what its answers do, and what
 * never reaches it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "crypto/public_key.h"
#include "pair_services.h"
#include "sallyport/auth.h"

#define METHODS "publickey,password,keyboard-interactive"

/* What the owner was asked, and how it answers. */
struct owner {
    void (*answer)(struct owner *o, struct ssh_auth *query);
    struct ssh_auth *pending;
    unsigned asked, by_kind[5];
    char log[4096]; /* one line per question */
    const char *right_password;
    char right_fingerprint[PUBLIC_KEY_FINGERPRINT_SIZE];
    unsigned prompts; /* of round 0 */
    unsigned rounds;
    unsigned logged_in;
    unsigned over;
    enum ssh_end end;
};

static void note(struct owner *o, const struct ssh_auth *a)
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
    struct owner *o = user_data;
    note(o, query);
    o->answer(o, query);
}

static void on_login(void *user_data)
{
    ((struct owner *)user_data)->logged_in++;
}

static void on_over(void *user_data, enum ssh_end end, const char *detail)
{
    (void)detail;
    struct owner *o = user_data;
    o->over++;
    o->end = end;
}

static void rejects(struct owner *o, struct ssh_auth *query)
{
    (void)o;
    ssh_auth_reject(query, METHODS);
}

static void accepts(struct owner *o, struct ssh_auth *query)
{
    (void)o;
    ssh_auth_accept(query);
}

static void waits(struct owner *o, struct ssh_auth *query)
{
    assert_null(o->pending);
    o->pending = query;
}

/* The right password, or the right key. */
static void checks(struct owner *o, struct ssh_auth *query)
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

/* A bare server that awaits a try. */
struct fixture {
    struct bare b;
    struct owner o;
};

static void begin(struct fixture *f, void (*answer)(struct owner *o, struct ssh_auth *query))
{
    memset(&f->o, 0, sizeof f->o);
    f->o.answer = answer;
    bare_prepare(&f->b, SSH_SERVER);
    f->b.user_data = &f->o;
    f->b.events.auth = on_auth;
    f->b.events.authenticated = on_login;
    f->b.events.over = on_over;
}

static void start(struct fixture *f)
{
    bare_start(&f->b, AWAIT_AUTH);
}

static void ready(struct fixture *f, void (*answer)(struct owner *o, struct ssh_auth *query))
{
    begin(f, answer);
    start(f);
}

static void feed(struct fixture *f, struct buf *m)
{
    bare_feed(&f->b, buf_slice(m));
    buf_clear(m);
}

static struct buf *request(struct buf *room, const char *user, const char *method)
{
    struct buf *m = payload(room, SSH_MSG_USERAUTH_REQUEST);
    put_text(m, user);
    put_text(m, "ssh-connection");
    put_text(m, method);
    return m;
}

static void try_none(struct fixture *f, const char *user)
{
    struct buf room;
    feed(f, request(&room, user, "none"));
}

static void try_password(struct fixture *f, const char *user, const char *password)
{
    struct buf room, *m = request(&room, user, "password");
    put_bool(m, false);
    put_text(m, password);
    feed(f, m);
}

/* FAILURE with these methods and this flag is the next message. */
static void expect_failure(struct fixture *f, const char *methods, bool partial)
{
    struct slice sent = bare_sent(&f->b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_USERAUTH_FAILURE);
    assert_true(slice_is(get_string(&c), methods));
    assert_int_equal(get_bool(&c), partial);
    assert_true(cursor_done(&c));
}

static void expect_success(struct fixture *f)
{
    struct slice sent = bare_sent(&f->b);
    assert_int_equal(sent.size, 1);
    assert_int_equal(sent.data[0], SSH_MSG_USERAUTH_SUCCESS);
    assert_int_equal(f->o.logged_in, 1);
    assert_int_equal(f->b.ssh->state, READY);
}

static void expect_end(struct fixture *f, uint32_t reason, enum ssh_end end)
{
    struct slice sent = bare_sent_number(&f->b, SSH_MSG_DISCONNECT);
    struct cursor c = cursor_of_slice(sent);
    get_u8(&c);
    assert_int_equal(get_u32(&c), reason);
    assert_int_equal(f->o.over, 1);
    assert_int_equal(f->o.end, end);
    assert_true(ssh_over(f->b.ssh));
}

static void finish(struct fixture *f)
{
    bare_stop(&f->b);
}

/* ---- The service ---- */

static void grants_the_service_and_no_other(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room;
    begin(&f, rejects);
    bare_start(&f.b, AWAIT_SERVICE);
    put_text(payload(&room, SSH_MSG_SERVICE_REQUEST), "ssh-userauth");
    feed(&f, &room);
    struct slice sent = bare_sent(&f.b);
    assert_int_equal(sent.data[0], SSH_MSG_SERVICE_ACCEPT);
    assert_int_equal(f.b.ssh->state, AWAIT_AUTH);
    put_text(payload(&room, SSH_MSG_SERVICE_REQUEST), "ssh-userauth"); /* once more is fine */
    feed(&f, &room);
    assert_int_equal(bare_sent(&f.b).data[0], SSH_MSG_SERVICE_ACCEPT);
    put_text(payload(&room, SSH_MSG_SERVICE_REQUEST), "ssh-connection");
    feed(&f, &room);
    expect_end(&f, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE, SSH_END_PROTOCOL);
    finish(&f);
}

static void refuses_requests_for_another_service(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room;
    ready(&f, accepts);
    struct buf *m = payload(&room, SSH_MSG_USERAUTH_REQUEST);
    put_text(m, "joe");
    put_text(m, "ssh-shell");
    put_text(m, "none");
    feed(&f, m);
    expect_end(&f, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE, SSH_END_PROTOCOL);
    assert_int_equal(f.o.asked, 0);
    finish(&f);
}

/* ---- Single methods ---- */

static void none_tells_the_methods(void **state)
{
    (void)state;
    struct fixture f;
    ready(&f, rejects);
    for (int i = 0; i < 10; i++) { /* does not count */
        try_none(&f, "joe");
        expect_failure(&f, METHODS, false);
    }
    assert_false(ssh_over(f.b.ssh));
    finish(&f);
}

static void none_may_be_enough(void **state)
{
    (void)state;
    struct fixture f;
    ready(&f, accepts);
    try_none(&f, "anonymous");
    expect_success(&f);
    finish(&f);
}

static void password_right_and_wrong(void **state)
{
    (void)state;
    struct fixture f;
    ready(&f, checks);
    f.o.right_password = "right";
    try_password(&f, "joe", "wrong");
    expect_failure(&f, METHODS, false);
    try_password(&f, "joe", "");
    expect_failure(&f, METHODS, false);
    try_password(&f, "joe", "right");
    expect_success(&f);
    assert_string_equal(f.o.log,
                        "password joe#1 wrong:0;password joe#2 :0;password joe#3 right:0;");
    finish(&f);
}

static char seen_new[32];

static void notes_new(struct owner *o, struct ssh_auth *query)
{
    (void)o;
    strncpy(seen_new, query->new_password ? query->new_password : "(none)", sizeof seen_new - 1);
    ssh_auth_accept(query);
}

static void password_change_brings_both(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    ready(&f, notes_new);
    m = request(&room, "joe", "password");
    put_bool(m, true);
    put_text(m, "old");
    put_text(m, "new");
    feed(&f, m);
    assert_string_equal(f.o.log, "password joe#1 old:0;");
    assert_string_equal(seen_new, "new");
    finish(&f);
}

static void password_is_wiped_from_what_was_received(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    ready(&f, rejects);
    m = request(&room, "joe", "password");
    put_bool(m, false);
    put_text(m, "hunter2");
    struct slice whole = buf_slice(m);
    struct cursor c = cursor_of(whole.data + 1, whole.size - 1);
    assert_true(on_userauth_request(f.b.ssh, &c));
    assert_memory_equal(whole.data + whole.size - 7, "\0\0\0\0\0\0\0", 7);
    buf_clear(m);
    finish(&f);
}

static void unfit_passwords_are_not_asked_about(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    static const uint8_t long_one[4097];
    ready(&f, accepts);
    m = request(&room, "joe", "password");
    put_bool(m, false);
    put_string(m, "se\0cret", 7);
    feed(&f, m);
    expect_failure(&f, METHODS, false);
    m = request(&room, "joe", "password");
    put_bool(m, false);
    put_string(m, long_one, sizeof long_one);
    feed(&f, m);
    expect_failure(&f, METHODS, false);
    m = request(&room, "joe", "password");
    put_bool(m, true);
    put_text(m, "old");
    put_string(m, "ne\0w", 4);
    feed(&f, m);
    expect_failure(&f, METHODS, false);
    assert_int_equal(f.o.asked, 0);
    finish(&f);
}

static void unfit_names_are_not_asked_about(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    static const char long_one[1025];
    ready(&f, accepts);
    m = payload(&room, SSH_MSG_USERAUTH_REQUEST);
    put_string(m, "root\0joe", 8);
    put_text(m, "ssh-connection");
    put_text(m, "none");
    feed(&f, m);
    expect_failure(&f, METHODS, false);
    m = payload(&room, SSH_MSG_USERAUTH_REQUEST);
    put_string(m, long_one, sizeof long_one);
    put_text(m, "ssh-connection");
    put_text(m, "none");
    feed(&f, m);
    expect_failure(&f, METHODS, false);
    assert_int_equal(f.o.asked, 0);
    try_none(&f, ""); /* an empty one is a name */
    assert_int_equal(f.o.asked, 1);
    finish(&f);
}

static void other_methods_fail(void **state)
{
    (void)state;
    static const char *const names[] = {"hostbased", "gssapi-with-mic", "", "NONE", "none\n"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct fixture f;
        struct buf room;
        ready(&f, accepts);
        feed(&f, request(&room, "joe", names[i]));
        expect_failure(&f, METHODS, false);
        assert_int_equal(f.o.asked, 0);
        finish(&f);
    }
}

static void every_cut_of_a_request_is_malformed(void **state)
{
    (void)state;
    struct buf room, *m = request(&room, "joe", "password");
    put_bool(m, true);
    put_text(m, "old");
    put_text(m, "new");
    struct slice whole = buf_slice(m);
    for (size_t size = 1; size < whole.size; size++) {
        struct fixture f;
        ready(&f, accepts);
        bare_feed(&f.b, (struct slice){whole.data, size});
        expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL);
        assert_int_equal(f.o.asked, 0);
        finish(&f);
    }
    struct fixture f;
    ready(&f, accepts);
    put_u8(m, 0); /* one byte too many */
    feed(&f, m);
    expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL);
    finish(&f);
}

static void requests_after_the_success_are_ignored(void **state)
{
    (void)state;
    struct fixture f;
    ready(&f, accepts);
    try_none(&f, "joe");
    expect_success(&f);
    bare_sent_number(&f.b, 0); /* what follows a login */
    try_password(&f, "root", "x");
    assert_int_equal(bare_sent(&f.b).size, 0);
    assert_int_equal(f.o.asked, 1);
    assert_false(ssh_over(f.b.ssh));
    finish(&f);
}

/* ---- Banners ---- */

static void greets(struct owner *o, struct ssh_auth *query)
{
    (void)o;
    ssh_auth_banner(query, "");
    ssh_auth_banner(query, "Your password is old.");
    ssh_auth_reject(query, METHODS);
}

static void expect_banner(struct fixture *f, const char *text)
{
    struct slice sent = bare_sent(&f->b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_USERAUTH_BANNER);
    assert_true(slice_is(get_string(&c), text));
    assert_true(slice_is(get_string(&c), ""));
    assert_true(cursor_done(&c));
}

static void banners_come_before_the_answer(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, greets);
    f.b.options.banner = "Be\ngood\r\nhere\n";
    start(&f);
    try_none(&f, "joe");
    expect_banner(&f, "Be\r\ngood\r\nhere\r\n");
    expect_banner(&f, "Your password is old.");
    expect_failure(&f, METHODS, false);
    try_none(&f, "joe"); /* the general one comes once */
    expect_banner(&f, "Your password is old.");
    expect_failure(&f, METHODS, false);
    finish(&f);
}

/* ---- Attempts ---- */

static void too_many_failures_end_it(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, rejects);
    f.b.options.max_auth_attempts = 3;
    start(&f);
    try_none(&f, "joe");
    expect_failure(&f, METHODS, false);
    try_password(&f, "joe", "1");
    expect_failure(&f, METHODS, false);
    try_password(&f, "jim", "2"); /* another name is no way out */
    expect_failure(&f, METHODS, false);
    try_password(&f, "joe", "3");
    expect_end(&f, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE, SSH_END_AUTH);
    finish(&f);
}

static void requests_that_do_not_count_are_bounded_too(void **state)
{
    (void)state;
    struct fixture f;
    ready(&f, rejects);
    unsigned i;
    for (i = 0; i < 1000 && !ssh_over(f.b.ssh); i++)
        try_none(&f, i % 2 ? "joe" : "jim");
    assert_true(i < 100);
    assert_int_equal(f.o.end, SSH_END_AUTH);
    finish(&f);
}

/* ---- Chains ---- */

static void wants_both(struct owner *o, struct ssh_auth *query)
{
    (void)o;
    if (query->kind == SSH_AUTH_NONE)
        ssh_auth_reject(query, "password");
    else if (query->kind == SSH_AUTH_PASSWORD)
        ssh_auth_partial(query, "keyboard-interactive");
    else if (query->succeeded & SALLY_AUTH_PASSWORD)
        ssh_auth_accept(query);
    else
        ssh_auth_reject(query, "password");
}

static void try_interactive(struct fixture *f, const char *user)
{
    struct buf room, *m = request(&room, user, "keyboard-interactive");
    put_text(m, "");
    put_text(m, "");
    feed(f, m);
}

static void partial_successes_add_up(void **state)
{
    (void)state;
    struct fixture f;
    ready(&f, wants_both);
    try_none(&f, "joe");
    expect_failure(&f, "password", false);
    try_interactive(&f, "joe");
    expect_failure(&f, "password", false);
    try_password(&f, "joe", "x");
    expect_failure(&f, "keyboard-interactive", true);
    try_interactive(&f, "joe");
    expect_success(&f);
    assert_string_equal(f.o.log,
                        "none joe#1:0;interactive joe#1:0;password joe#2 x:0;interactive joe#3:2;");
    finish(&f);
}

static void another_user_starts_from_nothing(void **state)
{
    (void)state;
    struct fixture f;
    ready(&f, wants_both);
    try_none(&f, "joe");
    expect_failure(&f, "password", false);
    try_password(&f, "joe", "x");
    expect_failure(&f, "keyboard-interactive", true);
    try_interactive(&f, "root");
    expect_failure(&f, "password", false);
    try_interactive(&f, "joe"); /* and back: what joe had reached is gone */
    expect_failure(&f, "password", false);
    assert_int_equal(f.o.logged_in, 0);
    assert_string_equal(f.o.log, "none joe#1:0;password joe#1 x:0;interactive root#2 changed:0;"
                                 "interactive joe#3 changed:0;");
    finish(&f);
}

/* The name changes in a request that never reaches the owner, and changes back. */
static void another_user_in_between_counts_as_a_change(void **state)
{
    (void)state;
    struct fixture f;
    struct buf room, *m;
    ready(&f, wants_both);
    try_password(&f, "joe", "x");
    expect_failure(&f, "keyboard-interactive", true);
    feed(&f, request(&room, "root", "hostbased"));
    bare_sent(&f.b);
    try_interactive(&f, "joe");
    expect_failure(&f, "password", false);
    try_password(&f, "joe", "x");
    expect_failure(&f, "keyboard-interactive", true);
    m = payload(&room, SSH_MSG_USERAUTH_REQUEST); /* the same with a name that cannot be one */
    put_string(m, "jo\0e", 4);
    put_text(m, "ssh-connection");
    put_text(m, "none");
    feed(&f, m);
    bare_sent(&f.b);
    try_interactive(&f, "joe");
    expect_failure(&f, "password", false);
    assert_string_equal(f.o.log,
                        "password joe#1 x:0;interactive joe#2 changed:0;password joe#3 x:0;"
                        "interactive joe#4 changed:0;");
    finish(&f);
}

/* ---- keyboard-interactive ---- */

static void converses(struct owner *o, struct ssh_auth *query)
{
    struct ssh_prompt prompts[64] = {{"Password: ", false}, {"Code: ", true}};
    for (size_t i = 2; i < COUNT_OF(prompts); i++)
        prompts[i].text = "More: ";
    for (uint32_t i = 0; i < query->answer_count; i++) {
        strcat(o->log, query->answers[i]);
        strcat(o->log, ",");
    }
    if (query->kind != SSH_AUTH_INTERACTIVE)
        ssh_auth_reject(query, "keyboard-interactive");
    else if (query->round < o->rounds)
        ssh_auth_prompt(query, "Name", "Instruction", prompts, o->prompts);
    else
        ssh_auth_accept(query);
}

static void expect_prompts(struct fixture *f, uint32_t count)
{
    struct slice sent = bare_sent(&f->b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_USERAUTH_INFO_REQUEST);
    assert_true(slice_is(get_string(&c), "Name"));
    assert_true(slice_is(get_string(&c), "Instruction"));
    assert_true(slice_is(get_string(&c), ""));
    assert_int_equal(get_u32(&c), count);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(slice_is(get_string(&c), i == 0 ? "Password: " : i == 1 ? "Code: " : "More: "));
        assert_int_equal(get_bool(&c), i == 1);
    }
    assert_true(cursor_done(&c));
}

static void answer(struct fixture *f, uint32_t count, const char *text)
{
    struct buf room, *m = payload(&room, SSH_MSG_USERAUTH_INFO_RESPONSE);
    put_u32(m, count);
    for (uint32_t i = 0; i < count; i++)
        put_text(m, text);
    feed(f, m);
}

static void interactive_goes_round_by_round(void **state)
{
    (void)state;
    static const unsigned counts[] = {0, 1, 2, 64};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct fixture f;
        ready(&f, converses);
        f.o.prompts = counts[i];
        f.o.rounds = 3;
        try_interactive(&f, "joe");
        for (int round = 0; round < 3; round++) {
            expect_prompts(&f, counts[i]);
            answer(&f, counts[i], "a");
        }
        expect_success(&f);
        assert_int_equal(f.o.by_kind[SSH_AUTH_INTERACTIVE], 4);
        finish(&f);
    }
}

static void interactive_wants_as_many_answers(void **state)
{
    (void)state;
    static const uint32_t counts[] = {0, 1, 3, 65};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct fixture f;
        ready(&f, converses);
        f.o.prompts = 2;
        f.o.rounds = 1;
        try_interactive(&f, "joe");
        expect_prompts(&f, 2);
        answer(&f, counts[i], "a");
        expect_failure(&f, METHODS, false);
        assert_int_equal(f.o.asked, 1);
        answer(&f, 2, "a"); /* nobody waits for them any more */
        expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL);
        finish(&f);
    }
}

static void interactive_answers_that_were_not_asked_for(void **state)
{
    (void)state;
    struct fixture f;
    ready(&f, converses);
    answer(&f, 0, "");
    expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL);
    finish(&f);

    ready(&f, converses);
    f.o.prompts = f.o.rounds = 1;
    try_interactive(&f, "joe");
    expect_prompts(&f, 1);
    try_none(&f, "joe"); /* leaves the conversation */
    expect_failure(&f, "keyboard-interactive", false);
    answer(&f, 1, "a");
    expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL);
    assert_int_equal(f.o.logged_in, 0);
    finish(&f);
}

static void interactive_bounds_answers(void **state)
{
    (void)state;
    static uint8_t long_one[4097];
    struct fixture f;
    struct buf room, *m;
    memset(long_one, 'x', sizeof long_one);
    for (int i = 0; i < 3; i++) {
        ready(&f, converses);
        f.o.prompts = f.o.rounds = 1;
        try_interactive(&f, "joe");
        expect_prompts(&f, 1);
        m = payload(&room, SSH_MSG_USERAUTH_INFO_RESPONSE);
        put_u32(m, 1);
        if (i == 0)
            put_string(m, long_one, sizeof long_one);
        else if (i == 1)
            put_string(m, "a\0b", 3);
        else
            put_u32(m, UINT32_MAX); /* longer than the message */
        feed(&f, m);
        if (i < 2)
            expect_failure(&f, METHODS, false);
        else
            expect_end(&f, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL);
        assert_int_equal(f.o.asked, 1);
        finish(&f);
    }
}

/* ---- Late answers ---- */

static void no_input_while_a_question_is_out(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t *room;
    ready(&f, waits);
    try_none(&f, "joe");
    assert_true(ssh_is_held(f.b.ssh));
    assert_int_equal(ssh_input_room(f.b.ssh, &room), 0);
    ssh_auth_accept(f.o.pending);
    assert_false(ssh_is_held(f.b.ssh));
    assert_true(ssh_input_room(f.b.ssh, &room) > 0);
    expect_success(&f);
    finish(&f);
}

static void every_answer_may_come_after_the_end(void **state)
{
    (void)state;
    static const struct ssh_prompt prompt = {"?", false};
    for (int freed = 0; freed < 2; freed++) {
        for (int i = 0; i < 5; i++) {
            struct fixture f;
            ready(&f, waits);
            try_interactive(&f, "joe");
            ssh_disconnect(f.b.ssh, "enough");
            if (freed)
                finish(&f);
            if (freed)
                assert_null(f.o.pending->ssh);
            ssh_auth_banner(f.o.pending, "too late");
            if (i == 0)
                ssh_auth_accept(f.o.pending);
            else if (i == 1)
                ssh_auth_reject(f.o.pending, METHODS);
            else if (i == 2)
                ssh_auth_partial(f.o.pending, METHODS);
            else
                ssh_auth_prompt(f.o.pending, NULL, NULL, &prompt, i == 3);
            assert_int_equal(f.o.logged_in, 0);
            if (!freed)
                finish(&f);
        }
    }
}

/* ---- Keys ---- */

static sally_key *new_key(const char *type)
{
    sally_key *key;
    assert_int_equal(sally_key_generate(&key, type, 0), SALLY_E_OK);
    return key;
}

/* A request with a signature by `signer` over `session` and a request that names `named`. */
struct signed_request {
    const char *user, *algorithm;
    const sally_key *named, *signer;
    uint8_t session_byte;    /* the bare server's session identifier is 32 times 7 */
    const char *signed_user; /* NULL: user */
};

static void put_key_request(struct buf *m, const char *user, const struct signed_request *r)
{
    put_text(m, user);
    put_text(m, "ssh-connection");
    put_text(m, "publickey");
    put_bool(m, true);
    put_text(m, r->algorithm);
    put_slice(m, key_blob(r->named));
}

static void try_signed(struct fixture *f, const struct signed_request *r)
{
    struct buf data, signature, room;
    uint8_t session[32];
    memset(session, r->session_byte, sizeof session);
    buf_init(&data, 1u << 20);
    buf_init(&signature, 1u << 20);
    put_string(&data, session, sizeof session);
    put_u8(&data, SSH_MSG_USERAUTH_REQUEST);
    put_key_request(&data, r->signed_user ? r->signed_user : r->user, r);
    assert_int_equal(key_sign(r->signer, r->algorithm, buf_slice(&data), &signature), SALLY_E_OK);
    struct buf *m = payload(&room, SSH_MSG_USERAUTH_REQUEST);
    put_key_request(m, r->user, r);
    put_slice(m, buf_slice(&signature));
    feed(f, m);
    buf_clear(&data);
    buf_clear(&signature);
}

static void try_query(struct fixture *f, const char *user, const char *algorithm, struct slice blob)
{
    struct buf room, *m = request(&room, user, "publickey");
    put_bool(m, false);
    put_text(m, algorithm);
    put_slice(m, blob);
    feed(f, m);
}

static void key_query_and_proof(void **state)
{
    (void)state;
    struct fixture f;
    sally_key *key = new_key("ed25519");
    ready(&f, checks);
    strcpy(f.o.right_fingerprint, sally_key_fingerprint(key));
    try_query(&f, "joe", "ssh-ed25519", key_blob(key));
    struct slice sent = bare_sent(&f.b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_USERAUTH_PK_OK);
    assert_true(slice_is(get_string(&c), "ssh-ed25519"));
    assert_true(slice_equal(get_string(&c), key_blob(key)));
    assert_true(cursor_done(&c));
    assert_int_equal(f.o.logged_in, 0);
    struct signed_request r = {"joe", "ssh-ed25519", key, key, 7, NULL};
    try_signed(&f, &r);
    expect_success(&f);
    assert_string_equal(f.o.log, "may-try joe#1:0;key joe#1:0;");
    sally_key_unref(key);
    finish(&f);
}

static void key_offered_is_not_key_proven(void **state)
{
    (void)state;
    struct fixture f;
    sally_key *a = new_key("ed25519"), *b = new_key("ed25519");
    ready(&f, checks);
    strcpy(f.o.right_fingerprint, sally_key_fingerprint(b)); /* b would be let in */
    try_query(&f, "joe", "ssh-ed25519", key_blob(a));
    expect_failure(&f, METHODS, false);
    try_query(&f, "joe", "ssh-ed25519", key_blob(b));
    assert_int_equal(bare_sent(&f.b).data[0], SSH_MSG_USERAUTH_PK_OK);
    struct signed_request own = {"joe", "ssh-ed25519", a, a, 7, NULL};
    try_signed(&f, &own); /* proves a: the owner is asked about a */
    expect_failure(&f, METHODS, false);
    struct signed_request stolen = {"joe", "ssh-ed25519", b, a, 7, NULL};
    try_signed(&f, &stolen); /* names b, signs with a: the owner hears nothing */
    expect_failure(&f, METHODS, false);
    assert_int_equal(f.o.by_kind[SSH_AUTH_KEY], 1);
    assert_int_equal(f.o.logged_in, 0);
    sally_key_unref(a);
    sally_key_unref(b);
    finish(&f);
}

static void signatures_over_something_else_are_wrong(void **state)
{
    (void)state;
    struct fixture f;
    sally_key *key = new_key("ed25519");
    ready(&f, accepts);
    struct signed_request session = {"joe", "ssh-ed25519", key, key, 8, NULL};
    try_signed(&f, &session);
    expect_failure(&f, METHODS, false);
    struct signed_request user = {"joe", "ssh-ed25519", key, key, 7, "jim"};
    try_signed(&f, &user);
    expect_failure(&f, METHODS, false);
    assert_int_equal(f.o.asked, 0);
    sally_key_unref(key);
    finish(&f);
}

static void algorithms_must_be_allowed_and_fit(void **state)
{
    (void)state;
    struct fixture f;
    sally_key *rsa = new_key("rsa"), *ed = new_key("ed25519");
    begin(&f, accepts);
    f.b.options.public_key_algorithms = "rsa-sha2-256,ssh-ed25519";
    f.b.options.max_auth_attempts = 20;
    start(&f);
    try_query(&f, "joe", "rsa-sha2-512", key_blob(rsa)); /* not allowed */
    expect_failure(&f, METHODS, false);
    try_query(&f, "joe", "ssh-rsa", key_blob(rsa));
    expect_failure(&f, METHODS, false);
    try_query(&f, "joe", "ssh-ed25519", key_blob(rsa)); /* another type */
    expect_failure(&f, METHODS, false);
    try_query(&f, "joe", "rsa-sha2-256", key_blob(ed));
    expect_failure(&f, METHODS, false);
    try_query(&f, "joe", "rsa-sha2-256,ssh-ed25519", key_blob(ed));
    expect_failure(&f, METHODS, false);
    try_query(&f, "joe", "", key_blob(ed));
    expect_failure(&f, METHODS, false);
    assert_int_equal(f.o.asked, 0);
    struct signed_request refused = {"joe", "rsa-sha2-512", rsa, rsa, 7, NULL};
    try_signed(&f, &refused);
    expect_failure(&f, METHODS, false);
    assert_int_equal(f.o.asked, 0);
    struct signed_request fine = {"joe", "rsa-sha2-256", rsa, rsa, 7, NULL};
    try_signed(&f, &fine);
    expect_success(&f);
    sally_key_unref(rsa);
    sally_key_unref(ed);
    finish(&f);
}

static void blobs_that_are_no_keys(void **state)
{
    (void)state;
    struct fixture f;
    struct buf blob;
    begin(&f, accepts);
    f.b.options.max_auth_attempts = 20;
    start(&f);
    static const char *const texts[] = {"", "\\\\host\\share\\key", "/etc/passwd"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        try_query(&f, "joe", "ssh-ed25519", slice_of(texts[i]));
        expect_failure(&f, METHODS, false);
    }
    buf_init(&blob, 1000);
    put_text(&blob, "ssh-ed25519");
    try_query(&f, "joe", "ssh-ed25519", buf_slice(&blob)); /* the type and nothing else */
    expect_failure(&f, METHODS, false);
    put_string(&blob, "short", 5);
    try_query(&f, "joe", "ssh-ed25519", buf_slice(&blob));
    expect_failure(&f, METHODS, false);
    struct buf room, *m = request(&room, "joe", "publickey");
    put_bool(m, true);
    put_text(m, "ssh-ed25519");
    put_slice(m, buf_slice(&blob));
    put_text(m, "no signature");
    feed(&f, m);
    expect_failure(&f, METHODS, false);
    buf_clear(&blob);
    assert_int_equal(f.o.asked, 0);
    assert_false(ssh_over(f.b.ssh));
    finish(&f);
}

static void rejected_queries_count_as_failures(void **state)
{
    (void)state;
    struct fixture f;
    sally_key *key = new_key("ed25519");
    ready(&f, rejects);
    for (int i = 0; i < 5; i++) {
        try_query(&f, "joe", "ssh-ed25519", key_blob(key));
        expect_failure(&f, METHODS, false);
    }
    try_query(&f, "joe", "ssh-ed25519", key_blob(key));
    expect_end(&f, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE, SSH_END_AUTH);
    sally_key_unref(key);
    finish(&f);
}

/* ---- Short memory ---- */

static void dialogue(struct fixture *f, const sally_key *key)
{
    struct signed_request r = {"joe", "ssh-ed25519", key, key, 7, NULL};
    try_none(f, "joe");
    try_password(f, "jim", "wrong");
    try_query(f, "joe", "ssh-ed25519", key_blob(key));
    try_interactive(f, "joe");
    answer(f, 2, "a");
    try_signed(f, &r);
}

static void converses_then_wants_the_key(struct owner *o, struct ssh_auth *query)
{
    if (query->kind == SSH_AUTH_INTERACTIVE && query->round == 1)
        ssh_auth_partial(query, "publickey");
    else if (query->kind == SSH_AUTH_INTERACTIVE)
        converses(o, query);
    else if (query->kind == SSH_AUTH_KEY && query->succeeded == SALLY_AUTH_KEYBOARD_INTERACTIVE)
        ssh_auth_accept(query);
    else
        ssh_auth_reject(query, METHODS);
}

/* Whatever fails, nobody is let in who should not be, and nothing is lost. */
static void any_allocation_may_fail(void **state)
{
    (void)state;
    sally_key *key = new_key("ed25519");
    bool failed = true, succeeded = false;
    for (unsigned nth = 1; failed; nth++) {
        struct fixture f;
        begin(&f, converses_then_wants_the_key);
        f.b.options.banner = "Hello";
        f.o.prompts = 2;
        f.o.rounds = 1;
        start(&f);
        f.b.recording = true;
        dialogue(&f, key);
        alloc_fail_at(nth);
        bare_play(&f.b);
        failed = alloc_failed();
        succeeded = f.o.logged_in == 1;
        assert_true(f.o.logged_in <= 1);
        if (ssh_over(f.b.ssh))
            assert_true(f.o.end == SSH_END_INTERNAL || f.o.end == SSH_END_PROTOCOL);
        finish(&f);
    }
    assert_true(succeeded); /* at last, with none failing */
    sally_key_unref(key);
}

/* ---- Over a real line ---- */

static void verification_may_end_after_the_connection(void **state)
{
    (void)state;
    for (int when = 0; when < 2; when++) {
        struct duo d;
        sally_key *key = new_key("ed25519");
        duo_prepare(&d);
        duo_start(&d);
        duo_run(&d);
        d.keep_jobs = true;
        ssh_client_login_key(d.client.ssh, "joe", key, false);
        sally_key_unref(key);
        duo_run(&d);
        assert_false(list_empty(&d.jobs));
        assert_int_equal(d.server.logged_in, 0);
        if (when == 0) {
            ssh_disconnect(d.server.ssh, "enough");
            assert_true(duo_do_job(&d));
        }
        duo_stop(&d); /* does the others when the engines are gone */
        assert_int_equal(d.server.logged_in, 0);
    }
}

static void wrong_then_right(void *user_data, struct ssh_auth *query)
{
    (void)user_data;
    if (query->attempt < 3)
        ssh_auth_reject(query, "password");
    else
        ssh_auth_accept(query);
}

static void tries_again(void *user_data, struct slice methods, bool partial)
{
    struct duo_side *side = user_data;
    assert_true(slice_is(methods, "password"));
    assert_false(partial);
    ssh_client_login_password(side->ssh, "joe", "again");
}

static void clients_may_try_again(void **state)
{
    (void)state;
    struct duo d;
    duo_prepare(&d);
    d.server_events.auth = wrong_then_right;
    d.client_events.auth_failed = tries_again;
    duo_log_in(&d);
    duo_stop(&d);
}

static void asks_once(void *user_data, struct ssh_auth *query)
{
    (void)user_data;
    static const struct ssh_prompt prompt = {"Code: ", true};
    if (query->round == 0)
        ssh_auth_prompt(query, "", "", &prompt, 1);
    else if (query->answer_count == 1 && strcmp(query->answers[0], "1234") == 0)
        ssh_auth_accept(query);
    else
        ssh_auth_reject(query, "keyboard-interactive");
}

static void answers_once(void *user_data, struct slice request_payload)
{
    struct duo_side *side = user_data;
    const char *text = "1234";
    assert_true(request_payload.size > 0);
    ssh_client_answer(side->ssh, &text, 1);
}

static void clients_may_converse(void **state)
{
    (void)state;
    struct duo d;
    duo_prepare(&d);
    d.server_events.auth = asks_once;
    d.client_events.auth_prompts = answers_once;
    duo_start(&d);
    ssh_client_login_interactive(d.client.ssh, "joe");
    duo_run(&d);
    assert_int_equal(d.server.logged_in, 1);
    assert_int_equal(d.client.logged_in, 1);
    duo_stop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grants_the_service_and_no_other),
        cmocka_unit_test(refuses_requests_for_another_service),
        cmocka_unit_test(none_tells_the_methods),
        cmocka_unit_test(none_may_be_enough),
        cmocka_unit_test(password_right_and_wrong),
        cmocka_unit_test(password_change_brings_both),
        cmocka_unit_test(password_is_wiped_from_what_was_received),
        cmocka_unit_test(unfit_passwords_are_not_asked_about),
        cmocka_unit_test(unfit_names_are_not_asked_about),
        cmocka_unit_test(other_methods_fail),
        cmocka_unit_test(every_cut_of_a_request_is_malformed),
        cmocka_unit_test(requests_after_the_success_are_ignored),
        cmocka_unit_test(banners_come_before_the_answer),
        cmocka_unit_test(too_many_failures_end_it),
        cmocka_unit_test(requests_that_do_not_count_are_bounded_too),
        cmocka_unit_test(partial_successes_add_up),
        cmocka_unit_test(another_user_starts_from_nothing),
        cmocka_unit_test(another_user_in_between_counts_as_a_change),
        cmocka_unit_test(interactive_goes_round_by_round),
        cmocka_unit_test(interactive_wants_as_many_answers),
        cmocka_unit_test(interactive_answers_that_were_not_asked_for),
        cmocka_unit_test(interactive_bounds_answers),
        cmocka_unit_test(no_input_while_a_question_is_out),
        cmocka_unit_test(every_answer_may_come_after_the_end),
        cmocka_unit_test(key_query_and_proof),
        cmocka_unit_test(key_offered_is_not_key_proven),
        cmocka_unit_test(signatures_over_something_else_are_wrong),
        cmocka_unit_test(algorithms_must_be_allowed_and_fit),
        cmocka_unit_test(blobs_that_are_no_keys),
        cmocka_unit_test(rejected_queries_count_as_failures),
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(verification_may_end_after_the_connection),
        cmocka_unit_test(clients_may_try_again),
        cmocka_unit_test(clients_may_converse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
