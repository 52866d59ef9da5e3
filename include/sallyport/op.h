/**
 * @file sallyport/op.h
 * Operations: the requests of a client, from any protocol. An operation passes from the protocol
 * through the before-hooks to the storage, and back through the after-hooks; all of them see the
 * same structure.
 *
 * The library allocates operations and owns them. What an operation points to is valid until the
 * operation ends.
 */
#ifndef SALLYPORT_OP_H
#define SALLYPORT_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sallyport/attrs.h"
#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/status.h"

SALLY_BEGIN_DECLS

typedef struct sally_op sally_op;           /**< one request in flight */
typedef struct sally_session sally_session; /**< one logged-in user on one protocol: session.h */
typedef struct sally_file sally_file;       /**< an open file or directory: file.h */
typedef struct sally_fs sally_fs;           /**< a storage: fs.h */

/* clang-format off */
/**
 * Every kind of operation: X(name, value, slot, permission). The slot is the member of
 * ::sally_fs_methods that answers it; the permission is what the session needs (0: nothing; OPEN,
 * REALPATH and the kinds with two paths need more: see session.h).
 *
 * CHDIR asks whether a client may make `path` its current directory. COMMAND is a command that the
 * library does not know. No protocol in this version sends these (FTP will), but a program can,
 * with sally_session_submit().
 */
#define SALLY_OP_MAP(X)                                       \
    X(SESSION_START,  1, session_start, 0)                    \
    X(SESSION_END,    2, session_end,   0)                    \
    X(OPEN,           3, open,          0)                    \
    X(CLOSE,          4, close,         0)                    \
    X(READ,           5, read,          SALLY_MAY_READ)       \
    X(WRITE,          6, write,         SALLY_MAY_WRITE)      \
    X(FSYNC,          7, fsync,         SALLY_MAY_WRITE)      \
    X(LOCK,           8, lock,          SALLY_MAY_LOCK)       \
    X(UNLOCK,         9, unlock,        SALLY_MAY_LOCK)       \
    X(FSTAT,         10, fstat,         SALLY_MAY_STAT)       \
    X(FSETSTAT,      11, fsetstat,      SALLY_MAY_SETSTAT)    \
    X(CHDIR,         12, chdir,         SALLY_MAY_STAT)       \
    X(OPENDIR,       13, opendir,       SALLY_MAY_LIST)       \
    X(READDIR,       14, readdir,       SALLY_MAY_LIST)       \
    X(CLOSEDIR,      15, closedir,      0)                    \
    X(STAT,          16, stat,          SALLY_MAY_STAT)       \
    X(SETSTAT,       17, setstat,       SALLY_MAY_SETSTAT)    \
    X(REMOVE,        18, remove,        SALLY_MAY_REMOVE)     \
    X(RENAME,        19, rename,        SALLY_MAY_RENAME)     \
    X(MKDIR,         20, mkdir,         SALLY_MAY_MKDIR)      \
    X(RMDIR,         21, rmdir,         SALLY_MAY_RMDIR)      \
    X(READLINK,      22, readlink,      SALLY_MAY_STAT)       \
    X(SYMLINK,       23, symlink,       SALLY_MAY_SYMLINK)    \
    X(LINK,          24, link,          SALLY_MAY_LINK)       \
    X(REALPATH,      25, realpath,      0)                    \
    X(STATVFS,       26, statvfs,       SALLY_MAY_STAT)       \
    X(COPY,          27, copy,          SALLY_MAY_READ | SALLY_MAY_WRITE) \
    X(HASH,          28, hash,          SALLY_MAY_READ)       \
    X(LOOKUP_IDS,    29, lookup_ids,    SALLY_MAY_STAT)       \
    X(EXTENDED,      30, extended,      SALLY_MAY_EXTENDED)   \
    X(COMMAND,       31, command,       SALLY_MAY_EXTENDED)
/* clang-format on */

/** The kinds of operations. */
enum {
#define SALLY_OP_ENUM(name, value, slot, permission) SALLY_OP_##name = (value),
    SALLY_OP_MAP(SALLY_OP_ENUM)
#undef SALLY_OP_ENUM
    /** One more than the highest kind of this version. */
    SALLY_OP_KINDS = 32
};

/** The bit of a kind in a mask of kinds, such as those of ::sally_hooks. */
#define SALLY_OP_BIT(kind) (UINT64_C(1) << (kind))
/** Every kind. */
#define SALLY_OP_ALL (~UINT64_C(0))

