#include "cmocka_all.h"

#include <errno.h>
#include <stdlib.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "fs/memory_data.h"

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 4;
}

/* Against a plain array. */
static void like_an_array(void **state)
{
    (void)state;
    enum { SIZE = 6 * MEM_BLOCK + 1000 };
    uint8_t *model = calloc(1, SIZE), *in = malloc(SIZE), *out = malloc(SIZE);
    struct mem_budget budget = {0};
    struct mem_data data = {0};
    uint32_t seed = 7;
    uint64_t size = 0;
    size_t before = alloc_live_bytes();
    for (int i = 0; i < 4000; i++) {
        uint32_t at = next(&seed) % SIZE, length = next(&seed) % (i % 3 ? 300 : 2 * MEM_BLOCK);
        if (length > SIZE - at)
            length = SIZE - at;
        if (i % 64 == 0)
            mem_data_fit(&data, &budget);
        switch (next(&seed) % 4) {
        case 0:
        case 1:
            for (uint32_t k = 0; k < length; k++)
                in[k] = (uint8_t)next(&seed);
            assert_int_equal(mem_data_write(&data, &budget, at, in, length), 0);
            memcpy(model + at, in, length);
            if (length && at + length > size)
                size = at + length;
            break;
        case 2:
            assert_int_equal(mem_data_resize(&data, &budget, at), 0);
            if (at < size)
                memset(model + at, 0, (size_t)(size - at));
            size = at;
            break;
        default: {
            uint32_t wanted = at >= size ? 0 : length > size - at ? (uint32_t)(size - at) : length;
            memset(out, 0xee, length);
            assert_int_equal(mem_data_read(&data, at, out, length), wanted);
            assert_memory_equal(out, model + at, wanted);
        }
        }
        assert_true(data.size == size);
        assert_true(data.written <= size && data.written <= data.allocated);
        assert_true(budget.bytes == data.allocated);
        assert_true(alloc_live_bytes() - before <= budget.bytes);
    }
    mem_data_clear(&data, &budget);
    assert_true(budget.bytes == 0 && data.written == 0 && data.size == 0);
    free(model);
    free(in);
    free(out);
}

static void far_offsets(void **state)
{
    (void)state;
    struct mem_budget budget = {.max_bytes = 1 << 20};
    struct mem_data data = {0};
    char text[8];
    static const uint64_t places[] = {0,
                                      65535,
                                      65536,
                                      UINT64_C(1) << 25,
                                      (UINT64_C(1) << 34) - 1,
                                      UINT64_C(1) << 40,
                                      UINT64_C(1) << 52,
                                      (UINT64_C(1) << 61) + 5,
                                      (uint64_t)INT64_MAX - 3};
    for (size_t i = 0; i < COUNT_OF(places); i++)
        assert_int_equal(
            mem_data_write(&data, &budget, places[i], "ab", places[i] % 65536 > 60000 ? 0 : 2), 0);
    assert_int_equal(mem_data_read(&data, UINT64_C(1) << 40, text, 4), 4);
    assert_memory_equal(text, "ab\0\0", 4);
    assert_int_equal(mem_data_write(&data, &budget, (uint64_t)INT64_MAX, "x", 1), EFBIG);
    assert_int_equal(mem_data_write(&data, &budget, UINT64_MAX, "x", 1), EFBIG);
    assert_int_equal(mem_data_resize(&data, &budget, UINT64_MAX), EFBIG);
    assert_int_equal(mem_data_resize(&data, &budget, UINT64_C(1) << 40), 0);
    assert_int_equal(mem_data_read(&data, (UINT64_C(1) << 25) + 1, text, 2), 2);
    assert_memory_equal(text, "b\0", 2);
    mem_data_clear(&data, &budget);
    assert_true(budget.bytes == 0);
}

static void limits(void **state)
{
    (void)state;
    struct mem_budget budget = {.max_bytes = 100000};
    struct mem_data a = {0}, b = {0};
    static uint8_t bytes[100001];
    assert_int_equal(mem_data_write(&a, &budget, 0, bytes, 100000), ENOSPC);
    assert_true(budget.bytes <= 100000);
    mem_data_clear(&a, &budget);
    /* Nearly to the last byte: a table, two headers and what blocks are rounded up by. */
    assert_int_equal(mem_data_write(&a, &budget, 0, bytes, 95700), 0);
    assert_int_equal(mem_data_write(&a, &budget, 0, bytes, 95700),
                     0); /* what is there costs nothing */
    assert_int_equal(mem_data_write(&b, &budget, 0, bytes, 100), ENOSPC);
    assert_int_equal(mem_data_resize(&b, &budget, 1 << 30), 0); /* nor does a hole */
    assert_int_equal(mem_data_resize(&a, &budget, 95500), 0);
    assert_int_equal(mem_data_write(&b, &budget, 0, bytes, 64), 0);
    mem_data_clear(&a, &budget);
    mem_data_clear(&b, &budget);
    assert_true(budget.bytes == 0);

    /* Bytes far apart cannot fill the memory with tables. */
    uint64_t i = 0;
    int error = 0;
    while (!error && i < 1000)
        error = mem_data_write(&a, &budget, i++ << 40, "x", 1);
    assert_int_equal(error, ENOSPC);
    assert_true(budget.bytes <= 100000);
    mem_data_clear(&a, &budget);
    assert_true(budget.bytes == 0);
}

/* What a file of `size` bytes costs, written in pieces and then closed. */
static uint64_t cost_of(uint32_t size, uint32_t piece)
{
    static uint8_t bytes[MEM_BLOCK];
    struct mem_budget budget = {0};
    struct mem_data data = {0};
    size_t before = alloc_live_bytes();
    for (uint32_t at = 0; at < size; at += piece)
        assert_int_equal(
            mem_data_write(&data, &budget, at, bytes, piece < size - at ? piece : size - at), 0);
    mem_data_fit(&data, &budget);
    uint64_t cost = budget.bytes;
    assert_true(alloc_live_bytes() - before <= cost);
    assert_true(data.written == size);
    mem_data_clear(&data, &budget);
    assert_true(budget.bytes == 0 && alloc_live_bytes() == before);
    return cost;
}

static void small_files_cost_little(void **state)
{
    (void)state;
    static const uint32_t pieces[] = {100, 4096, 32768, 65536};
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        uint32_t piece = pieces[i];
        assert_in_range(cost_of(1, piece), 1, 100);
        assert_in_range(cost_of(1000, piece), 1000, 1100);
        assert_in_range(cost_of(17000, piece), 17000, 17100);
        assert_in_range(cost_of(65536, piece), 65536, 65600);
        assert_in_range(cost_of(65537, piece), 65537, 65537 + 4300); /* with a table */
        assert_in_range(cost_of(1 << 20, piece), 1 << 20, (1 << 20) + 4112 + 16 * 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_an_array),
        cmocka_unit_test(far_offsets),
        cmocka_unit_test(limits),
        cmocka_unit_test(small_files_cost_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
