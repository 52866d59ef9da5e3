#include "server/service.h"

#include "base/mem.h"
#include "server/server.h"

/* Under the server's lock. */
static struct service *service_new(sally_server *server, const struct protocol *protocol)
{
    struct service *service = mem_zalloc(sizeof *service);
    if (!service)
        return NULL;
    atomic_init(&service->refs, 1);
    service->protocol = protocol;
    service->settings = settings_ref(server->settings);
    service->keys = keyring_ref(server->keys);
    service->auth = server->auth ? sally_auth_ref(server->auth) : NULL;
    return service;
}

struct service *service_get(sally_server *server, struct service_slot *slot,
                            const struct protocol *protocol)
{
    struct service *old = NULL, *result = NULL;
    pthread_mutex_lock(&server->lock);
    if (!slot->service || slot->generation != server->generation || slot->protocol != protocol) {
        old = slot->service;
        slot->service = service_new(server, protocol);
        slot->protocol = protocol;
        slot->generation = server->generation;
    }
    if (slot->service)
        result = service_ref(slot->service);
    pthread_mutex_unlock(&server->lock);
    service_unref(old); /* its authenticator's destroy is the program's: not under the lock */
    return result;
}

void service_slot_clear(struct service_slot *slot)
{
    service_unref(slot->service);
    *slot = (struct service_slot){NULL, NULL, 0};
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
