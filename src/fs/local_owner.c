/* Owners and groups: their names, and how they change. */
#include <errno.h>

#include "fs/local.h"
#include "os/file.h"
#include "sallyport/storages.h"

/* Most users of a confined storage have no account on this machine. */
struct id_names *local_names(struct local *local)
{
    bool all = !local->where.confined || (local->shared->flags & SALLY_LOCAL_HOST_NAMES);
    return all ? &local->shared->all_names : &local->shared->own_names;
}

sally_status local_add_names(struct local *local, sally_op *op, const struct os_stat *st,
                             sally_attrs *attrs)
{
    struct id_names *names = local_names(local);
    char user[ID_NAME_SIZE], group[ID_NAME_SIZE];
    if (!id_names_kept(names, st->uid, st->gid, user, group)) {
        if (op->flags & SALLY_OP_TRY)
            return SALLY_WOULD_BLOCK;
        id_names_get(names, ID_USER, st->uid, user);
        id_names_get(names, ID_GROUP, st->gid, group);
    }
    attrs->owner = sally_op_strdup(op, user);
    attrs->group = sally_op_strdup(op, group);
    if (!attrs->owner || !attrs->group)
        return SALLY_FAILURE;
    attrs->valid |= SALLY_ATTR_NAMES;
    return SALLY_OK;
}

static sally_status owner_error(int error, uint32_t uid)
{
    if (error != EINVAL)
        return local_error(error);
    return uid != UINT32_MAX ? SALLY_OWNER_INVALID : SALLY_GROUP_INVALID;
}

sally_status local_change_owner(struct local *local, sally_op *op, int fd, const sally_attrs *attrs)
{
    sally_status owner = SALLY_OK, group = SALLY_OK;
    uint32_t uid = UINT32_MAX, gid = UINT32_MAX; /* stays as it is */
    if (local->shared->flags & SALLY_LOCAL_IGNORE_OWNER)
        return SALLY_OK;
    if (attrs->valid & SALLY_ATTR_IDS) {
        uid = attrs->uid;
        gid = attrs->gid;
    }
    if (attrs->valid & SALLY_ATTR_NAMES) {
        if (attrs->owner && *attrs->owner)
            owner = id_of_principal(op, local_names(local), ID_USER, attrs->owner, &uid);
        if (attrs->group && *attrs->group)
            group = id_of_principal(op, local_names(local), ID_GROUP, attrs->group, &gid);
    }
    sally_status change = SALLY_OK;
    if ((uid != UINT32_MAX || gid != UINT32_MAX) && !os_change_owner(fd, uid, gid))
        change = owner_error(errno, uid);
    if (owner != SALLY_OK)
        return owner; /* the first failure; the rest was done */
    return group != SALLY_OK ? group : change;
}

static sally_status look_up(struct local *local, sally_op *op, enum id_kind kind,
                            const uint32_t *ids, uint32_t count, const char **names)
{
    for (uint32_t i = 0; i < count; i++) {
        char name[ID_NAME_SIZE];
        if (!id_names_get(local_names(local), kind, ids[i], name))
            continue;
        names[i] = sally_op_strdup(op, name);
        if (!names[i])
            return SALLY_FAILURE;
    }
    return SALLY_OK;
}

sally_status local_lookup_ids(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    const sally_op_lookup_ids *ids = &op->u.lookup_ids;
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK;
    sally_status status = look_up(local, op, ID_USER, ids->uids, ids->uid_count, ids->user_names);
    if (status != SALLY_OK)
        return status;
    return look_up(local, op, ID_GROUP, ids->gids, ids->gid_count, ids->group_names);
}
