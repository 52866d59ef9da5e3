#include "server/service.h"

#include "base/mem.h"
#include "server/proxy_peers.h"
#include "server/server.h"

static struct settings *resolve(sally_server *server, const struct setting_layer *layer)
{
    const struct setting_layer *const layers[] = {layer};
    struct settings *settings = NULL;
    char why[SETTINGS_WHY_SIZE];
    if (!layer->first)
        return settings_ref(server->settings);
    (void)settings_resolve(&settings, server->settings, layers, COUNT_OF(layers), why);
    return settings;
}

/* Under the server's lock. */
static struct service *service_new(sally_server *server, const struct service_source *source)
{
    struct service *service = mem_zalloc(sizeof *service);
    struct settings *settings = service ? resolve(server, &source->layer) : NULL;
    if (!settings) {
        mem_free(service);
        return NULL;
    }
    atomic_init(&service->refs, 1);
    service->protocol = source->protocol;
    service->settings = settings;
    service->keys = keyring_ref(server->keys);
    sally_auth *auth = source->auth ? source->auth : server->auth;
    service->auth = auth ? sally_auth_ref(auth) : NULL;
    return service;
}

void service_source_init(struct service_source *source)
{
    *source = (struct service_source){.service = NULL};
    setting_layer_init(&source->layer, SALLY_SCOPE_LISTENER);
}

void service_source_clear(struct service_source *source)
{
    setting_layer_clear(&source->layer);
    service_unref(source->service);
    source->service = NULL;
    sally_auth_unref(source->auth);
    source->auth = NULL;
}

sally_error service_source_check(sally_server *server, const struct service_source *source,
                                 struct settings *settings, char why[SETTINGS_WHY_SIZE])
{
    const struct setting_layer *const layers[] = {&source->layer};
    struct settings *resolved;
    sally_error error = settings_resolve(&resolved, settings, layers, COUNT_OF(layers), why);
    if (error)
        return error;
    error = proxy_check(resolved, why);
    bool is_bound = server->keys && server->state != SERVER_NEW;
    if (!error && is_bound && !server_can_sign(server->keys, resolved, why))
        error = SALLY_E_RANGE;
    settings_unref(resolved);
    return error;
}

struct service *service_get(sally_server *server, struct service_source *source,
                            const struct protocol *protocol)
{
    struct service *old = NULL, *result = NULL;
    pthread_mutex_lock(&server->lock);
    if (!source->service || source->generation != server->generation ||
        source->protocol != protocol) {
        old = source->service;
        source->protocol = protocol;
        source->generation = server->generation;
        source->service = service_new(server, source);
    }
    if (source->service)
        result = service_ref(source->service);
    pthread_mutex_unlock(&server->lock);
    service_unref(old); /* its authenticator's destroy is the program's: not under the lock */
    return result;
}

struct service *service_copy(const struct service *service)
{
    struct service *copy = mem_zalloc(sizeof *copy);
    if (!copy)
        return NULL;
    atomic_init(&copy->refs, 1);
    copy->protocol = service->protocol;
    copy->settings = settings_ref(service->settings);
    copy->keys = keyring_ref(service->keys);
    copy->auth = service->auth ? sally_auth_ref(service->auth) : NULL;
    return copy;
}

struct service *service_ref(struct service *service)
{
    atomic_fetch_add_explicit(&service->refs, 1, memory_order_relaxed);
    return service;
}

void service_unref(struct service *service)
{
    if (!service || atomic_fetch_sub_explicit(&service->refs, 1, memory_order_acq_rel) != 1)
        return;
    settings_unref(service->settings);
    keyring_unref(service->keys);
    sally_auth_unref(service->auth);
    mem_free(service);
}
