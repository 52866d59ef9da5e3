#include "client/client_file.h"

#include "sftp/attrs_codec.h"
#include "sftp/open_flags.h"
#include "sftp/protocol.h"

sally_status client_file_enter(sally_client *c, const sally_client_file *file, bool sound)
{
    sally_status status = connection_enter(c, sound);
    if (status != SALLY_OK || (file && file->client == c))
        return status;
    return connection_leave(c,
                            connection_fail(c, SALLY_INVALID_HANDLE, "not a file of this client"));
}

void client_file_put(struct buf *b, const sally_client_file *file)
{
    put_string(b, file->handle, file->handle_size);
}

void client_file_free(sally_client_file *file)
{
    list_remove(&file->link);
    buf_clear(&file->names);
    arena_clear(&file->texts);
    mem_free(file);
}

/* Created first, so that no handle is lost if memory runs out. */
sally_status client_file_from(const struct exchange *x, sally_client_file **out)
{
    sally_client *c = x->c;
    struct cursor body;
    sally_client_file *file = mem_zalloc(sizeof *file);
    if (!file) {
        x->body->failed = true; /* the request is dropped */
    } else {
        list_init(&file->link);
        file->client = c;
    }
    sally_status status = exchange_ask_for(x, SSH_FXP_HANDLE, &body);
    if (status == SALLY_OK) {
        struct slice handle = get_string(&body);
        if (!cursor_done(&body) || handle.size > MAX_HANDLE)
            status = connection_malformed(c, "a handle");
        else if (handle.size)
            memcpy(file->handle, handle.data, handle.size);
        file->handle_size = handle.size;
    }
    if (status == SALLY_OK) {
        list_append(&c->files, &file->link);
        *out = file;
    } else if (file) {
        client_file_free(file);
    }
    return status;
}

/* Requests exactly the rights that the flags imply, so they must be granted. */
static uint32_t access_of(uint32_t flags)
{
    uint32_t access = 0;
    if (flags & SALLY_OPEN_READ)
        access |= ACE4_READ_DATA;
    if (flags & SALLY_OPEN_WRITE)
        access |= ACE4_WRITE_DATA;
    if (flags & SALLY_OPEN_APPEND)
        access |= ACE4_APPEND_DATA;
    return access;
}

/* Versions 3 and 4 use the same values as the API. */
static uint32_t known_in(uint32_t version)
{
    uint32_t known = SSH_FXF_READ | SSH_FXF_WRITE | SSH_FXF_APPEND | SSH_FXF_CREAT | SSH_FXF_TRUNC |
                     SSH_FXF_EXCL;
    return version >= 4 ? known | SSH_FXF_TEXT : known;
}

sally_status client_file_open(sally_client *c, const char *path, uint32_t flags,
                              const sally_attrs *attrs, sally_client_file **out)
{
    uint32_t wire, left = flags & ~(uint32_t)(SALLY_OPEN_READ | SALLY_OPEN_WRITE);
    if (c->version >= 5) {
        wire = open_flags_to_wire(c->version, &left);
    } else {
        wire = flags;
        left = flags & ~known_in(c->version);
    }
    if (left)
        return connection_fail(c, SALLY_UNSUPPORTED, "flags that this version does not support");
    struct exchange x = exchange_begin(c, SSH_FXP_OPEN);
    put_text(x.body, path);
    if (c->version >= 5)
        put_u32(x.body, access_of(flags));
    put_u32(x.body, wire);
    if (attrs)
        attrs_put(x.body, c->version, attrs);
    else
        attrs_put_none(x.body, c->version);
    return client_file_from(&x, out);
}

sally_status client_file_close(sally_client *c, sally_client_file *file)
{
    struct exchange x = exchange_begin(c, SSH_FXP_CLOSE);
    client_file_put(x.body, file);
    client_file_free(file);
    return exchange_ask(&x);
}
