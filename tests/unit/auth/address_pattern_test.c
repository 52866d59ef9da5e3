#include "auth/address_pattern.h"
#include "fixture.h"

static const struct {
    const char *list, *address;
    bool fits;
} cases[] = {
    {"192.0.2.7", "192.0.2.7", true},
    {"192.0.2.7", "192.0.2.70", false},
    {"*", "192.0.2.7", true},
    {"*", "::1", true},
    {"192.0.2.?", "192.0.2.7", true},
    {"192.0.2.?", "192.0.2.77", false},
    {"192.*.7", "192.0.2.7", true},
    {"*.*.*.*.*", "192.0.2.7", false},
    {"192.0.2.0/24", "192.0.2.255", true},
    {"192.0.2.0/24", "192.0.3.0", false},
    {"192.0.2.128/25", "192.0.2.127", false},
    {"192.0.2.128/25", "192.0.2.128", true},
    {"0.0.0.0/0", "8.8.8.8", true},
    {"0.0.0.0/0", "2001:db8::1", false},
    {"::/0", "2001:db8::1", true},
    {"::/0", "8.8.8.8", false},
    {"192.0.2.7/32", "192.0.2.7", true},
    {"2001:db8::/33", "2001:db8:7fff::1", true},
    {"2001:db8::/33", "2001:db8:8000::1", false},
    {"2001:DB8::1", "2001:db8:0:0::1", true},
    {"2001:db8::*", "2001:db8::9", true},
    {"fe80::/10", "fe80::1%eth0", true},
    /* An IPv4 client of a socket of both families is an IPv4 client. */
    {"192.0.2.0/24", "::ffff:192.0.2.7", true},
    {"192.0.2.*", "::ffff:192.0.2.7", true},
    {"!192.0.2.7,*", "::ffff:192.0.2.7", false},
    {"!192.0.2.7,*", "192.0.2.7", false},
    {"*,!192.0.2.7", "192.0.2.7", false},
    {"!192.0.2.7,*", "192.0.2.8", true},
    {"!192.0.2.0/24,*", "192.0.2.8", false},
    {"!10.0.0.1", "192.0.2.7", false}, /* to exclude one does not let the others in */
    {"10.0.0.1,192.0.2.7", "192.0.2.7", true},
    {",,192.0.2.7,", "192.0.2.7", true},
    {"", "192.0.2.7", false},
    {",", "192.0.2.7", false},
    {"!", "192.0.2.7", false},
    /* Broken networks fit nothing, and nothing beside them does. */
    {"192.0.2.0/33,*", "192.0.2.7", false},
    {"192.0.2.0/,*", "192.0.2.7", false},
    {"192.0.2.0/-1,*", "192.0.2.7", false},
    {"192.0.2.0/ 8,*", "192.0.2.7", false},
    {"192.0.2.1/24,*", "192.0.2.7", false},
    {"*/8", "192.0.2.7", false},
    {"/8,*", "192.0.2.7", false},
    {"::/129,*", "::1", false},
    {"::/0000", "::1", false},
    {"*.example.org", "192.0.2.7", false},
    {"*", "", false},
    {"*", "not an address", false},
};

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool fits = address_list_fits(slice_of(cases[i].list), cases[i].address);
        if (fits != cases[i].fits)
            fail_msg("%s and %s: %d", cases[i].list, cases[i].address, fits);
    }
}

static void stars_cost_little(void **state)
{
    (void)state;
    char list[20001];
    for (size_t i = 0; i < 20000; i += 2)
        memcpy(list + i, "*1", 2);
    list[20000] = '\0';
    assert_false(address_list_fits(slice_of(list), "1111:1111:1111:1111:1111:1111:1111:1111"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table),
                                       cmocka_unit_test(stars_cost_little)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
