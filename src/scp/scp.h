/* The engine of exec requests: scp in both directions, and digests of files. Bytes of the channel
 * go in, operations and chunks of bytes come out; there is no shell anywhere. Pure: no socket,
 * thread or clock. */
#ifndef SALLY_SCP_SCP_H
#define SALLY_SCP_SCP_H

#include "base/chunk.h"
#include "base/mem.h"
#include "core/session.h"
#include "scp/settings.h"

/* What the engine tells its owner; all on the home thread, from inside a call of the engine or a
 * chunk's release. */
struct scp_events {
    /* The owner releases the chunk when it is sent, or when the channel has ended. */
    void (*send)(void *user_data, struct chunk *c);
    void (*send_error)(void *user_data, struct chunk *c); /* the same, for standard error */
    /* `size` bytes of input have been processed: the peer may send as many more. */
    void (*credit)(void *user_data, size_t size);
    /* Everything was passed to send; input is ignored from now on. */
    void (*finished)(void *user_data, uint32_t exit_status);
    /* From inside a chunk's release, when that made room for more: call scp_flush() soon, but not
     * from here. NULL: the engine calls it itself. */
    void (*want_flush)(void *user_data);
    /* The command is an upload; NULL: not called. */
    void (*uploading)(void *user_data, bool begins);
};

struct scp;

#define SCP_ALL_COMMANDS UINT32_MAX

struct scp_options {
    uint32_t allowed;        /* 1 << index for each command that may be run */
    mem_free_fn *free_large; /* NULL: mem_free() */
};

/* `command` is copied; an unknown or disallowed one is answered with a text and an exit status
 * through the events. The session belongs to the engine from now on (it ends with scp_close),
 * unless this fails: SALLY_E_NO_MEMORY. Nothing happens before the first scp_flush(). */
sally_error scp_new(struct scp **out, sally_session *session, struct slice command,
                    const struct scp_options *options, const struct scp_events *events,
                    void *user_data);

/* Bytes from the peer; all are taken, and copied. The owner must not give more than the window it
 * granted (credit says when more may come). */
void scp_input(struct scp *s, const uint8_t *data, size_t size);
void scp_eof(struct scp *s);
/* Continues whatever can continue: to be called after a batch of input or deliveries. */
void scp_flush(struct scp *s);
/* For engines that have been idle for a while: frees cached memory. */
void scp_trim(struct scp *s);

/* Ends the session with `reason` and frees the engine; no more events come. on_closed: when the
 * session has ended too. Chunks that were sent may be released before or after. */
void scp_close(struct scp *s, uint32_t reason, void (*on_closed)(void *user_data), void *user_data);

#endif
