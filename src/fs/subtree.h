/* A directory of a storage as a storage of its own: the common part of storages that resolve links
 * below a directory themselves. The directory is opened when it is first needed, at the start of a
 * session, and then held. */
#ifndef SALLY_FS_SUBTREE_H
#define SALLY_FS_SUBTREE_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/fs.h"

struct subtree {
    sally_fs *parent; /* held */
    char *root;       /* its path there */
    /* Finds and holds it. Called until it succeeds, then never again. */
    sally_status (*find)(struct subtree *subtree, sally_op *op);
    pthread_mutex_t lock; /* held during `find` */
    atomic_bool found;
};

/* False: out of memory. */
bool subtree_init(struct subtree *subtree, sally_fs *parent, const char *root,
                  sally_status (*find)(struct subtree *subtree, sally_op *op));
void subtree_clear(struct subtree *subtree);

/* Call before every operation. Logs a SESSION_START whose root cannot be found. */
sally_status subtree_enter(struct subtree *subtree, sally_op *op);

/* Calls the slot of `methods` for the operation's kind, which must not be NULL. */
sally_status subtree_call(const sally_fs_methods *methods, sally_fs *fs, sally_op *op);

#endif