/** Flags of an operation. */
enum {
    /** Answer at once or return ::SALLY_WOULD_BLOCK: the calling thread must not wait. Set only for
     * storages with ::SALLY_FS_TRY. The library clears it after a late answer; a slot that returns
     * ::SALLY_PENDING and continues by itself must clear it too. */
    SALLY_OP_TRY = 0x1,
    /** Requested by the library or a hook, not by the client. */
    SALLY_OP_INTERNAL = 0x2,
};

/** How a file is opened. */
enum {
    SALLY_OPEN_READ = 0x0001,      /**< open for reading */
    SALLY_OPEN_WRITE = 0x0002,     /**< open for writing */
    SALLY_OPEN_APPEND = 0x0004,    /**< every WRITE goes to the end, whatever its offset */
    SALLY_OPEN_CREATE = 0x0008,    /**< create the file if it does not exist */
    SALLY_OPEN_TRUNCATE = 0x0010,  /**< empty the file */
    SALLY_OPEN_EXCLUSIVE = 0x0020, /**< with CREATE: fail if the file exists */
    /** Text mode, which the library handles: it ignores the client's offsets, and each READ and
     * WRITE starts where the previous one ended. Line ends are not translated: the line feed is
     * announced to clients of version 4 and later. */
    SALLY_OPEN_TEXT = 0x0040,
    SALLY_OPEN_NOFOLLOW = 0x0080,        /**< fail if the last component is a symbolic link */
    SALLY_OPEN_DELETE_ON_CLOSE = 0x0100, /**< the storage removes the file at CLOSE */
    SALLY_OPEN_APPEND_ATOMIC = 0x0200,   /**< appends by several writers must not mix */
    SALLY_OPEN_BLOCK_READ = 0x0400,      /**< no one else may open it for reading */
    SALLY_OPEN_BLOCK_WRITE = 0x0800,     /**< no one else may open it for writing */
    SALLY_OPEN_BLOCK_DELETE = 0x1000,    /**< no one else may delete it */
    SALLY_OPEN_BLOCK_ADVISORY = 0x2000,  /**< the blocks only affect others who use them */
    SALLY_OPEN_EXACT_MODE = 0x4000,      /**< with CREATE: the new file gets exactly the permissions
                                            given, regardless of the process's umask */
    /** Create a file under a new name: `path`, or if that exists, the first of path.1 to path.999
     * that does not. The library adds CREATE and EXCLUSIVE and tries one name after another.
     * After-hooks and `done` find the resulting name in op->path, and sally_file_path() returns
     * it. For sally_session_submit() only; no client can request it in this version. */
    SALLY_OPEN_UNIQUE = 0x8000,
};

/** Flags of STAT, SETSTAT and MKDIR. */
enum {
    SALLY_FOLLOW = 0x1,     /**< follow a symbolic link in the last component */
    SALLY_EXACT_MODE = 0x2, /**< MKDIR: exactly the permissions given, regardless of the umask */
};

/** Flags of RENAME. */
enum {
    SALLY_RENAME_OVERWRITE = 0x1, /**< replace an existing target, which is an error otherwise */
    SALLY_RENAME_ATOMIC = 0x2,    /**< the target must exist at every moment */
    SALLY_RENAME_NATIVE = 0x4,    /**< in the storage's preferred way */
};

/** How REALPATH treats a missing file (draft-13 section 8.9). In a session without ::SALLY_MAY_STAT
 * the storage is not asked: STAT_ALWAYS fails with ::SALLY_PERMISSION_DENIED, and the others return
 * the normalised path. */
enum {
    SALLY_REALPATH_NO_CHECK = 1,    /**< work on the text alone: do not resolve links or check that
                                       anything exists. Most clients of version 6 request this. Answer
                                       with `path`, unless your storage needs something else */
    SALLY_REALPATH_STAT_IF = 2,     /**< return attributes if it exists */
    SALLY_REALPATH_STAT_ALWAYS = 3, /**< fail if it does not exist */
};

