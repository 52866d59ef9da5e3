#include "fs/memory_nodes.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "core/path.h"
#include "fs/memory_acl.h"
#include "fs/memory_xattr.h"

#define MAX_LINKS 40
#define MAX_STEPS 4096 /* components looked up: a loop may be the one who does it */

struct timespec mem_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now;
}

/* Directories as search trees */

static uint32_t next_random(struct mem_tree *tree)
{
    tree->random ^= tree->random << 13; /* xorshift: the numbers are never visible */
    tree->random ^= tree->random >> 17;
    tree->random ^= tree->random << 5;
    return tree->random;
}

static struct mem_entry *find(const struct mem_node *dir, const char *name)
{
    struct mem_entry *at = dir->u.dir.entries;
    while (at) {
        int order = strcmp(name, at->name);
        if (order == 0)
            return at;
        at = order < 0 ? at->left : at->right;
    }
    return NULL;
}

/* Cuts a tree in two: names before `name`, and the others. */
static void split(struct mem_entry *at, const char *name, struct mem_entry **before,
                  struct mem_entry **after)
{
    if (!at) {
        *before = *after = NULL;
    } else if (strcmp(at->name, name) < 0) {
        split(at->right, name, &at->right, after);
        *before = at;
    } else {
        split(at->left, name, before, &at->left);
        *after = at;
    }
}

static struct mem_entry *join(struct mem_entry *before, struct mem_entry *after)
{
    if (!before || !after)
        return before ? before : after;
    if (before->priority > after->priority) {
        before->right = join(before->right, after);
        return before;
    }
    after->left = join(before, after->left);
    return after;
}

static void insert(struct mem_entry **root, struct mem_entry *entry)
{
    while (*root && (*root)->priority >= entry->priority)
        root = strcmp(entry->name, (*root)->name) < 0 ? &(*root)->left : &(*root)->right;
    split(*root, entry->name, &entry->left, &entry->right);
    *root = entry;
}

static struct mem_entry *detach(struct mem_entry **root, const char *name)
{
    int order;
    while ((order = strcmp(name, (*root)->name)) != 0)
        root = order < 0 ? &(*root)->left : &(*root)->right;
    struct mem_entry *entry = *root;
    *root = join(entry->left, entry->right);
    return entry;
}

const struct mem_entry *mem_entry_after(const struct mem_node *dir, const char *name)
{
    const struct mem_entry *at = dir->u.dir.entries, *best = NULL;
    while (at) {
        if (!name || strcmp(at->name, name) > 0) {
            best = at;
            at = at->left;
        } else {
            at = at->right;
        }
    }
    return best;
}

/* Nodes */

static size_t entry_size(const char *name)
{
    return sizeof(struct mem_entry) + strlen(name) + 1;
}

struct mem_node *mem_node_new(struct mem_tree *tree, uint32_t mode, const char *target)
{
    struct mem_budget *budget = &tree->budget;
    size_t size = target ? strlen(target) + 1 : 0;
    if (!mem_charge(budget, sizeof(struct mem_node)))
        return NULL;
    struct mem_node *node = NULL;
    if (!size || mem_charge(budget, size)) {
        node = mem_zalloc(sizeof(*node));
        if (node && size && !(node->u.target = mem_strdup(target))) {
            mem_free(node);
            node = NULL;
        }
        if (!node && size)
            mem_uncharge(budget, size);
    }
    if (!node) {
        mem_uncharge(budget, sizeof(struct mem_node));
        return NULL;
    }
    node->mode = mode;
    node->inode = ++tree->next_inode;
    node->accessed = node->modified = node->changed = node->born = mem_now();
    tree->nodes++;
    return node;
}

void mem_release(struct mem_tree *tree, struct mem_node *node)
{
    if (node->links || node->handles)
        return;
    mem_xattr_clear(tree, node);
    mem_acl_clear(tree, node);
    if (S_ISREG(node->mode)) {
        mem_data_clear(&node->u.data, &tree->budget);
    } else if (S_ISLNK(node->mode)) {
        mem_uncharge(&tree->budget, strlen(node->u.target) + 1);
        mem_free(node->u.target);
    }
    mem_free(node);
    mem_uncharge(&tree->budget, sizeof(struct mem_node));
    tree->nodes--;
}

int mem_link(struct mem_tree *tree, struct mem_node *dir, const char *name, struct mem_node *node)
{
    if (node->links == UINT32_MAX)
        return EMLINK;
    size_t size = entry_size(name);
    if (!mem_charge(&tree->budget, size))
        return ENOSPC;
    struct mem_entry *entry = mem_alloc(size);
    if (!entry) {
        mem_uncharge(&tree->budget, size);
        return ENOMEM;
    }
    entry->node = node;
    entry->priority = next_random(tree);
    memcpy(entry->name, name, strlen(name) + 1);
    insert(&dir->u.dir.entries, entry);
    dir->u.dir.count++;
    node->links++;
    if (S_ISDIR(node->mode)) {
        node->u.dir.parent = dir;
        node->u.dir.entry = entry;
    }
    mem_touch(dir);
    return 0;
}

void mem_unlink(struct mem_tree *tree, struct mem_node *dir, const char *name)
{
    struct mem_entry *entry = detach(&dir->u.dir.entries, name);
    struct mem_node *node = entry->node;
    dir->u.dir.count--;
    mem_touch(dir);
    node->links--;
    node->changed = dir->changed;
    if (S_ISDIR(node->mode) &&
        node->u.dir.entry == entry) { /* not when it has its new name already */
        node->u.dir.parent = NULL;
        node->u.dir.entry = NULL;
    }
    size_t size = entry_size(entry->name);
    mem_free(entry);
    mem_uncharge(&tree->budget, size);
    mem_release(tree, node);
}

