/* ATTRS on the wire. One table says which attribute each version can carry, under which flag and in
 * which order; what a version cannot say is left out. */
#ifndef SALLY_SFTP_ATTRS_CODEC_H
#define SALLY_SFTP_ATTRS_CODEC_H

#include "base/buf.h"
#include "base/cursor.h"
#include "sallyport/attrs.h"
#include "sallyport/status.h"

/* Where attrs_get finds room for texts; NULL: memory is short. What it gives lasts as long as the
 * attributes. */
struct attrs_memory {
    void *(*alloc)(void *user_data, size_t size);
    void *user_data;
};

/* The most extended attributes accepted in one ATTRS. */
#define ATTRS_MAX_EXTENDED 64

/* Appends ATTRS. Members with values that cannot be sent (an ACL that is none) are left out. */
void attrs_put(struct buf *out, uint32_t version, const sally_attrs *attrs);
/* Appends the ATTRS that say nothing: the "dummy attributes" of draft-02 section 6.10. */
void attrs_put_none(struct buf *out, uint32_t version);

/* SALLY_OK; SALLY_BAD_MESSAGE for what does not parse (version 3 alone may carry flags that are not
 * known: no field follows for them); SALLY_INVALID_PARAMETER for values out of range; SALLY_FAILURE
 * when memory is short. */
sally_status attrs_get(struct cursor *in, uint32_t version, sally_attrs *out,
                       const struct attrs_memory *memory);

/* Says in the attribute bits, if the storage has said nothing there, whether the name is one that
 * most systems hide (draft-13 section 7.9). */
void attrs_hide(sally_attrs *attrs, const char *name);

/* The SALLY_ATTR_ bits for flags on the wire, such as those that a STAT asks for. */
uint32_t attrs_of_wire(uint32_t version, uint32_t flags);
/* Every flag that the version defines. */
uint32_t attrs_known_flags(uint32_t version);
/* The flags on the wire that can carry the members in `valid`. */
uint32_t attrs_to_wire(uint32_t version, uint32_t valid);

/* Draft-13 sections 7.10, 7.12 and 7.13: must not be present when attributes are set. */
#define NEVER_SET (SALLY_ATTR_TEXT_HINT | SALLY_ATTR_LINK_COUNT | SALLY_ATTR_UNTRANSLATED_NAME)

#endif
