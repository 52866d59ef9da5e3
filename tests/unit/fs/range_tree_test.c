/* The tree against a plain table of ranges, and how much of it is examined. */
#include "fs/range_tree.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cmocka_all.h"
#include "sallyport/op.h"

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Every height, count and order, and that no side is higher than the other by two; the height. */
static uint32_t check(const struct range *at, const struct range **last, uint32_t *count)
{
    if (!at)
        return 0;
    uint32_t before = *count;
    uint32_t left = check(at->left, last, count);
    if (*last && (*last)->file.device == at->file.device && (*last)->file.inode == at->file.inode)
        assert_true((*last)->end <= at->offset);
    *last = at;
    ++*count;
    uint32_t right = check(at->right, last, count);
    assert_true(left <= right + 1 && right <= left + 1);
    assert_int_equal(at->height, 1 + (left > right ? left : right));
    assert_int_equal(at->count, *count - before);
    return at->height;
}

static void check_all(const struct range_tree *tree, uint32_t wanted)
{
    const struct range *last = NULL;
    uint32_t count = 0;
    check(tree->top, &last, &count);
    assert_int_equal(count, wanted);
}

#define PLACES 60 /* bytes of a file; few, so that ranges meet */
#define FILES  3
#define MODEL  (FILES * PLACES)

struct model {
    struct range *ranges[MODEL];
    uint32_t count;
};

static bool touches(const struct range *r, struct lock_key file, uint64_t offset, uint64_t end)
{
    return r->file.device == file.device && r->file.inode == file.inode && r->offset < end &&
           offset < r->end;
}

static struct range *first(const struct model *m, struct lock_key file, uint64_t offset,
                           uint64_t end, uint32_t bit, enum range_whose whose, const void *owner)
{
    struct range *best = NULL;
    for (uint32_t i = 0; i < m->count; i++) {
        struct range *r = m->ranges[i];
        bool counts = !bit || ((r->blocks & bit) && !(r->blocks & SALLY_OPEN_BLOCK_ADVISORY) &&
                               (whose == RANGES_OF_ALL || r->owner != owner));
        if (counts && touches(r, file, offset, end) && (!best || r->offset < best->offset))
            best = r;
    }
    return best;
}

static void like_a_table(void **state)
{
    (void)state;
    static const uint32_t bits[] = {SALLY_OPEN_BLOCK_READ, SALLY_OPEN_BLOCK_WRITE,
                                    SALLY_OPEN_BLOCK_DELETE};
    static const char owners[3];
    struct model m = {.count = 0};
    struct range_tree tree = {NULL, 0};
    uint32_t seed = 11, most = 0;
    for (int round = 0; round < 20000; round++) {
        struct lock_key file = {1 + next(&seed) % 2, 7};
        if (file.device == 2)
            file.inode += next(&seed) % 2;
        uint64_t offset = next(&seed) % PLACES, end = offset + 1 + next(&seed) % 4;
        if (next(&seed) % 50 == 0)
            end = UINT64_MAX;
        const void *owner = next(&seed) % 8 ? &owners[next(&seed) % 3] : NULL;
        struct range *there = first(&m, file, offset, end, 0, RANGES_OF_ALL, NULL);
        assert_ptr_equal(range_tree_touching(&tree, file, offset, end), there);
        uint32_t bit = bits[next(&seed) % 3];
        uint64_t far = next(&seed) % 2 ? end : UINT64_MAX;
        static const enum range_whose all_or_others[] = {RANGES_OF_ALL, RANGES_OF_OTHERS};
        for (size_t i = 0; i < 2; i++) {
            enum range_whose whose = all_or_others[i];
            assert_ptr_equal(range_tree_forbidding(&tree, file, offset, far, bit, whose, owner),
                             first(&m, file, offset, far, bit, whose, owner));
        }
        uint32_t of_file = 0;
        for (uint32_t i = 0; i < m.count; i++)
            of_file += touches(m.ranges[i], file, 0, UINT64_MAX);
        assert_int_equal(range_tree_count(&tree, file), of_file);

        bool shrinks = round / 500 % 2;
        if (there && (shrinks || next(&seed) % 4 == 0)) {
            range_tree_remove(&tree, there);
            for (uint32_t i = 0; i < m.count; i++)
                if (m.ranges[i] == there)
                    m.ranges[i] = m.ranges[--m.count];
            free(there);
        } else if (!there && (!shrinks || next(&seed) % 4 == 0)) {
            struct range *r = calloc(1, sizeof(*r));
            r->file = file;
            r->offset = offset;
            r->end = end;
            r->blocks = bits[next(&seed) % 3] | bits[next(&seed) % 3] |
                        (next(&seed) % 3 ? 0 : SALLY_OPEN_BLOCK_ADVISORY);
            r->owner = owner;
            range_tree_add(&tree, r);
            m.ranges[m.count++] = r;
        }
        most = m.count > most ? m.count : most;
        if (round % 50 == 0)
            check_all(&tree, m.count);
    }
    assert_true(most > 50);
    while (m.count) {
        range_tree_remove(&tree, m.ranges[--m.count]);
        free(m.ranges[m.count]);
    }
    assert_null(tree.top);
}

