#include "sallyport/attrs.h"

#include <string.h>

static void set(sally_attrs *attrs, uint32_t type, uint32_t permissions)
{
    memset(attrs, 0, sizeof *attrs);
    attrs->valid = SALLY_ATTR_TYPE | SALLY_ATTR_PERMISSIONS;
    attrs->type = type;
    attrs->permissions = permissions & 07777;
}

void sally_attrs_set_file(sally_attrs *attrs, uint32_t permissions, uint64_t size)
{
    set(attrs, SALLY_TYPE_REGULAR, permissions);
    attrs->valid |= SALLY_ATTR_SIZE;
    attrs->size = size;
}

void sally_attrs_set_directory(sally_attrs *attrs, uint32_t permissions)
{
    set(attrs, SALLY_TYPE_DIRECTORY, permissions);
}

void sally_attrs_set_symlink(sally_attrs *attrs, uint64_t size)
{
    set(attrs, SALLY_TYPE_SYMLINK, 0777);
    attrs->valid |= SALLY_ATTR_SIZE;
    attrs->size = size;
}

void sally_attrs_set_times(sally_attrs *attrs, int64_t atime, int64_t mtime)
{
    attrs->valid |= SALLY_ATTR_ATIME | SALLY_ATTR_MTIME;
    attrs->atime = (sally_time){.seconds = atime};
    attrs->mtime = (sally_time){.seconds = mtime};
}

void sally_attrs_set_ids(sally_attrs *attrs, uint32_t uid, uint32_t gid)
{
    attrs->valid |= SALLY_ATTR_IDS;
    attrs->uid = uid;
    attrs->gid = gid;
}
