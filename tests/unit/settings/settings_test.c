#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "crypto/kex_method.h"
#include "crypto/packet_cipher.h"
#include "crypto/public_key.h"
#include "settings/settings.h"
#include "settings/table.h"
#include "settings/value.h"

static char why[SETTINGS_WHY_SIZE];

static void shows(const struct settings *s, const char *name, const char *text)
{
    char value[4096];
    assert_int_equal(settings_get(s, name, value, sizeof value), SALLY_E_OK);
    assert_string_equal(value, text);
}

/* Everything may be set for the server. What connections may differ in may change at any time, and
 * what one connection may have, so may all of a user or listener. */
static void assert_scope_is_plausible(const sally_setting *row)
{
    static const uint32_t plausible[] = {
        SALLY_SCOPE_SERVER,
        SALLY_SCOPE_SERVER | SALLY_SCOPE_RUNNING,
        SALLY_SCOPE_SERVER | SALLY_SCOPE_RUNNING | SALLY_SCOPE_LISTENER,
        SALLY_SCOPE_SERVER | SALLY_SCOPE_RUNNING | SALLY_SCOPE_LISTENER | SALLY_SCOPE_USER |
            SALLY_SCOPE_CONNECTION,
    };
    bool found = false;
    for (size_t i = 0; i < COUNT_OF(plausible); i++)
        found = found || row->scope == plausible[i];
    if (!found)
        fail_msg("%s: scope %u", row->name, (unsigned)row->scope);
}

static void names_are_sorted_and_rows_complete(void **state)
{
    (void)state;
    const sally_setting *row, *before = NULL;
    size_t count = 0;
    for (; (row = sally_setting_at(count)); count++, before = row) {
        if (before)
            assert_true(strcmp(before->name, row->name) < 0);
        assert_true(row->type >= SALLY_SETTING_NUMBER && row->type <= SALLY_SETTING_LIST);
        assert_scope_is_plausible(row);
        assert_true(strlen(row->help) > 5);
        assert_non_null(row->default_value);
        assert_non_null(row->minimum);
        assert_non_null(row->maximum);
        assert_ptr_equal(sally_setting_find(row->name), row);
    }
    assert_true(count > 30);
    assert_null(sally_setting_find("ssh.nothing"));
    assert_null(sally_setting_find(NULL));
}

/* Every row: its default is printed as it is documented, is accepted again, and both ends of the
 * range are the ends. */
static void every_row_parses_and_prints(void **state)
{
    (void)state;
    struct settings *s = settings_new();
    assert_non_null(s);
    const sally_setting *row;
    for (size_t i = 0; (row = sally_setting_at(i)); i++) {
        shows(s, row->name, row->default_value);
        assert_int_equal(settings_set(s, row->name, row->default_value, why), SALLY_E_OK);
        if (row->type == SALLY_SETTING_TEXT || row->type == SALLY_SETTING_LIST)
            continue;
        assert_int_equal(settings_set(s, row->name, "", why), SALLY_E_PARSE);
        assert_int_equal(settings_set(s, row->name, "-1", why), SALLY_E_PARSE);
        assert_int_equal(settings_set(s, row->name, "1x", why), SALLY_E_PARSE);
        if (row->type == SALLY_SETTING_BOOL) {
            assert_int_equal(settings_set(s, row->name, "2", why), SALLY_E_PARSE);
            continue;
        }
        assert_int_equal(settings_set(s, row->name, "99999999999999999999999", why), SALLY_E_RANGE);
        uint64_t end;
        char text[64];
        if (row->minimum[0]) {
            assert_int_equal(settings_set(s, row->name, row->minimum, why), SALLY_E_OK);
            assert_int_equal(setting_parse_number(row->type, row->minimum, &end), SALLY_E_OK);
            if (end > 0) {
                setting_print_number(row->type, end - 1, text, sizeof text);
                assert_int_equal(settings_set(s, row->name, text, why), SALLY_E_RANGE);
                assert_non_null(strstr(why, row->name));
            }
        }
        if (row->maximum[0]) {
            assert_int_equal(settings_set(s, row->name, row->maximum, why), SALLY_E_OK);
            assert_int_equal(setting_parse_number(row->type, row->maximum, &end), SALLY_E_OK);
            setting_print_number(row->type, end + 1, text, sizeof text);
            assert_int_equal(settings_set(s, row->name, text, why), SALLY_E_RANGE);
        }
        assert_int_equal(settings_set(s, row->name, row->default_value, why), SALLY_E_OK);
    }
    settings_unref(s);
}

