/* Data that storages, hooks and others keep in a file: one slot per owner. A storage's slot also
 * says whether the file is open there. */
#include "base/mem.h"
#include "core/file.h"

static struct file_slot *find_slot(const sally_file *file, const void *owner)
{
    for (struct file_slots *some = file->slots; some; some = atomic_load(&some->next)) {
        for (size_t i = 0; i < FILE_SLOTS; i++) {
            if (atomic_load(&some->slots[i].owner) == owner)
                return &some->slots[i];
        }
    }
    return NULL;
}

static struct file_slots *more_slots(struct file_slots *last)
{
    struct file_slots *more = mem_zalloc(sizeof *more), *others = NULL;
    if (!more || atomic_compare_exchange_strong(&last->next, &others, more))
        return more;
    mem_free(more);
    return others;
}

static struct file_slot *make_slot(sally_file *file, const void *owner)
{
    struct file_slots *some = file->slots;
    while (some) {
        for (size_t i = 0; i < FILE_SLOTS; i++) {
            const void *has = NULL;
            if (atomic_compare_exchange_strong(&some->slots[i].owner, &has, owner) || has == owner)
                return &some->slots[i];
        }
        struct file_slots *next = atomic_load(&some->next);
        some = next ? next : more_slots(some);
    }
    return NULL;
}

bool file_reserve(sally_file *file, const sally_fs *fs)
{
    return make_slot(file, fs) != NULL;
}

void file_mark_open(sally_file *file, const sally_fs *fs, bool open)
{
    struct file_slot *slot = find_slot(file, fs);
    if (slot)
        atomic_store(&slot->open, open);
}

bool file_is_open_in(const sally_file *file, const sally_fs *fs)
{
    const struct file_slot *slot = find_slot(file, fs);
    return slot && atomic_load(&slot->open);
}

static void free_data(struct file_slot *slot)
{
    void *data = atomic_load(&slot->data);
    void (*free_it)(void *) = slot->free_data;
    slot->free_data = NULL;
    if (data && free_it)
        free_it(data);
}

sally_error sally_file_set_data(sally_file *file, const void *owner, void *data,
                                void (*destructor)(void *data))
{
    if (!file || !owner)
        return SALLY_E_INVALID;
    struct file_slot *slot = make_slot(file, owner);
    if (!slot)
        return SALLY_E_NO_MEMORY;
    if (atomic_load(&slot->data) != data)
        free_data(slot);
    slot->free_data = destructor;
    atomic_store(&slot->data, data);
    return SALLY_E_OK;
}

void *sally_file_data(const sally_file *file, const void *owner)
{
    const struct file_slot *slot = file && owner ? find_slot(file, owner) : NULL;
    return slot ? atomic_load(&slot->data) : NULL;
}

void file_data_release(sally_file *file)
{
    struct file_slots *some = file->slots, *next;
    for (; some; some = next) {
        next = atomic_load(&some->next);
        for (size_t i = 0; i < FILE_SLOTS; i++)
            free_data(&some->slots[i]);
        if (some != &file->inline_slots)
            mem_free(some);
    }
}
