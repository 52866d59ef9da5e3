#include "server/generated_keys.h"

#include "crypto/private_key.h"
#include "loop/thread.h"
#include "server/server.h"

static sally_error make(sally_server *server, const char *type)
{
    sally_key *key = NULL;
    sally_error error = sally_key_generate(&key, type, 0);
    if (!error)
        error = sally_server_add_host_key(server, key);
    sally_key_unref(key);
    return error;
}

sally_error generated_keys_make(sally_server *server)
{
    struct keyring *keys = server_keys(server);
    keyring_unref(keys);
    if (keys)
        return SALLY_E_OK;
    sally_error error = make(server, "ed25519");
    if (!error)
        error = make(server, "ecdsa-nistp256");
    if (error)
        return error;
    struct settings *settings = server_settings(server);
    keys = server_keys(server);
    bool enough = keyring_can_sign(keys, settings->ssh.fixed.host_key_algorithms);
    keyring_unref(keys);
    settings_unref(settings);
    server->generated_keys.wants_rsa = enough;
    return enough ? SALLY_E_OK : make(server, "rsa");
}

static void *thread_main(void *argument)
{
    sally_server *server = argument;
    sally_key *key = NULL;
    if (key_generate_until(&key, "rsa", 0, &server->generated_keys.is_stopped) == SALLY_E_OK)
        server_add_key(server, key, true); /* the program may have added one meanwhile */
    sally_key_unref(key);
    return NULL;
}

void generated_keys_start(sally_server *server)
{
    struct generated_keys *own = &server->generated_keys;
    pthread_t thread;
    if (!own->wants_rsa)
        return;
    own->has_thread = thread_start(&thread, 0, "sally-keys", thread_main, server);
    if (own->has_thread)
        own->thread = thread;
}

void generated_keys_stop(sally_server *server)
{
    struct generated_keys *own = &server->generated_keys;
    atomic_store(&own->is_stopped, true);
    if (own->has_thread)
        pthread_join(own->thread, NULL);
    own->has_thread = false;
}
