/* publickey, the server's side: what is offered is not what is proven. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "sallyport/auth.h"
#include "userauth_fixture.h"

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

static void try_signed(struct auth_fixture *f, const struct signed_request *r)
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
    auth_feed(f, m);
    buf_clear(&data);
    buf_clear(&signature);
}

static void try_query(struct auth_fixture *f, const char *user, const char *algorithm,
                      struct slice blob)
{
    struct buf room, *m = auth_request(&room, user, "publickey");
    put_bool(m, false);
    put_text(m, algorithm);
    put_slice(m, blob);
    auth_feed(f, m);
}

static void key_query_and_proof(void **state)
{
    (void)state;
    struct auth_fixture f;
    sally_key *key = new_key("ed25519");
    auth_ready(&f, auth_checks);
    snprintf(f.o.right_fingerprint, sizeof f.o.right_fingerprint, "%s", sally_key_fingerprint(key));
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
    auth_expect_success(&f);
    assert_string_equal(f.o.log, "may-try joe#1:0;key joe#1:0;");
    sally_key_unref(key);
    auth_finish(&f);
}

static void key_offered_is_not_key_proven(void **state)
{
    (void)state;
    struct auth_fixture f;
    sally_key *a = new_key("ed25519"), *b = new_key("ed25519");
    auth_ready(&f, auth_checks);
    snprintf(f.o.right_fingerprint, sizeof f.o.right_fingerprint, "%s",
             sally_key_fingerprint(b)); /* b would be let in */
    try_query(&f, "joe", "ssh-ed25519", key_blob(a));
    auth_expect_failure(&f, METHODS, false);
    try_query(&f, "joe", "ssh-ed25519", key_blob(b));
    assert_int_equal(bare_sent(&f.b).data[0], SSH_MSG_USERAUTH_PK_OK);
    struct signed_request own = {"joe", "ssh-ed25519", a, a, 7, NULL};
    try_signed(&f, &own); /* could prove a, which the owner does not want */
    auth_expect_failure(&f, METHODS, false);
    struct signed_request stolen = {"joe", "ssh-ed25519", b, a, 7, NULL};
    try_signed(&f, &stolen); /* names b, signs with a: the owner does not learn of a proof */
    auth_expect_failure(&f, METHODS, false);
    assert_int_equal(f.o.by_kind[ASKED_KEY], 0);
    assert_int_equal(f.o.refused, 1); /* but of a wrong one */
    assert_true(f.o.refused_is_signed);
    assert_string_equal(f.o.refusal, "an invalid signature");
    assert_string_equal(f.o.refused_name, "publickey");
    assert_int_equal(f.o.logged_in, 0);
    sally_key_unref(a);
    sally_key_unref(b);
    auth_finish(&f);
}

static void signatures_over_something_else_are_wrong(void **state)
{
    (void)state;
    struct auth_fixture f;
    sally_key *key = new_key("ed25519");
    auth_ready(&f, auth_accepts);
    struct signed_request session = {"joe", "ssh-ed25519", key, key, 8, NULL};
    try_signed(&f, &session);
    auth_expect_failure(&f, METHODS, false);
    struct signed_request user = {"joe", "ssh-ed25519", key, key, 7, "jim"};
    try_signed(&f, &user);
    auth_expect_failure(&f, METHODS, false);
    assert_int_equal(f.o.by_kind[ASKED_KEY], 0);
    sally_key_unref(key);
    auth_finish(&f);
}

/* ---- When a signature is verified ---- */

static unsigned jobs_done;

static void count_job(void *user_data, struct ssh_job *job)
{
    (void)user_data;
    jobs_done++;
    ssh_job_run(job);
    ssh_job_done(job);
}

static void begin_counting(struct auth_fixture *f,
                           void (*answer)(struct auth_owner *o, struct login_query *query))
{
    auth_begin(f, answer);
    f->b.events.job = count_job;
    auth_start(f);
    jobs_done = 0;
}

