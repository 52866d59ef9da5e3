/**
 * @file sallyport/op.h
 * One request of a client, from any protocol. An operation travels from the protocol through the
 * before-hooks to the storage and back through the after-hooks; each of them sees the same
 * structure.
 *
 * The library allocates operations and owns them. What an operation points to lasts until the
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
 * Every kind of operation: X(name, value, slot, permission). The slot is the member of ::sally_fs_methods that
 * answers it; the permission is what the session must have been given (0: none needed; OPEN, REALPATH, and the two-path
 * kinds, need more: see session.h).
 *
 * CHDIR asks whether clients may make `path` their current directory. COMMAND is a command that the
 * library does not know itself. No protocol of this version sends either (FTP will); a program may,
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
    /** Answer at once or return ::SALLY_WOULD_BLOCK: the caller's thread must not wait. Only for
     * storages that declare ::SALLY_FS_TRY. No longer set once an answer came late: a slot that
     * returns ::SALLY_PENDING and continues by itself clears it. */
    SALLY_OP_TRY = 0x1,
    /** The library or a hook asks, not the client. */
    SALLY_OP_INTERNAL = 0x2,
};

/** How a file is opened. */
enum {
    SALLY_OPEN_READ = 0x0001,      /**< to be read */
    SALLY_OPEN_WRITE = 0x0002,     /**< to be written */
    SALLY_OPEN_APPEND = 0x0004,    /**< every write goes to the end, whatever its offset */
    SALLY_OPEN_CREATE = 0x0008,    /**< made when it is missing */
    SALLY_OPEN_TRUNCATE = 0x0010,  /**< emptied */
    SALLY_OPEN_EXCLUSIVE = 0x0020, /**< with CREATE: fails when it exists */
    /** Text mode, which is the library's affair: the client's offsets do not count, and READ and
     * WRITE have the place where the one before them ended. No line end is translated: clients of
     * version 4 and later are told that yours is a line feed. */
    SALLY_OPEN_TEXT = 0x0040,
    SALLY_OPEN_NOFOLLOW = 0x0080,        /**< a symbolic link as last component fails */
    SALLY_OPEN_DELETE_ON_CLOSE = 0x0100, /**< removed at close (by the storage) */
    SALLY_OPEN_APPEND_ATOMIC = 0x0200,   /**< appends of several writers do not mix */
    SALLY_OPEN_BLOCK_READ = 0x0400,      /**< no one else may open it to read */
    SALLY_OPEN_BLOCK_WRITE = 0x0800,     /**< nor to write */
    SALLY_OPEN_BLOCK_DELETE = 0x1000,    /**< nor to delete */
    SALLY_OPEN_BLOCK_ADVISORY = 0x2000,  /**< the blocks bind only those who ask */
    SALLY_OPEN_EXACT_MODE = 0x4000,      /**< with CREATE: what is made gets the permissions given,
                                            whatever the process's umask */
    /** A file that was not there: `path`, or if that exists the first of path.1 to path.999 that
     * does not. The library adds CREATE and EXCLUSIVE and asks the storage for one name after the
     * other; the one it got is op->path for after-hooks and `done`, and sally_file_path(). For
     * sally_session_submit(); no client of this version can ask for it. */
    SALLY_OPEN_UNIQUE = 0x8000,
};

/** Flags of STAT, SETSTAT and MKDIR. */
enum {
    SALLY_FOLLOW = 0x1,     /**< a symbolic link as last component is followed */
    SALLY_EXACT_MODE = 0x2, /**< MKDIR: the permissions given, whatever the process's umask */
};

/** Flags of RENAME. */
enum {
    SALLY_RENAME_OVERWRITE = 0x1, /**< an existing target is replaced; without it, it is an error */
    SALLY_RENAME_ATOMIC = 0x2,    /**< the target exists at every moment */
    SALLY_RENAME_NATIVE = 0x4,    /**< as the storage likes best */
};

/** How REALPATH treats a missing file (draft-13 section 8.9).
 * Without ::SALLY_MAY_STAT the storage is not asked: STAT_ALWAYS is ::SALLY_PERMISSION_DENIED, and
 * the others are answered by the normalised path. */
