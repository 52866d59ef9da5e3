#include "serve_private.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "report.h"
#include "state_dir.h"

/* If the server cannot find the file, neither can its clients. */
static bool is_out_of_reach(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP ||
           error == ENAMETOOLONG;
}

static int hide(sally_fs *local, const char *what, const char *path)
{
    sally_error e = sally_fs_local_hide(local, path);
    if (!e || (e == SALLY_E_SYSTEM && is_out_of_reach(errno)))
        return EXIT_OK;
    if (e == SALLY_E_RANGE)
        return report_failure("\"%s\" cannot be served: it contains %s; choose another folder",
                              path, what);
    return report_failure("%s in \"%s\" cannot be hidden from clients: %s", what, path,
                          e == SALLY_E_SYSTEM ? strerror(errno) : sally_strerror(e));
}

/* Whether the file or directory, if it exists, is below the directory. */
static bool is_below(const char *path, const char *directory)
{
    char *whole = realpath(path, NULL);
    size_t length = strcmp(directory, "/") == 0 ? 0 : strlen(directory);
    bool below = whole && strncmp(whole, directory, length) == 0 && whole[length] == '/';
    free(whole);
    return below;
}

static void warn_of_ssh_folder(const char *directory)
{
    const char *home = getenv("HOME");
    char *path = NULL;
    if (!home || *home != '/' || asprintf(&path, "%s/.ssh", home) < 0)
        return;
    if (is_below(path, directory))
        report_warning("\"%s\" is in the served folder: clients can read your private keys there; "
                       "serve another folder unless this is intended",
                       path);
    free(path);
}

static void warn_of_keys(const struct serve_options *options, const char *directory)
{
    for (size_t i = 0; !options->read_only && i < options->keys_count; i++) {
        const char *file = options->keys[i].file;
        if (is_below(file, directory))
            report_warning("--authorized-keys \"%s\": is in the served folder: clients could add "
                           "keys to it; move it, or use --read-only",
                           file);
    }
}

int serve_private_hide(sally_fs *local, const struct serve_options *options, const char *directory)
{
    char *state = state_dir_path();
    int status = state ? hide(local, "the server's own keys", state) : EXIT_OK;
    free(state);
    for (size_t i = 0; i < options->host_keys.count && !status; i++)
        status = hide(local, "host keys", options->host_keys.at[i]);
    for (size_t i = 0; i < options->password_files.count && !status; i++)
        status = hide(local, "passwords", options->password_files.at[i]);
    if (!status && !options->quiet) {
        warn_of_ssh_folder(directory);
        warn_of_keys(options, directory);
    }
    return status;
}
