#include "fs/cases.h"

#include "alloc_failure.h"
#include "core/fs.h"
#include "fs/local.h"
#include "fs/scratch.h"
#include "sallyport/wrappers.h"

#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)
#define RW               (SALLY_OPEN_READ | SALLY_OPEN_WRITE)
#define NEW              (RW | SALLY_OPEN_CREATE)

static sally_fs *memory(void)
{
    sally_fs *fs;
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    return fs;
}

/* Takes over what it is given. */
static sally_fs *mounted(sally_fs *root, const char *path, sally_fs *fs)
{
    sally_fs *out;
    const sally_mount mount = {sizeof(mount), path, fs};
    assert_int_equal(sally_fs_mounts(&out, root, &mount, 1), SALLY_E_OK);
    sally_fs_unref(root);
    sally_fs_unref(fs);
    return out;
}

static sally_fs *late(sally_fs *inner)
{
    sally_fs *fs;
    const sally_fault fault = {.struct_size = sizeof(fault),
                               .kinds = SALLY_OP_ALL,
                               .action = SALLY_FAULT_LATE,
                               .amount = 0};
    assert_int_equal(sally_fs_fault(&fs, inner), SALLY_E_OK);
    assert_int_equal(sally_fs_fault_add(fs, &fault), SALLY_E_OK);
    sally_fs_unref(inner);
    return fs;
}

/* The shared cases: in the storage around the mounts, and in one of them. */

static char scratch[SCRATCH_SIZE];

static void drop(void)
{
    scratch_remove(scratch);
}

static sally_fs *local(void)
{
    sally_fs *fs;
    assert_int_equal(sally_fs_local(&fs, scratch_make(scratch), 0, 0), SALLY_E_OK);
    return fs;
}

static sally_fs *no_mounts(sally_fs *root)
{
    sally_fs *fs;
    assert_int_equal(sally_fs_mounts(&fs, root, NULL, 0), SALLY_E_OK);
    sally_fs_unref(root);
    return fs;
}

static sally_fs *make_around(void)
{
    return no_mounts(memory());
}

static sally_fs *make_around_local(void)
{
    return no_mounts(local());
}

static sally_fs *make_around_late(void)
{
    return no_mounts(late(memory()));
}

static sally_fs *beneath(sally_fs *all, const char *root)
{
    sally_fs *fs;
    assert_int_equal(sally_fs_chroot(&fs, all, root), SALLY_E_OK);
    sally_fs_unref(all);
    return fs;
}

static sally_fs *make_inside(void)
{
    return beneath(mounted(memory(), "/a/b", memory()), "/a/b");
}

/* One of them is a wrapper without directories of its own: the library resolves links, and all
 * paths pass the mounts. */
static sally_fs *make_through(void)
{
    sally_fs *all = mounted(NULL, "/a/b", local()), *fault, *fs;
    assert_int_equal(sally_fs_fault(&fault, all), SALLY_E_OK);
    sally_fs_unref(all);
    assert_int_equal(sally_fs_chroot(&fs, fault, "/a"), SALLY_E_OK);
    sally_fs_unref(fault);
    return beneath(fs, "/b");
}

/* A tree of three storages. */
struct tree {
    sally_fs *root, *one, *two, *fs;
    struct driver d;
};

static void start(struct tree *t, sally_fs *root, sally_fs *one, sally_fs *two)
{
    *t = (struct tree){.root = root, .one = one, .two = two};
    const sally_mount mounts[] = {{sizeof(sally_mount), "/one", one},
                                  {sizeof(sally_mount), "/deep/er/two", two}};
    assert_int_equal(sally_fs_mounts(&t->fs, root, mounts, 2), SALLY_E_OK);
    driver_start(&t->d, t->fs, DRIVER_INLINE);
}

static int setup(void **state)
{
    struct tree *t = calloc(1, sizeof(*t));
    start(t, memory(), memory(), memory());
    *state = t;
    return 0;
}

static int setup_late(void **state)
{
    struct tree *t = calloc(1, sizeof(*t));
    start(t, late(memory()), late(memory()), late(memory()));
    *state = t;
    return 0;
}

static int setup_rootless(void **state)
{
    struct tree *t = calloc(1, sizeof(*t));
    start(t, NULL, memory(), memory());
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct tree *t = *state;
    driver_stop(&t->d);
    sally_fs_unref(t->fs);
    sally_fs_unref(t->root);
    sally_fs_unref(t->one);
    sally_fs_unref(t->two);
    free(t);
    return 0;
}