/** SESSION_START and SESSION_END. SESSION_END uses only `version` and `reason`. */
typedef struct sally_op_session {
    uint32_t version; /**< in: the negotiated protocol version; 0 if the protocol has none */
    /** in and out: the SALLY_ATTR_ bits announced as settable to clients of versions 5 and 6.
     * Initially size, names, permissions, access and modification time with nanoseconds, and with
     * ::SALLY_FS_ACL the ACL. */
    uint32_t settable;
    const sally_pair *client; /**< in: the client's extension data */
    size_t client_count;      /**< in: pairs in client */
    const sally_pair *server; /**< out: extension data to announce in addition to the library's */
    size_t server_count;      /**< out: pairs in server */
    uint32_t settable_bits;   /**< out: the SALLY_BIT_ bits announced as settable */
    uint32_t reason; /**< in, SESSION_END: why the session ends, a SALLY_END_ value (hooks.h) */
} sally_op_session;

/** OPEN: opens `path`. The library has already created `file`: keep your own data in it with
 * sally_file_set_data(). */
typedef struct sally_op_open {
    uint32_t flags;           /**< in: SALLY_OPEN_ bits */
    uint32_t desired_access;  /**< in: SALLY_ACE_ rights, as sent in versions 5 and 6; derived from
                                 `flags` in older ones */
    const sally_attrs *attrs; /**< in: for a new file; never NULL */
} sally_op_open;

/** READ and WRITE on `file`. */
typedef struct sally_op_io {
    uint64_t offset; /**< in: bytes from the start of the file; ignored by WRITE with APPEND */
    void *data;      /**< READ: the buffer to fill. WRITE: the data, which may be modified */
    uint32_t length; /**< in: bytes wanted (READ) or given (WRITE) */
    uint32_t done; /**< out: bytes read (0 with SALLY_OK counts as SALLY_EOF) or written (fewer than
                      all is an error) */
} sally_op_io;

/**
 * LOCK and UNLOCK on `file`. The library's own storages refuse a LOCK that overlaps a locked range
 * (::SALLY_BYTE_RANGE_LOCK_REFUSED), even if the same session holds that range. A lock forbids
 * other sessions READ, WRITE or both in its range, depending on its flags
 * (::SALLY_BYTE_RANGE_LOCK_CONFLICT). UNLOCK must give exactly the offset and length of a LOCK on
 * the same `file`; part of its range is not accepted (::SALLY_NO_MATCHING_BYTE_RANGE_LOCK).
 */
typedef struct sally_op_lock {
    uint64_t offset;   /**< in: first byte */
    uint64_t length;   /**< in: bytes; 0: to the end, however long the file is */
    uint32_t flags;    /**< in: SALLY_OPEN_BLOCK_ bits */
    uint32_t reserved; /**< zero */
} sally_op_lock;

/** STAT (of `path`) and FSTAT (of `file`). */
typedef struct sally_op_stat {
    uint32_t flags;    /**< in: SALLY_FOLLOW or 0 */
    uint32_t wanted;   /**< in: the SALLY_ATTR_ bits that are needed; you may return more */
    sally_attrs attrs; /**< out */
} sally_op_stat;

/** SETSTAT (of `path`), FSETSTAT (of `file`) and MKDIR. */
typedef struct sally_op_setstat {
    uint32_t flags;           /**< in: SALLY_FOLLOW (SETSTAT) or SALLY_EXACT_MODE (MKDIR), or 0 */
    uint32_t reserved;        /**< zero */
    const sally_attrs *attrs; /**< in: what to set; never NULL */
} sally_op_setstat;

/** RENAME of `path`, and LINK, where `path` is the existing file. A symbolic link in the last
 * component is not followed: the link itself is renamed or linked. */
typedef struct sally_op_rename {
    const char *to;    /**< in: absolute, normalised */
    uint32_t flags;    /**< in: SALLY_RENAME_ bits */
    uint32_t reserved; /**< zero */
} sally_op_rename;

/** SYMLINK: creates the link `path`. */
typedef struct sally_op_symlink {
    const char *target; /**< in: the link's text as the client sent it: relative or absolute, not
                           normalised */
} sally_op_symlink;

/** READLINK and REALPATH of `path`: answer with sally_op_set_result(). */
typedef struct sally_op_text {
    uint32_t flags;     /**< in: SALLY_REALPATH_ value */
    uint32_t reserved;  /**< zero */
    const char *result; /**< out: set by sally_op_set_result() */
    sally_attrs attrs;  /**< out: attributes of the result, if known (REALPATH) */
} sally_op_text;

