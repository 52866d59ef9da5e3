/* The ready-made authenticator: a list of users in memory. */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "auth/authenticator.h"
#include "auth/authorized_keys.h"
#include "auth/authorized_keys_file.h"
#include "auth/password.h"
#include "auth/request.h"
#include "base/mem.h"
#include "base/sized.h"
#include "sallyport/fs.h"

/* The two ways of SSH to say a password: at once, or when asked for it (RFC 4256), which is all
 * that some clients know. To a list of users they are one. */
#define PASSWORD_METHODS (SALLY_AUTH_PASSWORD | SALLY_AUTH_KEYBOARD_INTERACTIVE)

/* Bytes of keys in memory that are looked through in less time than handing them over takes. */
#define QUICK_KEYS 4096

struct account { /* immutable but for refs: whoever checks a password holds it, not the lock */
    atomic_uint refs;
    struct account *next; /* in its bucket */
    char *name;
    struct password password;
    char *keys;
    char *keys_file;
    sally_fs *fs;
    char *root, *home;
    uint32_t permissions;
    uint32_t required;
};

struct users {
    /* Guards all below it. Held for a look only; a lock for many readers would let a crowd of them
     * keep the operator's changes out for ever. */
    pthread_mutex_t lock;
    struct account **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
    /* Stand in for users that are not known, or cannot log in this way, so that answering them
     * costs as much. Each is the one that costs most; held; NULL when nobody has a password, or
     * keys. */
    struct account *password_decoy, *keys_decoy;
    struct password_context passwords; /* immutable */
};

static void account_unref(struct account *a)
{
    if (!a || atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) != 1)
        return;
    mem_free(a->name);
    password_clear(&a->password);
    mem_free(a->keys);
    mem_free(a->keys_file);
    sally_fs_unref(a->fs);
    mem_free(a->root);
    mem_free(a->home);
    mem_free(a);
}

static struct account *account_ref(struct account *a)
{
    if (a)
        atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
    return a;
}

static bool has_keys(const struct account *a)
{
    return a->keys || a->keys_file;
}

/* What counts as the same proof. */
static uint32_t alike(uint32_t methods)
{
    return methods & PASSWORD_METHODS ? methods | PASSWORD_METHODS : methods;
}

static bool may_use(const struct account *a, uint32_t method)
{
    return !a->required || a->required & method;
}

/* FNV-1a. Names come from the operator: nobody can choose them to collide. */
static size_t bucket_of(const struct users *users, const char *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return (size_t)(h ^ h >> 32) & (users->bucket_count - 1);
}

static struct account **find(const struct users *users, const char *name)
{
    struct account **place = &users->buckets[bucket_of(users, name)];
    while (*place && strcmp((*place)->name, name) != 0)
        place = &(*place)->next;
    return place;
}

static bool grow(struct users *users)
{
    size_t count = users->bucket_count ? users->bucket_count * 2 : 16;
    struct account **buckets = mem_array(count, sizeof(struct account *));
    if (!buckets)
        return false;
    struct account **old = users->buckets;
    size_t old_count = users->bucket_count;
    users->buckets = buckets;
    users->bucket_count = count;
    for (size_t i = 0; i < old_count; i++) {
        while (old[i]) {
            struct account *a = old[i];
            old[i] = a->next;
            struct account **place = &buckets[bucket_of(users, a->name)];
            a->next = *place;
            *place = a;
        }
    }
    mem_free(old);
    return true;
}

static uint64_t keys_cost(const struct account *a)
{
    /* Opening and reading a file outweighs any list in memory. */
    return (a->keys ? strlen(a->keys) : 0) + (a->keys_file ? UINT64_C(1) << 32 : 0);
}