static void units_are_read(void **state)
{
    (void)state;
    struct settings *s = settings_new();
    shows(s, "limits.login_time", "2m"); /* as OpenSSH: people answer a question about a new key */
    const struct {
        const char *name, *in, *out;
    } values[] = {
        {"limits.login_time", "90", "90s"},           {"limits.login_time", "1500ms", "1500ms"},
        {"limits.login_time", "120s", "2m"},          {"limits.login_time", "24h", "1d"},
        {"limits.session_bytes", "1024K", "1M"},      {"limits.session_bytes", "1m", "1M"},
        {"limits.session_bytes", "524289", "524289"},
    };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        assert_int_equal(settings_set(s, values[i].name, values[i].in, why), SALLY_E_OK);
        shows(s, values[i].name, values[i].out);
    }
    assert_int_equal(settings_set(s, "limits.login_time", "1M", why), SALLY_E_PARSE);
    assert_int_equal(settings_set(s, "limits.session_bytes", "1T", why), SALLY_E_PARSE);
    assert_int_equal(settings_set(s, "limits.session_bytes", "17179869184G", why), SALLY_E_RANGE);
    settings_unref(s);
}

static void lists_stand_alone_or_change_the_default(void **state)
{
    (void)state;
    struct settings *s = settings_new();
    assert_int_equal(settings_set(s, "ssh.macs", " hmac-sha1 , hmac-sha2-256,hmac-sha1", why),
                     SALLY_E_OK);
    shows(s, "ssh.macs", "hmac-sha1,hmac-sha2-256");
    assert_int_equal(settings_set(s, "ssh.macs", "-hmac-sha2-512,+hmac-sha1", why), SALLY_E_OK);
    shows(s, "ssh.macs",
          "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,"
          "hmac-sha1");
    assert_int_equal(settings_set(s, "ssh.macs", "hmac-sha1,+hmac-sha2-256", why), SALLY_E_PARSE);
    assert_int_equal(settings_set(s, "ssh.macs", "hmac-wrong", why), SALLY_E_PARSE);
    assert_non_null(strstr(why, "hmac-wrong"));
    assert_int_equal(settings_set(s, "ssh.macs", "", why), SALLY_E_RANGE);
    assert_int_equal(settings_set(s, "ssh.compression", "-none,-zlib@openssh.com", why),
                     SALLY_E_RANGE);
    /* A failure leaves the value. */
    shows(s, "ssh.macs",
          "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,"
          "hmac-sha1");
    assert_int_equal(settings_set(s, "sftp.deny_requests", "remove,rmdir", why), SALLY_E_OK);
    shows(s, "sftp.deny_requests", "remove,rmdir");
    assert_int_equal(settings_set(s, "sftp.deny_requests", "oben", why), SALLY_E_PARSE);
    assert_non_null(strstr(why, "oben"));
    assert_int_equal(settings_set(s, "sftp.allow_requests",
                                  "open,statvfs,fsync@openssh.com,check-file,their@own", why),
                     SALLY_E_OK);
    assert_int_equal(settings_set(s, "sftp.deny_requests", "", why), SALLY_E_OK);
    shows(s, "sftp.deny_requests", "");
    char long_name[300];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(settings_set(s, "sftp.deny_requests", long_name, why), SALLY_E_PARSE);
    assert_int_equal(settings_set(s, "sftp.deny_requests", "a\x01z", why), SALLY_E_PARSE);
    settings_unref(s);
}

#define ETM   "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com"
#define PLAIN "hmac-sha2-256,hmac-sha2-512"

