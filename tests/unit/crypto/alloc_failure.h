/* Makes one allocation of this thread fail. */
#ifndef ALLOC_FAILURE_H
#define ALLOC_FAILURE_H

#include <stdbool.h>

/* The nth allocation from now on (from 1) fails, once. */
void alloc_fail_at(unsigned nth);
/* No more failures; whether there was one. */
bool alloc_failed(void);

/* The library's allocations count too. To be called before anything of it is used; false: too late.
 */
bool alloc_failure_covers_library(void);
/* Leaves them out again, or not: of its contexts the library leaks parts when it cannot complete
 * them. */
void alloc_failure_spare_library(bool spare);

#endif
