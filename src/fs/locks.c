#include "fs/locks.h"

#include <stdio.h>

#include "base/mem.h"

#define LOCK_BITS   (LOCKS_BLOCKS | SALLY_OPEN_BLOCK_ADVISORY)
#define ACE4_DELETE 0x00010000u /* draft-ietf-secsh-filexfer-13 section 7.8.3 */
#define WRITES      (SALLY_OPEN_WRITE | SALLY_OPEN_APPEND)

struct lock_range {
    struct range range; /* its offset and the length below are as requested: they identify it */
    uint64_t length;
    struct list link; /* in its holder's list */
    struct lock_holder *holder;
};

void locks_init(struct locks *locks)
{
    pthread_mutex_init(&locks->mutex, NULL);
    atomic_init(&locks->reserved, 0);
    atomic_init(&locks->ranges, 0);
    locks->tree = (struct range_tree){NULL, 0};
    lock_users_init(&locks->users);
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

/* The use of an open file, as the bits that would forbid it. */
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
    holder->user = NULL;
}

/* Records the holder in the operation (or NULL): a range, or NULL for a reservation or use of the
 * file. Only informational, so it may fail. */
static void report(sally_op *op, const struct lock_holder *holder, const struct lock_range *range)
{
    if (!op)
        return;
    const sally_lock_holder info = {
        .struct_size = sizeof info,
        .session_id = sally_session_id(holder->session),
        .connection_id = sally_session_peer(holder->session)->connection_id,
        .user = sally_session_user(holder->session),
        .path = holder->path,
        .offset = range ? range->range.offset : 0,
        .length = range ? range->length : 0,
        .flags = range ? range->range.blocks : holder->blocks,
        .is_range = range != NULL,
    };
    (void)sally_op_set_lock_holder(op, &info);
}

/* Whether a reservation conflicts with another use. Advisory ones only conflict with other
 * reservations. */
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

static struct lock_range *lock_range_of(struct range *range)
{
    return CONTAINER_OF(range, struct lock_range, range);
}

static void report_range(sally_op *op, struct range *range)
{
    const struct lock_range *found = lock_range_of(range);
    report(op, found->holder, found);
}

static void drop_range(struct locks *locks, struct lock_holder *holder, struct lock_range *range)
{
    range_tree_remove(&locks->tree, &range->range);
    list_remove(&range->link);
    mem_free(range);
    holder->range_count--;
    holder->user->ranges--;
    lock_user_release(holder->user);
    atomic_fetch_sub_explicit(&locks->ranges, 1, memory_order_release);
    atomic_fetch_sub_explicit(&locks->reserved, 1, memory_order_release);
}

void locks_leave(struct locks *locks, struct lock_holder *holder)
{
    if (!holder->entered)
        return;
    pthread_mutex_lock(&locks->mutex);
    LIST_EACH (item, &holder->ranges) {
        drop_range(locks, holder, CONTAINER_OF(item, struct lock_range, link));
    }
    list_remove(&holder->link);
    if (holder->blocks & LOCKS_BLOCKS)
        atomic_fetch_sub_explicit(&locks->reserved, 1, memory_order_release);
    holder->entered = false;
    pthread_mutex_unlock(&locks->mutex);
}

sally_status locks_check_delete_slowly(struct locks *locks, struct lock_key key, sally_op *op)
{
    sally_status status = SALLY_OK;
    pthread_mutex_lock(&locks->mutex);
    EACH_HOLDER(locks, key)
    {
        if (status == SALLY_OK && is_in_the_way(other->blocks, SALLY_OPEN_BLOCK_DELETE, 0)) {
            report(op, other, NULL);
            status = SALLY_LOCK_CONFLICT;
        }
    }
    struct range *range = status == SALLY_OK
                              ? range_tree_forbidding(&locks->tree, key, 0, UINT64_MAX,
                                                      SALLY_OPEN_BLOCK_DELETE, RANGES_OF_ALL, NULL)
                              : NULL;
    if (range) {
        report_range(op, range);
        status = SALLY_LOCK_CONFLICT;
    }
    pthread_mutex_unlock(&locks->mutex);
    return status;
}

/* Under the lock. Whether a range of another session forbids this. */
static bool is_forbidden(struct locks *locks, struct lock_key key, uint64_t offset, uint64_t end,
                         uint32_t bit, const sally_session *session, sally_op *op)
{
    struct range *range =
        range_tree_forbidding(&locks->tree, key, offset, end, bit, RANGES_OF_OTHERS, session);
    if (range)
        report_range(op, range);
    return range != NULL;
}

sally_status locks_check_cut_slowly(struct locks *locks, struct lock_key key, uint64_t size,
                                    sally_op *op)
{
    sally_status status = SALLY_OK;
    pthread_mutex_lock(&locks->mutex);
    EACH_HOLDER(locks, key)
    {
        if (status == SALLY_OK && is_in_the_way(other->blocks, SALLY_OPEN_BLOCK_WRITE, 0)) {
            report(op, other, NULL);
            status = SALLY_LOCK_CONFLICT;
        }
    }
    if (status == SALLY_OK &&
        is_forbidden(locks, key, size, UINT64_MAX, SALLY_OPEN_BLOCK_WRITE, op->session, op))
        status = SALLY_BYTE_RANGE_LOCK_CONFLICT;
    pthread_mutex_unlock(&locks->mutex);
    return status;
}

