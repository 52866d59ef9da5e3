#include "alloc_failure.h"
#include "auth/authenticator.h"
#include "fixture.h"

/* One authenticator of a chain. It answers from its list of answers, and keeps a number in its
 * state. */
struct link {
    const sally_auth_result *answers;
    int calls, forgotten;
    uint32_t succeeded, round, answer_count; /* as the last call saw it */
    bool late;
    sally_auth_request *pending;
    sally_fs *fs;
};

static sally_auth_result answer(sally_auth *auth, sally_auth_request *request)
{
    struct link *l = sally_auth_data(auth);
    sally_auth_result result = l->answers[l->calls++];
    l->succeeded = request->succeeded;
    l->round = request->round;
    l->answer_count = request->answer_count;
    assert_int_equal(request->answers != NULL, request->answer_count > 0);
    assert_true(request->state == NULL || request->state == l);
    request->state = l;
    if (l->late) {
        l->pending = request;
        return SALLY_AUTH_PENDING;
    }
    if (result == SALLY_AUTH_ACCEPT)
        return sally_auth_accept(request, l->fs);
    if (result == SALLY_AUTH_PARTIAL)
        return sally_auth_partial(request, SALLY_AUTH_PUBLICKEY);
    if (result == SALLY_AUTH_PROMPT)
        assert_int_equal(sally_auth_add_prompt(request, "Code: ", true), SALLY_E_OK);
    /* What a rejecting one said must not stick. */
    (void)sally_auth_set_root(request, "/left/behind");
    return result;
}

static void forget(sally_auth *auth, void *state)
{
    struct link *l = sally_auth_data(auth);
    assert_ptr_equal(state, l);
    l->forgotten++;
}

static sally_auth *link_auth(struct link *l, uint32_t methods)
{
    const sally_auth_methods m = {
        .struct_size = sizeof m, .methods = methods, .authenticate = answer, .forget = forget};
    sally_auth *auth;
    assert_int_equal(sally_auth_new(&auth, &m, l), SALLY_E_OK);
    return auth;
}

#define ALL (SALLY_AUTH_PASSWORD | SALLY_AUTH_PUBLICKEY | SALLY_AUTH_KEYBOARD_INTERACTIVE)

static sally_auth *chain_of(struct link *a, struct link *b, struct link *c)
{
    sally_auth *first = link_auth(a, ALL), *second = link_auth(b, ALL), *third = link_auth(c, ALL);
    sally_auth *inner, *chain;
    assert_int_equal(sally_auth_chain_new(&inner, first, second), SALLY_E_OK);
    assert_int_equal(sally_auth_chain_new(&chain, inner, third), SALLY_E_OK);
    sally_auth_unref(first);
    sally_auth_unref(second);
    sally_auth_unref(third);
    sally_auth_unref(inner);
    return chain;
}

static void the_first_that_does_not_reject_counts(void **state)
{
    (void)state;
    static const sally_auth_result no[] = {SALLY_AUTH_REJECT}, yes[] = {SALLY_AUTH_ACCEPT};
    sally_fs *fs = fixture_fs(NULL);
    struct link a = {.answers = no}, b = {.answers = yes, .fs = fs}, c = {.answers = yes, .fs = fs};
    sally_auth *chain = chain_of(&a, &b, &c);
    struct auth_request *r = fixture_request(chain, SALLY_AUTH_PASSWORD);
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_null(r->answer.root);
    assert_int_equal(a.calls, 1);
    assert_int_equal(b.calls, 1);
    assert_int_equal(c.calls, 0);
    fixture_forget(r);
    assert_int_equal(a.forgotten, 1);
    assert_int_equal(b.forgotten, 1);
    assert_int_equal(c.forgotten, 0); /* it keeps nothing */
    auth_request_free(r);
    sally_auth_unref(chain);
    sally_fs_unref(fs);
}

static void all_reject(void **state)
{
    (void)state;
    static const sally_auth_result no[] = {SALLY_AUTH_REJECT};
    struct link a = {.answers = no}, b = {.answers = no}, c = {.answers = no};
    sally_auth *chain = chain_of(&a, &b, &c);
    assert_int_equal(try_password(chain, "joe", "x", 0, NULL), SALLY_AUTH_REJECT);
    assert_int_equal(a.calls + b.calls + c.calls, 3);
    assert_int_equal(a.forgotten + b.forgotten + c.forgotten, 3);
    sally_auth_unref(chain);
}

