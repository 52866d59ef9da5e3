/* Replies, packed into chunks. */
#ifndef SALLY_SFTP_REPLY_H
#define SALLY_SFTP_REPLY_H

#include "core/op.h"
#include "sftp/engine.h"

/* Starts a reply in s->scratch, which the caller completes and then passes on. */
struct buf *reply_begin(struct sftp *s, uint8_t type, uint32_t id);
struct buf *reply_begin_without_id(struct sftp *s, uint8_t type);
/* False: it did not fit, and a FAILURE status was sent instead. */
bool reply_end(struct sftp *s, uint32_t id);
void reply_status(struct sftp *s, uint32_t id, sally_status status, const char *message);
/* UNKNOWN_PRINCIPAL with the unknown names (draft-13 section 9.1); versions before 5 are not sent
 * them. */
void reply_unknown(struct sftp *s, uint32_t id, const char *message, const struct op_name *names);
/* A NAME reply with one entry, as for REALPATH; attrs may be NULL. */
bool reply_one_name(struct sftp *s, uint32_t id, const char *name, const sally_attrs *attrs);
/* Complete replies: copied to the others, or as a separate chunk (which then owns the block). */
void reply_copy(struct sftp *s, const uint8_t *data, size_t size);
void reply_chunk(struct sftp *s, struct block *block, size_t size);
/* True: there was output. */
bool reply_hand_over(struct sftp *s);
/* Passes on complete chunks only, as soon as they exist: the owner may be able to send them at
 * once. */
bool reply_send(struct sftp *s);
void reply_drop(struct sftp *s);

#endif