sally_status locks_check_io_slowly(struct locks *locks, const struct lock_holder *holder,
                                   uint64_t offset, uint64_t length, bool writes, sally_op *op)
{
    uint32_t bit = writes ? SALLY_OPEN_BLOCK_WRITE : SALLY_OPEN_BLOCK_READ;
    if (length == 0)
        return SALLY_OK;
    pthread_mutex_lock(&locks->mutex);
    bool forbidden =
        is_forbidden(locks, holder->key, offset, end_of(offset, length), bit, holder->session, op);
    pthread_mutex_unlock(&locks->mutex);
    return forbidden ? SALLY_BYTE_RANGE_LOCK_CONFLICT : SALLY_OK;
}

static bool is_one_too_many(const char *whose, uint32_t there, uint32_t most, sally_op *op)
{
    char text[100];
    if (there < most)
        return false;
    snprintf(text, sizeof(text), "Too many byte-range locks: %s may have %u", whose,
             (unsigned)most);
    if (op)
        sally_op_set_message(op, text);
    return true;
}

/* "If the requested range overlaps in any fashion with an already granted request (even if the
 * request is from the same client in the same connection)". */
static bool may_have(struct locks *locks, const struct lock_holder *holder,
                     const struct lock_user *user, const struct range *wanted, sally_op *op)
{
    struct range *taken =
        range_tree_touching(&locks->tree, wanted->file, wanted->offset, wanted->end);
    if (taken) {
        report_range(op, taken);
        return false;
    }
    uint32_t all = atomic_load_explicit(&locks->ranges, memory_order_relaxed);
    return !is_one_too_many("an open file", holder->range_count, LOCKS_MAX_OF_HANDLE, op) &&
           !is_one_too_many("a user", user->ranges, LOCKS_MAX_OF_USER, op) &&
           !is_one_too_many("all users", all, LOCKS_MAX, op) &&
           !is_one_too_many("a file", range_tree_count(&locks->tree, wanted->file),
                            LOCKS_MAX_OF_FILE, op);
}

/* Under the lock. The range becomes the holder's unless this fails. */
static sally_status acquire(struct locks *locks, struct lock_holder *holder,
                            struct lock_range *range, sally_op *op)
{
    struct lock_user *user =
        holder->range_count ? holder->user
                            : lock_users_get(&locks->users, sally_session_user(holder->session));
    if (!user)
        return SALLY_FAILURE;
    if (!may_have(locks, holder, user, &range->range, op)) {
        lock_user_release(user);
        return SALLY_BYTE_RANGE_LOCK_REFUSED;
    }
    holder->user = user;
    user->ranges++;
    holder->range_count++;
    list_append(&holder->ranges, &range->link);
    range_tree_add(&locks->tree, &range->range);
    atomic_fetch_add_explicit(&locks->ranges, 1, memory_order_release);
    atomic_fetch_add_explicit(&locks->reserved, 1, memory_order_release);
    return SALLY_OK;
}

sally_status locks_add(struct locks *locks, struct lock_holder *holder, const sally_op_lock *lock,
                       sally_op *op)
{
    if (!(lock->flags & LOCKS_BLOCKS) || (lock->flags & ~(uint32_t)LOCK_BITS) ||
        lock->offset > INT64_MAX)
        return SALLY_INVALID_PARAMETER;
    struct lock_range *range = mem_alloc(sizeof(*range));
    if (!range)
        return SALLY_FAILURE;
    *range = (struct lock_range){.range = {.file = holder->key,
                                           .offset = lock->offset,
                                           .end = end_of(lock->offset, lock->length),
                                           .blocks = lock->flags,
                                           .owner = holder->session},
                                 .length = lock->length,
                                 .holder = holder};
    pthread_mutex_lock(&locks->mutex);
    sally_status status = acquire(locks, holder, range, op);
    pthread_mutex_unlock(&locks->mutex);
    if (status != SALLY_OK)
        mem_free(range);
    return status;
}

static struct lock_range *find_range(struct locks *locks, const struct lock_holder *holder,
                                     const sally_op_lock *lock)
{
    struct range *range = range_tree_touching(&locks->tree, holder->key, lock->offset,
                                              end_of(lock->offset, lock->length));
    struct lock_range *found = range ? lock_range_of(range) : NULL;
    bool same = found && found->holder == holder && range->offset == lock->offset &&
                found->length == lock->length;
    return same ? found : NULL;
}

bool locks_has(struct locks *locks, const struct lock_holder *holder, const sally_op_lock *lock)
{
    pthread_mutex_lock(&locks->mutex);
    bool has = find_range(locks, holder, lock) != NULL;
    pthread_mutex_unlock(&locks->mutex);
    return has;
}

sally_status locks_remove(struct locks *locks, struct lock_holder *holder,
                          const sally_op_lock *lock)
{
    pthread_mutex_lock(&locks->mutex);
    struct lock_range *range = find_range(locks, holder, lock);
    if (range)
        drop_range(locks, holder, range);
    pthread_mutex_unlock(&locks->mutex);
    return range ? SALLY_OK : SALLY_NO_MATCHING_BYTE_RANGE_LOCK;
}
