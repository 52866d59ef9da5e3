#include "cmocka_all.h"

#include "scp/lines.h"

static void heads_are_parsed(void **state)
{
    (void)state;
    struct scp_head h;
    assert_null(scp_parse_head(slice_of("0644 12 a name"), &h));
    assert_int_equal(h.mode, 0644);
    assert_int_equal(h.size, 12);
    assert_true(slice_is(h.name, "a name"));
    assert_null(scp_parse_head(slice_of("04755 9223372036854775807  "), &h));
    assert_int_equal(h.mode, 04755);
    assert_int_equal(h.size, INT64_MAX);
    assert_true(slice_is(h.name, " "));
    assert_null(scp_parse_head(slice_of("0644 0 ..."), &h));
}

static void malformed_heads_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *why;
    } cases[] = {
        {"", "bad mode"},
        {"644 1 a", "bad mode"},
        {"0888 1 a", "bad mode"},
        {"17777 1 a", "bad mode"},
        {"006440 1 a", "mode not delimited"},
        {"0644", "mode not delimited"},
        {"0644\t1 a", "mode not delimited"},
        {"0644 ", "bad size"},
        {"0644 -1 a", "bad size"},
        {"0644 +1 a", "bad size"},
        {"0644 x a", "bad size"},
        {"0644 9223372036854775808 a", "bad size"},
        {"0644 18446744073709551616 a", "bad size"},
        {"0644 99999999999999999999999999 a", "bad size"},
        {"0644 1", "size not delimited"},
        {"0644 1\ta", "size not delimited"},
        {"0644 0x1 a", "size not delimited"},
        {"0644 1 ", "unexpected filename"},
        {"0644 1 .", "unexpected filename"},
        {"0644 1 ..", "unexpected filename"},
        {"0644 1 a/b", "unexpected filename"},
        {"0644 1 /", "unexpected filename"},
        {"0644 1 ../a", "unexpected filename"},
    };
    struct scp_head h;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(scp_parse_head(slice_of(cases[i].line), &h), cases[i].why);
    struct slice nul = {(const uint8_t *)"0644 1 a\0b", 10};
    assert_string_equal(scp_parse_head(nul, &h), "unexpected filename");
}

static void times_are_parsed(void **state)
{
    (void)state;
    struct scp_times t;
    assert_null(scp_parse_times(slice_of("1 2 3 999999"), &t));
    assert_int_equal(t.mtime, 1);
    assert_int_equal(t.mtime_us, 2);
    assert_int_equal(t.atime, 3);
    assert_int_equal(t.atime_us, 999999);
    static const char *const bad[] = {"",
                                      "1",
                                      "1 0",
                                      "1 0 1",
                                      "1 0 1 ",
                                      "1 0 1 0 ",
                                      "1 0 1 0x",
                                      "-1 0 1 0",
                                      "1 1000000 1 0",
                                      "1  0 1 0",
                                      "9223372036854775808 0 1 0",
                                      "  1 0 1 0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_string_equal(scp_parse_times(slice_of(bad[i]), &t), "bad times");
}

static void texts_stay_in_their_line(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    scp_put_name(&b, slice_of("a\nb"));
    assert_true(slice_is(buf_slice(&b), "a\\^Jb"));
    buf_reset(&b);
    scp_put_readable(&b, slice_of("a\n\x1b[0m\x7f\xff"));
    assert_true(slice_is(buf_slice(&b), "a??[0m??"));
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_parsed),
        cmocka_unit_test(malformed_heads_are_refused),
        cmocka_unit_test(times_are_parsed),
        cmocka_unit_test(texts_stay_in_their_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
