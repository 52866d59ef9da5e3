/* sally_fs_quota_count(): what is there already. */
#include "sallyport/wrappers.h"

#include <stdio.h>

#include "alloc_failure.h"
#include "cmocka_all.h"
#include "sallyport/client.h"
#include "sallyport/storages.h"

static sally_fs *with_files(void)
{
    sally_fs *fs;
    sally_client *c;
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    assert_int_equal(sally_client_new(&c, fs, NULL), SALLY_E_OK);
    char path[64] = "";
    for (int depth = 0; depth < 5; depth++) {
        size_t used = strlen(path);
        snprintf(path + used, sizeof path - used, "/d%d", depth);
        assert_int_equal(sally_client_mkdir(c, path, NULL), SALLY_OK);
        used = strlen(path);
        snprintf(path + used, sizeof path - used, "/file");
        assert_int_equal(sally_client_put(c, path, "0123456789", 10), SALLY_OK);
        path[used] = 0;
    }
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/d0/link%d", i);
        assert_int_equal(sally_client_link(c, "/d0/d1/file", path), SALLY_OK);
    }
    assert_int_equal(sally_client_symlink(c, "d0", "/way"), SALLY_OK);
    assert_int_equal(sally_client_put(c, "/\xff\xfe", "x", 1), SALLY_OK);
    sally_client_free(c);
    return fs;
}

static sally_fs *quota_over(sally_fs *inner)
{
    sally_fs *fs;
    assert_int_equal(sally_fs_quota(&fs, inner, 100, 100), SALLY_E_OK);
    sally_fs_unref(inner);
    return fs;
}

static void is_used(sally_fs *fs, uint64_t bytes, uint64_t files)
{
    sally_quota use = {.struct_size = sizeof use};
    assert_int_equal(sally_fs_quota_get(fs, &use), SALLY_E_OK);
    assert_int_equal(use.bytes, bytes);
    assert_int_equal(use.files, files);
    assert_int_equal(use.max_bytes, 100);
}

static void everything_once(void **state)
{
    (void)state;
    sally_fs *fs = quota_over(with_files());
    is_used(fs, 0, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sally_fs_quota_count(fs, i ? 14 : 0), SALLY_E_OK);
        is_used(fs, 51, 12);
    }
    sally_fs_unref(fs);
}

static void failures_change_nothing(void **state)
{
    (void)state;
    sally_fs *fault, *inner = with_files();
    assert_int_equal(sally_fs_quota_count(inner, 0), SALLY_E_INVALID);
    assert_int_equal(sally_fs_quota_count(NULL, 0), SALLY_E_INVALID);
    assert_int_equal(sally_fs_fault(&fault, inner), SALLY_E_OK);
    sally_fs_unref(inner);
    sally_fs *fs = quota_over(sally_fs_ref(fault));
    assert_int_equal(sally_fs_quota_count(fs, 13), SALLY_E_LIMIT);
    const struct {
        uint32_t kind;
        sally_error error;
    } cases[] = {{SALLY_OP_OPENDIR, SALLY_E_SYSTEM},
                 {SALLY_OP_READDIR, SALLY_E_SYSTEM},
                 {SALLY_OP_SESSION_START, SALLY_E_CLOSED}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sally_fault f = {.struct_size = sizeof f,
                               .kinds = SALLY_OP_BIT(cases[i].kind),
                               .action = SALLY_FAULT_FAIL,
                               .status = SALLY_PERMISSION_DENIED};
        assert_int_equal(sally_fs_fault_add(fault, &f), SALLY_E_OK);
        assert_int_equal(sally_fs_quota_count(fs, 0), cases[i].error);
        sally_fs_fault_clear(fault);
    }
    is_used(fs, 0, 0);
    for (unsigned at = 1, failed = 1; failed; at++) {
        alloc_fail_at(at);
        sally_error error = sally_fs_quota_count(fs, 0);
        failed = alloc_failed();
        if (error)
            is_used(fs, 0, 0);
        else
            is_used(fs, 51, 12);
        sally_quota none = {.struct_size = sizeof none};
        assert_int_equal(sally_fs_quota_set(fs, &none, SALLY_QUOTA_USE), SALLY_E_OK);
    }
    sally_fs_unref(fs);
    sally_fs_unref(fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_once),
        cmocka_unit_test(failures_change_nothing),
    };
    return cmocka_run_group_tests_name("client/quota_count", tests, NULL, NULL);
}
