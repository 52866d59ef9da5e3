/* The lists of allowed and denied requests in the options. (The names that lists accept are in
 * settings.h.) */
#ifndef SALLY_SFTP_REQUEST_LISTS_H
#define SALLY_SFTP_REQUEST_LISTS_H

#include "sftp/request_map.h"

/* Computes s->denied. */
void request_lists_apply(struct sftp *s);

static inline bool request_is_denied(const struct sftp *s, enum request_id id)
{
    return (s->denied >> id & 1) != 0;
}

/* The same for a storage's own extension, by its full name. */
bool request_name_is_denied(const struct sftp *s, struct slice name);

#endif
