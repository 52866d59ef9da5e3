#include "fs/inside.h"

#include "fs/scratch.h"

static char scratch[SCRATCH_SIZE];
static sally_fs *(*wrapper)(sally_fs *inner);

const struct storage_maker in_memory = {.name = "memory", .make = inside_memory},
                           in_local = {.name = "local", .make = inside_local, .drop = inside_drop},
                           in_late = {.name = "late", .make = inside_late};

sally_fs *inside_memory(void)
{
    sally_fs *fs;
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    return fs;
}

sally_fs *inside_local(void)
{
    sally_fs *fs;
    assert_int_equal(sally_fs_local(&fs, scratch_make(scratch), 0, 0), SALLY_E_OK);
    return fs;
}

sally_fs *inside_late(void)
{
    return inside_faulty(inside_memory(),
                         (sally_fault){.kinds = SALLY_OP_ALL, .action = SALLY_FAULT_LATE});
}

void inside_drop(void)
{
    if (scratch[0])
        scratch_remove(scratch);
    scratch[0] = 0;
}

sally_fs *inside_faulty(sally_fs *inner, sally_fault fault)
{
    sally_fs *fs;
    fault.struct_size = sizeof(fault);
    assert_int_equal(sally_fs_fault(&fs, inner), SALLY_E_OK);
    assert_int_equal(sally_fs_fault_add(fs, &fault), SALLY_E_OK);
    sally_fs_unref(inner);
    return fs;
}

sally_fs *inside_made(void **state)
{
    const struct storage_maker *maker = *state;
    return maker->make();
}

int inside_teardown(void **state)
{
    (void)state;
    inside_drop();
    return 0;
}

unsigned names_in(struct driver *d, const char *path)
{
    struct listing list;
    IS(do_list(d, path, 0, &list), OK);
    unsigned count = list.count;
    listing_clear(&list);
    return count;
}

static sally_fs *wrapped_memory(void)
{
    return wrapper(inside_memory());
}

static sally_fs *wrapped_local(void)
{
    return wrapper(inside_local());
}

static sally_fs *wrapped_late(void)
{
    return wrapper(inside_late());
}

int run_wrapper_cases(sally_fs *(*wrap)(sally_fs *inner), const char *but)
{
    const struct storage_maker makers[] = {
        {"memory", wrapped_memory, NULL, DRIVER_INLINE, but},
        {"memory, tried first", wrapped_memory, NULL, DRIVER_TRYING, but},
        {"local", wrapped_local, inside_drop, DRIVER_TRYING, but},
        {"late", wrapped_late, NULL, DRIVER_INLINE, but},
    };
    wrapper = wrap;
    return run_storage_cases(makers, COUNT_OF(makers));
}
