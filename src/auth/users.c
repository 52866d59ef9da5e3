/* The ready-made authenticator: a list of users in memory. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "auth/authenticator.h"
#include "auth/forced_command.h"
#include "auth/request.h"
#include "auth/user_keys.h"
#include "auth/user_table.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/sized.h"
#include "os/thread_texts.h"
#include "sallyport/fs.h"

/* SSH's two ways to send a password: directly, or as the answer to a prompt (RFC 4256), which is
 * all that some clients support. A list of users treats them as one. */
#define PASSWORD_METHODS (SALLY_AUTH_PASSWORD | SALLY_AUTH_KEYBOARD_INTERACTIVE)

/* The size of the first release's structure. */
#define LEAST_USER (offsetof(sally_user, required) + sizeof(uint32_t))

struct users {
    struct user_table table;
    struct password_context passwords; /* immutable */
    struct thread_texts failures;      /* for sally_auth_users_error(); its own lock */
};

/* What counts as the same proof. */
static uint32_t alike(uint32_t methods)
{
    return methods & PASSWORD_METHODS ? methods | PASSWORD_METHODS : methods;
}

static bool password_is_right(struct users *users, const sally_auth_request *request,
                              const struct listed_user *a, const struct decoys *decoys)
{
    const struct password *substitutes[DECOYS_MAX_COSTS];
    for (size_t i = 0; i < decoys->password_count; i++)
        substitutes[i] = &decoys->password[i]->password;
    bool may = a && listed_user_may_use(a, SALLY_AUTH_PASSWORD);
    const char *said = request->password;
    if (request->method == SALLY_AUTH_KEYBOARD_INTERACTIVE)
        said = request->answer_count == 1 ? request->answers[0] : "";
    return password_verify(may ? &a->password : NULL, substitutes, decoys->password_count,
                           &users->passwords, said) &&
           !request->new_password; /* passwords cannot be changed here */
}

/* The account, held, if the proof is valid for it. */
static struct listed_user *prove(struct users *users, sally_auth_request *request, char **command)
{
    struct decoys decoys;
    *command = NULL;
    struct listed_user *a = user_table_look_up(&users->table, request->user, &decoys);
    bool right = request->method & PASSWORD_METHODS
                     ? password_is_right(users, request, a, &decoys)
                     : user_key_is_known(request, a, &decoys, command);
    decoys_clear(&decoys);
    if (right)
        return a;
    listed_user_unref(a);
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

static sally_error set_start(sally_auth_request *request, const struct listed_user *a,
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
static sally_error restrict_to(sally_auth_request *request, const struct listed_user *a,
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

static sally_auth_result let_in(sally_auth_request *request, const struct listed_user *a)
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

/* All user names get the same offer, known or not. */
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
    struct listed_user *a = prove(sally_auth_data(auth), request, &command);
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
    listed_user_unref(a);
    return result;
}

static sally_auth_result users_may_try_key(sally_auth *auth, sally_auth_request *request)
{
    char *command;
    struct listed_user *a = prove(sally_auth_data(auth), request, &command);
    bool known = a != NULL;
    mem_free(command);
    listed_user_unref(a);
    return known ? SALLY_AUTH_ACCEPT : SALLY_AUTH_REJECT;
}

static void users_forget(sally_auth *auth, void *state)
{
    (void)auth;
    mem_free(state);
}

/* What any user can use and this one has not succeeded with yet; this reveals nothing about the
 * user. */
static uint32_t users_offered(sally_auth *auth, sally_auth_request *request)
{
    struct users *users = sally_auth_data(auth);
    bool any_password, any_keys;
    user_table_uses(&users->table, &any_password, &any_keys, NULL);
    uint32_t methods =
        (any_password ? PASSWORD_METHODS : 0) | (any_keys ? SALLY_AUTH_PUBLICKEY : 0);
    methods &= ~alike(request->succeeded);
    return methods ? methods : PASSWORD_METHODS | SALLY_AUTH_PUBLICKEY;
}

/* Reading a file may block. If any user has one, one is checked for every user. */
static bool users_are_quick(const sally_auth *auth, const sally_auth_request *request)
{
    struct users *users = sally_auth_data(auth);
    if (request->method == SALLY_AUTH_NONE)
        return true;
    if (request->method != SALLY_AUTH_PUBLICKEY)
        return false;
    bool any_password, any_keys, any_files;
    user_table_uses(&users->table, &any_password, &any_keys, &any_files);
    return !any_files;
}

static void users_destroy(void *user_data)
{
    struct users *users = user_data;
    user_table_clear(&users->table);
    password_context_clear(&users->passwords);
    thread_texts_clear(&users->failures);
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
    if (e) {
        mem_free(users);
        return e;
    }
    user_table_init(&users->table);
    thread_texts_init(&users->failures);
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

static struct users *users_of(const sally_auth *auth)
{
    return auth && auth->methods.authenticate == users_authenticate ? auth->user_data : NULL;
}

static sally_error fail(struct users *users, sally_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static sally_error fail(struct users *users, sally_error error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    thread_texts_set(&users->failures, format, args);
    va_end(args);
    return error;
}

const char *sally_auth_users_error(const sally_auth *auth)
{
    const struct users *users = users_of(auth);
    return users ? thread_texts_get(&users->failures) : "";
}

sally_error sally_auth_users_add(sally_auth *auth, const sally_user *user)
{
    struct users *users = users_of(auth);
    char why[SETTINGS_WHY_SIZE];
    sally_user copy;
    if (!users)
        return SALLY_E_INVALID;
    if (!user)
        return fail(users, SALLY_E_INVALID, "the user is NULL");
    if (!sized_copy(&copy, sizeof copy, user, user->struct_size, LEAST_USER))
        return fail(
            users, SALLY_E_INVALID,
            "struct_size is invalid, or members are set that this version does not support");
    struct listed_user *a;
    sally_error e = listed_user_new(&a, &users->passwords, &copy, why);
    if (e)
        return fail(users, e, "%s", why);

    return user_table_put(&users->table, a) ? SALLY_E_OK
                                            : fail(users, SALLY_E_NO_MEMORY, "out of memory");
}

sally_error sally_auth_users_remove(sally_auth *auth, const char *name)
{
    struct users *users = users_of(auth);
    if (!users)
        return SALLY_E_INVALID;
    if (!name)
        return fail(users, SALLY_E_INVALID, "the user's name is NULL");
    return user_table_remove(&users->table, name)
               ? SALLY_E_OK
               : fail(users, SALLY_E_NOT_FOUND, "unknown user \"%.64s\"", name);
}
