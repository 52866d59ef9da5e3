/* Which storage has an operation now, according to its frames, and passing a cancellation on to it.
 * Another thread may push and pop frames meanwhile. */
#include "core/fs.h"

static sally_fs *inner_of(const struct op_frame *frame)
{
    return atomic_load_explicit(&frame->inner, memory_order_relaxed);
}

/* The newest frame in which `fs` waits for another storage, or for the library; NULL: it does not.
 */
static const struct op_frame *frame_that_waits(const sally_op *pub, const sally_fs *fs)
{
    const struct op *op = (const struct op *)(const void *)pub;
    uint32_t count = atomic_load_explicit(&op->frame_count, memory_order_acquire);
    const struct op_frame *frames = atomic_load_explicit(&op->frames, memory_order_acquire);
    while (count-- > 0) {
        /* Where both are the same it is a default of the library's: fs_defaults.c. */
        sally_fs *waits = atomic_load_explicit(&frames[count].fs, memory_order_relaxed);
        if (waits == fs && inner_of(&frames[count]) != fs)
            return &frames[count];
    }
    return NULL;
}

void *sally_op_context(const sally_op *op, const sally_fs *fs)
{
    const struct op_frame *frame = frame_that_waits(op, fs);
    return frame ? atomic_load_explicit(&frame->context, memory_order_relaxed) : NULL;
}

void fs_cancel(sally_fs *fs, sally_op *op)
{
    if (fs->methods.cancel)
        fs->methods.cancel(fs, op);
}

void sally_fs_cancel_inner(sally_fs *fs, sally_op *op)
{
    const struct op_frame *frame = frame_that_waits(op, fs);
    sally_fs *inner = frame ? inner_of(frame) : NULL;
    if (inner)
        fs_cancel(inner, op);
}
