/* The host keys of a server that starts without any: ed25519, ECDSA and RSA, as OpenSSH makes them,
 * for as long as it lives. */
#ifndef SALLY_SERVER_OWN_KEYS_H
#define SALLY_SERVER_OWN_KEYS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "sallyport/server.h"

struct own_keys {
    bool wants_rsa; /* to be made once the server runs */
    bool has_thread;
    pthread_t thread;
    atomic_bool is_stopped;
};

/* Before the start: what a moment is enough for, when there is no key. */
sally_error own_keys_make(sally_server *server);
/* Begins to make an RSA key, which takes up to some seconds, in a thread that ends by itself.
 * Clients that come before it is made are offered the others. */
void own_keys_start(sally_server *server);
/* Breaks that off. */
void own_keys_stop(sally_server *server);

#endif
