/* The storage in memory, inside. A directory of it can be a storage of its own
 * (memory_subtree.c). */
#ifndef SALLY_FS_MEMORY_H
#define SALLY_FS_MEMORY_H

#include <pthread.h>

#include "core/fs.h"
#include "fs/digest.h"
#include "fs/locks.h"
#include "fs/memory_nodes.h"
#include "sallyport/file.h"
#include "sallyport/fs.h"

struct memory {
    pthread_rwlock_t lock; /* for everything in the tree; shared by those that change nothing */
    struct mem_tree tree;
    struct locks locks; /* taken after the one above */
    struct digest_source digests;
};

/* The part of the tree that a storage shows: all of it, or a directory. */
struct mem_view {
    struct memory *memory;
    struct mem_node *top; /* "/" */
};

struct mem_handle {
    struct mem_node *node;
    uint32_t flags;              /* SALLY_OPEN_ bits */
    struct lock_holder holder;   /* of a file */
    char *delete_path;           /* to be removed at close */
    bool listing;                /* at least one entry was given: */
    char last[MEM_NAME_MAX + 1]; /* this was the last */
};

#define MEM_WRITES (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND)

static inline const struct mem_view *memory_view(const sally_fs *fs)
{
    return sally_fs_data(fs);
}

static inline struct memory *memory_of(const sally_fs *fs)
{
    return memory_view(fs)->memory;
}

static inline struct mem_node *memory_top(const sally_fs *fs)
{
    return memory_view(fs)->top;
}

extern const sally_fs_methods memory_methods;

/* memory_subtree.c */
fs_subtree_fn memory_subtree;

/* Permission bits for something new. */
uint32_t memory_new_mode(const sally_attrs *attrs, uint32_t otherwise);
/* Stores the ACL and the attribute bits of `attrs`, if present. An errno; 0 is success. */
int memory_set_acl_and_bits(struct mem_tree *tree, struct mem_node *node, const sally_attrs *attrs);
void memory_attrs_of(const struct memory *memory, sally_attrs *attrs, const struct mem_node *node);
/* Two storages in memory have no file in common. */
static inline uint64_t memory_device(const struct memory *memory)
{
    return (uint64_t)(uintptr_t)memory;
}

/* What a node is to the locks. */
static inline struct lock_key memory_key(const struct mem_node *node)
{
    return (struct lock_key){.inode = node->inode};
}

sally_fs_slot memory_lock, memory_unlock, memory_hash, memory_extended;
sally_fs_slot memory_open, memory_close, memory_read, memory_write, memory_fsync;
sally_fs_slot memory_stat, memory_fstat, memory_setstat, memory_fsetstat, memory_statvfs;
sally_fs_slot memory_opendir, memory_readdir, memory_closedir, memory_mkdir, memory_rmdir;
sally_fs_slot memory_remove, memory_rename, memory_link, memory_symlink, memory_readlink,
    memory_realpath;

#endif
