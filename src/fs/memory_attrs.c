/* The storage in memory: attributes, of files and of the storage. Reading does not change the
 * access time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/attrs.h"
#include "fs/id_names.h"
#include "fs/memory.h"
#include "fs/memory_acl.h"

#define BLOCK_SIZE 4096u
#define UNLIMITED_BLOCKS                                                                           \
    (UINT64_C(1) << 38) /* what a storage without a limit claims to have: 1 PiB */

uint32_t memory_new_mode(const sally_attrs *attrs, uint32_t otherwise)
{
    return (attrs->valid & SALLY_ATTR_PERMISSIONS ? attrs->permissions : otherwise) & 07777;
}

static sally_time time_of(struct timespec t)
{
    return (sally_time){.seconds = (int64_t)t.tv_sec, .nanoseconds = (uint32_t)t.tv_nsec};
}

void memory_attrs_of(const struct memory *memory, sally_attrs *attrs, const struct mem_node *node)
{
    memset(attrs, 0, sizeof(*attrs));
    attrs->valid = SALLY_ATTR_TYPE | SALLY_ATTR_SIZE | SALLY_ATTR_ALLOCATION_SIZE | SALLY_ATTR_IDS |
                   SALLY_ATTR_PERMISSIONS | SALLY_ATTR_ATIME | SALLY_ATTR_MTIME | SALLY_ATTR_CTIME |
                   SALLY_ATTR_CREATETIME | SALLY_ATTR_NANOSECONDS | SALLY_ATTR_LINK_COUNT |
                   SALLY_ATTR_BITS | SALLY_ATTR_IDENTITY;
    attrs->type = attrs_type_of_mode(node->mode);
    if (S_ISREG(node->mode)) {
        attrs->size = node->u.data.size;
        attrs->allocation_size = node->u.data.allocated;
    } else if (S_ISLNK(node->mode)) {
        attrs->size = strlen(node->u.target);
    }
    bool sparse = S_ISREG(node->mode) && node->u.data.written < node->u.data.size;
    attrs->attrib_bits =
        (node->bits & ~(uint32_t)SALLY_BIT_SPARSE) | (sparse ? SALLY_BIT_SPARSE : 0);
    attrs->attrib_bits_valid = node->bits_known | SALLY_BIT_SPARSE;
    attrs->uid = node->uid;
    attrs->gid = node->gid;
    attrs->permissions = node->mode & 07777;
    attrs->link_count = node->links;
    attrs->device = memory_device(memory);
    attrs->inode = node->inode;
    attrs->atime = time_of(node->accessed);
    attrs->mtime = time_of(node->modified);
    attrs->ctime = time_of(node->changed);
    attrs->createtime = time_of(node->born);
}

int memory_set_acl_and_bits(struct mem_tree *tree, struct mem_node *node, const sally_attrs *attrs)
{
    int error = attrs->valid & SALLY_ATTR_ACL ? mem_acl_set(tree, node, attrs) : 0;
    if (attrs->valid & SALLY_ATTR_BITS) {
        node->bits &= ~attrs->attrib_bits_valid;
        node->bits |= attrs->attrib_bits & attrs->attrib_bits_valid;
        node->bits_known |= attrs->attrib_bits_valid;
    }
    return error;
}

/* The storage has no users of its own: a number is its name. */
static sally_status add_names(sally_op *op)
{
    sally_attrs *attrs = &op->u.stat.attrs;
    char number[16];
    snprintf(number, sizeof(number), "%lu", (unsigned long)attrs->uid);
    attrs->owner = sally_op_strdup(op, number);
    snprintf(number, sizeof(number), "%lu", (unsigned long)attrs->gid);
    attrs->group = sally_op_strdup(op, number);
    if (!attrs->owner || !attrs->group)
        return SALLY_FAILURE;
    attrs->valid |= SALLY_ATTR_NAMES;
    return SALLY_OK;
}