enum {
    SALLY_REALPATH_NO_CHECK = 1,    /**< the text is all that matters: no link is resolved, and
                                       nothing need exist. What most clients of version 6 ask;
                                       answer with path, unless it means something else to you */
    SALLY_REALPATH_STAT_IF = 2,     /**< attributes when it exists */
    SALLY_REALPATH_STAT_ALWAYS = 3, /**< fails when it does not exist */
};

/** SESSION_START; and SESSION_END, for which only `version` and `reason` have a meaning. */
typedef struct sally_op_session {
    uint32_t version; /**< in: protocol version agreed on; 0 where the protocol has none */
    /** in and out: the SALLY_ATTR_ bits that clients of versions 5 and 6 are told they can set. At
     * first size, names, permissions, access and modification time with nanoseconds, and the ACL
     * with ::SALLY_FS_ACL. */
    uint32_t settable;
    const sally_pair *client; /**< in: the client's extension data */
    size_t client_count;      /**< in: pairs in client */
    const sally_pair *server; /**< out: extension data to announce beside the library's own */
    size_t server_count;      /**< out: pairs in server */
    uint32_t settable_bits;   /**< out: the SALLY_BIT_ bits that clients are told they can set */
    uint32_t reason;          /**< in, SESSION_END: SALLY_END_ value, why it ends (hooks.h) */
} sally_op_session;

/** OPEN: the file at `path`. `file` is there already: keep your own data in it with
 * sally_file_set_data(). */
typedef struct sally_op_open {
    uint32_t flags;           /**< in: SALLY_OPEN_ bits */
    uint32_t desired_access;  /**< in: SALLY_ACE_ rights, from versions 5 and 6; derived from flags
                                 for the others */
    const sally_attrs *attrs; /**< in: for a file that is made; never NULL */
} sally_op_open;

/** READ and WRITE on `file`. */
typedef struct sally_op_io {
    uint64_t offset; /**< in: bytes from the start of the file; no meaning for APPEND writes */
    void *data; /**< READ: where the bytes go. WRITE: the bytes, which may be changed in place */
    uint32_t length; /**< in: bytes wanted (READ) or given (WRITE) */
    uint32_t done;   /**< out: bytes read; 0 with SALLY_OK counts as SALLY_EOF. For WRITE, anything
                        but all is an error */
} sally_op_io;

/**
 * LOCK and UNLOCK on `file`. In the storages of this library, a LOCK that overlaps a locked range
 * is refused (::SALLY_BYTE_RANGE_LOCK_REFUSED), even if the same session holds that range. A locked
 * range keeps other sessions from READ and WRITE, as its flags say
 * (::SALLY_BYTE_RANGE_LOCK_CONFLICT). UNLOCK must give the offset and length of a LOCK on the same
 * `file`, and no part of it (::SALLY_NO_MATCHING_BYTE_RANGE_LOCK).
 */
typedef struct sally_op_lock {
    uint64_t offset;   /**< in: first byte */
    uint64_t length;   /**< in: 0 for "to the end, however long" */
    uint32_t flags;    /**< in: SALLY_OPEN_BLOCK_ bits */
    uint32_t reserved; /**< zero */
} sally_op_lock;

/** STAT (of `path`) and FSTAT (of `file`). */
typedef struct sally_op_stat {
    uint32_t flags;    /**< in: SALLY_FOLLOW or 0 */
    uint32_t wanted;   /**< in: SALLY_ATTR_ bits worth an effort; more may be given */
    sally_attrs attrs; /**< out */
} sally_op_stat;

/** SETSTAT (of `path`), FSETSTAT (of `file`) and MKDIR. */
typedef struct sally_op_setstat {
    uint32_t flags;           /**< in: SALLY_FOLLOW (SETSTAT) or SALLY_EXACT_MODE (MKDIR), or 0 */
    uint32_t reserved;        /**< zero */
    const sally_attrs *attrs; /**< in: what to set; never NULL */
} sally_op_setstat;

/** RENAME from `path`; and LINK, where `path` is the existing file. A symbolic link as the last
 * component is not followed: the link itself is renamed or linked. */
