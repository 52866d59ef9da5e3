/* Tasks of one kind that wait for a worker. Each address or user has a share: its tasks are done in
 * order, and shares take turns, so that many tasks of one do not keep those of the others waiting.
 *
 * Guarded by the pool that owns the queue. */
#ifndef SALLY_LOOP_SHARES_H
#define SALLY_LOOP_SHARES_H

#include <stdbool.h>

#include "base/list.h"
#include "loop/task.h"

/* Embedded in the object that represents the address or user, which must outlive the tasks that
 * wait in it. */
struct share {
    struct list link;  /* among those with tasks */
    struct list tasks; /* struct task */
};

struct share_queue {
    struct list shares; /* those with tasks: the first one's turn is next */
};

void share_init(struct share *share);

void shares_init(struct share_queue *queue);
void shares_add(struct share_queue *queue, struct share *share, struct task *task);
bool shares_are_empty(const struct share_queue *queue);
/* There is one. */
struct task *shares_pop(struct share_queue *queue);

#endif
