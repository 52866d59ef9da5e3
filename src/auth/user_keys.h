/* Whether a key is one of a user's, looked for in memory and in files. */
#ifndef SALLY_AUTH_USER_KEYS_H
#define SALLY_AUTH_USER_KEYS_H

#include "auth/decoys.h"

/* All places are always checked: the user's own, or a decoy's; `account` may be NULL. *command gets
 * the command that a login with this key is restricted to; NULL: none. */
bool user_key_is_known(sally_auth_request *request, const struct listed_user *account,
                       const struct decoys *decoys, char **command);

#endif
