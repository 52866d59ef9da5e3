/* Extended attributes of a file in memory. Not locked here. */
#ifndef SALLY_FS_MEMORY_XATTR_H
#define SALLY_FS_MEMORY_XATTR_H

#include "fs/memory_nodes.h"
#include "os/file.h"

/* Like those of os/file.h, errno included. ENOSPC: over the storage's limit, or this file's. */
ssize_t mem_xattr_get(const struct mem_node *node, const char *name, void *value, size_t room);
ssize_t mem_xattr_list(const struct mem_node *node, char *names, size_t room);
bool mem_xattr_set(struct mem_tree *tree, struct mem_node *node, const char *name,
                   const void *value, size_t size, enum os_xattr_how how);
bool mem_xattr_remove(struct mem_tree *tree, struct mem_node *node, const char *name);
void mem_xattr_clear(struct mem_tree *tree, struct mem_node *node);

#endif
