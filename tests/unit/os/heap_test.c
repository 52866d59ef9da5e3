#include "cmocka_all.h"

#include "base/mem.h"
#include "os/heap.h"

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
        os_free_pages(blocks[i], sizes[i / 2]);
    for (size_t i = 1; i < COUNT_OF(blocks); i += 2) {
        for (size_t k = 0; k < sizes[i / 2]; k++)
            assert_int_equal(blocks[i][k], i);
        os_free_pages(blocks[i], sizes[i / 2]);
    }
    os_free_pages(NULL, 0);
    os_free_pages(NULL, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(giving_pages_back_spares_the_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