/* Strangers cannot make the server verify signatures by keys that are no one's. */
static void keys_that_may_not_be_tried_cost_no_verification(void **state)
{
    (void)state;
    struct auth_fixture f;
    sally_key *key = new_key("ed25519");
    begin_counting(&f, auth_rejects);
    struct signed_request r = {"joe", "ssh-ed25519", key, key, 7, NULL};
    for (int i = 0; i < 5; i++) {
        try_signed(&f, &r);
        auth_expect_failure(&f, METHODS, false);
    }
    assert_string_equal(f.o.log, "may-try joe#1:0;may-try joe#2:0;may-try joe#3:0;"
                                 "may-try joe#4:0;may-try joe#5:0;");
    try_signed(&f, &r);
    auth_expect_end(&f, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE, SSH_END_AUTH);
    assert_int_equal(jobs_done, 0);
    sally_key_unref(key);
    auth_finish(&f);
}

/* Each key is asked about once, be it by the client or because it came with a signature. */
static void allowed_keys_are_asked_about_once(void **state)
{
    (void)state;
    struct auth_fixture f;
    sally_key *a = new_key("ed25519"), *b = new_key("ed25519");
    begin_counting(&f, auth_checks);
    snprintf(f.o.right_fingerprint, sizeof f.o.right_fingerprint, "%s", sally_key_fingerprint(a));
    struct signed_request wrong = {"joe", "ssh-ed25519", a, b, 7, NULL};
    for (int i = 0; i < 2; i++) {
        try_signed(&f, &wrong);
        auth_expect_failure(&f, METHODS, false);
    }
    assert_int_equal(jobs_done, 2);
    assert_string_equal(f.o.log, "may-try joe#1:0;");
    struct signed_request other_user = {"jim", "ssh-ed25519", a, b, 7, NULL};
    try_signed(&f, &other_user); /* what joe was allowed is nothing to jim */
    auth_expect_failure(&f, METHODS, false);
    assert_int_equal(f.o.by_kind[ASKED_MAY_TRY], 2);
    struct signed_request right = {"joe", "ssh-ed25519", a, a, 7, NULL};
    try_signed(&f, &right);
    auth_expect_success(&f);
    assert_int_equal(f.o.by_kind[ASKED_MAY_TRY], 3);
    assert_int_equal(f.o.by_kind[ASKED_KEY], 1);
    sally_key_unref(a);
    sally_key_unref(b);
    auth_finish(&f);
}

static struct login_query *take_pending(struct auth_fixture *f)
{
    struct login_query *query = f->o.pending;
    assert_non_null(query);
    f->o.pending = NULL;
    return query;
}

static void both_answers_may_be_late(void **state)
{
    (void)state;
    struct auth_fixture f;
    sally_key *key = new_key("ed25519");
    begin_counting(&f, auth_waits);
    struct signed_request r = {"joe", "ssh-ed25519", key, key, 7, NULL};
    try_signed(&f, &r);
    assert_int_equal(jobs_done, 0);
    assert_true(f.o.pending->may_try && f.o.pending->is_signed);
    struct login_query *query = take_pending(&f);
    query->answers->accept(query);
    assert_int_equal(jobs_done, 1);
    assert_false(f.o.pending->may_try);
    query = take_pending(&f);
    query->answers->accept(query);
    auth_expect_success(&f);
    assert_string_equal(f.o.log, "may-try joe#1:0;key joe#1:0;");
    sally_key_unref(key);
    auth_finish(&f);
}

/* An owner that allows the key goes on itself. */
static void owners_may_have_it_proved(void **state)
{
    (void)state;
    for (int right = 0; right < 2; right++) {
        struct auth_fixture f;
        sally_key *key = new_key("ed25519"), *other = new_key("ed25519");
        begin_counting(&f, auth_waits);
        struct signed_request r = {"joe", "ssh-ed25519", key, right ? key : other, 7, NULL};
        try_signed(&f, &r);
        struct login_query *query = take_pending(&f);
        assert_true(query->may_try && query->is_signed);
        assert_int_equal(query->answers->prove(query), right);
        assert_int_equal(query->may_try, !right);
        if (right) {
            assert_null(query->refusal);
            query->answers->accept(query);
            auth_expect_success(&f);
        } else {
            assert_string_equal(query->refusal, "an invalid signature");
            assert_string_equal(query->method_name, "publickey");
            query->answers->reject(query, 0);
            auth_expect_failure(&f, METHODS, false);
            try_signed(&f, &r); /* allowed already */
            assert_int_equal(jobs_done, 1);
            assert_int_equal(f.o.refused, 1);
            auth_expect_failure(&f, METHODS, false);
        }
        assert_int_equal(f.o.by_kind[ASKED_MAY_TRY], 1);
        sally_key_unref(key);
        sally_key_unref(other);
        auth_finish(&f);
    }
}

