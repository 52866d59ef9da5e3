/**
 * @file sallyport/wrappers.h
 * Ready-made wrappers: storages made of other storages. They stack: each one works over any
 * storage, the library's or the program's.
 */
#ifndef SALLYPORT_WRAPPERS_H
#define SALLYPORT_WRAPPERS_H

#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/fs.h"

SALLY_BEGIN_DECLS

/** A storage mounted on a directory. */
typedef struct sally_mount {
    size_t struct_size; /**< sizeof(sally_mount) */
    const char *path;   /**< absolute; not "/" */
    sally_fs *fs;       /**< the storage whose "/" is at `path` */
} sally_mount;

/**
 * Mounts storages on directories of another one. `root_fs` is the storage for all other paths;
 * NULL: an empty directory that cannot be changed. `mounts` are `count` structures with the same
 * struct_size; copied. If several mount points are above a path, the longest one decides. A storage
 * may be mounted more than once. Holds all of them.
 *
 * Mount points and the directories above them need not exist in the storage around them: they are
 * listed and found as directories anyway, and hide what that storage has in their place. They
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
 * Links can still reach what a mount point hides, so do not keep secrets there.
 *
 * All storages must accept SESSION_START; otherwise the session ends. Clients are offered what any
 * of the storages supports, and the others answer ::SALLY_UNSUPPORTED. Traits and settable
 * attributes count only if all storages have them.
 *
 * sally_fs_chroot() of a directory takes that directory of the storage it is in, with the mounts
 * below it, so that the storage confines it in its own way. The directory must exist in that
 * storage, unless `root_fs` is NULL.
 *
 * ::SALLY_E_INVALID for "/", a relative path or one that is too long, a missing storage, or a
 * struct_size that makes no sense; ::SALLY_E_EXISTS for the same path twice.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_mounts(sally_fs **out, sally_fs *root_fs,
                                                       const sally_mount *mounts, size_t count);

/** The limits of a storage, and its use. */
typedef struct sally_quota {
    size_t struct_size; /**< sizeof(sally_quota) */
    uint64_t max_bytes; /**< sum of the sizes of all regular files; 0: no limit */
    uint64_t max_files; /**< number of files, directories and symbolic links; 0: no limit */
    uint64_t bytes;     /**< used, or reserved by running operations */
    uint64_t files;     /**< likewise, without the root and additional hard links */
} sally_quota;

/** What sally_fs_quota_set() sets. */
enum {
    SALLY_QUOTA_LIMITS = 0x1, /**< max_bytes and max_files */
    SALLY_QUOTA_USE = 0x2     /**< bytes and files */
};

/**
 * Limits `inner` for all its sessions together (0: no limit). Whatever would exceed a limit fails
 * with ::SALLY_QUOTA_EXCEEDED and changes nothing. Holds `inner`, which must have a `stat` slot:
 * else ::SALLY_E_UNSUPPORTED.
 *
 * What counts is the size of files, holes included, not the disk space they take. Space is reserved
 * before an operation starts, so that several sessions cannot exceed the limits together, and what
 * a failed operation did not use is given back. STATVFS shows what is left of the quota, unless
 * `inner` has less. COPY is passed on where the length is known, and done by READ and WRITE
 * otherwise.
 *
 * The use is initially 0: have what is there already counted by sally_fs_quota_count(), or set it
 * with sally_fs_quota_set(). From then on everything must pass through this storage; changes by
 * other programs are noticed only in files that are written here, when they are closed.
 *
 * A file that loses its last name counts until it is closed. A file with several hard links counts
 * until the last one is removed, which `inner` must tell by the link count of STAT. To know open
 * files by their paths, an OPEN that may change something is preceded by a STAT and followed by a
 * REALPATH, as are REMOVE and RENAME, and CLOSE by an FSTAT. Operations of several
 * sessions on the same path take turns; if they reach one name by different paths, through a link
 * to a directory, in the same moment, they may count it twice or not at all. Where `inner` does not
 * tell files apart (sally_file_set_identity(), and STAT with the same numbers as
 * ::SALLY_ATTR_IDENTITY), two hard links that are open are two files until they are closed. With
 * sally_fs_staging(), the quota belongs inside, where it sees the temporary files: outside, it
 * cannot tell which of several uploads of one name has replaced the other.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_quota(sally_fs **out, sally_fs *inner,
                                                      uint64_t max_bytes, uint64_t max_files);

/** The limits and the use of a storage of sally_fs_quota(), even while it is in use. Any thread.
 * `quota->struct_size` must be set; nothing beyond it is written, and members that this library
 * does not know are zero. ::SALLY_E_INVALID for another storage or a struct_size that makes no
 * sense. */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_quota_get(sally_fs *quota_fs, sally_quota *quota);

