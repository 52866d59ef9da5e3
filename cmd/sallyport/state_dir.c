#include "state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAKE_OURS "; run chown to own it and chmod 600 to keep others out"

static char *joined(const char *directory, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

/* The XDG base directory specification: relative paths must be ignored. */
static char *state_home(void)
{
    const char *xdg = getenv("XDG_STATE_HOME");
    if (xdg && *xdg == '/')
        return strdup(xdg);
    const char *home = getenv("HOME");
    if (!home || *home != '/') {
        const struct passwd *user = getpwuid(getuid());
        home = user ? user->pw_dir : NULL;
    }
    return home && *home == '/' ? joined(home, ".local/state") : NULL;
}

/* Creates all directories of `path`, with mode 0700. */
static bool make_all(char *path)
{
    for (char *at = path + 1;; at++) {
        char c = *at;
        if (c != '/' && c != '\0')
            continue;
        *at = '\0';
        bool ok = mkdir(path, 0700) == 0 || errno == EEXIST;
        *at = c;
        if (!ok || c == '\0')
            return ok;
    }
}

/* Must be ours, with access for us alone: another user who could write there could plant a key. */
static bool secure(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    struct stat st;
    bool ok = fstat(fd, &st) == 0;
    if (ok && st.st_uid != geteuid()) {
        errno = EPERM;
        ok = false;
    }
    if (ok && (st.st_mode & 07777) != 0700)
        ok = fchmod(fd, 0700) == 0;
    int error = errno;
    close(fd);
    errno = error;
    return ok;
}

char *state_dir_path(void)
{
    char *home = state_home();
    char *path = home ? joined(home, "sallyport") : NULL;
    free(home);
    return path;
}

char *state_dir_open(char *why, size_t why_size)
{
    why[0] = '\0';
    char *path = state_dir_path();
    if (!path) {
        snprintf(why, why_size, "no place to keep the server's state; set XDG_STATE_HOME or HOME");
        return NULL;
    }
    if (make_all(path) && secure(path))
        return path;
    snprintf(why, why_size, "\"%s\" cannot be used: %s", path, strerror(errno));
    free(path);
    return NULL;
}

/* The same types as OpenSSH generates: old clients do not support ed25519, very old ones only
 * RSA. */
static const struct {
    const char *type, *file;
} host_keys[STATE_HOST_KEYS] = {
    {"ed25519", "host_key_ed25519"},
    {"ecdsa-nistp256", "host_key_ecdsa"},
    {"rsa", "host_key_rsa"},
};

static sally_error load_or_make_key(sally_key **out, const char *path, const char *type, char *why,
                                    size_t why_size)
{
    sally_error e = sally_key_load(out, path, NULL);
    if (e != SALLY_E_SYSTEM || errno != ENOENT) {
        if (e)
            snprintf(why, why_size, "the host key \"%s\" cannot be used: %s%s", path,
                     e == SALLY_E_SYSTEM ? strerror(errno) : sally_strerror(e),
                     e == SALLY_E_INSECURE ? MAKE_OURS : "");
        return e;
    }
    e = sally_key_generate(out, type, 0);
    if (e) {
        snprintf(why, why_size, "cannot generate a host key: %s", sally_strerror(e));
        return e;
    }
    e = sally_key_save(*out, path, "sallyport");
    if (e == SALLY_E_EXISTS) { /* another process was faster; use its key */
        sally_key_unref(*out);
        *out = NULL;
        return sally_key_load(out, path, NULL);
    }
    if (e) /* the key still works for this run */
        snprintf(why, why_size, "cannot save the host key to \"%s\": %s", path,
                 e == SALLY_E_SYSTEM ? strerror(errno) : sally_strerror(e));
    return SALLY_E_OK;
}

sally_error state_dir_host_key(sally_key **out, const char *directory, size_t index, char *why,
                               size_t why_size)
{
    const char *type = host_keys[index].type;
    why[0] = '\0';
    *out = NULL;
    if (!directory)
        return sally_key_generate(out, type, 0);
    char *path = joined(directory, host_keys[index].file);
    sally_error e = path ? load_or_make_key(out, path, type, why, why_size) : SALLY_E_NO_MEMORY;
    free(path);
    return e;
}

/* 16 letters and digits that are hard to confuse, in groups of four: 80 bits. */
static bool make_password(char *out)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* 32 of them: no remainder */
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i && i % 4 == 0)
            *out++ = '-';
        *out++ = letters[bytes[i] % 32];
    }
    *out = '\0';
    return true;
}

/* Reads the first line of a file that no other user can access. */
static bool read_password(int fd, char *out)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 077) {
        errno = EPERM;
        return false;
    }
    ssize_t n = read(fd, out, STATE_PASSWORD_SIZE - 1);
    if (n < 0)
        return false;
    out[n] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    errno = EINVAL;
    return *out && strlen(out) < STATE_PASSWORD_SIZE - 2;
}

static bool write_password(const char *path, const char *password)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    size_t length = strlen(password);
    bool ok = write(fd, password, length) == (ssize_t)length && write(fd, "\n", 1) == 1;
    ok = fsync(fd) == 0 && ok;
    ok = close(fd) == 0 && ok;
    if (!ok)
        unlink(path);
    return ok;
}

sally_error state_dir_password(char out[STATE_PASSWORD_SIZE], const char *directory, char *why,
                               size_t why_size)
{
    why[0] = '\0';
    char *path = directory ? joined(directory, "password") : NULL;
    int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) : -1;
    sally_error e = SALLY_E_OK;
    if (fd >= 0) {
        if (!read_password(fd, out)) {
            snprintf(why, why_size, "the password in \"%s\" cannot be used: %s", path,
                     errno == EPERM ? "other users could read or change the file" MAKE_OURS
                                    : strerror(errno));
            e = SALLY_E_SYSTEM;
        }
        close(fd);
    } else if (!make_password(out)) {
        snprintf(why, why_size, "cannot generate a password: %s", strerror(errno));
        e = SALLY_E_SYSTEM;
    } else if (path && !write_password(path, out)) {
        snprintf(why, why_size, "cannot save the password to \"%s\": %s", path, strerror(errno));
    }
    free(path);
    return e;
}