static void it_may_be_proved_after_the_end(void **state)
{
    (void)state;
    for (int gone = 0; gone < 2; gone++) {
        struct auth_fixture f;
        sally_key *key = new_key("ed25519");
        begin_counting(&f, auth_waits);
        struct signed_request r = {"joe", "ssh-ed25519", key, key, 7, NULL};
        try_signed(&f, &r);
        struct login_query *query = take_pending(&f);
        ssh_disconnect(f.b.ssh, "enough");
        if (gone)
            auth_finish(&f);
        assert_true(query->answers->prove(query));
        query->answers->accept(query);
        assert_int_equal(f.o.logged_in, 0);
        if (!gone)
            auth_finish(&f);
        sally_key_unref(key);
    }
}

static void late_answers_about_keys_of_gone_clients(void **state)
{
    (void)state;
    struct auth_fixture f;
    sally_key *key = new_key("ed25519");
    begin_counting(&f, auth_waits);
    struct signed_request r = {"joe", "ssh-ed25519", key, key, 7, NULL};
    try_signed(&f, &r);
    ssh_disconnect(f.b.ssh, "enough");
    struct login_query *query = take_pending(&f);
    query->answers->accept(query);
    assert_int_equal(jobs_done, 0);
    assert_null(f.o.pending);
    sally_key_unref(key);
    auth_finish(&f);
}

static void algorithms_must_be_allowed_and_fit(void **state)
{
    (void)state;
    struct auth_fixture f;
    sally_key *rsa = new_key("rsa"), *ed = new_key("ed25519");
    auth_begin(&f, auth_accepts);
    f.b.options.settings.fixed.public_key_algorithms = "rsa-sha2-256,ssh-ed25519";
    f.b.options.max_auth_attempts = 20;
    auth_start(&f);
    try_query(&f, "joe", "rsa-sha2-512", key_blob(rsa)); /* not allowed */
    auth_expect_failure(&f, METHODS, false);
    try_query(&f, "joe", "ssh-rsa", key_blob(rsa));
    auth_expect_failure(&f, METHODS, false);
    try_query(&f, "joe", "ssh-ed25519", key_blob(rsa)); /* another type */
    auth_expect_failure(&f, METHODS, false);
    try_query(&f, "joe", "rsa-sha2-256", key_blob(ed));
    auth_expect_failure(&f, METHODS, false);
    try_query(&f, "joe", "rsa-sha2-256,ssh-ed25519", key_blob(ed));
    auth_expect_failure(&f, METHODS, false);
    try_query(&f, "joe", "", key_blob(ed));
    auth_expect_failure(&f, METHODS, false);
    assert_int_equal(f.o.asked, 0);
    assert_int_equal(f.o.refused, 6);
    assert_false(f.o.refused_is_signed);
    struct signed_request refused = {"joe", "rsa-sha2-512", rsa, rsa, 7, NULL};
    try_signed(&f, &refused);
    auth_expect_failure(&f, METHODS, false);
    assert_int_equal(f.o.asked, 0);
    assert_int_equal(f.o.refused, 7);
    assert_true(f.o.refused_is_signed);
    struct signed_request fine = {"joe", "rsa-sha2-256", rsa, rsa, 7, NULL};
    try_signed(&f, &fine);
    auth_expect_success(&f);
    sally_key_unref(rsa);
    sally_key_unref(ed);
    auth_finish(&f);
}

static void blobs_that_are_no_keys(void **state)
{
    (void)state;
    struct auth_fixture f;
    struct buf blob;
    auth_begin(&f, auth_accepts);
    f.b.options.max_auth_attempts = 20;
    auth_start(&f);
    static const char *const texts[] = {"", "\\\\host\\share\\key", "/etc/passwd"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        try_query(&f, "joe", "ssh-ed25519", slice_of(texts[i]));
        auth_expect_failure(&f, METHODS, false);
    }
    buf_init(&blob, 1000);
    put_text(&blob, "ssh-ed25519");
    try_query(&f, "joe", "ssh-ed25519", buf_slice(&blob)); /* the type and nothing else */
    auth_expect_failure(&f, METHODS, false);
    put_string(&blob, "short", 5);
    try_query(&f, "joe", "ssh-ed25519", buf_slice(&blob));
    auth_expect_failure(&f, METHODS, false);
    struct buf room, *m = auth_request(&room, "joe", "publickey");
    put_bool(m, true);
    put_text(m, "ssh-ed25519");
    put_slice(m, buf_slice(&blob));
    put_text(m, "no signature");
    auth_feed(&f, m);
    auth_expect_failure(&f, METHODS, false);
    buf_clear(&blob);
    assert_int_equal(f.o.asked, 0);
    assert_false(ssh_is_over(f.b.ssh));
    auth_finish(&f);
}

