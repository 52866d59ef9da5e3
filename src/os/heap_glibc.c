#include "os/heap.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/mem.h"

void os_heap_trim(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}

/* free() cannot return memory between blocks in use: the heap only shrinks at its end. So the pages
 * inside the block are returned first; free() writes to the first one at most. If the call is
 * missing or fails (locked memory), they are kept, which does no harm. */
void os_free_pages(void *ptr, size_t size)
{
#ifdef MADV_DONTNEED
    long page = sysconf(_SC_PAGESIZE);
    if (ptr && page > 0) {
        uintptr_t mask = (uintptr_t)page - 1, start = (uintptr_t)ptr;
        uintptr_t first = (start + mask) & ~mask, end = (start + size) & ~mask;
        if (end > first)
            (void)madvise((char *)ptr + (first - start), end - first, MADV_DONTNEED);
    }
#else
    (void)size;
#endif
    mem_free(ptr);
}