static void offer_decoys(struct users *users, struct account *a)
{
    if (a->password.set &&
        (!users->password_decoy ||
         password_cost(&a->password) > password_cost(&users->password_decoy->password))) {
        account_unref(users->password_decoy);
        users->password_decoy = account_ref(a);
    }
    if (has_keys(a) && (!users->keys_decoy || keys_cost(a) > keys_cost(users->keys_decoy))) {
        account_unref(users->keys_decoy);
        users->keys_decoy = account_ref(a);
    }
}

/* `gone` was taken out: if it was a decoy, others take its place. */
static void renew_decoys(struct users *users, const struct account *gone)
{
    if (gone != users->password_decoy && gone != users->keys_decoy)
        return;
    account_unref(users->password_decoy);
    account_unref(users->keys_decoy);
    users->password_decoy = users->keys_decoy = NULL;
    for (size_t i = 0; i < users->bucket_count; i++) {
        for (struct account *a = users->buckets[i]; a; a = a->next)
            offer_decoys(users, a);
    }
}

/* The account, and the one that stands in for it; both held. */
static struct account *look_up(struct users *users, const char *name, uint32_t method,
                               struct account **decoy)
{
    pthread_mutex_lock(&users->lock);
    struct account *a = users->count ? account_ref(*find(users, name)) : NULL;
    *decoy = account_ref(method & PASSWORD_METHODS ? users->password_decoy : users->keys_decoy);
    pthread_mutex_unlock(&users->lock);
    return a;
}

static bool password_is_right(struct users *users, const sally_auth_request *request,
                              const struct account *a, const struct account *decoy)
{
    bool may = a && may_use(a, SALLY_AUTH_PASSWORD);
    const char *said = request->password;
    if (request->method == SALLY_AUTH_KEYBOARD_INTERACTIVE)
        said = request->answer_count == 1 ? request->answers[0] : "";
    return password_verify(may ? &a->password : NULL, decoy ? &decoy->password : NULL,
                           &users->passwords, said) &&
           !request->new_password; /* passwords cannot be changed here */
}

static bool key_is_known(sally_auth_request *request, const struct account *a,
                         const struct account *decoy)
{
    bool real = a && has_keys(a) && may_use(a, SALLY_AUTH_PUBLICKEY);
    const struct account *source = real ? a : decoy;
    if (!source)
        return false;
    struct authorized_key_query query = {
        .blob = {request->key_blob, request->key_blob_size},
        .address = request->peer ? request->peer->address : "",
        .now = (int64_t)time(NULL),
    };
    const char *reason = NULL;
    enum authorized_key_answer answer = AUTHORIZED_KEY_NO;
    if (source->keys)
        answer = authorized_keys_find(slice_of(source->keys), &query, &reason);
    if (answer != AUTHORIZED_KEY_YES && source->keys_file) {
        struct buf file;
        buf_init(&file, AUTHORIZED_KEYS_MAX_BYTES + 16384);
        const char *file_reason = NULL;
        if (authorized_keys_file_read(source->keys_file, &file, &file_reason))
            answer = authorized_keys_find(buf_slice(&file), &query, &file_reason);
        reason = file_reason ? file_reason : reason;
        buf_clear(&file);
    }
    if (!real)
        return false;
    auth_request_set_reason(request, reason);
    return answer == AUTHORIZED_KEY_YES;
}

static bool proof_is_right(struct users *users, sally_auth_request *request, struct account **out)
{
    struct account *decoy;
    struct account *a = look_up(users, request->user, request->method, &decoy);
    bool right = request->method & PASSWORD_METHODS ? password_is_right(users, request, a, decoy)
                                                    : key_is_known(request, a, decoy);
    account_unref(decoy);
    if (!right) {
        account_unref(a);
        a = NULL;
    }
    *out = a;
    return right;
}

/* Everybody is asked, known or not. */
static sally_auth_result ask_password(sally_auth_request *request)
{
    return sally_auth_add_prompt(request, "Password: ", false) == SALLY_E_OK ? SALLY_AUTH_PROMPT
                                                                             : SALLY_AUTH_REJECT;
}

