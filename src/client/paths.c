/* Calls about paths. */
#include "client/exchange.h"
#include "client/parse.h"
#include "sftp/attrs_codec.h"
#include "sftp/protocol.h"
#include "sftp/quirks.h"

static sally_status only_path(sally_client *c, uint8_t type, const char *path)
{
    sally_status status = connection_enter(c, path != NULL);
    if (status != SALLY_OK)
        return status;
    struct exchange x = exchange_begin(c, type);
    put_text(x.body, path);
    return connection_leave(c, exchange_ask(&x));
}

sally_status sally_client_rmdir(sally_client *c, const char *path)
{
    return only_path(c, SSH_FXP_RMDIR, path);
}

sally_status sally_client_remove(sally_client *c, const char *path)
{
    return only_path(c, SSH_FXP_REMOVE, path);
}

sally_status sally_client_mkdir(sally_client *c, const char *path, const sally_attrs *attrs)
{
    sally_status status = connection_enter(c, path != NULL);
    if (status != SALLY_OK)
        return status;
    struct exchange x = exchange_begin(c, SSH_FXP_MKDIR);
    put_text(x.body, path);
    if (attrs)
        attrs_put(x.body, c->version, attrs);
    else
        attrs_put_none(x.body, c->version);
    return connection_leave(c, exchange_ask(&x));
}

/* ---- Two paths ---- */

static sally_status two_paths(const struct exchange *x, const char *first, const char *second)
{
    put_text(x->body, first);
    put_text(x->body, second);
    return exchange_ask(x);
}

static sally_status ask_rename(sally_client *c, const char *from, const char *to, uint32_t flags)
{
    struct exchange x;
    if (c->version < 5 && flags & ~(uint32_t)SALLY_RENAME_OVERWRITE)
        return connection_fail(c, SALLY_UNSUPPORTED, "flags that this version does not support");
    if (c->version < 5) {
        x = flags ? exchange_begin_extended(c, "posix-rename@openssh.com")
                  : exchange_begin(c, SSH_FXP_RENAME);
        return two_paths(&x, from, to);
    }
    x = exchange_begin(c, SSH_FXP_RENAME);
    put_text(x.body, from);
    put_text(x.body, to);
    put_u32(x.body, flags);
    return exchange_ask(&x);
}

sally_status sally_client_rename(sally_client *c, const char *from, const char *to, uint32_t flags)
{
    sally_status status = connection_enter(c, from && to);
    return status == SALLY_OK ? connection_leave(c, ask_rename(c, from, to, flags)) : status;
}

/* Version 6: draft-13 section 8.7. */
static sally_status ask_link(sally_client *c, const char *path, const char *target, bool symbolic)
{
    bool reversed = c->quirks & QUIRK_REVERSED_LINK;
    struct exchange x = exchange_begin(c, SSH_FXP_LINK);
    put_text(x.body, reversed ? target : path);
    put_text(x.body, reversed ? path : target);
    put_bool(x.body, symbolic);
    return exchange_ask(&x);
}

/* The paths are in OpenSSH's order, unless the server expects the drafts'. */
static sally_status ask_symlink(sally_client *c, const char *target, const char *path)
{
    if (c->version >= 6)
        return ask_link(c, path, target, true);
    struct exchange x = exchange_begin(c, SSH_FXP_SYMLINK);
    return c->quirks & QUIRK_DRAFT_SYMLINK ? two_paths(&x, path, target)
                                           : two_paths(&x, target, path);
}

sally_status sally_client_symlink(sally_client *c, const char *target, const char *path)
{
    sally_status status = connection_enter(c, target && path);
    return status == SALLY_OK ? connection_leave(c, ask_symlink(c, target, path)) : status;
}

static sally_status ask_hard_link(sally_client *c, const char *existing, const char *path)
{
    if (c->version >= 6)
        return ask_link(c, path, existing, false);
    struct exchange x = exchange_begin_extended(c, "hardlink@openssh.com");
    return two_paths(&x, existing, path);
}

sally_status sally_client_link(sally_client *c, const char *existing, const char *path)
{
    sally_status status = connection_enter(c, existing && path);
    return status == SALLY_OK ? connection_leave(c, ask_hard_link(c, existing, path)) : status;
}

/* ---- Replies with a name ---- */

static sally_status ask_name(const struct exchange *x, const char **out)
{
    sally_client *c = x->c;
    struct cursor body;
    sally_client_entry entry;
    bool is_last;
    sally_status status = exchange_ask_for(x, SSH_FXP_NAME, &body);
    if (status != SALLY_OK)
        return status;
    if (get_u32(&body) != 1)
        return connection_malformed(c, "more or less than one name");
    status = parse_entry(c, &body, &entry, &c->texts);
    if (status == SALLY_OK)
        status = parse_end(c, &body, &is_last);
    if (status == SALLY_OK)
        *out = entry.name;
    return status;
}

sally_status sally_client_readlink(sally_client *c, const char *path, const char **target)
{
    if (target)
        *target = NULL;
    sally_status status = connection_enter(c, path && target);
    if (status != SALLY_OK)
        return status;
    struct exchange x = exchange_begin(c, SSH_FXP_READLINK);
    put_text(x.body, path);
    return connection_leave(c, ask_name(&x, target));
}

static sally_status ask_realpath(sally_client *c, const char *path, uint32_t control,
                                 const char **resolved)
{
    if (control && c->version < 6)
        return connection_fail(c, SALLY_UNSUPPORTED, "only version 6 has a control byte");
    if (control > SALLY_REALPATH_STAT_ALWAYS)
        return connection_fail(c, SALLY_INVALID_PARAMETER, "unknown control byte");
    struct exchange x = exchange_begin(c, SSH_FXP_REALPATH);
    put_text(x.body, path);
    if (control)
        put_u8(x.body, (uint8_t)control);
    return ask_name(&x, resolved);
}

sally_status sally_client_realpath(sally_client *c, const char *path, uint32_t control,
                                   const char **resolved)
{
    if (resolved)
        *resolved = NULL;
    sally_status status = connection_enter(c, path && resolved);
    return status == SALLY_OK ? connection_leave(c, ask_realpath(c, path, control, resolved))
                              : status;
}
