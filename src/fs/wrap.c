#include "fs/wrap.h"

#include "core/fs.h"
#include "core/op_kinds.h"

void wrap_methods(sally_fs_methods *methods, const sally_fs *inner, sally_fs_slot *slot)
{
    *methods =
        (sally_fs_methods){.struct_size = sizeof(*methods), .traits = sally_fs_traits(inner)};
    sally_fs_methods_wrap(methods, inner, slot);
}

bool wrap_kind_changes(uint32_t kind)
{
    return (op_kind(kind)->flags & KIND_MODIFIES) != 0;
}
