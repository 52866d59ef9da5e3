/**
 * @file sallyport/attrs.h
 * Attributes of files: everything that any protocol version can express, with a mask of what is
 * present.
 */
#ifndef SALLYPORT_ATTRS_H
#define SALLYPORT_ATTRS_H

#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"

SALLY_BEGIN_DECLS

/** Which members of ::sally_attrs are present (its `valid` mask). */
enum {
    SALLY_ATTR_TYPE = 0x0001,            /**< type */
    SALLY_ATTR_SIZE = 0x0002,            /**< size */
    SALLY_ATTR_ALLOCATION_SIZE = 0x0004, /**< allocation_size */
    SALLY_ATTR_IDS = 0x0008,             /**< uid and gid */
    SALLY_ATTR_NAMES = 0x0010,           /**< owner and group */
    SALLY_ATTR_PERMISSIONS = 0x0020,     /**< permissions */
    SALLY_ATTR_ATIME = 0x0040,           /**< atime */
    SALLY_ATTR_MTIME = 0x0080,           /**< mtime */
    SALLY_ATTR_CTIME = 0x0100,           /**< ctime */
    SALLY_ATTR_CREATETIME = 0x0200,      /**< createtime */
    SALLY_ATTR_NANOSECONDS = 0x0400, /**< the nanoseconds of all times that are present are valid */
    SALLY_ATTR_LINK_COUNT = 0x0800,  /**< link_count */
    SALLY_ATTR_BITS = 0x1000,        /**< attrib_bits, attrib_bits_valid */
    SALLY_ATTR_TEXT_HINT = 0x2000,   /**< text_hint */
    SALLY_ATTR_MIME_TYPE = 0x4000,   /**< mime_type */
    SALLY_ATTR_UNTRANSLATED_NAME = 0x8000, /**< untranslated_name */
    SALLY_ATTR_ACL = 0x10000,              /**< acl, acl_size */
    SALLY_ATTR_EXTENDED = 0x20000,         /**< extended, extended_count */
    SALLY_ATTR_IDENTITY = 0x40000,         /**< device, inode */
};

/** File types (draft-ietf-secsh-filexfer-13 section 7.2). */
enum {
    SALLY_TYPE_REGULAR = 1,      /**< an ordinary file */
    SALLY_TYPE_DIRECTORY = 2,    /**< a directory */
    SALLY_TYPE_SYMLINK = 3,      /**< a symbolic link */
    SALLY_TYPE_SPECIAL = 4,      /**< known, but none of the other types */
    SALLY_TYPE_UNKNOWN = 5,      /**< unknown */
    SALLY_TYPE_SOCKET = 6,       /**< a socket */
    SALLY_TYPE_CHAR_DEVICE = 7,  /**< a character device */
    SALLY_TYPE_BLOCK_DEVICE = 8, /**< a block device */
    SALLY_TYPE_FIFO = 9,         /**< a named pipe */
};

/** Attribute bits (draft-13 section 7.9). */
enum {
    SALLY_BIT_READONLY = 0x001, /**< should not be written: a hint, which nothing enforces */
    SALLY_BIT_SYSTEM = 0x002,   /**< belongs to the system */
    SALLY_BIT_HIDDEN = 0x004,   /**< not shown in listings for people */
    SALLY_BIT_CASE_INSENSITIVE =
        0x008,                     /**< directory: names that differ only in case are the same */
    SALLY_BIT_ARCHIVE = 0x010,     /**< due for backup */
    SALLY_BIT_ENCRYPTED = 0x020,   /**< stored encrypted */
    SALLY_BIT_COMPRESSED = 0x040,  /**< stored compressed */
    SALLY_BIT_SPARSE = 0x080,      /**< has holes that take no space */
    SALLY_BIT_APPEND_ONLY = 0x100, /**< can only grow */
    SALLY_BIT_IMMUTABLE = 0x200,   /**< cannot be changed, renamed or removed */
    SALLY_BIT_SYNC = 0x400,        /**< changes reach the disk at once */
    SALLY_BIT_TRANSLATION_ERROR = 0x800, /**< the name could not be converted to UTF-8 */
};

