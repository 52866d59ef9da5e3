/* The ACL of a file in memory, in SFTP's form as it was given. Not locked here. */
#ifndef SALLY_FS_MEMORY_ACL_H
#define SALLY_FS_MEMORY_ACL_H

#include "fs/memory_nodes.h"
#include "sallyport/op.h"

/* Stores the ACL of `attrs`. An errno; 0 is success. ENOSPC: over the storage's limit. */
int mem_acl_set(struct mem_tree *tree, struct mem_node *node, const sally_attrs *attrs);
/* Adds the ACL, or what the permissions say. */
sally_status mem_acl_get(const struct mem_node *node, sally_op *op, sally_attrs *attrs);
void mem_acl_clear(struct mem_tree *tree, struct mem_node *node);

#endif
