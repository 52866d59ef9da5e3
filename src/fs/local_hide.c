/* Hiding the program's own files below the storage's directory. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fs/local.h"
#include "os/file.h"
#include "sallyport/storages.h"

static bool add(struct in_root_hidden *hidden, const struct os_stat *st, bool is_above)
{
    struct in_root_hidden_file *files =
        mem_resize(hidden->files, hidden->count + 1, sizeof(*files));
    if (!files)
        return false;
    hidden->files = files;
    files[hidden->count++] = (struct in_root_hidden_file){st->device, st->inode, is_above};
    return true;
}

/* Takes the last component off. False at "/". */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash[1])
        return false;
    slash[slash == path] = '\0';
    return true;
}

/* `path` has no links. The entries added only apply if they include the storage's root. */
static sally_error hide(struct in_root_hidden *hidden, char *path, const struct os_stat *root)
{
    size_t before = hidden->count;
    bool is_above = false;
    do {
        struct os_stat st;
        if (!os_stat_at(AT_FDCWD, path, &st))
            return SALLY_E_SYSTEM;
        if (st.device == root->device && st.inode == root->inode)
            return is_above ? SALLY_E_OK : SALLY_E_RANGE;
        if (!add(hidden, &st, is_above))
            return SALLY_E_NO_MEMORY;
        is_above = true;
    } while (go_up(path));
    hidden->count = before;
    return SALLY_E_OK;
}

sally_error sally_fs_local_hide(sally_fs *local_fs, const char *path)
{
    struct local *local = local_from(local_fs);
    struct os_stat root;
    if (!local || !local->where.confined || !path)
        return SALLY_E_INVALID;
    if (!os_stat_fd(local->where.root, &root))
        return SALLY_E_SYSTEM;
    char whole[PATH_MAX];
    if (!realpath(path, whole))
        return SALLY_E_SYSTEM;
    struct in_root_hidden *hidden = &local->shared->hidden;
    size_t before = hidden->count;
    sally_error error = hide(hidden, whole, &root);
    if (error)
        hidden->count = before;
    else if (hidden->count)
        local->where.walk = true;
    return error;
}
