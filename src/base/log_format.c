#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/clean.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "sallyport/log.h"

/* Text that counts the size it would have had, like snprintf. */
struct text {
    char *out;
    size_t size;
    size_t length;
};

static void add(struct text *t, char c)
{
    if (t->length + 1 < t->size)
        t->out[t->length] = c;
    t->length++;
}

static void add_text(struct text *t, const char *s)
{
    while (*s)
        add(t, *s++);
}

static void add_number(struct text *t, uint64_t n, unsigned digits_at_least)
{
    char digits[20];
    unsigned count = 0;
    do {
        digits[count++] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    for (unsigned i = count; i < digits_at_least; i++)
        add(t, '0');
    while (count)
        add(t, digits[--count]);
}

static void add_hex(struct text *t, uint32_t n, unsigned digits)
{
    while (digits--)
        add(t, "0123456789abcdef"[(n >> (4 * digits)) & 15]);
}

/* RFC 3339 in UTC, milliseconds. The calendar is counted in eras of 400 years that begin in March,
 * so that the leap day is the last day of a year. */
static void add_time(struct text *t, uint64_t ns)
{
    uint64_t seconds = ns / 1000000000u;
    uint64_t days = seconds / 86400u + 719468u; /* since 0000-03-01 */
    uint64_t era = days / 146097u;
    uint64_t day_of_era = days % 146097u;
    uint64_t year_of_era =
        (day_of_era - day_of_era / 1460u + day_of_era / 36524u - day_of_era / 146096u) / 365u;
    uint64_t day_of_year =
        day_of_era - (365u * year_of_era + year_of_era / 4u - year_of_era / 100u);
    uint64_t shifted_month = (5u * day_of_year + 2u) / 153u; /* 0 is March */
    uint64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    add_number(t, era * 400u + year_of_era + (month <= 2 ? 1 : 0), 4);
    add(t, '-');
    add_number(t, month, 2);
    add(t, '-');
    add_number(t, day_of_year - (153u * shifted_month + 2u) / 5u + 1u, 2);
    add(t, 'T');
    add_number(t, seconds / 3600u % 24u, 2);
    add(t, ':');
    add_number(t, seconds / 60u % 60u, 2);
    add(t, ':');
    add_number(t, seconds % 60u, 2);
    add(t, '.');
    add_number(t, ns / 1000000u % 1000u, 3);
    add(t, 'Z');
}

static void add_unicode_escape(struct text *t, uint32_t code)
{
    if (code > 0xffff) { /* as in JSON, by a surrogate pair */
        add_text(t, "\\u");
        add_hex(t, 0xd800 + ((code - 0x10000) >> 10), 4);
        code = 0xdc00 + ((code - 0x10000) & 0x3ff);
    }
    add_text(t, "\\u");
    add_hex(t, code, 4);
}

/* Text within quotes also has its quotes and backslashes escaped. */
static void add_escaped(struct text *t, const char *value, bool json, bool quoted)
{
    const unsigned char *s = (const unsigned char *)value, *end = s + strlen(value);
    while (s < end) {
        uint32_t code;
        size_t size = utf8_at(s, (size_t)(end - s), &code);
        if (size == 0) {
            /* JSON cannot represent a byte: the text describes it. */
            add_text(t, json ? "\\\\x" : "\\x");
            add_hex(t, *s, 2);
            s++;
            continue;
        }
        if (code == '\n') {
            add_text(t, "\\n");
        } else if (code == '\r') {
            add_text(t, "\\r");
        } else if (code == '\t') {
            add_text(t, "\\t");
        } else if (quoted && (code == '\\' || code == '"')) {
            add(t, '\\');
            add(t, (char)code);
        } else if (clean_is_unsafe(code)) {
            add_unicode_escape(t, code);
        } else {
            for (size_t i = 0; i < size; i++)
                add(t, (char)s[i]);
        }
        s += size;
    }
}

static bool is_plain(const char *value)
{
    for (const unsigned char *s = (const unsigned char *)value; *s; s++)
        if (*s <= ' ' || *s >= 0x7f || *s == '"' || *s == '=' || *s == '\\')
            return false;
    return *value != '\0';
}

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

static void add_quoted(struct text *t, const char *value, bool json)
{
    add(t, '"');
    add_escaped(t, value, json, true);
    add(t, '"');
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* Names are tokens, and must not contain a character that ends them. */
static void add_name(struct text *t, const char *name)
{
    if (!*name)
        add(t, '-');
    for (; *name; name++)
        add(t, is_name_character(*name) ? *name : '_');
}

static void add_value(struct text *t, const char *name, const char *value)
{
    add(t, ' ');
    add_name(t, name);
    add(t, '=');
    if (is_plain(value))
        add_text(t, value);
    else
        add_quoted(t, value, false);
}

static void format_text(struct text *t, const sally_log_line *line)
{
    static const char *const levels[] = {"none ", "error", "warn ", "info ", "verb ", "debug"};
    add_time(t, line->time_ns);
    add(t, ' ');
    add_text(t, line->level < COUNT_OF(levels) ? levels[line->level] : "debug");
    add(t, ' ');
    add_name(t, or_empty(line->event));
    const struct {
        const char *name;
        uint64_t id;
    } ids[] = {
        {"conn", line->connection_id}, {"sess", line->session_id}, {"req", line->request_id}};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        if (ids[i].id == 0)
            continue;
        add(t, ' ');
        add_text(t, ids[i].name);
        add(t, '=');
        add_number(t, ids[i].id, 1);
    }
    for (uint32_t i = 0; i < line->field_count; i++)
        add_value(t, or_empty(line->fields[i].name), or_empty(line->fields[i].value));
    if (line->message && *line->message)
        add_value(t, "message", line->message);
}

static void json_name(struct text *t, const char *name)
{
    if (t->length > 1)
        add(t, ',');
    add_quoted(t, name, true);
    add(t, ':');
}

static void json_pair(struct text *t, const char *name, const char *value)
{
    json_name(t, name);
    add_quoted(t, value, true);
}

static void json_id(struct text *t, const char *name, uint64_t id)
{
    if (id == 0)
        return;
    json_name(t, name);
    add_number(t, id, 1);
}

static void format_json(struct text *t, const sally_log_line *line)
{
    static const char *const levels[] = {"none", "error", "warning", "info", "verbose", "debug"};
    add(t, '{');
    json_name(t, "time");
    add(t, '"');
    add_time(t, line->time_ns);
    add(t, '"');
    json_pair(t, "level", line->level < COUNT_OF(levels) ? levels[line->level] : "debug");
    json_pair(t, "event", or_empty(line->event));
    json_id(t, "conn", line->connection_id);
    json_id(t, "sess", line->session_id);
    json_id(t, "req", line->request_id);
    for (uint32_t i = 0; i < line->field_count; i++)
        json_pair(t, or_empty(line->fields[i].name), or_empty(line->fields[i].value));
    json_pair(t, "message", or_empty(line->message));
    add(t, '}');
}

static size_t end_text(const struct text *t)
{
    if (t->size)
        t->out[t->length < t->size ? t->length : t->size - 1] = '\0';
    return t->length;
}

size_t sally_log_format(const sally_log_line *line, int json, char *out, size_t size)
{
    struct text t = {out, size, 0};
    if (json)
        format_json(&t, line);
    else
        format_text(&t, line);
    return end_text(&t);
}

size_t sally_log_escape(const char *text, int quoted, char *out, size_t size)
{
    struct text t = {out, size, 0};
    add_escaped(&t, or_empty(text), false, quoted != 0);
    return end_text(&t);
}
