/* Each component is opened by itself with O_PATH|O_NOFOLLOW below the directory before it, and
 * what was opened is then examined, so it cannot be replaced in between. A link's text takes the
 * link's place in the rest of the path. ".." is never passed to the kernel (the directory may
 * have been moved out of the root meanwhile): the path is walked again from the root, one
 * component shorter. */
#include "os/in_root_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/in_root_gate.h"

#define MAX_LINKS  40    /* as in Linux */
#define MAX_STEPS  16384 /* components examined, including those walked again */
#define MAX_LINKED 512   /* of these, after the first link: real trees need a few dozen */
/* After this many steps a walk is long. */
#define LONG_LINKED 64
#define LONG_STEPS  256
#define MAX_REST    (256u * 1024u) /* bytes left to resolve */
#define MAX_RACES   64             /* attempts while others replace the last component */

struct in_root_walk {
    const struct in_root *where;
    int dir;          /* the current directory */
    bool owned;       /* dir is not the root's own descriptor */
    struct buf at;    /* path of dir from the root: "" or "/a/b" */
    struct buf rest;  /* what is left to resolve */
    const char *name; /* the last component, inside `last` */
    char last[NAME_MAX + 1];
    bool must_be_dir; /* a slash followed it */
    unsigned links, steps, linked;
    bool is_inside; /* the gate */
};

static bool fail(int error)
{
    errno = error;
    return false;
}

static int close_keeping_errno(int fd)
{
    int saved = errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
    return -1;
}

static void walk_stand_at(struct in_root_walk *w, int dir, bool owned)
{
    if (w->owned)
        close_keeping_errno(w->dir);
    w->dir = dir;
    w->owned = owned;
}

static void walk_to_root(struct in_root_walk *w)
{
    walk_stand_at(w, w->where->root, false);
    buf_reset(&w->at);
}

static void walk_init(struct in_root_walk *w, const struct in_root *where, const char *path)
{
    memset(w, 0, sizeof(*w));
    w->where = where;
    w->dir = where->root;
    buf_init(&w->at, MAX_REST);
    buf_init(&w->rest, MAX_REST);
    put_bytes(&w->rest, path, strlen(path));
}

static void walk_clear(struct in_root_walk *w)
{
    if (w->is_inside)
        in_root_gate_leave(w->where->gate);
    walk_stand_at(w, -1, false);
    buf_clear(&w->at);
    buf_clear(&w->rest);
}

/* Puts `text` before the rest of the path. */
static bool put_before_rest(struct in_root_walk *w, struct slice text)
{
    struct buf joined;
    buf_init(&joined, MAX_REST);
    put_bytes(&joined, text.data, text.size);
    put_u8(&joined, '/');
    put_bytes(&joined, buf_head(&w->rest), w->rest.size);
    if (joined.failed) {
        buf_clear(&joined);
        return fail(ENAMETOOLONG);
    }
    /* No slash is added if nothing follows: a link's own trailing slash must keep its meaning. */
    if (w->rest.size == 0)
        buf_truncate(&joined, joined.size - 1);
    buf_clear(&w->rest);
    w->rest = joined;
    return true;
}

/* Takes the next component off the rest. `*more`: something other than slashes comes after it.
 * False and errno 0: there was none. */
static bool next_component(struct in_root_walk *w, bool *more)
{
    struct slice s = buf_slice(&w->rest);
    size_t start = 0;
    while (start < s.size && s.data[start] == '/')
        start++;
    size_t end = start;
    while (end < s.size && s.data[end] != '/')
        end++;
    size_t after = end;
    while (after < s.size && s.data[after] == '/')
        after++;
    if (start == end)
        return fail(0);
    if (end - start > NAME_MAX)
        return fail(ENAMETOOLONG);
    memcpy(w->last, s.data + start, end - start);
    w->last[end - start] = 0;
    w->name = w->last;
    *more = after < s.size;
    w->must_be_dir = !*more && after > end;
    buf_consume(&w->rest, *more ? end : s.size);
    return true;
}

