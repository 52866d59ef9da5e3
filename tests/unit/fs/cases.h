/* What every storage with all slots must do, as one list that is run on each of them. */
#ifndef TEST_FS_CASES_H
#define TEST_FS_CASES_H

#include <stdio.h>
#include <stdlib.h>

#include "cmocka_all.h"
#include "fs/driver.h"

struct storage_case {
    const char *name;
    void (*run)(struct driver *d); /* on an empty storage */
};

extern const struct storage_case file_cases[], name_cases[], hold_cases[];
extern const size_t file_case_count, name_case_count, hold_case_count;

/* Makes a new empty storage, and cleans up behind it. */
struct storage_maker {
    const char *name;
    sally_fs *(*make)(void);
    void (*drop)(void);
    enum driver_style style;
    const char *but; /* names of cases that are not for it, with commas around; NULL: all are */
};

/* Runs all cases on each; returns how many failed. */
int run_storage_cases(const struct storage_maker *makers, size_t count);

#endif
