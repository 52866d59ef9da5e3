#include "core/fs.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/sized.h"
#include "core/file.h"
#include "core/grants.h"
#include "core/op_kinds.h"

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

bool fs_has_slots(const sally_fs *fs, uint64_t kinds)
{
    for (uint32_t kind = 1; kind < SALLY_OP_KINDS; kind++) {
        if ((kinds & SALLY_OP_BIT(kind)) && !slot_of(fs, kind))
            return false;
    }
    return true;
}

int sally_fs_supports(const sally_fs *fs, uint32_t kind)
{
    return slot_of(fs, kind) != NULL || fs_has_default(fs, kind);
}

void sally_fs_methods_wrap(sally_fs_methods *methods, const sally_fs *inner, sally_fs_slot *slot)
{
    methods->traits |= sally_fs_traits(inner) & SALLY_FS_ACL;
    for (uint32_t kind = 1; kind < SALLY_OP_KINDS; kind++) {
        size_t at = slot_offset[kind];
        if (slot_of(inner, kind) && at + sizeof(sally_fs_slot *) <= methods->struct_size)
            memcpy((char *)methods + at, &slot, sizeof slot);
    }
}

/* A storage without an open or opendir slot keeps no state for files or directories, so it knows
 * them all. */
static bool is_known_to(const sally_fs *fs, const sally_file *file)
{
    sally_fs_slot *opens = file->facts.is_directory ? fs->methods.opendir : fs->methods.open;
    return !opens || file_is_open_in(file, fs);
}

static bool is_foreign(const sally_fs *fs, const sally_op *op)
{
    const sally_file *second = op_second_file(op);
    if (op_kind(op->kind)->handle == NO_HANDLE)
        return false;
    return (op->file && !is_known_to(fs, op->file)) || (second && !is_known_to(fs, second));
}

struct op_paths fs_paths_of(const sally_op *op)
{
    return (struct op_paths){op->path, op_has_to(op) ? op->u.rename.to : NULL};
}

void fs_restore_paths(sally_op *op, const struct op_paths *paths)
{
    op->path = paths->path;
    if (op_has_to(op))
        op->u.rename.to = paths->to;
}

sally_status fs_invoke(sally_fs *fs, sally_op *pub)
{
    struct op *op = op_of(pub);
    if (is_foreign(fs, pub))
        return op_kind(pub->kind)->fallback == FALL_COPY ? SALLY_UNSUPPORTED : SALLY_INVALID_HANDLE;
    if (op_kind(pub->kind)->undo && pub->kind == op->kind && !grants_ask(op, fs))
        return SALLY_FAILURE;
    const struct op_paths paths = fs_paths_of(pub);
    sally_fs_slot *slot = slot_of(fs, pub->kind);
    sally_status status = slot ? slot(fs, pub) : fs_default(fs, pub);
    /* After PENDING another thread may have the operation. */
    if (status != SALLY_PENDING)
        fs_restore_paths(pub, &paths);
    return status;
}

static bool push_frame(struct op *op, const struct op_frame *frame)
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
    op->frames[op->frame_count++] = *frame;
    return true;
}

sally_status fs_pop_frame(struct op *op, sally_status status)
{
    const struct op_frame frame = op->frames[op->frame_count - 1];
    status = grants_answered(op, frame.inner, op->frame_count, status);
    op->frame_count--;
    fs_restore_paths(&op->pub, &frame.paths);
    return frame.on_done ? frame.on_done(frame.fs, &op->pub, status, frame.context) : status;
}

sally_status fs_call_quiet(sally_fs *fs, sally_fs *inner, sally_op *pub, sally_done_fn *on_done,
                           void *context)
{
    struct op *op = op_of(pub);
    const struct op_frame frame = {fs, inner, fs_paths_of(pub), on_done, context};
    if (!push_frame(op, &frame))
        return SALLY_FAILURE;
    sally_status status = fs_invoke(inner, pub);
    /* After PENDING the operation is somebody else's: the frame may be popped already. */
    if (status == SALLY_PENDING)
        return status;
    status = grants_answered(op, inner, op->frame_count, status);
    op->frame_count--;
    return status;
}

sally_status sally_fs_call(sally_fs *fs, sally_fs *inner, sally_op *op, sally_done_fn *on_done,
                           void *context)
{
    /* Kinds that can be undone always need a frame, to note which storage has granted them. */
    if (!on_done && op_kind(op->kind)->undo == 0)
        return fs_invoke(inner, op);
    sally_status status = fs_call_quiet(fs, inner, op, on_done, context);
    if (status == SALLY_PENDING || status == SALLY_WOULD_BLOCK || !on_done)
        return status;
    return on_done(fs, op, status, context);
}

void sally_fs_cancel(sally_fs *inner, sally_op *op)
{
    if (inner->methods.cancel)
        inner->methods.cancel(inner, op);
}
