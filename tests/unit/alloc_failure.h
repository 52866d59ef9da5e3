/* Makes one allocation of this thread fail. Linked into every test. */
#ifndef ALLOC_FAILURE_H
#define ALLOC_FAILURE_H

#include <stdbool.h>

/* The nth allocation from now on (from 1) fails, once. */
void alloc_fail_at(unsigned nth);
/* The same, counting only those between alloc_enter() and alloc_leave(). */
void alloc_fail_inside_at(unsigned nth);
void alloc_enter(void);
void alloc_leave(void);
/* No more failures; whether there was one. */
bool alloc_failed(void);

#endif
