#include "server/unauthenticated_fixture.h"

#include "cmocka_all.h"

struct ip_address test_ip(const char *text)
{
    struct ip_address a;
    assert_true(ip_parse(slice_of(text), &a));
    return a;
}

static bool draw(void *user_data, uint8_t *out, size_t size)
{
    const uint32_t *value = user_data;
    for (size_t i = 0; value && i < size; i++)
        out[i] = (uint8_t)(*value >> (24 - 8 * (i % 4)));
    return value != NULL;
}

struct random_source test_draws(const uint32_t *value)
{
    return (struct random_source){draw, (void *)(uintptr_t)value};
}
