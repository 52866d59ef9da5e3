/* Calls from one storage to the next, and the return through the frames of waiting wrappers. */
#include "core/file.h"
#include "core/fs.h"
#include "core/grants.h"
#include "core/op_kinds.h"
#include "core/status.h"

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
    if (status == STATUS_ASKS)
        status = fs_begin_asked(pub);
    /* After PENDING another thread may have the operation. */
    if (status != SALLY_PENDING)
        fs_restore_paths(pub, &paths);
    return status;
}

static struct op_frame *frames_of(const struct op *op)
{
    return atomic_load_explicit(&op->frames, memory_order_relaxed);
}

static void set_frame(struct op_frame *frame, sally_fs *fs, sally_fs *inner, void *context)
{
    atomic_store_explicit(&frame->fs, fs, memory_order_relaxed);
    atomic_store_explicit(&frame->inner, inner, memory_order_relaxed);
    atomic_store_explicit(&frame->context, context, memory_order_relaxed);
}

static sally_fs *fs_of(const struct op_frame *frame)
{
    return atomic_load_explicit(&frame->fs, memory_order_relaxed);
}

static sally_fs *inner_of(const struct op_frame *frame)
{
    return atomic_load_explicit(&frame->inner, memory_order_relaxed);
}

static void *context_of(const struct op_frame *frame)
{
    return atomic_load_explicit(&frame->context, memory_order_relaxed);
}

/* The old frames are kept for threads that may be reading them. */
static bool make_room(struct op *op, uint32_t count)
{
    const struct op_frame *old = frames_of(op);
    struct op_frame *frames = sally_op_alloc(&op->pub, 2 * (size_t)count * sizeof *frames);
    if (!frames)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        set_frame(&frames[i], fs_of(&old[i]), inner_of(&old[i]), context_of(&old[i]));
        frames[i].paths = old[i].paths;
        frames[i].on_done = old[i].on_done;
    }
    op->frame_capacity = 2 * count;
    atomic_store_explicit(&op->frames, frames, memory_order_release);
    return true;
}

static void set_frame_count(struct op *op, uint32_t count)
{
    atomic_store_explicit(&op->frame_count, count, memory_order_release);
}

bool fs_push_frame(sally_fs *fs, sally_fs *inner, sally_op *pub, sally_done_fn *on_done,
                   void *context)
{
    struct op *op = op_of(pub);
    uint32_t count = op_frame_count(op);
    if (count == op->frame_capacity && !make_room(op, count))
        return false;
    struct op_frame *frame = &frames_of(op)[count];
    set_frame(frame, fs, inner, context);
    frame->paths = fs_paths_of(pub);
    frame->on_done = on_done;
    set_frame_count(op, count + 1);
    return true;
}

static void drop_frame(struct op *op)
{
    set_frame_count(op, op_frame_count(op) - 1);
}

static sally_status tell(sally_done_fn *on_done, sally_fs *fs, sally_op *op, sally_status status,
                         void *context)
{
    status = on_done(fs, op, status, context);
    return status == STATUS_ASKS ? fs_begin_asked(op) : status;
}

sally_status fs_pop_frame(struct op *op, sally_status status)
{
    const struct op_frame *frame = &frames_of(op)[op_frame_count(op) - 1];
    const struct op_paths paths = frame->paths;
    sally_done_fn *on_done = frame->on_done;
    sally_fs *fs = fs_of(frame);
    void *context = context_of(frame);
    status = grants_answered(op, inner_of(frame), op_frame_count(op), status);
    drop_frame(op);
    fs_restore_paths(&op->pub, &paths);
    return on_done ? tell(on_done, fs, &op->pub, status, context) : status;
}

sally_status fs_call_inline(sally_fs *fs, sally_fs *inner, sally_op *pub, sally_done_fn *on_done,
                            void *context)
{
    struct op *op = op_of(pub);
    if (!fs_push_frame(fs, inner, pub, on_done, context))
        return SALLY_FAILURE;
    sally_status status = fs_invoke(inner, pub);
    /* After PENDING the operation belongs to another thread, which may have popped the frame
     * already. */
    if (status == SALLY_PENDING)
        return status;
    status = grants_answered(op, inner, op_frame_count(op), status);
    drop_frame(op);
    return status;
}

sally_status sally_fs_call(sally_fs *fs, sally_fs *inner, sally_op *op, sally_done_fn *on_done,
                           void *context)
{
    /* Kinds that can be undone always need a frame, to note which storage has granted them, as does
     * what can be cancelled, to tell which one has it. */
    if (!on_done && !context && op_kind(op->kind)->undo == 0 && !inner->methods.cancel)
        return fs_invoke(inner, op);
    sally_status status = fs_call_inline(fs, inner, op, on_done, context);
    if (status == SALLY_PENDING || status == SALLY_WOULD_BLOCK || !on_done)
        return status;
    return tell(on_done, fs, op, status, context);
}
