#include "core/fs.h"

#include <stddef.h>

#include "base/mem.h"
#include "base/sized.h"
#include "core/run.h"

static const size_t slot_offset[SALLY_OP_KINDS] = {
#define SLOT(name, value, slot, permission) [value] = offsetof(sally_fs_methods, slot),
    SALLY_OP_MAP(SLOT)
#undef SLOT
};

static sally_fs_slot *slot_of(const sally_fs *fs, uint32_t kind)
{
    if (kind >= SALLY_OP_KINDS || slot_offset[kind] == 0)
        return NULL;
    return *(sally_fs_slot *const *)(const void *)((const char *)&fs->methods + slot_offset[kind]);
}

sally_error sally_fs_new(sally_fs **out, const sally_fs_methods *methods, void *user_data)
{
    if (!out || !methods)
        return SALLY_E_INVALID;
    *out = NULL;
    sally_fs *fs = mem_zalloc(sizeof *fs);
    if (!fs)
        return SALLY_E_NO_MEMORY;
    if (!sized_copy(&fs->methods, sizeof fs->methods, methods, methods->struct_size,
                    offsetof(sally_fs_methods, session_start))) {
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

int sally_fs_supports(const sally_fs *fs, uint32_t kind)
{
    return slot_of(fs, kind) != NULL || fs_has_default(fs, kind);
}

sally_status fs_invoke(sally_fs *fs, sally_op *op)
{
    sally_fs_slot *slot = slot_of(fs, op->kind);
    return slot ? slot(fs, op) : fs_default(fs, op);
}

static bool push_frame(struct op *op, sally_fs *fs, sally_done_fn *on_done, void *context)
{
    if (op->frame_count == op->frame_capacity) {
        uint32_t capacity = op->frame_capacity * 2;
        struct op_frame *frames = sally_op_alloc(&op->pub, capacity * sizeof *frames);
        if (!frames)
            return false;
        for (uint32_t i = 0; i < op->frame_count; i++)
            frames[i] = op->frames[i];
        op->frames = frames;
        op->frame_capacity = capacity;
    }
    op->frames[op->frame_count++] = (struct op_frame){fs, on_done, context};
    return true;
}

sally_status fs_call_quiet(sally_fs *fs, sally_fs *inner, sally_op *pub, sally_done_fn *on_done,
                           void *context)
{
    struct op *op = op_of(pub);
    if (!push_frame(op, fs, on_done, context))
        return SALLY_FAILURE;
    sally_status status = fs_invoke(inner, pub);
    /* After PENDING the operation is somebody else's: the frame may be popped already. */
    if (status != SALLY_PENDING)
        op->frame_count--;
    return status;
}

sally_status sally_fs_call(sally_fs *fs, sally_fs *inner, sally_op *op, sally_done_fn *on_done,
                           void *context)
{
    if (!on_done)
        return fs_invoke(inner, op);
    sally_status status = fs_call_quiet(fs, inner, op, on_done, context);
    if (status == SALLY_PENDING || status == SALLY_WOULD_BLOCK)
        return status;
    return on_done(fs, op, status, context);
}

void sally_fs_cancel(sally_fs *inner, sally_op *op)
{
    if (inner->methods.cancel)
        inner->methods.cancel(inner, op);
}