/* The names of a directory, sorted and with blanks between them. */
static const char *names(struct driver *d, const char *path, unsigned room, char out[200])
{
    struct listing list;
    IS(do_list(d, path, room, &list), OK);
    for (unsigned i = 1; i < list.count; i++)
        for (unsigned j = i; j > 0 && strcmp(list.names[j - 1], list.names[j]) > 0; j--) {
            char *name = list.names[j];
            list.names[j] = list.names[j - 1];
            list.names[j - 1] = name;
        }
    out[0] = 0;
    for (unsigned i = 0; i < list.count; i++)
        snprintf(out + strlen(out), 200 - strlen(out), "%s%s", i ? " " : "", list.names[i]);
    listing_clear(&list);
    return out;
}

static void mount_points(void **state)
{
    struct tree *t = *state;
    struct driver *d = &t->d;
    char text[200];
    sally_attrs attrs;
    for (unsigned room = 0; room < 3; room++) {
        assert_string_equal(names(d, "/", room, text), "deep one");
        assert_string_equal(names(d, "/deep", room, text), "er");
        assert_string_equal(names(d, "/deep/er", room, text), "two");
        assert_string_equal(names(d, "/deep/er/two", room, text), "");
    }
    static const char *const fixed[] = {"/", "/one", "/deep", "/deep/er", "/deep/er/two"};
    for (size_t i = 0; i < COUNT_OF(fixed); i++) {
        sally_file *file;
        IS(do_stat(d, fixed[i], 0, &attrs), OK);
        assert_int_equal(attrs.type, SALLY_TYPE_DIRECTORY);
        IS(do_opendir(d, fixed[i], &file), OK);
        IS(do_fstat(d, file, &attrs), OK);
        assert_int_equal(attrs.type, SALLY_TYPE_DIRECTORY);
        IS(do_closedir(d, file), OK);
        IS(do_open(d, fixed[i], NEW, NULL), FILE_IS_A_DIRECTORY);
        IS(do_path(d, SALLY_OP_REMOVE, fixed[i]), FILE_IS_A_DIRECTORY);
        IS(do_path(d, SALLY_OP_RMDIR, fixed[i]), PERMISSION_DENIED);
        IS(do_mkdir(d, fixed[i], 0755), FILE_ALREADY_EXISTS);
        IS(do_symlink(d, fixed[i], "x"), FILE_ALREADY_EXISTS);
        IS(do_two(d, SALLY_OP_RENAME, fixed[i], "/new", 0), PERMISSION_DENIED);
        IS(do_two(d, SALLY_OP_RENAME, "/x", fixed[i], SALLY_RENAME_OVERWRITE), PERMISSION_DENIED);
        IS(do_two(d, SALLY_OP_LINK, "/x", fixed[i], 0), FILE_ALREADY_EXISTS);
        char result[TEXT_SIZE];
        IS(do_text(d, SALLY_OP_REALPATH, fixed[i], 0, result), OK);
        assert_string_equal(result, fixed[i]);
    }
    IS(do_stat(d, "/deep/other", 0, NULL), NO_SUCH_FILE);
    IS(do_stat(d, "/onex", 0, NULL), NO_SUCH_FILE);
}

static void hides_what_is_there(void **state)
{
    (void)state;
    struct tree t;
    struct driver d;
    char text[200];
    sally_attrs attrs;
    sally_fs *root = memory();
    driver_start(&d, root, DRIVER_INLINE);
    make_file(&d, "/one", "a file");
    make_file(&d, "/other", "");
    IS(do_symlink(&d, "/deep", "elsewhere"), OK);
    driver_stop(&d);
    start(&t, root, memory(), memory());
    assert_string_equal(names(&t.d, "/", 0, text), "deep one other");
    assert_string_equal(names(&t.d, "/", 1, text), "deep one other");
    assert_string_equal(names(&t.d, "/deep", 0, text), "er");
    IS(do_stat(&t.d, "/deep", 0, &attrs), OK);
    assert_int_equal(attrs.type, SALLY_TYPE_DIRECTORY);
    IS(do_stat(&t.d, "/one", 0, &attrs), OK);
    assert_int_equal(attrs.type, SALLY_TYPE_DIRECTORY);
    make_file(&t.d, "/one/f", "1");
    make_file(&t.d, "/deep/er/two/f", "2");
    driver_stop(&t.d);
    driver_start(&d, t.one, DRIVER_INLINE);
    assert_string_equal(file_text(&d, "/f", (char[1001]){0}), "1");
    driver_stop(&d);
    sally_fs_unref(t.fs);
    sally_fs_unref(t.root);
    sally_fs_unref(t.one);
    sally_fs_unref(t.two);
}

