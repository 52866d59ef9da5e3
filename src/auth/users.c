/* The ready-made authenticator: a list of users in memory. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "auth/authenticator.h"
#include "auth/decoys.h"
#include "auth/forced_command.h"
#include "auth/request.h"
#include "auth/user_keys.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/sized.h"
#include "sallyport/fs.h"

/* The two ways of SSH to say a password: at once, or when asked for it (RFC 4256), which is all
 * that some clients know. To a list of users they are one. */
#define PASSWORD_METHODS (SALLY_AUTH_PASSWORD | SALLY_AUTH_KEYBOARD_INTERACTIVE)

/* The size of the first release's structure. */
#define LEAST_USER (offsetof(sally_user, required) + sizeof(uint32_t))

struct users {
    /* Guards all below it. Held for a look only; a lock for many readers would let a crowd of them
     * keep the operator's changes out for ever. */
    pthread_mutex_t lock;
    struct account **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
    struct decoys decoys;
    struct password_context passwords; /* immutable */
};

/* What counts as the same proof. */
static uint32_t alike(uint32_t methods)
{
    return methods & PASSWORD_METHODS ? methods | PASSWORD_METHODS : methods;
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

/* `gone` was taken out: if it was a decoy, others take its place. */
static void renew_decoys(struct users *users, const struct account *gone)
{
    if (!decoys_have(&users->decoys, gone))
        return;
    decoys_clear(&users->decoys);
    for (size_t i = 0; i < users->bucket_count; i++) {
        for (struct account *a = users->buckets[i]; a; a = a->next)
            decoys_offer(&users->decoys, a);
    }
}

/* The account, and its decoys; all held. */
static struct account *look_up(struct users *users, const char *name, struct decoys *decoys)
{
    pthread_mutex_lock(&users->lock);
    struct account *a = users->count ? account_ref(*find(users, name)) : NULL;
    decoys_copy(decoys, &users->decoys);
    pthread_mutex_unlock(&users->lock);
    return a;
}

static bool password_is_right(struct users *users, const sally_auth_request *request,
                              const struct account *a, const struct decoys *decoys)
{
    const struct password *stand_ins[DECOYS_MAX_COSTS];
    for (size_t i = 0; i < decoys->password_count; i++)
        stand_ins[i] = &decoys->password[i]->password;
    bool may = a && account_may_use(a, SALLY_AUTH_PASSWORD);
    const char *said = request->password;
    if (request->method == SALLY_AUTH_KEYBOARD_INTERACTIVE)
        said = request->answer_count == 1 ? request->answers[0] : "";
    return password_verify(may ? &a->password : NULL, stand_ins, decoys->password_count,
                           &users->passwords, said) &&
           !request->new_password; /* passwords cannot be changed here */
}

/* The account, held, if the proof is valid for it. */
static struct account *prove(struct users *users, sally_auth_request *request, char **command)
{
    struct decoys decoys;
    *command = NULL;
    struct account *a = look_up(users, request->user, &decoys);
    bool right = request->method & PASSWORD_METHODS
                     ? password_is_right(users, request, a, &decoys)
                     : user_key_is_known(request, a, &decoys, command);
    decoys_clear(&decoys);
    if (right)
        return a;
    account_unref(a);
    return NULL;
}

/* The command that the key of an earlier factor was for is what is kept in request->state. Takes
 * over `command`; false: it is another one. */
static bool keep_command(sally_auth_request *request, char *command)
{
    if (!command)
        return true;
    if (request->state) {
        bool same = strcmp(request->state, command) == 0;
        mem_free(command);
        return same;
    }
    request->state = command;
    return true;
}

static sally_error set_text(sally_auth_request *request, const char *name, struct slice value)
{
    if (!value.data)
        return SALLY_E_OK;
    char *text = slice_strdup(value);
    sally_error e = text ? sally_auth_set(request, name, text) : SALLY_E_NO_MEMORY;
    mem_free(text);
    return e;
}

static sally_error set_start(sally_auth_request *request, const struct account *a,
                             struct slice start)
{
    if (!start.data)
        return SALLY_E_OK;
    struct buf path;
    buf_init(&path, strlen(a->home) + start.size + 2);
    if (start.data[0] != '/')
        put_format(&path, "%s/", a->home);
    put_bytes(&path, start.data, start.size);
    put_u8(&path, 0);
    sally_error e = path.failed ? SALLY_E_NO_MEMORY
                                : sally_auth_set_home(request, (const char *)buf_head(&path));
    buf_clear(&path);
    return e;
}

/* Restricts the login to SFTP, as the key's command says. */
static sally_error restrict_to(sally_auth_request *request, const struct account *a,
                               const char *text)
{
    struct forced_command command;
    if (!forced_command_parse(slice_of(text), &command))
        return SALLY_E_INVALID;
    if (command.read_only)
        sally_auth_set_permissions(request, a->permissions & SALLY_MAY_VIEW);
    sally_error e = sally_auth_set(request, "ssh.commands", "none");
    if (!e)
        e = set_start(request, a, command.start);
    if (!e)
        e = set_text(request, "sftp.allow_requests", command.allow);
    if (!e)
        e = set_text(request, "sftp.deny_requests", command.deny);
    return e;
}

static sally_auth_result reject_setting(sally_auth_request *request, const char *name)
{
    char text[160];
    snprintf(text, sizeof text, "the user's setting %.100s cannot be set", name);
    (void)sally_auth_set_message(request, text);
    return SALLY_AUTH_REJECT;
}

static sally_auth_result let_in(sally_auth_request *request, const struct account *a)
{
    sally_auth_set_permissions(request, a->permissions);
    if (sally_auth_set_root(request, a->root) != SALLY_E_OK ||
        sally_auth_set_home(request, a->home) != SALLY_E_OK)
        return SALLY_AUTH_REJECT;
    for (size_t i = 0; i < a->setting_count; i++) {
        if (sally_auth_set(request, a->settings[i].name, a->settings[i].value) != SALLY_E_OK)
            return reject_setting(request, a->settings[i].name);
    }
    if (a->message) /* if it is lost, the login still succeeds */
        (void)sally_auth_set_message(request, a->message);
    if (request->state && restrict_to(request, a, request->state) != SALLY_E_OK) {
        auth_request_set_reason(request, "the key's command is not supported");
        return SALLY_AUTH_REJECT;
    }
    return sally_auth_accept(request, a->fs);
}

/* Everybody is asked, known or not. */
static sally_auth_result ask_password(sally_auth_request *request)
{
    return sally_auth_add_prompt(request, "Password: ", false) == SALLY_E_OK ? SALLY_AUTH_PROMPT
                                                                             : SALLY_AUTH_REJECT;
}

static sally_auth_result users_authenticate(sally_auth *auth, sally_auth_request *request)
{
    char *command;
    if (request->method == SALLY_AUTH_KEYBOARD_INTERACTIVE && request->round == 0)
        return ask_password(request);
    struct account *a = prove(sally_auth_data(auth), request, &command);
    if (!a)
        return SALLY_AUTH_REJECT;
    uint32_t missing = a->required & ~alike(request->succeeded | request->method);
    sally_auth_result result = SALLY_AUTH_REJECT;
    if (!keep_command(request, command))
        auth_request_set_reason(request, "the keys are for different commands");
    else if (missing)
        result = sally_auth_partial(request, alike(missing));
    else
        result = let_in(request, a);
    account_unref(a);
    return result;
}

static sally_auth_result users_may_try_key(sally_auth *auth, sally_auth_request *request)
{
    char *command;
    struct account *a = prove(sally_auth_data(auth), request, &command);
    bool known = a != NULL;
    mem_free(command);
    account_unref(a);
    return known ? SALLY_AUTH_ACCEPT : SALLY_AUTH_REJECT;
}

static void users_forget(sally_auth *auth, void *state)
{
    (void)auth;
    mem_free(state);
}

/* What any user can use and this one has not succeeded with yet; which of them says nothing about
 * the one who asks. */
static uint32_t users_offered(sally_auth *auth, sally_auth_request *request)
{
    struct users *users = sally_auth_data(auth);
    pthread_mutex_lock(&users->lock);
    const struct decoys *d = &users->decoys;
    uint32_t methods = (d->password_count ? PASSWORD_METHODS : 0) |
                       (d->keys || d->keys_files ? SALLY_AUTH_PUBLICKEY : 0);
    pthread_mutex_unlock(&users->lock);
    methods &= ~alike(request->succeeded);
    return methods ? methods : PASSWORD_METHODS | SALLY_AUTH_PUBLICKEY;
}

/* Reading a file may block. If any user has one, one is checked for everybody. */
static bool users_are_quick(const sally_auth *auth, const sally_auth_request *request)
{
    struct users *users = sally_auth_data(auth);
    if (request->method == SALLY_AUTH_NONE)
        return true;
    if (request->method != SALLY_AUTH_PUBLICKEY)
        return false;
    pthread_mutex_lock(&users->lock);
    bool quick = !users->decoys.keys_files;
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
    decoys_clear(&users->decoys);
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
        .forget = users_forget,
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

sally_error sally_auth_users_add(sally_auth *auth, const sally_user *user)
{
    struct users *users = users_of(auth);
    sally_user copy;
    if (!users || !user || !sized_copy(&copy, sizeof copy, user, user->struct_size, LEAST_USER))
        return SALLY_E_INVALID;
    struct account *a;
    sally_error e = account_new(&a, &users->passwords, &copy);
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
        decoys_offer(&users->decoys, a);
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
