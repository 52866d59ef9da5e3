#include "fs/wrap.h"

#include "core/fs.h"

void wrap_methods(sally_fs_methods *methods, const sally_fs *inner, sally_fs_slot *slot)
{
    *methods =
        (sally_fs_methods){.struct_size = sizeof(*methods), .traits = sally_fs_traits(inner)};
    sally_fs_methods_wrap(methods, inner, slot);
}

sally_status wrap_ask_stat(sally_fs *fs, sally_fs *inner, sally_op *op, const char *path,
                           uint32_t flags, sally_ask_done_fn *on_done, void *context)
{
    const uint32_t wanted =
        SALLY_ATTR_TYPE | SALLY_ATTR_SIZE | SALLY_ATTR_LINK_COUNT | SALLY_ATTR_IDENTITY;
    const sally_inner_op own = {.struct_size = sizeof(own),
                                .kind = path ? SALLY_OP_STAT : SALLY_OP_FSTAT,
                                .path = path,
                                .file = path ? NULL : op->file,
                                .u.stat = {.flags = flags, .wanted = wanted}};
    return sally_fs_ask(fs, inner, op, &own, on_done, context);
}