static sally_auth_result users_authenticate(sally_auth *auth, sally_auth_request *request)
{
    struct account *a;
    if (request->method == SALLY_AUTH_KEYBOARD_INTERACTIVE && request->round == 0)
        return ask_password(request);
    if (!proof_is_right(sally_auth_data(auth), request, &a))
        return SALLY_AUTH_REJECT;
    uint32_t missing = a->required & ~alike(request->succeeded | request->method);
    sally_auth_result result;
    if (missing) {
        result = sally_auth_partial(request, alike(missing));
    } else {
        result = sally_auth_accept(request, a->fs);
        sally_auth_set_permissions(request, a->permissions);
        if (sally_auth_set_root(request, a->root) != SALLY_E_OK ||
            sally_auth_set_home(request, a->home) != SALLY_E_OK)
            result = SALLY_AUTH_REJECT;
    }
    account_unref(a);
    return result;
}

static sally_auth_result users_may_try_key(sally_auth *auth, sally_auth_request *request)
{
    struct account *a;
    bool known = proof_is_right(sally_auth_data(auth), request, &a);
    account_unref(a);
    return known ? SALLY_AUTH_ACCEPT : SALLY_AUTH_REJECT;
}

/* What any user can use and this one has not succeeded with yet; which of them says nothing about
 * the one who asks. */
static uint32_t users_offered(sally_auth *auth, sally_auth_request *request)
{
    struct users *users = sally_auth_data(auth);
    pthread_mutex_lock(&users->lock);
    uint32_t methods = (users->password_decoy ? PASSWORD_METHODS : 0) |
                       (users->keys_decoy ? SALLY_AUTH_PUBLICKEY : 0);
    pthread_mutex_unlock(&users->lock);
    methods &= ~alike(request->succeeded);
    return methods ? methods : PASSWORD_METHODS | SALLY_AUTH_PUBLICKEY;
}

/* Who asks for a name that nobody has is answered by the decoy, the slowest of all: if that is
 * quick, everyone is. */
static bool users_are_quick(const sally_auth *auth, const sally_auth_request *request)
{
    struct users *users = sally_auth_data(auth);
    if (request->method == SALLY_AUTH_NONE)
        return true;
    if (request->method != SALLY_AUTH_PUBLICKEY)
        return false;
    pthread_mutex_lock(&users->lock);
    bool quick = !users->keys_decoy || keys_cost(users->keys_decoy) <= QUICK_KEYS;
    pthread_mutex_unlock(&users->lock);
    return quick;
}

static void users_destroy(void *user_data)
{
    struct users *users = user_data;
    for (size_t i = 0; i < users->bucket_count; i++) {
        while (users->buckets[i]) {
            struct account *a = users->buckets[i];
            users->buckets[i] = a->next;
            account_unref(a);
        }
    }
    mem_free(users->buckets);
    account_unref(users->password_decoy);
    account_unref(users->keys_decoy);
    password_context_clear(&users->passwords);
    pthread_mutex_destroy(&users->lock);
    mem_free(users);
}

sally_error sally_auth_users_new(sally_auth **out)
{
    if (!out)
        return SALLY_E_INVALID;
    *out = NULL;
    struct users *users = mem_zalloc(sizeof *users);
    if (!users)
        return SALLY_E_NO_MEMORY;
    sally_error e = password_context_init(&users->passwords);
    if (e || pthread_mutex_init(&users->lock, NULL) != 0) {
        if (!e)
            password_context_clear(&users->passwords);
        mem_free(users);
        return e ? e : SALLY_E_NO_MEMORY;
    }
    static const sally_auth_methods methods = {
        .struct_size = sizeof methods,
        .methods = PASSWORD_METHODS | SALLY_AUTH_PUBLICKEY,
        .may_try_key = users_may_try_key,
        .authenticate = users_authenticate,
        .offered = users_offered,
        .destroy = users_destroy,
    };
    e = sally_auth_new(out, &methods, users);
    if (e)
        users_destroy(users);
    else
        (*out)->is_quick = users_are_quick;
    return e;
}

