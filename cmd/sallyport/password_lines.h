/* The text of a password file: a user on each line, in the format of --user (NAME:PASSWORD, or NAME
 * alone for keys only). Empty lines and those that begin with "#" are ignored. */
#ifndef SALLYPORT_PASSWORD_LINES_H
#define SALLYPORT_PASSWORD_LINES_H

#include <stddef.h>

struct password_lines {
    char *at, *end;
    size_t number; /* of the last line, counted from 1 */
};

enum password_line { PASSWORD_LINE_USER, PASSWORD_LINE_WRONG, PASSWORD_LINE_NONE };

/* The text is modified, and must be followed by one writable byte. */
void password_lines_begin(struct password_lines *lines, char *text, size_t size);

/* The next user, whose name and password (NULL: none) are in the text; or what is wrong with the
 * next line, in a sentence; or NONE at the end. */
enum password_line password_lines_next(struct password_lines *lines, const char **name,
                                       const char **password, const char **why);

#endif
