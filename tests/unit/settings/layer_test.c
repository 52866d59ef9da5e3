#include "cmocka_all.h"

#include <string.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "settings/layer.h"

static const struct setting_override *find(const struct setting_layer *layer, const char *name)
{
    const struct setting_override *found = NULL;
    for (const struct setting_override *o = layer->first; o; o = o->next) {
        if (strcmp(o->row->pub.name, name) == 0) {
            assert_null(found); /* there is only one */
            found = o;
        }
    }
    return found;
}

static void layers_have_what_is_theirs(void **state)
{
    (void)state;
    char why[SETTINGS_WHY_SIZE];
    static const struct {
        const char *name, *value;
        uint32_t layers;
    } settings[] = {
        {"server.loops", "1", SALLY_SCOPE_SERVER},
        {"limits.connections", "1", SALLY_SCOPE_SERVER},
        {"ssh.banner", "Hello", SALLY_SCOPE_SERVER | SALLY_SCOPE_LISTENER},
        {"ssh.kex", "+curve25519-sha256", SALLY_SCOPE_SERVER | SALLY_SCOPE_LISTENER},
        {"limits.login_time", "1m", SALLY_SCOPE_SERVER | SALLY_SCOPE_LISTENER},
        {"sftp.deny_requests", "remove",
         SALLY_SCOPE_SERVER | SALLY_SCOPE_LISTENER | SALLY_SCOPE_USER | SALLY_SCOPE_CONNECTION},
    };
    static const uint32_t layers[] = {SALLY_SCOPE_SERVER, SALLY_SCOPE_LISTENER, SALLY_SCOPE_USER,
                                      SALLY_SCOPE_CONNECTION};
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        for (size_t k = 0; k < COUNT_OF(layers); k++)
            assert_int_equal(setting_check(layers[k], settings[i].name, settings[i].value, why),
                             settings[i].layers & layers[k] ? SALLY_E_OK : SALLY_E_UNSUPPORTED);
    const uint32_t layer = SALLY_SCOPE_CONNECTION;
    assert_int_equal(setting_check(layer, "limits.idle_time", "soon", why), SALLY_E_PARSE);
    assert_int_equal(setting_check(layer, "limits.idle_time", "1000d", why), SALLY_E_RANGE);
    assert_int_equal(setting_check(layer, "server.loops", "1", why), SALLY_E_UNSUPPORTED);
    assert_string_equal(why, "server.loops cannot be set per connection");
    assert_int_equal(setting_check(SALLY_SCOPE_USER, "ssh.banner", "", why), SALLY_E_UNSUPPORTED);
    assert_string_equal(why, "ssh.banner cannot be set per user");
    assert_int_equal(setting_check(layer, "limits.nothing", "1", why), SALLY_E_NOT_FOUND);
    assert_non_null(strstr(why, "limits.nothing"));
}

static void a_later_value_replaces_the_one_before(void **state)
{
    (void)state;
    struct setting_layer layer;
    char why[SETTINGS_WHY_SIZE];
    setting_layer_init(&layer, SALLY_SCOPE_USER);
    assert_int_equal(setting_layer_set(&layer, "limits.idle_time", "5m", why), SALLY_E_OK);
    assert_int_equal(setting_layer_set(&layer, "sftp.list_dots", "no", why), SALLY_E_OK);
    assert_int_equal(setting_layer_set(&layer, "limits.idle_time", "6m", why), SALLY_E_OK);
    assert_string_equal(find(&layer, "limits.idle_time")->value, "6m");
    assert_string_equal(find(&layer, "sftp.list_dots")->value, "no");
    /* What is refused changes nothing. */
    assert_int_equal(setting_layer_set(&layer, "limits.idle_time", "soon", why), SALLY_E_PARSE);
    assert_int_equal(setting_layer_set(&layer, "ssh.banner", "Hello", why), SALLY_E_UNSUPPORTED);
    assert_int_equal(setting_layer_set(&layer, "ssh.nothing", "1", why), SALLY_E_NOT_FOUND);
    assert_string_equal(find(&layer, "limits.idle_time")->value, "6m");
    assert_null(find(&layer, "ssh.banner"));
    setting_layer_clear(&layer);
    assert_null(layer.first);
}

static void copies_are_independent(void **state)
{
    (void)state;
    struct setting_layer layer, copy;
    char why[SETTINGS_WHY_SIZE];
    setting_layer_init(&layer, SALLY_SCOPE_CONNECTION);
    assert_int_equal(setting_layer_set(&layer, "limits.idle_time", "5m", why), SALLY_E_OK);
    assert_int_equal(setting_layer_set(&layer, "ssh.commands", "-scp", why), SALLY_E_OK);
    assert_true(setting_layer_copy(&copy, &layer));
    assert_int_equal(setting_layer_set(&copy, "limits.idle_time", "6m", why), SALLY_E_OK);
    assert_string_equal(find(&layer, "limits.idle_time")->value, "5m");
    setting_layer_clear(&layer);
    assert_string_equal(find(&copy, "limits.idle_time")->value, "6m");
    assert_string_equal(find(&copy, "ssh.commands")->value, "-scp");
    assert_int_equal(setting_layer_set(&copy, "ssh.banner", "Hello", why), SALLY_E_UNSUPPORTED);
    setting_layer_clear(&copy);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    char why[SETTINGS_WHY_SIZE];
    struct setting_layer layer, copy;
    bool failed = true;
    for (unsigned nth = 1; failed; nth++) {
        setting_layer_init(&layer, SALLY_SCOPE_USER);
        assert_int_equal(setting_layer_set(&layer, "ssh.commands", "scp", why), SALLY_E_OK);
        assert_int_equal(setting_layer_set(&layer, "limits.idle_time", "5m", why), SALLY_E_OK);
        alloc_fail_at(nth);
        sally_error error = setting_layer_set(&layer, "ssh.commands", "-scp", why);
        failed = alloc_failed();
        assert_int_equal(error, failed ? SALLY_E_NO_MEMORY : SALLY_E_OK);
        assert_string_equal(find(&layer, "ssh.commands")->value, failed ? "scp" : "-scp");
        setting_layer_clear(&layer);
    }
    setting_layer_init(&layer, SALLY_SCOPE_USER);
    assert_int_equal(setting_layer_set(&layer, "ssh.commands", "scp", why), SALLY_E_OK);
    assert_int_equal(setting_layer_set(&layer, "limits.idle_time", "5m", why), SALLY_E_OK);
    failed = true;
    for (unsigned nth = 1; failed; nth++) {
        alloc_fail_at(nth);
        bool ok = setting_layer_copy(&copy, &layer);
        failed = alloc_failed();
        assert_int_equal(ok, !failed);
        assert_int_equal(copy.first != NULL, !failed);
        setting_layer_clear(&copy);
    }
    setting_layer_clear(&layer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_have_what_is_theirs),
        cmocka_unit_test(a_later_value_replaces_the_one_before),
        cmocka_unit_test(copies_are_independent),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