/* As OpenSSH's -o MACs=+a,b and its kin. */
static void a_mark_holds_for_the_names_behind_it(void **state)
{
    (void)state;
    struct settings *s = settings_new();
    const struct {
        const char *in, *out;
    } values[] = {
        {"+hmac-sha1,hmac-sha1-etm@openssh.com",
         ETM "," PLAIN ",hmac-sha1,hmac-sha1-etm@openssh.com"},
        {"+hmac-sha2-256,hmac-sha1", ETM "," PLAIN ",hmac-sha1"},
        {"-hmac-sha2-256,hmac-sha2-512", ETM},
        {"-*-etm@openssh.com", PLAIN},
        {"-hmac-sha2-256*,hmac-sha1", "hmac-sha2-512-etm@openssh.com,hmac-sha2-512"},
        {"^hmac-sha2-512,hmac-sha1", "hmac-sha2-512,hmac-sha1," ETM ",hmac-sha2-256"},
        {"^hmac-sha2-512,^hmac-sha1", "hmac-sha2-512,hmac-sha1," ETM ",hmac-sha2-256"},
        {"-*@openssh.com,+hmac-sha1,^hmac-sha2-512", "hmac-sha2-512,hmac-sha2-256,hmac-sha1"},
        {"+hmac-sha1,-hmac-sha1", ETM "," PLAIN},
        {"^hmac-sha1,-hmac-sha1", ETM "," PLAIN},
    };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        assert_int_equal(settings_set(s, "ssh.macs", values[i].in, why), SALLY_E_OK);
        shows(s, "ssh.macs", values[i].out);
    }
    const char *const bad[] = {"+",         "-",           "^",          "+,hmac-sha1",
                               "-nothing*", "+hmac-sha2*", "^hmac-sha*", "++hmac-sha1"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(settings_set(s, "ssh.macs", bad[i], why), SALLY_E_PARSE);
    assert_int_equal(settings_set(s, "ssh.macs", "-*", why), SALLY_E_RANGE);
    assert_int_equal(settings_set(s, "sftp.deny_requests", "+remove,rmdir", why), SALLY_E_OK);
    shows(s, "sftp.deny_requests", "remove,rmdir");
    settings_unref(s);
}

/* Every list: each name that it has can be set alone; one that it has not is refused, with those
 * that there are. */
static void lists_know_their_names(void **state)
{
    (void)state;
    struct settings *s = settings_new();
    const sally_setting *row;
    const char *name;
    size_t lists = 0;
    for (size_t i = 0; (row = sally_setting_at(i)); i++) {
        if (row->type != SALLY_SETTING_LIST) {
            assert_null(sally_setting_choice_at(row->name, 0));
            continue;
        }
        lists++;
        assert_int_equal(settings_set(s, row->name, "nothing", why), SALLY_E_PARSE);
        assert_non_null(strstr(why, row->name));
        assert_non_null(strstr(why, "\"nothing\""));
        char text[SETTINGS_WHY_SIZE];
        memcpy(text, why, sizeof text);
        assert_true(strlen(text) < sizeof text - 1);
        for (size_t k = 0; (name = sally_setting_choice_at(row->name, k)); k++) {
            assert_non_null(strstr(text, name));
            assert_int_equal(settings_set(s, row->name, name, why), SALLY_E_OK);
            shows(s, row->name, name);
        }
    }
    assert_int_equal(lists, 9);
    assert_null(sally_setting_choice_at("ssh.nothing", 0));
    assert_null(sally_setting_choice_at(NULL, 0));
    /* Before the login there is none, as in OpenSSH since 7.4. */
    assert_int_equal(settings_set(s, "ssh.compression", "zlib", why), SALLY_E_PARSE);
    assert_string_equal(why, "ssh.compression: there is no \"zlib\"; there are none, "
                             "zlib@openssh.com");
    settings_unref(s);
}

