/* Creating, setting up and freeing a server. */
#include "server/server.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypto/public_key.h"
#include "os/descriptors.h"
#include "server/conn.h"
#include "server/listener.h"
#include "server/loops.h"

sally_error sally_server_new(sally_server **out)
{
    if (!out)
        return SALLY_E_INVALID;
    *out = NULL;
    sally_server *server = mem_zalloc(sizeof *server);
    if (!server)
        return SALLY_E_NO_MEMORY;
    char why[SETTINGS_WHY_SIZE];
    setting_layer_init(&server->layer, SALLY_SCOPE_SERVER);
    sally_error error = settings_resolve(&server->settings, NULL, NULL, 0, why);
    if (!error)
        error = crypto_new(&server->crypto);
    struct random_source random = crypto_random(server->crypto);
    if (!error && !limits_init(&server->limits, &random))
        error = SALLY_E_CRYPTO;
    bool has_limits = !error;
    if (!error)
        error =
            open_files_watch(&server->hooks); /* first in: its after-hook sees the last answer */
    if (error) {
        if (has_limits)
            limits_clear(&server->limits);
        crypto_unref(server->crypto);
        settings_unref(server->settings);
        mem_free(server);
        return error;
    }
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_t monotonic; /* the clock of loop_now_ns() */
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    thread_texts_init(&server->failures);
    list_init(&server->acceptors);
    list_init(&server->closed_acceptors);
    list_init(&server->lent_listeners);
    list_init(&server->urls);
    list_init(&server->early);
    service_source_init(&server->adopted);
    server_log_init(server);
    limits_set(&server->limits, server->settings, os_descriptor_limit());
    registry_init(&server->registry);
    atomic_init(&server->next_connection_id, 1);
    atomic_init(&server->next_session_id, 1);
    atomic_init(&server->visited_ns, 0);
    server->reserve_fd = -1;
    *out = server;
    return SALLY_E_OK;
}

/* Ends what runs. */
static sally_error stop(sally_server *server)
{
    (void)sally_server_shutdown(server, 0);
    pthread_mutex_lock(&server->lock);
    enum server_state state = server->state;
    pthread_mutex_unlock(&server->lock);
    int going = state == SERVER_PUMPED ? 1 : 0;
    while (going > 0)
        going = sally_server_poll(server, -1);
    return going < 0 ? going : server_join(server, DEADLINE_NONE);
}

static void free_parts(sally_server *server)
{
    struct list *item;
    generated_keys_stop(server);
    while ((item = list_pop_first(&server->early)) != NULL)
        conn_discard(CONTAINER_OF(item, struct conn, link));
    loops_free(server);
    acceptors_free(&server->acceptors);
    acceptors_free(&server->closed_acceptors);
    while ((item = list_pop_first(&server->lent_listeners)) != NULL)
        listener_unref(CONTAINER_OF(item, struct sally_listener, link));
    server_urls_free(server);
    if (server->reserve_fd >= 0)
        close(server->reserve_fd);
    service_source_clear(&server->adopted);
    sally_auth_unref(server->auth);
    keyring_unref(server->keys);
    settings_unref(server->settings);
    setting_layer_clear(&server->layer);
    hook_stack_clear(&server->hooks);
    crypto_unref(server->crypto);
    registry_clear(&server->registry);
    limits_clear(&server->limits);
    server_log_clear(server);
}

sally_error sally_server_free(sally_server *server)
{
    if (!server)
        return SALLY_E_OK;
    if (server_is_here(server))
        return server_fail(server, SALLY_E_BUSY,
                           "sally_server_free() cannot be called from a callback of the server");
    sally_error error = stop(server);
    if (error)
        return error;
    free_parts(server);
    thread_texts_clear(&server->failures);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    mem_free(server);
    return SALLY_E_OK;
}

/* ---- Settings ---- */

struct settings *server_settings(sally_server *server)
{
    pthread_mutex_lock(&server->lock);
    struct settings *settings = settings_ref(server->settings);
    pthread_mutex_unlock(&server->lock);
    return settings;
}

bool server_can_sign(const struct keyring *keys, const struct settings *settings,
                     char why[SETTINGS_WHY_SIZE])
{
    if (keyring_can_sign(keys, settings->ssh.fixed.host_key_algorithms))
        return true;
    size_t used = (size_t)snprintf(why, SETTINGS_WHY_SIZE,
                                   "ssh.host_key_algorithms: no host key can sign by %.512s; add "
                                   "one that can, or choose other algorithms; the keys are of type",
                                   settings->ssh.fixed.host_key_algorithms);
    for (size_t i = 0; i < keys->count && used < SETTINGS_WHY_SIZE; i++)
        used += (size_t)snprintf(why + used, SETTINGS_WHY_SIZE - used, "%s %s", i ? "," : "",
                                 sally_key_type(keys->keys[i]));
    return false;
}

