/**
 * @file sallyport/storages.h
 * Ready-made storages.
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
    /** Changes of owner and group are ignored, and answered with success. */
    SALLY_LOCAL_IGNORE_OWNER = 0x2,
    /** No share reservations and no byte-range locks: requests for them are ::SALLY_UNSUPPORTED,
     * and clients are not offered them. For files that other processes also serve, whose clients
     * would not be bound by them. */
    SALLY_LOCAL_NO_LOCKS = 0x4,
    /** Clients can set the set-user-id and set-group-id bits, even if paths are confined. */
    SALLY_LOCAL_SET_ID = 0x8,
    /** Clients see the names of all users and groups of this machine, and can use them, even if
     * paths are confined. */
    SALLY_LOCAL_HOST_NAMES = 0x10,
};

/**
 * Creates a storage over a directory of this machine. No path and no symbolic link leads out of it,
 * even if the tree is changed meanwhile. New files get the mode that the client requests (by
 * default 0666, directories 0777), less `umask_bits` and, unless ::SALLY_OPEN_EXACT_MODE or
 * ::SALLY_EXACT_MODE is set, less the process's own umask. ::SALLY_E_SYSTEM (see errno) if
 * `directory` cannot be opened.
 *
 * Share reservations apply to all users of this storage. Byte-range locks are also open file
 * description locks, which other programs see. Two storages over one directory do not know each
 * other's reservations, nor do they refuse READ and WRITE because of each other's locks: create one
 * storage, and use sally_fs_chroot() or sally_auth_set_root() for each user. There are at most 1024
 * locks per open file, 8192 per file and per user, and 131072 in the storage; further ones fail
 * with ::SALLY_BYTE_RANGE_LOCK_REFUSED and a message.
 *
 * If paths are confined, clients cannot set the set-user-id and set-group-id bits unless
 * ::SALLY_LOCAL_SET_ID is given, since these would give all users of the machine the rights of the
 * program's user. OPEN, MKDIR and SETSTAT silently drop the bits, as a umask would. A directory
 * keeps those it already has if SETSTAT includes them, a new directory inherits the set-group-id
 * bit as usual on the system, and a file loses both when it is opened for writing. The sticky bit,
 * which only restricts access, is set as requested.
 *
 * If paths are confined, clients do not see the names of this machine's users and groups unless
 * ::SALLY_LOCAL_HOST_NAMES is given. In attributes, listings, ACLs and LOOKUP_IDS, owners and
 * groups are then numbers, except for the process's effective user and group. SETSTAT accepts
 * numbers and these two names; any other name is ::SALLY_UNKNOWN_PRINCIPAL, whether it exists or
 * not.
 *
 * File systems that show the state of the kernel and of processes rather than files, such as
 * procfs, sysfs and cgroup, are never served, wherever they are mounted: all operations on them
 * fail with ::SALLY_PERMISSION_DENIED, except STAT and STATVFS. `directory` cannot be on one
 * (EOPNOTSUPP). Magic links are not followed if the kernel has openat2().
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_local(sally_fs **out, const char *directory,
                                                      uint32_t flags, uint32_t umask_bits);

/** What SETSTAT does with an attribute. */
enum {
    SALLY_POLICY_APPLY = 0,  /**< set it; ::SALLY_UNSUPPORTED if the storage cannot */
    SALLY_POLICY_IGNORE = 1, /**< silently leave it as it is */
    SALLY_POLICY_FAIL = 2    /**< fail with ::SALLY_UNSUPPORTED, and set nothing else either */
};

/**
 * Sets what SETSTAT does with these attributes (SALLY_ATTR_ bits), in a storage of sally_fs_local()
 * that is not in use yet. By default it applies size, owner, permissions, times and ACL, lets
 * attribute bits be set to the values they have, and fails for extended pairs. It ignores type,
 * allocation size, ctime, creation time, link count, text hint, MIME type and untranslated name,
 * which clients send back as they received them. ::SALLY_E_INVALID for another storage or an
 * unknown policy.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_local_set_policy(sally_fs *local_fs, uint32_t attrs,
                                                                 uint32_t policy);

/**
 * Hides a file or directory of this machine, and everything below it, in a storage of
 * sally_fs_local() that is not in use yet. For clients it does not exist, under any name or link,
 * and the directories above it cannot be moved. This is for files that the program keeps for itself
 * below the storage's directory, such as keys. The file is identified by its inode: one that
 * replaces it later is visible. Resolving paths is slower once anything is hidden. A `path` outside
 * the directory has no effect. ::SALLY_E_SYSTEM (see errno) if `path` cannot be found,
 * ::SALLY_E_INVALID for another storage or one with ::SALLY_LOCAL_UNCONFINED, ::SALLY_E_RANGE if
 * `path` is the storage's directory itself.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_local_hide(sally_fs *local_fs, const char *path);

/** A storage in memory. Its files are lost when it is freed. `max_bytes` limits the memory for all
 * files together, with their names, ACLs and extended attributes: at least 1024, or 0 for no limit;
 * otherwise
 * ::SALLY_E_RANGE.
 * A file takes a little more than its size, and up to 64 KiB more while it is written; holes take
 * no memory. STATVFS and the allocation sizes of files report this memory. Permissions are stored
 * but not enforced, and reading does not change the access time. ACLs (in the form of version 6)
 * and attribute bits are stored as given and not enforced either; changing the permissions does not
 * change them. Extended attributes ("user.") are stored, and clients can ask which ranges of a file
 * contain data.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_memory(sally_fs **out, uint64_t max_bytes);

/** Makes `inner` read-only: all changes fail with ::SALLY_WRITE_PROTECT. Holds `inner`. */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_readonly(sally_fs **out, sally_fs *inner);

