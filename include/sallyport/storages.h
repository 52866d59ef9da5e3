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

/** @name Flags of the local storage
 * @{ */
/** Paths are not confined: "/" is the machine's root and symbolic links lead anywhere, as in
 * OpenSSH's sftp-server. */
#define SALLY_LOCAL_UNCONFINED 0x1u
/** Changes of owner and group are answered with success and ignored. */
#define SALLY_LOCAL_IGNORE_OWNER 0x2u
/** @} */

/**
 * A directory of this machine. No path and no symbolic link leads out of it, whatever others do to
 * the tree meanwhile. New files get the mode the client asks for (0666 when it does not say;
 * directories 0777), less `umask_bits` and less the process's own umask. Share reservations bind
 * all who come through this storage; locks of byte ranges are also open file description locks,
 * which other programs see. ::SALLY_E_SYSTEM (see errno) when `directory` cannot be opened.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_local(sally_fs **out, const char *directory,
                                                      uint32_t flags, uint32_t umask_bits);

/** What SETSTAT does with an attribute. */
enum {
    SALLY_POLICY_APPLY = 0,  /**< sets it; ::SALLY_UNSUPPORTED for what the storage cannot set */
    SALLY_POLICY_IGNORE = 1, /**< leaves it as it is, without a word */
    SALLY_POLICY_FAIL = 2    /**< ::SALLY_UNSUPPORTED, and nothing else is set either */
};

/**
 * What SETSTAT does with these attributes (SALLY_ATTR_ bits), in a storage of sally_fs_local() that
 * nobody uses yet. At first it applies size, owner, permissions, times and ACL; attribute bits may
 * be set to what they are; it ignores the type, allocation size, times of change and creation, link
 * count, text hint, MIME type and untranslated name, which clients send back as they were given;
 * extended pairs fail. ::SALLY_E_INVALID for another storage or an unknown policy.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_local_set_policy(sally_fs *local_fs, uint32_t attrs,
                                                                 uint32_t policy);

/** Files in memory, gone with the storage. `max_bytes`: what all files may hold together; 0 for no
 * limit. Holes hold nothing; names and tables are counted apart, up to half of `max_bytes` and 64
 * MiB. Permissions are kept but bind nobody; reading does not change the access time. ACLs (in
 * version 6's form) and attribute bits are kept as given, and bind nobody either: a change of the
 * permissions does not change them. Extended attributes ("user.") are kept, and the stretches of
 * data of a file with holes are known. */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_memory(sally_fs **out, uint64_t max_bytes);

/** Everything of `inner`, but nothing changes: what would is answered with ::SALLY_WRITE_PROTECT.
 * Holds `inner`. */
SALLY_API SALLY_MUST_CHECK sally_error sally_fs_readonly(sally_fs **out, sally_fs *inner);

/**
 * The directory `root` of `inner` as a storage of its own. No path and no symbolic link leads out
 * of it. Links count from `root`, as with chroot(2): an absolute one begins there, and ".." stops
 * there; their texts are given and taken as they are. Holds `inner`. "/" gives `inner` itself.
 * ::SALLY_E_INVALID for a path that is too long.
 *
 * The local and the memory storage, sally_fs_readonly() over them, and directories of all these
 * resolve links below `root` themselves, whatever others do to the tree meanwhile; directories of a
 * storage with ::SALLY_LOCAL_UNCONFINED are confined, too. They look for `root` when the first
 * session starts, following links as `inner` does, and hold it from then on, also when it is moved.
 * When it is missing or no directory, SESSION_START is answered with that, which ends the session,
 * and a line in the log ("session.no_root") names it. Share reservations, locks, the mask and the
 * policy are those of `inner`. The way to `root` must be yours alone to change; below what a user
 * can change, take a directory of a directory.
 *
 * For all other storages, such as wrappers of your own and sally_fs_fault(), the library resolves
 * links by STAT and READLINK of `inner`, one component after the other, at most 40 links, and
 * passes on paths that hold none. STAT has to tell links from other things by their type, or else
 * READLINK has to answer with ::SALLY_INVALID_PARAMETER or ::SALLY_FAILURE for what is no link;
 * where neither can be asked, the answer is ::SALLY_PERMISSION_DENIED. This does not hold against
 * someone who exchanges a directory for a link at that very moment: rather wrap a directory than
 * take a directory of a wrapper. A storage with neither `readlink` nor `symlink` has no links and
 * is not asked. Operations on open files bring the path that was found, without look-ups; a storage
 * that has links must go by what it keeps in the file, as a link may take the path's place. It is
 * not checked that `root` is there. Data of EXTENDED requests that the library does not know are
 * passed on as they are: `inner` takes paths in them as below op->path.
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
    uint64_t times;      /**< strikes; 0 for ever */
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
