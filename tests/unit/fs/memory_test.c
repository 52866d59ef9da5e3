#include "fs/cases.h"

static sally_fs *make(void)
{
    sally_fs *fs;
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    return fs;
}

int main(void)
{
    static const struct storage_maker makers[] = {{"memory", make, NULL, DRIVER_INLINE, NULL}};
    return run_storage_cases(makers, COUNT_OF(makers));
}
