/* One user of a list of users (sally_user), as the list keeps it. */
#ifndef SALLY_AUTH_ACCOUNT_H
#define SALLY_AUTH_ACCOUNT_H

#include <stdatomic.h>

#include "auth/keys_file.h"
#include "auth/password.h"
#include "sallyport/auth.h"
#include "settings/table.h"

struct account { /* immutable but for refs: held, without the lock, while a password is checked */
    atomic_uint refs;
    struct account *next; /* in its bucket */
    char *name;
    struct password password;
    struct authorized_keys *keys; /* held; NULL: none */
    struct keys_file **keys_files;
    size_t keys_file_count;
    sally_fs *fs;
    char *root, *home;
    uint32_t permissions;
    uint32_t required;
    struct account_setting {
        char *name, *value;
    } * settings;
    size_t setting_count;
    char *message; /* NULL: none */
};

/* Copies what it needs. Errors as of sally_auth_users_add(); `why` then explains it in a sentence.
 */
sally_error account_new(struct account **out, const struct password_context *passwords,
                        const sally_user *user, char why[SETTINGS_WHY_SIZE]);
struct account *account_ref(struct account *account); /* NULL in, NULL out */
void account_unref(struct account *account);          /* NULL is allowed */

bool account_has_keys(const struct account *account);
/* Whether a success with this SALLY_AUTH_ method may count. */
bool account_may_use(const struct account *account, uint32_t method);

#endif
