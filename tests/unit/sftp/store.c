#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cursor_of_dir {
    uint32_t next;
    uint32_t empty_rounds;
};

void store_init(struct store *s)
{
    memset(s, 0, sizeof *s);
    store_add(s, "/", SALLY_TYPE_DIRECTORY, NULL, 0);
}

void store_clear(struct store *s)
{
    for (size_t i = 0; i < STORE_MAX_NODES; i++) {
        free(s->nodes[i].path);
        free(s->nodes[i].data);
    }
    memset(s->nodes, 0, sizeof s->nodes);
}

struct store_node *store_find(struct store *s, const char *path)
{
    for (size_t i = 0; i < STORE_MAX_NODES; i++)
        if (s->nodes[i].path && strcmp(s->nodes[i].path, path) == 0)
            return &s->nodes[i];
    return NULL;
}

static bool resize(struct store_node *n, size_t size)
{
    if (size > STORE_MAX_BYTES)
        return false;
    if (size >= n->capacity) { /* copying a file onto its own end comes here very often */
        uint8_t *data = realloc(n->data, size + size / 2 + 1);
        if (!data)
            return false;
        n->data = data;
        n->capacity = size + size / 2 + 1;
    }
    if (size > n->size)
        memset(n->data + n->size, 0, size - n->size);
    n->size = size;
    return true;
}

struct store_node *store_add(struct store *s, const char *path, uint32_t type, const void *data,
                             size_t size)
{
    for (size_t i = 0; i < STORE_MAX_NODES; i++) {
        struct store_node *n = &s->nodes[i];
        if (n->path)
            continue;
        char *copy = strdup(path);
        if (!copy)
            return NULL;
        n->path = copy;
        n->type = type;
        n->permissions = type == SALLY_TYPE_DIRECTORY ? 0750 : 0640;
        n->mtime = 1000000000;
        if (!resize(n, size))
            return NULL;
        if (size)
            memcpy(n->data, data, size);
        return n;
    }
    return NULL;
}

static void drop(struct store_node *n)
{
    free(n->path);
    free(n->data);
    memset(n, 0, sizeof *n);
}

static void describe(const struct store_node *n, sally_attrs *a)
{
    memset(a, 0, sizeof *a);
    a->valid = SALLY_ATTR_TYPE | SALLY_ATTR_SIZE | SALLY_ATTR_PERMISSIONS | SALLY_ATTR_IDS |
               SALLY_ATTR_ATIME | SALLY_ATTR_MTIME;
    a->type = n->type;
    a->size = n->size;
    a->permissions = n->permissions;
    a->uid = 1001;
    a->gid = 1002;
    a->atime.seconds = a->mtime.seconds = n->mtime;
}

static struct store_node *follow(struct store *s, const char *path)
{
    struct store_node *n = store_find(s, path);
    char target[512];
    for (int i = 0; n && n->type == SALLY_TYPE_SYMLINK && i < 8; i++) {
        snprintf(target, sizeof target, "%.*s", (int)n->size, (const char *)n->data);
        n = store_find(s, target);
    }
    return n && n->type == SALLY_TYPE_SYMLINK ? NULL : n;
}

static sally_status do_open(struct store *s, sally_op *op)
{
    uint32_t flags = op->u.open.flags;
    struct store_node *n = follow(s, op->path);
    if (n && (flags & SALLY_OPEN_CREATE) && (flags & SALLY_OPEN_EXCLUSIVE))
        return SALLY_FILE_ALREADY_EXISTS;
    if (n && n->type == SALLY_TYPE_DIRECTORY)
        return SALLY_FILE_IS_A_DIRECTORY;
    if (!n && !(flags & SALLY_OPEN_CREATE))
        return SALLY_NO_SUCH_FILE;
    if (!n) {
        n = store_add(s, op->path, SALLY_TYPE_REGULAR, NULL, 0);
        if (!n)
            return SALLY_NO_SPACE_ON_FILESYSTEM;
        if (op->u.open.attrs->valid & SALLY_ATTR_PERMISSIONS)
            n->permissions = op->u.open.attrs->permissions;
    }
    if (flags & SALLY_OPEN_TRUNCATE)
        resize(n, 0);
    s->open_files++;
    return SALLY_OK;
}

