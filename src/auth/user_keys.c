#include "auth/user_keys.h"

#include <time.h>

#include "auth/request.h"
#include "base/mem.h"

/* What was found in all places; the first of the user's own with the key counts. */
struct found {
    bool yes;
    char *command;
    const char *reason; /* why not; NULL: none was given */
};

static void note(struct found *found, enum authorized_key_answer result,
                 struct authorized_key_match *match, bool is_own)
{
    if (is_own && !found->yes) {
        found->yes = result == AUTHORIZED_KEY_YES;
        if (match->reason)
            found->reason = match->reason;
        found->command = match->command;
        match->command = NULL;
    }
    mem_free(match->command); /* a decoy's, which does not count */
}

static void find_in_file(sally_auth_request *request, struct keys_file *file,
                         const struct authorized_key_query *query, struct found *found, bool is_own)
{
    struct authorized_key_match match = {0};
    struct keys_file_fault fault = {0};
    struct authorized_keys *keys = keys_file_read(file, auth_request_is_strict(request), &fault);
    enum authorized_key_answer result = AUTHORIZED_KEY_NO;
    if (keys)
        result = authorized_keys_find(keys, query, &match);
    else
        match.reason = fault.reason;
    authorized_keys_unref(keys);
    note(found, result, &match, is_own);
    if (is_own && keys_file_is_news(file, &fault))
        auth_request_set_fault(request, fault.why);
}

static void find_in_memory(struct authorized_keys *keys, const struct authorized_key_query *query,
                           struct found *found, bool is_own)
{
    struct authorized_key_match match = {0};
    note(found, authorized_keys_find(keys, query, &match), &match, is_own);
}

bool user_key_is_known(sally_auth_request *request, const struct listed_user *a,
                       const struct decoys *decoys, char **command)
{
    bool may = a && listed_user_may_use(a, SALLY_AUTH_PUBLICKEY);
    bool in_memory = may && a->keys;
    size_t own_files = may ? a->keys_file_count : 0, files = decoys_keys_file_count(decoys);
    const struct authorized_key_query query = {
        .blob = {request->key_blob, request->key_blob_size},
        .address = request->peer ? request->peer->address : "",
        .now = (int64_t)time(NULL),
    };
    struct found found = {0};
    if (decoys->keys)
        find_in_memory(in_memory ? a->keys : decoys->keys->keys, &query, &found, in_memory);
    for (size_t i = 0; i < files || i < own_files; i++) {
        bool is_own = i < own_files;
        find_in_file(request, (is_own ? a : decoys->keys_files)->keys_files[i], &query, &found,
                     is_own);
    }
    if (!found.yes)
        auth_request_set_reason(request, found.reason);
    *command = found.command;
    return found.yes;
}
