#include "core/io_check.h"

sally_status io_check_answer(uint32_t kind, const sally_op_io *io, sally_status status)
{
    if (status != SALLY_OK)
        return status;
    switch (kind) {
    case SALLY_OP_READ:
        if (io->done > io->length)
            return SALLY_FAILURE;
        return io->done == 0 && io->length > 0 ? SALLY_EOF : SALLY_OK;
    case SALLY_OP_WRITE:
        return io->done == io->length ? SALLY_OK : SALLY_FAILURE;
    default:
        return status;
    }
}
