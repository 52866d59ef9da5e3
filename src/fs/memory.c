/* The storage in memory: its creation. */
#include "fs/memory.h"

#include "base/mem.h"
#include "fs/extended.h"
#include "sallyport/storages.h"

#define SETTABLE_BITS                                                                              \
    (SALLY_BIT_READONLY | SALLY_BIT_SYSTEM | SALLY_BIT_HIDDEN | SALLY_BIT_ARCHIVE |                \
     SALLY_BIT_ENCRYPTED | SALLY_BIT_COMPRESSED | SALLY_BIT_APPEND_ONLY | SALLY_BIT_IMMUTABLE |    \
     SALLY_BIT_SYNC)

static sally_status memory_session_start(sally_fs *fs, sally_op *op)
{
    op->u.session.settable_bits = SETTABLE_BITS;
    return extended_session_start(fs, op);
}

struct memory_storage {
    struct mem_view view; /* first */
    struct memory memory;
};

static void memory_destroy(void *user_data)
{
    struct memory_storage *whole = user_data;
    struct memory *memory = &whole->memory;
    mem_tree_clear(&memory->tree);
    locks_clear(&memory->locks);
    digest_source_clear(&memory->digests);
    pthread_rwlock_destroy(&memory->lock);
    mem_free(whole);
}

/* COPY is left to the library, in READs and WRITEs: a long one must not hold the lock. Only that
 * and HASH take long, and are declined with SALLY_OP_TRY. */
const sally_fs_methods memory_methods = {
    .struct_size = sizeof(sally_fs_methods),
    .traits = SALLY_FS_TRY | SALLY_FS_CONCURRENT | SALLY_FS_CONCURRENT_WRITES | SALLY_FS_ACL,
    .session_start = memory_session_start,
    .open = memory_open,
    .close = memory_close,
    .read = memory_read,
    .write = memory_write,
    .fsync = memory_fsync,
    .lock = memory_lock,
    .unlock = memory_unlock,
    .fstat = memory_fstat,
    .fsetstat = memory_fsetstat,
    .opendir = memory_opendir,
    .readdir = memory_readdir,
    .closedir = memory_closedir,
    .stat = memory_stat,
    .setstat = memory_setstat,
    .remove = memory_remove,
    .rename = memory_rename,
    .mkdir = memory_mkdir,
    .rmdir = memory_rmdir,
    .readlink = memory_readlink,
    .symlink = memory_symlink,
    .link = memory_link,
    .realpath = memory_realpath,
    .statvfs = memory_statvfs,
    .hash = memory_hash,
    .extended = memory_extended,
    .destroy = memory_destroy,
};

/* Many readers must not make a writer wait forever. */
static bool lock_init(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t attr;
    if (pthread_rwlockattr_init(&attr) != 0)
        return false;
#ifdef __GLIBC__
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
    bool ok = pthread_rwlock_init(lock, &attr) == 0;
    pthread_rwlockattr_destroy(&attr);
    return ok;
}

/* Less would not hold even an empty tree with a few names. */
#define LEAST_BYTES 1024u

sally_error sally_fs_memory(sally_fs **out, uint64_t max_bytes)
{
    if (!out)
        return SALLY_E_INVALID;
    *out = NULL;
    if (max_bytes > 0 && max_bytes < LEAST_BYTES)
        return SALLY_E_RANGE;
    struct memory_storage *whole = mem_zalloc(sizeof(*whole));
    if (!whole)
        return SALLY_E_NO_MEMORY;
    struct memory *memory = &whole->memory;
    if (!lock_init(&memory->lock)) {
        mem_free(whole);
        return SALLY_E_SYSTEM;
    }
    locks_init(&memory->locks);
    digest_source_init(&memory->digests);
    sally_error error = mem_tree_init(&memory->tree, max_bytes) ? SALLY_E_OK : SALLY_E_NO_MEMORY;
    if (error == SALLY_E_OK) {
        whole->view = (struct mem_view){memory, memory->tree.root};
        error = sally_fs_new(out, &memory_methods, &whole->view);
        if (error == SALLY_E_OK) {
            (*out)->subtree = memory_subtree;
            return error;
        }
        mem_tree_clear(&memory->tree);
    }
    locks_clear(&memory->locks);
    digest_source_clear(&memory->digests);
    pthread_rwlock_destroy(&memory->lock);
    mem_free(whole);
    return error;
}
