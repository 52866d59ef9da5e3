/* The locked ranges of all files, ordered by file and offset in a balanced tree (AVL: Adelson-
 * Velsky and Landis, 1962). No two of one file overlap. Each node knows whose mandatory locks there
 * are below it, so that every question takes steps in proportion to the tree's height, however many
 * ranges the bytes in question touch. Not locked here. */
#ifndef SALLY_FS_RANGE_TREE_H
#define SALLY_FS_RANGE_TREE_H

#include <stdbool.h>
#include <stdint.h>

/* What a file is to the storage, under whatever names. */
struct lock_key {
    uint64_t device, inode;
};

#define RANGE_BITS 3 /* SALLY_OPEN_BLOCK_READ, _WRITE and _DELETE */

/* One range, inside whatever its owner keeps of it. The first five members are set by who adds it,
 * and do not change while it is in a tree. */
struct range {
    struct lock_key file;
    uint64_t offset, end; /* of the first byte, and of the first one after it */
    uint32_t blocks;      /* SALLY_OPEN_BLOCK_ bits, ADVISORY included */
    const void *owner;

    struct range *left, *right;
    uint32_t height, count; /* of the tree from here on down */
    /* By bit, who has mandatory ranges there: one owner, nobody or several. */
    const void *forbidding[RANGE_BITS];
};

struct range_tree {
    struct range *top;
    uint64_t visits; /* nodes that were looked at, ever; for tests */
};

/* Must not be empty, nor overlap with one that is there. */
void range_tree_add(struct range_tree *tree, struct range *range);
void range_tree_remove(struct range_tree *tree, struct range *range);

/* The first range that touches these bytes. */
struct range *range_tree_touching(struct range_tree *tree, struct lock_key file, uint64_t offset,
                                  uint64_t end);

/* Whose ranges count. */
enum range_whose { RANGES_OF_ALL, RANGES_OF_OTHERS };

/* The first range that touches these bytes, is mandatory and blocks `bit`, a SALLY_OPEN_BLOCK_ bit;
 * with RANGES_OF_OTHERS, of an owner other than `owner`. */
struct range *range_tree_forbidding(struct range_tree *tree, struct lock_key file, uint64_t offset,
                                    uint64_t end, uint32_t bit, enum range_whose whose,
                                    const void *owner);

/* How many ranges the file has. */
uint32_t range_tree_count(struct range_tree *tree, struct lock_key file);

#endif