static struct users *users_of(sally_auth *auth)
{
    return auth && auth->methods.authenticate == users_authenticate ? auth->user_data : NULL;
}

/* A user that could never log in, or that asks for what is not there, is a mistake worth telling
 * about now. */
static sally_error check(const sally_user *user)
{
    const uint32_t methods = SALLY_AUTH_PASSWORD | SALLY_AUTH_PUBLICKEY;
    bool keys = user->authorized_keys || user->authorized_keys_file;
    if (!user->name || !*user->name || !user->fs || user->required & ~methods ||
        user->permissions & ~SALLY_MAY_ALL)
        return SALLY_E_INVALID;
    if ((user->required & SALLY_AUTH_PASSWORD && !user->password) ||
        (user->required & SALLY_AUTH_PUBLICKEY && !keys))
        return SALLY_E_INVALID;
    if (user->authorized_keys &&
        strnlen(user->authorized_keys, AUTHORIZED_KEYS_MAX_BYTES + 1) > AUTHORIZED_KEYS_MAX_BYTES)
        return SALLY_E_LIMIT;
    return SALLY_E_OK;
}

static sally_error account_new(struct account **out, const struct users *users,
                               const sally_user *user)
{
    struct account *a = mem_zalloc(sizeof *a);
    if (!a)
        return SALLY_E_NO_MEMORY;
    atomic_init(&a->refs, 1);
    a->name = mem_strdup(user->name);
    a->keys = mem_strdup(user->authorized_keys);
    a->keys_file = mem_strdup(user->authorized_keys_file);
    a->root = mem_strdup(user->root ? user->root : "/");
    a->home = mem_strdup(user->home ? user->home : "/");
    a->fs = sally_fs_ref(user->fs);
    a->permissions = user->permissions ? user->permissions : SALLY_MAY_ALL;
    a->required = user->required;
    sally_error e = SALLY_E_OK;
    if (!a->name || !a->root || !a->home || (user->authorized_keys && !a->keys) ||
        (user->authorized_keys_file && !a->keys_file))
        e = SALLY_E_NO_MEMORY;
    else if (user->password)
        e = password_init(&a->password, &users->passwords, user->password);
    if (e) {
        account_unref(a);
        a = NULL;
    }
    *out = a;
    return e;
}

sally_error sally_auth_users_add(sally_auth *auth, const sally_user *user)
{
    struct users *users = users_of(auth);
    sally_user copy;
    if (!users || !user || !sized_copy(&copy, sizeof copy, user, user->struct_size, sizeof copy))
        return SALLY_E_INVALID;
    sally_error e = check(&copy);
    struct account *a = NULL;
    if (!e)
        e = account_new(&a, users, &copy);
    if (e)
        return e;

    struct account *old = NULL;
    pthread_mutex_lock(&users->lock);
    if (users->count >= users->bucket_count && !grow(users)) {
        e = SALLY_E_NO_MEMORY;
    } else {
        struct account **place = find(users, a->name);
        old = *place;
        a->next = old ? old->next : NULL;
        *place = a;
        users->count += old ? 0 : 1;
        offer_decoys(users, a);
        if (old)
            renew_decoys(users, old);
    }
    pthread_mutex_unlock(&users->lock);
    account_unref(e ? a : old);
    return e;
}

sally_error sally_auth_users_remove(sally_auth *auth, const char *name)
{
    struct users *users = users_of(auth);
    if (!users || !name)
        return SALLY_E_INVALID;
    struct account *old = NULL;
    pthread_mutex_lock(&users->lock);
    if (users->count) {
        struct account **place = find(users, name);
        old = *place;
        if (old) {
            *place = old->next;
            users->count--;
            renew_decoys(users, old);
        }
    }
    pthread_mutex_unlock(&users->lock);
    account_unref(old);
    return old ? SALLY_E_OK : SALLY_E_NOT_FOUND;
}
