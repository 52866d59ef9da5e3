#include "report.h"

#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "common/say.h"

int report_usage(const char *command, const char *format, ...)
{
    va_list arguments;
    char prefix[64];
    snprintf(prefix, sizeof prefix, "sallyport%s%s: ", command ? " " : "", command ? command : "");
    va_start(arguments, format);
    say(prefix, format, arguments);
    va_end(arguments);
    fprintf(stderr, "Try \"sallyport help%s%s\".\n", command ? " " : "", command ? command : "");
    return EXIT_USAGE;
}

int report_failure(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("sallyport: ", format, arguments);
    va_end(arguments);
    return EXIT_FAILED;
}

void report_warning(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("sallyport: warning: ", format, arguments);
    va_end(arguments);
}

static bool is_unread(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP));
}

int report_written(int status)
{
    if ((fflush(stdout) == 0 && !ferror(stdout)) || is_unread())
        return status;
    return status ? status : report_failure("cannot write to standard output");
}

bool is_terminal(FILE *stream)
{
    return isatty(fileno(stream)) == 1;
}

bool wants_colour(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return is_terminal(stream) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}
