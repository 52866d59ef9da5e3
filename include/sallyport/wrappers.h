/**
 * @file sallyport/wrappers.h
 * Storages that are made of other storages. They stack: each takes any storage, of this library or
 * of the program.
 */
#ifndef SALLYPORT_WRAPPERS_H
#define SALLYPORT_WRAPPERS_H

#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/fs.h"

SALLY_BEGIN_DECLS

/** A storage at a directory of another one. */
typedef struct sally_mount {
    size_t struct_size; /**< sizeof(sally_mount) */
    const char *path;   /**< absolute; not "/" */
    sally_fs *fs;       /**< the storage whose "/" is at `path` */
} sally_mount;

/**
 * Storages at directories of another one. `root_fs` is the storage that all other paths belong to;
 * NULL: an empty directory that cannot be changed. `mounts` are `count` structures with the same
 * struct_size; copied. Of several mount points above a path, the longest decides. One storage may
 * be at several places. Holds all of them.
 *
 * A mount point and the directories above it need not exist in the storage around them: they are
 * listed and found anyway, as directories, and hide what that storage has at their place. They
 * cannot be removed, renamed or replaced (::SALLY_PERMISSION_DENIED).
 *
 * RENAME and LINK between two storages fail with ::SALLY_FAILURE and a message, as OpenSSH's server
 * does between two file systems: SFTP has no status for EXDEV, and clients that copy and delete
 * instead do so after this one (sshfs with the option workaround=renamexdev). COPY between two
 * storages is done by READ and WRITE. STATVFS, HASH and requests on files are answered by the
 * storage of the path. LOOKUP_IDS and requests without a path go to `root_fs`, or without one to
 * the first of the mounts.
 *
 * Symbolic links are followed by the storage that they are in, and do not lead to others. READLINK
 * and SYMLINK translate absolute texts, and REALPATH its result, so that clients see paths of the
 * whole. A new link whose text would lead to another storage is refused with ::SALLY_UNSUPPORTED.
 * What a mount point hides can still be reached by links: it is no place for secrets.
 *
 * All storages must accept a SESSION_START, else the session ends. Clients are told of what any of
 * the storages supports, and where it does not, the answer is ::SALLY_UNSUPPORTED; but a trait, and
 * an attribute that can be set, counts only if all have it.
 *
 * sally_fs_chroot() of a directory takes that directory of the storage it is in, with the mounts
 * below it, so that it is confined as that storage confines it. The directory must exist in that
 * storage, unless `root_fs` is NULL.
 *
 * ::SALLY_E_INVALID for "/", a relative path or one that is too long, a missing storage, or a
 * struct_size that makes no sense; ::SALLY_E_EXISTS for the same path twice.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_mounts(sally_fs **out, sally_fs *root_fs,
                                                       const sally_mount *mounts, size_t count);

SALLY_END_DECLS

#endif
