#include "cmocka_all.h"

#include "base/mem.h"

static void wiping_leaves_zeros(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 300; size++) {
        uint8_t bytes[302];
        memset(bytes, 0xaa, sizeof bytes);
        mem_wipe(bytes + 1, size);
        assert_int_equal(bytes[0], 0xaa);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(bytes[1 + i], 0);
        assert_int_equal(bytes[1 + size], 0xaa);
    }
    mem_wipe_free(NULL, 0);
}

static void comparing_finds_every_difference(void **state)
{
    (void)state;
    uint8_t a[70], b[70];
    for (size_t i = 0; i < sizeof a; i++)
        a[i] = b[i] = (uint8_t)i;
    assert_true(mem_equal_ct(a, b, sizeof a));
    for (size_t i = 0; i < sizeof a * 8; i++) {
        b[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_false(mem_equal_ct(a, b, sizeof a));
        assert_true(mem_equal_ct(a, b, i / 8));
        b[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

/* Blocks in a row, every other one given back: what lies around them stays as it was. */
static void giving_pages_back_spares_the_neighbours(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 4095, 4096, 4097, 8192, 12288, 65536, 100000, 1000000};
    uint8_t *blocks[2 * COUNT_OF(sizes)];
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        blocks[i] = mem_alloc(sizes[i / 2]);
        assert_non_null(blocks[i]);
        memset(blocks[i], (int)i, sizes[i / 2]);
    }
    for (size_t i = 0; i < COUNT_OF(blocks); i += 2)
        mem_free_pages(blocks[i], sizes[i / 2]);
    for (size_t i = 1; i < COUNT_OF(blocks); i += 2) {
        for (size_t k = 0; k < sizes[i / 2]; k++)
            assert_int_equal(blocks[i][k], i);
        mem_free_pages(blocks[i], sizes[i / 2]);
    }
    mem_free_pages(NULL, 0);
    mem_free_pages(NULL, 100000);
}

static void products_that_overflow_are_refused(void **state)
{
    (void)state;
    volatile size_t half = SIZE_MAX / 2;
    assert_null(mem_resize(NULL, half, 3));
    assert_null(mem_strndup("", SIZE_MAX));
    void *none = mem_alloc(0);
    assert_non_null(none);
    mem_free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wiping_leaves_zeros),
        cmocka_unit_test(comparing_finds_every_difference),
        cmocka_unit_test(giving_pages_back_spares_the_neighbours),
        cmocka_unit_test(products_that_overflow_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
