/* The locked ranges of all files, ordered by file and offset in a balanced tree (AVL: Adelson-
 * Velsky and Landis, 1962). Ranges of one file do not overlap. Each node knows the owners of the
 * mandatory locks below it, so every query takes time proportional to the tree's height, for any
 * number of ranges touched. Not locked here. */
#ifndef SALLY_FS_RANGE_TREE_H
#define SALLY_FS_RANGE_TREE_H

#include <stdbool.h>
#include <stdint.h>

/* Identifies a file, under any of its names. */
struct lock_key {
    uint64_t device, inode;
};

#define RANGE_BITS 3 /* SALLY_OPEN_BLOCK_READ, _WRITE and _DELETE */

/* One range, embedded in the owner's struct. The first five members are set by the caller before it
 * is added, and do not change while it is in a tree. */
struct range {
    struct lock_key file;
    uint64_t offset, end; /* of the first byte, and of the first byte after it */
    uint32_t blocks;      /* SALLY_OPEN_BLOCK_ bits, ADVISORY included */
    const void *owner;

    struct range *left, *right;
    uint32_t height, count; /* of the subtree */
    /* For each bit, who has mandatory ranges in the subtree: one owner, none or several. */
    const void *forbidding[RANGE_BITS];
};

struct range_tree {
    struct range *top;
    uint64_t visits; /* nodes visited in total; for tests */
};

/* The range must not be empty, nor overlap another one of its file. */
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
