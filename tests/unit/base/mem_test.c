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

static void count_bytes(void *ptr, size_t size)
{
    *(size_t *)ptr += size;
}

/* NULL stands for free(), which the sanitizer's leak check sees. */
static void large_blocks_are_freed_as_was_said(void **state)
{
    (void)state;
    size_t bytes = 0;
    mem_free_by(count_bytes, &bytes, 70000);
    assert_int_equal(bytes, 70000);
    mem_free_by(NULL, mem_alloc(70000), 70000);
    mem_free_by(NULL, NULL, 0);
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
        cmocka_unit_test(large_blocks_are_freed_as_was_said),
        cmocka_unit_test(products_that_overflow_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
