#include "fs/memory_xattr.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

struct mem_xattr {
    struct mem_xattr *next;
    size_t name_size, size; /* of the name with its NUL, and of the value behind it */
    char bytes[];
};

static size_t cost_of(size_t name_size, size_t size)
{
    return sizeof(struct mem_xattr) + name_size + size;
}

/* The place that holds it; NULL: there is no such attribute. */
static struct mem_xattr **find(struct mem_node *node, const char *name)
{
    for (struct mem_xattr **at = &node->xattrs; *at; at = &(*at)->next)
        if (strcmp((*at)->bytes, name) == 0)
            return at;
    return NULL;
}

static const struct mem_xattr *look(const struct mem_node *node, const char *name)
{
    for (const struct mem_xattr *x = node->xattrs; x; x = x->next)
        if (strcmp(x->bytes, name) == 0)
            return x;
    return NULL;
}

ssize_t mem_xattr_get(const struct mem_node *node, const char *name, void *value, size_t room)
{
    const struct mem_xattr *x = look(node, name);
    if (!x || x->size > room) {
        errno = x ? ERANGE : ENODATA;
        return -1;
    }
    if (x->size)
        memcpy(value, x->bytes + x->name_size, x->size);
    return (ssize_t)x->size;
}

static size_t names_size(const struct mem_node *node)
{
    size_t size = 0;
    for (const struct mem_xattr *x = node->xattrs; x; x = x->next)
        size += x->name_size;
    return size;
}

ssize_t mem_xattr_list(const struct mem_node *node, char *names, size_t room)
{
    if (names_size(node) > room) {
        errno = ERANGE;
        return -1;
    }
    char *at = names;
    for (const struct mem_xattr *x = node->xattrs; x; x = x->next) {
        memcpy(at, x->bytes, x->name_size);
        at += x->name_size;
    }
    return at - names;
}

static void drop(struct mem_tree *tree, struct mem_xattr **place)
{
    struct mem_xattr *x = *place;
    *place = x->next;
    mem_uncharge(&tree->budget, cost_of(x->name_size, x->size));
    mem_free(x);
}

static bool fail(int error)
{
    errno = error;
    return false;
}

bool mem_xattr_set(struct mem_tree *tree, struct mem_node *node, const char *name,
                   const void *value, size_t size, enum os_xattr_how how)
{
    struct mem_xattr **old = find(node, name);
    size_t name_size = strlen(name) + 1;
    if (S_ISLNK(node->mode))
        return fail(EPERM); /* as on a disk */
    if (old && how == OS_XATTR_CREATE)
        return fail(EEXIST);
    if (!old && how == OS_XATTR_REPLACE)
        return fail(ENODATA);
    if (size > OS_XATTR_MAX || (!old && name_size > OS_XATTR_MAX - names_size(node)) ||
        !mem_charge(&tree->budget, cost_of(name_size, size)))
        return fail(ENOSPC);
    struct mem_xattr *x = mem_alloc(cost_of(name_size, size));
    if (!x) {
        mem_uncharge(&tree->budget, cost_of(name_size, size));
        return fail(ENOMEM);
    }
    x->name_size = name_size;
    x->size = size;
    memcpy(x->bytes, name, name_size);
    if (size)
        memcpy(x->bytes + name_size, value, size);
    if (old)
        drop(tree, old);
    x->next = node->xattrs;
    node->xattrs = x;
    node->changed = mem_now();
    return true;
}

bool mem_xattr_remove(struct mem_tree *tree, struct mem_node *node, const char *name)
{
    struct mem_xattr **old = find(node, name);
    if (!old)
        return fail(ENODATA);
    drop(tree, old);
    node->changed = mem_now();
    return true;
}

void mem_xattr_clear(struct mem_tree *tree, struct mem_node *node)
{
    while (node->xattrs)
        drop(tree, &node->xattrs);
}
