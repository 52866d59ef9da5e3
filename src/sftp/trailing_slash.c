#include "sftp/trailing_slash.h"

#include "core/permission.h"
#include "sftp/protocol.h"

bool trailing_slash_ends(struct slice path)
{
    if (path.size >= 2 && path.data[path.size - 1] == '.')
        path.size--;
    return path.size && path.data[path.size - 1] == '/';
}

/* How operations handle a path with a trailing slash. Kinds that are not listed require a directory
 * anyway, or create one. */
/* clang-format off */
static const struct rule {
    uint32_t kind;
    uint32_t follow;
    sally_status file;      /* if it is not a directory */
    sally_status directory; /* SALLY_OK: continues, which may result in the storage's own error */
} rules[] = {
    {SALLY_OP_STAT,     SALLY_FOLLOW, SALLY_NOT_A_DIRECTORY,     SALLY_OK},
    {SALLY_OP_SETSTAT,  SALLY_FOLLOW, SALLY_NOT_A_DIRECTORY,     SALLY_OK},
    {SALLY_OP_STATVFS,  SALLY_FOLLOW, SALLY_NOT_A_DIRECTORY,     SALLY_OK},
    {SALLY_OP_OPEN,     SALLY_FOLLOW, SALLY_NOT_A_DIRECTORY,     SALLY_OK},
    {SALLY_OP_HASH,     SALLY_FOLLOW, SALLY_NOT_A_DIRECTORY,     SALLY_OK},
    {SALLY_OP_READLINK, SALLY_FOLLOW, SALLY_NOT_A_DIRECTORY,     SALLY_INVALID_PARAMETER},
    {SALLY_OP_REMOVE,   0,            SALLY_NOT_A_DIRECTORY,     SALLY_OK},
    {SALLY_OP_RENAME,   0,            SALLY_NOT_A_DIRECTORY,     SALLY_OK},
    {SALLY_OP_LINK,     0,            SALLY_NOT_A_DIRECTORY,     SALLY_OK},
    {SALLY_OP_SYMLINK,  0,            SALLY_FILE_ALREADY_EXISTS, SALLY_FILE_ALREADY_EXISTS},
};
/* clang-format on */

static const struct rule *rule_of(const struct op *op)
{
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        if (rules[i].kind == op->pub.kind)
            return &rules[i];
    return NULL;
}

/* The answer to the waiting operation; SALLY_OK: it continues. */
static sally_status judge(const struct rule *rule, const struct op *look)
{
    const sally_attrs *attrs = &look->pub.u.stat.attrs;
    if (look->pub.status == SALLY_UNSUPPORTED)
        return SALLY_OK;
    if (look->pub.status != SALLY_OK)
        return look->pub.status;
    if (!(attrs->valid & SALLY_ATTR_TYPE))
        return SALLY_OK;
    return attrs->type == SALLY_TYPE_DIRECTORY ? rule->directory : rule->file;
}

static bool answer_look(struct sftp *s, struct op *look)
{
    struct op *op = request_of(look)->waiting;
    const struct rule *rule = rule_of(op);
    sally_status status = judge(rule, look);
    request_of(look)->waiting = NULL;
    if (op->pub.kind == SALLY_OP_STAT)
        op->pub.u.stat.flags |= rule->follow;
    if (op->pub.kind == SALLY_OP_SETSTAT)
        op->pub.u.setstat.flags |= rule->follow;
    if (status == SALLY_OK)
        request_submit(s, op);
    else
        request_fail(op, status);
    return false;
}

static bool makes_a_file(const struct op *op)
{
    return op->pub.kind == SALLY_OP_OPEN && op->pub.u.open.flags & SALLY_OPEN_CREATE;
}

bool trailing_slash_look_first(struct sftp *s, struct op *op)
{
    bool root = op->pub.path && strcmp(op->pub.path, "/") == 0; /* is a directory */
    const struct rule *rule = root ? NULL : rule_of(op);
    /* Without the permission, nothing is revealed about the path. */
    if (!rule || op_check_permissions(op) != SALLY_OK)
        return false;
    if (makes_a_file(op)) { /* as open(2) on Linux */
        request_fail(op, SALLY_FILE_IS_A_DIRECTORY);
        return true;
    }
    const struct request_in nobodys = {.id = op->request_id};
    struct op *look = request_begin(s, &nobodys, SALLY_OP_STAT, answer_look);
    sally_status status = look ? op_set_raw_path(look, slice_of(op->pub.path)) : SALLY_FAILURE;
    if (status != SALLY_OK) {
        if (look)
            request_drop(look, status);
        request_fail(op, status);
        return true;
    }
    look->pub.u.stat.flags = rule->follow;
    look->pub.u.stat.wanted = SALLY_ATTR_TYPE;
    look->skips_permissions = true;
    request_of(look)->waiting = op;
    if (!s->exclusive)
        request_exclusive(look);
    request_submit(s, look);
    return true;
}
