#include "fs/locks.h"

#include "base/mem.h"

#define LOCK_BITS   (LOCKS_BLOCKS | SALLY_OPEN_BLOCK_ADVISORY)
#define ACE4_DELETE 0x00010000u /* draft-ietf-secsh-filexfer-13 section 7.8.3 */
#define WRITES      (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND)

struct range {
    struct list link;
    uint64_t offset, length; /* as they were asked for: together the range's name */
    uint64_t end;            /* first byte after it */
    uint32_t blocks;
};

void locks_init(struct locks *locks)
{
    pthread_mutex_init(&locks->mutex, NULL);
    atomic_init(&locks->reserved, 0);
    atomic_init(&locks->ranges, 0);
    for (size_t i = 0; i < LOCKS_BUCKETS; i++)
        list_init(&locks->buckets[i]);
}

void locks_clear(struct locks *locks)
{
    pthread_mutex_destroy(&locks->mutex);
}

static struct list *bucket_of(struct locks *locks, struct lock_key key)
{
    uint64_t mixed = (key.inode ^ (key.device << 32)) * UINT64_C(0x9e3779b97f4a7c15);
    return &locks->buckets[mixed >> 56];
}

static bool same_file(struct lock_key a, struct lock_key b)
{
    return a.device == b.device && a.inode == b.inode;
}

static uint64_t end_of(uint64_t offset, uint64_t length)
{
    return length == 0 || length > UINT64_MAX - offset ? UINT64_MAX : offset + length;
}

/* What an open file does, as the bits that forbid it. */
static uint32_t wanted_by(uint32_t flags, uint32_t access)
{
    uint32_t wants = 0;
    if (flags & WRITES)
        wants |= SALLY_OPEN_BLOCK_WRITE;
    if ((flags & SALLY_OPEN_READ) || !wants)
        wants |= SALLY_OPEN_BLOCK_READ;
    if ((flags & SALLY_OPEN_DELETE_ON_CLOSE) || (access & ACE4_DELETE))
        wants |= SALLY_OPEN_BLOCK_DELETE;
    return wants;
}

void lock_holder_init(struct lock_holder *holder, const sally_op *op, uint32_t flags,
                      uint32_t access)
{
    list_init(&holder->link);
    list_init(&holder->ranges);
    holder->session = op->session;
    holder->path = op->file ? sally_file_path(op->file) : op->path;
    holder->wants = wanted_by(flags, access);
    holder->blocks = flags & LOCK_BITS;
    holder->entered = false;
    holder->range_count = 0;
}

/* Tells the operation (or NULL) who is in its way: a range, or NULL for a reservation or use
 * of the file. What it says is a help only, so it may fail. */
static void report(sally_op *op, const struct lock_holder *holder, const struct range *range)
{
    if (!op)
        return;
    const sally_lock_holder info = {
        .struct_size = sizeof info,
        .session_id = sally_session_id(holder->session),
        .connection_id = sally_session_peer(holder->session)->connection_id,
        .user = sally_session_user(holder->session),
        .path = holder->path,
        .offset = range ? range->offset : 0,
        .length = range ? range->length : 0,
        .flags = range ? range->blocks : holder->blocks,
        .is_range = range != NULL,
    };
    (void)sally_op_set_lock_holder(op, &info);
}

/* Whether what one reserves is in another one's way. Advisory ones bind only those who reserve
 * something themselves. */
static bool is_in_the_way(uint32_t blocks, uint32_t wants, uint32_t blocks_of_other)
{
    if ((blocks & SALLY_OPEN_BLOCK_ADVISORY) && !(blocks_of_other & LOCKS_BLOCKS))
        return false;
    return (blocks & wants & LOCKS_BLOCKS) != 0;
}

static bool conflict(const struct lock_holder *a, const struct lock_holder *b)
{
    return is_in_the_way(a->blocks, b->wants, b->blocks) ||
           is_in_the_way(b->blocks, a->wants, a->blocks);
}

#define EACH_HOLDER(locks, wanted)                                                                 \
    LIST_EACH (item, bucket_of(locks, wanted))                                                     \
        for (struct lock_holder *other = CONTAINER_OF(item, struct lock_holder, link); other;      \
             other = NULL)                                                                         \
            if (same_file(other->key, wanted))

