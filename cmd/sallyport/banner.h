/* Connection details of a server that has just started, for people. */
#ifndef SALLYPORT_BANNER_H
#define SALLYPORT_BANNER_H

#include <stdbool.h>

#include "sallyport/server.h"
#include "screen.h"

struct banner {
    const sally_server *server;
    const char *directory; /* absolute path */
    const char *user;      /* the first user */
    size_t user_count;
    const char *password;      /* a generated password to show; NULL: none */
    const char *password_file; /* where it is saved; NULL: nowhere */
    bool password_given;       /* the first user has a password from the command line, */
    const char *given_in;      /* or, if not NULL, from this --password-file */
    bool read_only;
};

void banner_show(const struct banner *banner, struct screen *screen);
/* The same as one log line. Logs must not contain passwords, so it names the file instead. */
void banner_log(const struct banner *banner, struct screen *screen);

#endif
