/* Files, directories and links in memory, and how paths lead to them. Not locked here. Errors are
 * errno values; 0 is success. */
#ifndef SALLY_FS_MEMORY_NODES_H
#define SALLY_FS_MEMORY_NODES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "fs/memory_data.h"

#define MEM_NAME_MAX 255

struct mem_node;

/* A name in a directory: a node of a search tree ordered by name, balanced by chance (a treap). */
struct mem_entry {
    struct mem_entry *left, *right;
    uint32_t priority;
    struct mem_node *node;
    char name[];
};

struct mem_directory {
    struct mem_entry *entries;
    uint64_t count;
    struct mem_node *parent;       /* NULL: the root, or removed */
    const struct mem_entry *entry; /* its name there */
};

struct mem_node {
    uint32_t mode; /* POSIX, with the type */
    uint32_t uid, gid;
    uint32_t links;   /* names; the root has one for being the root */
    uint32_t handles; /* open */
    uint64_t inode;
    struct timespec accessed, modified, changed, born;
    struct mem_xattr *xattrs; /* memory_xattr.c */
    uint8_t *acl;             /* as it was given; NULL: none */
    size_t acl_size;
    uint32_t bits, bits_known; /* of those that were set */
    union {
        struct mem_data data;
        struct mem_directory dir;
        char *target; /* of a link */
    } u;
};

struct mem_tree {
    struct mem_budget budget;
    struct mem_node *root;
    uint64_t next_inode, nodes;
    uint32_t random;
};

/* Where a path leads. */
struct mem_spot {
    struct mem_node *dir;        /* holds the name */
    struct mem_node *node;       /* NULL: no such name there */
    char name[MEM_NAME_MAX + 1]; /* "" when the path ends at `dir` itself: then node is dir */
};

bool mem_tree_init(struct mem_tree *tree, uint64_t max_bytes);
void mem_tree_clear(struct mem_tree *tree);

/* A node without a name: mem_link() it or mem_release() it. NULL: no space. `target` is for links,
 * copied. */
struct mem_node *mem_node_new(struct mem_tree *tree, uint32_t mode, const char *target);
/* Frees it when it has neither names nor handles. */
void mem_release(struct mem_tree *tree, struct mem_node *node);

/* `top` is the directory that "/" stands for: nothing leads above it. All but the last component
 * must exist. */
int mem_resolve(struct mem_node *top, const char *path, bool follow, struct mem_spot *spot);
/* The node must exist too. */
int mem_find(struct mem_node *top, const char *path, bool follow, struct mem_node **node);

/* Gives a node a name that is free. ENOSPC, EMLINK. */
int mem_link(struct mem_tree *tree, struct mem_node *dir, const char *name, struct mem_node *node);
/* Removes a name, and the node if it was the last one. */
void mem_unlink(struct mem_tree *tree, struct mem_node *dir, const char *name);

/* Makes an existing name refer to another node; the old node is removed if it was its last name. */
void mem_replace(struct mem_tree *tree, struct mem_node *dir, const char *name,
                 struct mem_node *node);

/* The first entry whose name comes after `name`; NULL: the very first. */
const struct mem_entry *mem_entry_after(const struct mem_node *dir, const char *name);
/* Whether `node` is `dir` or holds it at any depth. */
bool mem_is_above(const struct mem_node *node, const struct mem_node *dir);
/* The canonical path of `dir`, which is `top` or below it, without a NUL, at the end of `out`. */
void mem_path_of(const struct mem_node *top, const struct mem_node *dir, struct buf *out);

struct timespec mem_now(void);
static inline void mem_touch(struct mem_node *node) /* its contents changed */
{
    node->modified = node->changed = mem_now();
}

#endif
