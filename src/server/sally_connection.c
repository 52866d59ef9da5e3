/* A connection as the program sees it (sallyport/connection.h). */
#include "sallyport/connection.h"

#include <string.h>

#include "base/mem.h"
#include "base/sized.h"
#include "crypto/public_key.h"
#include "server/conn.h"
#include "server/conn_commands.h"
#include "server/loops.h"
#include "server/server.h"

static struct conn *conn_of(const sally_connection *connection)
{
    return CONTAINER_OF((sally_connection *)(uintptr_t)connection, struct conn, pub);
}

/* ---- What is known ---- */

uint64_t sally_connection_id(const sally_connection *connection)
{
    return conn_of(connection)->peer.connection_id;
}

const sally_peer *sally_connection_peer(const sally_connection *connection)
{
    return &conn_of(connection)->peer;
}

const char *sally_connection_user(const sally_connection *connection)
{
    struct conn_facts *f = &conn_of(connection)->facts;
    pthread_mutex_lock(&f->lock);
    const char *user = f->user ? f->user : "";
    pthread_mutex_unlock(&f->lock);
    return user;
}

void conn_set_versions(struct conn *c, const char *client, const char *server,
                       const char *client_software)
{
    struct conn_facts *f = &c->facts;
    char *client_copy = mem_strdup(client), *server_copy = mem_strdup(server);
    char *software = mem_strdup(client_software);
    pthread_mutex_lock(&f->lock);
    f->client_version = client_copy;
    f->server_version = server_copy;
    c->client_software = software;
    if (software)
        c->peer.client_software = software;
    pthread_mutex_unlock(&f->lock);
}

