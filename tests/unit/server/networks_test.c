#include "cmocka_all.h"

#include "base/mem.h"
#include "server/networks.h"
#include "server/unauthenticated_fixture.h"

static void networks_around_an_address(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        size_t count;
        const char *networks[NETWORKS_MAX];
        uint32_t weight[NETWORKS_MAX];
    } rows[] = {
        {"192.0.2.7", 2, {"192.0.2.7", "192.0.2.0/24"}, {1, 16}},
        {"::ffff:192.0.2.7", 2, {"192.0.2.7", "192.0.2.0/24"}, {1, 16}},
        {"2001:db8:1:234:5::6",
         3,
         {"2001:db8:1:234::/64", "2001:db8:1:200::/56", "2001:db8:1::/48"},
         {1, 4, 16}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ip_address address = test_ip(rows[i].address);
        struct networks n = networks_of(&address);
        assert_int_equal(n.count, rows[i].count);
        for (size_t j = 0; j < n.count; j++) {
            char text[IP_TEXT_SIZE];
            ip_network_print(&n.at[j], text);
            assert_string_equal(text, rows[i].networks[j]);
            assert_int_equal(n.weight[j], rows[i].weight[j]);
        }
    }
    struct ip_address none = {.size = 0};
    assert_int_equal(networks_of(&none).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(networks_around_an_address)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
