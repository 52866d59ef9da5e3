/* The program's messages on standard error, except the log. */
#ifndef SALLYPORT_REPORT_H
#define SALLYPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

/* Reports an error in the command line of `command` (NULL: of the program itself). Returns
 * EXIT_USAGE. */
int report_usage(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reports a failure. Returns EXIT_FAILED. */
int report_failure(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* To be called after writing to standard output: returns `status`, or EXIT_FAILED with a message if
 * writing failed. A reader that has exited, such as head(1), is not a failure. */
int report_written(int status);

void report_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether it is a terminal, and whether to use colours on it (https://no-color.org). */
bool is_terminal(FILE *stream);
bool wants_colour(FILE *stream);

#endif