static sally_status do_write(struct store *s, sally_op *op)
{
    struct store_node *n = follow(s, op->path);
    uint64_t offset = op->u.io.offset;
    sally_file_facts facts;
    if (!n)
        return SALLY_NO_SUCH_FILE;
    sally_file_get_facts(op->file, &facts);
    if (facts.open_flags & SALLY_OPEN_APPEND)
        offset = n->size;
    if (offset > STORE_MAX_BYTES ||
        (offset + op->u.io.length > n->size && !resize(n, (size_t)offset + op->u.io.length)))
        return SALLY_NO_SPACE_ON_FILESYSTEM;
    memcpy(n->data + offset, op->u.io.data, op->u.io.length);
    return SALLY_OK;
}

static sally_status list_many(struct store *s, sally_op *op, struct cursor_of_dir *at)
{
    char name[4096];
    sally_attrs attrs;
    if (at->empty_rounds < s->empty_rounds) {
        at->empty_rounds++;
        return SALLY_OK;
    }
    if (s->odd_names && at->next == 0) {
        sally_op_add_entry(op, ".", NULL);
        sally_op_add_entry(op, "..", NULL);
        sally_op_add_entry(op, "", NULL);
        sally_op_add_entry(op, "../../etc/passwd", NULL);
    }
    while (at->next < s->many) {
        int size = snprintf(name, sizeof name, "entry-%06u", at->next);
        while ((size_t)size < s->name_size && size + 1 < (int)sizeof name)
            name[size++] = (char)('a' + at->next % 26);
        name[size] = '\0';
        sally_attrs_set_file(&attrs, 0644, at->next);
        at->next++;
        if (!sally_op_add_entry(op, name, s->plain_names ? NULL : &attrs) || s->one_by_one)
            return SALLY_OK;
    }
    return SALLY_EOF;
}

static const char many_entry[] = "/many/entry-";

static sally_status stat_entry_of_many(const struct store *s, sally_op *op)
{
    unsigned long number = strtoul(op->path + sizeof many_entry - 1, NULL, 10);
    if (number >= s->many)
        return SALLY_NO_SUCH_FILE;
    sally_attrs_set_file(&op->u.stat.attrs, 0644, number + s->grown);
    return SALLY_OK;
}

static sally_status do_readdir(struct store *s, sally_op *op, sally_fs *fs)
{
    struct cursor_of_dir *at = sally_file_data(op->file, fs);
    size_t length = strlen(op->path);
    if (strcmp(op->path, "/many") == 0)
        return list_many(s, op, at);
    if (length == 1)
        length = 0;
    while (at->next < STORE_MAX_NODES) {
        const struct store_node *n = &s->nodes[at->next++];
        sally_attrs attrs;
        if (!n->path || strncmp(n->path, op->path, length) != 0 || n->path[length] != '/' ||
            strchr(n->path + length + 1, '/') || !n->path[length + 1])
            continue;
        describe(n, &attrs);
        if (!sally_op_add_entry(op, n->path + length + 1, &attrs))
            return SALLY_OK;
    }
    return SALLY_EOF;
}

static sally_status do_opendir(struct store *s, sally_op *op, sally_fs *fs)
{
    const struct store_node *n = follow(s, op->path);
    if (!n)
        return SALLY_NO_SUCH_FILE;
    if (n->type != SALLY_TYPE_DIRECTORY)
        return SALLY_NOT_A_DIRECTORY;
    struct cursor_of_dir *at = calloc(1, sizeof *at);
    if (!at || sally_file_set_data(op->file, fs, at, NULL) != SALLY_E_OK) {
        free(at);
        return SALLY_FAILURE;
    }
    s->open_files++;
    return SALLY_OK;
}

