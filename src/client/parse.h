/* Parses the server's replies, the only untrusted input here. */
#ifndef SALLY_CLIENT_PARSE_H
#define SALLY_CLIENT_PARSE_H

#include "client/connection.h"

/* Of a STATUS: its code, and its text as the client's message. Unknown codes become
 * SALLY_FAILURE. */
sally_status parse_status(sally_client *c, struct cursor body);
/* The next attributes; their texts last as long as the arena. */
sally_status parse_attrs(sally_client *c, struct cursor *body, sally_attrs *out, struct arena *a);
/* The next name, with what comes with it. */
sally_status parse_entry(sally_client *c, struct cursor *body, sally_client_entry *out,
                         struct arena *a);
/* An optional flag: draft-13 sections 9.3 and 9.4 let version 6 say whether this is the end. */
sally_status parse_end(sally_client *c, struct cursor *body, bool *is_last);
/* A text that ends in NUL; NULL: out of memory, or the text contains a NUL. */
const char *parse_text(struct slice text, struct arena *a);

#endif
