#include "sftp/handles.h"

#include "base/mem.h"

#define NO_SLOT     UINT32_MAX
#define FIRST_SLOTS 8u

void handles_init(struct handles *h, uint32_t max)
{
    memset(h, 0, sizeof *h);
    h->max = max < NO_SLOT ? max : NO_SLOT - 1;
    h->first_free = NO_SLOT;
}

void handles_clear(struct handles *h)
{
    mem_free(h->slots);
    handles_init(h, h->max);
}

static bool grow(struct handles *h)
{
    uint32_t count = h->count ? h->count : FIRST_SLOTS / 2;
    count = count > h->max / 2 ? h->max : count * 2;
    if (count <= h->count)
        return false;
    struct handle_slot *slots = mem_resize(h->slots, count, sizeof *slots);
    if (!slots)
        return false;
    for (uint32_t i = count; i-- > h->count;) {
        slots[i] = (struct handle_slot){.generation = 1, .next_free = h->first_free};
        h->first_free = i;
    }
    h->slots = slots;
    h->count = count;
    return true;
}

sally_status handles_reserve(struct handles *h, bool *full)
{
    *full = h->max - h->used <= h->reserved;
    if (*full)
        return SALLY_FAILURE;
    if (h->used + h->reserved == h->count && !grow(h))
        return SALLY_FAILURE;
    h->reserved++;
    return SALLY_OK;
}

void handles_unreserve(struct handles *h)
{
    h->reserved--;
}

void handles_add(struct handles *h, sally_file *file, uint8_t out[HANDLE_SIZE])
{
    uint32_t index = h->first_free;
    struct handle_slot *slot = &h->slots[index];
    h->first_free = slot->next_free;
    h->reserved--;
    h->used++;
    slot->file = file;
    slot->text_at = 0;
    wire_put_u32(out, index);
    wire_put_u32(out + 4, slot->generation);
}

static struct handle_slot *find(const struct handles *h, struct slice handle)
{
    struct cursor c = cursor_of_slice(handle);
    uint32_t index = get_u32(&c);
    uint32_t generation = get_u32(&c);
    if (!cursor_done(&c) || index >= h->count)
        return NULL;
    struct handle_slot *slot = &h->slots[index];
    return slot->file && slot->generation == generation ? slot : NULL;
}

sally_file *handles_find(const struct handles *h, struct slice handle)
{
    struct handle_slot *slot = find(h, handle);
    return slot ? slot->file : NULL;
}

struct handle_slot *handles_slot_of(const struct handles *h, const sally_file *file)
{
    for (uint32_t i = 0; file && i < h->count; i++)
        if (h->slots[i].file == file)
            return &h->slots[i];
    return NULL;
}

void handles_remove(struct handles *h, struct slice handle)
{
    struct handle_slot *slot = find(h, handle);
    slot->file = NULL;
    slot->generation++;
    slot->next_free = h->first_free;
    h->first_free = (uint32_t)(slot - h->slots);
    h->used--;
}