static sally_status do_setstat(struct store_node *n, const sally_attrs *a)
{
    if (!n)
        return SALLY_NO_SUCH_FILE;
    if (a->valid & SALLY_ATTR_SIZE && (a->size > STORE_MAX_BYTES || !resize(n, (size_t)a->size)))
        return SALLY_NO_SPACE_ON_FILESYSTEM;
    if (a->valid & SALLY_ATTR_PERMISSIONS)
        n->permissions = a->permissions;
    if (a->valid & SALLY_ATTR_MTIME)
        n->mtime = a->mtime.seconds;
    return SALLY_OK;
}

static sally_status do_rename(struct store *s, sally_op *op)
{
    struct store_node *n = store_find(s, op->path), *to = store_find(s, op->u.rename.to);
    if (!n || strcmp(op->path, "/") == 0 || strcmp(op->u.rename.to, "/") == 0)
        return SALLY_NO_SUCH_FILE;
    if (to && !(op->u.rename.flags & SALLY_RENAME_OVERWRITE))
        return SALLY_FILE_ALREADY_EXISTS;
    if (to == n)
        return SALLY_OK;
    char *path = strdup(op->u.rename.to);
    if (!path)
        return SALLY_FAILURE;
    if (to)
        drop(to);
    free(n->path);
    n->path = path;
    return SALLY_OK;
}

static sally_status make(struct store *s, const char *path, uint32_t type, const void *data,
                         size_t size)
{
    if (store_find(s, path))
        return SALLY_FILE_ALREADY_EXISTS;
    return store_add(s, path, type, data, size) ? SALLY_OK : SALLY_NO_SPACE_ON_FILESYSTEM;
}

static sally_status remove_node(struct store *s, const char *path, bool directory)
{
    struct store_node *n = store_find(s, path);
    if (!n || strcmp(path, "/") == 0)
        return SALLY_NO_SUCH_FILE;
    if ((n->type == SALLY_TYPE_DIRECTORY) != directory)
        return directory ? SALLY_NOT_A_DIRECTORY : SALLY_FILE_IS_A_DIRECTORY;
    drop(n);
    return SALLY_OK;
}

static sally_status do_stat(const struct store_node *n, sally_op *op)
{
    if (!n)
        return SALLY_NO_SUCH_FILE;
    describe(n, &op->u.stat.attrs);
    return SALLY_OK;
}

static sally_status do_lookup(sally_op *op)
{
    char name[32];
    for (uint32_t i = 0; i < op->u.lookup_ids.uid_count; i++) {
        snprintf(name, sizeof name, "user%u", op->u.lookup_ids.uids[i]);
        if (op->u.lookup_ids.uids[i])
            op->u.lookup_ids.user_names[i] = sally_op_strdup(op, name);
    }
    for (uint32_t i = 0; i < op->u.lookup_ids.gid_count; i++) {
        snprintf(name, sizeof name, "group%u", op->u.lookup_ids.gids[i]);
        if (op->u.lookup_ids.gids[i])
            op->u.lookup_ids.group_names[i] = sally_op_strdup(op, name);
    }
    return SALLY_OK;
}

/* No real digest: the bytes added up in 16 columns. */
static void add_up(const uint8_t *data, size_t size, uint8_t digest[16])
{
    memset(digest, 0, 16);
    for (size_t i = 0; i < size; i++)
        digest[i % 16] = (uint8_t)(digest[i % 16] + data[i]);
}

static sally_status do_hash(const struct store_node *n, sally_op *op)
{
    sally_op_hash *h = &op->u.hash;
    if (!n)
        return SALLY_NO_SUCH_FILE;
    if (!strstr(h->algorithms, "md5"))
        return SALLY_UNSUPPORTED;
    uint64_t size = h->offset < n->size ? n->size - h->offset : 0;
    if (h->length && h->length < size)
        size = h->length;
    size_t block = h->block_size ? h->block_size : (size_t)size;
    size_t count = block ? ((size_t)size + block - 1) / block : 1;
    uint8_t *digests = sally_op_alloc(op, 16 * count + 1);
    if (!digests)
        return SALLY_FAILURE;
    for (size_t i = 0; i < count; i++) {
        size_t left = (size_t)size - i * block;
        add_up(n->data + (size ? h->offset : 0) + i * block, left < block ? left : block,
               digests + 16 * i);
    }
    h->algorithm = "md5";
    h->digests = digests;
    h->digests_size = 16 * count;
    return SALLY_OK;
}

