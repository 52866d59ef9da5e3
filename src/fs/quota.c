#include "fs/quota.h"

#include <string.h>

#include "base/sized.h"
#include "fs/name_queue.h"
#include "fs/resolve_links.h"
#include "fs/wrap.h"
#include "sallyport/wrappers.h"

#define FRAGMENT 4096u /* where the storage inside has no STATVFS */

static uint64_t left_of(uint64_t max, uint64_t used)
{
    return max > used ? max - used : 0;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static sally_status statvfs_done(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    struct quota *q = sally_fs_data(fs);
    sally_op_statvfs *v = &op->u.statvfs;
    (void)context;
    if (status == SALLY_UNSUPPORTED)
        *v = (sally_op_statvfs){.block_size = FRAGMENT,
                                .fragment_size = FRAGMENT,
                                .blocks = UINT64_MAX / FRAGMENT,
                                .blocks_free = UINT64_MAX / FRAGMENT,
                                .blocks_available = UINT64_MAX / FRAGMENT,
                                .files = UINT64_MAX,
                                .files_free = UINT64_MAX,
                                .files_available = UINT64_MAX,
                                .name_max = 255};
    else if (status != SALLY_OK || v->fragment_size == 0)
        return status;
    pthread_mutex_lock(&q->lock);
    if (q->max_bytes) {
        uint64_t left = left_of(q->max_bytes, q->bytes) / v->fragment_size;
        v->blocks = less(v->blocks, q->max_bytes / v->fragment_size);
        v->blocks_free = less(v->blocks_free, left);
        v->blocks_available = less(v->blocks_available, left);
    }
    if (q->max_files) {
        uint64_t left = left_of(q->max_files, q->files);
        v->files = less(v->files, q->max_files);
        v->files_free = less(v->files_free, left);
        v->files_available = less(v->files_available, left);
    }
    pthread_mutex_unlock(&q->lock);
    return SALLY_OK;
}

static sally_status quota_slot(sally_fs *fs, sally_op *op)
{
    const struct quota *q = sally_fs_data(fs);
    switch (op->kind) {
    case SALLY_OP_OPEN:
        return quota_open(fs, op);
    case SALLY_OP_CLOSE:
        return quota_close(fs, op);
    case SALLY_OP_WRITE:
        return quota_write(fs, op);
    case SALLY_OP_COPY:
        return quota_copy(fs, op);
    case SALLY_OP_SETSTAT:
    case SALLY_OP_FSETSTAT:
        return quota_resize(fs, op);
    case SALLY_OP_MKDIR:
    case SALLY_OP_SYMLINK:
        return quota_make(fs, op);
    case SALLY_OP_RMDIR:
        return quota_rmdir(fs, op);
    case SALLY_OP_REMOVE:
        return quota_remove(fs, op);
    case SALLY_OP_RENAME:
        return quota_rename(fs, op);
    case SALLY_OP_STATVFS:
        return sally_fs_call(fs, q->inner, op, statvfs_done, NULL);
    default:
        break;
    }
    return sally_fs_call(fs, q->inner, op, NULL, NULL);
}

static void quota_destroy(void *user_data)
{
    struct quota *q = user_data;
    sally_fs_unref(q->inner);
    pthread_mutex_destroy(&q->lock);
    mem_free(q);
}

sally_error sally_fs_quota(sally_fs **out, sally_fs *inner, uint64_t max_bytes, uint64_t max_files)
{
    if (!out || !inner)
        return SALLY_E_INVALID;
    *out = NULL;
    if (!sally_fs_supports(inner, SALLY_OP_STAT))
        return SALLY_E_UNSUPPORTED;
    struct quota *q = mem_zalloc(sizeof(*q));
    if (!q)
        return SALLY_E_NO_MEMORY;
    q->inner = inner;
    q->has_links = resolve_has_links(inner);
    q->max_bytes = max_bytes;
    q->max_files = max_files;
    pthread_mutex_init(&q->lock, NULL);
    list_init(&q->open);
    for (size_t i = 0; i < QUOTA_BUCKETS; i++)
        list_init(&q->buckets[i]);
    sally_fs_methods methods;
    wrap_methods(&methods, inner, quota_slot);
    methods.close = methods.statvfs = quota_slot;
    methods.destroy = quota_destroy;
    sally_fs_ref(inner);
    sally_fs *quota;
    sally_error error = sally_fs_new(&quota, &methods, q);
    if (error) {
        quota_destroy(q);
        return error;
    }
    error = name_queue_new(out, quota);
    sally_fs_unref(quota);
    return error;
}

/* The size of the first release's structure. */
#define LEAST_QUOTA SIZED_TO(sally_quota, files)

/* NULL: it is another storage. */
static struct quota *quota_in(const sally_fs *fs)
{
    const sally_fs *quota = name_queue_inner(fs);
    return quota && quota->methods.destroy == quota_destroy ? quota->user_data : NULL;
}

sally_error sally_fs_quota_get(sally_fs *quota_fs, sally_quota *quota)
{
    struct quota *q = quota_in(quota_fs);
    if (!q || !quota || quota->struct_size < LEAST_QUOTA)
        return SALLY_E_INVALID;
    sally_quota all = {.struct_size = quota->struct_size};
    pthread_mutex_lock(&q->lock);
    all.max_bytes = q->max_bytes;
    all.max_files = q->max_files;
    all.bytes = q->bytes;
    all.files = q->files;
    pthread_mutex_unlock(&q->lock);
    sized_fill(quota, all.struct_size, &all, sizeof(all));
    return SALLY_E_OK;
}

sally_error sally_fs_quota_set(sally_fs *quota_fs, const sally_quota *quota, uint32_t what)
{
    sally_quota given;
    struct quota *q = quota_in(quota_fs);
    if (!q || !quota || (what & ~(uint32_t)(SALLY_QUOTA_LIMITS | SALLY_QUOTA_USE)) ||
        !sized_copy(&given, sizeof(given), quota, quota->struct_size, LEAST_QUOTA))
        return SALLY_E_INVALID;
    pthread_mutex_lock(&q->lock);
    if (what & SALLY_QUOTA_LIMITS) {
        q->max_bytes = given.max_bytes;
        q->max_files = given.max_files;
    }
    if (what & SALLY_QUOTA_USE) {
        q->bytes = given.bytes;
        q->files = given.files;
    }
    pthread_mutex_unlock(&q->lock);
    return SALLY_E_OK;
}
