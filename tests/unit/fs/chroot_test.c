#include "fs/cases.h"

#include <stdlib.h>

#include "core/fs.h"
#include "fs/local.h"
#include "fs/scratch.h"

/* The whole list of cases inside a directory of another storage. */

static sally_fs *inside(sally_fs *inner, const char *root, const char *const *dirs, size_t count)
{
    struct driver d;
    sally_fs *fs;
    driver_start(&d, inner, DRIVER_INLINE);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(do_mkdir(&d, dirs[i], 0755), SALLY_OK);
    driver_stop(&d);
    assert_int_equal(sally_fs_chroot(&fs, inner, root), SALLY_E_OK);
    sally_fs_unref(inner);
    return fs;
}

static sally_fs *make_memory(void)
{
    static const char *const dirs[] = {"/sub", "/sub/dir"};
    sally_fs *inner;
    assert_int_equal(sally_fs_memory(&inner, 0), SALLY_E_OK);
    return inside(inner, "sub//./dir/", dirs, COUNT_OF(dirs));
}

static char scratch[SCRATCH_SIZE];

static sally_fs *make_local(void)
{
    static const char *const dirs[] = {"/root"};
    sally_fs *inner;
    assert_int_equal(sally_fs_local(&inner, scratch_make(scratch), 0, 0), SALLY_E_OK);
    return inside(inner, "/root", dirs, COUNT_OF(dirs));
}

static void drop_local(void)
{
    scratch_remove(scratch);
}

static sally_fs *make_nested(void)
{
    static const char *const dirs[] = {"/deeper"};
    return inside(make_memory(), "/deeper", dirs, COUNT_OF(dirs));
}

static sally_fs *make_nested_local(void)
{
    static const char *const dirs[] = {"/deeper"};
    return inside(make_local(), "/deeper", dirs, COUNT_OF(dirs));
}

static sally_fs *make_walking(void)
{
    static const char *const dirs[] = {"/root", "/root/dir"};
    sally_fs *inner;
    assert_int_equal(local_new(&inner, scratch_make(scratch), 0, 0, true), SALLY_E_OK);
    return inside(inner, "/root/dir", dirs, COUNT_OF(dirs));
}

/* The machine's root has no walls, its directories have. */
static sally_fs *make_unconfined(void)
{
    sally_fs *inner;
    scratch_make(scratch);
    assert_int_equal(sally_fs_local(&inner, "/", SALLY_LOCAL_UNCONFINED, 0), SALLY_E_OK);
    return inside(inner, scratch, NULL, 0);
}

/* A storage that knows of no directories that are storages: the library resolves links. */
static sally_fs *make_wrapped(void)
{
    static const char *const dirs[] = {"/root"};
    sally_fs *inner, *wrapped;
    assert_int_equal(sally_fs_local(&inner, scratch_make(scratch), 0, 0), SALLY_E_OK);
    assert_int_equal(sally_fs_fault(&wrapped, inner), SALLY_E_OK);
    sally_fs_unref(inner);
    return inside(wrapped, "/root", dirs, COUNT_OF(dirs));
}

static sally_fs *make_wrapped_memory(void)
{
    static const char *const dirs[] = {"/sub", "/sub/dir"};
    sally_fs *inner, *wrapped;
    assert_int_equal(sally_fs_memory(&inner, 0), SALLY_E_OK);
    assert_int_equal(sally_fs_fault(&wrapped, inner), SALLY_E_OK);
    sally_fs_unref(inner);
    return inside(wrapped, "/sub/dir", dirs, COUNT_OF(dirs));
}

static sally_fs *make_wrapped_twice(void)
{
    static const char *const dirs[] = {"/deeper"};
    return inside(make_wrapped_memory(), "/deeper", dirs, COUNT_OF(dirs));
}

static void same_storage(void **state)
{
    (void)state;
    sally_fs *inner, *fs;
    assert_int_equal(sally_fs_memory(&inner, 0), SALLY_E_OK);
    assert_int_equal(sally_fs_chroot(&fs, inner, "/a/.."), SALLY_E_OK);
    assert_ptr_equal(fs, inner);
    sally_fs_unref(fs);
    sally_fs_unref(inner);
    assert_int_equal(sally_fs_chroot(&fs, NULL, "/"), SALLY_E_INVALID);
    assert_int_equal(sally_fs_chroot(NULL, NULL, "/"), SALLY_E_INVALID);
}

/* What the inner storage was asked, and what comes back. */
struct spy {
    char path[300], second[300];
    sally_status answer;
    sally_op *late;
};

static sally_status look(sally_fs *fs, sally_op *op)
{
    struct spy *spy = sally_fs_data(fs);
    snprintf(spy->path, sizeof(spy->path), "%s", op->path ? op->path : "(none)");
    if (op->kind == SALLY_OP_RENAME)
        snprintf(spy->second, sizeof(spy->second), "%s", op->u.rename.to);
    if (spy->answer == SALLY_PENDING)
        spy->late = op;
    return spy->answer;
}

