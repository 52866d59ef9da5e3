/* What hangs on a file in memory beside its data: extended attributes, ACL, attribute bits. Not
 * locked here. */
#ifndef SALLY_FS_MEMORY_EXTRA_H
#define SALLY_FS_MEMORY_EXTRA_H

#include <sys/types.h>

#include "fs/memory_tree.h"
#include "os/file.h"
#include "sallyport/op.h"

/* As those of os/file.h, errno included. ENOSPC: past the storage's bound, or this file's. */
ssize_t mem_xattr_get(const struct mem_node *node, const char *name, void *value, size_t room);
ssize_t mem_xattr_list(const struct mem_node *node, char *names, size_t room);
bool mem_xattr_set(struct mem_tree *tree, struct mem_node *node, const char *name,
                   const void *value, size_t size, enum os_xattr_how how);
bool mem_xattr_remove(struct mem_tree *tree, struct mem_node *node, const char *name);

/* Keeps the ACL and the attribute bits of `attrs`, as far as they are there. An errno; 0 is
 * success.
 */
int mem_extra_set(struct mem_tree *tree, struct mem_node *node, const sally_attrs *attrs);
/* Adds the ACL, or what the permissions say. */
sally_status mem_acl_get(const struct mem_node *node, sally_op *op, sally_attrs *attrs);
void mem_extra_clear(struct mem_tree *tree, struct mem_node *node);

#endif
