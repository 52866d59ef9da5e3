/* Names of files, as clients and as the storage write them: draft-13 section 6. */
#ifndef SALLY_SFTP_NAMES_H
#define SALLY_SFTP_NAMES_H

#include "base/charset.h"
#include "sallyport/attrs.h"
#include "sallyport/status.h"

struct naming {
    struct charset *charset; /* of the storage's names; NULL: UTF-8, so that nothing is converted */
    bool translates;         /* clients write UTF-8; else the storage's own bytes */
};

/* Appends a client's path or name as the storage writes it. SALLY_INVALID_FILENAME for what cannot
 * be written there, SALLY_FAILURE when memory is short. */
sally_status names_to_storage(const struct naming *n, struct slice raw, struct buf *out);

/* A path or name of the storage as the client is to see it: `name` itself, or a text in `room`;
 * NULL when memory is short. `exact`: whether the client may say it as UTF-8. Any thread. */
const char *names_to_client(const struct naming *n, const char *name, struct buf *room,
                            bool *exact);

/* Says in a name's attributes that it is not what the storage has, and what that is (draft-13
 * sections 7.9 and 7.13). */
void names_mark(sally_attrs *attrs, const char *original);

#endif
