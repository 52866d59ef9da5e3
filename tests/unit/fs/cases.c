#include "fs/cases.h"

#include <stdio.h>

#define MOST_CASES 60

struct run {
    const struct storage_maker *maker;
    const struct storage_case *what;
};

static void run_case(void **state)
{
    const struct run *run = *state;
    struct driver d;
    sally_fs *fs = run->maker->make();
    driver_start(&d, fs, run->maker->style);
    sally_fs_unref(fs);
    run->what->run(&d);
    driver_stop(&d);
    if (run->maker->drop)
        run->maker->drop();
}

static bool is_left_out(const struct storage_maker *maker, const char *name)
{
    char text[64];
    snprintf(text, sizeof(text), ",%s,", name);
    return maker->but && strstr(maker->but, text);
}

static size_t add_tests(struct CMUnitTest *tests, struct run *runs, size_t used,
                        const struct storage_maker *maker, const struct storage_case *cases,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_left_out(maker, cases[i].name))
            continue;
        assert_true(used < MOST_CASES);
        runs[used] = (struct run){maker, &cases[i]};
        tests[used] = (struct CMUnitTest){
            .name = cases[i].name, .test_func = run_case, .initial_state = &runs[used]};
        used++;
    }
    return used;
}

int run_storage_cases(const struct storage_maker *makers, size_t count)
{
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        struct CMUnitTest tests[MOST_CASES];
        struct run runs[MOST_CASES];
        size_t used = add_tests(tests, runs, 0, &makers[i], file_cases, file_case_count);
        used = add_tests(tests, runs, used, &makers[i], name_cases, name_case_count);
        used = add_tests(tests, runs, used, &makers[i], hold_cases, hold_case_count);
        failed += _cmocka_run_group_tests(makers[i].name, tests, used, NULL, NULL);
    }
    return failed;
}
