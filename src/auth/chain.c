/* Chains: several authenticators, asked one after the other until one does not reject. */
#include "auth/authenticator.h"
#include "auth/request.h"
#include "base/mem.h"

/* The most authenticators in one chain: a sanity bound, far above what anybody needs. */
#define MAX_LEAVES 256

struct leaf_state {
    void *state;
    uint32_t succeeded; /* what this leaf called right so far */
};

/* What stands in request->state of a chain, from one try of a connection to the next. */
struct chain_state {
    uint32_t prompted_by; /* the leaf that asked questions, and alone hears the answers */
    uint32_t first_round; /* the one in which it was asked first: to itself that is round 0 */
    /* While a leaf is asked: what the request goes back to. */
    uint32_t succeeded, round, answer_count;
    const char *const *answers;
    struct leaf_state leaves[];
};

sally_error sally_auth_chain_new(sally_auth **out, sally_auth *first, sally_auth *second)
{
    if (!out)
        return SALLY_E_INVALID;
    *out = NULL;
    if (!first || !second)
        return SALLY_E_INVALID;
    sally_auth *parts[2] = {first, second};
    uint32_t count = 0;
    for (int i = 0; i < 2; i++)
        count += parts[i]->leaf_count ? parts[i]->leaf_count : 1;
    if (count > MAX_LEAVES)
        return SALLY_E_LIMIT;
    sally_auth *chain = mem_zalloc(sizeof *chain);
    sally_auth **leaves = mem_array(count, sizeof(sally_auth *));
    if (!chain || !leaves) {
        mem_free(chain);
        mem_free(leaves);
        return SALLY_E_NO_MEMORY;
    }
    uint32_t used = 0;
    sally_auth *leaf;
    for (int i = 0; i < 2; i++) {
        for (uint32_t k = 0; (leaf = auth_leaf(parts[i], k)) != NULL; k++)
            leaves[used++] = sally_auth_ref(leaf);
    }
    atomic_init(&chain->refs, 1);
    chain->leaves = leaves;
    chain->leaf_count = count;
    *out = chain;
    return SALLY_E_OK;
}

bool chain_begin(sally_auth *auth, sally_auth_request *request)
{
    if (!auth->leaf_count || request->state)
        return true;
    size_t size = sizeof(struct chain_state) + auth->leaf_count * sizeof(struct leaf_state);
    request->state = mem_zalloc(size);
    return request->state != NULL;
}

bool chain_asks(const sally_auth *auth, const sally_auth_request *request, uint32_t leaf)
{
    if (!auth->leaf_count || request->method != SALLY_AUTH_KEYBOARD_INTERACTIVE ||
        request->round == 0)
        return true;
    /* Those before the one that asked have rejected. Those behind it come in when it rejects. */
    const struct chain_state *chain = request->state;
    return leaf >= chain->prompted_by;
}

/* Answers are for whoever asked; who comes in after it begins a dialogue of its own. */
static void show_dialogue(struct chain_state *chain, sally_auth_request *request, uint32_t leaf)
{
    chain->round = request->round;
    chain->answers = request->answers;
    chain->answer_count = request->answer_count;
    if (request->round > 0 && leaf == chain->prompted_by) {
        request->round -= chain->first_round;
        return;
    }
    request->round = 0;
    request->answers = NULL;
    request->answer_count = 0;
}

struct chain_state *chain_enter(const sally_auth *auth, sally_auth_request *request, uint32_t leaf)
{
    if (!auth->leaf_count)
        return NULL;
    struct chain_state *chain = request->state;
    chain->succeeded = request->succeeded;
    request->state = chain->leaves[leaf].state;
    /* What is still valid the caller knows; whose it is, the chain. */
    request->succeeded &= chain->leaves[leaf].succeeded;
    show_dialogue(chain, request, leaf);
    return chain;
}

void chain_leave(struct chain_state *chain, sally_auth_request *request, uint32_t leaf,
                 sally_auth_result result)
{
    if (!chain)
        return;
    chain->leaves[leaf].state = request->state;
    if (result == SALLY_AUTH_PARTIAL)
        chain->leaves[leaf].succeeded |= request->method;
    if (result == SALLY_AUTH_PROMPT && request->round == 0) {
        chain->prompted_by = leaf;
        chain->first_round = chain->round;
    }
    request->round = chain->round;
    request->answers = chain->answers;
    request->answer_count = chain->answer_count;
    request->state = chain;
    request->succeeded = chain->succeeded;
}

void chain_forget(const sally_auth *auth, void *state)
{
    struct chain_state *chain = state;
    for (uint32_t i = 0; i < auth->leaf_count; i++)
        auth_forget(auth->leaves[i], chain->leaves[i].state);
    mem_free(chain);
}
