/* Limits how many long walks run at a time. They mostly compute: with one on every worker, network
 * threads would have to wait for a processor. */
#ifndef SALLY_OS_IN_ROOT_GATE_H
#define SALLY_OS_IN_ROOT_GATE_H

#include <pthread.h>
#include <stdbool.h>

/* Any thread. */
struct in_root_gate {
    pthread_mutex_t lock;
    pthread_cond_t left;
    unsigned inside, most;
};

void in_root_gate_init(struct in_root_gate *gate, unsigned most);
void in_root_gate_clear(struct in_root_gate *gate);

/* Waits until there is room, but no longer than 100 ms: a walk may hang in a file system that does
 * not respond, and must not block the others. */
void in_root_gate_enter(struct in_root_gate *gate);
void in_root_gate_leave(struct in_root_gate *gate);

/* Half of the machine's processors, and at least one. */
unsigned in_root_gate_usual(void);

#endif
