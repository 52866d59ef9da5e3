#include <openssl/crypto.h>
#include <stdlib.h>

#include "alloc_failure.h"

static _Thread_local unsigned left; /* 0: nothing fails */
static _Thread_local bool struck;
static _Thread_local bool spared;

void alloc_fail_at(unsigned nth)
{
    left = nth;
    struck = false;
}

bool alloc_failed(void)
{
    left = 0;
    return struck;
}

static bool fails(void)
{
    if (left == 0 || --left != 0)
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

static void *library_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return spared ? __real_malloc(size) : malloc(size);
}

static void *library_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    if (size == 0) {
        free(old);
        return NULL;
    }
    return spared ? __real_realloc(old, size) : realloc(old, size);
}

static void library_free(void *data, const char *file, int line)
{
    (void)file, (void)line;
    free(data);
}

bool alloc_failure_covers_library(void)
{
    return CRYPTO_set_mem_functions(library_malloc, library_realloc, library_free) == 1;
}

void alloc_failure_spare_library(bool spare)
{
    spared = spare;
}
