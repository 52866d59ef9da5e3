#include "cmocka_all.h"

#include "base/cursor.h"
#include "base/mem.h"

static const uint8_t bytes[] = {1, 0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0, 0, 0, 0, 9};

static void reads_in_order(void **state)
{
    struct cursor c = cursor_of(bytes, sizeof bytes);
    assert_true(get_bool(&c));
    assert_true(slice_is(get_string(&c), "hi"));
    assert_int_equal(get_u64(&c), 9);
    assert_true(cursor_done(&c));
    (void)state;
}

static void every_truncation_is_noticed(void **state)
{
    for (size_t size = 0; size < sizeof bytes; size++) {
        uint8_t *exact = mem_dup(bytes, size); /* so that the sanitizer sees a read past it */
        struct cursor c = cursor_of(exact, size);
        get_bool(&c);
        get_string(&c);
        get_u64(&c);
        assert_true(c.bad);
        assert_false(cursor_done(&c));
        mem_free(exact);
    }
    (void)state;
}

static void huge_lengths_do_not_wrap(void **state)
{
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 'x'};
    struct cursor c = cursor_of(huge, sizeof huge);
    struct slice s = get_string(&c);
    assert_int_equal(s.size, 0);
    assert_true(c.bad);
    assert_int_equal(get_u8(&c), 0); /* and nothing is read afterwards */
    (void)state;
}

static void leftovers_are_not_done(void **state)
{
    struct cursor c = cursor_of(bytes, sizeof bytes);
    get_u8(&c);
    assert_false(cursor_done(&c));
    assert_false(c.bad);
    (void)state;
}

static void empty_and_null_are_fine(void **state)
{
    struct cursor c = cursor_of(NULL, 0);
    assert_true(cursor_done(&c));
    assert_int_equal(get_bytes(&c, 0).size, 0);
    assert_false(c.bad);
    get_u8(&c);
    assert_true(c.bad);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_in_order),           cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(huge_lengths_do_not_wrap), cmocka_unit_test(leftovers_are_not_done),
        cmocka_unit_test(empty_and_null_are_fine),
    };
    return cmocka_run_group_tests_name("base/cursor", tests, NULL, NULL);
}
