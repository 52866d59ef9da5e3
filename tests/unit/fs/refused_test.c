/* A wrapper whose on_done refuses what the storage inside has granted: nothing is left behind. */
#include <dirent.h>

#include "cmocka_all.h"

#include "base/list.h"
#include "fs/driver.h"
#include "fs/scratch.h"

#define RW    (SALLY_OPEN_READ | SALLY_OPEN_WRITE)
#define BLOCK (SALLY_OPEN_BLOCK_READ | SALLY_OPEN_BLOCK_WRITE | SALLY_OPEN_BLOCK_DELETE)

/* The wrapper as an embedder would write it. */
struct refusal {
    sally_fs *inner;
    uint64_t kinds;
};

static sally_status refuse(sally_fs *fs, sally_op *op, sally_status status, void *context)
{
    const struct refusal *r = sally_fs_data(fs);
    (void)context;
    if (status == SALLY_OK && (r->kinds & SALLY_OP_BIT(op->kind))) {
        sally_op_set_message(op, "Not here");
        return SALLY_PERMISSION_DENIED;
    }
    return status;
}

static sally_status pass(sally_fs *fs, sally_op *op)
{
    struct refusal *r = sally_fs_data(fs);
    return sally_fs_call(fs, r->inner, op, refuse, NULL);
}

static sally_fs *refusing(struct refusal *r, sally_fs *inner)
{
    sally_fs *fs;
    sally_fs_methods methods = {.struct_size = sizeof methods};
    *r = (struct refusal){.inner = inner};
    sally_fs_methods_wrap(&methods, inner, pass);
    methods.session_start = pass;
    assert_int_equal(sally_fs_new(&fs, &methods, r), SALLY_E_OK);
    return fs;
}

static int descriptors(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void nothing_is_left(bool local)
{
    char scratch[SCRATCH_SIZE];
    struct refusal r;
    struct driver refused, other;
    sally_fs *inner;
    sally_file *file = NULL;
    scratch_make(scratch);
    assert_int_equal(local ? sally_fs_local(&inner, scratch, 0, 022) : sally_fs_memory(&inner, 0),
                     SALLY_E_OK);
    sally_fs *fs = refusing(&r, inner);
    driver_start(&refused, fs, DRIVER_INLINE);
    driver_start_as(&other, inner, "other", 2);
    make_file(&other, "/file", "0123456789");
    assert_int_equal(do_mkdir(&other, "/dir", 0755), SALLY_OK);
    int before = descriptors();
    for (int round = 0; round < 5; round++) {
        r.kinds = SALLY_OP_BIT(SALLY_OP_OPEN) | SALLY_OP_BIT(SALLY_OP_OPENDIR);
        assert_int_equal(do_open(&refused, "/file", RW | BLOCK, &file), SALLY_PERMISSION_DENIED);
        assert_int_equal(do_opendir(&refused, "/dir", &file), SALLY_PERMISSION_DENIED);
        const uint32_t temporary = RW | SALLY_OPEN_CREATE | SALLY_OPEN_DELETE_ON_CLOSE;
        assert_int_equal(do_open(&refused, "/temporary", temporary, &file),
                         SALLY_PERMISSION_DENIED);
        assert_int_equal(do_open(&refused, "/new", RW | SALLY_OPEN_CREATE, &file),
                         SALLY_PERMISSION_DENIED);
        assert_int_equal(descriptors(), before);
        /* No reservation, nor is it removed by anyone later. What was made stays. */
        assert_int_equal(do_open(&other, "/file", RW | BLOCK, &file), SALLY_OK);
        assert_int_equal(do_close(&other, file), SALLY_OK);
        sally_attrs attrs;
        assert_int_equal(do_stat(&other, "/temporary", 0, &attrs), SALLY_NO_SUCH_FILE);
        assert_int_equal(do_stat(&other, "/new", 0, &attrs), SALLY_OK);

        r.kinds = SALLY_OP_BIT(SALLY_OP_LOCK);
        sally_file *mine, *others;
        assert_int_equal(do_open(&refused, "/file", RW, &mine), SALLY_OK);
        assert_int_equal(do_open(&other, "/file", RW, &others), SALLY_OK);
        assert_int_equal(do_lock(&refused, SALLY_OP_LOCK, mine, 2, 3, SALLY_OPEN_BLOCK_WRITE),
                         SALLY_PERMISSION_DENIED);
        assert_int_equal(do_lock(&other, SALLY_OP_LOCK, others, 0, 0, SALLY_OPEN_BLOCK_WRITE),
                         SALLY_OK);
        assert_int_equal(do_lock(&other, SALLY_OP_UNLOCK, others, 0, 0, 0), SALLY_OK);
        assert_int_equal(do_close(&other, others), SALLY_OK);
        assert_int_equal(do_close(&refused, mine), SALLY_OK);
        assert_int_equal(descriptors(), before);
    }
    r.kinds = SALLY_OP_BIT(SALLY_OP_SESSION_START);
    struct op *start = driver_op(&refused, SALLY_OP_SESSION_START, "/");
    assert_int_equal(driver_finish(&refused, start), SALLY_PERMISSION_DENIED);
    r.kinds = 0;
    driver_stop(&refused);
    driver_stop(&other);
    sally_fs_unref(fs);
    sally_fs_unref(inner);
    scratch_remove(scratch);
}

static void in_memory(void **state)
{
    (void)state;
    nothing_is_left(false);
}

static void on_disk(void **state)
{
    (void)state;
    nothing_is_left(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_memory),
        cmocka_unit_test(on_disk),
    };
    return cmocka_run_group_tests_name("fs/refused", tests, NULL, NULL);
}
