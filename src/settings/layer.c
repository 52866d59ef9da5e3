#include "settings/layer.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "settings/list.h"
#include "settings/value.h"

static const char *layer_name(uint32_t scope)
{
    switch (scope) {
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

static sally_error check_text(const struct setting_row *row, const char *value,
                              char why[SETTINGS_WHY_SIZE])
{
    if (!row->is_valid || row->is_valid(value))
        return SALLY_E_OK;
    snprintf(why, SETTINGS_WHY_SIZE, "%s: invalid value \"%.64s\" (%s)", row->pub.name, value,
             row->pub.help);
    return SALLY_E_PARSE;
}

static sally_error check_value(const struct setting_row *row, const char *value,
                               char why[SETTINGS_WHY_SIZE])
{
    uint64_t number;
    switch (row->pub.type) {
    case SALLY_SETTING_TEXT:
        return check_text(row, value, why);
    case SALLY_SETTING_LIST:
        return setting_check_list(row, value, why);
    default:
        return setting_parse_value(row, value, &number, why);
    }
}

sally_error setting_check(uint32_t scope, const char *name, const char *value,
                          char why[SETTINGS_WHY_SIZE])
{
    const struct setting_row *row = setting_row_find(name);
    if (!row) {
        snprintf(why, SETTINGS_WHY_SIZE, "unknown setting \"%.128s\"", name);
        return SALLY_E_NOT_FOUND;
    }
    if (!(row->pub.scope & scope)) {
        snprintf(why, SETTINGS_WHY_SIZE, "%s cannot be set per %s", name, layer_name(scope));
        return SALLY_E_UNSUPPORTED;
    }
    return check_value(row, value, why);
}

void setting_layer_init(struct setting_layer *layer, uint32_t scope)
{
    *layer = (struct setting_layer){.scope = scope};
}

void setting_layer_clear(struct setting_layer *layer)
{
    while (layer->first) {
        struct setting_override *o = layer->first;
        layer->first = o->next;
        mem_free(o);
    }
}

static bool add(struct setting_layer *layer, const struct setting_row *row, const char *value)
{
    size_t size = strlen(value) + 1;
    struct setting_override *o = mem_zalloc(sizeof *o + size);
    if (!o)
        return false;
    o->row = row;
    memcpy(o->value, value, size);
    o->next = layer->first;
    layer->first = o;
    return true;
}

static void remove_from(struct setting_override **at, const struct setting_row *row)
{
    while (*at && (*at)->row != row)
        at = &(*at)->next;
    struct setting_override *o = *at;
    if (o) {
        *at = o->next;
        mem_free(o);
    }
}

bool setting_layer_copy(struct setting_layer *to, const struct setting_layer *from)
{
    setting_layer_init(to, from->scope);
    for (const struct setting_override *o = from->first; o; o = o->next) {
        if (!add(to, o->row, o->value)) {
            setting_layer_clear(to);
            return false;
        }
    }
    return true;
}

sally_error setting_layer_set(struct setting_layer *layer, const char *name, const char *value,
                              char why[SETTINGS_WHY_SIZE])
{
    sally_error error = setting_check(layer->scope, name, value, why);
    if (error)
        return error;
    const struct setting_row *row = setting_row_find(name);
    if (!add(layer, row, value)) {
        snprintf(why, SETTINGS_WHY_SIZE, "%s: out of memory", name);
        return SALLY_E_NO_MEMORY;
    }
    remove_from(&layer->first->next, row);
    return SALLY_E_OK;
}
