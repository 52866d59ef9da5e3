/* What keeps a server from its end: operations that the storage, logins that the authenticator has
 * not answered. They cannot be made to, so the end is given up after a while (the setting
 * limits.storage_time), and may be tried again. */
#ifndef SALLY_SERVER_HELD_H
#define SALLY_SERVER_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "sallyport/server.h"

struct loop;

/* How long a caller has waited since something was last answered. All zero at first. */
struct patience {
    bool is_begun;
    uint64_t since_ns, answered;
};

/* What is held, as text. */
#define HELD_SIZE 400
struct held {
    uint32_t count;
    uint32_t named;       /* of these, in the text */
    char text[HELD_SIZE]; /* with commas */
};

/* When to ask again at the latest; DEADLINE_NONE: there is no hurry; 0: patience is at its end.
 * Under the server's lock. */
uint64_t patience_next(sally_server *server, struct patience *p, uint64_t now_ns);

/* Asks all loops, which have a little time to answer, what they wait for. False: nothing. Under the
 * server's lock, which is let go meanwhile. */
bool held_ask(sally_server *server, struct held *held);
/* The same of one loop, on its thread. */
void held_look(struct loop *loop, struct held *held);
/* Keeps the text for sally_server_error(), and logs it. Returns SALLY_E_BUSY. */
sally_error held_fail(sally_server *server, const struct held *held);

#endif
