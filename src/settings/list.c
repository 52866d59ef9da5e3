#include "settings/list.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/glob.h"
#include "base/mem.h"
#include "base/names.h"

#define LIST_MAX_BYTES 16384
#define LIST_NAME_SIZE 128

static struct slice without_blanks(struct slice s)
{
    while (s.size && memchr(" \t", s.data[0], 2)) {
        s.data++;
        s.size--;
    }
    while (s.size && memchr(" \t", s.data[s.size - 1], 2))
        s.size--;
    return s;
}

/* The next name that is not empty. False at the end. */
static bool next_name(struct slice *list, char name[LIST_NAME_SIZE], bool *too_long)
{
    struct slice each;
    do {
        if (!names_next(list, &each))
            return false;
        each = without_blanks(each);
    } while (each.size == 0);
    *too_long = each.size >= LIST_NAME_SIZE;
    if (!*too_long) {
        memcpy(name, each.data, each.size);
        name[each.size] = '\0';
    }
    return true;
}

static const char *text_of(struct buf *list)
{
    put_u8(list, 0);
    buf_truncate(list, list->size - 1);
    return list->failed ? "" : (const char *)buf_head(list);
}

/* The next alias of a name; NULL after the last one. */
static const char *alias_at(const struct setting_row *row, size_t index, const char **name)
{
    return row->alias_at ? row->alias_at(index, name) : NULL;
}

/* The canonical name, which lists contain, so that all layers agree. */
static const char *canonical(const struct setting_row *row, const char *text)
{
    const char *alias, *name;
    for (size_t i = 0; (alias = alias_at(row, i, &name)); i++)
        if (strcmp(alias, text) == 0)
            return name;
    return text;
}

/* By any of its names. */
static bool fits(const struct setting_row *row, const char *pattern, const char *text)
{
    const char *alias, *name;
    if (glob_matches(slice_of(pattern), slice_of(text)))
        return true;
    for (size_t i = 0; (alias = alias_at(row, i, &name)); i++)
        if (strcmp(name, text) == 0 && glob_matches(slice_of(pattern), slice_of(alias)))
            return true;
    return false;
}

static void append(struct buf *list, const char *name)
{
    if (names_have(slice_of(text_of(list)), slice_of(name)))
        return;
    put_format(list, "%s%s", list->size ? "," : "", name);
}

