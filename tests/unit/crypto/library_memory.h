/* Whether the crypto library's allocations can be made to fail, too. */
#ifndef TEST_CRYPTO_LIBRARY_MEMORY_H
#define TEST_CRYPTO_LIBRARY_MEMORY_H

#include <stdbool.h>

/* The library's allocations count too. To be called before anything of it is used; false: too late.
 */
bool alloc_failure_covers_library(void);
/* Leaves them out again, or not: of its contexts the library leaks parts when it cannot complete
 * them. */
void alloc_failure_spare_library(bool spare);

#endif
