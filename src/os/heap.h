/* Memory that goes back to the system. */
#ifndef SALLY_OS_HEAP_H
#define SALLY_OS_HEAP_H

#include <stddef.h>

/* Gives back to the system what the heap holds but nobody uses. Whoever wants memory meanwhile
 * waits: milliseconds for a hundred megabytes. Where there is no such call it does nothing. */
void os_heap_trim(void);

/* free() for large blocks of those who fall idle: their pages go back at once, whatever stays
 * allocated around them. Getting such memory again costs a page fault for every 4 KiB, so what is
 * wanted again soon is better freed the usual way. */
void os_free_pages(void *ptr, size_t size);

#endif