/** STATVFS of `file`, or of `path` if `file` is NULL. Units are those of POSIX statvfs(). */
typedef struct sally_op_statvfs {
    uint64_t block_size;       /**< f_bsize */
    uint64_t fragment_size;    /**< f_frsize */
    uint64_t blocks;           /**< f_blocks, in fragments */
    uint64_t blocks_free;      /**< f_bfree */
    uint64_t blocks_available; /**< f_bavail */
    uint64_t files;            /**< f_files */
    uint64_t files_free;       /**< f_ffree */
    uint64_t files_available;  /**< f_favail */
    uint64_t fsid;             /**< f_fsid */
    uint64_t flags;            /**< 1 read-only, 2 no setuid */
    uint64_t name_max;         /**< f_namemax, bytes */
} sally_op_statvfs;

/** COPY of bytes from `file` to another open file. */
typedef struct sally_op_copy {
    sally_file *to;       /**< in: the file to write to */
    uint64_t from_offset; /**< in */
    uint64_t to_offset;   /**< in */
    uint64_t length;      /**< in: bytes; 0: to the end of the file */
    uint64_t done;        /**< out: bytes copied */
} sally_op_copy;

/** HASH of `file`, or of `path` if `file` is NULL. */
typedef struct sally_op_hash {
    const char *algorithms; /**< in: comma-separated, best first: "md5", "sha1", "sha224", "sha256",
                               "sha384", "sha512", "crc32", "blake2b512" */
    const char *algorithm;  /**< out: the one that was used */
    uint64_t offset;        /**< in: bytes */
    uint64_t length;        /**< in: bytes; 0: to the end */
    uint32_t block_size;    /**< in: bytes per digest; 0: one digest over everything */
    uint32_t reserved;      /**< zero */
    const void *digests;    /**< out: one after another */
    size_t digests_size;    /**< out: bytes */
} sally_op_hash;

/** LOOKUP_IDS: names for numeric users and groups. */
typedef struct sally_op_lookup_ids {
    const uint32_t *uids; /**< in: uid_count of them */
    const uint32_t *gids; /**< in: gid_count of them */
    uint32_t uid_count;   /**< in */
    uint32_t gid_count;   /**< in */
    const char *
        *user_names; /**< out: uid_count places, initially ""; fill them with sally_op_strdup() */
    const char **group_names; /**< out: gid_count places, initially "" */
} sally_op_lookup_ids;

/** EXTENDED: a request that the library does not know. The requests `ranges@asyncssh.com` and those
 * of `xattr@proftpd.org` begin with a handle or a path, which the library passes in the
 * operation's `file` or `path` rather than in `data`; a symbolic link in the last component is not
 * followed. For all other requests `path` is "/". */
typedef struct sally_op_extended {
    const char *name;  /**< in: such as "thing@example.org" */
    const void *data;  /**< in: what follows the name, not decoded */
    size_t size;       /**< in: bytes in data */
    const void *reply; /**< out: data of the EXTENDED_REPLY; NULL: the status is the answer */
    size_t reply_size; /**< out: bytes in reply */
} sally_op_extended;

/** COMMAND: a command that the library does not know. The answer is the status, with the text of
 * sally_op_set_message(). */
typedef struct sally_op_command {
    const char *name; /**< in: never NULL, such as "SITE" */
    /** in: what follows the name, as the client sent it; "" if nothing does */
    const char *argument;
} sally_op_command;

/** Inputs and outputs, by kind. Its size stays what it is: later kinds keep within it. */
typedef union sally_op_args {
    sally_op_session session;       /**< SESSION_START, SESSION_END */
    sally_op_open open;             /**< OPEN */
    sally_op_io io;                 /**< READ, WRITE */
    sally_op_lock lock;             /**< LOCK, UNLOCK */
    sally_op_stat stat;             /**< STAT, FSTAT */
    sally_op_setstat setstat;       /**< SETSTAT, FSETSTAT, MKDIR */
    sally_op_rename rename;         /**< RENAME, LINK */
    sally_op_symlink symlink;       /**< SYMLINK */
    sally_op_text text;             /**< READLINK, REALPATH */
    sally_op_statvfs statvfs;       /**< STATVFS */
    sally_op_copy copy;             /**< COPY */
    sally_op_hash hash;             /**< HASH */
    sally_op_lookup_ids lookup_ids; /**< LOOKUP_IDS */
    sally_op_extended extended;     /**< EXTENDED */
    sally_op_command command;       /**< COMMAND */
} sally_op_args;