/* The server's settings with this layer, if they are valid. Under the lock. */
static sally_error resolve(sally_server *server, const struct setting_layer *layer,
                           struct settings **out, char why[SETTINGS_WHY_SIZE])
{
    const struct setting_layer *const layers[] = {layer};
    sally_error error = settings_resolve(out, NULL, layers, 1, why);
    if (!error && server->keys && server->state != SERVER_NEW &&
        !server_can_sign(server->keys, *out, why)) {
        error = SALLY_E_RANGE;
    }
    LIST_EACH (item, &server->acceptors) {
        const sally_listener *l = CONTAINER_OF(item, struct acceptor, link)->listener;
        if (!error)
            error = service_source_check(server, &l->service, *out, why);
    }
    if (error) {
        settings_unref(*out);
        *out = NULL;
    }
    return error;
}

/* Under the lock. */
static sally_error change_setting(sally_server *server, const char *name, const char *value,
                                  char why[SETTINGS_WHY_SIZE])
{
    struct setting_layer layer;
    struct settings *changed = NULL;
    if (!setting_layer_copy(&layer, &server->layer)) {
        snprintf(why, SETTINGS_WHY_SIZE, "out of memory");
        return SALLY_E_NO_MEMORY;
    }
    sally_error error = setting_layer_set(&layer, name, value, why);
    if (!error && server->state != SERVER_NEW &&
        !(setting_row_find(name)->pub.scope & SALLY_SCOPE_RUNNING)) {
        snprintf(why, SETTINGS_WHY_SIZE, "%s can only be set before the server starts", name);
        error = SALLY_E_STATE;
    }
    if (!error)
        error = resolve(server, &layer, &changed, why);
    if (error) {
        setting_layer_clear(&layer);
        return error;
    }
    settings_unref(server->settings);
    server->settings = changed;
    setting_layer_clear(&server->layer);
    server->layer = layer;
    server->generation++;
    limits_set(&server->limits, changed, os_descriptor_limit());
    return SALLY_E_OK;
}

static const char no_setting_name[] =
    "the name of the setting is NULL; sally_setting_at() lists them all";

sally_error sally_server_set(sally_server *server, const char *name, const char *value)
{
    if (!server)
        return SALLY_E_INVALID;
    if (!name)
        return server_fail(server, SALLY_E_INVALID, "%s", no_setting_name);
    if (!value)
        return server_fail(server, SALLY_E_INVALID, "%.128s: the value is NULL; give it as text",
                           name);
    char why[SETTINGS_WHY_SIZE];
    pthread_mutex_lock(&server->lock);
    sally_error error = change_setting(server, name, value, why);
    pthread_mutex_unlock(&server->lock);
    return error ? server_fail(server, error, "%s", why) : SALLY_E_OK;
}

sally_error sally_server_get(const sally_server *server, const char *name, char *value, size_t size)
{
    if (!server)
        return SALLY_E_INVALID;
    sally_server *s = (sally_server *)(uintptr_t)server;
    if (!name)
        return server_fail(s, SALLY_E_INVALID, "%s", no_setting_name);
    if (!value && size)
        return server_fail(s, SALLY_E_INVALID, "%.128s: the buffer for the value is NULL", name);
    struct settings *settings = server_settings(s);
    sally_error error = settings_get(settings, name, value, size);
    settings_unref(settings);
    if (error == SALLY_E_NOT_FOUND)
        return server_fail(s, error, "unknown setting \"%.128s\"", name);
    return error ? server_fail(s, error, "%s: the value does not fit into %zu bytes", name, size)
                 : SALLY_E_OK;
}

/* ---- Users ---- */

static const char both_ways[] =
    "use either sally_server_add_user() or sally_server_set_auth(), not both";

sally_error sally_server_set_auth(sally_server *server, sally_auth *auth)
{
    if (!server)
        return SALLY_E_INVALID;
    sally_auth *old = NULL;
    pthread_mutex_lock(&server->lock);
    bool ours = server->auth_is_ours;
    if (!ours) {
        old = server->auth;
        server->auth = auth ? sally_auth_ref(auth) : NULL;
        server->generation++;
    }
    pthread_mutex_unlock(&server->lock);
    sally_auth_unref(old); /* its destroy is the program's: not under the lock */
    return ours ? server_fail(server, SALLY_E_STATE, "%s", both_ways) : SALLY_E_OK;
}

