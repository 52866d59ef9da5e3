#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void log_line(const struct log_sink *sink, struct log_ids ids, uint32_t level, const char *event,
              const sally_log_field *fields, size_t count, const char *format, ...)
{
    if (!log_wants(sink, level))
        return;
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    sally_log_line line = {
        .level = level,
        .field_count = (uint32_t)count,
        .time_ns = sink->wall_ns ? sink->wall_ns(sink->clock) : 0,
        .connection_id = ids.connection,
        .session_id = ids.session,
        .request_id = ids.request,
        .event = event,
        .message = message,
        .fields = fields,
    };
    sink->write(sink->user_data, &line);
}
