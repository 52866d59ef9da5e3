/* Calls about open files; those that read and write are in transfer.c. */
#include "client/client_file.h"
#include "sftp/open_flags.h"
#include "sftp/protocol.h"

sally_status sally_client_open(sally_client *c, const char *path, uint32_t flags,
                               const sally_attrs *attrs, sally_client_file **file)
{
    if (file)
        *file = NULL;
    sally_status status = connection_enter(c, path && file);
    return status == SALLY_OK ? connection_leave(c, client_file_open(c, path, flags, attrs, file))
                              : status;
}

sally_status sally_client_close(sally_client *c, sally_client_file *file)
{
    sally_status status = client_file_enter(c, file, true);
    if (status == SALLY_OK)
        return connection_leave(c, client_file_close(c, file));
    if (status == SALLY_NO_CONNECTION && file)
        client_file_free(file);
    return status;
}

sally_status sally_client_fsync(sally_client *c, sally_client_file *file)
{
    sally_status status = client_file_enter(c, file, true);
    if (status != SALLY_OK)
        return status;
    struct exchange x = exchange_begin_extended(c, "fsync@openssh.com");
    client_file_put(x.body, file);
    return connection_leave(c, exchange_ask(&x));
}

sally_status sally_client_copy(sally_client *c, sally_client_file *from, uint64_t from_offset,
                               uint64_t length, sally_client_file *to, uint64_t to_offset)
{
    sally_status status = client_file_enter(c, to && to->client == c ? from : NULL, true);
    if (status != SALLY_OK)
        return status;
    struct exchange x = exchange_begin_extended(c, "copy-data");
    client_file_put(x.body, from);
    put_u64(x.body, from_offset);
    put_u64(x.body, length);
    client_file_put(x.body, to);
    put_u64(x.body, to_offset);
    return connection_leave(c, exchange_ask(&x));
}

static sally_status only_in_6(sally_client *c)
{
    return connection_fail(c, SALLY_UNSUPPORTED, "only version 6 has locks");
}

static sally_status lock(sally_client *c, const sally_client_file *file, uint64_t offset,
                         uint64_t length, uint32_t flags)
{
    uint32_t wire = open_flags_to_wire(c->version, &flags);
    if (c->version < 6)
        return only_in_6(c);
    if (flags)
        return connection_fail(c, SALLY_UNSUPPORTED, "flags that locks do not support");
    struct exchange x = exchange_begin(c, SSH_FXP_BLOCK);
    client_file_put(x.body, file);
    put_u64(x.body, offset);
    put_u64(x.body, length);
    put_u32(x.body, wire & ~SSH_FXF_ACCESS_DISPOSITION);
    return exchange_ask(&x);
}

static sally_status unlock(sally_client *c, const sally_client_file *file, uint64_t offset,
                           uint64_t length)
{
    if (c->version < 6)
        return only_in_6(c);
    struct exchange x = exchange_begin(c, SSH_FXP_UNBLOCK);
    client_file_put(x.body, file);
    put_u64(x.body, offset);
    put_u64(x.body, length);
    return exchange_ask(&x);
}

sally_status sally_client_lock(sally_client *c, sally_client_file *file, uint64_t offset,
                               uint64_t length, uint32_t flags)
{
    sally_status status = client_file_enter(c, file, true);
    return status == SALLY_OK ? connection_leave(c, lock(c, file, offset, length, flags)) : status;
}

sally_status sally_client_unlock(sally_client *c, sally_client_file *file, uint64_t offset,
                                 uint64_t length)
{
    sally_status status = client_file_enter(c, file, true);
    return status == SALLY_OK ? connection_leave(c, unlock(c, file, offset, length)) : status;
}

const void *sally_client_handle(const sally_client_file *file, size_t *size)
{
    if (size)
        *size = file ? file->handle_size : 0;
    return file ? file->handle : NULL;
}