/* The server's own list of users, held for the caller. */
static sally_error own_users(sally_server *server, sally_auth **out)
{
    sally_auth *fresh = NULL;
    sally_error error = sally_auth_users_new(&fresh);
    if (error)
        return error;
    pthread_mutex_lock(&server->lock);
    if (!server->auth) {
        server->auth = sally_auth_ref(fresh);
        server->auth_is_ours = true;
        server->generation++;
    }
    if (server->auth_is_ours)
        *out = sally_auth_ref(server->auth);
    else
        error = SALLY_E_STATE;
    pthread_mutex_unlock(&server->lock);
    sally_auth_unref(fresh);
    return error;
}

static sally_error refuse_user(sally_server *server, sally_error error, const char *name,
                               const char *why)
{
    return server_fail(server, error, "cannot add the user \"%.64s\": %s", name, why);
}

sally_error sally_server_add_user(sally_server *server, const char *name, const char *password,
                                  sally_fs *fs)
{
    if (!server)
        return SALLY_E_INVALID;
    if (!name || !*name)
        return server_fail(server, SALLY_E_INVALID, "cannot add a user without a name");
    if (!fs)
        return refuse_user(server, SALLY_E_INVALID, name, "the storage is NULL");
    sally_auth *users = NULL;
    sally_error error = own_users(server, &users);
    if (error)
        return refuse_user(server, error, name,
                           error == SALLY_E_STATE ? both_ways : sally_strerror(error));
    const sally_user user = {
        .struct_size = sizeof user, .name = name, .password = password, .fs = fs};
    error = sally_auth_users_add(users, &user);
    if (error)
        refuse_user(server, error, name, sally_auth_users_error(users));
    sally_auth_unref(users);
    return error;
}

/* ---- Hooks and keys ---- */

sally_error sally_server_add_hooks(sally_server *server, const sally_hooks *hooks)
{
    if (!server)
        return SALLY_E_INVALID;
    pthread_mutex_lock(&server->lock);
    sally_error error =
        server->state == SERVER_NEW ? hook_stack_add(&server->hooks, hooks) : SALLY_E_STATE;
    pthread_mutex_unlock(&server->lock);
    return error
               ? server_fail(server, error, "cannot add hooks: %s",
                             error == SALLY_E_STATE     ? "the server is already started"
                             : !hooks                   ? "the set of hooks is NULL"
                             : error == SALLY_E_INVALID ? "struct_size is invalid, or members are "
                                                          "set that this version does not support"
                                                        : sally_strerror(error))
               : SALLY_E_OK;
}

struct keyring *server_keys(sally_server *server)
{
    pthread_mutex_lock(&server->lock);
    struct keyring *keys = keyring_ref(server->keys);
    pthread_mutex_unlock(&server->lock);
    return keys;
}

bool server_add_key(sally_server *server, sally_key *key, bool only_new_type)
{
    sally_key *bound;
    if (key_bind(&bound, key, server->crypto) != SALLY_E_OK)
        return false;
    pthread_mutex_lock(&server->lock);
    bool is_wanted = !only_new_type || !keyring_has_type(server->keys, sally_key_type(bound));
    struct keyring *ring = is_wanted ? keyring_with(server->keys, bound) : NULL;
    if (ring) {
        keyring_unref(server->keys);
        server->keys = ring;
        server->generation++;
    }
    pthread_mutex_unlock(&server->lock);
    sally_key_unref(bound);
    return ring || !is_wanted;
}

sally_error sally_server_add_host_key(sally_server *server, sally_key *key)
{
    if (!server)
        return SALLY_E_INVALID;
    if (!key)
        return server_fail(server, SALLY_E_INVALID,
                           "cannot add a host key: it is NULL; load one with sally_key_load() or "
                           "generate one with sally_key_generate()");
    return server_add_key(server, key, false)
               ? SALLY_E_OK
               : server_fail(server, SALLY_E_NO_MEMORY, "cannot add a host key: out of memory");
}

sally_error sally_server_host_key(sally_key **out, const sally_server *server, size_t index)
{
    if (out)
        *out = NULL;
    if (!server)
        return SALLY_E_INVALID;
    sally_server *s = (sally_server *)(uintptr_t)server;
    if (!out)
        return server_fail(s, SALLY_E_INVALID, "cannot return a host key: out is NULL");
    struct keyring *keys = server_keys(s);
    if (keys && index < keys->count)
        *out = sally_key_ref(keys->keys[index]);
    keyring_unref(keys);
    return *out ? SALLY_E_OK
                : server_fail(s, SALLY_E_NOT_FOUND, "no host key has the index %zu", index);
}
