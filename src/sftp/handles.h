/* The handles that a client knows: an index and a generation, never a pointer, so that a closed
 * handle stays invalid when its place is used again. */
#ifndef SALLY_SFTP_HANDLES_H
#define SALLY_SFTP_HANDLES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "sallyport/op.h"

/* Bytes of a handle on the wire; a handle of any other size is invalid. */
#define HANDLE_SIZE 8

struct handle_slot {
    sally_file *file; /* NULL: free */
    uint32_t generation;
    uint32_t next_free;
    uint64_t text_at; /* where the next READ or WRITE in text mode starts */
};

struct handles {
    struct handle_slot *slots;
    uint32_t count;    /* of slots */
    uint32_t used;     /* open */
    uint32_t reserved; /* reserved for OPENs in progress */
    uint32_t max;
    uint32_t first_free;
};

void handles_init(struct handles *h, uint32_t max);
void handles_clear(struct handles *h);

/* Reserves a place before the storage opens anything: SALLY_OK, or SALLY_FAILURE. `full`: because
 * the maximum is reached. */
sally_status handles_reserve(struct handles *h, bool *full);
void handles_unreserve(struct handles *h);
/* Uses a reservation and writes the handle's bytes. */
void handles_add(struct handles *h, sally_file *file, uint8_t out[HANDLE_SIZE]);
/* NULL: not an open handle. */
sally_file *handles_find(const struct handles *h, struct slice handle);
/* The slot of an open file; NULL: it has none. Valid until the next handles_reserve(). */
struct handle_slot *handles_slot_of(const struct handles *h, const sally_file *file);
/* `handle` was found. */
void handles_remove(struct handles *h, struct slice handle);

#endif
