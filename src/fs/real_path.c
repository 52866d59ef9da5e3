#include "fs/real_path.h"

#include <string.h>

static sally_status located(sally_fs *fs, sally_op *op, const sally_inner_op *asked,
                            sally_status status, void *context)
{
    struct real_path *found = context;
    const char *real = asked->u.text.result;
    if (status == SALLY_OK && real && found->last) {
        size_t size = real[1] ? strlen(real) : 0, name = strlen(found->last) + 1;
        char *whole = sally_op_alloc(op, size + 1 + name);
        if (whole) {
            memcpy(whole, real, size);
            whole[size] = '/';
            memcpy(whole + size + 1, found->last, name);
        }
        real = whole;
    }
    if (status == SALLY_OK && real)
        found->path = real;
    return found->then(fs, op, SALLY_OK, found->context);
}

sally_status real_path_find(sally_fs *fs, sally_fs *inner, bool has_links, sally_op *op,
                            struct real_path *found, const char *path, bool follows,
                            sally_done_fn *then, void *context)
{
    const char *slash = strrchr(path, '/');
    *found = (struct real_path){.path = path, .then = then, .context = context};
    char *directory = NULL;
    if (!follows && slash != path)
        directory = sally_op_strdup(op, path);
    if (!has_links || (!follows && !directory))
        return then(fs, op, SALLY_OK, context);
    if (directory) {
        directory[slash - path] = 0;
        found->last = slash + 1;
    }
    const sally_inner_op own = {.struct_size = sizeof(own),
                                .kind = SALLY_OP_REALPATH,
                                .path = directory ? directory : path,
                                .u.text.flags = SALLY_REALPATH_STAT_IF};
    return sally_fs_ask(fs, inner, op, &own, located, found);
}
