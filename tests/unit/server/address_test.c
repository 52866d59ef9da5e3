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
        const char *address, *text, *network;
    } rows[] = {
        {"192.0.2.7", "192.0.2.7", "192.0.2.7"},
        {"2001:db8:1:2:3::7", "2001:db8:1:2:3::7", "2001:db8:1:2::"},
        {"::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"},
        {"::1", "::1", "::"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct address a;
        char network[ADDRESS_TEXT_SIZE];
        socklen_t size;
        struct sockaddr_storage s = ip(rows[i].address, 22, &size);
        address_of(&a, (struct sockaddr *)&s, size);
        assert_string_equal(a.text, rows[i].text);
        assert_int_equal(a.port, 22);
        struct ip_address ip = address_ip((struct sockaddr *)&s, size);
        address_network(network, &ip);
        assert_string_equal(network, rows[i].network);
        address_of(&a, (struct sockaddr *)&s, 4); /* cut short */
        assert_string_equal(a.text, "");
    }
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/x"};
    struct address a;
    address_of(&a, (struct sockaddr *)&un, sizeof un);
    assert_string_equal(a.text, "");
    assert_int_equal(a.port, 0);
}

static void told_addresses_become_text(void **state)
{
    (void)state;
    struct address a;
    struct ip_address ip;
    assert_true(ip_parse(slice_of("::ffff:192.0.2.7"), &ip));
    address_from_ip(&a, &ip, 65535);
    assert_string_equal(a.text, "192.0.2.7");
    assert_int_equal(a.port, 65535);
    address_from_ip(&a, &(struct ip_address){.size = 0}, 22);
    assert_string_equal(a.text, "");
    assert_int_equal(a.port, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_become_text),
        cmocka_unit_test(told_addresses_become_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
