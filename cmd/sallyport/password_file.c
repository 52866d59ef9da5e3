#include "password_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "password_lines.h"
#include "private_file.h"
#include "report.h"
#include "wipe.h"

#define MAX_BYTES ((size_t)4 * 1024 * 1024)

struct text {
    char *data; /* MAX_BYTES + 1 */
    size_t size;
};

/* Pipes are allowed too: <(...) in a shell, or the output of a password manager. */
static int check_open(int fd, const char *file)
{
    struct stat st;
    char why[PATH_MAX + 256];
    if (fstat(fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode)))
        return report_failure("--password-file \"%s\": is neither a regular file nor a pipe; give "
                              "one with NAME:PASSWORD on each line",
                              file);
    if (!private_file_check(&st, file, why, sizeof why))
        return report_failure("--password-file \"%s\": %s", file, why);
    return EXIT_OK;
}

static int read_all(int fd, const char *file, struct text *text)
{
    for (;;) {
        ssize_t n = read(fd, text->data + text->size, MAX_BYTES + 1 - text->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return report_failure("--password-file \"%s\": cannot be read: %s", file,
                                  strerror(errno));
        if (n == 0)
            return EXIT_OK;
        text->size += (size_t)n;
        if (text->size > MAX_BYTES)
            return report_failure("--password-file \"%s\": is longer than 4 MiB", file);
    }
}

static int read_file(const char *file, struct text *text)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return report_failure("--password-file \"%s\": cannot be read: %s%s", file, strerror(errno),
                              errno == ENOENT ? "; give a file with NAME:PASSWORD on each line"
                                              : "");
    int status = check_open(fd, file);
    if (!status)
        status = read_all(fd, file, text);
    close(fd);
    return status;
}

static int add_users(struct serve_options *options, const char *file, struct text *text)
{
    struct password_lines lines;
    const char *name, *password, *why;
    const size_t before = options->user_count;
    password_lines_begin(&lines, text->data, text->size);
    for (;;) {
        switch (password_lines_next(&lines, &name, &password, &why)) {
        case PASSWORD_LINE_NONE:
            /* Otherwise the default user would be created and could log in. */
            return options->user_count > before
                       ? EXIT_OK
                       : report_usage("serve",
                                      "--password-file \"%s\": contains no users; give "
                                      "NAME:PASSWORD on each line",
                                      file);
        case PASSWORD_LINE_WRONG:
            return report_usage("serve", "--password-file \"%s\", line %zu: %s", file, lines.number,
                                why);
        case PASSWORD_LINE_USER:
            break;
        }
        if (!serve_options_add_user(options, name, password))
            return report_failure("out of memory");
        struct serve_user *user = &options->users[options->user_count - 1];
        user->file = file;
        user->line = lines.number;
    }
}

int password_file_load(struct serve_options *options, const char *file)
{
    struct text text = {malloc(MAX_BYTES + 1), 0};
    if (!text.data)
        return report_failure("out of memory");
    int status = read_file(file, &text);
    if (!status)
        status = add_users(options, file, &text);
    wipe(text.data, text.size);
    free(text.data);
    return status;
}