/** One request. See the members of `u` for inputs and outputs. */
struct sally_op {
    uint32_t kind;          /**< SALLY_OP_ value */
    uint32_t flags;         /**< SALLY_OP_TRY, ... */
    sally_session *session; /**< the session */
    /** absolute, normalised and inside the session's root, in no particular charset; for
     * operations on handles, the path by which `file` was opened. Symbolic links on it cannot
     * lead out of that root either: see sally_fs_chroot() */
    const char *path;
    /** the open file for operations on handles; the new one for OPEN and OPENDIR */
    sally_file *file;
    sally_status status;  /**< the answer, for after-hooks */
    uint32_t reserved0;   /**< zero */
    uint64_t id;          /**< the request's number in its session, for logs */
    uint64_t reserved[4]; /**< zero */
    sally_op_args u;      /**< by kind */
};

/**
 * Answers an operation for which a slot or hook returned ::SALLY_PENDING: a storage passes its
 * status, a before-hook a status or ::SALLY_CONTINUE, an after-hook the status to answer. Call it
 * exactly once, from any thread, possibly before the slot has returned. Do not touch the operation
 * afterwards. Never allocates and never fails.
 */
SALLY_API void sally_op_finish(sally_op *op, sally_status status);

/** Allocates memory that is freed when the operation ends, aligned for any type. NULL: out of
 * memory. Only while the operation is yours. */
SALLY_API void *sally_op_alloc(sally_op *op, size_t size);

/** Copies `text` into memory that is freed when the operation ends. NULL: out of memory, or `text`
 * is NULL. */
SALLY_API char *sally_op_strdup(sally_op *op, const char *text);

/** Sets the text that the client gets with the status, in place of the status's default text.
 * Copied; a later call replaces it, and NULL removes it. Truncated to 255 bytes at a character
 * boundary. Control characters, bidirectional formatting characters and invalid UTF-8 bytes are
 * each replaced by a question mark. For storages and all hooks. Some clients, such as OpenSSH's
 * sftp, show only their own text for the status. ::SALLY_E_NO_MEMORY. */
SALLY_API sally_error sally_op_set_message(sally_op *op, const char *text);

/** For ::SALLY_UNKNOWN_PRINCIPAL: adds the name of a user or group that does not exist, as the
 * client sent it. Clients of SFTP 5 and 6 get these names. Copied. ::SALLY_E_INVALID for NULL,
 * ::SALLY_E_RANGE for a name longer than 1024 bytes, and after the 32nd name. */
SALLY_API sally_error sally_op_add_unknown_name(sally_op *op, const char *name);

/** The holder of the lock or share reservation that caused a refusal. */
typedef struct sally_lock_holder {
    size_t struct_size;  /**< sizeof(sally_lock_holder) */
    uint64_t session_id; /**< sally_session_id() of the holder's session, which may be this one */
    uint64_t connection_id; /**< its connection, as in ::sally_peer; 0: no server */
    const char *user;       /**< the user of that session */
    /** the path by which that session opened the file, as that session sees it */
    const char *path;
    uint64_t offset;   /**< start of the locked range; 0 for a share reservation */
    uint64_t length;   /**< bytes in the range; 0: to the end, however long the file is, or a
                          reservation */
    uint32_t flags;    /**< SALLY_OPEN_BLOCK_ bits of the lock or reservation; 0: the holder has
                          neither, but has opened the file in a way that this OPEN would block */
    uint32_t is_range; /**< 1: a byte-range lock, by LOCK; 0: the whole file, by OPEN */
} sally_lock_holder;

/**
 * Who caused ::SALLY_LOCK_CONFLICT, ::SALLY_BYTE_RANGE_LOCK_CONFLICT or
 * ::SALLY_BYTE_RANGE_LOCK_REFUSED; any one of them if there are several. NULL if it is unknown, for
 * instance because another program on the machine holds the lock, or because memory was short. For
 * after-hooks, wrappers and the `done` of sally_session_submit(). The client only learns this if
 * the program sets a text with sally_op_set_message(). The result is valid until the operation
 * ends, but the holder may release the lock at any time.
 */
SALLY_API const sally_lock_holder *sally_op_lock_holder(const sally_op *op);

/** For storages with their own locks: records who holds the lock. The holder and its strings are
 * copied (NULL: ""); a later call replaces them, and NULL removes them. The library's own storages
 * call this too. Only while the operation is yours. ::SALLY_E_INVALID, ::SALLY_E_NO_MEMORY. */
SALLY_API sally_error sally_op_set_lock_holder(sally_op *op, const sally_lock_holder *holder);

