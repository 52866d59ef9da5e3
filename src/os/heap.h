/* The heap as a whole. */
#ifndef SALLY_OS_HEAP_H
#define SALLY_OS_HEAP_H

/* Gives back to the system what the heap holds but nobody uses. Whoever wants memory meanwhile
 * waits: milliseconds for a hundred megabytes. Where there is no such call it does nothing. */
void os_heap_trim(void);

#endif
