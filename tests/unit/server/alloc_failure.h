/* Makes one allocation of this thread fail, counting only those between alloc_enter() and
 * alloc_leave(). */
#ifndef TEST_SERVER_ALLOC_FAILURE_H
#define TEST_SERVER_ALLOC_FAILURE_H

#include <stdbool.h>

/* The nth allocation from now on (from 1) fails, once. */
void alloc_fail_at(unsigned nth);
/* No more failures; whether there was one. */
bool alloc_failed(void);

void alloc_enter(void);
void alloc_leave(void);

#endif
