/* The public calls about listeners. */
#include "server/listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sized.h"
#include "server/loops.h"
#include "server/server.h"

/* sd_listen_fds(3) */
#define SYSTEMD_FIRST_FD 3
#define SYSTEMD_MAX_FDS  1000

/* ---- Life ---- */

sally_listener *listener_ref(sally_listener *l)
{
    atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
    return l;
}

void listener_unref(sally_listener *l)
{
    if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
        return;
    service_source_clear(&l->service);
    mem_free(l);
}

static sally_listener *listener_new(sally_server *server, const struct protocol *protocol)
{
    sally_listener *l = mem_zalloc(sizeof *l);
    if (!l)
        return NULL;
    atomic_init(&l->refs, 1);
    list_init(&l->link);
    l->server = server;
    l->protocol = protocol;
    service_source_init(&l->service);
    return l;
}

/* ---- Opening ---- */

static sally_error set_layer(struct setting_layer *layer, const sally_listener_options *o,
                             char why[SETTINGS_WHY_SIZE])
{
    for (size_t i = 0; i < o->setting_count; i++) {
        const sally_setting_value *s = &o->settings[i];
        if (!s->name || !s->value) {
            snprintf(why, SETTINGS_WHY_SIZE, "the name or the value of a setting is NULL");
            return SALLY_E_INVALID;
        }
        sally_error error = setting_layer_set(layer, s->name, s->value, why);
        if (error)
            return error;
    }
    return SALLY_E_OK;
}

static sally_error refuse(sally_server *server, sally_error error, const char *url, const char *why)
{
    return server_fail(server, error, "cannot listen on \"%.256s\": %s", url, why);
}

static sally_error open_listener(sally_server *server, const sally_listener_options *o,
                                 sally_listener **out)
{
    struct listener_url url;
    char why[SETTINGS_WHY_SIZE];
    _Static_assert(LISTENER_WHY_SIZE <= SETTINGS_WHY_SIZE, "one buffer for both");
    sally_error error = listener_url_parse(&url, o->url, why);
    if (error)
        return refuse(server, error, o->url, why);
    sally_listener *l = listener_new(server, url.protocol);
    if (!l)
        return refuse(server, SALLY_E_NO_MEMORY, o->url, "out of memory");
    l->service.auth = o->auth ? sally_auth_ref(o->auth) : NULL;
    error = set_layer(&l->service.layer, o, why);
    if (error)
        (void)refuse(server, error, o->url, why);
    else
        error = listener_open(l, &url, o->url);
    if (error) {
        listener_unref(l);
        return error;
    }
    *out = l;
    return SALLY_E_OK;
}

static void lend(sally_listener *l)
{
    pthread_mutex_lock(&l->server->lock);
    list_append(&l->server->lent_listeners, &l->link);
    pthread_mutex_unlock(&l->server->lock);
}

sally_error sally_server_listen(sally_server *server, const sally_listener_options *options,
                                sally_listener **out)
{
    sally_listener_options o;
    sally_listener *l;
    if (out)
        *out = NULL;
    if (!server)
        return SALLY_E_INVALID;
    if (!options || !sized_copy(&o, sizeof o, options, options->struct_size,
                                offsetof(sally_listener_options, auth)))
        return server_fail(server, SALLY_E_INVALID,
                           "cannot listen: the options are NULL, struct_size is invalid, or "
                           "members are set that this version does not support");
    if (!o.url)
        return server_fail(server, SALLY_E_INVALID,
                           "cannot listen: the URL is NULL; give one such as sftp://:2222");
    if (o.setting_count && !o.settings)
        return refuse(server, SALLY_E_INVALID, o.url, "the settings are NULL");
    sally_error error = open_listener(server, &o, &l);
    if (error)
        return error;
    if (out) {
        lend(l);
        *out = l;
    } else {
        listener_unref(l);
    }
    return SALLY_E_OK;
}

static sally_error add(sally_server *server, const char *url)
{
    const sally_listener_options options = {.struct_size = sizeof options, .url = url};
    return sally_server_listen(server, &options, NULL);
}

sally_error sally_server_add_listener(sally_server *server, const char *url)
{
    return add(server, url);
}

/* A whole number from the environment; -1: not there, or none. */
static long number_in_environment(const char *name)
{
    const char *text = getenv(name);
    char *end;
    if (!text || *text < '0' || *text > '9')
        return -1;
    errno = 0;
    long number = strtol(text, &end, 10);
    return *end == '\0' && errno == 0 ? number : -1;
}

sally_error sally_server_add_systemd_listeners(sally_server *server)
{
    if (!server)
        return SALLY_E_INVALID;
    long count = number_in_environment("LISTEN_FDS");
    if (number_in_environment("LISTEN_PID") != (long)getpid() || count <= 0)
        return 0;
    if (count > SYSTEMD_MAX_FDS)
        return server_fail(server, SALLY_E_RANGE,
                           "LISTEN_FDS is %ld: at most %d sockets are supported", count,
                           SYSTEMD_MAX_FDS);
    for (int i = 0; i < (int)count; i++) {
        char url[32];
        snprintf(url, sizeof url, "sftp+fd://%d", SYSTEMD_FIRST_FD + i);
        sally_error error = add(server, url);
        if (error)
            return error;
    }
    return (sally_error)count;
}

/* ---- Queries ---- */

const char *sally_server_listener(const sally_server *server, size_t index)
{
    if (!server)
        return NULL;
    sally_server *s = (sally_server *)(uintptr_t)server;
    const char *url = NULL;
    pthread_mutex_lock(&s->lock);
    size_t i = 0;
    LIST_EACH (item, &s->acceptors)
        if (i++ == index)
            url = CONTAINER_OF(item, struct acceptor, link)->url;
    pthread_mutex_unlock(&s->lock);
    return url;
}

const char *sally_listener_url(const sally_listener *listener, size_t index)
{
    return listener && index < listener->url_count ? listener->urls[index] : NULL;
}

uint16_t sally_listener_port(const sally_listener *listener)
{
    return listener ? listener->port : 0;
}

/* ---- Closing ---- */

void sally_listener_close(sally_listener *listener)
{
    struct list dead;
    if (!listener)
        return;
    list_init(&dead);
    pthread_mutex_lock(&listener->server->lock);
    list_remove(&listener->link);
    acceptors_close(listener->server, listener, &dead);
    pthread_mutex_unlock(&listener->server->lock);
    acceptors_free(&dead);
    listener_unref(listener);
}

sally_error sally_server_stop_listening(sally_server *server)
{
    struct list dead;
    if (!server)
        return SALLY_E_INVALID;
    list_init(&dead);
    pthread_mutex_lock(&server->lock);
    acceptors_close(server, NULL, &dead);
    pthread_mutex_unlock(&server->lock);
    acceptors_free(&dead);
    return SALLY_E_OK;
}
