#include "alloc_failure.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Thread_local unsigned left; /* 0: nothing fails */
static _Atomic size_t live;
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

size_t alloc_live_bytes(void)
{
    return atomic_load_explicit(&live, memory_order_relaxed);
}

static void *came(void *ptr)
{
    if (ptr)
        atomic_fetch_add_explicit(&live, malloc_usable_size(ptr), memory_order_relaxed);
    return ptr;
}

static void goes(size_t size)
{
    atomic_fetch_sub_explicit(&live, size, memory_order_relaxed);
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *ptr);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *ptr);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : came(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : came(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    if (fails())
        return NULL;
    size_t before = old ? malloc_usable_size(old) : 0;
    void *ptr = __real_realloc(old, size);
    if (ptr)
        goes(before);
    return came(ptr);
}

void __wrap_free(void *ptr)
{
    if (ptr)
        goes(malloc_usable_size(ptr));
    __real_free(ptr);
}
