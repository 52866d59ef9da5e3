#include "cmocka_all.h"

#include "base/buf.h"
#include "base/mem.h"

static void grows_up_to_its_maximum_and_no_further(void **state)
{
    struct buf b;
    buf_init(&b, 1000);
    for (int i = 0; i < 1000; i++)
        put_u8(&b, (uint8_t)i);
    assert_false(b.failed);
    assert_int_equal(b.size, 1000);
    put_u8(&b, 1);
    assert_true(b.failed);
    assert_int_equal(b.size, 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(buf_head(&b)[i], (uint8_t)i);
    buf_clear(&b);
    (void)state;
}

static void taking_from_the_front_makes_room_at_the_back(void **state)
{
    struct buf b;
    buf_init(&b, 300);
    uint8_t block[200];
    memset(block, 7, sizeof block);
    for (int round = 0; round < 50; round++) {
        put_bytes(&b, block, sizeof block);
        assert_false(b.failed);
        buf_consume(&b, sizeof block);
    }
    put_bytes(&b, "abc", 3);
    buf_consume(&b, 1);
    assert_memory_equal(buf_head(&b), "bc", 2);
    buf_clear(&b);
    (void)state;
}

static void builds_what_the_rfc_shows(void **state)
{
    /* RFC 4251 section 5, mpint examples */
    static const struct {
        uint8_t in[9];
        size_t in_size;
        uint8_t out[16];
        size_t out_size;
    } rows[] = {
        {{0}, 0, {0, 0, 0, 0}, 4},
        {{0, 0}, 2, {0, 0, 0, 0}, 4},
        {{0x80}, 1, {0, 0, 0, 2, 0, 0x80}, 6},
        {{0x09, 0xa3, 0x78, 0xf9, 0xb2, 0xe3, 0x32, 0xa7},
         8,
         {0, 0, 0, 8, 0x09, 0xa3, 0x78, 0xf9, 0xb2, 0xe3, 0x32, 0xa7},
         12},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf b;
        buf_init(&b, 100);
        put_mpint(&b, rows[i].in, rows[i].in_size);
        assert_int_equal(b.size, rows[i].out_size);
        assert_memory_equal(buf_head(&b), rows[i].out, b.size);
        buf_clear(&b);
    }
    (void)state;
}

static void strings_nest(void **state)
{
    struct buf b;
    buf_init(&b, 1000);
    put_u8(&b, 9);
    size_t outer = put_string_begin(&b);
    put_text(&b, "inner");
    put_format(&b, "%d-%s", 42, "x");
    put_string_end(&b, outer);
    struct cursor c = cursor_of_slice(buf_slice(&b));
    assert_int_equal(get_u8(&c), 9);
    struct slice s = get_string(&c);
    assert_true(cursor_done(&c));
    c = cursor_of_slice(s);
    assert_true(slice_is(get_string(&c), "inner"));
    assert_true(slice_is(cursor_rest(&c), "42-x"));
    buf_clear(&b);
    (void)state;
}

static void failure_sticks_until_reset(void **state)
{
    struct buf b;
    buf_init(&b, 4);
    put_text(&b, "too long");
    assert_true(b.failed);
    put_u8(&b, 1);
    assert_true(b.failed);
    buf_reset(&b);
    put_u32(&b, 5);
    assert_false(b.failed);
    buf_clear(&b);
    (void)state;
}

static void a_maximum_below_what_is_there_lets_nothing_in(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    assert_non_null(buf_extend(&b, 256)); /* all of the memory */
    b.max = 100;
    assert_null(buf_reserve(&b, 1));
    assert_true(b.failed);
    assert_int_equal(b.size, 256);
    buf_clear(&b);
}

static void lent_memory_is_never_left(void **state)
{
    (void)state;
    struct buf b;
    uint8_t memory[5] = {0, 0, 0, 0, 7};
    buf_init_lent(&b, memory, 4);
    put_bytes(&b, "abcd", 4);
    assert_false(b.failed);
    buf_truncate(&b, 1);
    put_bytes(&b, "xyz", 3);
    assert_false(b.failed);
    put_u8(&b, 'e');
    assert_true(b.failed);
    assert_ptr_equal(buf_head(&b), memory);
    assert_memory_equal(memory, "axyz\x07", 5);
}

static size_t given_back;

static void count_and_free(void *ptr, size_t size)
{
    given_back += size;
    mem_free(ptr);
}

static void only_large_blocks_are_freed_as_was_said(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000000);
    b.free_large = count_and_free;
    given_back = 0;
    put_text(&b, "small");
    buf_clear(&b);
    assert_int_equal(given_back, 0);
    assert_non_null(buf_extend(&b, 100000));
    size_t first = b.capacity;
    assert_int_equal(given_back, 0);
    assert_non_null(buf_extend(&b, 200000)); /* in another block */
    assert_int_equal(given_back, first);
    given_back = 0;
    size_t second = b.capacity;
    buf_clear(&b);
    assert_int_equal(given_back, second);
    buf_clear(&b);
    assert_int_equal(given_back, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_up_to_its_maximum_and_no_further),
        cmocka_unit_test(lent_memory_is_never_left),
        cmocka_unit_test(a_maximum_below_what_is_there_lets_nothing_in),
        cmocka_unit_test(taking_from_the_front_makes_room_at_the_back),
        cmocka_unit_test(builds_what_the_rfc_shows),
        cmocka_unit_test(strings_nest),
        cmocka_unit_test(failure_sticks_until_reset),
        cmocka_unit_test(only_large_blocks_are_freed_as_was_said),
    };
    return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
