/**
 * @file sallyport/channel.h
 * Session channels that the program serves itself (RFC 4254 section 6): its own subsystems,
 * commands, or a shell.
 *
 * The hook `session_requested` (hooks.h) gets a channel with each request. To serve it, the hook
 * calls sally_channel_accept() and returns ::SALLY_OK; or it does both later, from any thread
 * (sally_connection_answer()). Channels that it does not accept are served by the library, or
 * refused.
 *
 * An accepted channel is a pair of streams: `received` gets the client's data,
 * sally_channel_write() sends data, and sally_channel_exit() sends the exit status. A channel
 * counts as a session: in the settings "limits.channels" and "limits.memory_per_connection", in the
 * counters, and in a shutdown, which waits for it as for open files. The idle timeout applies, and
 * so does "limits.stall_time": a client that does not read the data sent to it is disconnected.
 * Channels do not involve the storage.
 *
 * There is no terminal: requests for one (pty-req) are refused, and the client may continue
 * without.
 *
 * The pointer is valid until the request is answered and, once accepted, until `closed` has
 * returned. To use it longer, for instance in another thread, take a reference with
 * sally_channel_ref(). All functions here may be called from any thread and inside any callback;
 * none waits.
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

/** The callbacks of a channel. They are called on the connection's network thread, one after the
 * other: do not wait there. All are optional. */
typedef struct sally_channel_options {
    size_t struct_size;  /**< sizeof(sally_channel_options) */
    uint32_t queue_size; /**< bytes that may be queued for sending, plus some overhead per write;
                            charged to the connection's memory as long as the channel exists. 0: 64
                            KiB; less than 4 KiB counts as 4 KiB */
    uint32_t reserved;   /**< zero */
    void *user_data;     /**< passed to all callbacks */
    /** Called with user_data exactly once, if sally_channel_accept() succeeded: after `closed`, on
     * the thread that releases the last reference. */
    void (*free_data)(void *user_data);
    /**
     * The client has sent these bytes, at least one; they are valid during the call. Returns how
     * many of them have been processed. The program must copy the rest, and report it with
     * sally_channel_consumed() later. Unprocessed bytes use up the client's window (at most the
     * setting "ssh.window_max"), after which it cannot send more: so a slow program slows down its
     * client instead of using up memory. NULL: all input is discarded.
     */
    size_t (*received)(void *user_data, sally_channel *channel, const void *data, size_t size);
    /** The client will send no more. At most once. */
    void (*eof)(void *user_data, sally_channel *channel);
    /** After a write that did not accept everything: at least half of the queue is free again. */
    void (*writable)(void *user_data, sally_channel *channel);
    /** The channel is closed: the client or the program has closed it, the connection has ended, or
     * the request was not granted after all. Called exactly once, last, if sally_channel_accept()
     * succeeded. Output that has not been sent by then is lost. */
    void (*closed)(void *user_data, sally_channel *channel);
} sally_channel_options;

/**
 * Accepts the channel: the program serves it itself. Only before `session_requested` has answered,
 * and the answer must then be ::SALLY_OK. After any other answer, or if there is no room for
 * another session, the channel is closed at once. Writing may begin before the answer.
 *
 * ::SALLY_E_INVALID for an invalid struct_size, or unknown members that are not zero;
 * ::SALLY_E_STATE if it was already accepted; ::SALLY_E_CLOSED if the request was already answered.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_channel_accept(sally_channel *channel,
                                                            const sally_channel_options *options);

/** Takes a reference. Returns `channel`. */
SALLY_API sally_channel *sally_channel_ref(sally_channel *channel);
/** Releases a reference, without closing the channel. NULL is allowed. */
SALLY_API void sally_channel_unref(sally_channel *channel);

/** Its connection. Valid until `closed` has returned, even if references to the channel remain. */
SALLY_API sally_connection *sally_channel_connection(const sally_channel *channel);
/** The data that the authenticator attached to the login (sally_auth_set_data()); NULL: none. Valid
 * until `closed` has returned. */
SALLY_API void *sally_channel_login_data(const sally_channel *channel);

/**
 * Sends to the client's standard output: copies as many of the bytes as the queue has room for, and
 * sets *taken to their number. If it is less than `size`, `writable` is called later. Never waits;
 * each write is sent in one piece if there is room for it.
 *
 * ::SALLY_E_STATE: not accepted, or its output has ended (sally_channel_send_eof(),
 * sally_channel_exit(), sally_channel_close()). ::SALLY_E_CLOSED: it is closed.
 * ::SALLY_E_NO_MEMORY. ::SALLY_E_INVALID: `data` is NULL with a size. Then *taken is 0.
 */
SALLY_API SALLY_MUST_CHECK sally_error sally_channel_write(sally_channel *channel, const void *data,
                                                           size_t size, size_t *taken);
/** The same to the client's standard error (RFC 4254 section 5.2), through the same queue. */
SALLY_API SALLY_MUST_CHECK sally_error sally_channel_write_stderr(sally_channel *channel,
                                                                  const void *data, size_t size,
                                                                  size_t *taken);

/** Reports that `size` more of the bytes passed to `received` have been processed. Excess bytes,
 * and calls on a closed channel, are ignored. */
SALLY_API void sally_channel_consumed(sally_channel *channel, size_t size);

/** Sends EOF after all output. The channel stays open, and its input continues. ::SALLY_E_STATE and
 * ::SALLY_E_CLOSED as for a write. */
SALLY_API sally_error sally_channel_send_eof(sally_channel *channel);

/** Sends the exit status (RFC 4254 section 6.10) after all output, and closes the channel. Further
 * input is discarded. ::SALLY_E_STATE: not accepted, or already ended by this or one of the next
 * two. ::SALLY_E_CLOSED: it is closed. */
SALLY_API sally_error sally_channel_exit(sally_channel *channel, uint32_t status);
/** The same with a signal instead of a status: its name without "SIG", such as "TERM", or a private
 * name such as "name@domain"; `text` for people, or NULL. ::SALLY_E_INVALID also for a name that
 * is empty, longer than 64 bytes or not made of visible ASCII characters, and for a text longer
 * than 255 bytes. ::SALLY_E_NO_MEMORY. */
SALLY_API sally_error sally_channel_exit_signal(sally_channel *channel, const char *name,
                                                bool core_dumped, const char *text);
/** The same without a status or signal. */
SALLY_API sally_error sally_channel_close(sally_channel *channel);

SALLY_END_DECLS

#endif
