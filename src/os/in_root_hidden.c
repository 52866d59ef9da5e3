/* Hidden files are identified by device and inode, so other names for them are hidden too. */
#include <stddef.h>

#include "os/file.h"
#include "os/in_root.h"

static const struct in_root_hidden_file *find_hidden(const struct in_root *where, uint64_t device,
                                                     uint64_t inode)
{
    for (size_t i = 0; where->hidden && i < where->hidden->count; i++) {
        const struct in_root_hidden_file *file = &where->hidden->files[i];
        if (file->inode == inode && file->device == device)
            return file;
    }
    return NULL;
}

bool in_root_hides(const struct in_root *where, uint64_t device, uint64_t inode)
{
    const struct in_root_hidden_file *file = find_hidden(where, device, inode);
    return file && !file->is_above;
}

bool in_root_may_move(const struct in_root *where, const struct in_root_entry *entry)
{
    struct os_stat st;
    return !where->hidden || !where->hidden->count || !os_stat_at(entry->dir, entry->name, &st) ||
           !find_hidden(where, st.device, st.inode);
}
