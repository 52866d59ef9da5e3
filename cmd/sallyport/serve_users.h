/* The users of the command line, as an authenticator. */
#ifndef SALLYPORT_SERVE_USERS_H
#define SALLYPORT_SERVE_USERS_H

#include "sallyport/auth.h"
#include "serve_options.h"

/* EXIT_OK, or the exit status after reporting an error. `strict`: setting "auth.strict_modes". */
int serve_users_new(sally_auth **out, const struct serve_options *options, sally_fs *fs,
                    bool strict);

#endif
