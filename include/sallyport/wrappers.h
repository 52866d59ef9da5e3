/**
 * @file sallyport/wrappers.h
 * Ready-made wrappers: storages built on other storages. They can be stacked: each one works over
 * any storage, the library's or the program's.
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
 * instead do so after this status (sshfs with the option workaround=renamexdev). COPY between two
 * storages is done by READ and WRITE. STATVFS, HASH and requests on files are answered by the
 * storage of the path. LOOKUP_IDS and requests without a path go to `root_fs`, or to the first of
 * the mounts if it is NULL.
 *
 * Symbolic links are followed by the storage that they are in, and do not lead to others. READLINK
 * and SYMLINK translate absolute texts, and REALPATH its result, so that clients see paths of the
 * whole tree. A new link whose text would lead to another storage is refused with
 * ::SALLY_UNSUPPORTED. Links can still reach what a mount point hides, so do not keep secrets
 * there.
 *
 * All storages must accept SESSION_START; otherwise the session ends. Clients are offered what any
 * of the storages supports, and the others answer ::SALLY_UNSUPPORTED. Traits and settable
 * attributes count only if all storages have them.
 *
 * sally_fs_chroot() of a directory uses that directory of the storage that it is in, with the
 * mounts below it, so that the storage itself confines it. The directory must exist in that
 * storage, unless `root_fs` is NULL.
 *
 * ::SALLY_E_INVALID for "/", a relative path or one that is too long, a missing storage, or an
 * invalid struct_size; ::SALLY_E_EXISTS for the same path twice.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_mounts(sally_fs **out, sally_fs *root_fs,
                                                       const sally_mount *mounts, size_t count);

/** The limits of a storage, and its usage. */
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
 * Limits `inner` for all its sessions together (0: no limit). Operations that would exceed a limit
 * fail with ::SALLY_QUOTA_EXCEEDED and change nothing. Holds `inner`, which must have a `stat`
 * slot, otherwise ::SALLY_E_UNSUPPORTED.
 *
 * The size of files counts, including holes, not their disk space. Space is reserved before an
 * operation starts, so that several sessions cannot exceed the limits together, and what a failed
 * operation did not use is released. STATVFS shows the remaining quota, unless `inner` has less.
 * COPY is passed on if its length is known, and done by READ and WRITE otherwise.
 *
 * The usage is initially 0: count existing files with sally_fs_quota_count(), or set it with
 * sally_fs_quota_set(). From then on everything must pass through this storage; changes by other
 * programs are noticed only in files that are written here, when they are closed.
 *
 * A file that loses its last name counts until it is closed. A file with several hard links counts
 * until the last one is removed, which `inner` must tell by the link count of STAT. To know open
 * files by their paths, an OPEN that may change something is preceded by a STAT and followed by a
 * REALPATH, as are REMOVE and RENAME, and CLOSE by an FSTAT. Operations of several
 * sessions on the same path take turns; if they reach one name by different paths, through a link
 * to a directory, in the same moment, they may count it twice or not at all. If sessions open,
 * write, replace and remove the same names in the same moment, some bytes of a file that is gone
 * may stay counted, so that the usage is too high, never too low; sally_fs_quota_count() corrects
 * it. Where `inner` does not tell files apart (sally_file_set_identity(), and STAT with the same
 * numbers as
 * ::SALLY_ATTR_IDENTITY), two hard links that are open are two files until they are closed. With
 * sally_fs_staging(), the quota belongs inside, where it sees the temporary files: outside, it
 * cannot tell which of several uploads of one name has replaced the other.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_quota(sally_fs **out, sally_fs *inner,
                                                      uint64_t max_bytes, uint64_t max_files);

/** The limits and the usage of a storage of sally_fs_quota(), even while it is in use. Any thread.
 * `quota->struct_size` must be set; nothing beyond it is written, and members that this library
 * does not know are zero. ::SALLY_E_INVALID for another storage or an invalid struct_size. */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_quota_get(sally_fs *quota_fs, sally_quota *quota);

/** Sets the members that `what` names: SALLY_QUOTA_LIMITS, SALLY_QUOTA_USE or both. Any thread,
 * even while the storage is in use; but set the usage only while no operation runs, since it
 * includes their reservations. Limits below the usage remove nothing; they only refuse further
 * growth. ::SALLY_E_INVALID for another storage, an unknown bit, or an invalid struct_size. */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_quota_set(sally_fs *quota_fs,
                                                          const sally_quota *quota, uint32_t what);

/**
 * Counts existing files, and sets the usage: lists all directories of a storage of
 * sally_fs_quota(), in its own session with the user "". Blocks until it is done, so call it before
 * the storage is used. `max_entries` limits the number of names: more are ::SALLY_E_LIMIT; 0: no
 * limit. A file with several names counts once if all of them are found, and each name counts for
 * its share otherwise. The usage does not change after a failure: ::SALLY_E_INVALID for another
 * storage, ::SALLY_E_SYSTEM if a directory cannot be listed, ::SALLY_E_NO_MEMORY, and the errors of
 * sally_client_new().
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_quota_count(sally_fs *quota_fs,
                                                            uint64_t max_entries);

/** Flags of ::sally_staging_options. */
enum {
    SALLY_STAGING_KEEP =
        0x1 /**< keep a broken upload under its temporary name; otherwise it is removed */
};