static void across(void **state)
{
    struct tree *t = *state;
    struct driver *d = &t->d;
    char text[1001];
    sally_file *from, *to;
    make_file(d, "/one/f", "0123456789");
    IS(do_two(d, SALLY_OP_RENAME, "/one/f", "/deep/er/two/f", 0), FAILURE);
    IS(do_two(d, SALLY_OP_LINK, "/one/f", "/deep/er/two/f", 0), FAILURE);
    IS(do_two(d, SALLY_OP_RENAME, "/one/f", "/one/g", 0), OK);
    IS(do_open(d, "/one/g", SALLY_OPEN_READ, &from), OK);
    IS(do_open(d, "/deep/er/two/h", NEW, &to), OK);
    struct op *op = driver_file_op(d, SALLY_OP_COPY, from);
    op->pub.u.copy = (sally_op_copy){.to = to, .from_offset = 2};
    IS(driver_do(d, op), OK);
    assert_int_equal(op->pub.u.copy.done, 8);
    op_free(op);
    IS(do_close(d, from), OK);
    IS(do_close(d, to), OK);
    assert_string_equal(file_text(d, "/deep/er/two/h", text), "23456789");
    op = driver_op(d, SALLY_OP_STATVFS, "/one/g");
    IS(driver_finish(d, op), OK);
}

static void links(void **state)
{
    struct tree *t = *state;
    struct driver *d = &t->d;
    char text[TEXT_SIZE];
    sally_attrs attrs;
    make_file(d, "/one/f", "f");
    IS(do_symlink(d, "/one/abs", "/one/f"), OK);
    IS(do_symlink(d, "/one/rel", "./f"), OK);
    IS(do_symlink(d, "/one/odd", "/one/../one/f"), OK);
    IS(do_symlink(d, "/one/top", "/one"), OK);
    static const char *const wrong[] = {"/f", "/",    "/deep/er/two/f", "../deep/er/two",
                                        "..", "/onex"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        IS(do_symlink(d, "/one/wrong", wrong[i]), UNSUPPORTED);
    IS(do_text(d, SALLY_OP_READLINK, "/one/abs", 0, text), OK);
    assert_string_equal(text, "/one/f");
    IS(do_text(d, SALLY_OP_READLINK, "/one/rel", 0, text), OK);
    assert_string_equal(text, "./f");
    IS(do_text(d, SALLY_OP_READLINK, "/one/top", 0, text), OK);
    assert_string_equal(text, "/one");
    IS(do_text(d, SALLY_OP_REALPATH, "/one/abs", 0, text), OK);
    assert_string_equal(text, "/one/f");
    IS(do_text(d, SALLY_OP_READLINK, "/one", 0, text), INVALID_PARAMETER);
    IS(do_stat(d, "/one/abs", SALLY_FOLLOW, &attrs), OK);
    assert_int_equal(attrs.type, SALLY_TYPE_REGULAR);
    IS(do_stat(d, "/one/top/f", 0, &attrs), OK);
}

/* A directory of the whole, with what is mounted below it. */
static void roots(void **state)
{
    struct tree *t = *state;
    sally_fs *fs;
    struct driver d;
    char text[200];
    make_file(&t->d, "/deep/er/two/f", "2");
    assert_int_equal(sally_fs_chroot(&fs, t->fs, "/deep/er/two"), SALLY_E_OK);
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    assert_string_equal(names(&d, "/", 0, text), "f");
    driver_stop(&d);
    if (t->root)
        return;
    assert_int_equal(sally_fs_chroot(&fs, t->fs, "/deep"), SALLY_E_OK);
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    assert_string_equal(names(&d, "/", 0, text), "er");
    assert_string_equal(file_text(&d, "/er/two/f", (char[1001]){0}), "2");
    driver_stop(&d);
}

/* Who was told of the session, and who refuses it. */
struct told {
    int started, ended;
    sally_status answer;
};

static sally_status tell(sally_fs *fs, sally_op *op)
{
    static const sally_pair pair = {"pair", "x", 1};
    struct told *told = sally_fs_data(fs);
    if (op->kind == SALLY_OP_SESSION_END) {
        told->ended++;
        return SALLY_OK;
    }
    told->started++;
    op->u.session.settable &= ~(uint32_t)SALLY_ATTR_ACL;
    op->u.session.server = &pair;
    op->u.session.server_count = 1;
    return told->answer;
}

static void sessions(void **state)
{
    (void)state;
    for (int refused = -1; refused < 3; refused++) {
        struct told told[3] = {{0}};
        sally_fs *fs, *inner[3];
        struct driver d;
        for (int i = 0; i < 3; i++) {
            const sally_fs_methods methods = {
                .struct_size = sizeof(methods), .session_start = tell, .session_end = tell};
            told[i].answer = i == refused ? SALLY_FAILURE : SALLY_OK;
            assert_int_equal(sally_fs_new(&inner[i], &methods, &told[i]), SALLY_E_OK);
        }
        /* One of them twice. */
        const sally_mount mounts[] = {{sizeof(sally_mount), "/a", inner[1]},
                                      {sizeof(sally_mount), "/b/c", inner[2]},
                                      {sizeof(sally_mount), "/d", inner[1]}};
        assert_int_equal(sally_fs_mounts(&fs, inner[0], mounts, 3), SALLY_E_OK);
        assert_int_equal(sally_fs_traits(fs), 0);
        driver_start(&d, fs, DRIVER_INLINE);
        struct op *op = driver_op(&d, SALLY_OP_SESSION_START, NULL);
        op->pub.u.session.settable = SALLY_ATTR_ACL | SALLY_ATTR_SIZE;
        assert_int_equal(driver_do(&d, op) == SALLY_OK, refused < 0);
        if (refused < 0) {
            assert_int_equal(op->pub.u.session.settable, SALLY_ATTR_SIZE);
            assert_int_equal(op->pub.u.session.server_count, 3);
        }
        op_free(op);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(told[i].started, refused < 0 || i <= refused);
            if (refused >= 0)
                assert_int_equal(told[i].ended, i < refused);
        }
        driver_stop(&d);
        sally_fs_unref(fs);
        for (int i = 0; i < 3; i++)
            sally_fs_unref(inner[i]);
    }
}

