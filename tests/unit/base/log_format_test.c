#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sallyport/log.h"

#define NEW_YEAR_2026 UINT64_C(1767225600)

static sally_log_line line_with(const sally_log_field *fields, uint32_t count)
{
    sally_log_line line = {
        .level = SALLY_LOG_INFO,
        .field_count = count,
        .time_ns = (NEW_YEAR_2026 + 30 * 86400 + 12 * 3600) * 1000000000u,
        .connection_id = 3,
        .event = "auth.accepted",
        .message = "Logged in",
        .fields = fields,
    };
    return line;
}

static void expect(const sally_log_line *line, int json, const char *text)
{
    char out[2048];
    size_t size = sally_log_format(line, json, out, sizeof out);
    assert_string_equal(out, text);
    assert_int_equal(size, strlen(text));
}

static void reads_as_documented(void **state)
{
    (void)state;
    sally_log_field user = {"user", "joe"};
    sally_log_line line = line_with(&user, 1);
    expect(&line, 0,
           "2026-01-31T12:00:00.000Z info  auth.accepted conn=3 user=joe message=\"Logged in\"");
    expect(&line, 1,
           "{\"time\":\"2026-01-31T12:00:00.000Z\",\"level\":\"info\",\"event\":\"auth.accepted\","
           "\"conn\":3,\"user\":\"joe\",\"message\":\"Logged in\"}");
}

static void shows_all_ids(void **state)
{
    (void)state;
    sally_log_line line = line_with(NULL, 0);
    line.session_id = 7;
    line.request_id = UINT64_MAX;
    line.message = "";
    line.level = SALLY_LOG_WARNING;
    expect(&line, 0,
           "2026-01-31T12:00:00.000Z warn  auth.accepted conn=3 sess=7 req=18446744073709551615");
}

static void escapes_what_could_forge_a_line(void **state)
{
    (void)state;
    sally_log_field fields[] = {
        {"user", "joe\n2026-01-31T12:00:00.000Z info  auth.accepted user=root"},
        {"path", "/a \"b\"\\c\t\x1b[2J\x7f"},
        {"bad", "x\xff\xc0\xafy\xed\xa0\x80"},
        {"good", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"turn", "a\xe2\x80\xae"
                 "b\xc2\x85"},
        {"empty", ""},
        {"null", NULL},
        {"pair", "a=b"},
    };
    sally_log_line line = line_with(fields, COUNT_OF(fields));
    line.message = "two\r\nlines";
    expect(
        &line, 0,
        "2026-01-31T12:00:00.000Z info  auth.accepted conn=3 "
        "user=\"joe\\n2026-01-31T12:00:00.000Z info  auth.accepted user=root\" "
        "path=\"/a \\\"b\\\"\\\\c\\t\\u001b[2J\\u007f\" bad=\"x\\xff\\xc0\\xafy\\xed\\xa0\\x80\" "
        "good=\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\" turn=\"a\\u202eb\\u0085\" empty=\"\" "
        "null=\"\" pair=\"a=b\" message=\"two\\r\\nlines\"");
    expect(&line, 1,
           "{\"time\":\"2026-01-31T12:00:00.000Z\",\"level\":\"info\",\"event\":\"auth.accepted\","
           "\"conn\":3,\"user\":\"joe\\n2026-01-31T12:00:00.000Z info  auth.accepted user=root\","
           "\"path\":\"/a \\\"b\\\"\\\\c\\t\\u001b[2J\\u007f\","
           "\"bad\":\"x\\\\xff\\\\xc0\\\\xafy\\\\xed\\\\xa0\\\\x80\","
           "\"good\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\",\"turn\":\"a\\u202eb\\u0085\","
           "\"empty\":\"\",\"null\":\"\",\"pair\":\"a=b\",\"message\":\"two\\r\\nlines\"}");
}

static void a_sequence_cut_short_ends_with_the_text(void **state)
{
    (void)state;
    sally_log_field field = {"cut", "\xe2\x82"};
    sally_log_line line = line_with(&field, 1);
    expect(&line, 0,
           "2026-01-31T12:00:00.000Z info  auth.accepted conn=3 cut=\"\\xe2\\x82\" "
           "message=\"Logged in\"");
}

