/* Limits how many long walks run at a time. They mostly compute: with one on every worker, network
 * threads would have to wait for a processor. */
#ifndef SALLY_OS_BENEATH_GATE_H
#define SALLY_OS_BENEATH_GATE_H

#include <pthread.h>
#include <stdbool.h>

/* Any thread. */
struct beneath_gate {
    pthread_mutex_t lock;
    pthread_cond_t left;
    unsigned inside, most;
};

void beneath_gate_init(struct beneath_gate *gate, unsigned most);
void beneath_gate_clear(struct beneath_gate *gate);

/* Waits until there is room, but no longer than 100 ms: a walk may hang in a file system that does
 * not respond, and must not block the others. */
void beneath_gate_enter(struct beneath_gate *gate);
void beneath_gate_leave(struct beneath_gate *gate);

/* Half of the machine's processors, and at least one. */
unsigned beneath_gate_usual(void);

#endif
