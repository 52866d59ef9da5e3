/* keyboard-interactive (RFC 4256): rounds of prompts and answers, until the owner accepts or
 * rejects. */
#include "base/mem.h"
#include "ssh/userauth_query.h"

bool userauth_interactive(struct ssh *ssh, const struct userauth_request *request, struct cursor *c)
{
    get_string(c); /* language tag, deprecated */
    struct slice submethods = get_string(c);
    if (!cursor_done(c))
        return false;
    if (submethods.size > AUTH_HINT_MAX || slice_has_nul(submethods))
        submethods.size = 0; /* section 3.1: hints, which may be ignored */
    struct auth_query *q =
        auth_query_new(ssh, SALLY_AUTH_KEYBOARD_INTERACTIVE, request->user, 1, submethods.size);
    if (!q)
        return true;
    q->login.pub.submethods = auth_query_text(q, submethods);
    auth_query_ask(ssh, q);
    return true;
}

/* Section 3.4. The answers, if the message is well formed and has as many as there were prompts;
 * `total` gets their size in bytes. */
static bool parse_answers(struct cursor *c, struct slice *answers, uint32_t count, size_t *total)
{
    *total = 0;
    for (uint32_t i = 0; i < count; i++) {
        answers[i] = get_string(c);
        *total += answers[i].size;
    }
    return cursor_done(c);
}

static bool answers_fit(const struct slice *answers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (answers[i].size > AUTH_SECRET_MAX || slice_has_nul(answers[i]))
            return false;
    }
    return true;
}

static void ask(struct ssh *ssh, const struct slice *answers, uint32_t count, size_t total,
                struct slice received)
{
    struct userauth *ua = ssh->userauth;
    struct auth_query *q =
        auth_query_new(ssh, SALLY_AUTH_KEYBOARD_INTERACTIVE, slice_of(ua->user), count, total);
    if (!q)
        return;
    for (uint32_t i = 0; i < count; i++)
        q->answers[i] = auth_query_text(q, answers[i]);
    q->login.pub.answers = q->answers;
    q->login.pub.answer_count = count;
    q->login.pub.round = ua->round;
    userauth_wipe_received(received);
    auth_query_ask(ssh, q);
}

static void refuse(struct ssh *ssh, const char *why)
{
    const struct userauth_request request = {.user = slice_of(ssh->userauth->user),
                                             .method = slice_of("keyboard-interactive")};
    userauth_refuse(ssh, &request, why);
}

bool on_userauth_info_response(struct ssh *ssh, struct cursor *c)
{
    struct userauth *ua = ssh->userauth;
    if (ssh->state != AWAIT_AUTH)
        return true;
    if (!ua->prompted)
        return false; /* no prompts were sent */
    ua->prompted = false;
    struct slice received = cursor_rest(c);
    struct slice answers[LOGIN_PROMPTS_MAX];
    size_t total;
    uint32_t count = get_u32(c);
    bool whole = true;
    if (c->bad) {
        whole = false;
    } else if (count != ua->prompt_count) {
        refuse(ssh, "the number of answers differs from the number of prompts"); /* section 3.4:
                                                                                    must fail */
    } else if (!parse_answers(c, answers, count, &total)) {
        whole = false;
    } else if (!answers_fit(answers, count)) {
        refuse(ssh, "an answer that is too long or contains a NUL");
    } else {
        ask(ssh, answers, count, total, received);
        return true;
    }
    userauth_wipe_received(received);
    return whole;
}
