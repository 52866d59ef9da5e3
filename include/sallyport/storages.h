/**
 * @file sallyport/storages.h
 * The storages that come with the library.
 */
#ifndef SALLYPORT_STORAGES_H
#define SALLYPORT_STORAGES_H

#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/fs.h"

SALLY_BEGIN_DECLS

/** Flags of the local storage. */
enum {
    /** Paths are not confined: "/" is the machine's root and symbolic links lead anywhere, as in
     * OpenSSH's sftp-server. */
    SALLY_LOCAL_UNCONFINED = 0x1,
    /** Changes of owner and group are answered with success and ignored. */
    SALLY_LOCAL_IGNORE_OWNER = 0x2,
    /** No share reservations and no locks of byte ranges: they are ::SALLY_UNSUPPORTED, and clients
     * are not told of any. For files that other processes serve as well, whose clients would not be
     * bound. */
    SALLY_LOCAL_NO_LOCKS = 0x4,
    /** Clients may set the set-user-id and set-group-id bits, even if paths are confined. */
    SALLY_LOCAL_SET_ID = 0x8,
    /** Clients see the names of all users and groups of this machine, and may use them, even if
     * paths are confined. */
    SALLY_LOCAL_HOST_NAMES = 0x10,
};

/**
 * A directory of this machine. No path and no symbolic link leads out of it, whatever others do to
 * the tree meanwhile. New files get the mode the client asks for (0666 when it does not say;
 * directories 0777), less `umask_bits` and less the process's own umask (not with
 * ::SALLY_OPEN_EXACT_MODE and ::SALLY_EXACT_MODE). Share reservations bind
 * all who come through this storage; locks of byte ranges are also open file description locks,
 * which other programs see. Two storages over one directory do not know each other's reservations,
 * nor do they refuse READ and WRITE for each other's locks: make one storage, and use
 * sally_fs_chroot() or sally_auth_set_root() for each user. There are at most 1024 locks per
 * open file, 8192 per file and per user, and 131072 in the storage; further ones fail with
 * ::SALLY_BYTE_RANGE_LOCK_REFUSED and a message. ::SALLY_E_SYSTEM (see errno) when
 * `directory` cannot be opened.
 *
 * If paths are confined, clients cannot set the set-user-id and set-group-id bits unless
 * ::SALLY_LOCAL_SET_ID is given, since they would give all users of the machine the rights of the
 * program's user: OPEN, MKDIR and SETSTAT silently drop these bits, as a umask would. A directory
 * keeps those that it already has if SETSTAT includes them, a new directory inherits the
 * set-group-id bit as usual on the system, and a file loses both when it is opened for writing. The
 * sticky bit, which only restricts access, is set as requested.
 *
 * If paths are confined, clients do not see the names of this machine's users and groups unless
 * ::SALLY_LOCAL_HOST_NAMES is given: in attributes, listings, ACLs and LOOKUP_IDS, owners and
 * groups are numbers, except for the effective user and group of the process. SETSTAT accepts only
 * these two names and numbers: any other name is ::SALLY_UNKNOWN_PRINCIPAL, whether it exists or
 * not.
 *
 * File systems that show the state of the kernel and of processes rather than files, such as
 * procfs, sysfs and cgroup, are not served, wherever they are mounted and whatever the flags: all
 * operations on them fail with ::SALLY_PERMISSION_DENIED, except STAT and STATVFS. `directory`
 * cannot be on one (EOPNOTSUPP). Magic links are not followed if the kernel has openat2().
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_local(sally_fs **out, const char *directory,
                                                      uint32_t flags, uint32_t umask_bits);

/** What SETSTAT does with an attribute. */
enum {
    SALLY_POLICY_APPLY = 0,  /**< sets it; ::SALLY_UNSUPPORTED for what the storage cannot set */
    SALLY_POLICY_IGNORE = 1, /**< silently leaves it as it is */
    SALLY_POLICY_FAIL = 2    /**< ::SALLY_UNSUPPORTED, and nothing else is set either */
};

