/* Code that needs randomness is given a source, so that a test can replay a session bit for bit. */
#ifndef SALLY_BASE_RANDOM_H
#define SALLY_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random_source {
    bool (*fill)(void *user_data, uint8_t *out, size_t size); /* false: not available */
    void *user_data;
};

static inline bool random_fill(const struct random_source *source, uint8_t *out, size_t size)
{
    return source->fill(source->user_data, out, size);
}

#endif
