/* Outgoing bytes, owned by their producer until `release` is called. Chunks let the reply to a READ
 * travel from the storage's buffer to the cipher without a copy. */
#ifndef SALLY_BASE_CHUNK_H
#define SALLY_BASE_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct chunk {
    struct list link;
    const uint8_t *data; /* what is left to send */
    size_t size;
    void (*release)(struct chunk *c); /* called once: all was sent, or the receiver is gone */
    bool is_error;                    /* the receiver's: for the peer's standard error */
};

#endif
