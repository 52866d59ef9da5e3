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

/** What may be used of a storage, and what is. */
typedef struct sally_quota {
    size_t struct_size; /**< sizeof(sally_quota) */
    uint64_t max_bytes; /**< sum of the sizes of all files; 0: no limit */
    uint64_t max_files; /**< number of files, directories and symbolic links; 0: no limit */
    uint64_t bytes;     /**< used, or reserved by operations that run */
    uint64_t files;     /**< the same; the root does not count, nor do further hard links */
} sally_quota;

/** What sally_fs_quota_set() sets. */
enum {
    SALLY_QUOTA_LIMITS = 0x1, /**< max_bytes and max_files */
    SALLY_QUOTA_USE = 0x2     /**< bytes and files */
};

/**
 * Everything of `inner`, up to these limits (0: none), for all its sessions together. What would
 * exceed them fails with ::SALLY_QUOTA_EXCEEDED and changes nothing. Holds `inner`, which must have
 * a `stat` slot: else ::SALLY_E_UNSUPPORTED.
 *
 * Sizes count, holes included, not what the disk needs for them. Room is reserved before an
 * operation starts, so that sessions cannot exceed the limits together, and what a failed
 * operation has not used is given back. STATVFS shows what is left of the quota, where `inner` has
 * no less. COPY is passed on where the length is known, and done by READ and WRITE otherwise.
 * There is no LEND_FD for writing.
 *
 * The use is 0 at first: say what is there already with sally_fs_quota_set(). The library cannot
 * count it, as an operation that lists directories needs a client's session. Everything must pass
 * through this storage from then on; what other programs change is noticed only for files that
 * are written here, when they are closed.
 *
 * A file that loses its last name counts until it is closed. A file with several hard links counts
 * until the last one is removed, which `inner` must tell by the link count of STAT. To know open
 * files by their paths, an OPEN that may change something is preceded by a STAT and followed by a
 * REALPATH, as are REMOVE and RENAME, and CLOSE by an FSTAT. Operations of several
 * sessions on the same path take turns; if they reach one name by different paths, through a link
 * to a directory, in the same moment, they may count it twice or not at all. Where `inner` does not
 * tell files apart (sally_file_set_identity()), two hard links that are open are two files until
 * they are closed. With sally_fs_staging(), the quota belongs inside, where it sees the temporary
 * files: outside, it cannot tell which of several uploads of one name has replaced the other.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_quota(sally_fs **out, sally_fs *inner,
                                                      uint64_t max_bytes, uint64_t max_files);

/** The limits and the use of a storage of sally_fs_quota(), also while it is in use. Any thread.
 * `quota->struct_size` must be set; nothing beyond it is written. ::SALLY_E_INVALID for another
 * storage or a struct_size that makes no sense. */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_quota_get(sally_fs *quota_fs, sally_quota *quota);

/** Sets the members that `what` names: SALLY_QUOTA_LIMITS, SALLY_QUOTA_USE or both. Any thread,
 * also while the storage is in use; set the use only when no operation runs, since what they have
 * reserved is part of it. Limits below the use refuse what needs more, and remove nothing.
 * ::SALLY_E_INVALID for another storage, an unknown bit, or a struct_size that makes no sense. */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_quota_set(sally_fs *quota_fs,
                                                          const sally_quota *quota, uint32_t what);

/** Flags of ::sally_staging_options. */
enum {
    SALLY_STAGING_KEEP =
        0x1 /**< a broken upload stays under its temporary name; else it is removed */
};

/** How uploads are staged. */
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
 * client waits for it, fails with ::SALLY_FAILURE. `options` NULL: all zero. Holds `inner`, which
 * must have `stat` and `rename` slots: else ::SALLY_E_UNSUPPORTED.
 *
 * An upload is an OPEN for writing that makes a new file, or one with ::SALLY_OPEN_TRUNCATE. The
 * new file gets the permissions of the one that it replaces; not its owner, hard links and locks. A
 * symbolic link stays, and what it leads to is replaced. Not staged, but changed in place, are: a
 * file that is there and is opened without TRUNCATE, as for a resumed transfer, an append, and by
 * OpenSSH's scp over a file; one with ::SALLY_OPEN_DELETE_ON_CLOSE; one that nobody has the
 * permission to write, which `inner` may refuse; and what the program opens itself
 * (::SALLY_OP_INTERNAL). An upload that was kept cannot be resumed by the client.
 *
 * Before CLOSE others see what was there before. STAT, SETSTAT, HASH and OPEN without TRUNCATE by
 * the session that is uploading a file mean that upload; its RENAME, REMOVE and listings do not.
 * With ::SALLY_OPEN_EXCLUSIVE it is CLOSE that fails (::SALLY_FILE_ALREADY_EXISTS) if a file of
 * that name has been made meanwhile by other means.
 *
 * Clients cannot see, open or make names that begin with the prefix: they are not listed, and are
 * ::SALLY_NO_SUCH_FILE, or ::SALLY_PERMISSION_DENIED for a new name. The program's own operations
 * can. A directory that holds one cannot be removed. Temporary files that a crash has left stay
 * there: the program may remove them when it starts.
 *
 * Most clients report that CLOSE has failed; curl does not look at it.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_staging(sally_fs **out, sally_fs *inner,
                                                        const sally_staging_options *options);

/** Flags of ::sally_filter_rule. */
enum {
    SALLY_FILTER_HIDDEN = 0x1,  /**< it does not exist for clients: it is not listed, and
                                     ::SALLY_NO_SUCH_FILE, or ::SALLY_PERMISSION_DENIED where it
                                     would be made */
    SALLY_FILTER_UNLISTED = 0x2 /**< listings leave it out; who knows the name can use it */
};

/** What clients may do with a part of a storage. */
typedef struct sally_filter_rule {
    size_t struct_size;   /**< sizeof(sally_filter_rule) */
    const char *path;     /**< absolute: the rule is about this and all below it; NULL: "/" */
    const char *names;    /**< only about names below `path` that match, and what is below those: a
                               pattern with "*", "?", "[a-z]", "[!a-z]", and a backslash before what
                               is meant literally; case counts, a period at the start does not. NULL:
                               about all */
    uint32_t permissions; /**< SALLY_MAY_ bits that are left */
    uint32_t flags;       /**< SALLY_FILTER_ bits */
} sally_filter_rule;

/**
 * Everything of `inner`, as far as the rules permit; other operations fail with
 * ::SALLY_PERMISSION_DENIED. The first rule about a path decides; where there is none, everything
 * is permitted. What the session itself may not do (sally_session_set_permissions()) stays
 * forbidden. `rules` are `count` structures with the same struct_size; copied. Holds `inner`.
 *
 * Operations need the permissions that session.h says; on a file those of the path that it was
 * opened by. RENAME also needs CREATE for the new path, and with OVERWRITE REMOVE; LINK CREATE, and
 * no permission for the new path that it lacks for the old one. A directory with rules of its own,
 * and those above it, cannot be renamed. The program's own operations (::SALLY_OP_INTERNAL) are not
 * restricted.
 *
 * Where `inner` has symbolic links, the rules are also applied to the path without them, for which
 * `inner` is asked by REALPATH before each operation on a path: both must permit it. There is a
 * race with a user who replaces a directory by a link in between: do not permit SYMLINK, or RENAME,
 * to those who must not try.
 *
 * ::SALLY_E_INVALID for a relative path or one that is too long, unknown bits, or a struct_size
 * that makes no sense.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_filter(sally_fs **out, sally_fs *inner,
                                                       const sally_filter_rule *rules,
                                                       size_t count);

SALLY_END_DECLS

#endif