/**
 * Makes the directory `root` of `inner` a storage of its own. No path and no symbolic link leads
 * out of it: as with chroot(2), an absolute link starts at `root`, and ".." does not go above it.
 * READLINK returns the text of a link unchanged, and SYMLINK stores it unchanged. Holds `inner`.
 * "/" returns `inner` itself. ::SALLY_E_INVALID for a path that is too long.
 *
 * The local and the memory storage, sally_fs_readonly() over them, and directories of any of these
 * resolve links below `root` themselves, without races even if others change the tree meanwhile.
 * This also confines directories of a storage with ::SALLY_LOCAL_UNCONFINED. They open `root` when
 * the first session starts, following links as `inner` does, and hold it from then on, even if it
 * is moved. If it does not exist or is not a directory, SESSION_START fails, the session ends, and
 * a log line ("session.no_root") names the directory. Share reservations, locks, the mask and the
 * policy are those of `inner`. Users must not be able to change the directories above `root`. If
 * they can, first make a storage of the part that they can change, and then take `root` below that.
 *
 * For all other storages, such as wrappers of your own and sally_fs_fault(), the library resolves
 * links itself: it calls STAT and READLINK of `inner` for one component after another, follows at
 * most 40 links, and passes on paths without links. STAT must report the type of links, or READLINK
 * must answer ::SALLY_INVALID_PARAMETER or ::SALLY_FAILURE for anything that is not a link; if
 * `inner` lacks the one that is needed, the answer is ::SALLY_PERMISSION_DENIED. A user who
 * replaces a directory by a link at the right moment can win a race, so wrap a directory rather
 * than take a directory of a wrapper. A storage with neither `readlink` nor `symlink` is assumed to
 * have no links, and is not asked. Operations on open files carry the resolved path of their OPEN
 * and are not resolved again: a storage with links must use its own data in the file, since a link
 * may have replaced the path. The library does not check that `root` exists. It does not look into
 * the data of unknown EXTENDED requests: `inner` must resolve any paths in there below op->path.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_chroot(sally_fs **out, sally_fs *inner,
                                                       const char *root);

/** What a fault does. */
enum {
    SALLY_FAULT_FAIL = 1,      /**< answer with `status`, without asking the storage */
    SALLY_FAULT_SHORT = 2,     /**< READ returns at most `amount` bytes */
    SALLY_FAULT_DELAY = 3,     /**< wait `amount` milliseconds in the slot, then continue */
    SALLY_FAULT_LATE = 4,      /**< return PENDING, and finish with the storage's answer `amount`
                                  milliseconds later, from another thread */
    SALLY_FAULT_FAIL_AFTER = 5 /**< ask the storage, then answer with `status` */
};

/** A fault to inject. */
typedef struct sally_fault {
    size_t struct_size;  /**< sizeof(sally_fault) */
    uint64_t kinds;      /**< SALLY_OP_BIT() of the kinds of operations that it affects */
    uint32_t action;     /**< SALLY_FAULT_ value */
    sally_status status; /**< for FAIL and FAIL_AFTER */
    uint64_t amount;     /**< for SHORT (bytes), DELAY and LATE (ms) */
    uint64_t skip;       /**< number of matching operations to skip first */
    uint64_t times;      /**< how often it acts; 0: no limit */
    const char *path;    /**< only operations on exactly this path (for handles, the file's path);
                            NULL: any path */
} sally_fault;

/** For tests: passes operations on to `inner`, except for the faults that were added. Holds
 * `inner`. */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_fault(sally_fs **out, sally_fs *inner);
/** Adds a fault; copied. If several match an operation, the first one acts. Any thread. */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_fault_add(sally_fs *fault_fs,
                                                          const sally_fault *fault);
/** Removes all faults. Any thread. */
SALLY_API void sally_fs_fault_clear(sally_fs *fault_fs);

SALLY_END_DECLS

#endif
