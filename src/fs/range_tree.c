#include "fs/range_tree.h"

#include <stddef.h>

#include "sallyport/op.h"

static const uint32_t bits[RANGE_BITS] = {SALLY_OPEN_BLOCK_READ, SALLY_OPEN_BLOCK_WRITE,
                                          SALLY_OPEN_BLOCK_DELETE};

/* In the place of an owner. */
static const char nobody, several;

static int compare_files(struct lock_key a, struct lock_key b)
{
    if (a.device != b.device)
        return a.device < b.device ? -1 : 1;
    if (a.inode != b.inode)
        return a.inode < b.inode ? -1 : 1;
    return 0;
}

static int compare(const struct range *a, const struct range *b)
{
    int order = compare_files(a->file, b->file);
    if (order || a->offset == b->offset)
        return order;
    return a->offset < b->offset ? -1 : 1;
}

/* Balance */

static uint32_t height_of(const struct range *at)
{
    return at ? at->height : 0;
}

static uint32_t count_of(const struct range *at)
{
    return at ? at->count : 0;
}

static const void *own_forbidding(const struct range *at, int bit)
{
    bool forbids = (at->blocks & bits[bit]) && !(at->blocks & SALLY_OPEN_BLOCK_ADVISORY);
    return forbids ? at->owner : &nobody;
}

static const void *together(const void *a, const void *b)
{
    if (a == &nobody || a == b)
        return b;
    return b == &nobody ? a : &several;
}

/* Updates a node after a change below it. */
static void sum_up(struct range *at)
{
    uint32_t left = height_of(at->left), right = height_of(at->right);
    at->height = 1 + (left > right ? left : right);
    at->count = 1 + count_of(at->left) + count_of(at->right);
    for (int bit = 0; bit < RANGE_BITS; bit++) {
        const void *who = own_forbidding(at, bit);
        if (at->left)
            who = together(who, at->left->forbidding[bit]);
        if (at->right)
            who = together(who, at->right->forbidding[bit]);
        at->forbidding[bit] = who;
    }
}

static struct range *turn_right(struct range *at)
{
    struct range *up = at->left;
    at->left = up->right;
    up->right = at;
    sum_up(at);
    sum_up(up);
    return up;
}

static struct range *turn_left(struct range *at)
{
    struct range *up = at->right;
    at->right = up->left;
    up->left = at;
    sum_up(at);
    sum_up(up);
    return up;
}

/* Returns the new top. The sides' heights differ by at most two. */
static struct range *balance(struct range *at)
{
    uint32_t left = height_of(at->left), right = height_of(at->right);
    if (left > right + 1) {
        if (height_of(at->left->left) < height_of(at->left->right))
            at->left = turn_left(at->left);
        return turn_right(at);
    }
    if (right > left + 1) {
        if (height_of(at->right->right) < height_of(at->right->left))
            at->right = turn_right(at->right);
        return turn_left(at);
    }
    sum_up(at);
    return at;
}

/* Recursion is as deep as the tree is high: at most 1.44 times the logarithm of its size. */

static struct range *add(struct range_tree *tree, struct range *at, struct range *range)
{
    if (!at)
        return range;
    tree->visits++;
    if (compare(range, at) < 0)
        at->left = add(tree, at->left, range);
    else
        at->right = add(tree, at->right, range);
    return balance(at);
}

void range_tree_add(struct range_tree *tree, struct range *range)
{
    range->left = range->right = NULL;
    sum_up(range);
    tree->top = add(tree, tree->top, range);
}

static struct range *detach_first(struct range_tree *tree, struct range *at, struct range **first)
{
    tree->visits++;
    if (!at->left) {
        *first = at;
        return at->right;
    }
    at->left = detach_first(tree, at->left, first);
    return balance(at);
}

static struct range *detach(struct range_tree *tree, struct range *at, const struct range *range)
{
    tree->visits++;
    if (at != range) {
        if (compare(range, at) < 0)
            at->left = detach(tree, at->left, range);
        else
            at->right = detach(tree, at->right, range);
        return balance(at);
    }
    if (!at->right)
        return at->left;
    struct range *next, *right = detach_first(tree, at->right, &next);
    next->left = at->left;
    next->right = right;
    return balance(next);
}

void range_tree_remove(struct range_tree *tree, struct range *range)
{
    tree->top = detach(tree, tree->top, range);
}

/* Questions */

/* Where a range lies, seen from bytes of a file: before (-1), after (1), or it touches them. */
static int side_of(const struct range *at, struct lock_key file, uint64_t offset, uint64_t end)
{
    int order = compare_files(at->file, file);
    if (order)
        return order;
    if (at->end <= offset)
        return -1;
    return at->offset >= end ? 1 : 0;
}

struct range *range_tree_touching(struct range_tree *tree, struct lock_key file, uint64_t offset,
                                  uint64_t end)
{
    struct range *at = tree->top, *found = NULL;
    while (at) {
        tree->visits++;
        int side = side_of(at, file, offset, end);
        if (side == 0)
            found = at;
        at = side < 0 ? at->right : at->left;
    }
    return found;
}

struct range_query {
    struct lock_key file;
    uint64_t offset, end;
    int bit;
    enum range_whose whose;
    const void *owner;
};

static bool concerns(const struct range_query *q, const void *who)
{
    return who != &nobody && (q->whose == RANGES_OF_ALL || who != q->owner);
}

/* A subtree entirely between the bounds has a match whenever it contains a relevant owner, so only
 * the search along the two bounds can be unsuccessful. */
static struct range *find_forbidding(struct range_tree *tree, struct range *at,
                                     const struct range_query *q)
{
    if (!at || !concerns(q, at->forbidding[q->bit]))
        return NULL;
    tree->visits++;
    int side = side_of(at, q->file, q->offset, q->end);
    if (side)
        return find_forbidding(tree, side < 0 ? at->right : at->left, q);
    struct range *found = find_forbidding(tree, at->left, q);
    if (!found && concerns(q, own_forbidding(at, q->bit)))
        found = at;
    return found ? found : find_forbidding(tree, at->right, q);
}

struct range *range_tree_forbidding(struct range_tree *tree, struct lock_key file, uint64_t offset,
                                    uint64_t end, uint32_t bit, enum range_whose whose,
                                    const void *owner)
{
    struct range_query q = {
        .file = file, .offset = offset, .end = end, .whose = whose, .owner = owner};
    for (int i = 0; i < RANGE_BITS; i++)
        if (bits[i] == bit)
            q.bit = i;
    return find_forbidding(tree, tree->top, &q);
}

/* How many ranges come before the file's, or with `and_its`, before those of the next file. */
static uint32_t count_before(struct range_tree *tree, struct lock_key file, bool and_its)
{
    uint32_t count = 0;
    const struct range *at = tree->top;
    while (at) {
        tree->visits++;
        int order = compare_files(at->file, file);
        bool before = order < 0 || (order == 0 && and_its);
        if (before)
            count += 1 + count_of(at->left);
        at = before ? at->right : at->left;
    }
    return count;
}

uint32_t range_tree_count(struct range_tree *tree, struct lock_key file)
{
    return count_before(tree, file, true) - count_before(tree, file, false);
}
