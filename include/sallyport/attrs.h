/**
 * @file sallyport/attrs.h
 * What is known of a file: the union of what all protocol versions can say, with a mask of what is
 * present.
 */
#ifndef SALLYPORT_ATTRS_H
#define SALLYPORT_ATTRS_H

#include <stddef.h>
#include <stdint.h>

#include "sallyport/export.h"

SALLY_BEGIN_DECLS

/** @name Which members of ::sally_attrs are present (its `valid` mask)
 * @{ */
#define SALLY_ATTR_TYPE              0x0001u /**< type */
#define SALLY_ATTR_SIZE              0x0002u /**< size */
#define SALLY_ATTR_ALLOCATION_SIZE   0x0004u /**< allocation_size */
#define SALLY_ATTR_IDS               0x0008u /**< uid and gid */
#define SALLY_ATTR_NAMES             0x0010u /**< owner and group */
#define SALLY_ATTR_PERMISSIONS       0x0020u /**< permissions */
#define SALLY_ATTR_ATIME             0x0040u /**< atime */
#define SALLY_ATTR_MTIME             0x0080u /**< mtime */
#define SALLY_ATTR_CTIME             0x0100u /**< ctime */
#define SALLY_ATTR_CREATETIME        0x0200u /**< createtime */
#define SALLY_ATTR_NANOSECONDS       0x0400u /**< the nanoseconds of all times present mean something */
#define SALLY_ATTR_LINK_COUNT        0x0800u  /**< link_count */
#define SALLY_ATTR_BITS              0x1000u  /**< attrib_bits, attrib_bits_valid */
#define SALLY_ATTR_TEXT_HINT         0x2000u  /**< text_hint */
#define SALLY_ATTR_MIME_TYPE         0x4000u  /**< mime_type */
#define SALLY_ATTR_UNTRANSLATED_NAME 0x8000u  /**< untranslated_name */
#define SALLY_ATTR_ACL               0x10000u /**< acl, acl_size */
#define SALLY_ATTR_EXTENDED          0x20000u /**< extended, extended_count */
/** @} */

/** @name File types (draft-ietf-secsh-filexfer-13 section 7.2)
 * @{ */
#define SALLY_TYPE_REGULAR      1u /**< an ordinary file */
#define SALLY_TYPE_DIRECTORY    2u /**< a directory */
#define SALLY_TYPE_SYMLINK      3u /**< a symbolic link */
#define SALLY_TYPE_SPECIAL      4u /**< known, but none of the others */
#define SALLY_TYPE_UNKNOWN      5u /**< not known */
#define SALLY_TYPE_SOCKET       6u /**< a socket */
#define SALLY_TYPE_CHAR_DEVICE  7u /**< a character device */
#define SALLY_TYPE_BLOCK_DEVICE 8u /**< a block device */
#define SALLY_TYPE_FIFO         9u /**< a named pipe */
/** @} */

/** @name Attribute bits (draft-13 section 7.9)
 * @{ */
#define SALLY_BIT_READONLY          0x001u /**< may not be written: a hint, nothing is refused for it */
#define SALLY_BIT_SYSTEM            0x002u /**< belongs to the system */
#define SALLY_BIT_HIDDEN            0x004u /**< left out of listings for people */
#define SALLY_BIT_CASE_INSENSITIVE  0x008u /**< directory: names differ in more than case */
#define SALLY_BIT_ARCHIVE           0x010u /**< to be backed up */
#define SALLY_BIT_ENCRYPTED         0x020u /**< kept encrypted */
#define SALLY_BIT_COMPRESSED        0x040u /**< kept compressed */
#define SALLY_BIT_SPARSE            0x080u /**< has holes that occupy nothing */
#define SALLY_BIT_APPEND_ONLY       0x100u /**< can only grow */
#define SALLY_BIT_IMMUTABLE         0x200u /**< cannot be changed, renamed or removed */
#define SALLY_BIT_SYNC              0x400u /**< changes are safe at once */
#define SALLY_BIT_TRANSLATION_ERROR 0x800u /**< the name could not be told in UTF-8 */
/** @} */

/** @name Whether a file is text (draft-13 section 7.11)
 * @{ */
#define SALLY_HINT_KNOWN_TEXT     0u /**< it is text */
#define SALLY_HINT_GUESSED_TEXT   1u /**< it looks like text */
#define SALLY_HINT_KNOWN_BINARY   2u /**< it is not text */
#define SALLY_HINT_GUESSED_BINARY 3u /**< it does not look like text */
/** @} */

/** @name Rights, in ACL entries and in what OPEN asks for (draft-13 section 7.8.3)
 * @{ */
#define SALLY_ACE_READ_DATA         0x000001u /**< read a file, list a directory */
#define SALLY_ACE_WRITE_DATA        0x000002u /**< write a file, make files in a directory */
#define SALLY_ACE_APPEND_DATA       0x000004u /**< lengthen a file, make directories in one */
#define SALLY_ACE_READ_NAMED_ATTRS  0x000008u /**< see extended attributes */
#define SALLY_ACE_WRITE_NAMED_ATTRS 0x000010u /**< change extended attributes */
#define SALLY_ACE_EXECUTE           0x000020u /**< run a file, reach what is in a directory */
#define SALLY_ACE_DELETE_CHILD      0x000040u /**< remove what is in a directory */
#define SALLY_ACE_READ_ATTRIBUTES   0x000080u /**< see the attributes */
#define SALLY_ACE_WRITE_ATTRIBUTES  0x000100u /**< change the attributes */
#define SALLY_ACE_DELETE            0x010000u /**< remove it */
#define SALLY_ACE_READ_ACL          0x020000u /**< see the ACL */
#define SALLY_ACE_WRITE_ACL         0x040000u /**< change the ACL */
#define SALLY_ACE_WRITE_OWNER       0x080000u /**< change the owner */
#define SALLY_ACE_SYNCHRONIZE       0x100000u /**< wait for writes to be safe */
/** @} */

