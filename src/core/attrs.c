#include "sallyport/attrs.h"

#include <string.h>

#include "core/longname.h"

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

/* The file type bits of st_mode, which are the same on every system that matters (and on the wire: draft-02 section 5). */
static const struct {
    uint32_t type, bits;
} modes[] = {
    {SALLY_TYPE_REGULAR, 0100000},      {SALLY_TYPE_DIRECTORY, 0040000}, {SALLY_TYPE_SYMLINK, 0120000},
    {SALLY_TYPE_SOCKET, 0140000},       {SALLY_TYPE_CHAR_DEVICE, 0020000},
    {SALLY_TYPE_BLOCK_DEVICE, 0060000}, {SALLY_TYPE_FIFO, 0010000},
};

uint32_t attrs_posix_mode(const sally_attrs *attrs)
{
    uint32_t mode = attrs->valid & SALLY_ATTR_PERMISSIONS ? attrs->permissions & 07777 : 0;
    if (attrs->valid & SALLY_ATTR_TYPE) {
        for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
            if (modes[i].type == attrs->type)
                mode |= modes[i].bits;
        }
    }
    return mode;
}

uint32_t attrs_type_of_mode(uint32_t mode)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if ((mode & 0170000) == modes[i].bits)
            return modes[i].type;
    }
    return mode & 0170000 ? SALLY_TYPE_SPECIAL : SALLY_TYPE_UNKNOWN;
}
