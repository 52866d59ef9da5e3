/* Share reservations (draft-ietf-secsh-filexfer-13 section 8.1.1.3) and byte-range locks (section
 * 8.8) between all open files of one storage, across sessions and protocols. Any thread. While
 * there are none, a check is one look at a number. */
#ifndef SALLY_FS_LOCKS_H
#define SALLY_FS_LOCKS_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "fs/lock_users.h"
#include "fs/range_tree.h"
#include "sallyport/file.h"
#include "sallyport/op.h"
#include "sallyport/session.h"

#define LOCKS_BUCKETS 256u

/* Maximum numbers of ranges. For the local storage the kernel keeps the same locks in one list per
 * file, in its own memory, and every LOCK walks through it. */
#define LOCKS_MAX_OF_HANDLE 1024u /* of one open file */
#define LOCKS_MAX_OF_FILE   8192u
#define LOCKS_MAX_OF_USER   8192u
#define LOCKS_MAX           131072u /* of all users of a storage */

#define LOCKS_BLOCKS (SALLY_OPEN_BLOCK_READ | SALLY_OPEN_BLOCK_WRITE | SALLY_OPEN_BLOCK_DELETE)

/* One open file, inside whatever the storage keeps of it. */
struct lock_holder {
    struct list link; /* in its bucket */
    struct lock_key key;
    const sally_session *session;
    const char *path; /* by which the session opened the file; lives as long as the file is open */
    uint32_t wants;   /* SALLY_OPEN_BLOCK_ bits of others that would conflict */
    uint32_t blocks;  /* SALLY_OPEN_BLOCK_ bits, ADVISORY included */
    bool entered;
    uint32_t range_count;
    struct list ranges;
    struct lock_user *user; /* while there are ranges */
};

struct locks {
    pthread_mutex_t mutex;
    _Atomic uint32_t reserved; /* holders with blocks, and ranges: 0 means that everything is
                                * allowed */
    _Atomic uint32_t ranges;   /* the latter alone */
    struct list buckets[LOCKS_BUCKETS];
    struct range_tree tree;
    struct lock_users users;
};

void locks_init(struct locks *locks);
void locks_clear(struct locks *locks);

/* Call this once, before any other use of the holder, for the operation that opens the file or
 * inspects it. `flags` and `access` as in sally_op_open. */
void lock_holder_init(struct lock_holder *holder, const sally_op *op, uint32_t flags,
                      uint32_t access);

/* Calls that refuse something record the holder in `op` (sally_op_lock_holder); `op` may be
 * NULL. */

/* An open file joins. LOCK_CONFLICT: with what others reserve, or have opened already. */
sally_status locks_enter(struct locks *locks, struct lock_holder *holder, struct lock_key key,
                         sally_op *op);
/* Leaves, with all its ranges; also one that never joined. */
void locks_leave(struct locks *locks, struct lock_holder *holder);

/* A name of the file is removed or replaced. LOCK_CONFLICT. */
sally_status locks_check_delete_slowly(struct locks *locks, struct lock_key key, sally_op *op);
/* The size changes by path. LOCK_CONFLICT, BYTE_RANGE_LOCK_CONFLICT. */
sally_status locks_check_cut_slowly(struct locks *locks, struct lock_key key, uint64_t size,
                                    sally_op *op);
/* READ or WRITE, by what has joined. BYTE_RANGE_LOCK_CONFLICT. */
sally_status locks_check_io_slowly(struct locks *locks, const struct lock_holder *holder,
                                   uint64_t offset, uint64_t length, bool writes, sally_op *op);

/* Whether anything at all is reserved or locked. */
static inline bool locks_any(struct locks *locks)
{
    return atomic_load_explicit(&locks->reserved, memory_order_acquire) != 0;
}

static inline sally_status locks_check_io(struct locks *locks, const struct lock_holder *holder,
                                          uint64_t offset, uint64_t length, bool writes,
                                          sally_op *op)
{
    if (atomic_load_explicit(&locks->ranges, memory_order_acquire) == 0)
        return SALLY_OK;
    return locks_check_io_slowly(locks, holder, offset, length, writes, op);
}

/* LOCK; a length of 0 means to the end, however long. BYTE_RANGE_LOCK_REFUSED: overlaps with
 * another one, even of the same file, or there are too many, and `op` gets a message;
 * INVALID_PARAMETER: no bits, or unknown ones, or bytes that no file can have. */
sally_status locks_add(struct locks *locks, struct lock_holder *holder, const sally_op_lock *lock,
                       sally_op *op);
/* Whether exactly this was locked by the open file. */
bool locks_has(struct locks *locks, const struct lock_holder *holder, const sally_op_lock *lock);
/* UNLOCK of exactly what was locked. NO_MATCHING_BYTE_RANGE_LOCK. */
sally_status locks_remove(struct locks *locks, struct lock_holder *holder,
                          const sally_op_lock *lock);

#endif
