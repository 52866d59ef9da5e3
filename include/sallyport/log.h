/**
 * @file sallyport/log.h
 * Log lines: the name of an event, a text for people, and fields for machines.
 */
#ifndef SALLYPORT_LOG_H
#define SALLYPORT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "sallyport/export.h"

SALLY_BEGIN_DECLS

/** The level of a line; smaller is more urgent. */
enum {
    SALLY_LOG_ERROR = 1,   /**< the server cannot work */
    SALLY_LOG_WARNING = 2, /**< an administrator should check it */
    SALLY_LOG_INFO = 3,    /**< connections, logins, transfers */
    SALLY_LOG_VERBOSE = 4, /**< every request */
    SALLY_LOG_DEBUG = 5    /**< details, such as messages that were refused */
};

/** One named value. */
typedef struct sally_log_field {
    const char *name; /**< such as "user", "path", "bytes" */
    /** raw text, which may contain any byte except NUL: escape it before printing */
    const char *value;
} sally_log_field;

/** One line. It and everything it points to are valid until the function returns. It never contains
 * a secret.
 */
typedef struct sally_log_line {
    uint32_t level;         /**< SALLY_LOG_ value */
    uint32_t field_count;   /**< how many fields */
    uint64_t time_ns;       /**< wall clock, nanoseconds since 1970; 0 if there is no clock */
    uint64_t connection_id; /**< 0 for none */
    uint64_t session_id;    /**< 0 for none */
    uint64_t request_id;    /**< 0 for none */
    /** stable name such as "listener.started", "auth.accepted", "file.closed" */
    const char *event;
    const char *message;           /**< one sentence for people */
    const sally_log_field *fields; /**< field_count of them */
} sally_log_line;

/** Receives one line. Called from any of the server's threads, one at a time, under a lock that is
 * used for nothing else. The function may call the library; log lines caused by such a call are
 * dropped. It must not wait for a thread that may log, and must not block: all network threads,
 * and therefore all clients, would wait for it. If the reader of the lines may stall (a pipe, a
 * terminal, a socket), queue them and write them in a thread of your own. A sally_sftp calls it on
 * the thread that called the engine, without a lock. */
typedef void sally_log_fn(void *user_data, const sally_log_line *line);

/**
 * Formats a line as text ("2026-01-31T12:00:00.000Z info  auth.accepted conn=3 user=joe
 * message=\"Logged in\"") into `out`, or as one JSON object if `json` is not 0. There is no line
 * break at the end. Returns the length without the NUL that a large enough `out` would hold, as
 * snprintf does. Any thread.
 *
 * A line of text consists of the time, the level, the event and name=value fields, separated by
 * spaces; the message comes last and is omitted if empty. A value that is empty or contains a
 * space, a quote, "=", a backslash or anything but ASCII is put in double quotes; there, and in
 * JSON, quotes and backslashes are escaped with a backslash, control characters and invisible
 * characters (bidirectional formatting, zero width) as \\n, \\r, \\t or \\u and four hex digits
 * (two of these beyond U+FFFF, as in JSON), and bytes that are not UTF-8 as \\x and two. No value
 * can therefore forge a field or a line.
 */
SALLY_API size_t sally_log_format(const sally_log_line *line, int json, char *out, size_t size);

/**
 * Makes untrusted text safe to show in one line of a log or terminal, by escaping what
 * sally_log_format() escapes in values; quotes and backslashes only if `quoted` is not 0, for text
 * that is put between double quotes. Returns the length without the NUL that a large enough `out`
 * would hold, as snprintf does; if the text is truncated, the last escape or character may be
 * incomplete. NULL counts as "". Any thread.
 */
SALLY_API size_t sally_log_escape(const char *text, int quoted, char *out, size_t size);

SALLY_END_DECLS

#endif