/** An entry of a directory. */
typedef struct sally_entry {
    size_t struct_size; /**< sizeof(sally_entry) */
    const char *name;   /**< without slash */
    sally_attrs *attrs; /**< NULL if none are known; never NULL in a ::sally_entry_fn */
    /** The line in the style of `ls -l` that clients of SFTP version 3 show to people. NULL: the
     * library generates one from the attributes, as sally_attrs_longname() does. Control
     * characters are replaced by question marks. If the library has prefetched a reply and
     * something has changed since, it looks up entries again, and these get the library's line. */
    const char *longname;
} sally_entry;

/**
 * READDIR: adds an entry. `name` has no slash. The library handles "." and ".." itself and ignores
 * them here, as well as a name that is NULL or empty. `attrs` is copied, and may be NULL. Returns
 * false when the reply is full. The library has kept this entry and will send it: return
 * ::SALLY_OK, and continue with the next entry when READDIR comes again. Return ::SALLY_EOF when
 * there are no more entries, either together with the last ones or alone.
 */
SALLY_API bool sally_op_add_entry(sally_op *op, const char *name, const sally_attrs *attrs);

/** Like sally_op_add_entry(), but with all members of an entry. `entry` and what it points to are
 * copied. An entry with an invalid `struct_size` is ignored, and this returns true. */
SALLY_API bool sally_op_add_entry_from(sally_op *op, const sally_entry *entry);

/**
 * Gets each entry on its way to the client. It may point `entry->name` at another name without a
 * slash, and `entry->longname` at another line or NULL; both must stay valid until the next entry.
 * It may change `*entry->attrs` (without valid members if the storage gave none). Return false to
 * omit the entry.
 */
typedef bool sally_entry_fn(void *context, sally_op *op, sally_entry *entry);

/**
 * READDIR: every entry added from now on passes through `filter`, on the storage's thread. For
 * before-hooks, for wrappers ahead of sally_fs_call(), and for the `fill` of
 * sally_session_submit(). Filters stack: the last one added sees an entry first. The same filter
 * with the same context is added only once, since an operation with ::SALLY_OP_TRY may come twice.
 * ::SALLY_E_INVALID for other kinds, ::SALLY_E_NO_MEMORY.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_op_filter_entries(sally_op *op, sally_entry_fn *filter,
                                                               void *context);

/** READ: answers from memory that contains the whole file: `size` bytes at `data` (NULL: an empty
 * file). Returns the status for the slot to return. */
SALLY_API sally_status sally_op_read_from(sally_op *op, const void *data, size_t size);

/** READLINK and REALPATH: sets the answer; copied. Returns ::SALLY_OK, or ::SALLY_FAILURE if out of
 * memory or `text` is NULL. */
SALLY_API sally_status sally_op_set_result(sally_op *op, const char *text);

/**
 * The path exactly as the client sent it, in the client's charset; `path` is derived from it. A
 * relative path, a drive letter or "~" is still visible here. For a REALPATH of version 6 that
 * joins several paths, it is the first of them; for expand-path@openssh.com, what the client sent;
 * for scp, the command's path joined with the names that followed. Redirecting does not change it.
 * NULL if the client sent no path, as in operations on handles and those of the library and the
 * program. Valid until the operation ends.
 */
SALLY_API const char *sally_op_raw_path(const sally_op *op);

/** Like sally_op_raw_path(), for the second path of RENAME and LINK. (The text of a SYMLINK is in
 * u.symlink.) */
SALLY_API const char *sally_op_raw_to(const sally_op *op);

/** Redirects the operation to another path, which is copied and normalised. Permissions are checked
 * again. For before-hooks and wrappers. ::SALLY_E_INVALID if the path is NULL or too long,
 * ::SALLY_E_NO_MEMORY. */
SALLY_API sally_error sally_op_set_path(sally_op *op, const char *path);

/** Like sally_op_set_path(), for the second path of RENAME and LINK. ::SALLY_E_INVALID for other
 * kinds too. */
SALLY_API sally_error sally_op_set_to(sally_op *op, const char *to);

/** Whether the answer is no longer needed, because the client has disconnected or the server is
 * stopping. Long-running work should check this from time to time, and finish early with any
 * status. For the thread that owns the operation. */
SALLY_API bool sally_op_cancelled(const sally_op *op);

/** The name of a kind in lower case, such as "open"; "?" for an unknown kind. */
SALLY_API const char *sally_op_kind_name(uint32_t kind);

SALLY_END_DECLS

#endif