static sally_status conflicts_with_any(struct locks *locks, const struct lock_holder *holder,
                                       sally_op *op)
{
    EACH_HOLDER(locks, holder->key)
    {
        if (conflict(holder, other)) {
            report(op, other, NULL);
            return SALLY_LOCK_CONFLICT;
        }
    }
    return SALLY_OK;
}

sally_status locks_enter(struct locks *locks, struct lock_holder *holder, struct lock_key key,
                         sally_op *op)
{
    holder->key = key;
    sally_status status = SALLY_OK;
    bool blocks = (holder->blocks & LOCKS_BLOCKS) != 0;
    pthread_mutex_lock(&locks->mutex);
    if (blocks || locks_any(locks))
        status = conflicts_with_any(locks, holder, op);
    if (status == SALLY_OK) {
        list_append(bucket_of(locks, key), &holder->link);
        holder->entered = true;
        if (blocks)
            atomic_fetch_add_explicit(&locks->reserved, 1, memory_order_release);
    }
    pthread_mutex_unlock(&locks->mutex);
    return status;
}

static void drop_range(struct locks *locks, struct lock_holder *holder, struct range *range)
{
    list_remove(&range->link);
    mem_free(range);
    holder->range_count--;
    atomic_fetch_sub_explicit(&locks->ranges, 1, memory_order_release);
    atomic_fetch_sub_explicit(&locks->reserved, 1, memory_order_release);
}

void locks_leave(struct locks *locks, struct lock_holder *holder)
{
    if (!holder->entered)
        return;
    pthread_mutex_lock(&locks->mutex);
    LIST_EACH (item, &holder->ranges) {
        drop_range(locks, holder, CONTAINER_OF(item, struct range, link));
    }
    list_remove(&holder->link);
    if (holder->blocks & LOCKS_BLOCKS)
        atomic_fetch_sub_explicit(&locks->reserved, 1, memory_order_release);
    holder->entered = false;
    pthread_mutex_unlock(&locks->mutex);
}

static bool overlaps(const struct range *range, uint64_t offset, uint64_t end)
{
    return range->offset < end && offset < range->end;
}

/* The first range of this open file that touches these bytes and forbids one of `bits`; NULL: none.
 */
static const struct range *find_overlap(const struct lock_holder *holder, uint64_t offset,
                                        uint64_t end, uint32_t bits)
{
    LIST_EACH (item, &holder->ranges) {
        const struct range *range = CONTAINER_OF(item, struct range, link);
        if (overlaps(range, offset, end) && (range->blocks & bits))
            return range;
    }
    return NULL;
}

/* The same, of mandatory ones alone. */
static const struct range *find_forbidding(const struct lock_holder *holder, uint64_t offset,
                                           uint64_t end, uint32_t bit)
{
    LIST_EACH (item, &holder->ranges) {
        const struct range *range = CONTAINER_OF(item, struct range, link);
        if (overlaps(range, offset, end) && (range->blocks & bit) &&
            !(range->blocks & SALLY_OPEN_BLOCK_ADVISORY))
            return range;
    }
    return NULL;
}

sally_status locks_check_delete_slowly(struct locks *locks, struct lock_key key, sally_op *op)
{
    sally_status status = SALLY_OK;
    pthread_mutex_lock(&locks->mutex);
    EACH_HOLDER(locks, key)
    {
        bool reserved = is_in_the_way(other->blocks, SALLY_OPEN_BLOCK_DELETE, 0);
        const struct range *range = find_forbidding(other, 0, UINT64_MAX, SALLY_OPEN_BLOCK_DELETE);
        if (status == SALLY_OK && (reserved || range)) {
            report(op, other, reserved ? NULL : range);
            status = SALLY_LOCK_CONFLICT;
        }
    }
    pthread_mutex_unlock(&locks->mutex);
    return status;
}

