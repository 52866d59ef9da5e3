#include "fs/wrap.h"

#include "core/fs.h"

void wrap_methods(sally_fs_methods *methods, const sally_fs *inner, sally_fs_slot *slot)
{
    *methods =
        (sally_fs_methods){.struct_size = sizeof(*methods), .traits = sally_fs_traits(inner)};
    sally_fs_methods_wrap(methods, inner, slot);
}
