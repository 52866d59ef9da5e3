/* Choosing one of two numbers. */
#ifndef SALLY_BASE_NUMBER_H
#define SALLY_BASE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The value of an option where 0 means the default. */
static inline uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

#endif
