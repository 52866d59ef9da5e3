#include "auth/asked.h"

#include "base/mem.h"

/* An authenticator that asks itself must not exhaust the stack. */
#define MAX_DEPTH 32

struct asked *asked_new(sally_auth *auth)
{
    struct asked *a = mem_zalloc(sizeof *a);
    if (!a)
        return NULL;
    a->auth = sally_auth_ref(auth);
    auth_answer_init(&a->kept);
    return a;
}

struct asked *asked_find(struct asked *asker, const sally_auth *auth)
{
    struct asked *part = asker->parts;
    while (part && part->auth != auth)
        part = part->next;
    return part;
}

struct asked *asked_part(struct asked *asker, sally_auth *auth)
{
    struct asked *part = asked_find(asker, auth);
    if (part || asker->depth == MAX_DEPTH)
        return part;
    part = asked_new(auth);
    if (!part)
        return NULL;
    part->asker = asker;
    part->depth = asker->depth + 1;
    part->next = asker->parts;
    asker->parts = part;
    return part;
}

static void drop_kept(struct asked *a)
{
    auth_answer_clear(&a->kept);
    a->has_kept = a->is_provisional = false;
}

static void free_one(struct asked *a)
{
    drop_kept(a);
    if (a->state && a->auth->methods.forget)
        a->auth->methods.forget(a->auth, a->state);
    sally_auth_unref(a->auth);
    mem_free(a);
}

void asked_free(struct asked *root)
{
    struct asked *a = root;
    while (a) {
        if (a->parts) {
            a = a->parts;
            continue;
        }
        struct asked *asker = a->asker;
        if (asker)
            asker->parts = a->next;
        free_one(a);
        a = asker;
    }
}

static bool continues_dialogue(const sally_auth_request *request)
{
    return request->method == SALLY_AUTH_KEYBOARD_INTERACTIVE && request->round > 0;
}

/* Answers go to the authenticator that asked; one that joins later begins its own dialogue. */
static void show_dialogue(const struct asked *a, sally_auth_request *request)
{
    if (continues_dialogue(request) && a->asker->heard == a) {
        request->round -= a->first_round;
        if (request->answer_count > a->prompt_count)
            request->answer_count = a->prompt_count;
        return;
    }
    request->round = 0;
    request->answers = NULL;
    request->answer_count = 0;
}

void asked_show(struct asked *a, sally_auth_request *request)
{
    a->before.state = request->state;
    a->before.succeeded = request->succeeded;
    a->before.round = request->round;
    a->before.answers = request->answers;
    a->before.answer_count = request->answer_count;
    request->state = a->state;
    if (!a->asker)
        return;
    /* The asker knows what is still valid; the part knows who accepted it. */
    request->succeeded &= a->succeeded;
    show_dialogue(a, request);
}

void asked_hide(struct asked *a, sally_auth_request *request)
{
    a->state = request->state;
    request->state = a->before.state;
    request->succeeded = a->before.succeeded;
    request->round = a->before.round;
    request->answers = a->before.answers;
    request->answer_count = a->before.answer_count;
}

/* Answers of the parts that their asker has not confirmed. */
static void drop_provisional(struct asked *a)
{
    for (struct asked *part = a->parts; part; part = part->next) {
        part->fresh = 0;
        if (part->is_provisional)
            drop_kept(part);
    }
}

static void confirm(struct asked *a)
{
    for (struct asked *part = a->parts; part; part = part->next) {
        part->succeeded |= part->fresh;
        part->fresh = 0;
        part->is_provisional = false;
    }
}

void asked_begin(struct asked *a, const sally_auth_request *request)
{
    bool continues = continues_dialogue(request);
    a->heard = continues ? a->prompter : NULL;
    a->prompter = NULL;
    a->accepted = NULL;
    if (!continues)
        drop_provisional(a);
}

void asked_keep_answer(struct asked *a, struct auth_answer *answer)
{
    struct asked *part = a->accepted;
    a->accepted = NULL;
    if (!part)
        return;
    auth_answer_move(&part->kept, answer);
    part->has_kept = part->is_provisional = true;
}

void asked_end(struct asked *a, const sally_auth_request *request, sally_auth_result result,
               struct auth_answer *answer, uint32_t prompt_count)
{
    bool goes_on = result == SALLY_AUTH_PARTIAL || result == SALLY_AUTH_PROMPT;
    if (goes_on)
        asked_keep_answer(a, answer);
    if (result == SALLY_AUTH_REJECT)
        drop_provisional(a);
    else if (result != SALLY_AUTH_PROMPT)
        confirm(a);
    if (result != SALLY_AUTH_PROMPT)
        a->prompter = NULL;
    if (!a->asker)
        return;
    if (result == SALLY_AUTH_PROMPT) {
        if (request->round == 0)
            a->first_round = a->before.round;
        a->prompt_count = prompt_count;
        a->asker->prompter = a;
    } else if (result == SALLY_AUTH_ACCEPT || result == SALLY_AUTH_PARTIAL) {
        a->fresh |= request->method;
    }
    if (result == SALLY_AUTH_ACCEPT)
        a->asker->accepted = a;
}
