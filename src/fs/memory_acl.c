#include "fs/memory_acl.h"

#include <errno.h>
#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "fs/acl.h"

#define ACL_MAX 65536u

void mem_acl_clear(struct mem_tree *tree, struct mem_node *node)
{
    if (!node->acl)
        return;
    mem_uncharge(&tree->budget, node->acl_size);
    mem_free(node->acl);
    node->acl = NULL;
    node->acl_size = 0;
}

int mem_acl_set(struct mem_tree *tree, struct mem_node *node, const sally_attrs *attrs)
{
    struct cursor in = cursor_of(attrs->acl, attrs->acl_size);
    uint32_t flags = get_u32(&in);
    if (S_ISLNK(node->mode))
        return EOPNOTSUPP;
    if (in.bad || attrs->acl_size > ACL_MAX)
        return EINVAL;
    if (!(flags & ACL_CONTROL_INCLUDED))
        return 0; /* it stays as it is */
    if (!(flags & ACL_CONTROL_PRESENT)) {
        mem_acl_clear(tree, node);
        return 0;
    }
    if (!mem_charge(&tree->budget, attrs->acl_size))
        return ENOSPC;
    uint8_t *copy = mem_alloc(attrs->acl_size);
    if (!copy) {
        mem_uncharge(&tree->budget, attrs->acl_size);
        return ENOMEM;
    }
    memcpy(copy, attrs->acl, attrs->acl_size);
    mem_acl_clear(tree, node);
    node->acl = copy;
    node->acl_size = attrs->acl_size;
    return 0;
}

sally_status mem_acl_get(const struct mem_node *node, sally_op *op, sally_attrs *attrs)
{
    struct acl acl, none = {.count = 0};
    struct buf b;
    if (S_ISLNK(node->mode))
        return SALLY_OK; /* has none */
    buf_init(&b, ACL_MAX);
    if (node->acl) {
        put_bytes(&b, node->acl, node->acl_size);
    } else {
        acl_from_mode(&acl, node->mode);
        acl_put(&b, &acl, &none, S_ISDIR(node->mode), NULL); /* it names no user */
    }
    return acl_give(op, attrs, &b);
}
