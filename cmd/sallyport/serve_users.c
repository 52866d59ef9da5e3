#include "serve_users.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "report.h"

static bool belongs(const struct serve_keys *keys, const char *user)
{
    return !keys->user || strcmp(keys->user, user) == 0;
}

/* The user's nth key file; NULL after the last one. */
static const char *file_of(const struct serve_options *o, const char *user, size_t nth)
{
    for (size_t i = 0; i < o->keys_count; i++) {
        if (belongs(&o->keys[i], user) && nth-- == 0)
            return o->keys[i].file;
    }
    return NULL;
}

/* The library reads the file at each login; errors should show at startup. */
static int check_file(const char *file, bool strict)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return report_failure(
            "--authorized-keys \"%s\": cannot be read: %s%s", file, strerror(errno),
            errno == ENOENT ? "; give a file of public keys, one on each line" : "");
    int status = EXIT_OK;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        status = report_failure("--authorized-keys \"%s\": is not a regular file", file);
    else if (strict && st.st_mode & (S_IWGRP | S_IWOTH))
        status = report_failure(
            "--authorized-keys \"%s\": is writable by others, who could add their own keys; run "
            "chmod go-w \"%s\"",
            file, file);
    else if (st.st_size > 1024 * 1024)
        status = report_failure("--authorized-keys \"%s\": is longer than 1 MiB", file);
    close(fd);
    return status;
}

/* Where the user was given, for messages. */
static void place_of(const struct serve_user *user, char *out, size_t size)
{
    if (user->file)
        snprintf(out, size, "--password-file \"%s\", line %zu (%s)", user->file, user->line,
                 user->name);
    else
        snprintf(out, size, "--user \"%s%s\"", user->name, user->password ? ":..." : "");
}

static int add_user(sally_auth *users, const struct serve_options *o, const struct serve_user *user,
                    size_t layer, sally_fs *fs)
{
    const sally_user u = {
        .struct_size = sizeof u,
        .name = user->name,
        .password = layer == 0 ? user->password : NULL,
        .authorized_keys_file = file_of(o, user->name, layer),
        .fs = fs,
        .permissions = o->read_only ? SALLY_MAY_VIEW : SALLY_MAY_ALL,
    };
    char place[PATH_MAX + 512];
    if (layer && !u.authorized_keys_file)
        return EXIT_OK;
    place_of(user, place, sizeof place);
    if (layer == 0 && !u.password && !u.authorized_keys_file)
        report_warning("%s: %s has neither a password nor keys and cannot log in; give %s:PASSWORD "
                       "or --authorized-keys %s:FILE",
                       place, user->name, user->name, user->name);
    sally_error e = sally_auth_users_add(users, &u);
    if (e == SALLY_E_INVALID)
        return report_usage("serve",
                            "%s: unusable password: it is longer than 511 bytes, or looks like an "
                            "incomplete hash%s%s%s",
                            place, user->file ? "" : "; quote it for the shell, as in --user '",
                            user->file ? "" : user->name, user->file ? "" : ":$y$...'");
    if (e == SALLY_E_UNSUPPORTED)
        return report_usage("serve",
                            "%s: this type of hash is unknown to crypt(3), or too weak; create one "
                            "with \"sallyport "
                            "hash-password\"",
                            place);
    return e ? report_failure("%s: %s", place, sally_strerror(e)) : EXIT_OK;
}

/* A list of users has one key file per user: one list for each user's first file, one for the
 * second files, and so on. */
static int add_layer(sally_auth **auth, const struct serve_options *o, size_t layer, sally_fs *fs)
{
    sally_auth *users = NULL, *chain = NULL;
    sally_error e = sally_auth_users_new(&users);
    if (e)
        return report_failure("%s", sally_strerror(e));
    int status = EXIT_OK;
    for (size_t i = 0; i < o->user_count && !status; i++)
        status = add_user(users, o, &o->users[i], layer, fs);
    if (!status && *auth) {
        e = sally_auth_chain_new(&chain, *auth, users);
        status = e ? report_failure("--authorized-keys: %s", sally_strerror(e)) : EXIT_OK;
        sally_auth_unref(users);
        users = chain;
    }
    if (!status) {
        sally_auth_unref(*auth);
        *auth = users;
    } else {
        sally_auth_unref(users);
    }
    return status;
}

int serve_users_new(sally_auth **out, const struct serve_options *o, sally_fs *fs, bool strict)
{
    int status = EXIT_OK;
    size_t layers = 1;
    *out = NULL;
    for (size_t i = 0; i < o->keys_count && !status; i++)
        status = check_file(o->keys[i].file, strict);
    for (size_t i = 0; i < o->user_count; i++) {
        while (file_of(o, o->users[i].name, layers))
            layers++;
    }
    for (size_t layer = 0; layer < layers && !status; layer++)
        status = add_layer(out, o, layer, fs);
    return status;
}