/** Whether a file is text (draft-13 section 7.11). */
enum {
    SALLY_HINT_KNOWN_TEXT = 0,     /**< it is text */
    SALLY_HINT_GUESSED_TEXT = 1,   /**< it looks like text */
    SALLY_HINT_KNOWN_BINARY = 2,   /**< it is not text */
    SALLY_HINT_GUESSED_BINARY = 3, /**< it looks like binary data */
};

/** Rights, in ACL entries and in what OPEN asks for (draft-13 section 7.8.3). */
enum {
    SALLY_ACE_READ_DATA = 0x000001,   /**< read a file; list a directory */
    SALLY_ACE_WRITE_DATA = 0x000002,  /**< write a file; create files in a directory */
    SALLY_ACE_APPEND_DATA = 0x000004, /**< append to a file; create directories in a directory */
    SALLY_ACE_READ_NAMED_ATTRS = 0x000008,  /**< see extended attributes */
    SALLY_ACE_WRITE_NAMED_ATTRS = 0x000010, /**< change extended attributes */
    SALLY_ACE_EXECUTE = 0x000020,           /**< run a file; reach the entries of a directory */
    SALLY_ACE_DELETE_CHILD = 0x000040,      /**< remove the entries of a directory */
    SALLY_ACE_READ_ATTRIBUTES = 0x000080,   /**< see the attributes */
    SALLY_ACE_WRITE_ATTRIBUTES = 0x000100,  /**< change the attributes */
    SALLY_ACE_DELETE = 0x010000,            /**< remove it */
    SALLY_ACE_READ_ACL = 0x020000,          /**< see the ACL */
    SALLY_ACE_WRITE_ACL = 0x040000,         /**< change the ACL */
    SALLY_ACE_WRITE_OWNER = 0x080000,       /**< change the owner */
    SALLY_ACE_SYNCHRONIZE = 0x100000,       /**< wait until writes are on the disk */
};

/** Types of ACL entries. */
enum {
    SALLY_ACE_ALLOW = 0, /**< grants the rights */
    SALLY_ACE_DENY = 1,  /**< denies the rights */
    SALLY_ACE_AUDIT = 2, /**< logs their use */
    SALLY_ACE_ALARM = 3, /**< raises an alarm at their use */
};

/** Flags of ACL entries. */
enum {
    SALLY_ACE_FILE_INHERIT = 0x01,      /**< new files in the directory inherit it */
    SALLY_ACE_DIRECTORY_INHERIT = 0x02, /**< new directories in the directory inherit it */
    SALLY_ACE_NO_PROPAGATE = 0x04,      /**< but do not pass it on */
    SALLY_ACE_INHERIT_ONLY = 0x08,      /**< does not apply to the directory itself */
    SALLY_ACE_SUCCESSFUL_ACCESS = 0x10, /**< AUDIT, ALARM: on access that was allowed */
    SALLY_ACE_FAILED_ACCESS = 0x20,     /**< AUDIT, ALARM: on access that was denied */
    SALLY_ACE_GROUP = 0x40,             /**< "who" is a group */
};

/** A point in time: seconds since 1970-01-01T00:00:00Z, and nanoseconds from 0 to 999,999,999. */
typedef struct sally_time {
    int64_t seconds;      /**< may be negative */
    uint32_t nanoseconds; /**< valid only with ::SALLY_ATTR_NANOSECONDS */
    uint32_t reserved;    /**< zero */
} sally_time;

/** An extended attribute: a name and any bytes. */
typedef struct sally_pair {
    const char *name; /**< ends in NUL */
    const void *data; /**< may contain NULs */
    size_t size;      /**< bytes in data */
} sally_pair;

/**
 * Attributes. A member is valid only if its bit is set in `valid`. Pointers belong to the code that
 * filled in the structure, and must stay valid as long as the operation that it is part of (as
 * memory of sally_op_strdup() does).
 */