void conn_set_agreement(struct conn *c, const sally_connection_facts *agreed)
{
    pthread_mutex_lock(&c->facts.lock);
    c->facts.agreed = *agreed;
    pthread_mutex_unlock(&c->facts.lock);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

sally_error sally_connection_get_facts(const sally_connection *connection,
                                       sally_connection_facts *facts)
{
    struct conn *c = conn_of(connection);
    if (!facts || facts->struct_size < sizeof facts->struct_size)
        return server_fail(c->server, SALLY_E_INVALID, "cannot get information on a connection: %s",
                           facts ? "struct_size is not set" : "the struct is NULL");
    struct conn_facts *f = &c->facts;
    size_t size = facts->struct_size;
    pthread_mutex_lock(&f->lock);
    sally_connection_facts all = f->agreed;
    all.client_version = f->client_version;
    all.server_version = f->server_version;
    pthread_mutex_unlock(&f->lock);
    const char **const texts[] = {&all.client_version, &all.server_version, &all.kex,
                                  &all.host_key,       &all.cipher_in,      &all.cipher_out,
                                  &all.mac_in,         &all.mac_out,        &all.compression_in,
                                  &all.compression_out};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = or_empty(*texts[i]);
    all.struct_size = size;
    sized_fill(facts, size, &all, sizeof all);
    return SALLY_E_OK;
}

/* ---- The program's data ---- */

void sally_connection_set_data(sally_connection *connection, void *data,
                               void (*free_data)(void *data))
{
    struct conn *c = conn_of(connection);
    pthread_mutex_lock(&c->facts.lock);
    sally_connection old = *connection;
    *connection = (sally_connection){data, free_data};
    pthread_mutex_unlock(&c->facts.lock);
    if (old.free_data)
        old.free_data(old.data);
}

void *sally_connection_data(const sally_connection *connection)
{
    struct conn *c = conn_of(connection);
    pthread_mutex_lock(&c->facts.lock);
    void *data = connection->data;
    pthread_mutex_unlock(&c->facts.lock);
    return data;
}

void conn_free_data(struct conn *c)
{
    sally_connection_set_data(&c->pub, NULL, NULL);
}

/* ---- What it begins with: on its loop, inside its hooks ---- */

/* Other threads must not access the rest. */
static bool is_at_home(struct conn *c)
{
    return loop_is_here(&c->loop->loop) && !conn_is_ended(c);
}

static bool may_choose(struct conn *c)
{
    return is_at_home(c) && !c->line;
}

/* Its own copy of the service, to be changed, instead of the one that it shares. */
static struct service *private_service(struct conn *c)
{
    struct service *copy = service_copy(c->service);
    if (!copy)
        return NULL;
    service_unref(c->service);
    c->service = copy;
    return copy;
}

sally_error sally_connection_set_auth(sally_connection *connection, sally_auth *auth)
{
    struct conn *c = conn_of(connection);
    if (!auth)
        return server_fail(c->server, SALLY_E_INVALID,
                           "cannot set a connection's authenticator: it is NULL");
    if (!is_at_home(c) || c->has_asked_login)
        return server_fail(c->server, SALLY_E_STATE,
                           "a connection's authenticator can only be set in its hooks, before its "
                           "first login request");
    struct service *service = private_service(c);
    if (!service)
        return server_fail(c->server, SALLY_E_NO_MEMORY,
                           "cannot set a connection's authenticator: out of memory");
    sally_auth *old = service->auth;
    service->auth = sally_auth_ref(auth);
    sally_auth_unref(old);
    return SALLY_E_OK;
}

static sally_error use_key(struct conn *c, sally_key *key)
{
    sally_key *bound;
    sally_error error = key_bind(&bound, key, c->server->crypto);
    if (error)
        return error;
    struct keyring *ring = keyring_with(c->has_own_keys ? c->service->keys : NULL, bound);
    sally_key_unref(bound);
    struct service *service = ring ? private_service(c) : NULL;
    if (!service) {
        keyring_unref(ring);
        return SALLY_E_NO_MEMORY;
    }
    keyring_unref(service->keys);
    service->keys = ring;
    c->has_own_keys = true;
    return SALLY_E_OK;
}

sally_error sally_connection_add_host_key(sally_connection *connection, sally_key *key)
{
    struct conn *c = conn_of(connection);
    if (!key)
        return server_fail(c->server, SALLY_E_INVALID,
                           "cannot add a connection's host key: it is NULL");
    if (!may_choose(c))
        return server_fail(c->server, SALLY_E_STATE,
                           "a connection's host keys can only be added in its hooks "
                           "connection_requested and connected");
    sally_error error = use_key(c, key);
    return error ? server_fail(c->server, error, "cannot add a connection's host key: %s",
                               sally_strerror(error))
                 : SALLY_E_OK;
}

/* ---- Orders ---- */

/* A program that has the pointer knows that the connection existed. */
static sally_error command(struct conn *c, enum conn_command kind, const char *name,
                           const char *value, uint32_t permissions)
{
    sally_error error =
        conn_command_send(c->server, c->peer.connection_id, kind, name, value, permissions);
    return error == SALLY_E_NOT_FOUND
               ? server_fail(c->server, SALLY_E_CLOSED, "the connection has ended")
               : error;
}

sally_error sally_connection_set(sally_connection *connection, const char *name, const char *value)
{
    struct conn *c = conn_of(connection);
    char why[SETTINGS_WHY_SIZE];
    if (!name || !value)
        return server_fail(c->server, SALLY_E_INVALID,
                           "cannot set a connection's setting: its name or value is NULL");
    if (may_choose(c)) {
        sally_error error = conn_set(c, name, value, why);
        return error ? server_fail(c->server, error, "%s", why) : SALLY_E_OK;
    }
    sally_error error = setting_check(SALLY_SCOPE_CONNECTION, name, value, why);
    if (error)
        return server_fail(c->server, error, "%s", why);
    return command(c, CONN_COMMAND_SET, name, value, 0);
}

sally_error sally_connection_set_permissions(sally_connection *connection, uint32_t permissions)
{
    return command(conn_of(connection), CONN_COMMAND_PERMIT, NULL, NULL, permissions);
}

sally_error sally_connection_disconnect(sally_connection *connection, const char *text)
{
    return command(conn_of(connection), CONN_COMMAND_DISCONNECT, NULL, text ? text : "disconnected",
                   0);
}

sally_error sally_connection_rekey(sally_connection *connection)
{
    return command(conn_of(connection), CONN_COMMAND_REKEY, NULL, NULL, 0);
}
