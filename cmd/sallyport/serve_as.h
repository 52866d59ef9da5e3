/* `sallyport serve --as USER`: started by root for what only root can do, run by somebody else. */
#ifndef SALLYPORT_SERVE_AS_H
#define SALLYPORT_SERVE_AS_H

#include "common/privileges.h"
#include "serve_options.h"

/* Whom --as names, before anything is opened. EXIT_FINE, or what to exit with. */
int serve_as_find(struct identity *out, const struct serve_options *options);

/* Becomes this user, who must be able to reach what is served and read at each login. */
int serve_as_become(const struct identity *user, const struct serve_options *options,
                    const char *directory);

#endif
