/* Listing directories. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/attrs.h"
#include "core/path.h"
#include "fs/local.h"
#include "os/file.h"

sally_status local_opendir(sally_fs *fs, sally_op *op)
{
    struct local *local = local_of(fs);
    if (local_may_wait(local, op))
        return SALLY_WOULD_BLOCK;
    struct local_file *file = mem_zalloc(sizeof(*file));
    if (!file)
        return SALLY_FAILURE;
    file->fd = local_path_open(local, op, op->path, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
    sally_status status = file->fd < 0 ? local_path_error(op) : SALLY_OK;
    if (status == SALLY_OK && !(file->dir = fdopendir(file->fd))) {
        status = local_error(errno);
        close(file->fd);
    }
    if (status == SALLY_OK && sally_file_set_data(op->file, fs, file, NULL) != SALLY_E_OK) {
        status = SALLY_FAILURE;
        closedir(file->dir);
    }
    if (status != SALLY_OK)
        mem_free(file);
    return status;
}

sally_status local_closedir(sally_fs *fs, sally_op *op)
{
    struct local_file *file = sally_file_data(op->file, fs);
    closedir(file->dir);
    mem_free(file);
    sally_file_set_data(op->file, fs, NULL, NULL);
    return SALLY_OK;
}

/* Most entries of a directory belong to the same users. */
struct last_name {
    bool known;
    uint32_t id;
    char name[ID_NAME_SIZE];
};

struct dir_reading {
    struct local *local;
    sally_op *op;
    int dir;
    struct last_name names[2]; /* by enum id_kind */
};

static const char *name_of(struct dir_reading *r, enum id_kind kind, uint32_t id)
{
    struct last_name *last = &r->names[kind];
    if (!last->known || last->id != id) {
        id_names_get(local_names(r->local), kind, id, last->name);
        last->known = true;
        last->id = id;
    }
    return last->name;
}

/* False when the reply is full. */
static bool add_entry(struct dir_reading *r, const struct dirent *entry)
{
    struct os_stat st;
    sally_attrs attrs;
    if (os_stat_at(r->dir, entry->d_name, &st)) {
        if (in_root_hides(&r->local->where, st.device, st.inode))
            return true;
        local_attrs_of(&attrs, &st);
        attrs.owner = name_of(r, ID_USER, st.uid);
        attrs.group = name_of(r, ID_GROUP, st.gid);
        attrs.valid |= SALLY_ATTR_NAMES;
    } else if (errno == ENOENT) {
        return true; /* removed meanwhile */
    } else {         /* for example a directory that may be read but not searched */
        memset(&attrs, 0, sizeof(attrs));
        if (entry->d_type != DT_UNKNOWN) {
            attrs.type = attrs_type_of_mode((uint32_t)DTTOIF(entry->d_type));
            attrs.valid = SALLY_ATTR_TYPE;
        }
    }
    return sally_op_add_entry(r->op, entry->d_name, &attrs);
}

sally_status local_readdir(sally_fs *fs, sally_op *op)
{
    struct local_file *file = sally_file_data(op->file, fs);
    if (op->flags & SALLY_OP_TRY)
        return SALLY_WOULD_BLOCK; /* user names may come from a directory service */
    struct dir_reading r = {.local = local_of(fs), .op = op, .dir = file->fd};
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(file->dir);
        if (!entry)
            return errno ? local_error(errno) : SALLY_EOF;
        if (!path_is_dots(entry->d_name) && !add_entry(&r, entry))
            return SALLY_OK;
        if (sally_op_cancelled(op))
            return SALLY_CONNECTION_LOST;
    }
}
