#include "fs/cases.h"

#include <stdlib.h>

#include "core/fs.h"

struct bench {
    struct driver d;
    sally_fs *inner;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    struct driver filler;
    sally_fs *fs;
    assert_int_equal(sally_fs_memory(&b->inner, 0), SALLY_E_OK);
    driver_start(&filler, b->inner, DRIVER_INLINE);
    make_file(&filler, "/f", "text");
    assert_int_equal(do_mkdir(&filler, "/d", 0755), SALLY_OK);
    assert_int_equal(do_symlink(&filler, "/l", "f"), SALLY_OK);
    driver_stop(&filler);
    assert_int_equal(sally_fs_readonly(&fs, b->inner), SALLY_E_OK);
    driver_start(&b->d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    driver_stop(&b->d);
    sally_fs_unref(b->inner);
    free(b);
    return 0;
}

static void lets_read(void **state)
{
    struct driver *d = &((struct bench *)*state)->d;
    char text[TEXT_SIZE];
    struct listing list;
    sally_file *file;
    sally_attrs attrs;
    assert_string_equal(file_text(d, "/f", text), "text");
    assert_int_equal(do_list(d, "/", 0, &list), SALLY_OK);
    assert_int_equal(list.count, 3);
    listing_clear(&list);
    assert_int_equal(do_stat(d, "/l", SALLY_FOLLOW, &attrs), SALLY_OK);
    assert_int_equal(do_text(d, SALLY_OP_READLINK, "/l", 0, text), SALLY_OK);
    assert_int_equal(do_text(d, SALLY_OP_REALPATH, "/l", 0, text), SALLY_OK);
    assert_string_equal(text, "/f");
    assert_int_equal(do_open(d, "/none", SALLY_OPEN_READ, &file), SALLY_NO_SUCH_FILE);
    struct op *op = driver_op(d, SALLY_OP_STATVFS, "/");
    assert_int_equal(driver_do(d, op), SALLY_OK);
    assert_int_equal(op->pub.u.statvfs.flags & 1, 1);
    op_free(op);
}

static void refuses_changes(void **state)
{
    struct driver *d = &((struct bench *)*state)->d;
    static const uint32_t opens[] = {SALLY_OPEN_WRITE,
                                     SALLY_OPEN_READ | SALLY_OPEN_WRITE,
                                     SALLY_OPEN_READ | SALLY_OPEN_APPEND,
                                     SALLY_OPEN_READ | SALLY_OPEN_CREATE,
                                     SALLY_OPEN_READ | SALLY_OPEN_TRUNCATE,
                                     SALLY_OPEN_READ | SALLY_OPEN_DELETE_ON_CLOSE};
    static const char *const paths[] = {"/f", "/d", "/l", "/none", "/none/none", "/"};
    sally_attrs attrs = {.valid = SALLY_ATTR_PERMISSIONS};
    sally_file *file;
    for (size_t p = 0; p < COUNT_OF(paths); p++) {
        for (size_t i = 0; i < COUNT_OF(opens); i++)
            assert_int_equal(do_open(d, paths[p], opens[i], &file), SALLY_WRITE_PROTECT);
        assert_int_equal(do_setstat(d, paths[p], 0, &attrs), SALLY_WRITE_PROTECT);
        assert_int_equal(do_path(d, SALLY_OP_REMOVE, paths[p]), SALLY_WRITE_PROTECT);
        assert_int_equal(do_path(d, SALLY_OP_RMDIR, paths[p]), SALLY_WRITE_PROTECT);
        assert_int_equal(do_mkdir(d, paths[p], 0755), SALLY_WRITE_PROTECT);
        assert_int_equal(do_symlink(d, paths[p], "x"), SALLY_WRITE_PROTECT);
        assert_int_equal(do_two(d, SALLY_OP_RENAME, paths[p], "/n", 0), SALLY_WRITE_PROTECT);
        assert_int_equal(do_two(d, SALLY_OP_LINK, paths[p], "/n", 0), SALLY_WRITE_PROTECT);
    }
    assert_int_equal(do_open(d, "/f", SALLY_OPEN_READ, &file), SALLY_OK);
    assert_int_equal(do_fsetstat(d, file, &attrs), SALLY_WRITE_PROTECT);
    assert_int_equal(do_fsync(d, file), SALLY_WRITE_PROTECT);
    assert_int_equal(do_close(d, file), SALLY_OK);
}

/* Whatever core lets through: the slots themselves refuse every kind that is not known to be
 * harmless. */
static sally_status anything(sally_fs *fs, sally_op *op)
{
    (void)fs;
    op->status = SALLY_EOF; /* was asked */
    return SALLY_OK;
}

static void every_kind(void **state)
{
    static const uint64_t harmless =
        SALLY_OP_BIT(SALLY_OP_SESSION_START) | SALLY_OP_BIT(SALLY_OP_SESSION_END) |
        SALLY_OP_BIT(SALLY_OP_OPEN) | SALLY_OP_BIT(SALLY_OP_CLOSE) | SALLY_OP_BIT(SALLY_OP_READ) |
        SALLY_OP_BIT(SALLY_OP_LOCK) | SALLY_OP_BIT(SALLY_OP_UNLOCK) | SALLY_OP_BIT(SALLY_OP_FSTAT) |
        SALLY_OP_BIT(SALLY_OP_CHDIR) | SALLY_OP_BIT(SALLY_OP_OPENDIR) |
        SALLY_OP_BIT(SALLY_OP_READDIR) | SALLY_OP_BIT(SALLY_OP_CLOSEDIR) |
        SALLY_OP_BIT(SALLY_OP_STAT) | SALLY_OP_BIT(SALLY_OP_READLINK) |
        SALLY_OP_BIT(SALLY_OP_REALPATH) | SALLY_OP_BIT(SALLY_OP_STATVFS) |
        SALLY_OP_BIT(SALLY_OP_HASH) | SALLY_OP_BIT(SALLY_OP_LOOKUP_IDS);
    sally_fs_methods all = {.struct_size = sizeof(all)};
    sally_fs *inner, *fs;
    (void)state;
#define FILL(name, value, slot, permission) all.slot = anything;
    SALLY_OP_MAP(FILL)
#undef FILL
    assert_int_equal(sally_fs_new(&inner, &all, NULL), SALLY_E_OK);
    assert_int_equal(sally_fs_readonly(&fs, inner), SALLY_E_OK);
    for (uint32_t kind = 1; kind < SALLY_OP_KINDS; kind++) {
        struct op op = {
            .pub = {.kind = kind}, .frames = op.inline_frames, .frame_capacity = OP_INLINE_FRAMES};
        sally_status status = fs_invoke(fs, &op.pub);
        bool passes = (harmless & SALLY_OP_BIT(kind)) != 0;
        assert_int_equal(status, passes ? SALLY_OK : SALLY_WRITE_PROTECT);
        assert_int_equal(op.pub.status, passes ? SALLY_EOF : SALLY_OK);
        assert_true(sally_fs_supports(fs, kind));
    }
    sally_fs_unref(fs);
    sally_fs_unref(inner);
}

static void reflects_inner(void **state)
{
    sally_fs_methods few = {
        .struct_size = sizeof(few), .traits = SALLY_FS_CONCURRENT | SALLY_FS_TRY, .stat = anything};
    sally_fs *inner, *fs;
    (void)state;
    assert_int_equal(sally_fs_new(&inner, &few, NULL), SALLY_E_OK);
    assert_int_equal(sally_fs_readonly(&fs, inner), SALLY_E_OK);
    for (uint32_t kind = 0; kind <= SALLY_OP_KINDS; kind++)
        assert_int_equal(!sally_fs_supports(fs, kind), !sally_fs_supports(inner, kind));
    assert_int_equal(sally_fs_traits(fs), SALLY_FS_CONCURRENT | SALLY_FS_TRY);
    sally_fs_unref(fs);
    sally_fs_unref(inner);
    assert_int_equal(sally_fs_readonly(&fs, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_fs_readonly(NULL, NULL), SALLY_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lets_read, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_changes, setup, teardown),
        cmocka_unit_test(every_kind),
        cmocka_unit_test(reflects_inner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
