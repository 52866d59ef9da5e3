#include "auth/listed_user.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "sallyport/fs.h"
#include "settings/layer.h"

/* Limits of one user's lists: far more than needed, and as many files are checked for every
 * user. */
#define MAX_KEYS_FILES 32
#define MAX_SETTINGS   64

void listed_user_unref(struct listed_user *a)
{
    if (!a || atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) != 1)
        return;
    mem_free(a->name);
    password_clear(&a->password);
    authorized_keys_unref(a->keys);
    for (size_t i = 0; i < a->keys_file_count; i++)
        keys_file_free(a->keys_files[i]);
    mem_free(a->keys_files);
    for (size_t i = 0; i < a->setting_count; i++) {
        mem_free(a->settings[i].name);
        mem_free(a->settings[i].value);
    }
    mem_free(a->settings);
    mem_free(a->message);
    sally_fs_unref(a->fs);
    mem_free(a->root);
    mem_free(a->home);
    mem_free(a);
}

struct listed_user *listed_user_ref(struct listed_user *a)
{
    if (a)
        atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
    return a;
}

bool listed_user_has_keys(const struct listed_user *a)
{
    return a->keys || a->keys_file_count;
}

bool listed_user_may_use(const struct listed_user *a, uint32_t method)
{
    return !a->required || a->required & method;
}

static sally_error refuse(char why[SETTINGS_WHY_SIZE], sally_error error, const char *text)
{
    snprintf(why, SETTINGS_WHY_SIZE, "%s", text);
    return error;
}

static sally_error check_files(const sally_user *user, char why[SETTINGS_WHY_SIZE])
{
    size_t count = user->authorized_keys_file_count;
    if (count && !user->authorized_keys_files)
        return refuse(why, SALLY_E_INVALID, "authorized_keys_files is NULL");
    if (count > MAX_KEYS_FILES - (user->authorized_keys_file != NULL))
        return refuse(why, SALLY_E_LIMIT, "more than 32 files of keys");
    for (size_t i = 0; i < count; i++) {
        if (!user->authorized_keys_files[i])
            return refuse(why, SALLY_E_INVALID, "one of authorized_keys_files is NULL");
    }
    return SALLY_E_OK;
}

/* Otherwise an invalid setting would only be found at the login, which would be rejected. */
static sally_error check_settings(const sally_user *user, char why[SETTINGS_WHY_SIZE])
{
    if (user->setting_count && !user->settings)
        return refuse(why, SALLY_E_INVALID, "settings is NULL");
    if (user->setting_count > MAX_SETTINGS)
        return refuse(why, SALLY_E_LIMIT, "more than 64 settings");
    for (size_t i = 0; i < user->setting_count; i++) {
        const sally_setting_value *setting = &user->settings[i];
        if (!setting->name || !setting->value)
            return refuse(why, SALLY_E_INVALID, "a setting's name or value is NULL");
        sally_error error = setting_check(SALLY_SCOPE_USER, setting->name, setting->value, why);
        if (error)
            return error;
    }
    return SALLY_E_OK;
}

static sally_error check_required(const sally_user *user, char why[SETTINGS_WHY_SIZE])
{
    const uint32_t methods = SALLY_AUTH_PASSWORD | SALLY_AUTH_PUBLICKEY;
    bool keys =
        user->authorized_keys || user->authorized_keys_file || user->authorized_keys_file_count;
    if (user->required & ~methods)
        return refuse(why, SALLY_E_INVALID,
                      "only passwords and keys (SALLY_AUTH_PASSWORD, SALLY_AUTH_PUBLICKEY) can be "
                      "required");
    if (user->required & SALLY_AUTH_PASSWORD && !user->password)
        return refuse(why, SALLY_E_INVALID, "a password is required, but there is none");
    if (user->required & SALLY_AUTH_PUBLICKEY && !keys)
        return refuse(why, SALLY_E_INVALID, "a key is required, but there is none");
    return SALLY_E_OK;
}

/* A user that could never log in, or that requires a method without a key or password for it, is a
 * mistake that is reported now. */
static sally_error check(const sally_user *user, char why[SETTINGS_WHY_SIZE])
{
    if (!user->name || !*user->name)
        return refuse(why, SALLY_E_INVALID, "the user has no name");
    if (!user->fs)
        return refuse(why, SALLY_E_INVALID, "the storage is NULL");
    if (user->permissions & ~(uint32_t)SALLY_MAY_ALL)
        return refuse(why, SALLY_E_INVALID, "permissions has unknown bits");
    if (user->authorized_keys &&
        strnlen(user->authorized_keys, AUTHORIZED_KEYS_MAX_BYTES + 1) > AUTHORIZED_KEYS_MAX_BYTES)
        return refuse(why, SALLY_E_LIMIT, "authorized_keys is larger than 1 MiB");
    sally_error error = check_required(user, why);
    if (!error)
        error = check_files(user, why);
    if (!error)
        error = check_settings(user, why);
    return error;
}

