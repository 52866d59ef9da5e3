/* A directory of a storage that is a storage itself: what those have in common that can find one
 * directory and resolve links below it by themselves. The directory is looked for when it is first
 * needed, which is when a session starts, and then held. */
#ifndef SALLY_FS_PART_H
#define SALLY_FS_PART_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/fs.h"

struct part {
    sally_fs *parent; /* held */
    char *root;       /* its path there */
    /* Looks for it: once, but again after a failure. */
    sally_status (*find)(struct part *part, sally_op *op);
    pthread_mutex_t lock; /* while it is looked for */
    atomic_bool found;
};

/* False: out of memory. */
bool part_init(struct part *part, sally_fs *parent, const char *root,
               sally_status (*find)(struct part *part, sally_op *op));
void part_clear(struct part *part);

/* Ahead of every operation. A session whose root cannot be found is told in the log. */
sally_status part_enter(struct part *part, sally_op *op);

/* The slot of `methods` for the operation's kind; it must be there. */
sally_status part_call(const sally_fs_methods *methods, sally_fs *fs, sally_op *op);

#endif