static void gives_paths_back(void **state)
{
    (void)state;
    struct spy spy;
    sally_fs_methods methods = {
        .struct_size = sizeof(methods), .traits = SALLY_FS_TRY, .rename = look, .extended = look};
    sally_fs *inner, *fs;
    assert_int_equal(sally_fs_new(&inner, &methods, &spy), SALLY_E_OK);
    assert_int_equal(sally_fs_chroot(&fs, inner, "/r"), SALLY_E_OK);
    static const sally_status answers[] = {SALLY_OK, SALLY_FAILURE, SALLY_WOULD_BLOCK};
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct op op = {.pub = {.kind = SALLY_OP_RENAME, .path = "/a", .u.rename.to = "/b"},
                        .frames = op.inline_frames,
                        .frame_capacity = OP_INLINE_FRAMES};
        spy.answer = answers[i];
        assert_int_equal(fs_invoke(fs, &op.pub), answers[i]);
        assert_string_equal(spy.path, "/r/a");
        assert_string_equal(spy.second, "/r/b");
        assert_string_equal(op.pub.path, "/a");
        assert_string_equal(op.pub.u.rename.to, "/b");
    }
    struct driver d;
    bool done;
    driver_start(&d, fs, DRIVER_INLINE);
    spy.answer = SALLY_PENDING;
    struct op *op = driver_op(&d, SALLY_OP_RENAME, "/x");
    op->pub.u.rename.to = "/y";
    driver_begin(&d, op, &done);
    assert_false(done);
    sally_op_finish(spy.late, SALLY_QUOTA_EXCEEDED);
    driver_wait(&d, &done);
    assert_int_equal(op->pub.status, SALLY_QUOTA_EXCEEDED);
    assert_string_equal(op->pub.path, "/x");
    assert_string_equal(op->pub.u.rename.to, "/y");
    op_free(op);

    spy.answer = SALLY_OK; /* a kind without a path */
    assert_int_equal(driver_finish(&d, driver_op(&d, SALLY_OP_EXTENDED, NULL)), SALLY_OK);
    assert_string_equal(spy.path, "(none)");
    driver_stop(&d);
    sally_fs_unref(fs);
    sally_fs_unref(inner);
}

/* A storage of two slots: what the library builds from them must work inside as well. */
static sally_status small_stat(sally_fs *fs, sally_op *op)
{
    (void)fs;
    if (strcmp(op->path, "/r") == 0)
        sally_attrs_set_directory(&op->u.stat.attrs, 0755);
    else if (strcmp(op->path, "/r/f") == 0)
        sally_attrs_set_file(&op->u.stat.attrs, 0644, 5);
    else
        return SALLY_NO_SUCH_FILE;
    return SALLY_OK;
}

static sally_status small_open(sally_fs *fs, sally_op *op)
{
    (void)fs;
    return strcmp(op->path, "/r/f") == 0 ? SALLY_OK : SALLY_NO_SUCH_FILE;
}

static sally_status small_readdir(sally_fs *fs, sally_op *op)
{
    (void)fs;
    assert_string_equal(op->path, "/r");
    sally_op_add_entry(op, "f", NULL);
    return SALLY_EOF;
}

static void small_storages(void **state)
{
    (void)state;
    sally_fs_methods methods = {.struct_size = sizeof(methods),
                                .traits = SALLY_FS_NONBLOCKING,
                                .open = small_open,
                                .readdir = small_readdir,
                                .stat = small_stat};
    sally_fs *inner, *fs;
    struct driver d;
    sally_file *file;
    sally_attrs attrs;
    char text[TEXT_SIZE];
    assert_int_equal(sally_fs_new(&inner, &methods, NULL), SALLY_E_OK);
    assert_int_equal(sally_fs_chroot(&fs, inner, "/r"), SALLY_E_OK);
    for (uint32_t kind = 0; kind <= SALLY_OP_KINDS; kind++)
        assert_int_equal(!sally_fs_supports(fs, kind), !sally_fs_supports(inner, kind));
    driver_start(&d, fs, DRIVER_INLINE);
    assert_int_equal(do_open(&d, "/f", SALLY_OPEN_READ, &file), SALLY_OK);
    assert_int_equal(do_fstat(&d, file, &attrs), SALLY_OK);
    assert_int_equal(attrs.size, 5);
    assert_int_equal(do_close(&d, file), SALLY_OK);
    assert_int_equal(do_opendir(&d, "/f", &file), SALLY_NOT_A_DIRECTORY);
    assert_int_equal(do_opendir(&d, "/", &file), SALLY_OK);
    struct op *op = driver_file_op(&d, SALLY_OP_READDIR, file);
    assert_int_equal(driver_finish(&d, op), SALLY_EOF);
    assert_int_equal(do_closedir(&d, file), SALLY_OK);
    assert_int_equal(do_text(&d, SALLY_OP_REALPATH, "/any", 0, text), SALLY_OK);
    assert_string_equal(text, "/any");
    driver_stop(&d);
    sally_fs_unref(fs);
    sally_fs_unref(inner);
}

int main(void)
{
    static const char long_ones[] = ",deep_paths,many_entries,listing_while_it_changes,";
    static const struct storage_maker makers[] = {
        {"chroot in memory", make_memory, NULL, DRIVER_INLINE, NULL},
        {"chroot in local", make_local, drop_local, DRIVER_TRYING, NULL},
        {"chroot in local, by walking", make_walking, drop_local, DRIVER_INLINE, long_ones},
        {"chroot in local without walls", make_unconfined, drop_local, DRIVER_INLINE, long_ones},
        {"chroot in chroot in memory", make_nested, NULL, DRIVER_INLINE, long_ones},
        {"chroot in chroot in local", make_nested_local, drop_local, DRIVER_INLINE, long_ones},
        {"chroot in a wrapper of local", make_wrapped, drop_local, DRIVER_TRYING, long_ones},
        {"chroot in a wrapper of memory", make_wrapped_memory, NULL, DRIVER_INLINE, NULL},
        {"chroot in chroot in a wrapper", make_wrapped_twice, NULL, DRIVER_INLINE, long_ones},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_storage),
        cmocka_unit_test(gives_paths_back),
        cmocka_unit_test(small_storages),
    };
    return run_storage_cases(makers, COUNT_OF(makers)) + cmocka_run_group_tests(tests, NULL, NULL);
}
