/* Your own writable storage: a few flat files in memory, shared by all sessions. */
#include <pthread.h>
#include <sallyport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILES 16
#define MAX_BYTES (1u << 20)

struct note {
    char name[64]; /* "" for a free place */
    size_t size;
    char *bytes; /* MAX_BYTES */
};

/* Slots of one session come one after the other, but sessions run at the same time: what they share needs a lock. */
struct notes {
    pthread_mutex_t lock;
    struct note files[MAX_FILES];
};

static struct note *find(struct notes *all, const char *path)
{
    for (size_t i = 0; i < MAX_FILES; i++) {
        if (all->files[i].name[0] && strcmp(all->files[i].name, path + 1) == 0)
            return &all->files[i];
    }
    return NULL;
}

static struct note *make(struct notes *all, const char *path)
{
    size_t size = strlen(path + 1) + 1;
    for (struct note *file = all->files; file < all->files + MAX_FILES; file++) {
        if (!file->name[0] && size <= sizeof file->name && (file->bytes = calloc(1, MAX_BYTES))) {
            memcpy(file->name, path + 1, size);
            return file;
        }
    }
    return NULL;
}

static sally_status do_open(struct notes *all, sally_op *op)
{
    uint32_t flags = op->u.open.flags;
    struct note *file = find(all, op->path);
    if (strcmp(op->path, "/") == 0)
        return SALLY_FILE_IS_A_DIRECTORY;
    if (strchr(op->path + 1, '/'))
        return SALLY_NO_SUCH_PATH; /* there are no folders */
    if (!file && !(flags & SALLY_OPEN_CREATE))
        return SALLY_NO_SUCH_FILE;
    if (file && (flags & SALLY_OPEN_EXCLUSIVE))
        return SALLY_FILE_ALREADY_EXISTS;
    if (!file && !(file = make(all, op->path)))
        return SALLY_NO_SPACE_ON_FILESYSTEM;
    if (flags & SALLY_OPEN_TRUNCATE) {
        memset(file->bytes, 0, file->size); /* else a gap would show them */
        file->size = 0;
    }
    return SALLY_OK;
}

static sally_status do_write(struct notes *all, sally_op *op)
{
    struct note *file = find(all, op->path);
    if (!file)
        return SALLY_NO_SUCH_FILE; /* removed meanwhile */
    uint64_t offset = op->u.io.offset < MAX_BYTES ? op->u.io.offset : MAX_BYTES;
    if (op->u.io.length > MAX_BYTES - offset)
        return SALLY_QUOTA_EXCEEDED;
    memcpy(file->bytes + offset, op->u.io.data, op->u.io.length);
    if (offset + op->u.io.length > file->size)
        file->size = (size_t)offset + op->u.io.length;
    return SALLY_OK;
}

static sally_status do_stat(struct notes *all, sally_op *op)
{
    struct note *file = find(all, op->path);
    if (strcmp(op->path, "/") == 0)
        sally_attrs_set_directory(&op->u.stat.attrs, 0755);
    else if (file)
        sally_attrs_set_file(&op->u.stat.attrs, 0644, file->size);
    else
        return SALLY_NO_SUCH_FILE;
    return SALLY_OK;
}

static sally_status do_readdir(struct notes *all, sally_op *op)
{
    for (size_t i = 0; i < MAX_FILES; i++) {
        sally_attrs attrs;
        sally_attrs_set_file(&attrs, 0644, all->files[i].size);
        if (all->files[i].name[0])
            sally_op_add_entry(op, all->files[i].name, &attrs); /* 16 always fit into one reply */
    }
    return SALLY_EOF;
}

static sally_status do_remove(struct notes *all, sally_op *op)
{
    struct note *file = find(all, op->path);
    if (!file)
        return SALLY_NO_SUCH_FILE;
    free(file->bytes);
    memset(file, 0, sizeof *file);
    return SALLY_OK;
}

static sally_status answer(sally_fs *fs, sally_op *op)
{
    struct notes *all = sally_fs_data(fs);
    sally_status status = SALLY_UNSUPPORTED;
    pthread_mutex_lock(&all->lock);
    struct note *file = find(all, op->path);
    if (op->kind == SALLY_OP_OPEN)
        status = do_open(all, op);
    else if (op->kind == SALLY_OP_READ)
        status = file ? sally_op_read_from(op, file->bytes, file->size) : SALLY_NO_SUCH_FILE;
    else if (op->kind == SALLY_OP_WRITE)
        status = do_write(all, op);
    else if (op->kind == SALLY_OP_STAT)
        status = do_stat(all, op);
    else if (op->kind == SALLY_OP_READDIR)
        status = do_readdir(all, op);
    else if (op->kind == SALLY_OP_REMOVE)
        status = do_remove(all, op);
    pthread_mutex_unlock(&all->lock);
    return status;
}

int main(int argc, char **argv)
{
    static struct notes all = {.lock = PTHREAD_MUTEX_INITIALIZER};
    /* Nothing here ever waits for long: the network thread may call it directly. */
    sally_fs_methods methods = {.struct_size = sizeof methods, .traits = SALLY_FS_NONBLOCKING,
                                .open = answer, .read = answer, .write = answer,
                                .readdir = answer, .stat = answer, .remove = answer};
    sally_fs *fs;
    sally_server *server;
    if (sally_fs_new(&fs, &methods, &all) || sally_server_new(&server))
        return 1;
    if (sally_server_add_user(server, "demo", "demo", fs) ||
        sally_server_add_listener(server, argc > 1 ? argv[1] : "sftp://127.0.0.1:2222") || sally_server_run(server))
        fprintf(stderr, "%s\n", sally_server_error(server));
    sally_fs_unref(fs);
    return sally_server_free(server);
}
