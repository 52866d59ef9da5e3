/* Digests, and extensions that the caller knows. */
#include "client/client_file.h"
#include "client/parse.h"
#include "sftp/protocol.h"

/* Draft-galb-filexfer-extensions-00 section 3. */
static sally_status ask_digests(const struct exchange *x, const char *algorithms, uint64_t offset,
                                uint64_t length, uint32_t block_size, sally_client_digests *out)
{
    sally_client *c = x->c;
    struct cursor body;
    put_text(x->body, algorithms);
    put_u64(x->body, offset);
    put_u64(x->body, length);
    put_u32(x->body, block_size);
    sally_status status = exchange_ask_for(x, SSH_FXP_EXTENDED_REPLY, &body);
    if (status != SALLY_OK)
        return status;
    get_string(&body); /* "check-file" */
    struct slice algorithm = get_string(&body), digests = cursor_rest(&body);
    if (body.bad || slice_has_nul(algorithm))
        return connection_malformed(c, "digests");
    out->algorithm = parse_text(algorithm, &c->texts);
    out->digests = digests.data;
    out->size = digests.size;
    return out->algorithm ? SALLY_OK : connection_no_memory(c);
}

sally_status sally_client_hash(sally_client *c, const char *path, const char *algorithms,
                               uint64_t offset, uint64_t length, uint32_t block_size,
                               sally_client_digests *out)
{
    sally_status status = connection_enter(c, path && algorithms && out);
    if (status != SALLY_OK)
        return status;
    struct exchange x = exchange_begin_extended(c, "check-file-name");
    put_text(x.body, path);
    return connection_leave(c, ask_digests(&x, algorithms, offset, length, block_size, out));
}

sally_status sally_client_fhash(sally_client *c, sally_client_file *file, const char *algorithms,
                                uint64_t offset, uint64_t length, uint32_t block_size,
                                sally_client_digests *out)
{
    sally_status status = client_file_enter(c, file, algorithms && out);
    if (status != SALLY_OK)
        return status;
    struct exchange x = exchange_begin_extended(c, "check-file-handle");
    client_file_put(x.body, file);
    return connection_leave(c, ask_digests(&x, algorithms, offset, length, block_size, out));
}

static sally_status ask(const struct exchange *x, const void **reply, size_t *reply_size)
{
    struct cursor body;
    uint8_t type;
    sally_status status = exchange_ask_either(x, SSH_FXP_EXTENDED_REPLY, &type, &body);
    if (status == SALLY_OK && type == SSH_FXP_EXTENDED_REPLY) {
        struct slice rest = cursor_rest(&body);
        *reply = rest.data ? rest.data : (const void *)"";
        *reply_size = rest.size;
    }
    return status;
}

sally_status sally_client_extended(sally_client *c, const char *name, const void *data, size_t size,
                                   const void **reply, size_t *reply_size)
{
    if (reply && reply_size) {
        *reply = NULL;
        *reply_size = 0;
    }
    sally_status status = connection_enter(c, name && (data || !size) && reply && reply_size);
    if (status != SALLY_OK)
        return status;
    struct exchange x = exchange_begin_extended(c, name);
    put_bytes(x.body, data, size);
    return connection_leave(c, ask(&x, reply, reply_size));
}
