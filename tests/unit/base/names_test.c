#include "cmocka_all.h"

#include "base/mem.h"
#include "base/names.h"

static void names_come_one_by_one(void **state)
{
    (void)state;
    static const struct {
        const char *list, *names[5];
    } cases[] = {
        {"", {NULL}},
        {"a", {"a"}},
        {"a,bc,,d", {"a", "bc", "", "d"}},
        {",a", {"", "a"}},
        {"a,", {"a"}},
        {",", {""}},
        {",,", {"", ""}},
        {" a ,b", {" a ", "b"}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct slice list = slice_of(cases[i].list), name;
        for (size_t j = 0; cases[i].names[j]; j++) {
            assert_true(names_next(&list, &name));
            assert_true(slice_is(name, cases[i].names[j]));
        }
        assert_false(names_next(&list, &name));
    }
    struct slice nothing = {NULL, 0}, name;
    assert_false(names_next(&nothing, &name));
}

/* The bytes behind the list are not examined. */
static void lists_end_where_their_slice_does(void **state)
{
    (void)state;
    struct slice list = {(const uint8_t *)"ab,cd,ef", 4}, name;
    assert_true(names_next(&list, &name));
    assert_true(slice_is(name, "ab"));
    assert_true(names_next(&list, &name));
    assert_true(slice_is(name, "c"));
    assert_false(names_next(&list, &name));
}

static void only_whole_names_are_found(void **state)
{
    (void)state;
    assert_true(names_have(slice_of("a,bc,d"), slice_of("a")));
    assert_true(names_have(slice_of("a,bc,d"), slice_of("bc")));
    assert_true(names_have(slice_of("a,bc,d"), slice_of("d")));
    assert_true(names_have(slice_of("bcd,bc"), slice_of("bc")));
    assert_false(names_have(slice_of("a,bc,d"), slice_of("b")));
    assert_false(names_have(slice_of("a,bc,d"), slice_of("c")));
    assert_false(names_have(slice_of("a,bc,d"), slice_of("BC")));
    assert_false(names_have(slice_of("a,bc,d"), slice_of("a,bc")));
    assert_false(names_have(slice_of("a,bc,d"), slice_of("")));
    assert_false(names_have(slice_of(""), slice_of("b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_come_one_by_one),
        cmocka_unit_test(lists_end_where_their_slice_does),
        cmocka_unit_test(only_whole_names_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
