/* The options before a key in an authorized_keys file. */
#ifndef SALLY_AUTH_KEY_OPTIONS_H
#define SALLY_AUTH_KEY_OPTIONS_H

#include "auth/authorized_keys.h"

/* NULL: they allow the key's use, and *command is what a login by it is restricted to (to be freed;
 * NULL: nothing). Otherwise the reason; *is_authority is set if the key is a certificate authority,
 * which must not be used itself. */
const char *key_options_refuse(struct slice options, const struct authorized_key_query *query,
                               bool *is_authority, char **command);

/* Seconds since 1970 of "YYYYMMDD[HHMM[SS]][Z]", local time without the Z; false for anything else.
 */
bool key_options_time(struct slice text, int64_t *seconds);

#endif
