#include "settings/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "settings/list.h"
#include "settings/table.h"
#include "settings/value.h"

static bool is_text(const struct setting_row *row)
{
    return row->pub.type == SALLY_SETTING_TEXT || row->pub.type == SALLY_SETTING_LIST;
}

/* The offsets of the table are those of members of these types. */
static uint64_t *number_at(struct settings *s, const struct setting_row *row)
{
    return (uint64_t *)(void *)((char *)s + row->offset);
}

static char **text_at(struct settings *s, const struct setting_row *row)
{
    return (char **)(void *)((char *)s + row->offset);
}

static uint64_t number_of(const struct settings *s, const struct setting_row *row)
{
    return *(const uint64_t *)(const void *)((const char *)s + row->offset);
}

static const char *text_of(const struct settings *s, const struct setting_row *row)
{
    return *(char *const *)(const void *)((const char *)s + row->offset);
}

struct settings *settings_new(void)
{
    struct settings *s = mem_zalloc(sizeof *s);
    if (!s)
        return NULL;
    atomic_init(&s->refs, 1);
    char why[SETTINGS_WHY_SIZE];
    const struct setting_row *row;
    for (size_t i = 0; (row = setting_row_at(i)); i++) {
        if (settings_set(s, row->pub.name, row->pub.default_value, why) != SALLY_E_OK) {
            settings_unref(s);
            return NULL;
        }
    }
    return s;
}

struct settings *settings_ref(struct settings *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void settings_unref(struct settings *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    const struct setting_row *row;
    for (size_t i = 0; (row = setting_row_at(i)); i++)
        if (is_text(row))
            mem_free(*text_at(s, row));
    mem_free(s);
}

struct settings *settings_copy(const struct settings *from)
{
    struct settings *s = mem_zalloc(sizeof *s);
    if (!s)
        return NULL;
    atomic_init(&s->refs, 1);
    const struct setting_row *row;
    for (size_t i = 0; (row = setting_row_at(i)); i++) {
        if (!is_text(row)) {
            *number_at(s, row) = number_of(from, row);
            continue;
        }
        *text_at(s, row) = mem_strdup(text_of(from, row));
        if (!*text_at(s, row)) {
            settings_unref(s);
            return NULL;
        }
    }
    return s;
}

static sally_error parse_number(const struct setting_row *row, const char *value, uint64_t *number,
                                char why[SETTINGS_WHY_SIZE])
{
    const sally_setting *pub = &row->pub;
    uint64_t minimum = 0, maximum = UINT64_MAX;
    sally_error error = setting_parse_number(pub->type, value, number);
    if (error == SALLY_E_PARSE) {
        static const char *const wanted[] = {
            [SALLY_SETTING_NUMBER] = "a whole number",
            [SALLY_SETTING_BYTES] = "a number of bytes, such as 4096, 64K, 2M or 1G",
            [SALLY_SETTING_DURATION] = "a time, such as 30s, 500ms, 5m, 1h or 1d",
            [SALLY_SETTING_BOOL] = "yes or no",
        };
        snprintf(why, SETTINGS_WHY_SIZE, "%s: \"%.64s\" is not %s", pub->name, value,
                 wanted[pub->type]);
        return error;
    }
    if (pub->minimum[0])
        (void)setting_parse_number(pub->type, pub->minimum, &minimum);
    if (pub->maximum[0])
        (void)setting_parse_number(pub->type, pub->maximum, &maximum);
    if (!error && *number >= minimum && *number <= maximum)
        return SALLY_E_OK;
    snprintf(why, SETTINGS_WHY_SIZE, "%s: \"%.64s\" is not between %s and %s", pub->name, value,
             pub->minimum[0] ? pub->minimum : "0", pub->maximum[0] ? pub->maximum : "2^64");
    return SALLY_E_RANGE;
}

static sally_error parse_text(const struct setting_row *row, const char *value, char **text,
                              char why[SETTINGS_WHY_SIZE])
{
    if (row->pub.type == SALLY_SETTING_LIST)
        return setting_resolve_list(row, value, text, why);
    if (row->is_valid && !row->is_valid(value)) {
        snprintf(why, SETTINGS_WHY_SIZE, "%s: \"%.64s\" cannot be used (%s)", row->pub.name, value,
                 row->pub.help);
        return SALLY_E_PARSE;
    }
    *text = mem_strdup(value);
    if (*text)
        return SALLY_E_OK;
    snprintf(why, SETTINGS_WHY_SIZE, "%s: out of memory", row->pub.name);
    return SALLY_E_NO_MEMORY;
}

sally_error settings_set(struct settings *s, const char *name, const char *value,
                         char why[SETTINGS_WHY_SIZE])
{
    const struct setting_row *row = setting_row_find(name);
    if (!row) {
        snprintf(why, SETTINGS_WHY_SIZE, "there is no setting \"%.128s\"", name);
        return SALLY_E_NOT_FOUND;
    }
    if (!is_text(row)) {
        uint64_t number = 0;
        sally_error error = parse_number(row, value, &number, why);
        if (!error)
            *number_at(s, row) = number;
        return error;
    }
    char *text = NULL;
    sally_error error = parse_text(row, value, &text, why);
    if (!error) {
        mem_free(*text_at(s, row));
        *text_at(s, row) = text;
    }
    return error;
}

sally_error settings_get(const struct settings *s, const char *name, char *out, size_t size)
{
    const struct setting_row *row = setting_row_find(name);
    if (!row)
        return SALLY_E_NOT_FOUND;
    char number[64];
    const char *text = number;
    if (is_text(row))
        text = text_of(s, row);
    else
        setting_print_number(row->pub.type, number_of(s, row), number, sizeof number);
    size_t length = strlen(text);
    if (length >= size)
        return SALLY_E_RANGE;
    memcpy(out, text, length + 1);
    return SALLY_E_OK;
}

static const char *layer_name(uint32_t layer)
{
    switch (layer) {
    case SALLY_SCOPE_LISTENER:
        return "listener";
    case SALLY_SCOPE_USER:
        return "user";
    case SALLY_SCOPE_CONNECTION:
        return "connection";
    default:
        return "server";
    }
}

sally_error setting_check(uint32_t layer, const char *name, const char *value,
                          char why[SETTINGS_WHY_SIZE])
{
    const struct setting_row *row = setting_row_find(name);
    if (!row) {
        snprintf(why, SETTINGS_WHY_SIZE, "there is no setting \"%.128s\"", name);
        return SALLY_E_NOT_FOUND;
    }
    if (!(row->pub.scope & layer)) {
        snprintf(why, SETTINGS_WHY_SIZE, "%s cannot be set for one %s", name, layer_name(layer));
        return SALLY_E_UNSUPPORTED;
    }
    uint64_t number;
    if (!is_text(row))
        return parse_number(row, value, &number, why);
    char *text = NULL;
    sally_error error = parse_text(row, value, &text, why);
    mem_free(text);
    return error;
}
