/* Threads by number, so that what is kept for one can be dropped once it is gone. */
#ifndef SALLY_OS_THREAD_H
#define SALLY_OS_THREAD_H

#include <stdbool.h>
#include <stdint.h>

/* The calling thread's; another one may get the same number once it has ended. */
uint64_t os_thread_id(void);
/* Whether a thread of this process has the number now. */
bool os_thread_exists(uint64_t id);

#endif
