#include "auth/key_options.h"
#include "fixture.h"

static void times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds; /* -1: none */
    } cases[] = {
        {"19700101Z", 0},
        {"197001010001Z", 60},
        {"19700101000102z", 62},
        {"20240229Z", 1709164800},
        {"20250229Z", -1},
        {"20250431Z", -1},
        {"99991231235959Z", INT64_C(253402300799)},
        {"", -1},
        {"Z", -1},
        {"2025", -1},
        {"2025010Z", -1},
        {"20251301Z", -1},
        {"20250001Z", -1},
        {"20250100Z", -1},
        {"202501012400Z", -1},
        {"202501012360Z", -1},
        {"2025010110Z", -1},
        {"+1250101Z", -1},
        {"2025-1-1Z", -1},
        {"20250101 00:00", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t seconds = -1;
        bool ok = key_options_time(slice_of(cases[i].text), &seconds);
        if (ok != (cases[i].seconds != -1) || (ok && seconds != cases[i].seconds))
            fail_msg("%s: %d %lld", cases[i].text, ok, (long long)seconds);
    }
}

static void no_options_refuse_nothing(void **state)
{
    (void)state;
    struct authorized_key_query query = {{NULL, 0}, "192.0.2.7", 0};
    bool is_authority = true;
    char *command = NULL;
    assert_null(key_options_refuse(slice_of(""), &query, &is_authority, &command));
    assert_false(is_authority);
}

static void long_values_are_malformed(void **state)
{
    (void)state;
    char text[10000] = "environment=\"";
    memset(text + 13, 'a', sizeof text - 13);
    text[sizeof text - 2] = '"';
    text[sizeof text - 1] = '\0';
    struct authorized_key_query query = {{NULL, 0}, "192.0.2.7", 0};
    bool is_authority;
    char *command;
    assert_non_null(key_options_refuse(slice_of(text), &query, &is_authority, &command));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(times),
                                       cmocka_unit_test(no_options_refuse_nothing),
                                       cmocka_unit_test(long_values_are_malformed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
