#include "fs/wrap.h"

#include "core/fs.h"

void wrap_methods(sally_fs_methods *methods, const sally_fs *inner, sally_fs_slot *slot)
{
    *methods =
        (sally_fs_methods){.struct_size = sizeof(*methods), .traits = sally_fs_traits(inner)};
#define TAKE(name, value, member, permission) methods->member = inner->methods.member ? slot : NULL;
    SALLY_OP_MAP(TAKE)
#undef TAKE
}

bool wrap_kind_changes(uint32_t kind)
{
    switch (kind) {
    case SALLY_OP_WRITE:
    case SALLY_OP_FSYNC:
    case SALLY_OP_FSETSTAT:
    case SALLY_OP_SETSTAT:
    case SALLY_OP_REMOVE:
    case SALLY_OP_RENAME:
    case SALLY_OP_MKDIR:
    case SALLY_OP_RMDIR:
    case SALLY_OP_SYMLINK:
    case SALLY_OP_LINK:
    case SALLY_OP_COPY:
    case SALLY_OP_EXTENDED: /* who knows */
        return true;
    default:
        return false;
    }
}
