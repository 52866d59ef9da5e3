#include "client/parse.h"

#include "core/attrs.h"
#include "core/status.h"
#include "sftp/attrs_codec.h"
#include "sftp/protocol.h"

sally_status parse_status(sally_client *c, struct cursor body)
{
    uint32_t code = get_u32(&body);
    if (body.bad)
        return connection_malformed(c, "a status without a code");
    sally_status status = code > INT32_MAX ? SALLY_FAILURE : status_clean((sally_status)code);
    if (!cursor_left(&body)) /* as sent by servers of versions before 3 */
        return status;
    struct slice text = get_string(&body);
    if (body.bad)
        return connection_malformed(c, "a truncated status");
    size_t size = text.size < sizeof c->message - 1 ? text.size : sizeof c->message - 1;
    if (status == SALLY_OK)
        size = 0;
    if (size)
        memcpy(c->message, text.data, size);
    c->message[size] = '\0';
    return status;
}

const char *parse_text(struct slice text, struct arena *a)
{
    char *copy = slice_has_nul(text) ? NULL : arena_alloc(a, text.size + 1);
    if (!copy)
        return NULL;
    if (text.size)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

static void *alloc(void *user_data, size_t size)
{
    return arena_alloc(user_data, size);
}

/* In version 3 the mode includes the type, which the codec does not need in requests. */
static void parse_type(struct cursor in, sally_attrs *out)
{
    uint32_t flags = get_u32(&in);
    if (flags & SSH_FILEXFER_ATTR_SIZE)
        get_u64(&in);
    if (flags & SSH_FILEXFER_ATTR_UIDGID)
        get_u64(&in);
    uint32_t type = attrs_type_of_mode(get_u32(&in));
    if (!(flags & SSH_FILEXFER_ATTR_PERMISSIONS) || in.bad || type == SALLY_TYPE_UNKNOWN)
        return;
    out->type = type;
    out->valid |= SALLY_ATTR_TYPE;
}

sally_status parse_attrs(sally_client *c, struct cursor *body, sally_attrs *out, struct arena *a)
{
    const struct attrs_memory memory = {alloc, a};
    const struct cursor start = *body;
    sally_status status = attrs_get(body, c->version, out, &memory);
    if (status == SALLY_FAILURE)
        return connection_no_memory(c);
    if (status != SALLY_OK)
        return connection_malformed(c, "attributes");
    if (c->version == 3)
        parse_type(start, out);
    return SALLY_OK;
}

sally_status parse_entry(sally_client *c, struct cursor *body, sally_client_entry *out,
                         struct arena *a)
{
    struct slice name = get_string(body), longname = {NULL, 0};
    if (c->version == 3)
        longname = get_string(body);
    if (body->bad || slice_has_nul(name) || slice_has_nul(longname))
        return connection_malformed(c, "a name");
    out->name = parse_text(name, a);
    out->longname = parse_text(longname, a);
    if (!out->name || !out->longname)
        return connection_no_memory(c);
    return parse_attrs(c, body, &out->attrs, a);
}

sally_status parse_end(sally_client *c, struct cursor *body, bool *is_last)
{
    *is_last = c->version >= 6 && cursor_left(body) == 1 && get_bool(body);
    return cursor_done(body) ? SALLY_OK : connection_malformed(c, "unexpected bytes at the end");
}
