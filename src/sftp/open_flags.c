#include "sftp/open_flags.h"

#include <stddef.h>

#include "base/mem.h"
#include "sallyport/op.h"
#include "sftp/protocol.h"

/* clang-format off */
static const struct {
    uint32_t wire, inside;
    uint32_t from_version;
} bits[] = {
    {SSH_FXF_APPEND_DATA_ATOMIC, SALLY_OPEN_APPEND | SALLY_OPEN_APPEND_ATOMIC, 5},
    {SSH_FXF_APPEND_DATA,        SALLY_OPEN_APPEND,                            5},
    {SSH_FXF_TEXT_MODE,          SALLY_OPEN_TEXT,                              5},
    {SSH_FXF_BLOCK_READ,         SALLY_OPEN_BLOCK_READ,                        5},
    {SSH_FXF_BLOCK_WRITE,        SALLY_OPEN_BLOCK_WRITE,                       5},
    {SSH_FXF_BLOCK_DELETE,       SALLY_OPEN_BLOCK_DELETE,                      5},
    {SSH_FXF_BLOCK_ADVISORY,     SALLY_OPEN_BLOCK_ADVISORY,                    6},
    {SSH_FXF_NOFOLLOW,           SALLY_OPEN_NOFOLLOW,                          6},
    {SSH_FXF_DELETE_ON_CLOSE,    SALLY_OPEN_DELETE_ON_CLOSE,                   6},
};

static const uint32_t dispositions[] = {
    [SSH_FXF_CREATE_NEW]        = SALLY_OPEN_CREATE | SALLY_OPEN_EXCLUSIVE,
    [SSH_FXF_CREATE_TRUNCATE]   = SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE,
    [SSH_FXF_OPEN_EXISTING]     = 0,
    [SSH_FXF_OPEN_OR_CREATE]    = SALLY_OPEN_CREATE,
    [SSH_FXF_TRUNCATE_EXISTING] = SALLY_OPEN_TRUNCATE,
};
/* clang-format on */

#define DISPOSED ((uint32_t)(SALLY_OPEN_CREATE | SALLY_OPEN_EXCLUSIVE | SALLY_OPEN_TRUNCATE))
#define BLOCKS                                                                                     \
    (SSH_FXF_BLOCK_READ | SSH_FXF_BLOCK_WRITE | SSH_FXF_BLOCK_DELETE | SSH_FXF_BLOCK_ADVISORY)

sally_status open_flags_of_wire(uint32_t version, uint32_t wire, uint32_t *flags)
{
    uint32_t disposition = wire & SSH_FXF_ACCESS_DISPOSITION;
    if (disposition >= COUNT_OF(dispositions) || wire >= SSH_FXF_LAST << 1)
        return SALLY_INVALID_PARAMETER;
    *flags = dispositions[disposition];
    wire &= ~SSH_FXF_ACCESS_DISPOSITION;
    for (size_t i = 0; i < COUNT_OF(bits); i++) {
        if (wire & bits[i].wire && version >= bits[i].from_version) {
            *flags |= bits[i].inside;
            wire &= ~bits[i].wire;
        }
    }
    return wire ? SALLY_UNSUPPORTED : SALLY_OK; /* backup streams, privileges, a later version */
}

uint32_t open_flags_to_wire(uint32_t version, uint32_t *flags)
{
    uint32_t wire = SSH_FXF_OPEN_EXISTING, disposed = *flags & DISPOSED;
    if (disposed == DISPOSED) /* what is new is empty */
        disposed &= ~(uint32_t)SALLY_OPEN_TRUNCATE;
    for (uint32_t i = 0; i < COUNT_OF(dispositions); i++) {
        if (dispositions[i] == disposed) {
            wire = i;
            *flags &= ~DISPOSED;
        }
    }
    for (size_t i = 0; i < COUNT_OF(bits); i++) {
        if ((*flags & bits[i].inside) == bits[i].inside && version >= bits[i].from_version) {
            wire |= bits[i].wire;
            *flags &= ~bits[i].inside;
        }
    }
    return wire;
}

uint32_t block_flags_of_wire(uint32_t *wire)
{
    uint32_t flags = 0;
    for (size_t i = 0; i < COUNT_OF(bits); i++)
        if (*wire & bits[i].wire & BLOCKS)
            flags |= bits[i].inside;
    *wire &= ~BLOCKS;
    return flags;
}