/** Sets the members that `what` names: SALLY_QUOTA_LIMITS, SALLY_QUOTA_USE or both. Any thread,
 * even while the storage is in use; but set the use only while no operation runs, since it includes
 * what these have reserved. Limits below the use remove nothing; they only refuse what needs more.
 * ::SALLY_E_INVALID for another storage, an unknown bit, or a struct_size that makes no sense. */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_quota_set(sally_fs *quota_fs,
                                                          const sally_quota *quota, uint32_t what);

/**
 * Counts what is there already, and sets the use to it: lists all directories of a storage of
 * sally_fs_quota(), as a session of its own whose user is "". Blocks until it is done, so call it
 * before the storage is used. `max_entries` is the number of names that it may find: more are
 * ::SALLY_E_LIMIT; 0: any number. A file with several names counts once if all of them are there,
 * and each name for its share otherwise. The use stays as it is after a failure: ::SALLY_E_INVALID
 * for another storage, ::SALLY_E_SYSTEM when a directory cannot be listed, ::SALLY_E_NO_MEMORY, and
 * the errors of sally_client_new().
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_quota_count(sally_fs *quota_fs,
                                                            uint64_t max_entries);

/** Flags of ::sally_staging_options. */
enum {
    SALLY_STAGING_KEEP =
        0x1 /**< keep a broken upload under its temporary name; otherwise it is removed */
};

/** How to stage uploads. */
typedef struct sally_staging_options {
    size_t struct_size; /**< sizeof(sally_staging_options) */
    const char *prefix; /**< how temporary names begin: 1 to 64 bytes without a slash; NULL:
                             ".upload-" */
    uint32_t flags;     /**< SALLY_STAGING_ bits */
    uint32_t reserved;  /**< zero */
} sally_staging_options;