static const char *why_no_password(sally_error error, const char *password)
{
    if (error == SALLY_E_INVALID && !*password)
        return "the password is empty; pass NULL for no password";
    if (error == SALLY_E_INVALID)
        return "the password looks like a hash, but is incomplete";
    if (error == SALLY_E_UNSUPPORTED)
        return "the password's hash is of a type that crypt(3) does not support, or too weak; use "
               "sally_hash_password()";
    return sally_strerror(error);
}

/* As with sshd, a file of keys may belong to the user whose keys it has. Only a server that runs as
 * root serves users of the system; for others, a name says nothing about who owns files. */
static uid_t local_user(const char *name)
{
    struct passwd entry, *found = NULL;
    char room[4096];
    if (geteuid() != 0 || getpwnam_r(name, &entry, room, sizeof room, &found) != 0 || !found)
        return 0;
    return found->pw_uid;
}

/* Otherwise the first query about a user would reveal by its time that there is a file to read.
 * Whether the file is trusted is checked at login. */
static void read_ahead(const struct listed_user *a)
{
    struct keys_file_fault fault;
    for (size_t i = 0; i < a->keys_file_count; i++)
        authorized_keys_unref(keys_file_read(a->keys_files[i], false, &fault));
}

static bool add_file(struct listed_user *a, const struct password_context *passwords,
                     const char *path)
{
    struct keys_file *file = keys_file_new(passwords->crypto, path, local_user(a->name));
    if (file)
        a->keys_files[a->keys_file_count++] = file;
    return file != NULL;
}

/* False: no memory. */
static bool add_files(struct listed_user *a, const struct password_context *passwords,
                      const sally_user *user)
{
    size_t count = user->authorized_keys_file_count + (user->authorized_keys_file != NULL);
    if (count == 0)
        return true;
    a->keys_files = mem_array(count, sizeof(struct keys_file *));
    if (!a->keys_files ||
        (user->authorized_keys_file && !add_file(a, passwords, user->authorized_keys_file)))
        return false;
    for (size_t i = 0; i < user->authorized_keys_file_count; i++) {
        if (!add_file(a, passwords, user->authorized_keys_files[i]))
            return false;
    }
    return true;
}

static bool add_settings(struct listed_user *a, const sally_user *user)
{
    if (user->setting_count == 0)
        return true;
    a->settings = mem_array(user->setting_count, sizeof *a->settings);
    if (!a->settings)
        return false;
    for (size_t i = 0; i < user->setting_count; i++) {
        struct listed_user_setting *setting = &a->settings[a->setting_count++];
        setting->name = mem_strdup(user->settings[i].name);
        setting->value = mem_strdup(user->settings[i].value);
        if (!setting->name || !setting->value)
            return false;
    }
    return true;
}

/* False: no memory. */
static bool copy(struct listed_user *a, const struct password_context *passwords,
                 const sally_user *user)
{
    a->name = mem_strdup(user->name);
    if (user->authorized_keys)
        a->keys = authorized_keys_parse(passwords->crypto, slice_of(user->authorized_keys));
    if (user->message)
        a->message = mem_strdup(user->message);
    a->root = mem_strdup(user->root ? user->root : "/");
    a->home = mem_strdup(user->home ? user->home : "/");
    a->fs = sally_fs_ref(user->fs);
    a->permissions = user->permissions ? user->permissions : SALLY_MAY_ALL;
    a->required = user->required;
    return a->name && a->root && a->home && (a->keys || !user->authorized_keys) &&
           (a->message || !user->message) && add_files(a, passwords, user) && add_settings(a, user);
}

static sally_error set_password(struct listed_user *a, const struct password_context *passwords,
                                const char *password, char why[SETTINGS_WHY_SIZE])
{
    sally_error e = password_init(&a->password, passwords, password);
    return e ? refuse(why, e, why_no_password(e, password)) : SALLY_E_OK;
}

sally_error listed_user_new(struct listed_user **out, const struct password_context *passwords,
                            const sally_user *user, char why[SETTINGS_WHY_SIZE])
{
    *out = NULL;
    sally_error e = check(user, why);
    if (e)
        return e;
    struct listed_user *a = mem_zalloc(sizeof *a);
    if (!a)
        return refuse(why, SALLY_E_NO_MEMORY, "out of memory");
    atomic_init(&a->refs, 1);
    if (!copy(a, passwords, user))
        e = refuse(why, SALLY_E_NO_MEMORY, "out of memory");
    else if (user->password)
        e = set_password(a, passwords, user->password, why);
    if (e) {
        listed_user_unref(a);
        return e;
    }
    read_ahead(a);
    *out = a;
    return SALLY_E_OK;
}
