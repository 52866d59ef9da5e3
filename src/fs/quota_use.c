/* The usage of a quota, in total and by each open file. */
#include <string.h>

#include "core/path.h"
#include "fs/quota.h"
#include "sallyport/file.h"

static void subtract(uint64_t *use, uint64_t amount)
{
    *use -= amount < *use ? amount : *use; /* files from before the count do not count */
}

static bool fits(uint64_t use, uint64_t more, uint64_t max)
{
    return more == 0 ||
           ((max == 0 || (use <= max && more <= max - use)) && more <= UINT64_MAX - use);
}

static bool reserve(struct quota *q, uint64_t bytes, uint64_t files)
{
    if (!fits(q->bytes, bytes, q->max_bytes) || !fits(q->files, files, q->max_files))
        return false;
    q->bytes += bytes;
    q->files += files;
    return true;
}

static void release(struct quota *q, uint64_t bytes, uint64_t files)
{
    subtract(&q->bytes, bytes);
    subtract(&q->files, files);
}

bool quota_reserve(struct quota *q, uint64_t bytes, uint64_t files)
{
    pthread_mutex_lock(&q->lock);
    bool ok = reserve(q, bytes, files);
    pthread_mutex_unlock(&q->lock);
    return ok;
}

void quota_release(struct quota *q, uint64_t bytes, uint64_t files)
{
    pthread_mutex_lock(&q->lock);
    release(q, bytes, files);
    pthread_mutex_unlock(&q->lock);
}

struct quota_file *quota_file_new(const char *path)
{
    struct quota_file *f = mem_zalloc(sizeof(*f));
    if (!f)
        return NULL;
    list_init(&f->link);
    f->path = mem_strdup(path);
    f->inode = mem_zalloc(sizeof(*f->inode));
    if (!f->path || !f->inode) {
        quota_file_free(f);
        return NULL;
    }
    list_init(&f->inode->link);
    return f;
}

void quota_file_free(struct quota_file *f)
{
    if (!f)
        return;
    mem_free(f->path);
    mem_free(f->inode);
    mem_free(f);
}

/* Which file a handle refers to; false: the storage does not say. */
struct identity {
    bool known;
    uint64_t device, number;
};

static struct identity identity_of(const sally_file *file)
{
    struct identity id = {0};
    id.known = sally_file_get_identity(file, &id.device, &id.number);
    return id;
}

static struct list *bucket_of(struct quota *q, const struct identity *id)
{
    return &q->buckets[(id->device * 31 + id->number) % QUOTA_BUCKETS];
}

static struct quota_inode *inode_of(struct quota *q, const struct identity *id)
{
    if (!id->known)
        return NULL;
    LIST_EACH (item, bucket_of(q, id)) {
        struct quota_inode *inode = CONTAINER_OF(item, struct quota_inode, link);
        if (inode->identified && inode->device == id->device && inode->number == id->number)
            return inode;
    }
    return NULL;
}

/* If a storage does not identify the files of handles, paths identify them. While the last handle
 * of a file is being closed another OPEN makes an inode of its own, which from then on knows the
 * size: that one is preferred. */
static struct quota_inode *inode_at(struct quota *q, const char *path)
{
    struct quota_inode *closing = NULL;
    LIST_EACH (item, &q->open) {
        const struct quota_file *f = CONTAINER_OF(item, struct quota_file, link);
        if (!path || !f->path || strcmp(f->path, path) != 0 || f->inode->is_unlinked)
            continue;
        if (f->inode->files > 0)
            return f->inode;
        closing = f->inode;
    }
    return closing;
}

bool quota_file_is_shared(struct quota *q, const sally_file *file)
{
    const struct identity id = identity_of(file);
    pthread_mutex_lock(&q->lock);
    bool shared = inode_of(q, &id) != NULL;
    pthread_mutex_unlock(&q->lock);
    return shared;
}

bool quota_file_join(struct quota *q, struct quota_file *f, const sally_file *file, uint64_t size)
{
    const struct identity id = identity_of(file);
    pthread_mutex_lock(&q->lock);
    struct quota_inode *there = id.known ? inode_of(q, &id) : inode_at(q, f->path);
    if (there) {
        mem_free(f->inode);
        f->inode = there;
    } else {
        f->inode->identified = id.known;
        f->inode->device = id.device;
        f->inode->number = id.number;
        f->inode->size = size;
        list_append(bucket_of(q, &id), &f->inode->link);
    }
    f->inode->handles++;
    f->inode->files++;
    list_append(&q->open, &f->link);
    pthread_mutex_unlock(&q->lock);
    return there != NULL;
}

void quota_file_closes(struct quota *q, struct quota_file *f)
{
    pthread_mutex_lock(&q->lock);
    if (--f->inode->files == 0)
        list_remove(&f->inode->link); /* a new file may get its number before CLOSE is answered */
    pthread_mutex_unlock(&q->lock);
}

const char *quota_path_of(struct quota *q, sally_op *op, const struct quota_file *f)
{
    pthread_mutex_lock(&q->lock);
    const char *path = sally_op_strdup(op, f->path);
    pthread_mutex_unlock(&q->lock);
    return path;
}

static void release_inode(struct quota *q, struct quota_inode *inode)
{
    if (--inode->handles > 0)
        return;
    if (inode->is_unlinked)
        release(q, inode->size, 1);
    list_remove(&inode->link);
    mem_free(inode);
}

void quota_inode_release(struct quota *q, struct quota_inode *inode)
{
    if (!inode)
        return;
    pthread_mutex_lock(&q->lock);
    release_inode(q, inode);
    pthread_mutex_unlock(&q->lock);
}

