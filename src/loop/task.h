/* Something to do in another thread: on a worker first, if it has `run`, then at home on a loop.
 * Embedded in the object that it concerns, so that passing it on never allocates. */
#ifndef SALLY_LOOP_TASK_H
#define SALLY_LOOP_TASK_H

#include <stdbool.h>

#include "base/list.h"

struct loop;

struct task {
    struct list link;
    struct loop *loop;
    bool (*run)(struct task *task);  /* true: go home now; false: other code sends it home later,
                                      * and it must not be touched */
    void (*home)(struct task *task); /* may free it */
};

#endif