static void rejected_queries_count_as_failures(void **state)
{
    (void)state;
    struct auth_fixture f;
    sally_key *key = new_key("ed25519");
    auth_ready(&f, auth_rejects);
    for (int i = 0; i < 5; i++) {
        try_query(&f, "joe", "ssh-ed25519", key_blob(key));
        auth_expect_failure(&f, METHODS, false);
    }
    try_query(&f, "joe", "ssh-ed25519", key_blob(key));
    auth_expect_end(&f, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE, SSH_END_AUTH);
    sally_key_unref(key);
    auth_finish(&f);
}

/* ---- Short memory ---- */

static void dialogue(struct auth_fixture *f, const sally_key *key)
{
    struct signed_request r = {"joe", "ssh-ed25519", key, key, 7, NULL};
    auth_try_none(f, "joe");
    auth_try_password(f, "jim", "wrong");
    try_query(f, "joe", "ssh-ed25519", key_blob(key));
    auth_try_interactive(f, "joe");
    auth_answer(f, 2, "a");
    try_signed(f, &r);
}

static void converses_then_wants_the_key(struct auth_owner *o, struct login_query *query)
{
    if (query->pub.method == SALLY_AUTH_KEYBOARD_INTERACTIVE && query->pub.round == 1)
        query->answers->partial(query, SALLY_AUTH_PUBLICKEY);
    else if (query->pub.method == SALLY_AUTH_KEYBOARD_INTERACTIVE)
        auth_converses(o, query);
    else if (query->pub.method == SALLY_AUTH_PUBLICKEY && (!query->may_try || query->is_signed) &&
             query->pub.succeeded == SALLY_AUTH_KEYBOARD_INTERACTIVE)
        query->answers->accept(query);
    else
        query->answers->reject(query, METHOD_BITS);
}

/* Whatever fails, no one is let in who should not be, and nothing is lost. */
static void any_allocation_may_fail(void **state)
{
    (void)state;
    sally_key *key = new_key("ed25519");
    bool failed = true, succeeded = false;
    for (unsigned nth = 1; failed; nth++) {
        struct auth_fixture f;
        auth_begin(&f, converses_then_wants_the_key);
        f.b.options.settings.fixed.banner = "Hello";
        f.o.prompts = 2;
        f.o.rounds = 1;
        auth_start(&f);
        f.b.recording = true;
        dialogue(&f, key);
        alloc_fail_at(nth);
        bare_play(&f.b);
        failed = alloc_failed();
        succeeded = f.o.logged_in == 1;
        assert_true(f.o.logged_in <= 1);
        if (ssh_is_over(f.b.ssh))
            assert_true(f.o.end == SSH_END_INTERNAL || f.o.end == SSH_END_PROTOCOL);
        auth_finish(&f);
    }
    assert_true(succeeded); /* at last, with none failing */
    sally_key_unref(key);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_query_and_proof),
        cmocka_unit_test(key_offered_is_not_key_proven),
        cmocka_unit_test(signatures_over_something_else_are_wrong),
        cmocka_unit_test(keys_that_may_not_be_tried_cost_no_verification),
        cmocka_unit_test(allowed_keys_are_asked_about_once),
        cmocka_unit_test(both_answers_may_be_late),
        cmocka_unit_test(owners_may_have_it_proved),
        cmocka_unit_test(it_may_be_proved_after_the_end),
        cmocka_unit_test(late_answers_about_keys_of_gone_clients),
        cmocka_unit_test(algorithms_must_be_allowed_and_fit),
        cmocka_unit_test(blobs_that_are_no_keys),
        cmocka_unit_test(rejected_queries_count_as_failures),
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(verification_may_end_after_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