typedef struct sally_op_rename {
    const char *to;    /**< in: absolute, normalised */
    uint32_t flags;    /**< in: SALLY_RENAME_ bits */
    uint32_t reserved; /**< zero */
} sally_op_rename;

/** SYMLINK: makes the link `path`. */
typedef struct sally_op_symlink {
    const char *target; /**< in: the link's text, as the client gave it: relative or absolute, not
                           normalised */
} sally_op_symlink;

/** READLINK and REALPATH of `path`: answer with sally_op_set_result(). */
typedef struct sally_op_text {
    uint32_t flags;     /**< in: SALLY_REALPATH_ value */
    uint32_t reserved;  /**< zero */
    const char *result; /**< out: set by sally_op_set_result() */
    sally_attrs attrs;  /**< out: attributes of the result, if known (REALPATH) */
} sally_op_text;

/** STATVFS of `path`, or of `file` when there is one. Sizes as in POSIX statvfs. */
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
    sally_file *to;       /**< in: the file that is written */
    uint64_t from_offset; /**< in */
    uint64_t to_offset;   /**< in */
    uint64_t length;      /**< in: bytes; 0 for "until the end of file", however many there are */
    uint64_t done;        /**< out: bytes copied */
} sally_op_copy;

/** HASH of `file`, or of `path` when there is none. */
typedef struct sally_op_hash {
    const char *algorithms; /**< in: comma-separated, best first: "md5", "sha1", "sha224", "sha256",
                               "sha384", "sha512", "crc32", "blake2b512" */
    const char *algorithm;  /**< out: the one used */
    uint64_t offset;        /**< in: bytes */
    uint64_t length;        /**< in: bytes; 0 for "to the end" */
    uint32_t block_size;    /**< in: bytes per digest; 0 for one digest over all */
    uint32_t reserved;      /**< zero */
    const void *digests;    /**< out: one after another */
    size_t digests_size;    /**< out: bytes */
} sally_op_hash;

/** LOOKUP_IDS: names for numeric users and groups. */
typedef struct sally_op_lookup_ids {
    const uint32_t *uids;    /**< in: uid_count of them */
    const uint32_t *gids;    /**< in: gid_count of them */
    uint32_t uid_count;      /**< in */
    uint32_t gid_count;      /**< in */
    const char **user_names; /**< out: uid_count places, "" at first; fill with sally_op_strdup() */
    const char **group_names; /**< out: gid_count places, "" at first */
} sally_op_lookup_ids;

/** EXTENDED: a request that the library does not know itself. Of `ranges@asyncssh.com` and the
 * requests of `xattr@proftpd.org` it knows that they begin with a handle or a path: these are the
 * operation's `file` or `path`, and not in `data`; a symbolic link as the last component is not
 * followed. `path` is "/" for all others. */
typedef struct sally_op_extended {
    const char *name;  /**< in: such as "thing@example.org" */
    const void *data;  /**< in: what followed the name, undecoded */
    size_t size;       /**< in: bytes in data */
    const void *reply; /**< out: data of the EXTENDED_REPLY; NULL: the status is the answer */
    size_t reply_size; /**< out: bytes in reply */
} sally_op_extended;

/** COMMAND: one that the library does not know itself. The answer is the status, with the text of
 * sally_op_set_message(). */
typedef struct sally_op_command {
    const char *name;     /**< in: never NULL, such as "SITE" */
    const char *argument; /**< in: what followed it, as the client sent it; "" for nothing */
} sally_op_command;

/** One request. See the members of `u` for what goes in and what comes out. */
struct sally_op {
    uint32_t kind;          /**< SALLY_OP_ value */
    uint32_t flags;         /**< SALLY_OP_TRY, ... */
    sally_session *session; /**< who asks */
    const char
        *path; /**< absolute, normalised, no NUL, inside the session's root, of no promised
                  charset; for operations on handles the path that `file` was opened by. Symbolic
                  links on it do not lead out of that root either: see sally_fs_chroot() */
    sally_file
        *file; /**< the open file of operations on handles; the new one of OPEN and OPENDIR */
    sally_status status;  /**< the answer, for after-hooks */
    uint32_t reserved0;   /**< zero */
    uint64_t id;          /**< the request's number in its session, for logs */
    uint64_t reserved[4]; /**< zero */
    union {
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
    } u;                                /**< by kind */
};

