#include "common/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/write_all.h"
#include "sallyport/log.h"

#define PATIENCE_MS 1000

void say(const char *prefix, const char *format, va_list arguments)
{
    char *text = NULL, *line = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        return;
    size_t before = strlen(prefix), size = sally_log_escape(text, 0, NULL, 0);
    line = malloc(before + size + 1);
    if (line) {
        memcpy(line, prefix, before);
        sally_log_escape(text, 0, line + before, size + 1);
        line[before + size] = '\n';
        (void)write_all(STDERR_FILENO, line, before + size + 1, PATIENCE_MS);
    }
    free(line);
    free(text);
}
