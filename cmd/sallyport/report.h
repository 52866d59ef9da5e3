/* What the program has to say on standard error, but for the log. */
#ifndef SALLYPORT_REPORT_H
#define SALLYPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

/* A mistake on the command line of `command` (NULL: of the program itself). Returns EXIT_USAGE. */
int report_usage(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What could not be done. Returns EXIT_FAILED. */
int report_failure(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Standard output has been written to: `status`, or EXIT_FAILED and a message when that failed. A
 * reader that has left, as head(1) does, is no failure. */
int report_written(int status);

void report_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether people look at it; and whether they are to see colours (https://no-color.org). */
bool is_terminal(FILE *stream);
bool wants_colour(FILE *stream);

#endif
