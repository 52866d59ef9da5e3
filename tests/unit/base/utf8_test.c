#include "cmocka_all.h"

#include "base/mem.h"
#include "base/utf8.h"

static void only_the_shortest_forms_are_valid(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "abc",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\xaf",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2z",
                                      "\xe0\x9f\xbf",
                                      "\xe2\x82",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf0\x90\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "a\xe9"};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(utf8_is_valid(slice_of(good[i])));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(utf8_is_valid(slice_of(bad[i])));
}

static void every_code_point_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t code;
    } cases[] = {
        {"a", 'a'}, {"\xc3\xa9", 0xe9}, {"\xe2\x82\xac", 0x20ac}, {"\xf0\x9f\x98\x80", 0x1f600}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint32_t code = 0;
        size_t size = strlen(cases[i].text);
        const uint8_t *s = (const uint8_t *)cases[i].text;
        assert_int_equal(utf8_at(s, size, &code), size);
        assert_int_equal(code, cases[i].code);
        assert_int_equal(utf8_at(s, size - 1, &code), 0); /* cut */
    }
}

static void ascii_is_seven_bits(void **state)
{
    (void)state;
    assert_true(utf8_is_ascii(slice_of("")));
    assert_true(utf8_is_ascii(slice_of("\x01 az\x7f")));
    assert_false(utf8_is_ascii(slice_of("a\x80")));
    assert_true(utf8_is_ascii((struct slice){NULL, 0}));
    assert_true(utf8_is_valid((struct slice){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_shortest_forms_are_valid),
        cmocka_unit_test(every_code_point_is_read),
        cmocka_unit_test(ascii_is_seven_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