/* Under the lock. */
static sally_status describe(const struct memory *memory, sally_op *op, const struct mem_node *node)
{
    memory_attrs_of(memory, &op->u.stat.attrs, node);
    return op->u.stat.wanted & SALLY_ATTR_ACL ? mem_acl_get(node, op, &op->u.stat.attrs) : SALLY_OK;
}

static sally_status stat_done(sally_op *op, sally_status status)
{
    return status == SALLY_OK && (op->u.stat.wanted & SALLY_ATTR_NAMES) ? add_names(op) : status;
}

sally_status memory_stat(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    struct mem_node *node;
    pthread_rwlock_rdlock(&memory->lock);
    int error = mem_find(memory_top(fs), op->path, op->u.stat.flags & SALLY_FOLLOW, &node);
    sally_status status = error ? sally_status_from_errno(error) : describe(memory, op, node);
    pthread_rwlock_unlock(&memory->lock);
    return stat_done(op, status);
}

sally_status memory_fstat(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    const struct mem_handle *handle = sally_file_data(op->file, fs);
    pthread_rwlock_rdlock(&memory->lock);
    sally_status status = describe(memory, op, handle->node);
    pthread_rwlock_unlock(&memory->lock);
    return stat_done(op, status);
}

static void set_time(struct timespec *place, const sally_attrs *attrs, uint32_t bit,
                     const sally_time *t)
{
    if (!(attrs->valid & bit))
        return;
    place->tv_sec = (time_t)t->seconds;
    place->tv_nsec = attrs->valid & SALLY_ATTR_NANOSECONDS ? (long)t->nanoseconds : 0;
}

/* Checks that do not need the file. */
static sally_status check_changes(const sally_attrs *attrs)
{
    if ((attrs->valid & SALLY_ATTR_NANOSECONDS) &&
        (((attrs->valid & SALLY_ATTR_ATIME) && attrs->atime.nanoseconds >= 1000000000) ||
         ((attrs->valid & SALLY_ATTR_MTIME) && attrs->mtime.nanoseconds >= 1000000000)))
        return SALLY_INVALID_PARAMETER;
    return SALLY_OK;
}

/* A failure does not stop the others; the first one is returned, as with OpenSSH. */
static void note(sally_status *first, sally_status status)
{
    if (*first == SALLY_OK)
        *first = status;
}

static int resize(struct mem_tree *tree, struct mem_node *node, uint64_t size)
{
    if (!S_ISREG(node->mode))
        return S_ISDIR(node->mode) ? EISDIR : EINVAL;
    int error = mem_data_resize(&node->u.data, &tree->budget, size);
    if (!error)
        mem_touch(node);
    return error;
}

/* Links keep their mode, as on Linux, where they have none. */
static void change(struct mem_node *node, const sally_attrs *attrs)
{
    if (attrs->valid & SALLY_ATTR_IDS) {
        node->uid = attrs->uid;
        node->gid = attrs->gid;
    }
    if ((attrs->valid & SALLY_ATTR_PERMISSIONS) && !S_ISLNK(node->mode))
        node->mode = (node->mode & S_IFMT) | (attrs->permissions & 07777);
    set_time(&node->accessed, attrs, SALLY_ATTR_ATIME, &attrs->atime);
    set_time(&node->modified, attrs, SALLY_ATTR_MTIME, &attrs->mtime);
    node->changed = mem_now();
}

/* Names of owner and group become numbers, before anything is locked. */
static sally_status copy_names(sally_op *op, sally_attrs *attrs, const struct mem_node *node)
{
    sally_status owner = SALLY_OK, group = SALLY_OK;
    if (!(attrs->valid & SALLY_ATTR_NAMES))
        return SALLY_OK;
    if (!(attrs->valid & SALLY_ATTR_IDS)) {
        attrs->uid = node->uid;
        attrs->gid = node->gid;
        attrs->valid |= SALLY_ATTR_IDS;
    }
    if (attrs->owner && *attrs->owner)
        owner = id_of_principal(op, NULL, ID_USER, attrs->owner, &attrs->uid);
    if (attrs->group && *attrs->group)
        group = id_of_principal(op, NULL, ID_GROUP, attrs->group, &attrs->gid);
    note(&owner, group);
    return owner;
}

