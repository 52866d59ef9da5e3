#include <stdio.h>

#include "cmocka_all.h"

#include "alloc_failure.h"
#include "base/mem.h"
#include "server/network_table.h"
#include "server/unauthenticated_fixture.h"

struct note {
    struct network_entry entry;
    uint32_t number;
};

static struct network_table table;

static int setup(void **state)
{
    static const uint8_t key[SIPHASH_KEY_SIZE] = {1};
    (void)state;
    network_table_init(&table, sizeof(struct note), key);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    network_table_clear(&table);
    return table.count == 0 ? 0 : -1;
}

static struct ip_network numbered(uint32_t number)
{
    char text[32];
    snprintf(text, sizeof text, "10.%u.%u.%u", number >> 16, number >> 8 & 255, number & 255);
    struct ip_address a = test_ip(text);
    return ip_network_of(&a, 32);
}

static struct note *find(uint32_t number)
{
    struct ip_network n = numbered(number);
    struct network_entry *entry = network_table_find(&table, &n);
    return entry ? CONTAINER_OF(entry, struct note, entry) : NULL;
}

static struct note *add(uint32_t number, uint64_t end_ns, uint64_t most)
{
    struct ip_network n = numbered(number);
    struct network_entry *entry = network_table_add(&table, &n, end_ns, most);
    if (!entry)
        return NULL;
    struct note *note = CONTAINER_OF(entry, struct note, entry);
    assert_int_equal(note->number, 0);
    note->number = number;
    return note;
}

static void entries_are_found(void **state)
{
    (void)state;
    assert_null(find(7));
    for (uint32_t i = 1; i <= 1000; i++)
        assert_non_null(add(i, i, 1000));
    for (uint32_t i = 1; i <= 1000; i++)
        assert_int_equal(find(i)->number, i);
    assert_null(find(1001));
    struct ip_address a = test_ip("10.0.0.7");
    struct ip_network wider = ip_network_of(&a, 31);
    assert_null(network_table_find(&table, &wider));
    network_table_remove(&table, &find(7)->entry);
    assert_null(find(7));
    assert_int_equal(table.count, 999);
}

static void a_full_table_forgets_what_ends_first(void **state)
{
    (void)state;
    (void)add(1, 300, 3);
    (void)add(2, 100, 3);
    (void)add(3, 200, 3);
    network_table_set_end(&table, &find(2)->entry, 400);
    (void)add(4, 1, 3);
    assert_null(find(3));
    assert_non_null(find(1));
    (void)add(5, 500, 2); /* the bound was lowered meanwhile */
    assert_int_equal(table.count, 2);
    assert_non_null(find(2));
    assert_non_null(find(5));
    assert_null(add(6, 600, 0));
    assert_int_equal(table.count, 0);
}

static void ends_come_in_order(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 100; i++)
        (void)add(i, 1000 - i, 100);
    assert_null(network_table_ended(&table, 899));
    uint64_t last = 0;
    struct network_entry *entry;
    while ((entry = network_table_ended(&table, 950)) != NULL) {
        assert_true(entry->end.at_ns >= last);
        last = entry->end.at_ns;
        network_table_remove(&table, entry);
    }
    assert_int_equal(last, 950);
    assert_int_equal(table.count, 49);
}

static void short_memory(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth <= 3; nth++) { /* buckets, heap, entry */
        network_table_clear(&table);
        alloc_fail_at(nth);
        assert_null(add(1, 1, 10));
        assert_true(alloc_failed());
        assert_int_equal(table.count, 0);
    }
    for (uint32_t i = 1; i <= 64; i++)
        (void)add(i, i, 1000);
    alloc_fail_at(1); /* no more buckets: longer chains will do */
    assert_non_null(add(65, 65, 1000));
    assert_true(alloc_failed());
    assert_int_equal(find(65)->number, 65);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entries_are_found),
        TEST(a_full_table_forgets_what_ends_first),
        TEST(ends_come_in_order),
        TEST(short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
