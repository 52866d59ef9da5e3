/* Hidden files are identified by device and inode, so other names for them are hidden too. */
#include <stddef.h>

#include "os/beneath.h"
#include "os/file.h"

static const struct beneath_hidden_file *find_hidden(const struct beneath *b, uint64_t device,
                                                     uint64_t inode)
{
    for (size_t i = 0; b->hidden && i < b->hidden->count; i++) {
        const struct beneath_hidden_file *file = &b->hidden->files[i];
        if (file->inode == inode && file->device == device)
            return file;
    }
    return NULL;
}

bool beneath_hides(const struct beneath *b, uint64_t device, uint64_t inode)
{
    const struct beneath_hidden_file *file = find_hidden(b, device, inode);
    return file && !file->is_above;
}

bool beneath_may_move(const struct beneath *b, const struct beneath_place *place)
{
    struct os_stat st;
    return !b->hidden || !b->hidden->count || !os_stat_at(place->dir, place->name, &st) ||
           !find_hidden(b, st.device, st.inode);
}