typedef struct sally_attrs {
    uint32_t valid; /**< SALLY_ATTR_ bits */
    /** SALLY_TYPE_ value. In attributes to set it may be present, and must be ignored. */
    uint32_t type;
    uint64_t size;            /**< bytes */
    uint64_t allocation_size; /**< bytes that the file takes on the disk */
    uint32_t uid;             /**< numeric owner; version 3 has no other */
    uint32_t gid;             /**< numeric group */
    /** UTF-8, such as "joe" or "joe@example.org". Without names, clients of versions 4 to 6 are
     * shown uid and gid as text. In attributes to set, "" leaves the owner unchanged, and
     * ::SALLY_ATTR_IDS is present too if owner and group consist of digits. */
    const char *owner;
    const char *group;     /**< UTF-8, as owner */
    uint32_t permissions;  /**< POSIX mode bits 07777, without the type */
    uint32_t link_count;   /**< hard links */
    sally_time atime;      /**< last read */
    sally_time mtime;      /**< last write */
    sally_time ctime;      /**< last change of the attributes */
    sally_time createtime; /**< creation */
    /** SALLY_BIT_ bits. For names that begin with a period, the library adds HIDDEN unless the
     * storage says otherwise. */
    uint32_t attrib_bits;
    uint32_t attrib_bits_valid;    /**< which of them are valid */
    uint32_t text_hint;            /**< SALLY_HINT_ value; clients cannot set it */
    uint32_t reserved;             /**< zero */
    const char *mime_type;         /**< as in RFC 2045 */
    const char *untranslated_name; /**< the name's original bytes */
    /** The ACL as version 6 sends it (draft-13 section 7.8), made of 32-bit numbers in network byte
     * order: flags and number of entries; then for each entry its type, flags, rights, and the
     * length of "who", followed by "who" without a NUL.
     */
    const void *acl;
    size_t acl_size;            /**< bytes in acl */
    const sally_pair *extended; /**< extended_count pairs */
    size_t extended_count;      /**< how many */
    /** Together with `inode`, identifies the file: two names with the same device and inode are the
     * same file. SFTP cannot express this, and it cannot be set. */
    uint64_t device;
    uint64_t inode;        /**< its number on the device */
    uint64_t reserved2[2]; /**< zero: for future members, each with a bit in `valid` */
} sally_attrs;

/** Clears `attrs` and fills it in for a regular file with these permission bits and this size in
 * bytes. */
SALLY_API void sally_attrs_set_file(sally_attrs *attrs, uint32_t permissions, uint64_t size);

/** Clears `attrs` and fills it in for a directory with these permission bits. */
SALLY_API void sally_attrs_set_directory(sally_attrs *attrs, uint32_t permissions);

/** Clears `attrs` and fills it in for a symbolic link whose target has this many bytes. */
SALLY_API void sally_attrs_set_symlink(sally_attrs *attrs, uint64_t size);

/** Sets atime and mtime to whole seconds since 1970. */
SALLY_API void sally_attrs_set_times(sally_attrs *attrs, int64_t atime, int64_t mtime);

/** Sets the numeric owner and group. */
SALLY_API void sally_attrs_set_ids(sally_attrs *attrs, uint32_t uid, uint32_t gid);

/**
 * Writes to `buffer` the line in the style of `ls -l` that clients of SFTP version 3 get for an
 * entry, with a NUL. Times are UTC. `now`, in seconds since 1970, decides between time of day and
 * year: times in the future or more than 180 days ago are shown with the year. Missing attributes
 * are shown as 0, 1 link, "-" or a usual mode. A buffer 128 bytes longer than name, owner and group
 * together is large enough. Any thread. ::SALLY_E_INVALID for NULL; ::SALLY_E_RANGE if `size` is
 * too small, and `buffer` is then "".
 */
SALLY_API sally_error sally_attrs_longname(const sally_attrs *attrs, const char *name, int64_t now,
                                           char *buffer, size_t size);

SALLY_END_DECLS

#endif