static bool walk_up(struct in_root_walk *w)
{
    struct slice at = buf_slice(&w->at);
    size_t size = at.size;
    while (size && at.data[size - 1] != '/')
        size--;
    if (size == 0)
        return true; /* the root's parent is the root */
    struct buf up;
    buf_init(&up, MAX_REST);
    put_bytes(&up, at.data, size - 1);
    bool ok = !up.failed || fail(ENOMEM);
    if (ok && up.size)
        ok = put_before_rest(w, buf_slice(&up));
    buf_clear(&up);
    if (ok)
        walk_to_root(w);
    return ok;
}

static bool walk_link(struct in_root_walk *w, int fd, bool had_slash)
{
    char text[PATH_MAX];
    if (++w->links > MAX_LINKS)
        return fail(ELOOP);
    ssize_t size = readlinkat(fd, "", text, sizeof(text));
    if (size <= 0)
        return size < 0 ? false : fail(ENOENT);
    if ((size_t)size == sizeof(text))
        return fail(ENAMETOOLONG);
    if (had_slash) /* "link/": the slash applies to the link's target */
        put_u8(&w->rest, '/');
    struct slice s = {(const uint8_t *)text, (size_t)size};
    if (w->rest.failed || !put_before_rest(w, s))
        return fail(ENAMETOOLONG);
    if (text[0] == '/')
        walk_to_root(w);
    return true;
}

/* Such links lead to an object of a process, not to their text. */
static bool is_kernels(const struct in_root_walk *w, int fd, const struct stat *st)
{
    return st->st_dev != w->where->device && os_medium_of(fd) == MEDIUM_PSEUDO;
}

static bool walk_into(struct in_root_walk *w, int fd)
{
    put_u8(&w->at, '/');
    put_bytes(&w->at, w->name, strlen(w->name));
    if (w->at.failed) {
        close(fd);
        return fail(ENAMETOOLONG);
    }
    walk_stand_at(w, fd, true);
    return true;
}

