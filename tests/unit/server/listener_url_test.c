#include "cmocka_all.h"

#include "base/mem.h"
#include "server/listener_url.h"

static void urls_are_read(void **state)
{
    (void)state;
    const struct {
        const char *url, *host;
        uint16_t port;
        int fd;
    } rows[] = {
        {"sftp://:2222", "", 2222, -1},
        {"sftp://*:2222", "", 2222, -1},
        {"sftp://127.0.0.1:0", "127.0.0.1", 0, -1},
        {"sftp://[::1]:2222/", "::1", 2222, -1},
        {"sftp://[::]", "::", 22, -1},
        {"sftp://gate.example.org", "gate.example.org", 22, -1},
        {"sftp://", "", 22, -1},
        {"sftp://[fe80::1%eth0]:65535", "fe80::1%eth0", 65535, -1},
        {"sftp+fd://7", "", 0, 7},
    };
    struct listener_url url;
    char why[LISTENER_WHY_SIZE];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(listener_url_parse(&url, rows[i].url, why), SALLY_E_OK);
        assert_string_equal(url.protocol->name, "sftp");
        assert_string_equal(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        assert_int_equal(url.fd, rows[i].fd);
    }
}

static void wrong_urls_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "sftp",
        "sftp:2222",
        "127.0.0.1:22",
        "sftp://:65536",
        "sftp://:-1",
        "sftp://:2a",
        "sftp://::",
        "sftp://::1:22",
        "sftp://[::1",
        "sftp://[]:22",
        "sftp://[host]:22",
        "sftp://[::1]22",
        "sftp://joe@host:22",
        "sftp://host:22/path",
        "sftp://ho st:22",
        "sftp://host:00000000000000000000022",
        "sftp+fd://",
        "sftp+fd://-1",
        "sftp+fd://99999999999",
        "sftp+fd://3/",
    };
    struct listener_url url;
    char why[LISTENER_WHY_SIZE];
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        why[0] = '\0';
        assert_int_equal(listener_url_parse(&url, wrong[i], why), SALLY_E_PARSE);
        assert_true(why[0] != '\0');
    }
    assert_int_equal(listener_url_parse(&url, "gopher://:70", why), SALLY_E_UNSUPPORTED);
    assert_non_null(strstr(why, "sftp://"));
    char long_url[1000];
    memset(long_url, 'a', sizeof long_url);
    memcpy(long_url, "sftp://", 7);
    long_url[sizeof long_url - 1] = '\0';
    assert_int_equal(listener_url_parse(&url, long_url, why), SALLY_E_PARSE);
}

static void urls_are_printed(void **state)
{
    (void)state;
    const struct {
        struct address address;
        const char *url;
    } rows[] = {
        {{"192.0.2.7", 22}, "sftp://192.0.2.7:22"},
        {{"::1", 2222}, "sftp://[::1]:2222"},
        {{"fe80::1%eth0", 1}, "sftp://[fe80::1%eth0]:1"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char url[LISTENER_URL_SIZE];
        struct listener_url again;
        char why[LISTENER_WHY_SIZE];
        listener_url_print(url, protocol_at(0), &rows[i].address);
        assert_string_equal(url, rows[i].url);
        assert_int_equal(listener_url_parse(&again, url, why), SALLY_E_OK);
        assert_string_equal(again.host, rows[i].address.text);
        assert_int_equal(again.port, rows[i].address.port);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_read),
        cmocka_unit_test(wrong_urls_are_refused),
        cmocka_unit_test(urls_are_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
