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
 * Attributes. A member counts only when its bit is set in `valid`. Pointers belong to whoever
 * filled the structure and must last as long as the operation it is part of (sally_op_strdup()
 * does).
 */
typedef struct sally_attrs {
    uint32_t valid;                /**< SALLY_ATTR_ bits */
    uint32_t type;                 /**< SALLY_TYPE_ value */
    uint64_t size;                 /**< bytes */
    uint64_t allocation_size;      /**< bytes that the file occupies */
    uint32_t uid;                  /**< numeric owner */
    uint32_t gid;                  /**< numeric group */
    const char *owner;             /**< UTF-8, such as "joe" or "joe@example.org" */
    const char *group;             /**< UTF-8 */
    uint32_t permissions;          /**< POSIX mode bits 07777, without the type */
    uint32_t link_count;           /**< hard links */
    sally_time atime;              /**< last read */
    sally_time mtime;              /**< last write */
    sally_time ctime;              /**< last change of the attributes */
    sally_time createtime;         /**< creation */
    uint32_t attrib_bits;          /**< SSH_FILEXFER_ATTR_FLAGS_ bits */
    uint32_t attrib_bits_valid;    /**< which of them count */
    uint32_t text_hint;            /**< draft-13 section 7.11 */
    uint32_t reserved;             /**< zero */
    const char *mime_type;         /**< as in RFC 2045 */
    const char *untranslated_name; /**< the name's original bytes */
    const void *acl;               /**< draft-13 section 7.8, encoded */
    size_t acl_size;               /**< bytes in acl */
    const sally_pair *extended;    /**< extended_count pairs */
    size_t extended_count;         /**< how many */
    uint64_t reserved2[4];         /**< zero */
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