sally_status locks_check_cut_slowly(struct locks *locks, struct lock_key key, uint64_t size,
                                    sally_op *op)
{
    sally_status status = SALLY_OK;
    pthread_mutex_lock(&locks->mutex);
    EACH_HOLDER(locks, key)
    {
        const struct range *range = NULL;
        sally_status here = SALLY_OK;
        if (is_in_the_way(other->blocks, SALLY_OPEN_BLOCK_WRITE, 0))
            here = SALLY_LOCK_CONFLICT;
        else if (status == SALLY_OK && other->session != op->session &&
                 (range = find_forbidding(other, size, UINT64_MAX, SALLY_OPEN_BLOCK_WRITE)))
            here = SALLY_BYTE_RANGE_LOCK_CONFLICT;
        if (here != SALLY_OK && here != status) { /* of each kind the first one is told */
            report(op, other, range);
            status = here;
        }
    }
    pthread_mutex_unlock(&locks->mutex);
    return status;
}

sally_status locks_check_io_slowly(struct locks *locks, const struct lock_holder *holder,
                                   uint64_t offset, uint64_t length, bool writes, sally_op *op)
{
    sally_status status = SALLY_OK;
    uint32_t bit = writes ? SALLY_OPEN_BLOCK_WRITE : SALLY_OPEN_BLOCK_READ;
    if (length == 0)
        return SALLY_OK;
    pthread_mutex_lock(&locks->mutex);
    EACH_HOLDER(locks, holder->key)
    {
        const struct range *range =
            status == SALLY_OK && other->session != holder->session
                ? find_forbidding(other, offset, end_of(offset, length), bit)
                : NULL;
        if (range) {
            report(op, other, range);
            status = SALLY_BYTE_RANGE_LOCK_CONFLICT;
        }
    }
    pthread_mutex_unlock(&locks->mutex);
    return status;
}

/* "If the requested range overlaps in any fashion with an already granted request (even if the
 * request is from the same client in the same connection)". */
static bool is_taken(struct locks *locks, const struct lock_holder *holder,
                     const struct range *wanted, sally_op *op)
{
    EACH_HOLDER(locks, holder->key)
    {
        const struct range *range = find_overlap(other, wanted->offset, wanted->end, LOCKS_BLOCKS);
        if (range) {
            report(op, other, range);
            return true;
        }
    }
    return false;
}

sally_status locks_add(struct locks *locks, struct lock_holder *holder, const sally_op_lock *lock,
                       sally_op *op)
{
    if (!(lock->flags & LOCKS_BLOCKS) || (lock->flags & ~LOCK_BITS))
        return SALLY_INVALID_PARAMETER;
    struct range *range = mem_alloc(sizeof(*range));
    if (!range)
        return SALLY_FAILURE;
    *range = (struct range){.offset = lock->offset,
                            .length = lock->length,
                            .end = end_of(lock->offset, lock->length),
                            .blocks = lock->flags};
    pthread_mutex_lock(&locks->mutex);
    bool ok = holder->range_count < LOCKS_MAX_RANGES && !is_taken(locks, holder, range, op);
    if (ok) {
        list_append(&holder->ranges, &range->link);
        holder->range_count++;
        atomic_fetch_add_explicit(&locks->ranges, 1, memory_order_release);
        atomic_fetch_add_explicit(&locks->reserved, 1, memory_order_release);
    }
    pthread_mutex_unlock(&locks->mutex);
    if (!ok)
        mem_free(range);
    return ok ? SALLY_OK : SALLY_BYTE_RANGE_LOCK_REFUSED;
}

static struct range *find_range(const struct lock_holder *holder, const sally_op_lock *lock)
{
    LIST_EACH (item, &holder->ranges) {
        struct range *range = CONTAINER_OF(item, struct range, link);
        if (range->offset == lock->offset && range->length == lock->length)
            return range;
    }
    return NULL;
}

bool locks_has(struct locks *locks, const struct lock_holder *holder, const sally_op_lock *lock)
{
    pthread_mutex_lock(&locks->mutex);
    bool has = find_range(holder, lock) != NULL;
    pthread_mutex_unlock(&locks->mutex);
    return has;
}

sally_status locks_remove(struct locks *locks, struct lock_holder *holder,
                          const sally_op_lock *lock)
{
    pthread_mutex_lock(&locks->mutex);
    struct range *range = find_range(holder, lock);
    if (range)
        drop_range(locks, holder, range);
    pthread_mutex_unlock(&locks->mutex);
    return range ? SALLY_OK : SALLY_NO_MATCHING_BYTE_RANGE_LOCK;
}
