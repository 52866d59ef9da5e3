#include "password_lines.h"

#include <stdbool.h>
#include <string.h>

void password_lines_begin(struct password_lines *lines, char *text, size_t size)
{
    /* Some editors put a byte order mark in front of UTF-8. */
    size_t mark = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    *lines = (struct password_lines){text + mark, text + size, 0};
}

/* Splits off the next line and ends it with a NUL. */
static char *next_line(struct password_lines *lines, size_t *length)
{
    char *line = lines->at;
    char *end = memchr(line, '\n', (size_t)(lines->end - line));
    lines->at = end ? end + 1 : lines->end;
    lines->number++;
    end = end ? end : lines->end;
    while (end > line && end[-1] == '\r')
        end--;
    *end = '\0';
    *length = (size_t)(end - line);
    return line;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *judge(const char *name, const char *password)
{
    size_t length = strlen(name);
    if (length == 0)
        return "the name before \":\" is missing";
    if (is_blank(name[0]) || is_blank(name[length - 1]))
        return "there is a space before or after the name; a line is NAME:PASSWORD";
    if (password && !*password)
        return "the password is empty; omit \":\" for a user with keys only";
    return NULL;
}

enum password_line password_lines_next(struct password_lines *lines, const char **name,
                                       const char **password, const char **why)
{
    while (lines->at < lines->end) {
        size_t length;
        char *line = next_line(lines, &length);
        *why = memchr(line, '\0', length) ? "the line contains a NUL byte" : NULL;
        if (*why)
            return PASSWORD_LINE_WRONG;
        const char *begin = line + strspn(line, " \t");
        if (*begin == '\0' || *begin == '#')
            continue;
        char *colon = strchr(line, ':');
        if (colon)
            *colon = '\0';
        *name = line;
        *password = colon ? colon + 1 : NULL;
        *why = judge(*name, *password);
        return *why ? PASSWORD_LINE_WRONG : PASSWORD_LINE_USER;
    }
    return PASSWORD_LINE_NONE;
}