void quota_file_leave(struct quota *q, struct quota_file *f)
{
    pthread_mutex_lock(&q->lock);
    list_remove(&f->link);
    release_inode(q, f->inode);
    f->inode = NULL;
    pthread_mutex_unlock(&q->lock);
    quota_file_free(f);
}

bool quota_grow(struct quota *q, struct quota_inode *inode, uint64_t end, uint64_t more)
{
    pthread_mutex_lock(&q->lock);
    if (end > inode->size && more < end - inode->size)
        more = end - inode->size;
    bool ok = reserve(q, more, 0);
    if (ok) {
        inode->size += more;
        inode->running++;
        inode->changes++;
    }
    pthread_mutex_unlock(&q->lock);
    return ok;
}

void quota_grown(struct quota *q, struct quota_inode *inode, bool well)
{
    pthread_mutex_lock(&q->lock);
    inode->running--;
    if (!well)
        inode->unsure = true;
    pthread_mutex_unlock(&q->lock);
}

void quota_cut(struct quota *q, struct quota_inode *inode, uint64_t size)
{
    pthread_mutex_lock(&q->lock);
    if (inode->running > 0)
        inode->unsure = true; /* which came first? */
    if (size < inode->size) {
        release(q, inode->size - size, 0);
        inode->size = size;
    }
    inode->changes++;
    pthread_mutex_unlock(&q->lock);
}

void quota_ungrow(struct quota *q, struct quota_inode *inode, uint64_t more)
{
    pthread_mutex_lock(&q->lock);
    inode->running--;
    if (!inode->unsure) { /* otherwise it may have been truncated meanwhile, and is measured
                           * anyway */
        inode->size -= more;
        release(q, more, 0);
    }
    pthread_mutex_unlock(&q->lock);
}

bool quota_must_measure(struct quota *q, struct quota_file *f)
{
    pthread_mutex_lock(&q->lock);
    f->changes = f->inode->changes;
    bool must = f->inode->unsure && f->inode->running == 0;
    pthread_mutex_unlock(&q->lock);
    return must;
}

void quota_measured(struct quota *q, struct quota_file *f, uint64_t size)
{
    struct quota_inode *inode = f->inode;
    pthread_mutex_lock(&q->lock);
    if (inode->running == 0 && inode->changes == f->changes) {
        if (size < inode->size)
            release(q, inode->size - size, 0);
        else
            q->bytes += size - inode->size; /* it exists, regardless of the limit */
        inode->size = size;
        inode->unsure = false;
    }
    pthread_mutex_unlock(&q->lock);
}

bool quota_any_open(struct quota *q)
{
    pthread_mutex_lock(&q->lock);
    bool any = !list_empty(&q->open);
    pthread_mutex_unlock(&q->lock);
    return any;
}

struct quota_inode *quota_find(struct quota *q, const char *path)
{
    pthread_mutex_lock(&q->lock);
    struct quota_inode *inode = inode_at(q, path);
    if (inode)
        inode->handles++;
    pthread_mutex_unlock(&q->lock);
    return inode;
}

struct quota_inode *quota_find_same(struct quota *q, const sally_attrs *attrs)
{
    const struct identity id = {.known = (attrs->valid & SALLY_ATTR_IDENTITY) != 0,
                                .device = attrs->device,
                                .number = attrs->inode};
    pthread_mutex_lock(&q->lock);
    struct quota_inode *inode = inode_of(q, &id);
    if (inode)
        inode->handles++;
    pthread_mutex_unlock(&q->lock);
    return inode;
}

/* Their name is gone. */
static void forget_names(struct quota *q, const char *path)
{
    LIST_EACH (item, &q->open) {
        struct quota_file *f = CONTAINER_OF(item, struct quota_file, link);
        if (f->path && strcmp(f->path, path) == 0) {
            mem_free(f->path);
            f->path = NULL;
        }
    }
}

void quota_removed(struct quota *q, const char *path, struct quota_inode *inode,
                   const sally_attrs *attrs)
{
    uint32_t type = attrs->valid & SALLY_ATTR_TYPE ? attrs->type : SALLY_TYPE_REGULAR;
    bool other_names = (attrs->valid & SALLY_ATTR_LINK_COUNT) && attrs->link_count > 1 &&
                       type != SALLY_TYPE_DIRECTORY;
    bool counts = type == SALLY_TYPE_REGULAR && (attrs->valid & SALLY_ATTR_SIZE);
    pthread_mutex_lock(&q->lock);
    if (type != SALLY_TYPE_REGULAR)
        inode = NULL;
    if (inode && !other_names)
        inode->is_unlinked = true;
    else if (!other_names)
        release(q, counts ? attrs->size : 0, 1);
    forget_names(q, path);
    pthread_mutex_unlock(&q->lock);
}

/* Without memory its path is no longer known. */
static char *moved_path(const char *path, const char *from, const char *to)
{
    const char *rest = path + strlen(from);
    size_t front = strlen(to), back = strlen(rest) + 1;
    char *moved = mem_alloc(front + back);
    if (moved) {
        memcpy(moved, to, front);
        memcpy(moved + front, rest, back);
    }
    return moved;
}

void quota_moved(struct quota *q, const char *from, const char *to)
{
    pthread_mutex_lock(&q->lock);
    LIST_EACH (item, &q->open) {
        struct quota_file *f = CONTAINER_OF(item, struct quota_file, link);
        if (f->path && path_is_below(f->path, from)) {
            char *moved = moved_path(f->path, from, to);
            mem_free(f->path);
            f->path = moved;
        }
    }
    pthread_mutex_unlock(&q->lock);
}