static bool is_hidden_entry(const struct in_root_walk *w)
{
    struct stat st;
    return w->where->hidden && fstatat(w->dir, w->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           in_root_hides(w->where, st.st_dev, st.st_ino);
}

/* False: it takes too long. */
static bool count_step(struct in_root_walk *w)
{
    w->linked += w->links > 0;
    w->steps++;
    bool is_long = w->linked > LONG_LINKED || w->steps > LONG_STEPS;
    if (is_long && w->where->gate && !w->is_inside) {
        in_root_gate_enter(w->where->gate);
        w->is_inside = true;
    }
    return w->steps <= MAX_STEPS && w->linked <= MAX_LINKED;
}

/* Goes to the directory that holds the last component; w->name is that component, "." for the
 * directory itself. With `follow`, the last component is not a link, and `*fd` is an O_PATH
 * descriptor of it, or -1 when it does not exist. */
static bool walk_go(struct in_root_walk *w, bool follow, int *fd)
{
    *fd = -1;
    for (;;) {
        bool more;
        if (!next_component(w, &more)) {
            if (errno)
                return false;
            w->name = ".";
            w->must_be_dir = true;
            break;
        }
        if (!count_step(w))
            return fail(ELOOP);
        if (strcmp(w->name, ".") == 0)
            continue;
        if (strcmp(w->name, "..") == 0) {
            if (!walk_up(w))
                return false;
            continue;
        }
        if (!more && !follow && !w->must_be_dir)
            return !is_hidden_entry(w) || fail(ENOENT);
        int got = openat(w->dir, w->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (got < 0) {
            return errno == ENOENT && !more;
        }
        struct stat st;
        bool ok = fstat(got, &st) == 0;
        if (ok && in_root_hides(w->where, st.st_dev, st.st_ino)) {
            close(got);
            return fail(ENOENT);
        }
        if (ok && w->where->stay && st.st_dev != w->where->device) {
            close(got);
            return fail(EXDEV);
        }
        if (ok && S_ISLNK(st.st_mode) && is_kernels(w, got, &st)) {
            close(got);
            return fail(EACCES);
        }
        if (ok && w->where->brief && S_ISLNK(st.st_mode)) {
            close(got);
            return fail(EXDEV);
        }
        if (ok && S_ISLNK(st.st_mode)) {
            ok = walk_link(w, got, w->must_be_dir);
            close_keeping_errno(got);
        } else if (ok && !more) {
            *fd = got;
            return true;
        } else if (ok && S_ISDIR(st.st_mode)) {
            ok = walk_into(w, got);
        } else {
            int error = ok ? ENOTDIR : errno;
            close(got);
            return fail(error);
        }
        if (!ok)
            return false;
    }
    if (follow) {
        *fd = openat(w->dir, ".", O_PATH | O_CLOEXEC);
        if (*fd < 0)
            return false;
    }
    return true;
}

static bool is_directory(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The final open. `seen` is what was there a moment ago, or -1; `*raced`: it is a link now. */
static int open_last(const struct in_root_walk *w, int flags, mode_t mode, bool follow, int seen,
                     bool *raced)
{
    bool want_dir = w->must_be_dir || (flags & O_DIRECTORY);
    if (w->must_be_dir && (flags & O_CREAT)) {
        errno = EISDIR;
        return close_keeping_errno(seen);
    }
    if (follow && (flags & O_PATH)) { /* the walk did this already */
        if (seen >= 0 && (!want_dir || is_directory(seen)))
            return seen;
        errno = seen < 0 ? ENOENT : ENOTDIR;
        return close_keeping_errno(seen);
    }
    int fd = openat(w->dir, w->name, flags | O_NOFOLLOW | (want_dir ? O_DIRECTORY : 0), mode);
    if (fd < 0 && follow)
        *raced = errno == ELOOP || (errno == ENOTDIR && seen >= 0 && is_directory(seen));
    close_keeping_errno(seen);
    return fd;
}

static int walk_open_once(const struct in_root *where, const char *path, int flags, mode_t mode,
                          bool *raced)
{
    bool follow = !(flags & O_NOFOLLOW) && !((flags & O_CREAT) && (flags & O_EXCL));
    struct in_root_walk w;
    int seen, fd = -1;
    *raced = false;
    walk_init(&w, where, path);
    if (w.rest.failed)
        errno = ENAMETOOLONG;
    else if (walk_go(&w, follow, &seen))
        fd = open_last(&w, flags, mode, follow, seen, raced);
    int saved = errno;
    walk_clear(&w);
    errno = saved;
    return fd;
}

int in_root_walk_open(const struct in_root *where, const char *path, int flags, mode_t mode)
{
    for (int races = 0;; races++) {
        bool raced;
        int fd = walk_open_once(where, path, flags, mode, &raced);
        if (fd >= 0 || !raced || races == MAX_RACES)
            return fd;
    }
}

bool in_root_walk_canonical(const struct in_root *where, const char *path, struct buf *out, int *fd)
{
    struct in_root_walk w;
    *fd = -1;
    walk_init(&w, where, path);
    bool ok = !w.rest.failed || fail(ENAMETOOLONG);
    ok = ok && walk_go(&w, true, fd);
    if (ok && w.must_be_dir && *fd >= 0 && !is_directory(*fd)) {
        close(*fd);
        *fd = -1;
        ok = fail(ENOTDIR);
    }
    if (ok) {
        put_bytes(out, buf_head(&w.at), w.at.size);
        if (strcmp(w.name, ".") != 0) {
            put_u8(out, '/');
            put_bytes(out, w.name, strlen(w.name));
        } else if (w.at.size == 0) {
            put_u8(out, '/');
        }
        put_u8(out, 0);
        if (out->failed) {
            *fd = close_keeping_errno(*fd);
            ok = fail(ENAMETOOLONG);
        }
    }
    int saved = errno;
    walk_clear(&w);
    errno = saved;
    return ok;
}