static sally_status check_cut(struct memory *memory, sally_op *op, const struct mem_handle *handle,
                              const struct mem_node *node)
{
    uint64_t size = op->u.setstat.attrs->size;
    if (handle)
        return locks_check_io(&memory->locks, &handle->holder, size, UINT64_MAX, true, op);
    if (!locks_any(&memory->locks))
        return SALLY_OK;
    return locks_check_cut_slowly(&memory->locks, memory_key(node), size, op);
}

static sally_status apply(struct memory *memory, sally_op *op, const struct mem_handle *handle,
                          struct mem_node *node)
{
    sally_attrs attrs = *op->u.setstat.attrs;
    sally_status first = attrs.valid & SALLY_ATTR_EXTENDED ? SALLY_UNSUPPORTED : SALLY_OK;
    sally_status cut = SALLY_OK;
    note(&first, copy_names(op, &attrs, node));
    note(&first, sally_status_from_errno(memory_set_acl_and_bits(&memory->tree, node, &attrs)));
    if (attrs.valid & SALLY_ATTR_SIZE) {
        if (handle && !(handle->flags & MEM_WRITES))
            cut = sally_status_from_errno(EINVAL); /* as ftruncate(2) */
        else
            cut = check_cut(memory, op, handle, node);
        if (cut == SALLY_OK)
            cut = sally_status_from_errno(resize(&memory->tree, node, attrs.size));
    }
    note(&first, cut);
    change(node, &attrs);
    return first;
}

/* Of the open file, or of the path. */
static sally_status set(sally_fs *fs, sally_op *op, const struct mem_handle *handle)
{
    struct memory *memory = memory_of(fs);
    struct mem_node *node = handle ? handle->node : NULL;
    sally_status status = check_changes(op->u.setstat.attrs);
    if (status != SALLY_OK)
        return status;
    pthread_rwlock_wrlock(&memory->lock);
    int error = 0;
    if (!handle)
        error = mem_find(memory_top(fs), op->path, op->u.setstat.flags & SALLY_FOLLOW, &node);
    status = error ? sally_status_from_errno(error) : apply(memory, op, handle, node);
    pthread_rwlock_unlock(&memory->lock);
    return status;
}

sally_status memory_setstat(sally_fs *fs, sally_op *op)
{
    return set(fs, op, NULL);
}

sally_status memory_fsetstat(sally_fs *fs, sally_op *op)
{
    return set(fs, op, sally_file_data(op->file, fs));
}

sally_status memory_statvfs(sally_fs *fs, sally_op *op)
{
    struct memory *memory = memory_of(fs);
    struct mem_node *node;
    pthread_rwlock_rdlock(&memory->lock);
    int error = op->file ? 0 : mem_find(memory_top(fs), op->path, true, &node);
    const struct mem_budget budget = memory->tree.budget;
    uint64_t nodes = memory->tree.nodes;
    pthread_rwlock_unlock(&memory->lock);
    if (error)
        return sally_status_from_errno(error);

    uint64_t used = (budget.bytes + BLOCK_SIZE - 1) / BLOCK_SIZE;
    uint64_t all = budget.max_bytes ? budget.max_bytes / BLOCK_SIZE : used + UNLIMITED_BLOCKS;
    if (all < used)
        all = used; /* the last one is incomplete */
    op->u.statvfs = (sally_op_statvfs){
        .block_size = BLOCK_SIZE,
        .fragment_size = BLOCK_SIZE,
        .blocks = all,
        .blocks_free = all - used,
        .blocks_available = all - used,
        .files = nodes + UINT32_MAX,
        .files_free = UINT32_MAX,
        .files_available = UINT32_MAX,
        .name_max = MEM_NAME_MAX,
    };
    return SALLY_OK;
}
