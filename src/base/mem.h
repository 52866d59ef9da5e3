/* Memory: the one place that allocates, wipes and compares. Tests make the n-th allocation fail by
 * wrapping malloc, calloc and realloc at link time; nothing here keeps state. */
#ifndef SALLY_BASE_MEM_H
#define SALLY_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* NULL when memory is short or count * size would overflow. A size of 0 gives a unique pointer. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_array(size_t count, size_t size);
void *mem_resize(void *old, size_t count, size_t size);
void *mem_dup(const void *data, size_t size);
char *mem_strdup(const char *text);               /* NULL for NULL */
char *mem_strndup(const char *text, size_t size); /* always ends in NUL */
void mem_free(void *ptr);
/* Frees large blocks that will not be needed again soon, as os_free_pages() of os/heap.h does.
 * Passed to code that has such blocks; NULL: mem_free(). */
typedef void mem_free_fn(void *ptr, size_t size);
void mem_free_by(mem_free_fn *free_large, void *ptr, size_t size);

/* For secrets: overwriting that the compiler must not remove, and a free that wipes first. */
void mem_wipe(void *ptr, size_t size);
void mem_wipe_free(void *ptr, size_t size);

/* Takes the same time for equal and for different contents. */
bool mem_equal_ct(const void *a, const void *b, size_t size);

#define COUNT_OF(array)                 (sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
