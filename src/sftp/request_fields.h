/* What many requests have in common: handles, paths and attributes. */
#ifndef SALLY_SFTP_REQUEST_FIELDS_H
#define SALLY_SFTP_REQUEST_FIELDS_H

#include "sftp/request.h"

/* Parses the attributes of a request into the operation's memory. */
sally_status request_attrs(struct sftp *s, struct op *op, struct request_in *in,
                           const sally_attrs **out);
/* Whether what is created gets exactly the permissions given (draft-13 section 7.6). `status`: what
 * request_attrs() returned. */
bool request_is_exact(const struct sftp *s, sally_status status, const sally_attrs *attrs);
/* The attributes that a STAT asks for. */
uint32_t request_stat_attrs(struct sftp *s, struct request_in *in);

/* Converts a path from the client to the storage's form and makes it the operation's path; the same
 * for the second path, and for a text that is not one of the operation's paths. */
sally_status request_path(struct sftp *s, struct op *op, struct slice raw);
sally_status request_to(struct sftp *s, struct op *op, struct slice raw);
sally_status request_text(struct sftp *s, struct op *op, struct slice raw, const char **out);

/* The kinds of open handles that a request may refer to. */
#define HANDLE_FILE      1u
#define HANDLE_DIRECTORY 2u
/* NULL for an unusable one. */
sally_file *request_file(const struct sftp *s, struct slice handle, uint32_t kinds);
/* The status for an unknown handle in requests for which OpenSSH, in version 3, returns "no such
 * file" (FAILURE for the others). */
sally_status request_lost_handle(const struct sftp *s, struct request_in *in);

#endif
