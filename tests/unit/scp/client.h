/* A client for tests: it says what it was told to say, in pieces of any size, and keeps the
 * answers. */
#ifndef TEST_SCP_CLIENT_H
#define TEST_SCP_CLIENT_H

#include "base/buf.h"
#include "scp/scp.h"
#include "sftp/store.h"

/* How a run differs from others that must bring the same. */
#define RUN_BYTES      0x01u /* one byte at a time */
#define RUN_RANDOM     0x02u /* pieces of random size */
#define RUN_LATE       0x04u /* the storage answers late */
#define RUN_HOLD       0x08u /* chunks come back only when nothing else moves */
#define RUN_CONCURRENT 0x10u
#define RUN_HOWS       0x20u

struct client {
    struct session_host host; /* first */
    struct store store;
    struct scp *engine;
    sally_session *session; /* the engine's */
    uint32_t how;
    uint32_t permissions; /* before client_start(); SALLY_MAY_ALL */
    uint32_t allowed;     /* the same; SCP_ALL_COMMANDS */
    struct list inbox;    /* operations on their way home */
    struct list held;     /* chunks not released */
    size_t held_bytes, most_held;
    struct buf out, err;
    size_t sent, credit;
    bool finished, session_gone, wish;
    uint32_t status;
    bool close_on_send, close_on_credit,
        close_on_end; /* the owner loses interest inside an event */
    uint64_t random;
};

/* With /home/joe, /home/joe/hello ("Hello, world"), and /many, which has as many entries as the
 * test wants. */
void client_init(struct client *c, uint32_t how);
/* False: memory was short. */
bool client_start(struct client *c, const char *command);
void client_say(struct client *c, const void *data, size_t size);
void client_eof(struct client *c);
/* Lets everything happen that can. */
void client_pump(struct client *c);
void client_close(struct client *c);
/* Closes what is open; checks that nothing is left over. */
void client_clear(struct client *c);

/* A whole exchange in all ways: everything is sent at once, then comes the end; what was heard and
 * the exit status must be these. `prepare` and `look` may be NULL; look sees the store afterwards.
 */
struct exchange {
    const char *command;
    const void *in;
    size_t in_size;
    const void *out;
    size_t out_size;
    uint32_t status;
    void (*prepare)(struct client *c);
    void (*look)(struct client *c);
};
void check(const struct exchange *e);
/* ... with this on standard error, where nothing is otherwise. */
void check_error(const struct exchange *e, const char *error);
#define TEXT(literal) (literal), sizeof(literal) - 1

#endif
