/* The storage in memory: listing directories. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "fs/memory.h"

sally_status memory_opendir(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    struct mem_handle *handle = mem_zalloc(sizeof(*handle));
    if (!handle)
        return SALLY_FAILURE;
    if (sally_file_set_data(op->file, fs, handle, NULL) != SALLY_E_OK) {
        mem_free(handle);
        return SALLY_FAILURE;
    }
    pthread_rwlock_wrlock(&memory->lock);
    int error = mem_find(memory_top(fs), op->path, true, &handle->node);
    if (!error && !S_ISDIR(handle->node->mode))
        error = ENOTDIR;
    if (!error)
        handle->node->handles++;
    pthread_rwlock_unlock(&memory->lock);
    if (error) {
        sally_file_set_data(op->file, fs, NULL, NULL);
        mem_free(handle);
    }
    return sally_status_from_errno(error);
}

sally_status memory_closedir(sally_fs *fs, sally_op *op)
{
    return memory_close(fs, op);
}

/* The next entry, whose name goes to handle->last. False: there is none. */
static bool next_entry(struct memory *memory, struct mem_handle *handle, sally_attrs *attrs)
{
    pthread_rwlock_rdlock(&memory->lock);
    const struct mem_entry *entry =
        mem_entry_after(handle->node, handle->listing ? handle->last : NULL);
    if (entry) {
        memory_attrs_of(memory, attrs, entry->node);
        memcpy(handle->last, entry->name, strlen(entry->name) + 1);
        handle->listing = true;
    }
    pthread_rwlock_unlock(&memory->lock);
    return entry != NULL;
}

/* In the order of names: even if entries are created or removed between two calls, none is listed
 * twice, and none that stays is omitted. Filters are called without the lock. */
sally_status memory_readdir(sally_fs *fs, sally_op *op)
{
    struct mem_handle *handle = sally_file_data(op->file, fs);
    sally_attrs attrs;
    while (next_entry(memory_of(fs), handle, &attrs)) {
        char owner[16], group[16];
        snprintf(owner, sizeof(owner), "%lu", (unsigned long)attrs.uid);
        snprintf(group, sizeof(group), "%lu", (unsigned long)attrs.gid);
        attrs.owner = owner;
        attrs.group = group;
        attrs.valid |= SALLY_ATTR_NAMES;
        if (!sally_op_add_entry(op, handle->last, &attrs))
            return SALLY_OK;
    }
    return SALLY_EOF;
}
