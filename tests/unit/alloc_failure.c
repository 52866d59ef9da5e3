#include "alloc_failure.h"

#include <stdlib.h>

static _Thread_local unsigned left; /* 0: nothing fails */
static _Thread_local bool struck, inside, only_inside;

void alloc_fail_at(unsigned nth)
{
    left = nth;
    struck = false;
    only_inside = false;
}

void alloc_fail_inside_at(unsigned nth)
{
    alloc_fail_at(nth);
    only_inside = true;
}

void alloc_enter(void)
{
    inside = true;
}

void alloc_leave(void)
{
    inside = false;
}

bool alloc_failed(void)
{
    left = 0;
    return struck;
}

static bool fails(void)
{
    if (left == 0 || (only_inside && !inside) || --left != 0)
        return false;
    struck = true;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}
