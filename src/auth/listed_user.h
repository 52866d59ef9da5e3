/* One user of a list of users (sally_user), as the list keeps it. */
#ifndef SALLY_AUTH_LISTED_USER_H
#define SALLY_AUTH_LISTED_USER_H

#include <stdatomic.h>

#include "auth/keys_file.h"
#include "auth/password.h"
#include "sallyport/auth.h"
#include "settings/table.h"

struct listed_user_setting {
    char *name, *value;
};

/* Immutable except refs: held, without the lock, while a password is checked. */
struct listed_user {
    atomic_uint refs;
    struct listed_user *next; /* in its bucket */
    char *name;
    struct password password;
    struct authorized_keys *keys; /* held; NULL: none */
    struct keys_file **keys_files;
    size_t keys_file_count;
    sally_fs *fs;
    char *root, *home;
    uint32_t permissions;
    uint32_t required;
    struct listed_user_setting *settings;
    size_t setting_count;
    char *message; /* NULL: none */
};

/* Copies what it needs. Errors as of sally_auth_users_add(); `why` then explains it in a sentence.
 */
sally_error listed_user_new(struct listed_user **out, const struct password_context *passwords,
                            const sally_user *user, char why[SETTINGS_WHY_SIZE]);
struct listed_user *listed_user_ref(struct listed_user *account); /* NULL for NULL */
void listed_user_unref(struct listed_user *account);              /* NULL is allowed */

bool listed_user_has_keys(const struct listed_user *account);
/* Whether a success with this SALLY_AUTH_ method may count. */
bool listed_user_may_use(const struct listed_user *account, uint32_t method);

#endif