/** Options of staging. */
typedef struct sally_staging_options {
    size_t struct_size; /**< sizeof(sally_staging_options) */
    /** prefix of temporary names: 1 to 64 bytes without a slash; NULL: ".upload-" */
    const char *prefix;
    uint32_t flags;    /**< SALLY_STAGING_ bits */
    uint32_t reserved; /**< zero */
} sally_staging_options;

/**
 * Like `inner`, except that uploads get their names when they are complete: until then they are
 * written to a temporary file in the same directory, whose name is the prefix and a number. At a
 * clean CLOSE (::SALLY_CLOSED_BY_CLIENT) it is renamed, which replaces an existing file atomically.
 * CLOSE answers with the status of that RENAME. After any other reason the temporary file is
 * removed or kept, the existing file is untouched, and CLOSE, if the client waits for it, fails
 * with ::SALLY_FAILURE. If `inner` fails the CLOSE of an upload, for instance because it rejects
 * the contents, the same happens, and CLOSE answers with the status and text of `inner`. `options`
 * NULL: all zero. Holds `inner`, which must have `stat` and `rename` slots, otherwise
 * ::SALLY_E_UNSUPPORTED.
 *
 * An upload is an OPEN for writing that creates a file, or has ::SALLY_OPEN_TRUNCATE. The new file
 * gets the permissions of the one it replaces, but not its owner, hard links and locks. A symbolic
 * link is kept, and its target is replaced. These are not staged but changed in place: an existing
 * file opened without TRUNCATE (a resumed transfer, an append, OpenSSH's scp over a file); a file
 * opened with ::SALLY_OPEN_DELETE_ON_CLOSE; a file without any write permission, which `inner` may
 * refuse; and files that the program itself opens (::SALLY_OP_INTERNAL). A client cannot resume an
 * upload that was kept.
 *
 * Until CLOSE, others see the previous file. In the session that uploads a file, STAT, SETSTAT,
 * HASH and OPEN without TRUNCATE refer to the upload; RENAME, REMOVE and listings do not. With
 * ::SALLY_OPEN_EXCLUSIVE, CLOSE fails (::SALLY_FILE_ALREADY_EXISTS) if a file of that name has been
 * created meanwhile by other means.
 *
 * Clients cannot see, open or create names that begin with the prefix: they are not listed, and
 * using one is ::SALLY_NO_SUCH_FILE, or ::SALLY_PERMISSION_DENIED for a new name. The program's own
 * operations can. A directory that contains one cannot be removed. A crash leaves temporary files
 * behind, which the program may remove when it starts.
 *
 * Most clients report a failed CLOSE; curl ignores it.
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

/** The permissions of clients in a part of a storage. */
typedef struct sally_filter_rule {
    size_t struct_size; /**< sizeof(sally_filter_rule) */
    const char *path;  /**< absolute: the rule applies to this and everything below it; NULL: "/" */
    const char *names; /**< the rule applies only to matching names below `path`, and to everything
                          below those: a pattern with "*", "?", "[a-z]", "[!a-z]", and a backslash
                          before a literal character. Case matters; a leading period is not special.
                          NULL: all names */
    uint32_t permissions; /**< SALLY_MAY_ bits: what remains permitted */
    uint32_t flags;       /**< SALLY_FILTER_ bits */
} sally_filter_rule;

/**
 * Restricts `inner` to what the rules permit; other operations fail with ::SALLY_PERMISSION_DENIED.
 * The first rule that applies to a path decides; without one, everything is permitted. The
 * session's own permissions (sally_session_set_permissions()) apply as well. `rules` are `count`
 * structures with the same struct_size; copied. Holds `inner`.
 *
 * Operations need the permissions listed in session.h; on an open file, those of the path by which
 * it was opened. RENAME also needs CREATE for the new path, and REMOVE with OVERWRITE. LINK needs
 * CREATE, and the new path must not have permissions that the old one lacks. A directory with rules
 * of its own, and those above it, cannot be renamed, nor can a directory be moved to a place where
 * other rules with `names` apply to its contents.
 *
 * ::SALLY_OP_INTERNAL operations are not restricted: those of the program (sally_session_submit(),
 * sally_fs_submit()) and the library's own, on paths and on files that they have opened. On a file
 * that a client has opened, they are restricted like the client. Operations of outer wrappers with
 * sally_fs_ask() are done on behalf of the client, and restricted: so with sally_fs_staging() the
 * filter belongs outside; otherwise clients need RENAME and REMOVE for the temporary names.
 *
 * If `inner` has symbolic links, the rules are also applied to the resolved path, obtained by
 * REALPATH before each operation on a path: both paths must permit it. A user who replaces a
 * directory by a link at the right moment can win a race: do not permit SYMLINK or RENAME to users
 * you do not trust.
 *
 * ::SALLY_E_INVALID for a relative path or one that is too long, unknown bits, or an invalid
 * struct_size.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_filter(sally_fs **out, sally_fs *inner,
                                                       const sally_filter_rule *rules,
                                                       size_t count);

SALLY_END_DECLS

#endif
