/* Where log lines go from anywhere in the library. The server or program provides the sink, which
 * knows the clock and serialises the lines. A NULL sink or function discards them. */
#ifndef SALLY_BASE_LOG_H
#define SALLY_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sallyport/log.h"

struct log_sink {
    sally_log_fn *write;
    void *user_data;
    uint32_t level;                         /* lines less urgent than this are not created */
    const _Atomic uint32_t *changing_level; /* replaces `level`; NULL: the level does not change */
    uint64_t (*wall_ns)(void *);            /* nanoseconds since 1970; NULL: 0 */
    void *clock;                            /* passed to wall_ns */
};

/* Which connection, session and request a line is about; 0 for none. */
struct log_ids {
    uint64_t connection, session, request;
};

static inline bool log_wants(const struct log_sink *sink, uint32_t level)
{
    if (!sink || !sink->write)
        return false;
    return level <= (sink->changing_level
                         ? atomic_load_explicit(sink->changing_level, memory_order_relaxed)
                         : sink->level);
}

/* `fields` may be NULL when count is 0. The message is truncated at 1 KiB. */
void log_line(const struct log_sink *sink, struct log_ids ids, uint32_t level, const char *event,
              const sally_log_field *fields, size_t count, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

#endif