/* A client that leaves does not wait for a storage that takes its time. */
static void lost_clients(void **state)
{
    (void)state;
    struct tree t;
    sally_fs *slow, *inner = memory();
    const sally_fault fault = {.struct_size = sizeof(fault),
                               .kinds = SALLY_OP_BIT(SALLY_OP_STAT) | SALLY_OP_BIT(SALLY_OP_READ) |
                                        SALLY_OP_BIT(SALLY_OP_OPEN),
                               .action = SALLY_FAULT_LATE,
                               .skip = 1,
                               .amount = 3600000};
    assert_int_equal(sally_fs_fault(&slow, inner), SALLY_E_OK);
    sally_fs_unref(inner);
    start(&t, memory(), slow, memory());
    make_file(&t.d, "/one/f", "f");
    assert_int_equal(sally_fs_fault_add(slow, &fault), SALLY_E_OK);
    sally_file *file;
    IS(do_open(&t.d, "/one/f", SALLY_OPEN_READ, &file), OK); /* skipped */
    char byte;
    bool done[2];
    struct op *op = driver_op(&t.d, SALLY_OP_STAT, "/one/f");
    struct op *read = driver_file_op(&t.d, SALLY_OP_READ, file);
    read->pub.u.io = (sally_op_io){.data = &byte, .length = 1};
    driver_begin(&t.d, op, &done[0]);
    driver_begin(&t.d, read, &done[1]);
    assert_false(done[0] || done[1]);
    driver_lose(&t.d);
    assert_true(done[0] && done[1]);
    op_free(op);
    op_free(read);
    sally_fs_unref(t.fs);
    sally_fs_unref(t.root);
    sally_fs_unref(t.one);
    sally_fs_unref(t.two);
}

