#include "settings/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "sallyport/settings.h"

struct unit {
    const char *name;
    uint64_t factor;
};

/* Largest first: printing uses the first one that divides the value. */
static const struct unit byte_units[] = {
    {"G", UINT64_C(1) << 30}, {"M", UINT64_C(1) << 20}, {"K", UINT64_C(1) << 10}, {"", 1}};
static const struct unit time_units[] = {{"d", UINT64_C(86400000000000)},
                                         {"h", UINT64_C(3600000000000)},
                                         {"m", UINT64_C(60000000000)},
                                         {"s", UINT64_C(1000000000)},
                                         {"ms", UINT64_C(1000000)},
                                         {"us", UINT64_C(1000)},
                                         {"ns", 1}};
static const struct unit no_units[] = {{"", 1}};

static const struct unit *units_of(uint32_t type, size_t *count)
{
    if (type == SALLY_SETTING_BYTES) {
        *count = COUNT_OF(byte_units);
        return byte_units;
    }
    if (type == SALLY_SETTING_DURATION) {
        *count = COUNT_OF(time_units);
        return time_units;
    }
    *count = COUNT_OF(no_units);
    return no_units;
}

/* Units are accepted in either case, except those of time, where "M" would be ambiguous. */
static bool unit_is(uint32_t type, const char *name, const char *text)
{
    if (type == SALLY_SETTING_BYTES && text[0] >= 'a' && text[0] <= 'z' && text[1] == '\0')
        return name[0] == text[0] - 'a' + 'A';
    return strcmp(name, text) == 0;
}

static sally_error parse_bool(const char *text, uint64_t *value)
{
    static const char *const words[] = {"no", "yes", "off", "on", "false", "true", "0", "1"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *value = i & 1;
            return SALLY_E_OK;
        }
    }
    return SALLY_E_PARSE;
}

sally_error setting_parse_number(uint32_t type, const char *text, uint64_t *value)
{
    if (type == SALLY_SETTING_BOOL)
        return parse_bool(text, value);
    uint64_t number = 0;
    const char *s = text;
    bool too_big = false;
    for (; *s >= '0' && *s <= '9'; s++) {
        uint64_t digit = (uint64_t)(*s - '0');
        too_big = too_big || number > (UINT64_MAX - digit) / 10;
        number = number * 10 + digit;
    }
    if (s == text)
        return SALLY_E_PARSE;
    if (type == SALLY_SETTING_DURATION && *s == '\0')
        s = "s";
    size_t count;
    const struct unit *units = units_of(type, &count);
    for (size_t i = 0; i < count; i++) {
        if (!unit_is(type, units[i].name, s))
            continue;
        if (too_big || number > UINT64_MAX / units[i].factor)
            return SALLY_E_RANGE;
        *value = number * units[i].factor;
        return SALLY_E_OK;
    }
    return SALLY_E_PARSE;
}

void setting_print_number(uint32_t type, uint64_t value, char *out, size_t size)
{
    if (type == SALLY_SETTING_BOOL) {
        snprintf(out, size, "%s", value ? "yes" : "no");
        return;
    }
    if (value == 0) {
        snprintf(out, size, "%s", type == SALLY_SETTING_DURATION ? "0s" : "0");
        return;
    }
    size_t count;
    const struct unit *units = units_of(type, &count);
    size_t i = 0;
    while (i + 1 < count && value % units[i].factor != 0)
        i++;
    snprintf(out, size, "%" PRIu64 "%s", value / units[i].factor, units[i].name);
}

/* The member's maximum, if the table has none. */
static uint64_t most_of(const struct setting_row *row)
{
    uint64_t most = row->width == WIDTH_U32 ? UINT32_MAX : UINT64_MAX;
    if (row->pub.maximum[0])
        (void)setting_parse_number(row->pub.type, row->pub.maximum, &most);
    return most;
}

static sally_error say_not(const sally_setting *s, const char *text, char why[SETTINGS_WHY_SIZE])
{
    static const char *const wanted[] = {
        [SALLY_SETTING_NUMBER] = "a whole number",
        [SALLY_SETTING_BYTES] = "a number of bytes, such as 4096, 64K, 2M or 1G",
        [SALLY_SETTING_DURATION] = "a time, such as 30s, 500ms, 5m, 1h or 1d",
        [SALLY_SETTING_BOOL] = "yes or no",
    };
    snprintf(why, SETTINGS_WHY_SIZE, "%s: \"%.64s\" is not %s", s->name, text, wanted[s->type]);
    return SALLY_E_PARSE;
}

/* Then 0 has a special meaning, which the description says, and is valid below the minimum. */
static bool zero_is_default(const sally_setting *s)
{
    uint64_t value = 1;
    return setting_parse_number(s->type, s->default_value, &value) == SALLY_E_OK && value == 0;
}

sally_error setting_parse_value(const struct setting_row *row, const char *text, uint64_t *value,
                                char why[SETTINGS_WHY_SIZE])
{
    const sally_setting *pub = &row->pub;
    uint64_t least = 0;
    sally_error error = setting_parse_number(pub->type, text, value);
    if (error == SALLY_E_PARSE)
        return say_not(pub, text, why);
    if (pub->minimum[0])
        (void)setting_parse_number(pub->type, pub->minimum, &least);
    bool may_be_zero = least > 0 && zero_is_default(pub);
    if (!error && *value <= most_of(row) && (*value >= least || (may_be_zero && *value == 0)))
        return SALLY_E_OK;
    snprintf(why, SETTINGS_WHY_SIZE, "%s: \"%.64s\" is not %sbetween %s and %s", pub->name, text,
             may_be_zero ? "0 or " : "", pub->minimum[0] ? pub->minimum : "0",
             pub->maximum[0] ? pub->maximum : "2^64");
    return SALLY_E_RANGE;
}
