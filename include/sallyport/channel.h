/**
 * @file sallyport/channel.h
 * Session channels that the program serves itself (RFC 4254 section 6): subsystems of its own,
 * commands, a shell.
 *
 * The hook `session_requested` (hooks.h) is handed a channel with each request. To serve it, the
 * hook calls sally_channel_accept() and returns ::SALLY_OK; or it does both later, from any thread
 * (sally_connection_answer()). What it does not accept is the library's, or is refused.
 *
 * A channel that was accepted is a pair of streams. What the client sends comes in `received`;
 * sally_channel_write() sends. The client is told how it ended by sally_channel_exit(). A channel
 * counts as a session: in the settings "limits.channels" and "limits.memory_per_connection", in the
 * counters, and for a shutdown, which waits for it as long as it waits for open files. The idle
 * timeout applies, and so does "limits.stall_time": a client that takes nothing of what is to be
 * sent loses its connection. No storage takes part in it.
 *
 * There is no terminal: requests for one (pty-req) are refused, and the client may go on without.
 *
 * The pointer is valid until the request is answered and, once accepted, until `closed` has
 * returned. Who needs it longer, such as another thread, holds it: sally_channel_ref(). All
 * functions here may be called from any thread and inside any callback; none waits.
 */
#ifndef SALLYPORT_CHANNEL_H
#define SALLYPORT_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sallyport/error.h"
#include "sallyport/export.h"
#include "sallyport/session.h"

SALLY_BEGIN_DECLS

/** A session channel: see above. */
typedef struct sally_channel sally_channel;

/** What serves a channel. The callbacks are called on the connection's network thread, one after
 * the other: do not wait there. Any may be NULL. */
typedef struct sally_channel_options {
    size_t struct_size;  /**< sizeof(sally_channel_options) */
    uint32_t queue_size; /**< bytes that may wait to be sent, with some more for each write; charged
                            to the connection's memory as long as the channel exists. 0: 64 KiB;
                            less than 4 KiB counts as 4 KiB */
    uint32_t reserved;   /**< zero */
    void *user_data;     /**< handed to all callbacks */
    /** Called with user_data exactly once, if sally_channel_accept() succeeded: when nobody holds
     * the channel any more, after `closed`, on the thread that let go last. */
    void (*free_data)(void *user_data);
    /**
     * The client has sent these bytes, at least one; they are valid during the call. Returns how
     * many of them are done with. The rest, which the program has copied, is reported by
     * sally_channel_consumed() later. Bytes that are not done with take up the client's window, and
     * once that is used up it can send no more: so a slow program slows its client down instead of
     * filling the memory. NULL: all input is thrown away.
     */
    size_t (*received)(void *user_data, sally_channel *channel, const void *data, size_t size);
    /** The client will send no more. At most once. */
    void (*eof)(void *user_data, sally_channel *channel);
    /** After a write that did not take everything: half of the queue is free again, or more. */
    void (*writable)(void *user_data, sally_channel *channel);
    /** The channel is closed: the client or the program has closed it, the connection has ended, or
     * the request was not granted after all. Called exactly once, last, if sally_channel_accept()
     * succeeded. What the client has not taken by then is lost. */
    void (*closed)(void *user_data, sally_channel *channel);
} sally_channel_options;

/**
 * The program serves the channel itself. Only while `session_requested` has not answered; that
 * answer must then be ::SALLY_OK. After any other, or if there is no room for another session, the
 * channel is closed at once. Writing may begin before the answer.
 *
 * ::SALLY_E_INVALID for a struct_size that makes no sense, or unknown members that are not zero;
 * ::SALLY_E_STATE when it was accepted already; ::SALLY_E_CLOSED when the request was answered.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_channel_accept(sally_channel *channel,
                                                            const sally_channel_options *options);

/** Holds the channel. Returns it. */
SALLY_API sally_channel *sally_channel_ref(sally_channel *channel);
/** Lets go of it; NULL is fine. Does not close it. */
SALLY_API void sally_channel_unref(sally_channel *channel);

/** Its connection. Valid until `closed` has returned, and no longer for those who hold the
 * channel. */
SALLY_API sally_connection *sally_channel_connection(const sally_channel *channel);
/** What the authenticator gave with the login (sally_auth_set_data()); NULL: nothing. Valid until
 * `closed` has returned. */
SALLY_API void *sally_channel_login_data(const sally_channel *channel);

/**
 * Sends to the client's standard output: copies as many of the bytes as the queue has room for, and
 * says in *taken how many these are. When it is fewer than `size`, perhaps 0, `writable` is called
 * later. Never waits; each write is sent in one piece if there is room for it.
 *
 * ::SALLY_E_STATE: not accepted, or its output has ended (sally_channel_send_eof(),
 * sally_channel_exit(), sally_channel_close()). ::SALLY_E_CLOSED: it is closed.
 * ::SALLY_E_NO_MEMORY. ::SALLY_E_INVALID: `data` is NULL with a size. *taken is 0 then.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_channel_write(sally_channel *channel, const void *data,
                                                           size_t size, size_t *taken);
/** The same to the client's standard error (RFC 4254 section 5.2), through the same queue. */
SALLY_API SALLY_MUST_CHECK sally_error sally_channel_write_stderr(sally_channel *channel,
                                                                  const void *data, size_t size,
                                                                  size_t *taken);

/** So many more of the bytes that `received` was given are done with. More than there are, or on a
 * channel that is closed: what is too much is ignored. */
SALLY_API void sally_channel_consumed(sally_channel *channel, size_t size);

/** After what was written: the client is told that there is no more output. The channel stays open,
 * and its input goes on. ::SALLY_E_STATE and ::SALLY_E_CLOSED as for a write. */
SALLY_API sally_error sally_channel_send_eof(sally_channel *channel);

/** After what was written: the client is told the exit status (RFC 4254 section 6.10), and the
 * channel is closed. Further input is thrown away. ::SALLY_E_STATE: not accepted, or ended already
 * by this or one of the next two. ::SALLY_E_CLOSED: it is closed. */
SALLY_API sally_error sally_channel_exit(sally_channel *channel, uint32_t status);
/** The same for what was ended by a signal: its name without "SIG", such as "TERM", or one of its
 * own as "name@domain"; `text` for people, or NULL. ::SALLY_E_INVALID also for a name that is
 * empty, longer than 64 bytes or not made of visible ASCII characters, and for a text longer than
 * 255 bytes. ::SALLY_E_NO_MEMORY. */
SALLY_API sally_error sally_channel_exit_signal(sally_channel *channel, const char *name,
                                                bool core_dumped, const char *text);
/** The same without telling how it ended. */
SALLY_API sally_error sally_channel_close(sally_channel *channel);

SALLY_END_DECLS

#endif
