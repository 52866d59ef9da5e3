#include "fs/cases.h"

#include "fs/local.h"
#include "fs/scratch.h"

static char scratch[SCRATCH_SIZE];

static sally_fs *make_at(const char *where, bool walk)
{
    sally_fs *fs;
    if (where)
        scratch_make_in(scratch, where);
    else
        scratch_make(scratch);
    assert_int_equal(local_new(&fs, scratch, 0, 0, walk), SALLY_E_OK);
    return fs;
}

static sally_fs *make(void)
{
    return make_at(NULL, false);
}

static sally_fs *make_walking(void)
{
    return make_at(NULL, true);
}

static sally_fs *make_tmpfs(void)
{
    return make_at("/dev/shm", false);
}

static void drop(void)
{
    scratch_remove(scratch);
}

int main(void)
{
    static const struct storage_maker makers[] = {
        {"local, by the kernel", make, drop, DRIVER_INLINE, NULL},
        {"local, by walking", make_walking, drop, DRIVER_INLINE, NULL},
        {"local, tried first", make, drop, DRIVER_TRYING, NULL},
        {"local, walking, tried first", make_walking, drop, DRIVER_TRYING, NULL},
        {"local, in memory, tried first", make_tmpfs, drop, DRIVER_TRYING, NULL},
    };
    return run_storage_cases(makers, COUNT_OF(makers));
}
