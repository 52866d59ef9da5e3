#include "cmocka_all.h"

#include <string.h>

#include "base/mem.h"
#include "settings/fixture.h"

static void lists_stand_alone_or_change_the_default(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    assert_int_equal(fixture_set(&f, "ssh.macs", " hmac-sha1 , hmac-sha2-256,hmac-sha1"),
                     SALLY_E_OK);
    assert_shows(f.settings, "ssh.macs", "hmac-sha1,hmac-sha2-256");
    assert_int_equal(fixture_set(&f, "ssh.macs", "-hmac-sha2-512,+hmac-sha1"), SALLY_E_OK);
    assert_shows(f.settings, "ssh.macs",
                 "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,"
                 "hmac-sha1");
    assert_int_equal(fixture_set(&f, "ssh.macs", "hmac-sha1,+hmac-sha2-256"), SALLY_E_PARSE);
    assert_int_equal(fixture_set(&f, "ssh.macs", "hmac-wrong"), SALLY_E_PARSE);
    assert_non_null(strstr(f.why, "hmac-wrong"));
    assert_int_equal(fixture_set(&f, "ssh.macs", ""), SALLY_E_RANGE);
    assert_int_equal(fixture_set(&f, "ssh.compression", "-none,-zlib@openssh.com"), SALLY_E_RANGE);
    /* A failure leaves the value. */
    assert_shows(f.settings, "ssh.macs",
                 "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,"
                 "hmac-sha1");
    assert_int_equal(fixture_set(&f, "sftp.deny_requests", "remove,rmdir"), SALLY_E_OK);
    assert_shows(f.settings, "sftp.deny_requests", "remove,rmdir");
    assert_int_equal(fixture_set(&f, "sftp.deny_requests", "oben"), SALLY_E_PARSE);
    assert_non_null(strstr(f.why, "oben"));
    assert_int_equal(fixture_set(&f, "sftp.allow_requests",
                                 "open,statvfs,fsync@openssh.com,check-file,their@own"),
                     SALLY_E_OK);
    assert_int_equal(fixture_set(&f, "sftp.deny_requests", ""), SALLY_E_OK);
    assert_shows(f.settings, "sftp.deny_requests", "");
    char long_name[300];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(fixture_set(&f, "sftp.deny_requests", long_name), SALLY_E_PARSE);
    assert_int_equal(fixture_set(&f, "sftp.deny_requests", "a\x01z"), SALLY_E_PARSE);
    fixture_end(&f);
}

#define ETM   "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com"
#define PLAIN "hmac-sha2-256,hmac-sha2-512"

/* As OpenSSH's -o MACs=+a,b and its kin. */
static void a_mark_holds_for_the_names_behind_it(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
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
        assert_int_equal(fixture_set(&f, "ssh.macs", values[i].in), SALLY_E_OK);
        assert_shows(f.settings, "ssh.macs", values[i].out);
    }
    const char *const bad[] = {"+",         "-",           "^",          "+,hmac-sha1",
                               "-nothing*", "+hmac-sha2*", "^hmac-sha*", "++hmac-sha1"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(fixture_set(&f, "ssh.macs", bad[i]), SALLY_E_PARSE);
    assert_int_equal(fixture_set(&f, "ssh.macs", "-*"), SALLY_E_RANGE);
    /* Nor is a pattern one of the names that only a storage knows. */
    const char *const patterns[] = {"*@openssh.com", "+*@openssh.com", "^x?@own", "open,[a-c]@own"};
    for (size_t i = 0; i < COUNT_OF(patterns); i++)
        assert_int_equal(fixture_set(&f, "sftp.deny_requests", patterns[i]), SALLY_E_PARSE);
    assert_non_null(strstr(f.why, "pattern"));
    assert_int_equal(fixture_set(&f, "sftp.deny_requests", "+remove,rmdir"), SALLY_E_OK);
    assert_shows(f.settings, "sftp.deny_requests", "remove,rmdir");
    fixture_end(&f);
}

/* Every list: each name that it has can be set alone; one that it has not is refused, with those
 * that there are. */
static void lists_know_their_names(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    const sally_setting *row;
    const char *name;
    size_t lists = 0;
    for (size_t i = 0; (row = sally_setting_at(i)); i++) {
        if (row->type != SALLY_SETTING_LIST) {
            assert_null(sally_setting_choice_at(row->name, 0));
            continue;
        }
        lists++;
        assert_int_equal(fixture_set(&f, row->name, "nothing"), SALLY_E_PARSE);
        assert_non_null(strstr(f.why, row->name));
        assert_non_null(strstr(f.why, "\"nothing\""));
        char text[SETTINGS_WHY_SIZE];
        memcpy(text, f.why, sizeof text);
        assert_true(strlen(text) < sizeof text - 1);
        for (size_t k = 0; (name = sally_setting_choice_at(row->name, k)); k++) {
            assert_non_null(strstr(text, name));
            assert_int_equal(fixture_set(&f, row->name, name), SALLY_E_OK);
            assert_shows(f.settings, row->name, name);
        }
    }
    assert_int_equal(lists, 11);
    assert_null(sally_setting_choice_at("ssh.nothing", 0));
    assert_null(sally_setting_choice_at(NULL, 0));
    /* Before the login there is none, as in OpenSSH since 7.4. */
    assert_int_equal(fixture_set(&f, "ssh.compression", "zlib"), SALLY_E_PARSE);
    assert_string_equal(f.why, "ssh.compression: unknown name \"zlib\"; choose from none, "
                               "zlib@openssh.com");
    fixture_end(&f);
}

/* A list of what cannot be listed: networks. */
static void networks_are_checked(void **state)
{
    (void)state;
    struct fixture f;
    fixture_begin(&f);
    static const struct {
        const char *in, *out;
    } values[] = {
        {"", ""},
        {"192.0.2.0/24, 2001:db8::/32", "192.0.2.0/24,2001:db8::/32"},
        {"+192.0.2.1", "127.0.0.0/8,::1,192.0.2.1"},
        {"-127.0.0.0/8", "::1"},
        {"-127.0.0.0/8,::1", ""},
    };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        assert_int_equal(fixture_set(&f, "limits.penalty_exempt", values[i].in), SALLY_E_OK);
        assert_shows(f.settings, "limits.penalty_exempt", values[i].out);
    }
    const char *const bad[] = {"localhost", "192.0.2.0/33", "192.0.2.1/24",
                               "10.*",      "-10.*",        "192.0.2.0/24/8"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(fixture_set(&f, "limits.penalty_exempt", bad[i]), SALLY_E_PARSE);
    assert_int_equal(fixture_set(&f, "limits.penalty_exempt", "192.0.2.1/24"), SALLY_E_PARSE);
    assert_string_equal(f.why, "limits.penalty_exempt: \"192.0.2.1/24\" is not an IP address or "
                               "network, such as 192.0.2.0/24");
    assert_int_equal(fixture_set(&f, "limits.penalty_exempt", "unix"), SALLY_E_PARSE);
    assert_int_equal(fixture_set(&f, "server.proxy_trusted", "192.0.2.0/24,unix"), SALLY_E_OK);
    assert_shows(f.settings, "server.proxy_trusted", "192.0.2.0/24,unix");
    assert_int_equal(fixture_set(&f, "server.proxy_trusted", "UNIX"), SALLY_E_PARSE);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_stand_alone_or_change_the_default),
        cmocka_unit_test(a_mark_holds_for_the_names_behind_it),
        cmocka_unit_test(lists_know_their_names),
        cmocka_unit_test(networks_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
