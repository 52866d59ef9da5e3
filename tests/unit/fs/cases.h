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

extern const struct storage_case storage_cases[];
extern const size_t storage_case_count;

/* Runs all of them; `make` gives a new empty storage, `drop` cleans up behind it. Returns how many tests failed. */
struct storage_maker {
    const char *name;
    sally_fs *(*make)(void);
    void (*drop)(void);
    enum driver_style style;
};
int run_storage_cases(const struct storage_maker *makers, size_t count);

#endif
