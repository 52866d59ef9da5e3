#include "fs/local_fixture.h"

#include <stdio.h>

#include "cmocka_all.h"

void local_fixture_start(struct local_fixture *f, const char *where, enum driver_style style)
{
    sally_fs *fs;
    if (where)
        scratch_make_in(f->scratch, where);
    else
        scratch_make(f->scratch);
    assert_int_equal(local_new(&fs, f->scratch, 0, 0, false), SALLY_E_OK);
    driver_start(&f->d, fs, style);
    sally_fs_unref(fs);
}

void local_fixture_stop(struct local_fixture *f)
{
    driver_stop(&f->d);
    scratch_remove(f->scratch);
}

const char *local_fixture_path(const struct local_fixture *f, const char *path)
{
    static char full[SCRATCH_SIZE + 300];
    snprintf(full, sizeof full, "%s%s", f->scratch, path);
    return full;
}
