/* A connection's settings: its service's, with its user's and its own overrides on top. */
#include <stdio.h>

#include "auth/request.h"
#include "server/conn.h"
#include "server/conn_hooks.h"
#include "server/server.h"

/* Texts that sessions borrow stay with the set they came from; only numbers reach what runs
 * already. */
static void use(struct conn *c, struct settings *settings)
{
    settings_unref(c->settings);
    c->settings = settings;
    conn_memory_set_limits(c);
    if (c->line && c->line->methods->settings_changed) {
        c->line->methods->settings_changed(c->line);
        conn_make_ready(c);
    }
}

/* Replaces the layer at `at`; `layer` is the connection's in any case. On failure nothing has
 * changed. */
static sally_error replace_layer(struct conn *c, struct setting_layer *at,
                                 struct setting_layer *layer, char why[SETTINGS_WHY_SIZE])
{
    const struct setting_layer *const layers[] = {&c->user_layer, &c->own_layer};
    struct setting_layer before = *at;
    struct settings *changed;
    *at = *layer;
    sally_error error =
        settings_resolve(&changed, c->service->settings, layers, COUNT_OF(layers), why);
    if (error) {
        setting_layer_clear(at);
        *at = before;
        log_line(&c->server->log, conn_log_ids(c), SALLY_LOG_WARNING, "settings.refused", NULL, 0,
                 "%s", why);
        conn_hooks_problem(c, error, 0, why);
        return error;
    }
    setting_layer_clear(&before);
    use(c, changed);
    return SALLY_E_OK;
}

sally_error conn_set_user_settings(struct conn *c, const struct auth_setting *settings)
{
    struct setting_layer layer;
    char why[SETTINGS_WHY_SIZE];
    if (!settings)
        return SALLY_E_OK;
    setting_layer_init(&layer, SALLY_SCOPE_USER);
    for (const struct auth_setting *s = settings; s; s = s->next) {
        sally_error error = setting_layer_set(&layer, s->name, s->value, why);
        if (error) {
            setting_layer_clear(&layer);
            return error;
        }
    }
    return replace_layer(c, &c->user_layer, &layer, why);
}

/* Before there is an engine, what it is made with may still be chosen. */
static uint32_t scope_of(const struct conn *c)
{
    return c->line ? SALLY_SCOPE_CONNECTION : SALLY_SCOPE_LISTENER;
}

sally_error conn_set(struct conn *c, const char *name, const char *value,
                     char why[SETTINGS_WHY_SIZE])
{
    struct setting_layer layer;
    if (!setting_layer_copy(&layer, &c->own_layer)) {
        snprintf(why, SETTINGS_WHY_SIZE, "%s: out of memory", name);
        return SALLY_E_NO_MEMORY;
    }
    layer.scope = scope_of(c);
    sally_error error = setting_layer_set(&layer, name, value, why);
    if (!error)
        return replace_layer(c, &c->own_layer, &layer, why);
    setting_layer_clear(&layer);
    return error;
}
