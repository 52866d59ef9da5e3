#include "cmocka_all.h"

#include "base/clean.h"
#include "base/mem.h"

static void copy_is(const char *text, const char *wanted)
{
    char out[64];
    size_t size = clean_copy(out, sizeof out, slice_of(text));
    assert_string_equal(out, wanted);
    assert_int_equal(size, strlen(wanted));
}

static void what_terminals_obey_is_replaced(void **state)
{
    (void)state;
    copy_is("", "");
    copy_is("plain, gr\xc3\xbc\xc3\x9f\x65 \xf0\x9f\x90\x9f",
            "plain, gr\xc3\xbc\xc3\x9f\x65 \xf0\x9f\x90\x9f");
    copy_is("bad \xff\xfe utf8\n\x1b[31m", "bad ?? utf8??[31m");
    copy_is("a\tb\r\nc\x7f", "a?b??c?");
    copy_is("\xc2\x9b"
            "31m",
            "?31m");                                         /* CSI as one C1 character */
    copy_is("\xe2\x80\xaetxt.exe\xe2\x81\xa6", "?txt.exe?"); /* right-to-left override */
    copy_is("\xd8\x9c\xe2\x80\x8f\xe2\x80\xa8\xef\xbb\xbf",
            "????"); /* marks, line separator, BOM */
    copy_is("a\xe2\x80\x8b"
            "b\xe2\x80\x8d"
            "c\xe2\x81\xa0"
            "d\xc2\xad"
            "e\xf3\xa0\x81\xa1",
            "a?b?c?d?e?");                                       /* zero width, soft hyphen, tag */
    copy_is("e\xcc\x81 \xe2\x80\xa6", "e\xcc\x81 \xe2\x80\xa6"); /* accent, ellipsis */
    copy_is("\xed\xa0\x80|\xc0\xaf|\xe2\x82", "???|??|??");      /* surrogate, overlong, cut */
    char out[8];
    assert_int_equal(clean_copy(out, sizeof out, (struct slice){(const uint8_t *)"a\0b", 3}), 3);
    assert_string_equal(out, "a?b");
}

static void a_cut_is_never_inside_a_character(void **state)
{
    (void)state;
    const char *text = "ab\xe2\x82\xac\xf0\x9f\x90\x9f";
    static const size_t lengths[] = {0, 1, 2, 2, 2, 5, 5, 5, 5, 9, 9};
    char out[16];
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        assert_int_equal(clean_copy(out, i + 1, slice_of(text)), lengths[i]);
        assert_int_equal(strlen(out), lengths[i]);
    }
}

static void texts_of_several_lines_keep_their_layout(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 256);
    clean_put_string(&b, slice_of("one\ntwo\r\n\tthree\rover\x1b[2J\n"), CLEAN_LINES);
    const char wanted[] = "\0\0\0\x19"
                          "one\ntwo\r\n\tthree?over?[2J\n";
    assert_int_equal(b.size, sizeof wanted - 1);
    assert_memory_equal(buf_head(&b), wanted, sizeof wanted - 1);
    buf_reset(&b);
    clean_put(&b, slice_of("one\ntwo\r"), CLEAN_LINE);
    assert_int_equal(b.size, 8);
    assert_memory_equal(buf_head(&b), "one?two?", 8);
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_terminals_obey_is_replaced),
        cmocka_unit_test(a_cut_is_never_inside_a_character),
        cmocka_unit_test(texts_of_several_lines_keep_their_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
