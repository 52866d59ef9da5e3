/* Threads by number, so that data kept for a thread can be dropped once it has ended. */
#ifndef SALLY_OS_THREAD_H
#define SALLY_OS_THREAD_H

#include <stdbool.h>
#include <stdint.h>

/* The calling thread's number; another thread may get the same one once this has ended. */
uint64_t os_thread_id(void);
/* Whether a thread of this process has this number now. */
bool os_thread_exists(uint64_t id);

#endif