void mem_replace(struct mem_tree *tree, struct mem_node *dir, const char *name,
                 struct mem_node *node)
{
    struct mem_entry *entry = find(dir, name);
    struct mem_node *old = entry->node;
    entry->node = node;
    node->links++;
    if (S_ISDIR(node->mode)) {
        node->u.dir.parent = dir;
        node->u.dir.entry = entry;
    }
    if (S_ISDIR(old->mode)) {
        old->u.dir.parent = NULL;
        old->u.dir.entry = NULL;
    }
    old->links--;
    mem_touch(dir);
    old->changed = dir->changed;
    mem_release(tree, old);
}

bool mem_tree_init(struct mem_tree *tree, uint64_t max_bytes)
{
    struct timespec now = mem_now();
    memset(tree, 0, sizeof(*tree));
    tree->budget.max_bytes = max_bytes;
    tree->random = (uint32_t)now.tv_nsec ^ (uint32_t)(uintptr_t)tree ^ 0x9e3779b9u;
    if (tree->random == 0)
        tree->random = 1;
    tree->root = mem_node_new(tree, S_IFDIR | 0755, NULL);
    if (!tree->root)
        return false;
    tree->root->links = 1;
    return true;
}

/* Not by recursion: a client can nest directories as deep as it likes. */
void mem_tree_clear(struct mem_tree *tree)
{
    struct mem_node *dir = tree->root;
    while (dir) {
        const struct mem_entry *entry = mem_entry_after(dir, NULL);
        if (!entry) {
            struct mem_node *parent = dir->u.dir.parent;
            if (parent)
                mem_unlink(tree, parent, dir->u.dir.entry->name);
            dir = parent;
        } else if (S_ISDIR(entry->node->mode)) {
            dir = entry->node;
        } else {
            mem_unlink(tree, dir, entry->name);
        }
    }
    tree->root->links = 0;
    mem_release(tree, tree->root);
}

/* Paths */

struct way {
    const char *at; /* what is left to resolve */
    char *room;     /* holds it, once a link has been met */
    unsigned links, steps;
};

static int follow_link(struct way *way, const char *target)
{
    size_t front = strlen(target), back = strlen(way->at);
    if (++way->links > MAX_LINKS)
        return ELOOP;
    if (front + back > 4 * PATH_MAX_BYTES)
        return ENAMETOOLONG;
    char *room = mem_alloc(front + back + 1);
    if (!room)
        return ENOMEM;
    memcpy(room, target, front);
    memcpy(room + front, way->at, back + 1); /* begins with a slash, or is empty */
    mem_free(way->room);
    way->room = room;
    way->at = room;
    return 0;
}

static int go(struct mem_node *top, struct way *way, bool follow, struct mem_spot *spot)
{
    struct mem_node *dir = top;
    if (!top->links)
        return ENOENT; /* it was removed, and nothing can be created in it */
    for (;;) {
        way->at += strspn(way->at, "/");
        size_t size = strcspn(way->at, "/");
        if (size == 0)
            break;
        if (size > MEM_NAME_MAX)
            return ENAMETOOLONG;
        if (++way->steps > MAX_STEPS)
            return ELOOP;
        memcpy(spot->name, way->at, size);
        spot->name[size] = 0;
        way->at += size;
        bool slash = *way->at == '/', last = way->at[strspn(way->at, "/")] == 0;
        if (strcmp(spot->name, ".") == 0)
            continue;
        if (strcmp(spot->name, "..") == 0) {
            dir = dir == top ? top : dir->u.dir.parent;
            continue;
        }
        const struct mem_entry *entry = find(dir, spot->name);
        if (entry && S_ISLNK(entry->node->mode) && (!last || follow || slash)) {
            int error = follow_link(way, entry->node->u.target);
            if (error)
                return error;
            if (*way->at == '/')
                dir = top;
            continue;
        }
        if (entry && (!last || slash) && !S_ISDIR(entry->node->mode))
            return ENOTDIR;
        if (last) {
            spot->dir = dir;
            spot->node = entry ? entry->node : NULL;
            return 0;
        }
        if (!entry)
            return ENOENT;
        dir = entry->node;
    }
    spot->dir = spot->node = dir;
    spot->name[0] = 0;
    return 0;
}

int mem_resolve(struct mem_node *top, const char *path, bool follow, struct mem_spot *spot)
{
    struct way way = {.at = path};
    int error = go(top, &way, follow, spot);
    mem_free(way.room);
    return error;
}

int mem_find(struct mem_node *top, const char *path, bool follow, struct mem_node **node)
{
    struct mem_spot spot;
    int error = mem_resolve(top, path, follow, &spot);
    if (!error && !spot.node)
        error = ENOENT;
    if (!error)
        *node = spot.node;
    return error;
}

bool mem_is_above(const struct mem_node *node, const struct mem_node *dir)
{
    for (; dir; dir = dir->u.dir.parent)
        if (dir == node)
            return true;
    return false;
}

void mem_path_of(const struct mem_node *top, const struct mem_node *dir, struct buf *out)
{
    size_t size = 0;
    for (const struct mem_node *at = dir; at != top; at = at->u.dir.parent)
        size += 1 + strlen(at->u.dir.entry->name);
    uint8_t *room = buf_extend(out, size ? size : 1);
    if (!room)
        return;
    room[0] = '/';
    for (const struct mem_node *at = dir; at != top; at = at->u.dir.parent) {
        size_t part = strlen(at->u.dir.entry->name);
        size -= part;
        memcpy(room + size, at->u.dir.entry->name, part);
        room[--size] = '/';
    }
}
