#include "cmocka_all.h"

#include "base/ip.h"
#include "base/mem.h"

static void addresses_are_read_and_printed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed; /* NULL: no address */
    } rows[] = {{"192.0.2.7", "192.0.2.7"},
                {"2001:DB8::0:7", "2001:db8::7"},
                {"::ffff:192.0.2.7", "192.0.2.7"},
                {"fe80::1%eth0", "fe80::1"},
                {"", NULL},
                {"%eth0", NULL},
                {"192.0.2", NULL},
                {"192.0.2.256", NULL},
                {"localhost", NULL},
                {"1:2:3:4:5:6:7:8:9", NULL},
                {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa", NULL}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ip_address a;
        char text[IP_TEXT_SIZE];
        assert_int_equal(ip_parse(slice_of(rows[i].text), &a), rows[i].printed != NULL);
        ip_print(&a, text);
        assert_string_equal(text, rows[i].printed ? rows[i].printed : "");
    }
}

static void networks_are_read_and_printed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed; /* NULL: no network */
    } rows[] = {{"192.0.2.0/24", "192.0.2.0/24"},
                {"192.0.2.7", "192.0.2.7"},
                {"192.0.2.7/32", "192.0.2.7"},
                {"0.0.0.0/0", "0.0.0.0/0"},
                {"2001:db8::/31", "2001:db8::/31"},
                {"::1", "::1"},
                {"::/0", "::/0"},
                {"192.0.2.7/24", NULL}, /* bits behind the mask */
                {"2001:db8::/28", NULL},
                {"192.0.2.0/33", NULL},
                {"192.0.2.0/", NULL},
                {"192.0.2.0/-1", NULL},
                {"192.0.2.0/024x", NULL},
                {"/24", NULL},
                {"", NULL}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ip_network n;
        char text[IP_TEXT_SIZE];
        assert_int_equal(ip_network_parse(slice_of(rows[i].text), &n), rows[i].printed != NULL);
        if (!rows[i].printed)
            continue;
        ip_network_print(&n, text);
        assert_string_equal(text, rows[i].printed);
    }
}

static void networks_have_their_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *network, *address;
        bool has;
    } rows[] = {{"192.0.2.0/25", "192.0.2.127", true},
                {"192.0.2.0/25", "192.0.2.128", false},
                {"0.0.0.0/0", "198.51.100.1", true},
                {"0.0.0.0/0", "2001:db8::1", false},
                {"::/0", "192.0.2.1", false},
                {"2001:db8::/31", "2001:db9::1", true},
                {"2001:db8::/31", "2001:dba::", false},
                {"::1", "::1", true},
                {"::1", "::2", false},
                {"192.0.2.1", "::ffff:192.0.2.1", true}};
    struct ip_address none = {.size = 0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ip_network n;
        struct ip_address a;
        assert_true(ip_network_parse(slice_of(rows[i].network), &n));
        assert_true(ip_parse(slice_of(rows[i].address), &a));
        assert_int_equal(ip_network_has(&n, &a), rows[i].has);
        assert_false(ip_network_has(&n, &none));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_printed),
        cmocka_unit_test(networks_are_read_and_printed),
        cmocka_unit_test(networks_have_their_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
