/* What went wrong, as text. */
#include "server/server.h"

sally_error server_fail(sally_server *server, sally_error error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    thread_texts_set(&server->failures, format, args);
    va_end(args);
    return error;
}

const char *sally_server_error(const sally_server *server)
{
    return server ? thread_texts_get(&server->failures) : "";
}