static sally_status perform(sally_fs *fs, sally_op *op)
{
    struct store *s = sally_fs_data(fs);
    struct store_node *n;
    if (s->fail != SALLY_OK && (!s->fail_kinds || s->fail_kinds & SALLY_OP_BIT(op->kind))) {
        if (s->fail_message)
            (void)sally_op_set_message(op, s->fail_message);
        sally_status fail = s->fail;
        s->fail = SALLY_OK;
        return fail;
    }
    switch (op->kind) {
    case SALLY_OP_SESSION_START:
        if (s->settable)
            op->u.session.settable = s->settable;
        op->u.session.settable_bits = s->settable_bits;
        if (s->announce.name) {
            op->u.session.server = &s->announce;
            op->u.session.server_count = 1;
        }
        return SALLY_OK;
    case SALLY_OP_OPEN:
        return do_open(s, op);
    case SALLY_OP_CLOSEDIR:
        free(sally_file_data(op->file, fs));
        s->open_files--;
        return SALLY_OK;
    case SALLY_OP_CLOSE: {
        sally_file_facts facts;
        sally_file_get_facts(op->file, &facts);
        s->last_reason = facts.close_reason;
        s->open_files--;
        return SALLY_OK;
    }
    case SALLY_OP_READ:
        n = follow(s, op->path);
        return n ? sally_op_read_from(op, n->data, n->size) : SALLY_NO_SUCH_FILE;
    case SALLY_OP_WRITE:
        return do_write(s, op);
    case SALLY_OP_OPENDIR:
        return do_opendir(s, op, fs);
    case SALLY_OP_READDIR:
        return do_readdir(s, op, fs);
    case SALLY_OP_STAT:
        if (strncmp(op->path, many_entry, sizeof many_entry - 1) == 0)
            return stat_entry_of_many(s, op);
        return do_stat(
            op->u.stat.flags & SALLY_FOLLOW ? follow(s, op->path) : store_find(s, op->path), op);
    case SALLY_OP_FSTAT:
        return do_stat(follow(s, op->path), op);
    case SALLY_OP_SETSTAT:
    case SALLY_OP_FSETSTAT:
        return do_setstat(follow(s, op->path), op->u.setstat.attrs);
    case SALLY_OP_REMOVE:
        return remove_node(s, op->path, false);
    case SALLY_OP_RMDIR:
        return remove_node(s, op->path, true);
    case SALLY_OP_RENAME:
        return do_rename(s, op);
    case SALLY_OP_MKDIR:
        return make(s, op->path, SALLY_TYPE_DIRECTORY, NULL, 0);
    case SALLY_OP_REALPATH:
        if (op->u.text.flags == SALLY_REALPATH_NO_CHECK)
            return sally_op_set_result(op, op->path);
        n = follow(s, op->path);
        if (!n)
            return SALLY_NO_SUCH_FILE;
        describe(n, &op->u.text.attrs);
        return sally_op_set_result(op, n->path);
    case SALLY_OP_READLINK:
        n = store_find(s, op->path);
        if (!n)
            return SALLY_NO_SUCH_FILE;
        if (n->type != SALLY_TYPE_SYMLINK || !resize(n, n->size + 1))
            return SALLY_FAILURE;
        n->size--;
        return sally_op_set_result(op, (const char *)n->data);
    case SALLY_OP_SYMLINK:
        return make(s, op->path, SALLY_TYPE_SYMLINK, op->u.symlink.target,
                    strlen(op->u.symlink.target));
    case SALLY_OP_LINK:
        n = store_find(s, op->path);
        return n ? make(s, op->u.rename.to, n->type, n->data, n->size) : SALLY_NO_SUCH_FILE;
    case SALLY_OP_STATVFS:
        op->u.statvfs = (sally_op_statvfs){4096, 1024, 100, 50, 40, 10, 5, 4, 0x1234, 3, 255};
        return SALLY_OK;
    case SALLY_OP_LOOKUP_IDS:
        return do_lookup(op);
    case SALLY_OP_EXTENDED:
        if (strcmp(op->u.extended.name, "echo@test") != 0)
            return SALLY_UNSUPPORTED;
        op->u.extended.reply = op->u.extended.data;
        op->u.extended.reply_size = op->u.extended.size;
        return SALLY_OK;
    case SALLY_OP_HASH:
        return do_hash(follow(s, op->path), op);
    default: /* FSYNC, LOCK, UNLOCK, SESSION_END */
        return SALLY_OK;
    }
}

