#include "core/attrs.h"

#include <string.h>

#include "base/mem.h"

#define MODE_TYPE 0170000u

/* clang-format off */
static const struct type_mode {
    uint32_t type, mode;
    uint32_t permissions; /* a guess, for storages without permissions */
    char letter;
} type_modes[] = {
    {SALLY_TYPE_REGULAR,      0100000u, 0644u, '-'},
    {SALLY_TYPE_DIRECTORY,    0040000u, 0755u, 'd'},
    {SALLY_TYPE_SYMLINK,      0120000u, 0777u, 'l'},
    {SALLY_TYPE_SOCKET,       0140000u, 0644u, 's'},
    {SALLY_TYPE_CHAR_DEVICE,  0020000u, 0644u, 'c'},
    {SALLY_TYPE_BLOCK_DEVICE, 0060000u, 0644u, 'b'},
    {SALLY_TYPE_FIFO,         0010000u, 0644u, 'p'},
};
/* clang-format on */

static const struct type_mode *find_type(uint32_t type)
{
    for (size_t i = 0; i < COUNT_OF(type_modes); i++)
        if (type_modes[i].type == type)
            return &type_modes[i];
    return NULL;
}

static const struct type_mode *type_of(const sally_attrs *attrs)
{
    return attrs->valid & SALLY_ATTR_TYPE ? find_type(attrs->type) : NULL;
}

uint32_t attrs_posix_mode(const sally_attrs *attrs)
{
    const struct type_mode *t = type_of(attrs);
    uint32_t permissions = t ? t->permissions : 0;
    if (attrs->valid & SALLY_ATTR_PERMISSIONS)
        permissions = attrs->permissions & 07777u;
    return permissions | (t ? t->mode : 0);
}

uint32_t attrs_type_of_mode(uint32_t mode)
{
    for (size_t i = 0; i < COUNT_OF(type_modes); i++)
        if (type_modes[i].mode == (mode & MODE_TYPE))
            return type_modes[i].type;
    return mode & MODE_TYPE ? SALLY_TYPE_SPECIAL : SALLY_TYPE_UNKNOWN;
}

char attrs_type_letter(const sally_attrs *attrs)
{
    const struct type_mode *t = type_of(attrs);
    if (t)
        return t->letter;
    return attrs->valid & SALLY_ATTR_TYPE ? '?' : '-';
}

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
