#include "core/fs.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/sized.h"
#include "core/op_kinds.h"

static const size_t slot_offset[SALLY_OP_KINDS] = {
#define SLOT(name, value, slot, permission) [value] = offsetof(sally_fs_methods, slot),
    SALLY_OP_MAP(SLOT)
#undef SLOT
};

sally_fs_slot *fs_slot(const sally_fs *fs, uint32_t kind)
{
    if (kind >= SALLY_OP_KINDS || slot_offset[kind] == 0)
        return NULL;
    return *(sally_fs_slot *const *)(const void *)((const char *)&fs->methods + slot_offset[kind]);
}

/* What this library does not know, the storage may rely on. */
#define KNOWN_TRAITS                                                                               \
    (uint32_t)(SALLY_FS_NONBLOCKING | SALLY_FS_CONCURRENT | SALLY_FS_TRY | SALLY_FS_ACL |          \
               SALLY_FS_CONCURRENT_WRITES)

sally_error sally_fs_new(sally_fs **out, const sally_fs_methods *methods, void *user_data)
{
    if (!out || !methods)
        return SALLY_E_INVALID;
    *out = NULL;
    sally_fs *fs = mem_zalloc(sizeof *fs);
    if (!fs)
        return SALLY_E_NO_MEMORY;
    if (!sized_copy(&fs->methods, sizeof fs->methods, methods, methods->struct_size,
                    offsetof(sally_fs_methods, session_start)) ||
        (fs->methods.traits & ~KNOWN_TRAITS) || fs->methods.reserved) {
        mem_free(fs);
        return SALLY_E_INVALID;
    }
    fs->user_data = user_data;
    atomic_init(&fs->references, 1);
    *out = fs;
    return SALLY_E_OK;
}

sally_fs *sally_fs_ref(sally_fs *fs)
{
    atomic_fetch_add_explicit(&fs->references, 1, memory_order_relaxed);
    return fs;
}

void sally_fs_unref(sally_fs *fs)
{
    if (!fs || atomic_fetch_sub_explicit(&fs->references, 1, memory_order_acq_rel) != 1)
        return;
    if (fs->methods.destroy)
        fs->methods.destroy(fs->user_data);
    mem_free(fs);
}

void *sally_fs_data(const sally_fs *fs)
{
    return fs->user_data;
}

uint32_t sally_fs_traits(const sally_fs *fs)
{
    return fs->methods.traits;
}

static bool has_slots(const sally_fs *fs, uint64_t kinds)
{
    for (uint32_t kind = 1; kind < SALLY_OP_KINDS; kind++) {
        if ((kinds & SALLY_OP_BIT(kind)) && !fs_slot(fs, kind))
            return false;
    }
    return true;
}

int sally_fs_supports(const sally_fs *fs, uint32_t kind)
{
    const struct op_kind *k = op_kind(kind);
    return fs_slot(fs, kind) != NULL ||
           (k->fallback != FALL_UNSUPPORTED && has_slots(fs, k->needs));
}

void sally_fs_methods_wrap(sally_fs_methods *methods, const sally_fs *inner, sally_fs_slot *slot)
{
    methods->traits |= sally_fs_traits(inner) & SALLY_FS_ACL;
    if (inner->methods.cancel && SIZED_TO(sally_fs_methods, cancel) <= methods->struct_size)
        methods->cancel = sally_fs_cancel_inner;
    for (uint32_t kind = 1; kind < SALLY_OP_KINDS; kind++) {
        size_t at = slot_offset[kind];
        if (fs_slot(inner, kind) && at + sizeof(sally_fs_slot *) <= methods->struct_size)
            memcpy((char *)methods + at, &slot, sizeof slot);
    }
}