/**
 * What SETSTAT does with these attributes (SALLY_ATTR_ bits), in a storage of sally_fs_local() that
 * is not in use yet. At first it applies size, owner, permissions, times and ACL; attribute bits
 * may be set to what they are; it ignores the type, allocation size, times of change and creation,
 * link count, text hint, MIME type and untranslated name, which clients send back as they were
 * given; extended pairs fail. ::SALLY_E_INVALID for another storage or an unknown policy.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_local_set_policy(sally_fs *local_fs, uint32_t attrs,
                                                                 uint32_t policy);

/**
 * Hides a file or directory of this machine, and all that is below it, in a storage of
 * sally_fs_local() that is not in use yet: for clients it does not exist, whatever name or link
 * leads to it, and the directories above it cannot be moved. Meant for files that the program keeps
 * below the storage's directory for itself, such as keys. It is identified by its inode: a file
 * that replaces it later is visible. Resolving paths is slower once anything is hidden; a `path`
 * that is not below the directory has no effect. ::SALLY_E_SYSTEM (see errno) if `path` cannot be
 * found, ::SALLY_E_INVALID for another storage or one with ::SALLY_LOCAL_UNCONFINED,
 * ::SALLY_E_RANGE if `path` is the storage's directory itself.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_local_hide(sally_fs *local_fs, const char *path);

/** Files in memory, which are lost with the storage. `max_bytes`: the memory that may be allocated
 * for all files together, with their names, ACLs and extended attributes, at least 1024; 0 for no
 * limit. A file takes a little more than its size, and up to 64 KiB more while it is written; holes
 * take no memory. STATVFS and the allocation sizes of files report this memory. Permissions are
 * kept but not enforced; reading does not change the access time. ACLs (in version 6's form) and
 * attribute bits are kept as given, and not enforced either: changing the permissions does not
 * change them. Extended attributes ("user.") are kept, and clients can ask which ranges of a file
 * hold data.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_memory(sally_fs **out, uint64_t max_bytes);

/** Everything of `inner`, but nothing changes: what would is answered with ::SALLY_WRITE_PROTECT.
 * Holds `inner`. */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_readonly(sally_fs **out, sally_fs *inner);

/**
 * The directory `root` of `inner` as a storage of its own. No path and no symbolic link leads out
 * of it: as with chroot(2), an absolute link starts at `root`, and ".." does not go above it.
 * READLINK returns and SYMLINK stores the text of a link unchanged. Holds `inner`. "/" gives
 * `inner` itself.
 * ::SALLY_E_INVALID for a path that is too long.
 *
 * The local and the memory storage, sally_fs_readonly() over them, and directories of all these
 * resolve links below `root` themselves, without races when others change the tree meanwhile; this
 * also confines directories of a storage with ::SALLY_LOCAL_UNCONFINED. They open `root` when the
 * first session starts, following links as `inner` does, and hold it from then on, even if it is
 * moved. When it does not exist or is not a directory, SESSION_START fails, the session ends, and a
 * log line ("session.no_root") names the directory. Share reservations, locks, the mask and the
 * policy are those of `inner`. Users must not be able to change the directories above `root`. Where
 * they can, first take the part that they can change as a storage, and then `root` below that.
 *
 * For all other storages, such as wrappers of your own and sally_fs_fault(), the library resolves
 * links itself: it calls STAT and READLINK of `inner` for one component after the other, follows at
 * most 40 links, and passes on paths without links. STAT must report the type of links, or READLINK
 * must answer ::SALLY_INVALID_PARAMETER or ::SALLY_FAILURE for anything that is not a link; where
 * `inner` lacks the one that is needed, the answer is ::SALLY_PERMISSION_DENIED. There is a race
 * with a user who replaces a directory by a link in between, so wrap a directory rather than take a
 * directory of a wrapper. A storage with neither `readlink` nor `symlink` is taken to have no
 * links, and is not asked. Operations on open files carry the resolved path of their OPEN and are
 * not resolved again: a storage with links must use what it keeps in the file, since a link may
 * have replaced the path. The library does not check that `root` exists. It does not look into the
 * data of unknown EXTENDED requests: `inner` must resolve paths in them below op->path.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_chroot(sally_fs **out, sally_fs *inner,
                                                       const char *root);

/** What a fault does. */
enum {
    SALLY_FAULT_FAIL = 1,      /**< answers with `status`, without asking the storage */
    SALLY_FAULT_SHORT = 2,     /**< READ gives at most `amount` bytes */
    SALLY_FAULT_DELAY = 3,     /**< waits `amount` milliseconds in the slot, then goes on */
    SALLY_FAULT_LATE = 4,      /**< answers PENDING, and finishes with the storage's answer after
                                  `amount` milliseconds from another thread */
    SALLY_FAULT_FAIL_AFTER = 5 /**< asks the storage, then answers with `status` */
};

/** One fault to inject. */
typedef struct sally_fault {
    size_t struct_size;  /**< sizeof(sally_fault) */
    uint64_t kinds;      /**< SALLY_OP_BIT() of the kinds it strikes */
    uint32_t action;     /**< SALLY_FAULT_ value */
    sally_status status; /**< for FAIL and FAIL_AFTER */
    uint64_t amount;     /**< for SHORT (bytes), DELAY and LATE (ms) */
    uint64_t skip;       /**< operations that pass before the first strike */
    uint64_t times;      /**< strikes; 0: no limit */
    const char
        *path; /**< only operations on this very path (a file's path for handles); NULL: any */
} sally_fault;

/** A storage that misbehaves on purpose, for tests: `inner`, with faults. Holds `inner`. */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_fault(sally_fs **out, sally_fs *inner);
/** Adds a fault; the first one that matches strikes. Any thread. Copied. */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_fault_add(sally_fs *fault_fs,
                                                          const sally_fault *fault);
/** Removes all faults. Any thread. */
SALLY_API void sally_fs_fault_clear(sally_fs *fault_fs);

SALLY_END_DECLS

#endif