/* A password that one of them was content with is no factor for another one. */
static void factors_do_not_mix(void **state)
{
    (void)state;
    static const sally_auth_result no[] = {SALLY_AUTH_REJECT, SALLY_AUTH_REJECT};
    static const sally_auth_result partial[] = {SALLY_AUTH_PARTIAL, SALLY_AUTH_ACCEPT};
    sally_fs *fs = fixture_fs(NULL);
    struct link a = {.answers = no}, b = {.answers = partial, .fs = fs}, c = {.answers = no};
    sally_auth *chain = chain_of(&a, &b, &c);
    struct auth_request *r = fixture_request(chain, SALLY_AUTH_PASSWORD);
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_PARTIAL);

    r = fixture_next(r, SALLY_AUTH_PUBLICKEY);
    r->pub.succeeded = SALLY_AUTH_PASSWORD;
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_int_equal(a.succeeded, 0);
    assert_int_equal(b.succeeded, SALLY_AUTH_PASSWORD);
    assert_int_equal(r->pub.succeeded, SALLY_AUTH_PASSWORD);
    fixture_forget(r);
    auth_request_free(r);
    sally_auth_unref(chain);
    sally_fs_unref(fs);
}

/* The next round of a dialogue, with one answer. */
static struct auth_request *next_round(struct auth_request *before)
{
    static const char *const answers[] = {"123456"};
    uint32_t round = before->pub.round + 1;
    struct auth_request *r = fixture_next(before, SALLY_AUTH_KEYBOARD_INTERACTIVE);
    r->pub.round = round;
    r->pub.answers = answers;
    r->pub.answer_count = 1;
    assert_true(auth_request_run(r));
    assert_ptr_equal(r->pub.answers, answers);
    assert_int_equal(r->pub.answer_count, 1);
    return r;
}

static void answers_go_to_who_asked(void **state)
{
    (void)state;
    static const sally_auth_result no[] = {SALLY_AUTH_REJECT, SALLY_AUTH_REJECT};
    static const sally_auth_result prompt[] = {SALLY_AUTH_PROMPT, SALLY_AUTH_PROMPT,
                                               SALLY_AUTH_REJECT};
    struct link a = {.answers = no}, b = {.answers = prompt}, c = {.answers = no};
    sally_auth *chain = chain_of(&a, &b, &c);
    struct auth_request *r = fixture_request(chain, SALLY_AUTH_KEYBOARD_INTERACTIVE);
    assert_true(auth_request_run(r));
    assert_int_equal(r->result, SALLY_AUTH_PROMPT);
    assert_int_equal(r->prompt_count, 1);
    r = next_round(r);
    assert_int_equal(r->result, SALLY_AUTH_PROMPT);
    assert_int_equal(b.round, 1);
    assert_int_equal(b.answer_count, 1);
    assert_int_equal(c.calls, 0);
    /* When it rejects, the next one comes in, and does not see what was said to another. */
    r = next_round(r);
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    assert_int_equal(a.calls, 1);
    assert_int_equal(b.calls, 3);
    assert_int_equal(b.round, 2);
    assert_int_equal(c.calls, 1);
    assert_int_equal(c.round, 0);
    assert_int_equal(c.answer_count, 0);
    fixture_forget(r);
    auth_request_free(r);
    sally_auth_unref(chain);
}

static void one_dialogue_after_the_other(void **state)
{
    (void)state;
    static const sally_auth_result first[] = {SALLY_AUTH_PROMPT, SALLY_AUTH_REJECT,
                                              SALLY_AUTH_PROMPT, SALLY_AUTH_ACCEPT};
    static const sally_auth_result second[] = {SALLY_AUTH_PROMPT, SALLY_AUTH_PROMPT,
                                               SALLY_AUTH_REJECT};
    static const sally_auth_result no[] = {SALLY_AUTH_REJECT, SALLY_AUTH_REJECT};
    sally_fs *fs = fixture_fs(NULL);
    struct link a = {.answers = first, .fs = fs}, b = {.answers = second}, c = {.answers = no};
    sally_auth *chain = chain_of(&a, &b, &c);
    struct auth_request *r = fixture_request(chain, SALLY_AUTH_KEYBOARD_INTERACTIVE);
    assert_true(auth_request_run(r));
    r = next_round(r); /* the first rejects, the second asks */
    assert_int_equal(r->result, SALLY_AUTH_PROMPT);
    assert_int_equal(r->prompt_count, 1);
    assert_int_equal(b.round, 0);
    assert_int_equal(b.answer_count, 0);
    r = next_round(r);
    assert_int_equal(r->result, SALLY_AUTH_PROMPT);
    assert_int_equal(b.round, 1);
    assert_int_equal(b.answer_count, 1);
    r = next_round(r);
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    assert_int_equal(b.round, 2);
    assert_int_equal(a.calls, 2);
    /* A new try begins with the first one again. */
    struct auth_request *again = fixture_next(r, SALLY_AUTH_KEYBOARD_INTERACTIVE);
    assert_true(auth_request_run(again));
    assert_int_equal(again->result, SALLY_AUTH_PROMPT);
    assert_int_equal(a.round, 0);
    r = next_round(again);
    assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
    assert_int_equal(a.round, 1);
    assert_int_equal(b.calls, 3);
    fixture_forget(r);
    auth_request_free(r);
    sally_auth_unref(chain);
    sally_fs_unref(fs);
}