/**
 * The late answer after ::SALLY_PENDING was returned: a storage with its status, a before-hook
 * with its status or
 * ::SALLY_CONTINUE, an after-hook with the status to answer. Exactly once, from any thread,
 * possibly before the slot has returned; the operation must not be touched afterwards. Never
 * allocates, never fails.
 */
SALLY_API void sally_op_finish(sally_op *op, sally_status status);

/** Memory that lives until the operation ends, aligned for anything; NULL when memory is short.
 * Only while the operation is yours. */
SALLY_API void *sally_op_alloc(sally_op *op, size_t size);

/** A copy of `text` that lives until the operation ends; NULL when memory is short or `text` is
 * NULL. */
SALLY_API char *sally_op_strdup(sally_op *op, const char *text);

/** The text that goes to the client beside the status, instead of the status's own; copied. A later
 * call replaces it, NULL removes it. Truncated to 255 bytes, at a character boundary. Control
 * characters, bidirectional formatting characters and invalid UTF-8 bytes are each replaced by a
 * question mark. For storages and for hooks, also after-hooks. Some clients (OpenSSH's sftp) show
 * only what the status itself says. ::SALLY_E_NO_MEMORY. */
SALLY_API sally_error sally_op_set_message(sally_op *op, const char *text);

/** With ::SALLY_UNKNOWN_PRINCIPAL: the name of a user or group that does not exist, as the client
 * gave it. Clients of SFTP 5 and 6 are told. Copied; ::SALLY_E_INVALID for NULL, ::SALLY_E_RANGE
 * for one longer than 1024 bytes, and after the 32nd. */
SALLY_API sally_error sally_op_add_unknown_name(sally_op *op, const char *name);

/** Who holds the lock or share reservation that an operation was refused for. */
typedef struct sally_lock_holder {
    size_t struct_size;     /**< sizeof(sally_lock_holder) */
    uint64_t session_id;    /**< sally_session_id() of the holder's session, perhaps this one */
    uint64_t connection_id; /**< its connection, as in ::sally_peer; 0: it has no server */
    const char *user;       /**< the user of that session */
    const char *path;       /**< the path by which that session opened the file, as it sees it */
    uint64_t offset;        /**< start of the locked range; 0 for a share reservation */
    uint64_t length; /**< bytes in the range; 0: to the end, however long, or a reservation */
    uint32_t flags; /**< SALLY_OPEN_BLOCK_ bits of the lock or reservation; 0: it holds neither, but
                       uses the file in a way that this OPEN would block */
    uint32_t is_range; /**< 1: a byte-range lock, by LOCK; 0: the whole file, by OPEN */
} sally_lock_holder;

/**
 * With ::SALLY_LOCK_CONFLICT, ::SALLY_BYTE_RANGE_LOCK_CONFLICT and ::SALLY_BYTE_RANGE_LOCK_REFUSED:
 * who is in the way; one of them if there are several. NULL if that is not known, for instance
 * because another program on the machine holds the lock, or because memory was short. For
 * after-hooks, wrappers and the `done` of sally_session_submit(). The client is not told unless the
 * program does so with sally_op_set_message(). Valid as long as the operation is; the holder may
 * release the lock at any time.
 */
SALLY_API const sally_lock_holder *sally_op_lock_holder(const sally_op *op);

/** For storages that keep locks of their own: records who is in the way. The holder and its texts
 * are copied (NULL: ""); a later call replaces them, NULL removes them. This library's storages
 * call it. Allowed as long as the operation is yours. ::SALLY_E_INVALID, ::SALLY_E_NO_MEMORY. */
SALLY_API sally_error sally_op_set_lock_holder(sally_op *op, const sally_lock_holder *holder);

