/* Calls about attributes and free space. */
#include "client/client_file.h"
#include "client/parse.h"
#include "sftp/attrs_codec.h"
#include "sftp/protocol.h"

/* The subject of a request. */
struct subject {
    const char *path;
    const sally_client_file *file; /* NULL: the path */
};

static sally_status enter(sally_client *c, struct subject s, bool by_handle, bool sound)
{
    return by_handle ? client_file_enter(c, s.file, sound) : connection_enter(c, sound && s.path);
}

static void put_subject(struct buf *b, struct subject s)
{
    if (s.file)
        client_file_put(b, s.file);
    else
        put_text(b, s.path);
}

static sally_status ask_attrs(sally_client *c, uint8_t type, struct subject s, sally_attrs *out)
{
    struct cursor body;
    bool is_last;
    struct exchange x = exchange_begin(c, type);
    put_subject(x.body, s);
    if (c->version > 3)
        put_u32(x.body, attrs_known_flags(c->version));
    sally_status status = exchange_ask_for(&x, SSH_FXP_ATTRS, &body);
    if (status == SALLY_OK)
        status = parse_attrs(c, &body, out, &c->texts);
    return status == SALLY_OK ? parse_end(c, &body, &is_last) : status;
}

static sally_status stat_of(sally_client *c, uint8_t type, struct subject s, sally_attrs *out)
{
    sally_status status = enter(c, s, type == SSH_FXP_FSTAT, out != NULL);
    return status == SALLY_OK ? connection_leave(c, ask_attrs(c, type, s, out)) : status;
}

sally_status sally_client_stat(sally_client *c, const char *path, sally_attrs *attrs)
{
    return stat_of(c, SSH_FXP_STAT, (struct subject){.path = path}, attrs);
}

sally_status sally_client_lstat(sally_client *c, const char *path, sally_attrs *attrs)
{
    return stat_of(c, SSH_FXP_LSTAT, (struct subject){.path = path}, attrs);
}

sally_status sally_client_fstat(sally_client *c, sally_client_file *file, sally_attrs *attrs)
{
    return stat_of(c, SSH_FXP_FSTAT, (struct subject){.file = file}, attrs);
}

static sally_status set(sally_client *c, uint8_t type, struct subject s, const sally_attrs *attrs)
{
    sally_status status = enter(c, s, type == SSH_FXP_FSETSTAT, attrs != NULL);
    if (status != SALLY_OK)
        return status;
    struct exchange x = type == SSH_FXP_EXTENDED
                            ? exchange_begin_extended(c, "lsetstat@openssh.com")
                            : exchange_begin(c, type);
    put_subject(x.body, s);
    attrs_put(x.body, c->version, attrs);
    return connection_leave(c, exchange_ask(&x));
}

sally_status sally_client_setstat(sally_client *c, const char *path, const sally_attrs *attrs)
{
    return set(c, SSH_FXP_SETSTAT, (struct subject){.path = path}, attrs);
}

sally_status sally_client_lsetstat(sally_client *c, const char *path, const sally_attrs *attrs)
{
    return set(c, SSH_FXP_EXTENDED, (struct subject){.path = path}, attrs);
}

sally_status sally_client_fsetstat(sally_client *c, sally_client_file *file,
                                   const sally_attrs *attrs)
{
    return set(c, SSH_FXP_FSETSTAT, (struct subject){.file = file}, attrs);
}

/* ---- Free space ---- */

static sally_status ask_statvfs(sally_client *c, const char *name, struct subject s,
                                sally_op_statvfs *out)
{
    struct cursor body;
    struct exchange x = exchange_begin_extended(c, name);
    put_subject(x.body, s);
    sally_status status = exchange_ask_for(&x, SSH_FXP_EXTENDED_REPLY, &body);
    if (status != SALLY_OK)
        return status;
    uint64_t *const fields[] = {
        &out->block_size,  &out->fragment_size,    &out->blocks,
        &out->blocks_free, &out->blocks_available, &out->files,
        &out->files_free,  &out->files_available,  &out->fsid,
        &out->flags,       &out->name_max,
    };
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        *fields[i] = get_u64(&body);
    return cursor_done(&body) ? SALLY_OK : connection_malformed(c, "of statvfs");
}

sally_status sally_client_statvfs(sally_client *c, const char *path, sally_op_statvfs *out)
{
    const struct subject s = {.path = path};
    sally_status status = enter(c, s, false, out != NULL);
    return status == SALLY_OK ? connection_leave(c, ask_statvfs(c, "statvfs@openssh.com", s, out))
                              : status;
}

sally_status sally_client_fstatvfs(sally_client *c, sally_client_file *file, sally_op_statvfs *out)
{
    const struct subject s = {.file = file};
    sally_status status = enter(c, s, true, out != NULL);
    return status == SALLY_OK ? connection_leave(c, ask_statvfs(c, "fstatvfs@openssh.com", s, out))
                              : status;
}
