/* Makes one allocation of this thread fail. */
#ifndef ALLOC_FAILURE_H
#define ALLOC_FAILURE_H

#include <stdbool.h>

/* The nth allocation from now on (from 1) fails, once. */
void alloc_fail_at(unsigned nth);
/* No more failures; whether there was one. */
bool alloc_failed(void);

#endif
