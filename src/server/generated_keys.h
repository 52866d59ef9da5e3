/* The host keys of a server that starts without any: ed25519, ECDSA and RSA, as OpenSSH generates
 * them, for its lifetime. */
#ifndef SALLY_SERVER_GENERATED_KEYS_H
#define SALLY_SERVER_GENERATED_KEYS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "sallyport/server.h"

struct generated_keys {
    bool wants_rsa; /* to be made once the server runs */
    bool has_thread;
    pthread_t thread;
    atomic_bool is_stopped;
};

/* Before the start: generates the keys that only take a moment, if there is no key. */
sally_error generated_keys_make(sally_server *server);
/* Starts generating an RSA key, which takes up to a few seconds, in a thread that ends by itself.
 * Until then, clients are offered the others. */
void generated_keys_start(sally_server *server);
/* Aborts this. */
void generated_keys_stop(sally_server *server);

#endif
