/* An authenticator inside the library. */
#ifndef SALLY_AUTH_AUTHENTICATOR_H
#define SALLY_AUTH_AUTHENTICATOR_H

#include <stdatomic.h>

#include "sallyport/auth.h"

struct sally_auth {
    atomic_uint refs;
    sally_auth_methods methods;
    void *user_data;
    /* Whether this request is answered without waiting for anything, and in little time: then no
     * worker is needed. Must not depend on the user, since the time of the answer would reveal it.
     * NULL: what the methods do is not known. */
    bool (*is_quick)(const sally_auth *auth, const sally_auth_request *request);
    bool is_chain; /* what it offers, its parts are asked about when they are asked */
};

/* See is_quick. An authenticator without "none" need not be asked about it. */
bool auth_is_quick(const sally_auth *auth, const sally_auth_request *request);

#endif
