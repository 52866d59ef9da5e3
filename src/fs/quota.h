/* A storage with limits: the parts of sally_fs_quota(). */
#ifndef SALLY_FS_QUOTA_H
#define SALLY_FS_QUOTA_H

#include <pthread.h>

#include "base/list.h"
#include "core/fs.h"
#include "fs/real_path.h"
#include "fs/wrap.h"

#define QUOTA_BUCKETS 64

/* A file that is open for changes, with all its names and handles. Its size is always known, except
 * that after a failed operation it must be measured. */
struct quota_inode {
    struct list link; /* in its bucket */
    bool identified;  /* identified by these two; otherwise it belongs to one handle */
    uint64_t device, number;
    uint32_t handles; /* and operations that hold it */
    uint32_t files;   /* handles that are not being closed: without any, the number may be reused */
    uint32_t running; /* operations that may change the size */
    uint64_t changes; /* how many have started */
    uint64_t size;    /* its counted size */
    bool unsure;      /* an operation has failed */
    bool is_unlinked; /* without a name: it counts until the last handle is closed */
};

/* What is kept in an open file. */
struct quota_file {
    struct list link; /* the storage's open files */
    struct quota_inode *inode;
    char *path; /* where it is now, as far as is known; NULL: not known. Under the lock */
    bool written, appends, delete_on_close;
    uint64_t changes;      /* when it was measured */
    uint32_t link_count;   /* delete_on_close: at the end; 0: not known */
    sally_status status;   /* of the CLOSE */
    const char *last_path; /* then, in the operation's memory */
};

struct quota {
    sally_fs *inner;
    bool has_links;       /* one file may have several paths */
    pthread_mutex_t lock; /* for all that follows */
    uint64_t max_bytes, max_files, bytes, files;
    struct list buckets[QUOTA_BUCKETS]; /* struct quota_inode */
    struct list open;                   /* struct quota_file */
};

/* Accounts; each takes the lock. */

/* False: it would exceed the quota, and nothing has changed. */
bool quota_reserve(struct quota *q, uint64_t bytes, uint64_t files);
void quota_release(struct quota *q, uint64_t bytes, uint64_t files);

/* A handle without an inode; NULL: no memory. */
struct quota_file *quota_file_new(const char *path);
void quota_file_free(struct quota_file *f);
/* Gives it its inode. True: others have the file open already, and `size` is ignored. */
bool quota_file_join(struct quota *q, struct quota_file *f, const sally_file *file, uint64_t size);
/* Whether others have it open. */
bool quota_file_is_shared(struct quota *q, const sally_file *file);
/* The handle is about to be closed. */
void quota_file_closes(struct quota *q, struct quota_file *f);
/* Its path now, in the operation's memory; NULL: not known. */
const char *quota_path_of(struct quota *q, sally_op *op, const struct quota_file *f);
/* The handle is closed, and with the last one a file without a name is gone. */
void quota_file_leave(struct quota *q, struct quota_file *f);

/* The file will be `end` bytes long at least, or `more` bytes longer: an operation starts. */
bool quota_grow(struct quota *q, struct quota_inode *inode, uint64_t end, uint64_t more);
/* It has ended; false: it failed. */
void quota_grown(struct quota *q, struct quota_inode *inode, bool well);
/* It has not begun: takes back `more`. */
void quota_ungrow(struct quota *q, struct quota_inode *inode, uint64_t more);
/* The file is truncated to this size. */
void quota_cut(struct quota *q, struct quota_inode *inode, uint64_t size);
/* True: the size is not certain, and nothing runs that would change it. */
bool quota_must_measure(struct quota *q, struct quota_file *f);
void quota_measured(struct quota *q, struct quota_file *f, uint64_t size);

/* Whether any file is open to be changed. */
bool quota_any_open(struct quota *q);
/* An open file by its path, held until quota_inode_release(); NULL: none. */
struct quota_inode *quota_find(struct quota *q, const char *path);
/* The same by its STAT, for a file opened by another of its names. */
struct quota_inode *quota_find_same(struct quota *q, const sally_attrs *attrs);
void quota_inode_release(struct quota *q, struct quota_inode *inode); /* NULL is allowed */
/* A name was removed. `inode`: the file that it was, if that is open; else `attrs` say what it was.
 */
void quota_removed(struct quota *q, const char *path, struct quota_inode *inode,
                   const sally_attrs *attrs);
/* Files below a path were moved. */
void quota_moved(struct quota *q, const char *from, const char *to);

/* place_find() in the storage inside: open files are known by what it finds. */
sally_status quota_locate(sally_fs *fs, sally_op *op, struct real_path *real, const char *path,
                          bool follows, sally_done_fn *then, void *context);

/* What a file of these attributes counts for. */
uint64_t quota_size_in(const sally_attrs *attrs);
/* An operation that may have changed the size of an open file has ended: returns its status. A
 * failed one may have written something anyway, so the file is measured. */
sally_status quota_settle(sally_fs *fs, sally_op *op, sally_status status, sally_file *file,
                          struct quota_file *f);

/* Operations. */

sally_status quota_open(sally_fs *fs, sally_op *op);
sally_status quota_close(sally_fs *fs, sally_op *op);
sally_status quota_write(sally_fs *fs, sally_op *op);
sally_status quota_copy(sally_fs *fs, sally_op *op);
sally_status quota_resize(sally_fs *fs, sally_op *op); /* SETSTAT, FSETSTAT */
sally_status quota_make(sally_fs *fs, sally_op *op);   /* MKDIR, SYMLINK */
sally_status quota_rmdir(sally_fs *fs, sally_op *op);
sally_status quota_remove(sally_fs *fs, sally_op *op);
sally_status quota_rename(sally_fs *fs, sally_op *op);

#endif