/* Whichever allocation fails: nothing is left open or leaks. */
static void memory_runs_out(void **state)
{
    (void)state;
    struct tree t;
    start(&t, memory(), memory(), memory());
    make_file(&t.d, "/one/f", "f");
    for (int what = 0; what < 3; what++) {
        bool failed = true;
        for (t.d.fail_at = 1; failed; t.d.fail_at++) {
            unsigned at = t.d.fail_at;
            sally_file *file = NULL;
            t.d.failed = false;
            if (what == 0)
                (void)do_open(&t.d, "/one/f", SALLY_OPEN_READ, &file);
            else
                (void)do_opendir(&t.d, what == 1 ? "/deep" : "/", &file);
            failed = t.d.failed;
            t.d.fail_at = 0;
            struct listing list = {0};
            if (file && what) {
                while (do_readdir(&t.d, file, &list) == SALLY_OK)
                    ;
                listing_clear(&list);
                IS(do_closedir(&t.d, file), OK);
            } else if (file) {
                IS(do_close(&t.d, file), OK);
            }
            t.d.fail_at = at;
        }
        t.d.fail_at = 0;
    }
    driver_stop(&t.d);
    sally_fs_unref(t.fs);
    sally_fs_unref(t.root);
    sally_fs_unref(t.one);
    sally_fs_unref(t.two);

    for (unsigned at = 1, failed = 1; failed; at++) {
        sally_fs *fs = NULL, *root = memory();
        size_t before = alloc_live_bytes();
        const sally_mount mount = {sizeof(mount), "/m", root};
        alloc_fail_at(at);
        sally_error error = sally_fs_mounts(&fs, NULL, &mount, 1);
        failed = alloc_failed();
        assert_int_equal(error, failed ? SALLY_E_NO_MEMORY : SALLY_E_OK);
        sally_fs_unref(fs);
        assert_int_equal(alloc_live_bytes(), before);
        sally_fs_unref(root);
    }
}

static void wrong_arguments(void **state)
{
    (void)state;
    sally_fs *fs, *inner = memory();
    sally_mount mounts[] = {{sizeof(sally_mount), "/a", inner}, {sizeof(sally_mount), "/b", inner}};
    assert_int_equal(sally_fs_mounts(NULL, inner, mounts, 2), SALLY_E_INVALID);
    assert_int_equal(sally_fs_mounts(&fs, inner, NULL, 2), SALLY_E_INVALID);
    static const char *const bad[] = {"/", "", "b", "/a/..", NULL};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        mounts[1].path = bad[i];
        assert_int_equal(sally_fs_mounts(&fs, inner, mounts, 2), SALLY_E_INVALID);
    }
    mounts[1].path = "//a/./";
    assert_int_equal(sally_fs_mounts(&fs, inner, mounts, 2), SALLY_E_EXISTS);
    mounts[1].path = "/b";
    mounts[1].fs = NULL;
    assert_int_equal(sally_fs_mounts(&fs, inner, mounts, 2), SALLY_E_INVALID);
    mounts[1].fs = inner;
    mounts[1].struct_size = mounts[0].struct_size = 8;
    assert_int_equal(sally_fs_mounts(&fs, inner, mounts, 1), SALLY_E_INVALID);
    mounts[1].struct_size = mounts[0].struct_size = sizeof(sally_mount);
    assert_int_equal(sally_fs_mounts(&fs, inner, mounts, 2), SALLY_E_OK);
    assert_int_equal(sally_fs_traits(fs), sally_fs_traits(inner));
    sally_fs_unref(fs);
    sally_fs_unref(inner);
}

int main(void)
{
    static const struct storage_maker makers[] = {
        {"around, memory", make_around, NULL, DRIVER_INLINE, NULL},
        {"around, memory, tried first", make_around, NULL, DRIVER_TRYING, NULL},
        {"around, local", make_around_local, drop, DRIVER_TRYING, NULL},
        {"around, late", make_around_late, NULL, DRIVER_INLINE, NULL},
        {"inside, memory", make_inside, NULL, DRIVER_TRYING, NULL},
        /* Where the cases make links that lead to another mount, as it looks from there. */
        {"inside, through wrappers", make_through, drop, DRIVER_TRYING,
         ",removing,renaming,hard_links,symbolic_links,confinement,real_paths,deep_paths,"},
    };
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(mount_points, setup, teardown),
        cmocka_unit_test_setup_teardown(mount_points, setup_late, teardown),
        cmocka_unit_test_setup_teardown(mount_points, setup_rootless, teardown),
        cmocka_unit_test(hides_what_is_there),
        cmocka_unit_test_setup_teardown(across, setup, teardown),
        cmocka_unit_test_setup_teardown(across, setup_late, teardown),
        cmocka_unit_test_setup_teardown(links, setup, teardown),
        cmocka_unit_test_setup_teardown(roots, setup, teardown),
        cmocka_unit_test_setup_teardown(roots, setup_rootless, teardown),
        cmocka_unit_test(sessions),
        cmocka_unit_test(lost_clients),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(wrong_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + run_storage_cases(makers, COUNT_OF(makers));
}
