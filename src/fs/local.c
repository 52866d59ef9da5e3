#include "fs/local.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "fs/extended.h"
#include "sallyport/storages.h"

#define KNOWN_FLAGS                                                                                \
    (SALLY_LOCAL_UNCONFINED | SALLY_LOCAL_IGNORE_OWNER | SALLY_LOCAL_NO_LOCKS |                    \
     SALLY_LOCAL_SET_ID | SALLY_LOCAL_HOST_NAMES)

sally_status local_error(int error)
{
    sally_status status = sally_status_from_errno(error);
    return status == SALLY_OK ? SALLY_FAILURE : status;
}

bool local_may_set_id(const struct local *local)
{
    return !local->where.confined || (local->shared->flags & SALLY_LOCAL_SET_ID);
}

mode_t local_new_mode(const struct local *local, const sally_attrs *attrs, mode_t otherwise)
{
    mode_t mode = attrs->valid & SALLY_ATTR_PERMISSIONS ? (mode_t)attrs->permissions : otherwise;
    return mode & (local_may_set_id(local) ? 07777 : 01777) & ~(mode_t)local->shared->umask_bits;
}

struct local_storage {
    struct local local; /* first */
    struct local_shared shared;
};

static void shared_clear(struct local_shared *shared)
{
    id_names_clear(&shared->all_names);
    id_names_clear(&shared->own_names);
    locks_clear(&shared->locks);
    digest_source_clear(&shared->digests);
    mem_free(shared->hidden.files);
    in_root_gate_clear(&shared->gate);
}

static void local_destroy(void *user_data)
{
    struct local_storage *whole = user_data;
    close(whole->local.where.root);
    shared_clear(&whole->shared);
    mem_free(whole);
}

/* Slots that are not set are not offered. */
static sally_status local_session_start(sally_fs *fs, sally_op *op)
{
    const struct local *local = local_of(fs);
    op->u.session.settable &= ~(local->shared->ignored | local->shared->refused);
    return extended_session_start(fs, op);
}

const sally_fs_methods local_methods = {
    .struct_size = sizeof(sally_fs_methods),
    .traits = SALLY_FS_CONCURRENT | SALLY_FS_TRY | SALLY_FS_ACL,
    .session_start = local_session_start,
    .open = local_open,
    .close = local_close,
    .read = local_read,
    .write = local_write,
    .fsync = local_fsync,
    .lock = local_lock,
    .unlock = local_unlock,
    .fstat = local_fstat,
    .fsetstat = local_fsetstat,
    .opendir = local_opendir,
    .readdir = local_readdir,
    .closedir = local_closedir,
    .stat = local_stat,
    .setstat = local_setstat,
    .remove = local_remove,
    .rename = local_rename,
    .mkdir = local_mkdir,
    .rmdir = local_rmdir,
    .readlink = local_readlink,
    .symlink = local_symlink,
    .link = local_link,
    .realpath = local_realpath,
    .statvfs = local_statvfs,
    .copy = local_copy,
    .hash = local_hash,
    .lookup_ids = local_lookup_ids,
    .extended = local_extended,
    .destroy = local_destroy,
};

/* Without slots for locks, nothing about locks is announced. */
static sally_fs_methods methods_for(uint32_t flags)
{
    sally_fs_methods m = local_methods;
    if (flags & SALLY_LOCAL_NO_LOCKS) {
        m.lock = NULL;
        m.unlock = NULL;
    }
    return m;
}

sally_error local_new(sally_fs **out, const char *directory, uint32_t flags, uint32_t umask_bits,
                      bool walk)
{
    if (!out || !directory || (flags & ~(uint32_t)KNOWN_FLAGS) || (umask_bits & ~07777u))
        return SALLY_E_INVALID;
    struct local_storage *whole = mem_zalloc(sizeof(*whole));
    if (!whole)
        return SALLY_E_NO_MEMORY;
    struct local *local = &whole->local;
    struct local_shared *shared = local->shared = &whole->shared;
    shared->flags = flags;
    shared->umask_bits = umask_bits;
    shared->ignored = LOCAL_IGNORED;
    local->where.confined = !(flags & SALLY_LOCAL_UNCONFINED);
    if (!id_names_init(&shared->all_names, ID_ALL)) {
        mem_free(whole);
        return SALLY_E_SYSTEM;
    }
    if (!id_names_init(&shared->own_names, ID_OWN)) {
        id_names_clear(&shared->all_names);
        mem_free(whole);
        return SALLY_E_SYSTEM;
    }
    locks_init(&shared->locks);
    in_root_gate_init(&shared->gate, in_root_gate_usual());
    digest_source_init(&shared->digests);

    sally_error error = SALLY_E_SYSTEM;
    struct os_stat st;
    local->where.root =
        open(local->where.confined ? directory : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (local->where.root < 0 || !os_stat_fd(local->where.root, &st))
        goto failed;
    local->where.hidden = &shared->hidden;
    local->where.gate = &shared->gate;
    local->where.walk = walk || !in_root_kernel_can(local->where.root);
    local->device = local->where.device = st.device;
    local->medium = os_medium_of(local->where.root);
    if (local->medium == MEDIUM_PSEUDO) {
        errno = EOPNOTSUPP;
        goto failed;
    }
    const sally_fs_methods methods = methods_for(flags);
    error = sally_fs_new(out, &methods, local);
    if (error == SALLY_E_OK) {
        (*out)->subtree = local_subtree;
        return error;
    }

failed:;
    int saved = errno;
    if (local->where.root >= 0)
        close(local->where.root);
    shared_clear(shared);
    mem_free(whole);
    errno = saved;
    return error;
}

sally_error sally_fs_local(sally_fs **out, const char *directory, uint32_t flags,
                           uint32_t umask_bits)
{
    return local_new(out, directory, flags, umask_bits, false);
}

struct local *local_from(const sally_fs *fs)
{
    return fs && fs->methods.destroy == local_destroy ? local_of(fs) : NULL;
}

sally_error sally_fs_local_set_policy(sally_fs *local_fs, uint32_t attrs, uint32_t policy)
{
    struct local *local = local_from(local_fs);
    if (!local || policy > SALLY_POLICY_FAIL)
        return SALLY_E_INVALID;
    struct local_shared *shared = local->shared;
    shared->ignored &= ~attrs;
    shared->refused &= ~attrs;
    if (policy == SALLY_POLICY_IGNORE)
        shared->ignored |= attrs;
    else if (policy == SALLY_POLICY_FAIL)
        shared->refused |= attrs;
    return SALLY_E_OK;
}
