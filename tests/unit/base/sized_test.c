/* Structures of callers that are older or newer than the library. */
#include "cmocka_all.h"

#include <string.h>

#include "base/sized.h"

struct first {
    size_t struct_size;
    uint64_t a;
};
struct ours {
    size_t struct_size;
    uint64_t a, b;
};
struct newer {
    size_t struct_size;
    uint64_t a, b, c;
};
#define LEAST SIZED_TO(struct ours, a)

static void copies_what_there_is(void **state)
{
    (void)state;
    struct ours ours;
    const struct first older = {sizeof older, 1};
    memset(&ours, 0x5a, sizeof ours);
    assert_true(sized_copy(&ours, sizeof ours, &older, sizeof older, LEAST));
    assert_int_equal(ours.a, 1);
    assert_int_equal(ours.b, 0);
    struct newer newer = {sizeof newer, 1, 2, 0};
    assert_true(sized_copy(&ours, sizeof ours, &newer, sizeof newer, LEAST));
    assert_int_equal(ours.b, 2);
}

static void refuses_what_it_does_not_know(void **state)
{
    (void)state;
    struct ours ours = {0};
    struct newer newer = {sizeof newer, 1, 2, 1};
    assert_false(sized_copy(&ours, sizeof ours, &newer, sizeof newer, LEAST));
    assert_false(sized_copy(&ours, sizeof ours, &newer, LEAST - 1, LEAST));
    assert_false(sized_copy(&ours, sizeof ours, &newer, 0, LEAST));
    assert_int_equal(ours.a, 0);
}

static void fills_what_there_is(void **state)
{
    (void)state;
    const struct ours ours = {sizeof ours, 1, 2};
    struct newer theirs;
    memset(&theirs, 0x5a, sizeof theirs);
    sized_fill(&theirs, sizeof(struct first), &ours, sizeof ours);
    assert_int_equal(theirs.a, 1);
    assert_int_equal(theirs.b, UINT64_C(0x5a5a5a5a5a5a5a5a));
    sized_fill(&theirs, sizeof theirs, &ours, sizeof ours);
    assert_int_equal(theirs.b, 2);
    assert_int_equal(theirs.c, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_what_there_is),
        cmocka_unit_test(refuses_what_it_does_not_know),
        cmocka_unit_test(fills_what_there_is),
    };
    return cmocka_run_group_tests_name("base/sized", tests, NULL, NULL);
}
