/* Whose PROXY headers are believed, and settings that contradict each other. */
#include "cmocka_all.h"

#include <string.h>

#include "base/mem.h"
#include "server/fixture.h"
#include "server/proxy_peers.h"
#include "server/unauthenticated_fixture.h"

static bool trusts(const char *list, const char *from)
{
    const struct settings settings = {.server.proxy_trusted = list};
    struct ip_address ip = {.size = 0};
    if (*from)
        ip = test_ip(from);
    return proxy_is_trusted(&settings, &ip, !*from);
}

static void only_listed_peers_are_trusted(void **state)
{
    (void)state;
    assert_false(trusts("", "127.0.0.1"));
    assert_false(trusts("", ""));
    assert_true(trusts("127.0.0.1", "127.0.0.1"));
    assert_false(trusts("127.0.0.1", "127.0.0.2"));
    assert_true(trusts("192.0.2.1,10.0.0.0/8,2001:db8::/32", "10.9.8.7"));
    assert_true(trusts("192.0.2.1,10.0.0.0/8,2001:db8::/32", "2001:db8:1::2"));
    assert_false(trusts("192.0.2.1,10.0.0.0/8,2001:db8::/32", "192.0.2.2"));
    assert_false(trusts("0.0.0.0/0,::/0", "")); /* a Unix domain socket is no network */
    assert_true(trusts("10.0.0.0/8,unix", ""));
    assert_false(trusts("unix", "127.0.0.1"));
    const struct settings settings = {.server.proxy_trusted = "unix,0.0.0.0/0,::/0"};
    const struct ip_address none = {.size = 0};
    assert_false(proxy_is_trusted(&settings, &none, false)); /* a socket of yet another kind */
}

static void modes_have_names(void **state)
{
    (void)state;
    static const char *const names[] = {"off", "optional", "required"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct settings settings = {.server.proxy_protocol = names[i]};
        assert_int_equal(proxy_mode_of(&settings), i);
    }
}

static void nonsense_is_refused_when_it_is_set(void **state)
{
    (void)state;
    sally_server *s = keyed_server();
    static const char *const wrong[][2] = {
        {"server.proxy_protocol", ""},          {"server.proxy_protocol", "yes"},
        {"server.proxy_protocol", "Required"},  {"server.proxy_trusted", "proxy.example"},
        {"server.proxy_trusted", "10.0.0.1/8"}, {"server.proxy_trusted", "/run/socket"},
        {"limits.proxy_header_time", "0s"},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_not_equal(sally_server_set(s, wrong[i][0], wrong[i][1]), SALLY_E_OK);
        assert_non_null(strstr(sally_server_error(s), wrong[i][0]));
    }
    assert_int_equal(sally_server_set(s, "server.proxy_protocol", "yes"), SALLY_E_PARSE);
    assert_non_null(strstr(sally_server_error(s), "off, optional or required"));
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

/* In whatever order they are set, as long as nothing listens. */
static void a_listener_wants_to_know_whom_to_trust(void **state)
{
    (void)state;
    static const char *const modes[] = {"optional", "required"};
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        const sally_setting_value alone = {"server.proxy_protocol", modes[i]};
        const sally_setting_value both[] = {{"server.proxy_protocol", modes[i]},
                                            {"server.proxy_trusted", "127.0.0.1"}};
        sally_server *s = keyed_server();
        sally_listener_options o = {.struct_size = sizeof o,
                                    .url = "sftp://127.0.0.1:0",
                                    .settings = &alone,
                                    .setting_count = 1};
        assert_int_equal(sally_server_listen(s, &o, NULL), SALLY_E_RANGE);
        assert_non_null(strstr(sally_server_error(s), modes[i]));
        assert_non_null(strstr(sally_server_error(s), "set server.proxy_trusted first"));
        o.settings = both;
        o.setting_count = 2;
        assert_int_equal(sally_server_listen(s, &o, NULL), SALLY_E_OK);
        assert_int_equal(sally_server_set(s, "server.proxy_protocol", modes[i]), SALLY_E_OK);
        assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_RANGE);
        assert_int_equal(sally_server_set(s, "server.proxy_protocol", "off"), SALLY_E_OK);
        assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_OK);
        assert_int_equal(sally_server_set(s, "server.proxy_protocol", modes[i]), SALLY_E_RANGE);
        assert_int_equal(sally_server_set(s, "server.proxy_trusted", "192.0.2.1"), SALLY_E_OK);
        assert_int_equal(sally_server_set(s, "server.proxy_protocol", modes[i]), SALLY_E_OK);
        assert_int_equal(sally_server_set(s, "server.proxy_trusted", ""), SALLY_E_RANGE);
        assert_int_equal(sally_server_free(s), SALLY_E_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_listed_peers_are_trusted),
        cmocka_unit_test(modes_have_names),
        cmocka_unit_test(nonsense_is_refused_when_it_is_set),
        cmocka_unit_test(a_listener_wants_to_know_whom_to_trust),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
