/* Calls from one storage to the next, and the way back through the frames of those that wait. */
#include "core/file.h"
#include "core/fs.h"
#include "core/grants.h"
#include "core/op_kinds.h"

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
    sally_fs_slot *slot = fs_slot(fs, pub->kind);
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

sally_status fs_call_inline(sally_fs *fs, sally_fs *inner, sally_op *pub, sally_done_fn *on_done,
                            void *context)
{
    struct op *op = op_of(pub);
    const struct op_frame frame = {fs, inner, fs_paths_of(pub), on_done, context};
    if (!push_frame(op, &frame))
        return SALLY_FAILURE;
    sally_status status = fs_invoke(inner, pub);
    /* After PENDING the operation belongs to another thread, which may have popped the frame
     * already. */
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
    sally_status status = fs_call_inline(fs, inner, op, on_done, context);
    if (status == SALLY_PENDING || status == SALLY_WOULD_BLOCK || !on_done)
        return status;
    return on_done(fs, op, status, context);
}

void sally_fs_cancel(sally_fs *inner, sally_op *op)
{
    if (inner->methods.cancel)
        inner->methods.cancel(inner, op);
}
