#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *mem_alloc(size_t size)
{
    return malloc(size ? size : 1);
}

void *mem_zalloc(size_t size)
{
    return calloc(1, size ? size : 1);
}

void *mem_array(size_t count, size_t size)
{
    return calloc(count ? count : 1, size ? size : 1); /* calloc checks the product */
}

void *mem_resize(void *old, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    size_t total = count * size;
    return realloc(old, total ? total : 1);
}

void *mem_dup(const void *data, size_t size)
{
    void *copy = mem_alloc(size);
    if (copy && size)
        memcpy(copy, data, size);
    return copy;
}

char *mem_strdup(const char *text)
{
    return text ? mem_strndup(text, strlen(text)) : NULL;
}

char *mem_strndup(const char *text, size_t size)
{
    if (size == SIZE_MAX)
        return NULL;
    char *copy = mem_alloc(size + 1);
    if (copy) {
        if (size)
            memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

void mem_free(void *ptr)
{
    free(ptr);
}

void mem_free_by(mem_free_fn *free_large, void *ptr, size_t size)
{
    if (free_large)
        free_large(ptr, size);
    else
        free(ptr);
}

void mem_wipe(void *ptr, size_t size)
{
    if (size)
        memset(ptr, 0, size);
    /* The memory may be read here, as far as the compiler knows, so it must keep the stores. */
    __asm__ volatile("" : : "r"(ptr) : "memory");
}

void mem_wipe_free(void *ptr, size_t size)
{
    if (ptr)
        mem_wipe(ptr, size);
    free(ptr);
}

bool mem_equal_ct(const void *a, const void *b, size_t size)
{
    const volatile unsigned char *x = a, *y = b;
    unsigned char difference = 0;
    for (size_t i = 0; i < size; i++)
        difference |= (unsigned char)(x[i] ^ y[i]);
    return difference == 0;
}
