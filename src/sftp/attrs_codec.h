/* ATTRS on the wire. One table says which attribute each version can carry, under which flag and in
 * which order; attributes that a version does not have are omitted. */
#ifndef SALLY_SFTP_ATTRS_CODEC_H
#define SALLY_SFTP_ATTRS_CODEC_H

#include "base/buf.h"
#include "base/cursor.h"
#include "sallyport/attrs.h"
#include "sallyport/status.h"

/* Allocates texts for attrs_get, which are valid as long as the attributes; NULL: out of memory. */
struct attrs_memory {
    void *(*alloc)(void *user_data, size_t size);
    void *user_data;
};

/* The most extended attributes accepted in one ATTRS. */
#define ATTRS_MAX_EXTENDED 64

/* Appends ATTRS. Members with invalid values (a malformed ACL) are omitted. */
void attrs_put(struct buf *out, uint32_t version, const sally_attrs *attrs);
/* Appends empty ATTRS: the "dummy attributes" of draft-02 section 6.10. */
void attrs_put_none(struct buf *out, uint32_t version);

/* SALLY_OK; SALLY_BAD_MESSAGE: malformed (unknown flags are only accepted in version 3, where no
 * field follows for them); SALLY_INVALID_PARAMETER: a value is out of range; SALLY_FAILURE: out of
 * memory. */
sally_status attrs_get(struct cursor *in, uint32_t version, sally_attrs *out,
                       const struct attrs_memory *memory);

/* Sets in the attribute bits whether the name is one that most systems hide (draft-13 section 7.9),
 * unless the storage has set it. */
void attrs_hide(sally_attrs *attrs, const char *name);

/* The SALLY_ATTR_ bits for flags on the wire, such as those of a STAT. */
uint32_t attrs_of_wire(uint32_t version, uint32_t flags);
/* Every flag that the version defines. */
uint32_t attrs_known_flags(uint32_t version);
/* The flags on the wire that can carry the members in `valid`. */
uint32_t attrs_to_wire(uint32_t version, uint32_t valid);

/* Draft-13 sections 7.10, 7.12 and 7.13: must not be present when attributes are set. */
#define NEVER_SET (SALLY_ATTR_TEXT_HINT | SALLY_ATTR_LINK_COUNT | SALLY_ATTR_UNTRANSLATED_NAME)

#endif
