/* The HASH operation, for storages that can read: digests of a range, block by block. */
#ifndef SALLY_FS_DIGEST_H
#define SALLY_FS_DIGEST_H

#include <pthread.h>

#include "sallyport/op.h"

/* The maximum size of all digests in one reply. */
#define DIGEST_MAX_ANSWER (256u * 1024)

struct crypto;

/* Created for the first digest: most storages never need one. Any thread. */
struct digest_source {
    pthread_mutex_t lock;
    struct crypto *crypto;
};

void digest_source_init(struct digest_source *source);
void digest_source_clear(struct digest_source *source);

/* Up to `size` bytes from `offset`; `*got` of 0 is the end of the file. */
typedef sally_status digest_read_fn(void *context, uint64_t offset, void *data, size_t size,
                                    size_t *got);

/* Answers the operation for a file of `file_size` bytes: as much of op->u.hash's range as there is.
 * Takes long: other operations get their turn between pieces, and before each piece it checks
 * whether the result is still wanted. In that case it returns PENDING, and finishes the operation
 * itself. `context` must last until `end` (NULL: nothing to do) is called, once, whatever the
 * answer. */
sally_status digest_answer(struct digest_source *source, sally_op *op, uint64_t file_size,
                           digest_read_fn *read, void (*end)(void *context), void *context);

#endif
