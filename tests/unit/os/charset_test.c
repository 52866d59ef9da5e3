/* Against texts whose bytes are known. */
#include "cmocka_all.h"

#include <errno.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "os/charset.h"

static void expect(struct charset *c, enum charset_way way, const char *in, const char *out)
{
    struct buf b;
    buf_init(&b, 1000);
    put_bytes(&b, "x", 1); /* is kept */
    assert_int_equal(c->convert(c, way, slice_of(in), &b), out != NULL);
    assert_false(b.failed);
    assert_int_equal(b.size, 1 + (out ? strlen(out) : 0));
    if (out)
        assert_memory_equal(buf_head(&b) + 1, out, strlen(out));
    buf_clear(&b);
}

static void texts_are_converted_both_ways(void **state)
{
    (void)state;
    static const struct {
        const char *charset, *there, *utf8;
    } cases[] = {
        {"ISO-8859-1", "caf\xe9", "caf\xc3\xa9"},
        {"KOI8-R", "\xc6\xc1\xca\xcc", "\xd1\x84\xd0\xb0\xd0\xb9\xd0\xbb"},
        {"windows-1252", "\x80", "\xe2\x82\xac"},
        {"EUC-JP", "\xa4\xa2", "\xe3\x81\x82"},
        {"CP932", "\x82\xa0", "\xe3\x81\x82"},
        {"GB18030", "\xc4\xe3", "\xe4\xbd\xa0"},
        {"BIG5", "\xa7\x41", "\xe4\xbd\xa0"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct charset *c = os_charset_open(cases[i].charset);
        assert_non_null(c);
        expect(c, CHARSET_TO_UTF8, cases[i].there, cases[i].utf8);
        expect(c, CHARSET_FROM_UTF8, cases[i].utf8, cases[i].there);
        expect(c, CHARSET_FROM_UTF8, "", "");
        os_charset_close(c);
    }
}

static void what_cannot_be_said_is_refused(void **state)
{
    (void)state;
    struct charset *c = os_charset_open("EUC-JP");
    expect(c, CHARSET_TO_UTF8, "a\xa4", NULL);               /* cut */
    expect(c, CHARSET_TO_UTF8, "\xa4\x21", NULL);            /* malformed */
    expect(c, CHARSET_FROM_UTF8, "\xc3", NULL);              /* cut */
    expect(c, CHARSET_FROM_UTF8, "a\xf0\x9f\x98\x80", NULL); /* not there */
    expect(c, CHARSET_TO_UTF8, "\xa4\xa2", "\xe3\x81\x82");  /* what went wrong left no trace */
    os_charset_close(c);
}

static void the_bound_of_the_buffer_is_kept(void **state)
{
    (void)state;
    struct charset *c = os_charset_open("ISO-8859-1");
    struct buf b;
    char text[1000];
    memset(text, 0xe9, sizeof text);
    for (size_t max = 0; max < 5000; max += 97) {
        buf_init(&b, max);
        bool good = c->convert(c, CHARSET_TO_UTF8, (struct slice){(const uint8_t *)text, 1000}, &b);
        assert_true(b.size <= max && good == !b.failed);
        assert_int_equal(b.size, good ? 2000 : 0);
        buf_clear(&b);
    }
    os_charset_close(c);
}

/* Names that mean more to iconv than a charset, and charsets in which a slash is no slash. */
static void hostile_charsets_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "no-such-charset",
        "ISO-8859-1//TRANSLIT",
        "ISO-8859-1//IGNORE",
        "/etc/x",
        "../../x",
        "a,b",
        "UTF-16",
        "UTF-16LE",
        "UTF-32",
        "UCS-2",
        "UTF-7",
        "UTF-7-IMAP",
        "ISO-2022-JP",
        "ISO-2022-KR",
        "HZ",
        "EBCDIC-US",
        "IBM037",
        "IBM1047",
        "UNICODE",
        "ISO-8859-1\n",
        "%s%n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        errno = 0;
        struct charset *c = os_charset_open(names[i]);
        if (c)
            fail_msg("%s", names[i]);
        assert_int_not_equal(errno, 0);
    }
    os_charset_close(NULL);
    assert_true(os_charset_is_utf8("UTF-8") && os_charset_is_utf8("utf8"));
    assert_false(os_charset_is_utf8("UTF-16") || os_charset_is_utf8(""));
}

static void without_memory_there_is_none(void **state)
{
    (void)state;
    alloc_fail_at(1);
    assert_null(os_charset_open("ISO-8859-1"));
    assert_true(alloc_failed());
    assert_int_equal(errno, ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_converted_both_ways),
        cmocka_unit_test(what_cannot_be_said_is_refused),
        cmocka_unit_test(the_bound_of_the_buffer_is_kept),
        cmocka_unit_test(hostile_charsets_are_refused),
        cmocka_unit_test(without_memory_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
