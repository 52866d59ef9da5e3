#include "auth/keys_file.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

/* If a file has changed within this time, a later change might not show: file systems record times
 * in steps, of up to two seconds. */
#define FRESH_SECONDS 3

struct keys_file {
    struct crypto *crypto; /* held */
    char *path;
    uid_t owner;
    pthread_mutex_t lock; /* protects the members below */
    struct authorized_keys *keys;
    struct stat seen; /* the file that they are from */
    bool is_settled;  /* it has not changed unless it looks different */
    char reported[TRUSTED_FILE_WHY_SIZE];
};

struct keys_file *keys_file_new(struct crypto *c, const char *path, uid_t owner)
{
    struct keys_file *file = mem_zalloc(sizeof *file);
    if (!file)
        return NULL;
    file->path = mem_strdup(path);
    file->owner = owner;
    if (!file->path || pthread_mutex_init(&file->lock, NULL) != 0) {
        mem_free(file->path);
        mem_free(file);
        return NULL;
    }
    file->crypto = crypto_ref(c);
    return file;
}

void keys_file_free(struct keys_file *file)
{
    if (!file)
        return;
    authorized_keys_unref(file->keys);
    pthread_mutex_destroy(&file->lock);
    crypto_unref(file->crypto);
    mem_free(file->path);
    mem_free(file);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool is_settled(const struct stat *st)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return st->st_ctim.tv_sec + FRESH_SECONDS < now.tv_sec &&
           st->st_mtim.tv_sec + FRESH_SECONDS < now.tv_sec;
}

static bool read_all(int fd, struct buf *out)
{
    for (;;) {
        uint8_t *room = buf_reserve(out, 16384);
        if (!room)
            return false;
        ssize_t n = read(fd, room, 16384);
        if (n == 0)
            return true;
        if (n > 0)
            buf_commit(out, (size_t)n);
        else if (errno != EINTR)
            return false;
    }
}

static struct authorized_keys *parse(struct keys_file *file, int fd)
{
    struct authorized_keys *keys = NULL;
    struct buf text;
    buf_init(&text, AUTHORIZED_KEYS_MAX_BYTES + 16384);
    if (read_all(fd, &text))
        keys = authorized_keys_parse(file->crypto, buf_slice(&text));
    buf_clear(&text);
    return keys;
}

static struct authorized_keys *kept(struct keys_file *file, const struct stat *st)
{
    pthread_mutex_lock(&file->lock);
    bool valid = file->keys && file->is_settled && is_same(&file->seen, st);
    struct authorized_keys *keys = valid ? authorized_keys_ref(file->keys) : NULL;
    pthread_mutex_unlock(&file->lock);
    return keys;
}

static void keep(struct keys_file *file, struct authorized_keys *keys, const struct stat *st,
                 bool settled)
{
    pthread_mutex_lock(&file->lock);
    struct authorized_keys *old = file->keys;
    file->keys = authorized_keys_ref(keys);
    file->seen = *st;
    file->is_settled = settled;
    pthread_mutex_unlock(&file->lock);
    authorized_keys_unref(old);
}

bool keys_file_is_news(struct keys_file *file, const struct keys_file_fault *fault)
{
    pthread_mutex_lock(&file->lock);
    bool is_news = *fault->why && strcmp(file->reported, fault->why) != 0;
    memcpy(file->reported, fault->why, sizeof file->reported);
    pthread_mutex_unlock(&file->lock);
    return is_news;
}

static const char *reason_of(int error)
{
    if (error == EPERM)
        return "the authorized_keys file can be changed by other users";
    if (error == ENOENT)
        return "the authorized_keys file is missing";
    return "the authorized_keys file cannot be read";
}

static struct authorized_keys *read_open(struct keys_file *file, int fd, const char **reason)
{
    struct stat st;
    *reason = NULL;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        *reason = "the authorized_keys file is not a regular file";
    else if (st.st_size > AUTHORIZED_KEYS_MAX_BYTES)
        *reason = "the authorized_keys file is too long";
    if (*reason)
        return NULL;
    struct authorized_keys *keys = kept(file, &st);
    if (keys)
        return keys;
    bool settled = is_settled(&st);
    keys = parse(file, fd);
    if (keys)
        keep(file, keys, &st, settled);
    else
        *reason = "the authorized_keys file could not be read completely";
    return keys;
}

struct authorized_keys *keys_file_read(struct keys_file *file, bool strict,
                                       struct keys_file_fault *fault)
{
    struct authorized_keys *keys = NULL;
    const struct trusted_file_rules rules = {strict, file->owner};
    fault->reason = NULL;
    int fd = trusted_file_open(file->path, &rules, fault->why);
    if (fd < 0) {
        fault->reason = reason_of(*fault->why ? EPERM : errno);
    } else {
        keys = read_open(file, fd, &fault->reason);
        close(fd);
    }
    return keys;
}
