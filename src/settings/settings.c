#include "settings/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "settings/list.h"
#include "settings/value.h"

/* ---- Members by row ---- */

/* The table's offsets are those of members of the type that `width` names. */
static const void *member_of(const struct settings *s, const struct setting_row *row)
{
    return (const char *)s + row->offset;
}

static const char **text_at(struct settings *s, const struct setting_row *row)
{
    return (const char **)(void *)((char *)s + row->offset);
}

static const char *text_of(const struct settings *s, const struct setting_row *row)
{
    return *(const char *const *)member_of(s, row);
}

static uint64_t number_of(const struct settings *s, const struct setting_row *row)
{
    switch (row->width) {
    case WIDTH_BOOL:
        return *(const bool *)member_of(s, row);
    case WIDTH_U32:
        return *(const uint32_t *)member_of(s, row);
    default:
        return *(const uint64_t *)member_of(s, row);
    }
}

/* The row's range has been checked: it fits. */
static void set_number(struct settings *s, const struct setting_row *row, uint64_t number)
{
    void *member = (char *)s + row->offset;
    switch (row->width) {
    case WIDTH_BOOL:
        *(bool *)member = number != 0;
        break;
    case WIDTH_U32:
        *(uint32_t *)member = (uint32_t)number;
        break;
    default:
        *(uint64_t *)member = number;
        break;
    }
}

/* ---- Life ---- */

/* The value of a text unless one of this set's own layers sets it; the set does not free such
 * texts. */
static const char *inherited(const struct settings *s, const struct setting_row *row)
{
    return s->base ? text_of(s->base, row) : row->pub.default_value;
}

static void set_text(struct settings *s, const struct setting_row *row, const char *text)
{
    if (text_of(s, row) != inherited(s, row))
        mem_free((void *)(uintptr_t)text_of(s, row));
    *text_at(s, row) = text;
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
        if (row->width == WIDTH_TEXT)
            set_text(s, row, inherited(s, row));
    settings_unref(s->base);
    mem_free(s);
}

static void inherit(struct settings *s, const struct setting_row *row)
{
    uint64_t number = 0;
    if (row->width == WIDTH_TEXT) {
        *text_at(s, row) = inherited(s, row);
        return;
    }
    if (s->base)
        number = number_of(s->base, row);
    else
        (void)setting_parse_number(row->pub.type, row->pub.default_value, &number);
    set_number(s, row, number);
}

static struct settings *new_on(struct settings *base)
{
    struct settings *s = mem_zalloc(sizeof *s);
    if (!s)
        return NULL;
    atomic_init(&s->refs, 1);
    s->base = base ? settings_ref(base) : NULL;
    const struct setting_row *row;
    for (size_t i = 0; (row = setting_row_at(i)); i++)
        inherit(s, row);
    return s;
}

/* ---- Layers ---- */

/* Values were checked when they were set, so only the resulting lists can still be invalid, or
 * memory short. */
static sally_error apply(struct settings *s, const struct setting_override *o,
                         char why[SETTINGS_WHY_SIZE])
{
    const struct setting_row *row = o->row;
    if (row->width != WIDTH_TEXT) {
        uint64_t number = 0;
        sally_error error = setting_parse_value(row, o->value, &number, why);
        if (!error)
            set_number(s, row, number);
        return error;
    }
    char *text = NULL;
    if (row->pub.type == SALLY_SETTING_LIST) {
        sally_error error = setting_resolve_list(row, text_of(s, row), o->value, &text, why);
        if (error)
            return error;
    } else {
        text = mem_strdup(o->value);
    }
    if (!text) {
        snprintf(why, SETTINGS_WHY_SIZE, "%s: out of memory", row->pub.name);
        return SALLY_E_NO_MEMORY;
    }
    set_text(s, row, text);
    return SALLY_E_OK;
}

sally_error settings_resolve(struct settings **out, struct settings *base,
                             const struct setting_layer *const layers[], size_t count,
                             char why[SETTINGS_WHY_SIZE])
{
    bool is_changed = !base;
    for (size_t i = 0; i < count; i++)
        is_changed = is_changed || layers[i]->first;
    struct settings *s = is_changed ? new_on(base) : settings_ref(base);
    sally_error error = s ? SALLY_E_OK : SALLY_E_NO_MEMORY;
    if (!s)
        snprintf(why, SETTINGS_WHY_SIZE, "out of memory");
    for (size_t i = 0; i < count; i++)
        for (const struct setting_override *o = layers[i]->first; !error && o; o = o->next)
            error = apply(s, o, why);
    if (error) {
        settings_unref(s);
        s = NULL;
    }
    *out = s;
    return error;
}

sally_error settings_get(const struct settings *s, const char *name, char *out, size_t size)
{
    const struct setting_row *row = setting_row_find(name);
    if (!row)
        return SALLY_E_NOT_FOUND;
    char number[64];
    const char *text = number;
    if (row->width == WIDTH_TEXT)
        text = text_of(s, row);
    else
        setting_print_number(row->pub.type, number_of(s, row), number, sizeof number);
    size_t length = strlen(text);
    if (length >= size)
        return SALLY_E_RANGE;
    memcpy(out, text, length + 1);
    return SALLY_E_OK;
}
