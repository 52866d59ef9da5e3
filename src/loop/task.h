/* Something to do in another thread: on a worker first, if it has `run`, then at home on a loop.
 * Lives inside whatever it is about, so that handing it over never allocates. */
#ifndef SALLY_LOOP_TASK_H
#define SALLY_LOOP_TASK_H

#include <stdbool.h>

#include "base/list.h"

struct loop;

struct task {
    struct list link;
    struct loop *loop;
    bool (*run)(struct task *task);  /* true: go home now; false: someone else sends it home later,
                                        hands off */
    void (*home)(struct task *task); /* may free it */
};

#endif
