/* ACLs of files of this machine. A file system without them still has permission bits, which are an
 * ACL of three entries. */
#include <errno.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "fs/acl.h"
#include "fs/local.h"
#include "os/file.h"

#define ACCESS_ACL  "system.posix_acl_access"
#define DEFAULT_ACL "system.posix_acl_default"

#define ANSWER_MAX (1u << 17)

/* False: there is none. */
static bool load(int fd, const char *name, struct acl *acl)
{
    uint8_t bytes[ACL_MAX_BYTES];
    ssize_t size = os_xattr_get(fd, name, bytes, sizeof(bytes));
    return size > 0 && acl_decode(acl, bytes, (size_t)size);
}

sally_status local_acl_get(struct local *local, sally_op *op, int fd, uint32_t mode,
                           sally_attrs *attrs)
{
    struct acl acl, inherited;
    if (S_ISLNK(mode))
        return SALLY_OK; /* has none */
    if (!load(fd, ACCESS_ACL, &acl))
        acl_from_mode(&acl, mode);
    if (!S_ISDIR(mode) || !load(fd, DEFAULT_ACL, &inherited))
        inherited.count = 0;
    struct buf b;
    buf_init(&b, ANSWER_MAX);
    acl_put(&b, &acl, &inherited, S_ISDIR(mode), local_names(local));
    return acl_give(op, attrs, &b);
}

static bool store(int fd, const char *name, const struct acl *acl)
{
    uint8_t bytes[ACL_MAX_BYTES];
    size_t size = acl_encode(acl, bytes);
    return os_xattr_set(fd, name, bytes, size, OS_XATTR_EITHER);
}

static bool drop(int fd, const char *name)
{
    return os_xattr_remove(fd, name) || errno == ENODATA || errno == EOPNOTSUPP;
}

static sally_status apply(int fd, const struct os_stat *st, const struct acl_change *change)
{
    uint32_t mode;
    if (change->remove)
        return drop(fd, ACCESS_ACL) && (!S_ISDIR(st->mode) || drop(fd, DEFAULT_ACL))
                   ? SALLY_OK
                   : local_error(errno);
    bool simple = acl_to_mode(&change->acl, &mode);
    bool ok = store(fd, ACCESS_ACL, &change->acl);
    if (!ok && errno == EOPNOTSUPP && simple)
        ok = os_change_mode(fd, (st->mode & 07000) | mode);
    if (ok && S_ISDIR(st->mode))
        ok = change->inherited.count ? store(fd, DEFAULT_ACL, &change->inherited)
                                     : drop(fd, DEFAULT_ACL);
    return ok ? SALLY_OK : local_error(errno);
}

sally_status local_acl_check(struct local *local, sally_op *op, const sally_attrs *attrs,
                             bool directory, bool *made)
{
    struct acl_change *change = mem_alloc(sizeof(*change));
    if (!change)
        return SALLY_FAILURE;
    sally_status status =
        acl_get(change, attrs->acl, attrs->acl_size, directory, local_names(local), op);
    *made = !change->keep && !change->remove;
    mem_free(change);
    return status;
}

sally_status local_acl_set(struct local *local, sally_op *op, int fd, const sally_attrs *attrs)
{
    struct os_stat st;
    if (!os_stat_fd(fd, &st))
        return local_error(errno);
    if (S_ISLNK(st.mode))
        return SALLY_UNSUPPORTED;
    struct acl_change *change = mem_alloc(sizeof(*change));
    if (!change)
        return SALLY_FAILURE;
    sally_status status =
        acl_get(change, attrs->acl, attrs->acl_size, S_ISDIR(st.mode), local_names(local), op);
    if (status == SALLY_OK && !change->keep)
        status = apply(fd, &st, change);
    mem_free(change);
    return status;
}
