#include "base/log_oracle.h"

#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clean.h"
#include "base/utf8.h"

#define MAX_LINE 16384

/* ---- What the parsers read ---- */

static void put_code(char **out, uint32_t code)
{
    if (code < 0x80) {
        *(*out)++ = (char)code;
    } else if (code < 0x800) {
        *(*out)++ = (char)(0xc0 | code >> 6);
        *(*out)++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *(*out)++ = (char)(0xe0 | code >> 12);
        *(*out)++ = (char)(0x80 | (code >> 6 & 63));
        *(*out)++ = (char)(0x80 | (code & 63));
    } else {
        *(*out)++ = (char)(0xf0 | code >> 18);
        *(*out)++ = (char)(0x80 | (code >> 12 & 63));
        *(*out)++ = (char)(0x80 | (code >> 6 & 63));
        *(*out)++ = (char)(0x80 | (code & 63));
    }
}

static uint32_t hex(const char **at, size_t digits)
{
    char text[8] = "";
    memcpy(text, *at, digits);
    *at += digits;
    char *end;
    uint32_t value = (uint32_t)strtoul(text, &end, 16);
    assert_ptr_equal(end, text + digits);
    return value;
}

static uint32_t unicode(const char **at)
{
    uint32_t code = hex(at, 4);
    if (code < 0xd800 || code > 0xdfff)
        return code;
    assert_true(code < 0xdc00);
    assert_memory_equal(*at, "\\u", 2);
    *at += 2;
    uint32_t low = hex(at, 4);
    assert_in_range(low, 0xdc00, 0xdfff);
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

/* From behind the opening quote to behind the closing one. */
static void parse_quoted(const char **at, char *out, bool json)
{
    while (**at != '"') {
        assert_int_not_equal(**at, '\0');
        if (**at != '\\') {
            *out++ = *(*at)++;
            continue;
        }
        char kind = (*at)[1];
        *at += 2;
        switch (kind) {
        case 'n':
            *out++ = '\n';
            break;
        case 'r':
            *out++ = '\r';
            break;
        case 't':
            *out++ = '\t';
            break;
        case 'u':
            put_code(&out, unicode(at));
            break;
        case 'x':
            assert_false(json); /* there is no such escape */
            *out++ = (char)hex(at, 2);
            break;
        default:
            assert_true(kind == '"' || kind == '\\');
            *out++ = kind;
        }
    }
    (*at)++;
    *out = '\0';
}

static void expect_text(const char **at, const char *wanted)
{
    assert_memory_equal(*at, wanted, strlen(wanted));
    *at += strlen(wanted);
}

static void parse_pair(const char **at, const char *name, const char *wanted)
{
    char value[MAX_LINE];
    expect_text(at, " ");
    expect_text(at, name);
    expect_text(at, "=");
    if (**at == '"') {
        (*at)++;
        parse_quoted(at, value, false);
    } else {
        size_t size = strcspn(*at, " ");
        assert_int_not_equal(size, 0);
        memcpy(value, *at, size);
        value[size] = '\0';
        *at += size;
    }
    assert_string_equal(value, wanted);
}

/* Bytes that are not UTF-8 are told as text in JSON. */
static void as_json_tells(const char *text, char *out)
{
    uint32_t code;
    for (size_t left = strlen(text), size; left; text += size, left -= size) {
        size = utf8_at((const uint8_t *)text, left, &code);
        if (size) {
            memcpy(out, text, size);
            out += size;
        } else {
            size = 1;
            out += snprintf(out, 5, "\\x%02x", (unsigned)(unsigned char)*text);
        }
    }
    *out = '\0';
}

static void parse_json_pair(const char **at, const char *name, const char *text)
{
    char value[MAX_LINE], wanted[4 * LOG_ORACLE_TEXT];
    expect_text(at, ",\"");
    parse_quoted(at, value, true);
    assert_string_equal(value, name);
    expect_text(at, ":\"");
    parse_quoted(at, value, true);
    as_json_tells(text, wanted);
    assert_string_equal(value, wanted);
}

static void expect_harmless(const char *line)
{
    uint32_t code;
    for (size_t left = strlen(line), size; left; line += size, left -= size) {
        size = utf8_at((const uint8_t *)line, left, &code);
        assert_int_not_equal(size, 0);
        assert_false(clean_is_unsafe(code));
    }
}

void log_oracle_check(const char *event, const sally_log_field *fields, uint32_t count,
                      const char *message)
{
    static char line[MAX_LINE];
    const sally_log_line made = {.level = SALLY_LOG_INFO,
                                 .field_count = count,
                                 .connection_id = 3,
                                 .event = event,
                                 .message = message,
                                 .fields = fields};
    sally_log_format(&made, 0, line, sizeof line);
    expect_harmless(line);
    const char *at = line;
    expect_text(&at, "1970-01-01T00:00:00.000Z info  ");
    expect_text(&at, event);
    expect_text(&at, " conn=3");
    for (uint32_t i = 0; i < count; i++)
        parse_pair(&at, fields[i].name, fields[i].value);
    if (*message)
        parse_pair(&at, "message", message);
    assert_string_equal(at, "");

    sally_log_format(&made, 1, line, sizeof line);
    expect_harmless(line);
    at = line;
    expect_text(&at, "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\",\"event\":\"");
    expect_text(&at, event);
    expect_text(&at, "\",\"conn\":3");
    for (uint32_t i = 0; i < count; i++)
        parse_json_pair(&at, fields[i].name, fields[i].value);
    parse_json_pair(&at, "message", message);
    assert_string_equal(at, "}");
}
