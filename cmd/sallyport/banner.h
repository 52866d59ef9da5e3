/* What a person needs to know of a server that has just started, in one glance. */
#ifndef SALLYPORT_BANNER_H
#define SALLYPORT_BANNER_H

#include <stdbool.h>

#include "sallyport/server.h"
#include "screen.h"

struct banner {
    const sally_server *server;
    const char *directory; /* whole path */
    const char *user;      /* the first one */
    size_t user_count;
    const char *password;      /* one that was made up, to be shown; NULL: none */
    const char *password_file; /* where it is kept; NULL: nowhere */
    bool password_given;       /* the first user has one, from the command line */
    const char *given_in;      /* or from this file of --password-file; NULL: the former */
    bool read_only;
};

void banner_show(const struct banner *banner, struct screen *screen);
/* The same as one line of the log, where no password may stand: it names the file instead. */
void banner_log(const struct banner *banner, struct screen *screen);

#endif