static void note(struct store *s, const sally_op *op)
{
    s->calls[op->kind]++;
    s->last = *op;
    snprintf(s->last_path, sizeof s->last_path, "%s", op->path ? op->path : "");
    if (op->kind == SALLY_OP_RENAME || op->kind == SALLY_OP_LINK)
        snprintf(s->last_to, sizeof s->last_to, "%s", op->u.rename.to);
    if (op->kind == SALLY_OP_SYMLINK)
        snprintf(s->last_to, sizeof s->last_to, "%s", op->u.symlink.target);
    if (op->kind == SALLY_OP_OPEN)
        s->last_attrs = *op->u.open.attrs;
    if (op->kind == SALLY_OP_SETSTAT || op->kind == SALLY_OP_FSETSTAT || op->kind == SALLY_OP_MKDIR)
        s->last_attrs = *op->u.setstat.attrs;
    size_t size = strlen(s->trace);
    snprintf(s->trace + size, sizeof s->trace - size, "%s ", sally_op_kind_name(op->kind));
}

static sally_status slot(sally_fs *fs, sally_op *op)
{
    struct store *s = sally_fs_data(fs);
    note(s, op);
    if (s->late_kinds & SALLY_OP_BIT(op->kind) && s->late_count < STORE_MAX_LATE) {
        s->late[s->late_count++] = op;
        return SALLY_PENDING;
    }
    return perform(fs, op);
}

static sally_op *take_late(struct store *s, uint32_t index)
{
    sally_op *op = s->late[index];
    memmove(&s->late[index], &s->late[index + 1], (s->late_count - index - 1) * sizeof *s->late);
    s->late_count--;
    return op;
}

void store_finish(struct store *s, uint32_t index)
{
    sally_op *op = take_late(s, index);
    sally_op_finish(op, perform(sally_session_fs(op->session), op));
}

/* The first wish is granted by finishing at once, as storages may. */
static void cancel(sally_fs *fs, sally_op *op)
{
    struct store *s = sally_fs_data(fs);
    s->cancels++;
    for (uint32_t i = 0; i < s->late_count; i++) {
        if (s->late[i] == op) {
            bool closes = op->kind == SALLY_OP_CLOSE || op->kind == SALLY_OP_CLOSEDIR;
            take_late(s, i);
            sally_op_finish(op, closes ? perform(fs, op) : SALLY_FAILURE);
            return;
        }
    }
}

sally_fs *store_fs(struct store *s, uint32_t traits, uint64_t without)
{
    sally_fs_methods m = {.struct_size = sizeof m, .traits = traits, .cancel = cancel};
#define SET(name, value, member, permission)                                                       \
    if (!(without & SALLY_OP_BIT(value)))                                                          \
        m.member = slot;
    SALLY_OP_MAP(SET)
#undef SET
    m.copy = m.chdir = m.command = NULL;
    if (!s->resolves)
        m.realpath = NULL;
    sally_fs *fs = NULL;
    return sally_fs_new(&fs, &m, s) == SALLY_E_OK ? fs : NULL;
}
