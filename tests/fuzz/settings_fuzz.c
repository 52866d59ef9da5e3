/* Settings, one on each line: a layer (1 to 3: listener, user, connection; anything else: server),
 * then NAME=VALUE. */
#include <stdlib.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "settings/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LAYERS    4
#define ROOM      65536
#define MAX_LINES 64

static char why[SETTINGS_WHY_SIZE];

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void set_line(struct setting_layer layers[LAYERS], struct slice line)
{
    char *text = slice_strdup(line);
    char *equals = text && *text ? strchr(text + 1, '=') : NULL;
    if (equals) {
        size_t layer = text[0] >= '1' && text[0] <= '3' ? (size_t)(text[0] - '0') : 0;
        *equals = '\0';
        why[0] = '\0';
        sally_error checked = setting_check(layers[layer].scope, text + 1, equals + 1, why);
        sally_error set = setting_layer_set(&layers[layer], text + 1, equals + 1, why);
        require(checked == set);
        require(!set == !*why || set == SALLY_E_NOT_FOUND);
    }
    mem_free(text);
}

static void set_all(struct setting_layer layers[LAYERS], struct slice text)
{
    for (size_t count = 0; text.size && count < MAX_LINES; count++) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        struct slice line = {text.data, end ? (size_t)(end - text.data) : text.size};
        size_t step = line.size + (end ? 1 : 0);
        set_line(layers, line);
        text.data += step;
        text.size -= step;
    }
}

/* A value that is shown can be set, and is then shown unchanged. */
static void set_again(const struct settings *shown)
{
    static char value[ROOM], again[ROOM];
    const struct setting_row *row;
    struct setting_layer layer;
    const struct setting_layer *const all[] = {&layer};
    struct settings *s;
    setting_layer_init(&layer, SALLY_SCOPE_SERVER);
    for (size_t i = 0; (row = setting_row_at(i)) != NULL; i++) {
        require(settings_get(shown, row->pub.name, value, sizeof value) == SALLY_E_OK);
        require(setting_layer_set(&layer, row->pub.name, value, why) == SALLY_E_OK);
    }
    require(settings_resolve(&s, NULL, all, 1, why) == SALLY_E_OK);
    for (size_t i = 0; (row = setting_row_at(i)) != NULL; i++) {
        require(settings_get(shown, row->pub.name, value, sizeof value) == SALLY_E_OK);
        require(settings_get(s, row->pub.name, again, sizeof again) == SALLY_E_OK);
        require(strcmp(value, again) == 0);
    }
    settings_unref(s);
    setting_layer_clear(&layer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t scopes[LAYERS] = {SALLY_SCOPE_SERVER, SALLY_SCOPE_LISTENER,
                                            SALLY_SCOPE_USER, SALLY_SCOPE_CONNECTION};
    if (size > ROOM / 2)
        return 0;
    struct setting_layer layers[LAYERS];
    const struct setting_layer *all[LAYERS];
    for (size_t i = 0; i < LAYERS; i++) {
        setting_layer_init(&layers[i], scopes[i]);
        all[i] = &layers[i];
    }
    set_all(layers, (struct slice){data, size});
    struct settings *s;
    sally_error error = settings_resolve(&s, NULL, all, LAYERS, why);
    require(error == SALLY_E_OK || error == SALLY_E_RANGE);
    if (!error) {
        set_again(s);
        settings_unref(s);
    }
    for (size_t i = 0; i < LAYERS; i++)
        setting_layer_clear(&layers[i]);
    return 0;
}
