/* Makes one allocation of this thread fail, and knows how much is allocated. Linked into every
 * test. */
#ifndef ALLOC_FAILURE_H
#define ALLOC_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

/* The nth allocation from now on (from 1) fails, once. */
void alloc_fail_at(unsigned nth);
/* The same, counting only those between alloc_enter() and alloc_leave(). */
void alloc_fail_inside_at(unsigned nth);
void alloc_enter(void);
void alloc_leave(void);
/* No more failures; whether there was one. */
bool alloc_failed(void);
/* Bytes that the test and our own code have allocated now, in all threads. What other libraries
 * allocate for us to free makes it differ a little. */
size_t alloc_live_bytes(void);

#endif
