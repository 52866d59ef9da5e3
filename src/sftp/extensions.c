#include "sftp/extensions.h"

#include "sftp/protocol.h"
#include "sftp/request_lists.h"
#include "sftp/requests_storage.h"

static const struct extension {
    enum request_id id;
    const char *name;    /* on the wire */
    const char *version; /* in the pair that announces it; NULL: announced by announce.c */
    uint32_t kind;       /* announced if the storage supports this; 0: always */
    uint32_t needs;      /* and the session may do this: SALLY_MAY_ bits */
    handle_fn *handle;
} extensions[] = {
#define ROW(id, on_wire, name, version, kind, needs, handle)                                       \
    {REQUEST_##id, on_wire, version, kind, needs, handle},
    EXTENSION_MAP(ROW)
#undef ROW
};

static bool is_usable(const struct sftp *s, const struct extension *e)
{
    const sally_fs *fs = sally_session_fs(s->session);
    if (e->id == REQUEST_TRANSLATION && !s->options.settings.filename_charset)
        return false;
    return !request_is_denied(s, e->id) && (!e->kind || sally_fs_supports(fs, e->kind)) &&
           !(e->needs & ~sally_session_permissions(s->session));
}

void extensions_announce(const struct sftp *s, const sally_op_session *start, struct buf *out)
{
    for (size_t i = 0; i < COUNT_OF(extensions); i++) {
        if (!extensions[i].version || !is_usable(s, &extensions[i]))
            continue;
        put_text(out, extensions[i].name);
        put_text(out, extensions[i].version);
    }
    for (size_t i = 0; i < start->server_count; i++) {
        const sally_pair *pair = &start->server[i];
        if (!storage_put_names(s, pair->name, NULL))
            continue;
        put_text(out, pair->name);
        put_string(out, pair->data, pair->size);
    }
}

uint32_t extensions_put_names(const struct sftp *s, const sally_op_session *start, struct buf *out)
{
    uint32_t count = 0;
    for (size_t i = 0; i < COUNT_OF(extensions); i++) {
        if (!is_usable(s, &extensions[i]))
            continue;
        count++;
        if (out)
            put_text(out, extensions[i].name);
    }
    for (size_t i = 0; i < start->server_count; i++)
        count += storage_put_names(s, start->server[i].name, out);
    return count;
}

sally_status handle_extended(struct sftp *s, struct request_in *in)
{
    struct slice name = get_string(&in->body);
    if (in->body.bad)
        return SALLY_BAD_MESSAGE;
    for (size_t i = 0; i < COUNT_OF(extensions); i++) {
        const struct extension *e = &extensions[i];
        if (!slice_is(name, e->name))
            continue;
        if (!request_is_denied(s, e->id))
            return e->handle(s, in);
        if (e->id == REQUEST_VERSION_SELECT) /* draft-13 section 5.5: nothing may follow */
            engine_break(s, "version-select was not offered");
        return SALLY_PERMISSION_DENIED;
    }
    return storage_extended(s, in, name);
}
