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
        return report_failure(
            "--as \"%s\": only root can switch to another user; start the server as "
            "root, or as that user without --as",
            options->as);
    if (!privileges_find(out, options->as, why, sizeof why))
        return report_usage("serve", "--as \"%s\": %s", options->as, why);
    return EXIT_OK;
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
            "the folder \"%s\" cannot be served by %s: %s; give it to %s with chown, open the "
            "directories above it with chmod, or choose another user with --as",
            directory, user->name, strerror(errno), user->name);
    if (!options->read_only && faccessat(AT_FDCWD, directory, W_OK, AT_EACCESS) != 0)
        report_warning("%s cannot create files in \"%s\": %s; give it to %s with chown, or use "
                       "--read-only",
                       user->name, directory, strerror(errno), user->name);
    return EXIT_OK;
}

int serve_as_become(const struct identity *user, const struct serve_options *options,
                    const char *directory)
{
    char why[256];
    if (!privileges_become(user, why, sizeof why))
        return report_failure("--as \"%s\": cannot switch to this user: %s", options->as, why);
    for (size_t i = 0; i < options->keys_count; i++) {
        const char *file = options->keys[i].file;
        if (!can_open(file, 0))
            return report_failure(
                "--authorized-keys \"%s\": cannot be read by %s, which each login requires: %s; "
                "use chmod to allow access to the file and the directories above it, or move it",
                file, user->name, strerror(errno));
    }
    return check_folder(user, options, directory);
}
