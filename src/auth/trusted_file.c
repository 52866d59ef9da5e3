/* The path is walked from "/" with a descriptor for each component, so that the file that is
 * checked is the one that is opened, even if directories are moved meanwhile. Symbolic links are
 * followed here, not by the kernel, so that their directories are checked, too. */
#include "auth/trusted_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

#define MAX_LINKS  40 /* as the kernel allows */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

struct walk {
    const struct trusted_file_rules *rules;
    int dir;                 /* the current directory */
    char at[PATH_MAX];       /* its path, for messages; "" is "/" */
    char rest[2 * PATH_MAX]; /* the rest of the path */
    unsigned links;          /* followed so far */
    char *why;               /* TRUSTED_FILE_WHY_SIZE */
};

static bool is_trusted(const struct walk *w, uid_t owner)
{
    return owner == 0 || owner == geteuid() || owner == w->rules->owner;
}

/* In a sticky directory such as /tmp, users cannot replace entries of others, and the owner of each
 * entry is checked. The mode of a link means nothing. */
static bool others_write(const struct stat *st)
{
    if (S_ISLNK(st->st_mode) || (S_ISDIR(st->st_mode) && st->st_mode & S_ISVTX))
        return false;
    return (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

static bool judge(struct walk *w, const char *name, const struct stat *st)
{
    w->why[0] = '\0';
    if (!w->rules->strict)
        return true;
    const char *slash = *name ? "/" : "";
    if (!is_trusted(w, st->st_uid))
        snprintf(w->why, TRUSTED_FILE_WHY_SIZE,
                 "\"%.300s%s%.100s\" belongs to user %lu, who could change it: give it to root or "
                 "to the server's user (chown)",
                 w->at, slash, name, (unsigned long)st->st_uid);
    else if (others_write(st))
        snprintf(w->why, TRUSTED_FILE_WHY_SIZE,
                 "\"%.300s%s%.100s\" is writable by users other than its owner (mode %04o): run "
                 "chmod go-w",
                 *w->at || *name ? w->at : "/", slash, name, (unsigned)st->st_mode & 07777);
    if (w->why[0])
        errno = EPERM;
    return w->why[0] == '\0';
}

static void move_to(struct walk *w, int dir)
{
    close(w->dir);
    w->dir = dir;
}

/* Only for messages: truncated if too long. */
static void note_move(struct walk *w, const char *name)
{
    size_t used = strlen(w->at);
    if (strcmp(name, "..") == 0) {
        char *slash = strrchr(w->at, '/');
        if (slash)
            *slash = '\0';
    } else if (used + 1 + strlen(name) < sizeof w->at) {
        snprintf(w->at + used, sizeof w->at - used, "/%s", name);
    }
}

static bool to_root(struct walk *w)
{
    struct stat st;
    int dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return false;
    move_to(w, dir);
    w->at[0] = '\0';
    return fstat(dir, &st) == 0 && judge(w, "", &st);
}

/* Takes the next component off; false: there is none. */
static bool next_name(struct walk *w, char name[NAME_MAX + 1], bool *is_last)
{
    const char *begin = w->rest + strspn(w->rest, "/");
    size_t length = strcspn(begin, "/");
    if (length == 0)
        return false;
    snprintf(name, NAME_MAX + 1, "%.*s", (int)length, begin);
    const char *behind = begin + length;
    *is_last = behind[strspn(behind, "/")] == '\0';
    memmove(w->rest, behind, strlen(behind) + 1);
    if (length > NAME_MAX)
        errno = ENAMETOOLONG;
    return length <= NAME_MAX;
}

/* The link's target goes before the rest of the path. */
static bool follow(struct walk *w, int link)
{
    char target[PATH_MAX];
    ssize_t size = readlinkat(link, "", target, sizeof target - 1);
    if (size <= 0)
        return false;
    size_t used = strlen(w->rest), length = (size_t)size;
    if (++w->links > MAX_LINKS)
        errno = ELOOP;
    else if (length + 1 + used >= sizeof w->rest)
        errno = ENAMETOOLONG;
    else
        errno = 0;
    if (errno)
        return false;
    memmove(w->rest + length + 1, w->rest, used + 1);
    memcpy(w->rest, target, length);
    w->rest[length] = '/';
    return target[0] != '/' || to_root(w);
}

/* Walks one component. -1 with errno 0: a step was made. */
static int step(struct walk *w, const char *name, bool is_last)
{
    struct stat st;
    int fd = openat(w->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = -1;
    bool good = fstat(fd, &st) == 0 && judge(w, name, &st);
    if (good && S_ISLNK(st.st_mode)) {
        good = follow(w, fd);
    } else if (good && is_last) {
        /* It may have been replaced since it was checked. */
        result = openat(w->dir, name, OPEN_FLAGS | O_NOFOLLOW);
        good = result >= 0 && fstat(result, &st) == 0 && judge(w, name, &st);
    } else if (good) {
        note_move(w, name);
        move_to(w, fd);
        fd = -1;
    }
    int saved = good ? 0 : errno;
    if (fd >= 0)
        close(fd);
    if (!good && result >= 0) {
        close(result);
        result = -1;
    }
    errno = saved;
    return result;
}

/* A relative path begins with the current directory's. */
static bool set_path(struct walk *w, const char *path)
{
    if (!*path || strlen(path) >= PATH_MAX) {
        errno = *path ? ENAMETOOLONG : ENOENT;
        return false;
    }
    char here[PATH_MAX] = "";
    if (*path != '/' && !getcwd(here, sizeof here))
        return false;
    snprintf(w->rest, sizeof w->rest, "%s/%s", here, path);
    return true;
}

int trusted_file_open(const char *path, const struct trusted_file_rules *rules,
                      char why[TRUSTED_FILE_WHY_SIZE])
{
    why[0] = '\0';
    if (!rules->strict)
        return open(path, OPEN_FLAGS);
    struct walk w = {.rules = rules, .dir = -1, .why = why};
    if (!set_path(&w, path))
        return -1;
    int fd = -1;
    bool goes_on = to_root(&w);
    while (goes_on && fd < 0) {
        char name[NAME_MAX + 1];
        bool is_last;
        errno = EISDIR; /* a path that ends before it named a file */
        goes_on = next_name(&w, name, &is_last);
        if (goes_on) {
            fd = step(&w, name, is_last);
            goes_on = fd >= 0 || errno == 0;
        }
    }
    int saved = errno;
    if (w.dir >= 0)
        close(w.dir);
    errno = saved;
    return fd;
}
