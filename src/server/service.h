/* What a listener offers: a protocol, settings, host keys, and who may log in. Never changes once
 * created: a connection keeps the service that it began with until it ends. */
#ifndef SALLY_SERVER_SERVICE_H
#define SALLY_SERVER_SERVICE_H

#include <stdatomic.h>
#include <stdint.h>

#include "sallyport/auth.h"
#include "sallyport/server.h"
#include "server/keyring.h"
#include "server/protocols.h"
#include "settings/settings.h"

struct service {
    _Atomic uint32_t refs;
    const struct protocol *protocol;
    struct settings *settings; /* held */
    struct keyring *keys;      /* held; NULL: none yet */
    sally_auth *auth;          /* held; NULL: all logins are rejected */
};

/* The options of a listener, or of sockets that the program hands over, and the service made from
 * them, which is replaced when something has changed. Guarded by the server's lock. */
struct service_source {
    struct setting_layer layer; /* on top of the server's; of SALLY_SCOPE_LISTENER */
    sally_auth *auth;           /* held; NULL: the server's */
    const struct protocol *protocol;
    struct service *service; /* held */
    uint64_t generation;     /* of the server when it was made */
};

void service_source_init(struct service_source *source);
void service_source_clear(struct service_source *source);
/* Whether its connections can begin with these settings of the server's; SALLY_E_RANGE and others:
 * `why` says why not. Under the server's lock. */
sally_error service_source_check(sally_server *server, const struct service_source *source,
                                 struct settings *settings, char why[SETTINGS_WHY_SIZE]);
/* The current service, held for the caller; NULL: out of memory, or the settings cannot be used.
 * Takes the server's lock. */
struct service *service_get(sally_server *server, struct service_source *source,
                            const struct protocol *protocol);
/* One that a connection may change before others see it; NULL: out of memory. */
struct service *service_copy(const struct service *service);
struct service *service_ref(struct service *service);
void service_unref(struct service *service); /* NULL is allowed */

#endif
