/* Runs operations on a storage without any protocol, one at a time, and waits for each. */
#ifndef TEST_FS_DRIVER_H
#define TEST_FS_DRIVER_H

#include <pthread.h>
#include <stdbool.h>

#include "core/session.h"
#include "sallyport/storages.h"

enum driver_style {
    DRIVER_INLINE, /* everything in the caller's thread, where it may block */
    DRIVER_TRYING  /* storages that can are tried first; what they decline runs afterwards in the
                      same thread */
};

struct driver {
    struct session_host host; /* first */
    pthread_mutex_t lock;
    pthread_cond_t mail_there;
    struct list mail, work, pieces;
    sally_session *session;
    unsigned resumed;   /* how often an operation gave way to others */
    unsigned offloaded; /* operations that were declined, or not even tried */
    bool gone;
    unsigned fail_at;     /* the allocation of the next operation that fails; 0: none */
    bool failed;          /* it did */
    char in_the_way[200]; /* who held the lock of the last operation: "USER SESSION PATH", and
                           * " OFFSET LENGTH" of a range, and " FLAGS" in hex; "" for no one */
};

void driver_start(struct driver *d, sally_fs *fs, enum driver_style style);
/* As another user's session, of this number. */
void driver_start_as(struct driver *d, sally_fs *fs, const char *user, uint64_t id);
void driver_start_logging(struct driver *d, sally_fs *fs, enum driver_style style,
                          const struct log_sink *log);
/* Closes whatever is open, and lets the storage go. */
void driver_stop(struct driver *d);
/* The same, because the client was cut off. */
void driver_lose(struct driver *d);

struct op *driver_op(struct driver *d, uint32_t kind, const char *path);
struct op *driver_file_op(struct driver *d, uint32_t kind, sally_file *file);
/* Starts it without waiting; `*done` becomes true with the answer. */
void driver_begin(struct driver *d, struct op *op, bool *done);
void driver_wait(struct driver *d, const bool *done);
/* Does it and leaves it for a look; op_free() it then. */
sally_status driver_do(struct driver *d, struct op *op);
/* Does it and frees it. */
sally_status driver_finish(struct driver *d, struct op *op);

/* One operation each, by name. */
sally_status do_open(struct driver *d, const char *path, uint32_t flags, sally_file **file);
sally_status do_open_mode(struct driver *d, const char *path, uint32_t flags, uint32_t mode,
                          sally_file **file);
sally_status do_close(struct driver *d, sally_file *file);
sally_status do_read(struct driver *d, sally_file *file, uint64_t offset, void *data,
                     uint32_t *length);
sally_status do_write(struct driver *d, sally_file *file, uint64_t offset, const void *data,
                      uint32_t length);
sally_status do_fsync(struct driver *d, sally_file *file);
sally_status do_path(struct driver *d, uint32_t kind, const char *path); /* REMOVE, RMDIR */
sally_status do_mkdir(struct driver *d, const char *path, uint32_t mode);
sally_status do_two(struct driver *d, uint32_t kind, const char *path, const char *to,
                    uint32_t flags);
sally_status do_symlink(struct driver *d, const char *path, const char *target);
sally_status do_stat(struct driver *d, const char *path, uint32_t flags, sally_attrs *attrs);
sally_status do_fstat(struct driver *d, sally_file *file, sally_attrs *attrs);
sally_status do_setstat(struct driver *d, const char *path, uint32_t flags,
                        const sally_attrs *attrs);
sally_status do_fsetstat(struct driver *d, sally_file *file, const sally_attrs *attrs);
sally_status do_lock(struct driver *d, uint32_t kind, sally_file *file, uint64_t offset,
                     uint64_t length, uint32_t flags); /* LOCK, UNLOCK */
/* HASH of the file, or of the path: the digests in hex, and the algorithm in front. */
#define HASH_TEXT_SIZE 1000
sally_status do_hash(struct driver *d, sally_file *file, const char *path, const sally_op_hash *how,
                     char out[HASH_TEXT_SIZE]);
/* READLINK, REALPATH: the answer is put into `out` (TEXT_SIZE bytes). */
#define TEXT_SIZE 20000
sally_status do_text(struct driver *d, uint32_t kind, const char *path, uint32_t flags, char *out);
sally_status do_opendir(struct driver *d, const char *path, sally_file **file);
sally_status do_closedir(struct driver *d, sally_file *file);

/* Directory listings. */
struct listing {
    char **names;
    sally_attrs *attrs; /* without the strings */
    char (*owners)[64];
    unsigned count, capacity;
    unsigned room; /* entries until the reply is full; 0: no end */
    unsigned given;
    char carried[300]; /* the one that did not fit */
};
sally_status do_readdir(struct driver *d, sally_file *file, struct listing *list);
/* All of a directory, `room` entries at a time. */
sally_status do_list(struct driver *d, const char *path, unsigned room, struct listing *list);
const sally_attrs *listing_find(const struct listing *list, const char *name);
void listing_clear(struct listing *list);

/* Shorthands that must succeed. */
void make_file(struct driver *d, const char *path, const char *text);
/* The file's text, at most 1000 bytes of it; lent until the next call. */
const char *file_text(struct driver *d, const char *path, char out[1001]);

#endif