/** @name Types of ACL entries
 * @{ */
#define SALLY_ACE_ALLOW 0u /**< gives the rights */
#define SALLY_ACE_DENY  1u /**< takes the rights */
#define SALLY_ACE_AUDIT 2u /**< logs their use */
#define SALLY_ACE_ALARM 3u /**< raises an alarm at their use */
/** @} */

/** @name Flags of ACL entries
 * @{ */
#define SALLY_ACE_FILE_INHERIT      0x01u /**< new files in the directory get it */
#define SALLY_ACE_DIRECTORY_INHERIT 0x02u /**< new directories in the directory get it */
#define SALLY_ACE_NO_PROPAGATE      0x04u /**< but hand it on no further */
#define SALLY_ACE_INHERIT_ONLY      0x08u /**< does not bind the directory itself */
#define SALLY_ACE_SUCCESSFUL_ACCESS 0x10u /**< AUDIT, ALARM: at what was allowed */
#define SALLY_ACE_FAILED_ACCESS     0x20u /**< AUDIT, ALARM: at what was denied */
#define SALLY_ACE_GROUP             0x40u /**< "who" is a group */
/** @} */

/** A moment: seconds since 1970-01-01T00:00:00Z, and nanoseconds 0 to 999,999,999. */
typedef struct sally_time {
    int64_t seconds;      /**< may be negative */
    uint32_t nanoseconds; /**< counts only with ::SALLY_ATTR_NANOSECONDS */
    uint32_t reserved;    /**< zero */
} sally_time;

/** One extended attribute, a name and any bytes. */
typedef struct sally_pair {
    const char *name; /**< ends in NUL */
    const void *data; /**< may hold NULs */
    size_t size;      /**< bytes in data */
} sally_pair;

/**
 * Attributes. A member counts only when its bit is set in `valid`. Pointers belong to the one
 * who filled the structure and must last as long as the operation it is part of (sally_op_strdup()
 * does).
 */
typedef struct sally_attrs {
    uint32_t valid; /**< SALLY_ATTR_ bits */
    /** SALLY_TYPE_ value. May also come with what is to be set: ignore it there. */
    uint32_t type;
    uint64_t size;            /**< bytes */
    uint64_t allocation_size; /**< bytes that the file occupies */
    uint32_t uid;             /**< numeric owner: all that version 3 has */
    uint32_t gid;             /**< numeric group */
    /** UTF-8, such as "joe" or "joe@example.org"; where there are no names, versions 4 to 6 are
     * shown uid and gid as text. In what is to be set, "" leaves the owner as it is, and
     * ::SALLY_ATTR_IDS is there as well when owner and group are digits. */
    const char *owner;
    const char *group;     /**< UTF-8, as owner */
    uint32_t permissions;  /**< POSIX mode bits 07777, without the type */
    uint32_t link_count;   /**< hard links */
    sally_time atime;      /**< last read */
    sally_time mtime;      /**< last write */
    sally_time ctime;      /**< last change of the attributes */
    sally_time createtime; /**< creation */
    /** SALLY_BIT_ bits. The library adds HIDDEN for names that begin with a period, where the
     * storage does not say. */
    uint32_t attrib_bits;
    uint32_t attrib_bits_valid;    /**< which of them count */
    uint32_t text_hint;            /**< SALLY_HINT_ value; no client can set it */
    uint32_t reserved;             /**< zero */
    const char *mime_type;         /**< as in RFC 2045 */
    const char *untranslated_name; /**< the name's original bytes */
    /** As version 6 sends it (draft-13 section 7.8), numbers of 32 bits in network order: flags,
     * number of entries, and for each its type, flags, rights, length of "who", "who" without NUL.
     */
    const void *acl;
    size_t acl_size;            /**< bytes in acl */
    const sally_pair *extended; /**< extended_count pairs */
    size_t extended_count;      /**< how many */
    uint64_t reserved2[4];      /**< zero */
} sally_attrs;

/** Empties `attrs`, then says: a regular file with these permission bits and this size in bytes. */
SALLY_API void sally_attrs_set_file(sally_attrs *attrs, uint32_t permissions, uint64_t size);

/** Empties `attrs`, then says: a directory with these permission bits. */
SALLY_API void sally_attrs_set_directory(sally_attrs *attrs, uint32_t permissions);

/** Empties `attrs`, then says: a symbolic link whose target has this many bytes. */
SALLY_API void sally_attrs_set_symlink(sally_attrs *attrs, uint64_t size);

/** Sets atime and mtime to whole seconds since 1970. */
SALLY_API void sally_attrs_set_times(sally_attrs *attrs, int64_t atime, int64_t mtime);

/** Sets the numeric owner and group. */
SALLY_API void sally_attrs_set_ids(sally_attrs *attrs, uint32_t uid, uint32_t gid);

SALLY_END_DECLS

#endif
