#include "crypto/library_memory.h"

#include <openssl/crypto.h>
#include <stdlib.h>

static _Thread_local bool spared;

void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);

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
