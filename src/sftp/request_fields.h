/* What many requests have in common: handles, paths and attributes. */
#ifndef SALLY_SFTP_REQUEST_FIELDS_H
#define SALLY_SFTP_REQUEST_FIELDS_H

#include "sftp/request.h"

/* Attributes of a request, in the operation's memory. */
sally_status request_attrs(struct sftp *s, struct op *op, struct request_in *in,
                           const sally_attrs **out);
/* Whether what is made gets the permissions as they were given (draft-13 section 7.6). `status`: of
 * request_attrs(). */
bool request_is_exact(const struct sftp *s, sally_status status, const sally_attrs *attrs);
/* The attributes that a STAT asks for. */
uint32_t request_stat_attrs(struct sftp *s, struct request_in *in);

/* A path of the client, as the storage writes it, becomes the operation's; the same for its second
 * path; and a text that is no path of an operation. */
sally_status request_path(struct sftp *s, struct op *op, struct slice raw);
sally_status request_to(struct sftp *s, struct op *op, struct slice raw);
sally_status request_text(struct sftp *s, struct op *op, struct slice raw, const char **out);

/* The kinds of open handles a request may be about. */
#define HANDLE_FILE      1u
#define HANDLE_DIRECTORY 2u
/* NULL for an unusable one. */
sally_file *request_file(const struct sftp *s, struct slice handle, uint32_t kinds);
/* Of an unknown handle, by requests where OpenSSH's version 3 calls that a file that is missing (of
 * the others it says FAILURE). */
sally_status request_lost_handle(const struct sftp *s, struct request_in *in);

#endif
