/* A local storage on a directory of its own, and one session of it. */
#ifndef TEST_FS_LOCAL_FIXTURE_H
#define TEST_FS_LOCAL_FIXTURE_H

#include "fs/driver.h"
#include "fs/local.h"
#include "fs/scratch.h"

struct local_fixture {
    char scratch[SCRATCH_SIZE];
    struct driver d;
};

/* `where`: NULL, or the directory in which to make the storage's. */
void local_fixture_start(struct local_fixture *f, const char *where, enum driver_style style);
void local_fixture_stop(struct local_fixture *f);
/* The storage's `path` on this machine; lent until the next call. */
const char *local_fixture_path(const struct local_fixture *f, const char *path);

#endif
