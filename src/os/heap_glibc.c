#include "os/heap.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

void os_heap_trim(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}
