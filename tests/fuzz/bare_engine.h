/* An SSH engine that has been put into a state, speaks without cipher, and is fed message by
 * message. */
#ifndef FUZZ_BARE_ENGINE_H
#define FUZZ_BARE_ENGINE_H

#include "base/login_query.h"
#include "ssh/engine.h"
#include "ssh/protocol.h"

/* Aborts when it cannot. The session identifier is 32 times 7. */
struct ssh *bare_engine(const struct ssh_events *events, void *user_data, enum ssh_state state);
/* Dispatches a copy of the payload, and lets the engine send. */
void bare_engine_feed(struct ssh *ssh, struct slice payload);
/* Takes what it has sent; aborts when that is no row of packets. Calls `seen` (if not NULL) for
 * each payload. */
void bare_engine_drain(struct ssh *ssh, void (*seen)(void *user_data, struct slice payload),
                       void *user_data);
/* The next record of an input: 16 bits of length, and a payload. False: none is left. */
bool next_record(struct cursor *input, struct slice *payload);

#endif