static void short_buffers_are_cut_and_counted(void **state)
{
    (void)state;
    sally_log_line line = line_with(NULL, 0);
    char whole[256], part[256];
    size_t size = sally_log_format(&line, 1, whole, sizeof whole);
    assert_int_equal(sally_log_format(&line, 1, NULL, 0), size);
    for (size_t room = 1; room <= size + 1; room++) {
        memset(part, 'x', sizeof part);
        assert_int_equal(sally_log_format(&line, 1, part, room), size);
        assert_int_equal(strlen(part), room - 1);
        assert_memory_equal(part, whole, room - 1);
        assert_int_equal(part[room], 'x');
    }
}

static void names_and_events_are_single_words(void **state)
{
    (void)state;
    sally_log_field fields[] = {{"user=root x", "1"}, {"", "2"}, {NULL, "3"}};
    sally_log_line line = line_with(fields, COUNT_OF(fields));
    line.event = "auth accepted\n";
    line.message = "Done";
    expect(&line, 0,
           "2026-01-31T12:00:00.000Z info  auth_accepted_ conn=3 user_root_x=1 -=2 -=3 "
           "message=Done");
    line.event = NULL;
    line.field_count = 0;
    expect(&line, 0, "2026-01-31T12:00:00.000Z info  - conn=3 message=Done");
}

static void characters_past_the_first_plane_are_escaped_as_pairs(void **state)
{
    (void)state;
    sally_log_field field = {"tag", "a\xf3\xa0\x80\x81"};
    sally_log_line line = line_with(&field, 1);
    expect(&line, 0,
           "2026-01-31T12:00:00.000Z info  auth.accepted conn=3 tag=\"a\\udb40\\udc01\" "
           "message=\"Logged in\"");
}

static void texts_alone_are_escaped_like_values(void **state)
{
    (void)state;
    const char *text = "a \"b\"\\c\n\x1b[2J\xc2\x9b\xe2\x80\xae\xff\xe2\x80\x8b";
    char out[128];
    size_t size = sally_log_escape(text, 0, out, sizeof out);
    assert_string_equal(out, "a \"b\"\\c\\n\\u001b[2J\\u009b\\u202e\\xff\\u200b");
    assert_int_equal(size, strlen(out));
    size = sally_log_escape(text, 1, out, sizeof out);
    assert_string_equal(out, "a \\\"b\\\"\\\\c\\n\\u001b[2J\\u009b\\u202e\\xff\\u200b");
    assert_int_equal(size, strlen(out));
    assert_int_equal(sally_log_escape(text, 1, NULL, 0), size);
    char part[5];
    assert_int_equal(sally_log_escape(text, 1, part, sizeof part), size);
    assert_string_equal(part, "a \\\"");
    assert_int_equal(sally_log_escape(NULL, 0, out, sizeof out), 0);
    assert_string_equal(out, "");
}

static void knows_the_calendar(void **state)
{
    (void)state;
    const struct {
        uint64_t seconds;
        const char *text;
    } days[] = {
        {0, "1970-01-01T00:00:00.000Z"},          {951782400, "2000-02-29T00:00:00.000Z"},
        {951868800, "2000-03-01T00:00:00.000Z"},  {1709164800, "2024-02-29T00:00:00.000Z"},
        {1740787199, "2025-02-28T23:59:59.000Z"}, {4107542400, "2100-03-01T00:00:00.000Z"},
        {4102444799, "2099-12-31T23:59:59.000Z"},
    };
    for (size_t i = 0; i < COUNT_OF(days); i++) {
        sally_log_line line = {.level = SALLY_LOG_INFO, .time_ns = days[i].seconds * 1000000000u};
        char out[64];
        sally_log_format(&line, 0, out, sizeof out);
        assert_memory_equal(out, days[i].text, strlen(days[i].text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_as_documented),
        cmocka_unit_test(shows_all_ids),
        cmocka_unit_test(escapes_what_could_forge_a_line),
        cmocka_unit_test(a_sequence_cut_short_ends_with_the_text),
        cmocka_unit_test(short_buffers_are_cut_and_counted),
        cmocka_unit_test(names_and_events_are_single_words),
        cmocka_unit_test(characters_past_the_first_plane_are_escaped_as_pairs),
        cmocka_unit_test(texts_alone_are_escaped_like_values),
        cmocka_unit_test(knows_the_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
