#include "cmocka_all.h"

#include <string.h>

#include "base/mem.h"
#include "settings/fixture.h"

static void units_are_read(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    assert_shows(f.settings, "limits.login_time",
                 "2m"); /* as OpenSSH: people answer a question about a new key */
    const struct {
        const char *name, *in, *out;
    } values[] = {
        {"limits.login_time", "90", "90s"},           {"limits.login_time", "1500ms", "1500ms"},
        {"limits.login_time", "120s", "2m"},          {"limits.login_time", "24h", "1d"},
        {"limits.session_bytes", "1024K", "1M"},      {"limits.session_bytes", "1m", "1M"},
        {"limits.session_bytes", "524289", "524289"},
    };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        assert_int_equal(fixture_set(&f, values[i].name, values[i].in), SALLY_E_OK);
        assert_shows(f.settings, values[i].name, values[i].out);
    }
    assert_int_equal(fixture_set(&f, "limits.login_time", "1M"), SALLY_E_PARSE);
    assert_int_equal(fixture_set(&f, "limits.session_bytes", "1T"), SALLY_E_PARSE);
    assert_int_equal(fixture_set(&f, "limits.session_bytes", "17179869184G"), SALLY_E_RANGE);
    fixture_end(&f);
}

static void texts_are_checked(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    assert_int_equal(fixture_set(&f, "ssh.software", ""), SALLY_E_PARSE);
    assert_int_equal(fixture_set(&f, "ssh.software", "a b"), SALLY_E_PARSE);
    assert_int_equal(fixture_set(&f, "ssh.software", "a-b"), SALLY_E_PARSE);
    assert_int_equal(fixture_set(&f, "ssh.software", "a\r\nb"), SALLY_E_PARSE);
    assert_int_equal(fixture_set(&f, "ssh.software", "Gate_1.0"), SALLY_E_OK);
    assert_shows(f.settings, "ssh.software", "Gate_1.0");
    char small[8];
    assert_int_equal(settings_get(f.settings, "ssh.software", small, sizeof small), SALLY_E_RANGE);
    assert_int_equal(settings_get(f.settings, "ssh.hardware", small, sizeof small),
                     SALLY_E_NOT_FOUND);
    assert_int_equal(fixture_set(&f, "ssh.hardware", "x"), SALLY_E_NOT_FOUND);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_are_read),
        cmocka_unit_test(texts_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
