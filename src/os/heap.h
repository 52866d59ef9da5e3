/* Returning memory to the system. */
#ifndef SALLY_OS_HEAP_H
#define SALLY_OS_HEAP_H

#include <stddef.h>

/* Returns unused heap memory to the system. Other threads that allocate meanwhile wait:
 * milliseconds for a hundred megabytes. Does nothing on systems without such a call. */
void os_heap_trim(void);

/* free() for large blocks whose owner becomes idle: their pages are returned at once, whatever
 * stays allocated around them. Allocating such memory again costs a page fault for every 4 KiB, so
 * memory that will soon be needed again is better freed the usual way. */
void os_free_pages(void *ptr, size_t size);

#endif