static void texts_are_checked(void **state)
{
    (void)state;
    struct settings *s = settings_new();
    assert_int_equal(settings_set(s, "ssh.software", "", why), SALLY_E_PARSE);
    assert_int_equal(settings_set(s, "ssh.software", "a b", why), SALLY_E_PARSE);
    assert_int_equal(settings_set(s, "ssh.software", "a-b", why), SALLY_E_PARSE);
    assert_int_equal(settings_set(s, "ssh.software", "a\r\nb", why), SALLY_E_PARSE);
    assert_int_equal(settings_set(s, "ssh.software", "Gate_1.0", why), SALLY_E_OK);
    shows(s, "ssh.software", "Gate_1.0");
    char small[8];
    assert_int_equal(settings_get(s, "ssh.software", small, sizeof small), SALLY_E_RANGE);
    assert_int_equal(settings_get(s, "ssh.hardware", small, sizeof small), SALLY_E_NOT_FOUND);
    assert_int_equal(settings_set(s, "ssh.hardware", "x", why), SALLY_E_NOT_FOUND);
    settings_unref(s);
}

static void copies_are_independent(void **state)
{
    (void)state;
    struct settings *s = settings_new();
    struct settings *copy = settings_copy(s);
    assert_int_equal(settings_set(copy, "ssh.software", "Other", why), SALLY_E_OK);
    assert_int_equal(settings_set(copy, "limits.idle_time", "5m", why), SALLY_E_OK);
    shows(s, "limits.idle_time", "0s");
    settings_unref(s);
    shows(copy, "ssh.software", "Other");
    shows(copy, "limits.idle_time", "5m");
    settings_unref(copy);
}

static void layers_have_what_is_theirs(void **state)
{
    (void)state;
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
    assert_string_equal(why, "server.loops cannot be set for one connection");
    assert_int_equal(setting_check(SALLY_SCOPE_USER, "ssh.banner", "", why), SALLY_E_UNSUPPORTED);
    assert_string_equal(why, "ssh.banner cannot be set for one user");
    assert_int_equal(setting_check(layer, "limits.nothing", "1", why), SALLY_E_NOT_FOUND);
    assert_non_null(strstr(why, "limits.nothing"));
}

static void expect_list(const char *setting, struct buf *names)
{
    put_u8(names, 0);
    assert_false(names->failed);
    assert_string_equal(sally_setting_find(setting)->default_value, (char *)buf_head(names));
    buf_clear(names);
}

static void add_name(struct buf *names, bool in_default, const char *name)
{
    if (in_default)
        put_format(names, "%s%s", names->size ? "," : "", name);
}

static void defaults_are_those_of_the_tables(void **state)
{
    (void)state;
    struct buf names;
    buf_init(&names, 8192);
    const struct kex_method *kex;
    for (size_t i = 0; (kex = kex_method_at(i)); i++)
        add_name(&names, kex->in_default, kex->name);
    expect_list("ssh.kex", &names);
    const struct cipher_info *cipher;
    for (size_t i = 0; (cipher = cipher_at(i)); i++)
        add_name(&names, cipher->in_default, cipher->name);
    expect_list("ssh.ciphers", &names);
    const struct mac_info *mac;
    for (size_t i = 0; (mac = mac_at(i)); i++)
        add_name(&names, mac->in_default, mac->name);
    expect_list("ssh.macs", &names);
    static const char *const signatures[] = {"ssh.host_key_algorithms",
                                             "ssh.public_key_algorithms"};
    const struct signature_algorithm *signature;
    for (size_t s = 0; s < COUNT_OF(signatures); s++) {
        for (size_t i = 0; (signature = signature_algorithm_at(i)); i++)
            add_name(&names, signature->in_default, signature->name);
        expect_list(signatures[s], &names);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_sorted_and_rows_complete),
        cmocka_unit_test(every_row_parses_and_prints),
        cmocka_unit_test(units_are_read),
        cmocka_unit_test(lists_stand_alone_or_change_the_default),
        cmocka_unit_test(a_mark_holds_for_the_names_behind_it),
        cmocka_unit_test(lists_know_their_names),
        cmocka_unit_test(texts_are_checked),
        cmocka_unit_test(copies_are_independent),
        cmocka_unit_test(layers_have_what_is_theirs),
        cmocka_unit_test(defaults_are_those_of_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
