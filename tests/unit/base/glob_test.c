#include "cmocka_all.h"

#include <stdlib.h>

#include "base/glob.h"

static bool matches(const char *pattern, const char *name)
{
    return glob_matches(slice_of(pattern), slice_of(name));
}

static void patterns_match(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *name;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"abc", "abc", true},
        {"abc", "abd", false},
        {"*", "", true},
        {"*", "abc", true},
        {"*", ".hidden", false},
        {".*", ".hidden", true},
        {"?idden", ".idden", false},
        {"a*c", "abbbc", true},
        {"a*c", "abbb", false},
        {"*.txt", "a.txt", true},
        {"*.txt", "a.txt2", false},
        {"a**b", "ab", true},
        {"?", "a", true},
        {"?", "", false},
        {"??", "a", false},
        {"[abc]", "b", true},
        {"[abc]", "d", false},
        {"[a-c]x", "bx", true},
        {"[a-c]", "d", false},
        {"[!a-c]", "d", true},
        {"[^a-c]", "b", false},
        {"[]]", "]", true},
        {"[!]]", "]", false},
        {"[a-]", "-", true},
        {"[", "[", true},
        {"[a", "[a", true},
        {"[a", "a", false},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"a\\?b", "a?b", true},
        {"\\[a\\]", "[a]", true},
        {"\\\\", "\\", true},
        {"\\", "\\", true},
        {"[\\!a]", "!", true},
        {"[a\\-c]", "b", false},
        {"[a\\-c]", "-", true},
        {"[\\]]", "]", true},
        {"*a*b*", "xxaxxbxx", true},
        {"*a*b", "xxaxxbxx", false},
        {"\xff*", "\xff\xfe", true},
        {"[z-a]", "m", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (matches(cases[i].pattern, cases[i].name) != cases[i].matches)
            fail_msg("%s against %s", cases[i].pattern, cases[i].name);
    }
}

static void patterns_are_told_from_names(void **state)
{
    (void)state;
    assert_true(glob_is_pattern(slice_of("*")));
    assert_true(glob_is_pattern(slice_of("a?")));
    assert_true(glob_is_pattern(slice_of("[a]")));
    assert_false(glob_is_pattern(slice_of("\\*\\?\\[")));
    assert_false(glob_is_pattern(slice_of("plain]")));
    assert_false(glob_is_pattern(slice_of("\\")));
    struct buf b;
    buf_init(&b, 100);
    glob_put_literal(&b, slice_of("a\\*b\\\\c\\"));
    assert_true(slice_is(buf_slice(&b), "a*b\\c\\"));
    buf_clear(&b);
}

/* With the naive way this one would not come back. */
static void hostile_patterns_are_cheap(void **state)
{
    (void)state;
    char pattern[401], name[4001];
    for (size_t i = 0; i < 400; i++)
        pattern[i] = i % 2 ? 'a' : '*';
    memcpy(pattern + 398, "*b", 3);
    memset(name, 'a', 4000);
    name[4000] = '\0';
    assert_false(matches(pattern, name));
    memset(pattern, '[', 400);
    pattern[400] = '\0';
    assert_false(matches(pattern, name));
}

/* No set has an end here: each bracket is one, and looking for it must not take the whole pattern
 * each time. */
static void brackets_without_end_are_cheap(void **state)
{
    (void)state;
    enum { PATTERN = 65000, NAME = 2000 };
    char *pattern = malloc(PATTERN + 1), *name = malloc(NAME + 1);
    assert_non_null(pattern);
    assert_non_null(name);
    memset(pattern, '[', PATTERN);
    memset(name, '[', NAME);
    pattern[PATTERN] = name[NAME] = '\0';
    pattern[0] = '*';
    assert_false(matches(pattern, name));
    memcpy(pattern + PATTERN - 2, "\\]", 2);
    assert_false(matches(pattern, name));
    memset(pattern + 1, '[', PATTERN - 1);
    pattern[NAME + 1] = '\0';
    assert_true(matches(pattern, name));
    free(pattern);
    free(name);
}

static void a_dot_is_nothing_special(void **state)
{
    (void)state;
    assert_true(glob_matches_any(slice_of("*.exe"), slice_of(".exe")));
    assert_true(glob_matches_any(slice_of("*"), slice_of(".hidden")));
    assert_false(glob_matches_any(slice_of("hidden"), slice_of(".hidden")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match),
        cmocka_unit_test(a_dot_is_nothing_special),
        cmocka_unit_test(patterns_are_told_from_names),
        cmocka_unit_test(hostile_patterns_are_cheap),
        cmocka_unit_test(brackets_without_end_are_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
