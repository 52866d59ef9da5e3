/* `sallyport serve --as USER`: started by root, for what only root can do, then runs as USER. */
#ifndef SALLYPORT_SERVE_AS_H
#define SALLYPORT_SERVE_AS_H

#include "common/privileges.h"
#include "serve_options.h"

/* Looks up the user of --as, before anything is opened. EXIT_OK, or the exit status. */
int serve_as_find(struct identity *out, const struct serve_options *options);

/* Switches to this user, who must have access to the served folder and to the files that are read
 * at each login. */
int serve_as_become(const struct identity *user, const struct serve_options *options,
                    const char *directory);

#endif
