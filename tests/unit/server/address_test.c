#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/mem.h"
#include "server/address.h"

static struct sockaddr_storage ip(const char *text, uint16_t port, socklen_t *size)
{
    struct sockaddr_storage s;
    memset(&s, 0, sizeof s);
    struct sockaddr_in *in = (struct sockaddr_in *)&s;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&s;
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        *size = sizeof *in;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
        *size = sizeof *in6;
    }
    return s;
}

static void addresses_become_text(void **state)
{
    (void)state;
    const struct {
        const char *address, *text, *network, *url;
    } rows[] = {
        {"192.0.2.7", "192.0.2.7", "192.0.2.7", "sftp://192.0.2.7:22"},
        {"2001:db8:1:2:3::7", "2001:db8:1:2:3::7",
         "2001:db8:1:2::", "sftp://[2001:db8:1:2:3::7]:22"},
        {"::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7", "sftp://192.0.2.7:22"},
        {"::1", "::1", "::", "sftp://[::1]:22"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct address a;
        char network[ADDRESS_TEXT_SIZE], url[128];
        socklen_t size;
        struct sockaddr_storage s = ip(rows[i].address, 22, &size);
        address_of(&a, (struct sockaddr *)&s, size);
        assert_string_equal(a.text, rows[i].text);
        assert_int_equal(a.port, 22);
        address_network(network, (struct sockaddr *)&s, size);
        assert_string_equal(network, rows[i].network);
        address_url(url, sizeof url, &a);
        assert_string_equal(url, rows[i].url);
        address_of(&a, (struct sockaddr *)&s, 4); /* cut short */
        assert_string_equal(a.text, "");
    }
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/x"};
    struct address a;
    address_of(&a, (struct sockaddr *)&un, sizeof un);
    assert_string_equal(a.text, "");
    assert_int_equal(a.port, 0);
}

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
    const char *why;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(listener_url_parse(&url, rows[i].url, &why), SALLY_E_OK);
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
    const char *why = NULL;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(listener_url_parse(&url, wrong[i], &why), SALLY_E_PARSE);
        assert_non_null(why);
    }
    assert_int_equal(listener_url_parse(&url, "ftp://:21", &why), SALLY_E_UNSUPPORTED);
    char long_url[1000];
    memset(long_url, 'a', sizeof long_url);
    memcpy(long_url, "sftp://", 7);
    long_url[sizeof long_url - 1] = '\0';
    assert_int_equal(listener_url_parse(&url, long_url, &why), SALLY_E_PARSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_become_text),
        cmocka_unit_test(urls_are_read),
        cmocka_unit_test(wrong_urls_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