/* The list without the names that match the pattern, which may be a plain name. */
static void remove_names(const struct setting_row *row, struct buf *list, const char *pattern)
{
    struct buf kept;
    buf_init(&kept, list->max);
    struct slice at = slice_of(text_of(list));
    char each[LIST_NAME_SIZE];
    bool too_long = false;
    while (next_name(&at, each, &too_long))
        if (!too_long && !fits(row, pattern, each))
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

/* The next of the names that a list may contain; NULL after the last one. */
static const char *name_at(const struct setting_row *row, size_t index)
{
    return row->name_at ? row->name_at(index) : NULL;
}

static bool is_choice(const struct setting_row *row, const char *name)
{
    const char *known;
    for (size_t i = 0; (known = name_at(row, i)) != NULL; i++)
        if (strcmp(known, name) == 0)
            return true;
    return row->is_valid && row->is_valid(name);
}

static bool fits_a_choice(const struct setting_row *row, const char *pattern)
{
    const char *known;
    for (size_t i = 0; (known = name_at(row, i)) != NULL; i++)
        if (fits(row, pattern, known))
            return true;
    return false;
}

static sally_error check_name(const struct setting_row *row, const char *name, bool too_long,
                              bool may_be_pattern, char why[SETTINGS_WHY_SIZE])
{
    if (!too_long && !may_be_pattern && glob_is_pattern(slice_of(name))) {
        snprintf(why, SETTINGS_WHY_SIZE,
                 "%s: \"%s\" is a pattern; patterns are only allowed after -", row->pub.name, name);
        return SALLY_E_PARSE;
    }
    if (!too_long && looks_like_a_name(name) &&
        (is_choice(row, name) || (may_be_pattern && fits_a_choice(row, name))))
        return SALLY_E_OK;
    if (row->names_what) {
        snprintf(why, SETTINGS_WHY_SIZE, "%s: \"%s\" is not %s", row->pub.name,
                 too_long ? "(long name)" : name, row->names_what);
        return SALLY_E_PARSE;
    }
    size_t used = (size_t)snprintf(why, SETTINGS_WHY_SIZE, "%s: unknown name \"%s\"; choose from ",
                                   row->pub.name, too_long ? "(long name)" : name);
    const char *known;
    for (size_t i = 0; (known = name_at(row, i)) != NULL && used < SETTINGS_WHY_SIZE; i++)
        used +=
            (size_t)snprintf(why + used, SETTINGS_WHY_SIZE - used, "%s%s", i ? ", " : "", known);
    return SALLY_E_PARSE;
}

/* The list being built from a text. */
struct list_edit {
    const struct setting_row *row;
    const char *below;     /* the list to modify */
    struct buf head, list; /* head: what comes before the rest */
    char mark;             /* + - ^: what to do with the names that follow; 0: they are the list */
    size_t names;
};

static sally_error resolve_name(struct list_edit *r, const char *text, bool too_long,
                                char why[SETTINGS_WHY_SIZE])
{
    if (!too_long && strchr("+-^", *text)) {
        if (r->names && !r->mark) {
            snprintf(why, SETTINGS_WHY_SIZE,
                     "%s: a list that modifies the default begins with +, - or ^",
                     r->row->pub.name);
            return SALLY_E_PARSE;
        }
        if (!r->names)
            put_format(&r->list, "%s", r->below);
        r->mark = *text++;
    }
    r->names++;
    sally_error error = check_name(r->row, text, too_long, r->mark == '-', why);
    if (error)
        return error;
    if (r->mark == '-') {
        remove_names(r->row, &r->head, text);
        remove_names(r->row, &r->list, text);
    } else if (r->mark == '^') {
        append(&r->head, canonical(r->row, text));
    } else {
        append(&r->list, canonical(r->row, text));
    }
    return SALLY_E_OK;
}

/* The head, followed by the rest of the list. */
static void join(struct list_edit *r)
{
    struct slice at = slice_of(text_of(&r->list));
    char name[LIST_NAME_SIZE];
    bool too_long = false;
    while (next_name(&at, name, &too_long))
        append(&r->head, name);
    r->head.failed |= r->list.failed;
}

/* The result is in `head`. */
static sally_error resolve(struct list_edit *r, const char *value, char why[SETTINGS_WHY_SIZE])
{
    buf_init(&r->head, LIST_MAX_BYTES);
    buf_init(&r->list, LIST_MAX_BYTES);
    char text[LIST_NAME_SIZE];
    struct slice at = slice_of(value);
    bool too_long = false;
    sally_error error = SALLY_E_OK;
    while (!error && next_name(&at, text, &too_long))
        error = resolve_name(r, text, too_long, why);
    if (!error)
        join(r);
    if (!error && r->head.failed) {
        snprintf(why, SETTINGS_WHY_SIZE, "%s: too long, or out of memory", r->row->pub.name);
        error = SALLY_E_NO_MEMORY;
    }
    return error;
}

/* If an empty list means all, removing names must not make the list empty. */
static bool may_be_empty(const struct list_edit *r)
{
    return (r->row->pub.default_value[0] == '\0' && !(r->row->empty_is_all && r->mark)) ||
           r->row->names_what;
}

static sally_error check_rest(const struct list_edit *r, char why[SETTINGS_WHY_SIZE])
{
    if (r->head.size || may_be_empty(r))
        return SALLY_E_OK;
    if (r->row->empty_is_all && r->below[0] == '\0')
        snprintf(why, SETTINGS_WHY_SIZE,
                 "%s: an empty list means all, so no names can be removed from it",
                 r->row->pub.name);
    else
        snprintf(why, SETTINGS_WHY_SIZE, "%s: the list would be empty", r->row->pub.name);
    return SALLY_E_RANGE;
}

static void clear(struct list_edit *r)
{
    buf_clear(&r->list);
    buf_clear(&r->head);
}

sally_error setting_check_list(const struct setting_row *row, const char *value,
                               char why[SETTINGS_WHY_SIZE])
{
    struct list_edit r = {.row = row, .below = ""};
    sally_error error = resolve(&r, value, why);
    if (!error && !r.mark)
        error = check_rest(&r, why);
    clear(&r);
    return error;
}

sally_error setting_resolve_list(const struct setting_row *row, const char *below,
                                 const char *value, char **out, char why[SETTINGS_WHY_SIZE])
{
    struct list_edit r = {.row = row, .below = below};
    *out = NULL;
    sally_error error = resolve(&r, value, why);
    if (!error)
        error = check_rest(&r, why);
    if (!error) {
        *out = mem_strdup(text_of(&r.head));
        if (!*out) {
            snprintf(why, SETTINGS_WHY_SIZE, "%s: out of memory", row->pub.name);
            error = SALLY_E_NO_MEMORY;
        }
    }
    clear(&r);
    return error;
}
