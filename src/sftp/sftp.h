/* The SFTP server engine: parses the bytes of the channel, turns each request into one operation,
 * and produces chunks of reply bytes. Pure: no socket, thread or clock. One codec and one table of
 * what each version contains serve versions 3 to 6. */
#ifndef SALLY_SFTP_SFTP_H
#define SALLY_SFTP_SFTP_H

#include "base/charset.h"
#include "base/chunk.h"
#include "base/mem.h"
#include "core/session.h"
#include "sftp/settings.h"

/* More than the headers of a WRITE. */
#define SFTP_WRITE_OVERHEAD 1024u

struct sftp_options {
    struct sftp_settings settings;
    uint32_t max_unsent; /* bytes of READ data held by the owner at which further READs wait while
                          * the storage answers at once: data is then read when it can be sent, so
                          * that it is still in the cache. 0: no limit */
    /* Bytes that the peer may send before any are credited. Larger requests are credited while they
     * arrive, or they would never be complete. 0: any request fits. */
    uint32_t window;
    /* To convert the storage's names; NULL: they are UTF-8, or without a charset. Not copied. */
    struct charset *charset;
    int64_t (*wall_seconds)(void *user_data); /* for longname: now; NULL: 0 */
    void *clock;
    mem_free_fn *free_large; /* NULL: mem_free() */
};

/* What the engine tells its owner; all on the home thread, possibly from inside a call of the
 * engine. */
struct sftp_events {
    /* Reply bytes. Many small replies come as one chunk. The owner releases it when it is sent, or
     * when the channel has ended. */
    void (*send)(void *user_data, struct chunk *c);
    /* `size` bytes of requests have been answered (or skipped): the peer may send as many more. */
    void (*credit)(void *user_data, size_t size);
    /* An upload begins (a file is being opened for writing, and none was open before), or the last
     * one was closed. NULL: not called. */
    void (*uploading)(void *user_data, bool begins);
    /* The peer broke the protocol; nothing more is read. `detail` is static. */
    void (*broken)(void *user_data, const char *detail);
    /* Input ended (sftp_eof), and everything before was answered and passed to send. */
    void (*finished)(void *user_data);
    /* From inside a chunk's release, when that made room for waiting requests: call sftp_flush()
     * soon, but not from here. NULL: the engine calls it itself, so that the other events may come
     * from inside a chunk's release. */
    void (*want_flush)(void *user_data);
};

struct sftp;

/* The session is the engine's from now on (it ends with sftp_close), unless this fails:
 * SALLY_E_NO_MEMORY, or SALLY_E_RANGE: invalid options. Options are copied. */
sally_error sftp_new(struct sftp **out, sally_session *session, const struct sftp_options *options,
                     const struct sftp_events *events, void *user_data);

/* Bytes from the peer; all are accepted: requests that cannot be started now wait inside, unparsed,
 * so the owner must not give more than the window it granted (credit says when more may come). The
 * data is not kept after the call returns, but copied. */
void sftp_input(struct sftp *s, const uint8_t *data, size_t size);
void sftp_eof(struct sftp *s);
/* Sends replies that were held back to be sent together. Call it after a batch of input or
 * deliveries. */
void sftp_flush(struct sftp *s);
/* For engines that have been idle for a while: frees cached memory. */
void sftp_trim(struct sftp *s);

/* Ends the session with `reason` and frees the engine; no more events come. on_closed: when the
 * session has ended too. Chunks that were sent may be released before or after. */
void sftp_close(struct sftp *s, uint32_t reason, void (*on_closed)(void *user_data),
                void *user_data);

sally_session *sftp_session(struct sftp *s);

#endif
