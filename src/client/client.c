/* Creating and freeing a client. */
#include "client/client.h"

#include "base/sized.h"
#include "client/client_file.h"
#include "client/engine_transport.h"
#include "client/hello.h"
#include "sftp/protocol.h"
#include "sftp/quirks.h"
#include "sftp/sftp.h"

/* Defaults, and limits of options. */
#define TIMEOUT_MS   60000u
#define PARALLEL     16u
#define MAX_PARALLEL 1024u
#define BLOCK_SIZE   (32u * 1024)
#define MAX_BLOCK    (255u * 1024)
#define MAX_GET      (UINT64_C(1) << 30)
#define MAX_PACKET   (257u * 1024) /* sally_sftp_options.max_packet */

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static sally_error apply_options(sally_client *c, const sally_client_options *o)
{
    c->version = or_default(o->version, SFTP_LAST_VERSION);
    c->timeout_ms = or_default(o->timeout_ms, TIMEOUT_MS);
    c->parallel = or_default(o->parallel, PARALLEL);
    c->block_size = or_default(o->block_size, BLOCK_SIZE);
    c->max_get = o->max_get ? o->max_get : MAX_GET;
    bool in_range = c->version >= SFTP_FIRST_VERSION && c->version <= SFTP_LAST_VERSION &&
                    c->parallel <= MAX_PARALLEL && c->block_size <= MAX_BLOCK &&
                    c->max_get < SIZE_MAX;
    return in_range ? SALLY_E_OK : SALLY_E_RANGE;
}

/* Messages for failures that the server does not explain. */
static void copy_server_options(sally_client *c, const sally_sftp_options *server)
{
    const sally_peer *peer = server ? server->peer : NULL;
    c->max_packet = or_default(server ? server->max_packet : 0, MAX_PACKET);
    c->max_data = c->max_packet > SFTP_WRITE_OVERHEAD
                      ? least(c->max_packet - SFTP_WRITE_OVERHEAD, MAX_BLOCK)
                      : 1;
    c->block_size = least(c->block_size, c->max_data);
    c->quirks = quirks_of(peer && peer->client_software ? peer->client_software : "");
}

sally_error client_make(sally_client **out, const sally_client_options *options)
{
    sally_client_options o = {.struct_size = sizeof o};
    sally_sftp_options server = {.struct_size = sizeof server};
    if (options && !sized_copy(&o, sizeof o, options, options->struct_size,
                               offsetof(sally_client_options, server) + sizeof o.server))
        return SALLY_E_INVALID;
    if (o.server && !sized_copy(&server, sizeof server, o.server, o.server->struct_size,
                                offsetof(sally_sftp_options, user)))
        return SALLY_E_INVALID;
    sally_client *c = mem_zalloc(sizeof *c);
    if (!c)
        return SALLY_E_NO_MEMORY;
    sally_error error = apply_options(c, &o);
    if (!error && !connection_init(c))
        error = SALLY_E_NO_MEMORY;
    if (error) {
        mem_free(c);
        return error;
    }
    copy_server_options(c, &server);
    *out = c;
    return SALLY_E_OK;
}

sally_error client_greet(sally_client *c)
{
    return connection_enter(c, true) == SALLY_OK ? hello(c) : SALLY_E_CLOSED;
}

sally_error sally_client_new(sally_client **out, sally_fs *fs, const sally_client_options *options)
{
    sally_client *c;
    if (!out)
        return SALLY_E_INVALID;
    *out = NULL;
    if (!fs)
        return SALLY_E_INVALID;
    sally_error error = client_make(&c, options);
    if (error)
        return error;
    error = engine_transport_new(&c->transport, fs, options ? options->server : NULL, &c->waker);
    if (!error) {
        error = client_greet(c);
        connection_leave(c, SALLY_OK);
    }
    if (error) {
        sally_client_free(c);
        return error;
    }
    *out = c;
    return SALLY_E_OK;
}

void sally_client_cut(sally_client *c)
{
    if (c)
        connection_cut(c);
}

void sally_client_cut_after(sally_client *c, uint64_t bytes)
{
    if (c)
        c->allowance = bytes;
}

/* From here on, the server's output is read and discarded, so that the server can continue. */
sally_status sally_client_disconnect(sally_client *c)
{
    sally_status status = connection_enter(c, true);
    if (status != SALLY_OK)
        return status;
    uint64_t deadline = connection_deadline(c);
    while (status == SALLY_OK && c->transport && !c->accepts_no_more && c->out.size)
        status = connection_step(c, deadline);
    if (c->transport)
        c->transport->methods->end(c->transport);
    c->ending = true;
    while (status == SALLY_OK && c->transport && !c->transport->methods->is_done(c->transport))
        status = connection_step(c, deadline);
    connection_lose(c, SALLY_NO_CONNECTION);
    return connection_leave(c, status);
}

void sally_client_free(sally_client *c)
{
    if (!c)
        return;
    LIST_EACH (item, &c->files) {
        client_file_free(CONTAINER_OF(item, sally_client_file, link));
    }
    connection_clear(c);
    mem_free(c);
}

const char *sally_client_message(const sally_client *c)
{
    return c ? c->message : "";
}

uint32_t sally_client_version(const sally_client *c)
{
    return c ? c->version : 0;
}

const sally_pair *sally_client_extension(const sally_client *c, const char *name)
{
    for (size_t i = 0; c && name && i < c->pair_count; i++)
        if (strcmp(c->pairs[i].name, name) == 0)
            return &c->pairs[i];
    return NULL;
}

sally_session *sally_client_session(sally_client *c)
{
    return c && c->transport ? c->transport->methods->session(c->transport) : NULL;
}
