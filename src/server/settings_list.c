#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "server/settings.h"

#define LIST_MAX_BYTES 16384
#define LIST_NAME_SIZE 128

/* The next name of a list with commas; blanks around it are left out. False at the end. */
static bool next_name(const char **at, char name[LIST_NAME_SIZE], bool *too_long)
{
    const char *s = *at;
    while (*s == ',' || *s == ' ' || *s == '\t')
        s++;
    if (*s == '\0')
        return false;
    size_t size = strcspn(s, ",");
    *at = s + size;
    while (s[size - 1] == ' ' || s[size - 1] == '\t')
        size--;
    *too_long = size >= LIST_NAME_SIZE;
    if (!*too_long) {
        memcpy(name, s, size);
        name[size] = '\0';
    }
    return true;
}

static bool list_has(const char *list, const char *name)
{
    size_t size = strlen(name);
    for (const char *s = list; *s; s += strcspn(s, ","), s += *s == ',')
        if (strcspn(s, ",") == size && memcmp(s, name, size) == 0)
            return true;
    return false;
}

static const char *text_of(struct buf *list)
{
    put_u8(list, 0);
    buf_truncate(list, list->size - 1);
    return list->failed ? "" : (const char *)buf_head(list);
}

static void append(struct buf *list, const char *name)
{
    if (list_has(text_of(list), name))
        return;
    put_format(list, "%s%s", list->size ? "," : "", name);
}

static void remove_name(struct buf *list, const char *name)
{
    struct buf kept;
    buf_init(&kept, list->max);
    const char *at = text_of(list);
    char each[LIST_NAME_SIZE];
    bool too_long = false;
    while (next_name(&at, each, &too_long))
        if (!too_long && strcmp(each, name) != 0)
            append(&kept, each);
    if (list->failed)
        kept.failed = true;
    buf_clear(list);
    *list = kept;
}

static bool looks_like_a_name(const char *name)
{
    for (const char *s = name; *s; s++)
        if (*s <= ' ' || *s > '~')
            return false;
    return *name != '\0';
}

static sally_error check_name(const struct setting_row *row, const char *name, bool too_long,
                              char why[SETTINGS_WHY_SIZE])
{
    if (!too_long && looks_like_a_name(name) && (!row->is_name || row->is_name(name)))
        return SALLY_E_OK;
    snprintf(why, SETTINGS_WHY_SIZE, "%s: there is no \"%s\" to choose", row->pub.name,
             too_long ? "(long name)" : name);
    return SALLY_E_PARSE;
}

/* Names stand for themselves; when all of them begin with + or -, they change the default. */
sally_error setting_resolve_list(const struct setting_row *row, const char *value, char **out,
                                 char why[SETTINGS_WHY_SIZE])
{
    struct buf list;
    buf_init(&list, LIST_MAX_BYTES);
    char text[LIST_NAME_SIZE];
    const char *at = value;
    bool too_long = false;
    size_t plain = 0, changes = 0;
    sally_error error = SALLY_E_OK;
    while (!error && next_name(&at, text, &too_long)) {
        bool is_change = !too_long && (text[0] == '+' || text[0] == '-');
        if (is_change && changes++ == 0 && plain == 0)
            put_format(&list, "%s", row->pub.default_value);
        plain += is_change ? 0 : 1;
        const char *name = is_change ? text + 1 : text;
        error = check_name(row, name, too_long, why);
        if (error)
            break;
        if (is_change && text[0] == '-')
            remove_name(&list, name);
        else
            append(&list, name);
    }
    if (!error && plain && changes) {
        snprintf(why, SETTINGS_WHY_SIZE, "%s: either all names begin with + or -, or none",
                 row->pub.name);
        error = SALLY_E_PARSE;
    }
    if (!error && list.size == 0 && row->pub.default_value[0] != '\0') {
        snprintf(why, SETTINGS_WHY_SIZE, "%s: nothing is left to choose from", row->pub.name);
        error = SALLY_E_RANGE;
    }
    const char *result = text_of(&list);
    *out = !error && !list.failed ? mem_strdup(result) : NULL;
    if (!error && !*out) {
        snprintf(why, SETTINGS_WHY_SIZE, "%s: too long, or out of memory", row->pub.name);
        error = SALLY_E_NO_MEMORY;
    }
    buf_clear(&list);
    return error;
}