/* However many there are: a few times the height at most, which for 16384 ranges is 20 or less.
 * Neither the order in which they come nor what they touch makes it more. */
static void few_are_looked_at(void **state)
{
    (void)state;
    enum { COUNT = 16384, MOST = 3 * 20 };
    struct range *ranges = calloc(COUNT, sizeof(*ranges));
    static const char me, others;
    for (int order = 0; order < 3; order++) {
        struct range_tree tree = {NULL, 0};
        uint64_t most = 0, total = 0;
#define COUNTED(call)                                                                              \
    do {                                                                                           \
        uint64_t before = tree.visits;                                                             \
        (void)(call);                                                                              \
        uint64_t took = tree.visits - before;                                                      \
        total += took;                                                                             \
        most = took > most ? took : most;                                                          \
    } while (0)
        for (uint32_t i = 0; i < COUNT; i++) {
            uint32_t k = order == 0 ? i : order == 1 ? COUNT - 1 - i : i * 40503u % COUNT;
            struct range *r = &ranges[i];
            /* All mine, and one of others at the very end. */
            *r = (struct range){.file = {1, 1},
                                .offset = k * UINT64_C(10),
                                .end = k * UINT64_C(10) + 5,
                                .blocks = SALLY_OPEN_BLOCK_WRITE,
                                .owner = k == COUNT - 1 ? &others : &me};
            COUNTED(range_tree_touching(&tree, r->file, r->offset, r->end));
            COUNTED(range_tree_count(&tree, r->file));
            COUNTED((range_tree_add(&tree, r), 0));
            /* Touches everything that is there. */
            COUNTED(range_tree_forbidding(&tree, r->file, 0, UINT64_MAX, SALLY_OPEN_BLOCK_WRITE,
                                          RANGES_OF_OTHERS, &me));
            COUNTED(range_tree_forbidding(&tree, r->file, 7, COUNT * UINT64_C(10) - 17,
                                          SALLY_OPEN_BLOCK_WRITE, RANGES_OF_OTHERS, &me));
            COUNTED(range_tree_forbidding(&tree, r->file, 7, COUNT * UINT64_C(5),
                                          SALLY_OPEN_BLOCK_READ, RANGES_OF_ALL, NULL));
        }
        assert_ptr_equal(range_tree_forbidding(&tree, ranges[0].file, 0, UINT64_MAX,
                                               SALLY_OPEN_BLOCK_WRITE, RANGES_OF_OTHERS, &me)
                             ->owner,
                         &others);
        for (uint32_t i = 0; i < COUNT; i++)
            COUNTED((range_tree_remove(&tree, &ranges[i]), 0));
        assert_null(tree.top);
        assert_true(most <= MOST);
        assert_true(total <= UINT64_C(7) * COUNT * 30);
    }
    free(ranges);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_a_table),
        cmocka_unit_test(few_are_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
