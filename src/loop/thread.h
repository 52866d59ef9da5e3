/* Threads of the library: every signal is blocked in them, so that the program's handlers only ever
 * run in its own. */
#ifndef SALLY_LOOP_THREAD_H
#define SALLY_LOOP_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* `stack`: bytes, 0 for the system's default. `name`: at most 15 characters. False: the system
 * cannot create another thread. */
bool thread_start(pthread_t *out, size_t stack, const char *name, void *(*run)(void *),
                  void *argument);

#endif