/** An entry of a directory. */
typedef struct sally_entry {
    size_t struct_size; /**< sizeof(sally_entry) */
    const char *name;   /**< without slash */
    sally_attrs *attrs; /**< NULL: nothing is known. Never NULL in a ::sally_entry_fn */
    /** The line that clients of SFTP version 3 show people, as `ls -l` does. NULL: the library
     * makes one of the attributes, as sally_attrs_longname() does. Control characters in it are
     * replaced by question marks. An entry that the library has to look up again, since something
     * changed after a reply was made ahead of the client's request, gets the library's line. */
    const char *longname;
} sally_entry;

/**
 * READDIR: one more entry. `name` without slash; "." and ".." are the library's affair and are
 * ignored, as is a NULL or empty name. `attrs` is copied, and may be NULL when nothing is known.
 * Returns false when the reply is full: the library keeps this entry and sends it itself,
 * so stop here, return ::SALLY_OK, and go on with the entry after it when READDIR comes again.
 * Return ::SALLY_EOF when no more entries will come, also together with the last ones.
 */
SALLY_API bool sally_op_add_entry(sally_op *op, const char *name, const sally_attrs *attrs);

/** The same with all that can be said of an entry; `entry` and what it points to are copied. An
 * entry whose `struct_size` is not understood is ignored: true. */
SALLY_API bool sally_op_add_entry_from(sally_op *op, const sally_entry *entry);

/**
 * Looks at one entry on its way to the client. `entry->name` may be pointed at another name without
 * slash and `entry->longname` at another line (or NULL), which last at least until the next entry;
 * `*entry->attrs` may be changed (nothing is valid in it when the storage knew nothing). False
 * leaves the entry out.
 */
typedef bool sally_entry_fn(void *context, sally_op *op, sally_entry *entry);

/**
 * READDIR, for before-hooks, for wrappers ahead of sally_fs_call(), and for the `fill` of
 * sally_session_submit(): every entry that is added
 * from now on passes `filter`, in the storage's thread. Several stack, the last one sees it first;
 * the same one with the same context counts once, since an operation with ::SALLY_OP_TRY may come
 * twice. ::SALLY_E_INVALID for other kinds, ::SALLY_E_NO_MEMORY.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_op_filter_entries(sally_op *op, sally_entry_fn *filter,
                                                               void *context);

/** READ: answers from `size` bytes in memory that are the whole file (NULL: an empty file). Returns
 * the status to return. */
SALLY_API sally_status sally_op_read_from(sally_op *op, const void *data, size_t size);

/** READLINK, REALPATH: the answer, copied. Returns ::SALLY_OK, or ::SALLY_FAILURE when memory is
 * short or `text` is NULL. */
SALLY_API sally_status sally_op_set_result(sally_op *op, const char *text);

/**
 * The path as the client sent it: its bytes before anything was done to them, in the charset that
 * it writes (`path` is made of them). So a relative path, a drive letter or "~" can be seen here. A
 * REALPATH of version 6 with further paths to be joined has the first one; expand-path@openssh.com
 * has what the client wrote; scp puts paths together from the command's and the names that follow.
 * Diverting does not change it. NULL where the client sent no path: operations on handles, and
 * those of the library and the program. Lives as long as the operation.
 */
SALLY_API const char *sally_op_raw_path(const sally_op *op);

/** The same for the second path of RENAME and LINK. (The text of a SYMLINK is in u.symlink.) */
SALLY_API const char *sally_op_raw_to(const sally_op *op);

/** Diverts the operation to another path, which is copied and normalised; permissions are checked
 * again. For before-hooks and wrappers. ::SALLY_E_INVALID when the path is NULL or too long,
 * ::SALLY_E_NO_MEMORY. */
SALLY_API sally_error sally_op_set_path(sally_op *op, const char *path);

/** The same for the second path of RENAME and LINK. ::SALLY_E_INVALID for other kinds, too. */
SALLY_API sally_error sally_op_set_to(sally_op *op, const char *to);

/** Whether the answer is no longer wanted (the client is gone, the server stops). Long work
 * should look now and then and end with any status. Any thread that owns the operation. */
SALLY_API bool sally_op_cancelled(const sally_op *op);

/** The name of a kind in small letters, such as "open"; "?" for an unknown one. */
SALLY_API const char *sally_op_kind_name(uint32_t kind);

SALLY_END_DECLS

#endif
