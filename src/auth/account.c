#include "auth/account.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "sallyport/fs.h"

void account_unref(struct account *a)
{
    if (!a || atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) != 1)
        return;
    mem_free(a->name);
    password_clear(&a->password);
    authorized_keys_unref(a->keys);
    keys_file_free(a->keys_file);
    sally_fs_unref(a->fs);
    mem_free(a->root);
    mem_free(a->home);
    mem_free(a);
}

struct account *account_ref(struct account *a)
{
    if (a)
        atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
    return a;
}

bool account_has_keys(const struct account *a)
{
    return a->keys || a->keys_file;
}

bool account_may_use(const struct account *a, uint32_t method)
{
    return !a->required || a->required & method;
}

/* A user that could never log in, or that requires a method without a key or password for it, is a
 * mistake that is reported now. */
static sally_error check(const sally_user *user)
{
    const uint32_t methods = SALLY_AUTH_PASSWORD | SALLY_AUTH_PUBLICKEY;
    bool keys = user->authorized_keys || user->authorized_keys_file;
    if (!user->name || !*user->name || !user->fs || user->required & ~methods ||
        user->permissions & ~(uint32_t)SALLY_MAY_ALL)
        return SALLY_E_INVALID;
    if ((user->required & SALLY_AUTH_PASSWORD && !user->password) ||
        (user->required & SALLY_AUTH_PUBLICKEY && !keys))
        return SALLY_E_INVALID;
    if (user->authorized_keys &&
        strnlen(user->authorized_keys, AUTHORIZED_KEYS_MAX_BYTES + 1) > AUTHORIZED_KEYS_MAX_BYTES)
        return SALLY_E_LIMIT;
    return SALLY_E_OK;
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
static void read_ahead(const struct account *a)
{
    struct keys_file_fault fault;
    if (a->keys_file)
        authorized_keys_unref(keys_file_read(a->keys_file, false, &fault));
}

sally_error account_new(struct account **out, const struct password_context *passwords,
                        const sally_user *user)
{
    *out = NULL;
    sally_error e = check(user);
    if (e)
        return e;
    struct account *a = mem_zalloc(sizeof *a);
    if (!a)
        return SALLY_E_NO_MEMORY;
    atomic_init(&a->refs, 1);
    a->name = mem_strdup(user->name);
    if (user->authorized_keys)
        a->keys = authorized_keys_parse(passwords->crypto, slice_of(user->authorized_keys));
    if (user->authorized_keys_file)
        a->keys_file =
            keys_file_new(passwords->crypto, user->authorized_keys_file, local_user(user->name));
    a->root = mem_strdup(user->root ? user->root : "/");
    a->home = mem_strdup(user->home ? user->home : "/");
    a->fs = sally_fs_ref(user->fs);
    a->permissions = user->permissions ? user->permissions : SALLY_MAY_ALL;
    a->required = user->required;
    if (!a->name || !a->root || !a->home || (user->authorized_keys && !a->keys) ||
        (user->authorized_keys_file && !a->keys_file))
        e = SALLY_E_NO_MEMORY;
    else if (user->password)
        e = password_init(&a->password, passwords, user->password);
    if (e) {
        account_unref(a);
        return e;
    }
    read_ahead(a);
    *out = a;
    return SALLY_E_OK;
}
