#include "settings/fixture.h"

#include "cmocka_all.h"

static sally_error resolve(struct fixture *f, const struct setting_layer *layer)
{
    const struct setting_layer *const layers[] = {layer};
    struct settings *settings;
    sally_error error = settings_resolve(&settings, NULL, layers, 1, f->why);
    if (!error) {
        settings_unref(f->settings);
        f->settings = settings;
    }
    return error;
}

void fixture_begin(struct fixture *f)
{
    setting_layer_init(&f->layer, SALLY_SCOPE_SERVER);
    f->settings = NULL;
    assert_int_equal(resolve(f, &f->layer), SALLY_E_OK);
}

sally_error fixture_set(struct fixture *f, const char *name, const char *value)
{
    struct setting_layer layer;
    assert_true(setting_layer_copy(&layer, &f->layer));
    sally_error error = setting_layer_set(&layer, name, value, f->why);
    if (!error)
        error = resolve(f, &layer);
    setting_layer_clear(error ? &layer : &f->layer);
    if (!error)
        f->layer = layer;
    return error;
}

void fixture_end(struct fixture *f)
{
    setting_layer_clear(&f->layer);
    settings_unref(f->settings);
}

void assert_shows(const struct settings *settings, const char *name, const char *text)
{
    char value[4096];
    assert_int_equal(settings_get(settings, name, value, sizeof value), SALLY_E_OK);
    assert_string_equal(value, text);
}
