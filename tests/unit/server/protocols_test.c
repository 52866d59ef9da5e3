#include "cmocka_all.h"

#include "server/protocols.h"

static void each_is_found_by_its_name(void **state)
{
    (void)state;
    const struct protocol *p;
    size_t count = 0;
    for (; (p = protocol_at(count)) != NULL; count++) {
        assert_ptr_equal(protocol_find(p->name, strlen(p->name)), p);
        assert_null(protocol_find(p->name, strlen(p->name) - 1));
        assert_true(p->port != 0 && p->line_new != NULL);
    }
    assert_true(count > 0);
    assert_null(protocol_find("", 0));
    assert_null(protocol_find("SFTP", 4));
    assert_null(protocol_find("sftp2", 5));
}

static void all_are_listed(void **state)
{
    (void)state;
    char text[256], small[8];
    protocols_list(text, sizeof text);
    for (size_t i = 0; protocol_at(i); i++)
        assert_non_null(strstr(text, protocol_at(i)->name));
    protocols_list(small, sizeof small); /* cut short, but within it */
    assert_true(strlen(small) < sizeof small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_found_by_its_name),
        cmocka_unit_test(all_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