/**
 * Everything of `inner`, but uploads get their names when they are complete: until then they are
 * written to a temporary file in the same directory, whose name is the prefix and a number. At a
 * clean CLOSE (::SALLY_CLOSED_BY_CLIENT) RENAME gives it its name, so that a file that was there is
 * replaced at once and whole. CLOSE answers with the status of that RENAME. After any other reason
 * the temporary file is removed or kept, the file that was there is untouched, and CLOSE, if the
 * client waits for it, fails with ::SALLY_FAILURE. An upload whose CLOSE `inner` fails, for
 * instance because it does not like the contents, is treated in the same way, and CLOSE answers
 * with the status and text of `inner`. `options` NULL: all zero. Holds `inner`, which must have
 * `stat` and `rename` slots: else ::SALLY_E_UNSUPPORTED.
 *
 * An upload is an OPEN for writing that creates a file, or has ::SALLY_OPEN_TRUNCATE. The new file
 * gets the permissions of the one it replaces, but not its owner, hard links and locks. A symbolic
 * link stays, and its target is replaced. These are not staged but changed in place: an existing
 * file opened without TRUNCATE (a resumed transfer, an append, OpenSSH's scp over a file); a file
 * opened with ::SALLY_OPEN_DELETE_ON_CLOSE; a file that nobody has permission to write, which
 * `inner` may refuse; and what the program itself opens (::SALLY_OP_INTERNAL). A client cannot
 * resume an upload that was kept.
 *
 * Until CLOSE, others see what was there before. In the session that uploads a file, STAT, SETSTAT,
 * HASH and OPEN without TRUNCATE refer to the upload; RENAME, REMOVE and listings do not. With
 * ::SALLY_OPEN_EXCLUSIVE, CLOSE fails (::SALLY_FILE_ALREADY_EXISTS) if a file of that name has been
 * created meanwhile by other means.
 *
 * Clients cannot see, open or create names that begin with the prefix: they are not listed, and
 * using one is ::SALLY_NO_SUCH_FILE, or ::SALLY_PERMISSION_DENIED for a new name. The program's own
 * operations can. A directory that contains one cannot be removed. A crash leaves temporary files
 * behind: the program may remove them when it starts.
 *
 * Most clients report that CLOSE has failed; curl does not look at it.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_staging(sally_fs **out, sally_fs *inner,
                                                        const sally_staging_options *options);

/** Flags of ::sally_filter_rule. */
enum {
    SALLY_FILTER_HIDDEN =
        0x1,                    /**< does not exist for clients: it is not listed, and using it is
                                   ::SALLY_NO_SUCH_FILE, or ::SALLY_PERMISSION_DENIED for creating it */
    SALLY_FILTER_UNLISTED = 0x2 /**< not listed, but usable by clients that know the name */
};

/** What clients may do in a part of a storage. */
typedef struct sally_filter_rule {
    size_t struct_size; /**< sizeof(sally_filter_rule) */
    const char *path;  /**< absolute: the rule applies to this and everything below it; NULL: "/" */
    const char *names; /**< the rule applies only to matching names below `path`, and to what is
                          below those: a pattern with "*", "?", "[a-z]", "[!a-z]", and a backslash
                          before a literal character. Case matters; a leading period is not special.
                          NULL: all names */
    uint32_t permissions; /**< SALLY_MAY_ bits: what remains permitted */
    uint32_t flags;       /**< SALLY_FILTER_ bits */
} sally_filter_rule;

/**
 * Restricts `inner` to what the rules permit; other operations fail with ::SALLY_PERMISSION_DENIED.
 * The first rule that applies to a path decides; without one, everything is permitted. What the
 * session itself may not do (sally_session_set_permissions()) stays forbidden. `rules` are `count`
 * structures with the same struct_size; copied. Holds `inner`.
 *
 * Operations need the permissions that session.h says; on a file those of the path that it was
 * opened by. RENAME also needs CREATE for the new path, and with OVERWRITE REMOVE; LINK CREATE, and
 * no permission for the new path that it lacks for the old one. A directory with rules of its own,
 * and those above it, cannot be renamed, nor can any directory be moved to where other rules with
 * `names` are about what is in it.
 *
 * Operations that are ::SALLY_OP_INTERNAL on the way pass without a rule: those of the program
 * (sally_session_submit(), sally_fs_submit()) and of the library on its own account, on paths and
 * on files that they have opened. On a file that a client has opened, they are restricted as the
 * client is. What wrappers outside ask for with sally_fs_ask() is asked for the client, and
 * restricted: so with sally_fs_staging() the filter belongs outside, or clients need RENAME and
 * REMOVE for the names that it gives.
 *
 * If `inner` has symbolic links, the rules are also applied to the resolved path, for which `inner`
 * is asked by REALPATH before each operation on a path: both paths must permit it. A user who
 * replaces a directory by a link at the right moment can win a race: do not permit SYMLINK or
 * RENAME to users you do not trust.
 *
 * ::SALLY_E_INVALID for a relative path or one that is too long, unknown bits, or a struct_size
 * that makes no sense.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_filter(sally_fs **out, sally_fs *inner,
                                                       const sally_filter_rule *rules,
                                                       size_t count);

SALLY_END_DECLS

#endif