static int offloads;

static void offload(struct auth_request *r)
{
    (void)r;
    offloads++;
}

static void late_rejection_asks_the_next(void **state)
{
    (void)state;
    static const sally_auth_result no[] = {SALLY_AUTH_REJECT}, yes[] = {SALLY_AUTH_ACCEPT};
    sally_fs *fs = fixture_fs(NULL);
    for (int with_offload = 0; with_offload < 2; with_offload++) {
        struct link a = {.answers = no, .late = true}, b = {.answers = yes, .fs = fs},
                    c = {.answers = no};
        sally_auth *chain = chain_of(&a, &b, &c);
        int wakes = 0;
        struct auth_request *r = fixture_request(chain, SALLY_AUTH_PASSWORD);
        r->owner = &wakes;
        r->offload = with_offload ? offload : NULL;
        offloads = 0;
        assert_false(auth_request_run(r));
        sally_auth_finish(a.pending, SALLY_AUTH_REJECT);
        assert_int_equal(offloads, with_offload);
        if (with_offload) {
            assert_int_equal(b.calls, 0);
            assert_int_equal(wakes, 0);
            assert_true(auth_request_run(r));
        } else {
            assert_int_equal(wakes, 1);
        }
        assert_int_equal(r->result, SALLY_AUTH_ACCEPT);
        assert_int_equal(a.calls, 1);
        assert_int_equal(b.calls, 1);
        fixture_forget(r);
        auth_request_free(r);
        sally_auth_unref(chain);
    }
    sally_fs_unref(fs);
}

static void all_late(void **state)
{
    (void)state;
    static const sally_auth_result no[] = {SALLY_AUTH_REJECT};
    struct link a = {.answers = no, .late = true}, b = {.answers = no, .late = true},
                c = {.answers = no, .late = true};
    sally_auth *chain = chain_of(&a, &b, &c);
    int wakes = 0;
    struct auth_request *r = fixture_request(chain, SALLY_AUTH_PASSWORD);
    r->owner = &wakes;
    assert_false(auth_request_run(r));
    sally_auth_finish(a.pending, SALLY_AUTH_REJECT);
    sally_auth_finish(b.pending, SALLY_AUTH_REJECT);
    assert_int_equal(wakes, 0);
    sally_auth_finish(c.pending, SALLY_AUTH_REJECT);
    assert_int_equal(wakes, 1);
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    fixture_forget(r);
    auth_request_free(r);
    sally_auth_unref(chain);
}

static void offered_is_the_union(void **state)
{
    (void)state;
    struct link a = {0}, b = {0};
    sally_auth *first = link_auth(&a, SALLY_AUTH_PASSWORD), *chain;
    sally_auth *second = link_auth(&b, SALLY_AUTH_PUBLICKEY);
    assert_int_equal(sally_auth_chain_new(&chain, first, second), SALLY_E_OK);
    struct auth_request *r = fixture_request(chain, 0);
    assert_int_equal(auth_request_offered(r), SALLY_AUTH_PASSWORD | SALLY_AUTH_PUBLICKEY);
    fixture_forget(r);
    auth_request_free(r);
    sally_auth_unref(chain);
    assert_int_equal(sally_auth_chain_new(&chain, first, NULL), SALLY_E_INVALID);
    assert_null(chain);
    sally_auth_unref(first);
    sally_auth_unref(second);
}

static void no_memory_rejects(void **state)
{
    (void)state;
    static const sally_auth_result yes[] = {SALLY_AUTH_ACCEPT};
    sally_fs *fs = fixture_fs(NULL);
    struct link a = {.answers = yes, .fs = fs}, b = a, c = a;
    sally_auth *chain = chain_of(&a, &b, &c);
    struct auth_request *r = fixture_request(chain, SALLY_AUTH_PASSWORD);
    alloc_fail_at(1);
    assert_true(auth_request_run(r));
    assert_true(alloc_failed());
    assert_int_equal(r->result, SALLY_AUTH_REJECT);
    assert_int_equal(a.calls, 0);
    auth_request_free(r);
    sally_auth *other;
    for (unsigned nth = 1; nth <= 2; nth++) {
        alloc_fail_at(nth);
        assert_int_equal(sally_auth_chain_new(&other, chain, chain), SALLY_E_NO_MEMORY);
        assert_true(alloc_failed());
    }
    sally_auth_unref(chain);
    sally_fs_unref(fs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_that_does_not_reject_counts),
        cmocka_unit_test(all_reject),
        cmocka_unit_test(factors_do_not_mix),
        cmocka_unit_test(answers_go_to_who_asked),
        cmocka_unit_test(one_dialogue_after_the_other),
        cmocka_unit_test(late_rejection_asks_the_next),
        cmocka_unit_test(all_late),
        cmocka_unit_test(offered_is_the_union),
        cmocka_unit_test(no_memory_rejects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
