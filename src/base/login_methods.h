/* The methods of authentication and their names (RFC 4252, RFC 4256). */
#ifndef SALLY_BASE_LOGIN_METHODS_H
#define SALLY_BASE_LOGIN_METHODS_H

#include "base/cursor.h"

/* The name of one SALLY_AUTH_ bit. */
const char *login_method_name(uint32_t method);
/* The SALLY_AUTH_ bit of this name; 0 if there is none. */
uint32_t login_method_find(struct slice name);

#define LOGIN_METHOD_NAMES_SIZE 64 /* enough for all */

/* The names of `methods` with commas, best first, as the authentications that can continue: without
 * "none", which must never be in that list (RFC 4252 section 5.1). Names that do not fit are
 * omitted. */
void login_method_names(uint32_t methods, char *out, size_t size);

#endif
