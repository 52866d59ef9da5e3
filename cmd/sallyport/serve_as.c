#include "serve_as.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "report.h"

int serve_as_find(struct identity *out, const struct serve_options *options)
{
    char why[256];
    if (!privileges_are_roots())
        return report_failure("--as \"%s\": only root can become another user; start the server as "
                              "root, or as that user without --as",
                              options->as);
    if (!privileges_find(out, options->as, why, sizeof why))
        return report_usage("serve", "--as \"%s\": %s", options->as, why);
    return EXIT_FINE;
}

static bool can_open(const char *path, int flags)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int check_folder(const struct identity *user, const struct serve_options *options,
                        const char *directory)
{
    if (!can_open(directory, O_DIRECTORY))
        return report_failure(
            "the folder \"%s\" cannot be served by %s: %s; make it %s's with chown, open the way "
            "to it with chmod, or name another user with --as",
            directory, user->name, strerror(errno), user->name);
    if (!options->read_only && faccessat(AT_FDCWD, directory, W_OK, AT_EACCESS) != 0)
        report_warning("%s cannot make files in \"%s\": %s; make it %s's with chown, or say so to "
                       "clients with --read-only",
                       user->name, directory, strerror(errno), user->name);
    return EXIT_FINE;
}

int serve_as_become(const struct identity *user, const struct serve_options *options,
                    const char *directory)
{
    char why[256];
    if (!privileges_become(user, why, sizeof why))
        return report_failure("--as \"%s\": cannot become this user: %s", options->as, why);
    for (size_t i = 0; i < options->keys_count; i++) {
        const char *file = options->keys[i].file;
        if (!can_open(file, 0))
            return report_failure(
                "--authorized-keys \"%s\": cannot be read by %s, as it must be at each login: %s; "
                "open the file and the way to it with chmod, or put it elsewhere",
                file, user->name, strerror(errno));
    }
    return check_folder(user, options, directory);
}
