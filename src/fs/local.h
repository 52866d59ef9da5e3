/* The local storage, inside: one directory of this machine. Its slots are spread over the files
 * local*.c. A directory of it can be a storage of its own (local_subtree.c). */
#ifndef SALLY_FS_LOCAL_H
#define SALLY_FS_LOCAL_H

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/fs.h"
#include "fs/digest.h"
#include "fs/id_names.h"
#include "fs/locks.h"
#include "os/file.h"
#include "os/in_root.h"
#include "os/in_root_gate.h"
#include "sallyport/file.h"
#include "sallyport/fs.h"

/* Shared by a storage and its directories that are storages. Never changes while it is in use,
 * except for names, locks and digests, which have their own locks. */
struct local_shared {
    uint32_t flags; /* SALLY_LOCAL_ bits */
    uint32_t umask_bits;
    uint32_t ignored, refused;            /* SALLY_ATTR_ bits: what SETSTAT does with them */
    struct id_names all_names, own_names; /* local_names() says which */
    struct locks locks;
    struct digest_source digests;
    struct in_root_hidden hidden;
    struct in_root_gate gate;
};

struct local { /* never changes while it is in use */
    struct in_root where;
    enum os_medium medium; /* of files with this device number; never MEDIUM_PSEUDO */
    uint64_t device;
    struct local_shared *shared;
};

/* The storage's data of an open file or directory. */
struct local_file {
    int fd;
    DIR *dir; /* of OPENDIR: owns fd */
    enum os_medium medium;
    bool regular;
    bool append;
    _Atomic bool never_cached; /* the file system cannot say what is cached */
    char *delete_path;         /* to be removed at close, if it is still this file: */
    uint64_t device, inode;
    struct lock_holder holder;
};

extern const sally_fs_methods local_methods;

/* local_subtree.c */
fs_subtree_fn local_subtree;

/* As sally_fs_local(); `walk` chooses the way for systems without openat2. */
sally_error local_new(sally_fs **out, const char *directory, uint32_t flags, uint32_t umask_bits,
                      bool walk);

/* The argument of the functions for local storages in sallyport/storages.h; NULL: another
 * storage. */
struct local *local_from(const sally_fs *fs);

/* What SETSTAT can set; and what it ignores by default, since clients send back attributes that
 * they have received. For others, OK would be wrong. */
#define LOCAL_SETTABLE                                                                             \
    (SALLY_ATTR_SIZE | SALLY_ATTR_IDS | SALLY_ATTR_NAMES | SALLY_ATTR_PERMISSIONS |                \
     SALLY_ATTR_ATIME | SALLY_ATTR_MTIME | SALLY_ATTR_NANOSECONDS | SALLY_ATTR_BITS |              \
     SALLY_ATTR_ACL)
#define LOCAL_IGNORED (~(uint32_t)(LOCAL_SETTABLE | SALLY_ATTR_EXTENDED))

static inline struct local *local_of(const sally_fs *fs)
{
    return sally_fs_data(fs);
}

/* Whether the operation wants an answer without waiting and the storage cannot promise that for
 * paths. */
static inline bool local_may_wait(const struct local *local, const sally_op *op)
{
    return (op->flags & SALLY_OP_TRY) && local->medium != MEDIUM_MEMORY;
}

/* With SALLY_OP_TRY, other mounts are not entered: they may wait, and are left to a worker. For
 * inspection only; otherwise use local_path_open(). */
static inline struct in_root local_where(const struct local *local, const sally_op *op)
{
    struct in_root where = local->where;
    where.stay = where.brief = (op->flags & SALLY_OP_TRY) != 0;
    return where;
}

static inline bool local_is_root(const char *path)
{
    return path[1] == 0;
}

/* Never OK: an errno of 0 where something failed is a failure too. */
sally_status local_error(int error);
/* Why local_where() or resolving a path failed. */
static inline sally_status local_path_error(const sally_op *op)
{
    return (op->flags & SALLY_OP_TRY) && errno == EXDEV ? SALLY_WOULD_BLOCK : local_error(errno);
}

/* The status for a system call's result. */
static inline sally_status local_result(int result)
{
    return result == 0 ? SALLY_OK : local_error(errno);
}

/* local_path.c: in_root_open() and in_root_entry_open(), with EACCES for what lies on
 * MEDIUM_PSEUDO, and for an operation that is only tried EXDEV for other mounts than the root's. */
int local_path_open(const struct local *local, const sally_op *op, const char *path, int flags,
                    mode_t mode);
/* The same for what op->path leads to; but if clients are not confined, an OPEN that neither
 * creates nor truncates is done first, which is faster, and they may open devices too. Then ask
 * local_path_check(), with the device number: false and EACCES for MEDIUM_PSEUDO. */
int local_path_open_first(const struct local *local, const sally_op *op, int flags, mode_t mode);
bool local_path_check(const struct local *local, int fd, uint64_t device, enum os_medium *medium);
bool local_path_enter(const struct local *local, const sally_op *op, const char *path,
                      struct in_root_entry *entry);

/* An action on a directory entry. */
typedef sally_status local_entry_fn(struct local *local, sally_op *op,
                                    const struct in_root_entry *entry);
/* Does it to what op->path leads to, unless that may wait. */
sally_status local_at_entry(sally_fs *fs, sally_op *op, local_entry_fn *act);

/* Whether clients may set the set-user-id and set-group-id bits. Most clients of a confined storage
 * have no account on this machine, and no use for them. */
bool local_may_set_id(const struct local *local);
/* Permission bits for something new: what the client asked for, less the storage's mask and the
 * bits that it may not set. */
mode_t local_new_mode(const struct local *local, const sally_attrs *attrs, mode_t otherwise);

void local_attrs_of(sally_attrs *attrs, const struct os_stat *st);

/* local_owner.c: owners and groups */

/* The names that clients see, and may use. */
struct id_names *local_names(struct local *local);
/* Looking up a name may take long: without waiting, only cached ones. */
sally_status local_add_names(struct local *local, sally_op *op, const struct os_stat *st,
                             sally_attrs *attrs);
sally_status local_change_owner(struct local *local, sally_op *op, int fd,
                                const sally_attrs *attrs);

/* Adds the ACL of the descriptor's file, O_PATH or not. */
sally_status local_acl_get(struct local *local, sally_op *op, int fd, uint32_t mode,
                           sally_attrs *attrs);
sally_status local_acl_set(struct local *local, sally_op *op, int fd, const sally_attrs *attrs);
/* Whether a new file (or directory) could have this ACL. `*made`: it differs from the mode, so only
 * the owner may have access before it is set. */
sally_status local_acl_check(struct local *local, sally_op *op, const sally_attrs *attrs,
                             bool directory, bool *made);

/* Whether OPEN may open this type: a regular file or, without confinement, a character device.
 * local_may_open_type() says yes to directories, too, which fail for another reason or are
 * listed. */
bool local_may_open_type(const struct local *local, uint32_t mode);
sally_status local_check_type(const struct local *local, sally_op *op, uint32_t mode);

sally_fs_slot local_open, local_close, local_read, local_write, local_fsync, local_copy;
sally_fs_slot local_lock, local_unlock, local_hash, local_extended;
sally_fs_slot local_opendir, local_readdir, local_closedir, local_mkdir, local_rmdir;
sally_fs_slot local_stat, local_fstat, local_setstat, local_fsetstat, local_statvfs,
    local_lookup_ids;
sally_fs_slot local_remove, local_rename, local_link, local_symlink, local_readlink, local_realpath;

#endif
