/* Tasks of one kind that wait for a worker. Each address or user has a share, whose tasks are done
 * in order. Shares take turns, so that many tasks in one share do not hold up the others.
 *
 * The pool that owns the queue locks it. */
#ifndef SALLY_LOOP_SHARES_H
#define SALLY_LOOP_SHARES_H

#include <stdbool.h>

#include "base/list.h"
#include "loop/task.h"

/* Embedded in the object that represents the address or user, which must outlive its tasks here. */
struct share {
    struct list link;  /* among those with tasks */
    struct list tasks; /* struct task */
};

struct share_queue {
    struct list shares; /* those with tasks, next one first */
};

void share_init(struct share *share);

void shares_init(struct share_queue *queue);
void shares_add(struct share_queue *queue, struct share *share, struct task *task);
bool shares_are_empty(const struct share_queue *queue);
/* The queue must not be empty. */
struct task *shares_pop(struct share_queue *queue);

#endif
