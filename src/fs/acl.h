/* Access control lists: the system's own form (POSIX 1003.1e draft 17, as Linux keeps it in an
 * extended attribute) and the one of SFTP (draft-ietf-secsh-filexfer-13 section 7.8, entries as in
 * NFS version 4), translated both ways as far as they can express each other. */
#ifndef SALLY_FS_ACL_H
#define SALLY_FS_ACL_H

#include "base/buf.h"
#include "fs/id_names.h"
#include "sallyport/op.h"

#define ACL_MAX_ENTRIES 256u
#define ACL_MAX_BYTES   (4 + 8 * ACL_MAX_ENTRIES) /* of the system's form */

/* acl-flags of SFTP's form. */
#define ACL_CONTROL_INCLUDED 0x01u
#define ACL_CONTROL_PRESENT  0x02u

enum acl_tag { /* the system's numbers */
               ACL_OWNER = 1,
               ACL_USER = 2,
               ACL_OWNING_GROUP = 4,
               ACL_GROUP = 8,
               ACL_MASK = 16,
               ACL_OTHER = 32
};

struct acl_entry {
    uint16_t tag;
    uint16_t permissions; /* 4 read, 2 write, 1 execute */
    uint32_t id;          /* of ACL_USER and ACL_GROUP */
};

struct acl {
    uint32_t count; /* 0: none */
    struct acl_entry entries[ACL_MAX_ENTRIES];
};

/* The ACL of nine permission bits. */
void acl_from_mode(struct acl *acl, uint32_t mode);
/* The equivalent nine permission bits; false if more than three entries are needed. */
bool acl_to_mode(const struct acl *acl, uint32_t *mode);

/* The system's form. */
bool acl_decode(struct acl *acl, const void *bytes, size_t size);
size_t acl_encode(const struct acl *acl, uint8_t out[ACL_MAX_BYTES]);

/* Puts SFTP's form at the end of `out`; `inherited` is what new files in a directory inherit, and
 * may be empty. Looks up names, which may take long. */
void acl_put(struct buf *out, const struct acl *acl, const struct acl *inherited, bool directory,
             struct id_names *names);

/* Sets the ACL of an operation's attributes from `text`, in SFTP's form, and clears `text`.
 * FAILURE: no memory, or `text` has failed. */
sally_status acl_give(sally_op *op, sally_attrs *attrs, struct buf *text);

/* What a client requests. */
struct acl_change {
    bool keep;   /* leave everything as it is */
    bool remove; /* only the permission bits apply */
    struct acl acl, inherited;
};

/* Reads SFTP's form. UNSUPPORTED: not possible on this system; UNKNOWN_PRINCIPAL, with all unknown
 * names for the client of `op`, unless that is NULL; BAD_MESSAGE. Looks up names, which may take
 * long. */
sally_status acl_get(struct acl_change *change, const void *bytes, size_t size, bool directory,
                     struct id_names *names, sally_op *op);

#endif
