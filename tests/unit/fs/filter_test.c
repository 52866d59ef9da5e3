#include "fs/inside.h"

#include "alloc_failure.h"
#include "core/fs.h"
#include "sallyport/wrappers.h"

#define RULE(...)                                                                                  \
    {                                                                                              \
        sizeof(sally_filter_rule), __VA_ARGS__                                                     \
    }

static sally_fs *permissive(sally_fs *inner)
{
    static const sally_filter_rule rules[] = {RULE("/not/here", NULL, 0, SALLY_FILTER_HIDDEN),
                                              RULE(NULL, "*.never", 0, SALLY_FILTER_HIDDEN)};
    sally_fs *fs;
    assert_int_equal(sally_fs_filter(&fs, inner, rules, 2), SALLY_E_OK);
    sally_fs_unref(inner);
    return fs;
}

static const sally_filter_rule rules[] = {
    RULE("/pub", "*.exe", SALLY_MAY_ALL & ~(SALLY_MAY_CREATE | SALLY_MAY_WRITE), 0),
    RULE(NULL, ".git", 0, SALLY_FILTER_HIDDEN),
    RULE("/drop", NULL, SALLY_MAY_STAT | SALLY_MAY_WRITE | SALLY_MAY_CREATE, 0),
    RULE("/secret", NULL, 0, SALLY_FILTER_HIDDEN),
    RULE("/readonly", "open", SALLY_MAY_ALL, 0),
    RULE("/readonly", NULL, SALLY_MAY_VIEW, 0),
    RULE("/unlisted", NULL, SALLY_MAY_ALL, SALLY_FILTER_UNLISTED),
};

struct bench {
    sally_fs *inner, *fs;
    struct driver d, raw;
};

static int setup(void **state)
{
    static const char *const dirs[] = {"/pub",      "/pub/.git", "/drop",         "/secret",
                                       "/readonly", "/unlisted", "/readonly/open"};
    const struct storage_maker *maker = *state;
    struct bench *b = calloc(1, sizeof(*b));
    b->inner = maker->make();
    assert_int_equal(sally_fs_filter(&b->fs, b->inner, rules, COUNT_OF(rules)), SALLY_E_OK);
    driver_start(&b->d, b->fs, DRIVER_INLINE);
    driver_start_as(&b->raw, b->inner, "root", 2);
    for (size_t i = 0; i < COUNT_OF(dirs); i++) {
        char path[100];
        IS(do_mkdir(&b->raw, dirs[i], 0755), OK);
        snprintf(path, sizeof(path), "%s/f", dirs[i]);
        make_file(&b->raw, path, "text");
    }
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    driver_stop(&b->d);
    driver_stop(&b->raw);
    sally_fs_unref(b->fs);
    sally_fs_unref(b->inner);
    free(b);
    return inside_teardown(state);
}

static bool lists(struct driver *d, const char *path, const char *name)
{
    struct listing list;
    IS(do_list(d, path, 1, &list), OK);
    bool found = listing_find(&list, name) != NULL;
    listing_clear(&list);
    return found;
}

static void hidden_names(void **state)
{
    struct bench *b = *state;
    struct driver *d = &b->d;
    static const char *const gone[] = {"/secret", "/secret/f", "/pub/.git", "/pub/.git/f", "/.git"};
    char text[TEXT_SIZE];
    sally_file *dir;
    assert_false(lists(d, "/", "secret"));
    assert_true(lists(d, "/", "pub"));
    assert_false(lists(d, "/pub", ".git"));
    assert_true(lists(d, "/pub", "f"));
    for (size_t i = 0; i < COUNT_OF(gone); i++) {
        IS(do_stat(d, gone[i], 0, NULL), NO_SUCH_FILE);
        IS(do_open(d, gone[i], SALLY_OPEN_READ, NULL), NO_SUCH_FILE);
        IS(do_open(d, gone[i], PUT, NULL), PERMISSION_DENIED);
        IS(do_opendir(d, gone[i], &dir), NO_SUCH_FILE);
        IS(do_mkdir(d, gone[i], 0755), PERMISSION_DENIED);
        IS(do_symlink(d, gone[i], "x"), PERMISSION_DENIED);
        IS(do_path(d, SALLY_OP_REMOVE, gone[i]), NO_SUCH_FILE);
        IS(do_path(d, SALLY_OP_RMDIR, gone[i]), NO_SUCH_FILE);
        IS(do_two(d, SALLY_OP_RENAME, gone[i], "/new", 0), NO_SUCH_FILE);
        IS(do_two(d, SALLY_OP_RENAME, "/pub/f", gone[i], 0), PERMISSION_DENIED);
        IS(do_two(d, SALLY_OP_LINK, gone[i], "/new", 0), NO_SUCH_FILE);
        IS(do_two(d, SALLY_OP_LINK, "/pub/f", gone[i], 0), PERMISSION_DENIED);
        IS(do_text(d, SALLY_OP_REALPATH, gone[i], 0, text), NO_SUCH_FILE);
    }
    assert_false(lists(d, "/", "unlisted"));
    assert_string_equal(file_text(d, "/unlisted/f", (char[1001]){0}), "text");
}

static void permissions(void **state)
{
    struct bench *b = *state;
    struct driver *d = &b->d;
    sally_file *file, *other;
    sally_attrs attrs;
    char byte = 'x';
    uint32_t got = 1;
    /* A drop box. */
    IS(do_opendir(d, "/drop", &file), PERMISSION_DENIED);
    IS(do_open(d, "/drop/f", SALLY_OPEN_READ, NULL), PERMISSION_DENIED);
    IS(do_open(d, "/drop/new", PUT, &file), OK);
    IS(do_write(d, file, 0, "new", 3), OK);
    IS(do_fstat(d, file, &attrs), OK);
    const sally_attrs set = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0600};
    IS(do_fsetstat(d, file, &set), PERMISSION_DENIED);
    IS(do_lock(d, SALLY_OP_LOCK, file, 0, 1, SALLY_OPEN_BLOCK_WRITE), PERMISSION_DENIED);
    IS(do_close(d, file), OK);
    IS(do_path(d, SALLY_OP_REMOVE, "/drop/new"), PERMISSION_DENIED);
    IS(do_mkdir(d, "/drop/d", 0755), PERMISSION_DENIED);
    /* Nothing leaves it under another name. */
    IS(do_two(d, SALLY_OP_RENAME, "/drop/new", "/pub/new", 0), PERMISSION_DENIED);
    IS(do_two(d, SALLY_OP_LINK, "/drop/new", "/pub/new", 0), PERMISSION_DENIED);
    IS(do_two(d, SALLY_OP_RENAME, "/pub/f", "/drop/g", 0), OK);
    IS(do_two(d, SALLY_OP_RENAME, "/drop", "/elsewhere", 0), PERMISSION_DENIED);
    IS(do_two(d, SALLY_OP_RENAME, "/unlisted", "/elsewhere", 0), PERMISSION_DENIED);
    /* Names. */
    IS(do_open(d, "/pub/virus.exe", PUT, NULL), PERMISSION_DENIED);
    IS(do_open(d, "/pub/.exe", PUT, NULL), PERMISSION_DENIED);
    IS(do_mkdir(d, "/pub/dir.exe", 0755), OK);
    IS(do_open(d, "/pub/dir.exe/f", PUT, NULL), PERMISSION_DENIED);
    make_file(d, "/pub/ok", "ok");
    IS(do_two(d, SALLY_OP_RENAME, "/pub/ok", "/pub/ok.exe", 0), PERMISSION_DENIED);
    make_file(&b->raw, "/pub/there.exe", "there");
    assert_string_equal(file_text(d, "/pub/there.exe", (char[1001]){0}), "there");
    /* The first rule decides. */
    IS(do_open(d, "/readonly/f", SALLY_OPEN_WRITE, NULL), PERMISSION_DENIED);
    IS(do_setstat(d, "/readonly/f", 0, &set), PERMISSION_DENIED);
    IS(do_open(d, "/readonly/open/f", RW, &file), OK);
    IS(do_open(d, "/readonly/f", SALLY_OPEN_READ, &other), OK);
    IS(do_read(d, other, 0, &byte, &got), OK);
    struct op *op = driver_file_op(d, SALLY_OP_COPY, other);
    op->pub.u.copy = (sally_op_copy){.to = file};
    IS(driver_finish(d, op), OK);
    IS(do_close(d, file), OK);
    IS(do_close(d, other), OK);
}

/* A directory takes what is in it along: no rule must be left behind, or got around. */
static void renamed_directories(void **state)
{
    struct bench *b = *state;
    struct driver *d = &b->d;
    IS(do_mkdir(&b->raw, "/pub/d", 0755), OK);
    make_file(&b->raw, "/pub/d/there.exe", "there");
    IS(do_two(d, SALLY_OP_RENAME, "/pub/d", "/d", 0), PERMISSION_DENIED);
    IS(do_two(d, SALLY_OP_RENAME, "/pub/d", "/pub/e", 0), OK);
    IS(do_two(d, SALLY_OP_RENAME, "/pub/f", "/g", 0), OK);
    IS(do_mkdir(d, "/mine", 0755), OK);
    make_file(d, "/mine/new.exe", "new");
    IS(do_two(d, SALLY_OP_RENAME, "/mine", "/pub/mine", 0), PERMISSION_DENIED);
    IS(do_two(d, SALLY_OP_RENAME, "/mine", "/yours", 0), OK);
    IS(do_two(d, SALLY_OP_RENAME, "/g", "/pub/g", 0), OK);
    /* Through a link. */
    IS(do_symlink(d, "/to_pub", "pub"), OK);
    IS(do_two(d, SALLY_OP_RENAME, "/to_pub/e", "/e", 0), PERMISSION_DENIED);
    IS(do_two(d, SALLY_OP_RENAME, "/yours", "/to_pub/yours", 0), PERMISSION_DENIED);
    IS(do_mkdir(&b->raw, "/readonly/open/d", 0755), OK);
    IS(do_two(d, SALLY_OP_RENAME, "/readonly/open/d", "/readonly/open/e", 0), OK);
    IS(do_two(d, SALLY_OP_RENAME, "/yours", "/readonly/open/yours", 0), OK);
}

static void links(void **state)
{
    struct bench *b = *state;
    struct driver *d = &b->d;
    sally_file *file;
    static const char *const ways[][2] = {
        {"/pub/to_secret", "/secret"}, {"/pub/to_drop", "../drop"}, {"/pub/to_ro", "/readonly"},
        {"/pub/to_f", "/secret/f"},    {"/pub/new", "/secret/n"},   {"/pub/up", ".."},
    };
    for (size_t i = 0; i < COUNT_OF(ways); i++)
        IS(do_symlink(d, ways[i][0], ways[i][1]), OK);
    IS(do_opendir(d, "/pub/to_secret", &file), NO_SUCH_FILE);
    IS(do_stat(d, "/pub/to_secret/f", 0, NULL), NO_SUCH_FILE);
    IS(do_open(d, "/pub/to_secret/f", SALLY_OPEN_READ, NULL), NO_SUCH_FILE);
    IS(do_open(d, "/pub/to_f", SALLY_OPEN_READ, NULL), NO_SUCH_FILE);
    assert_int_not_equal(do_open(d, "/pub/new", PUT, NULL), SALLY_OK);
    IS(do_stat(&b->raw, "/secret/n", 0, NULL), NO_SUCH_FILE);
    IS(do_open(d, "/pub/to_drop/f", SALLY_OPEN_READ, NULL), PERMISSION_DENIED);
    IS(do_opendir(d, "/pub/to_drop", &file), PERMISSION_DENIED);
    IS(do_path(d, SALLY_OP_REMOVE, "/pub/to_ro/f"), PERMISSION_DENIED);
    IS(do_mkdir(d, "/pub/to_ro/d", 0755), PERMISSION_DENIED);
    IS(do_two(d, SALLY_OP_RENAME, "/pub/f", "/pub/to_ro/g", 0), PERMISSION_DENIED);
    IS(do_two(d, SALLY_OP_RENAME, "/pub/up/unlisted", "/x", 0), PERMISSION_DENIED);
    assert_false(lists(d, "/pub/up", "secret"));
    assert_true(lists(d, "/pub/up", "pub"));
    IS(do_stat(d, "/pub/to_secret", 0, NULL), OK); /* the link itself is in /pub */
    IS(do_path(d, SALLY_OP_REMOVE, "/pub/to_secret"), OK);
}

/* The program's own operations are not restricted, except those on files of a client. */
static sally_status as_program(struct driver *d, struct op *op)
{
    op->pub.flags |= SALLY_OP_INTERNAL;
    return driver_finish(d, op);
}

static void as_client(void *user_data, sally_op *op)
{
    (void)user_data;
    op->flags &= ~(uint32_t)SALLY_OP_INTERNAL;
}

struct submitted {
    sally_status status;
    bool done;
};

static void on_submitted(void *user_data, sally_op *op, sally_status status)
{
    (void)op;
    *(struct submitted *)user_data = (struct submitted){status, true};
}

static void the_programs_own(void **state)
{
    struct bench *b = *state;
    struct driver *d = &b->d;
    sally_file *file;
    IS(as_program(d, driver_op(d, SALLY_OP_STAT, "/secret/f")), OK);
    IS(as_program(d, driver_op(d, SALLY_OP_REMOVE, "/readonly/f")), OK);
    IS(do_open(d, "/drop/new", RW | SALLY_OPEN_CREATE, &file), PERMISSION_DENIED);
    IS(do_open(d, "/drop/new", PUT, &file), OK);
    const sally_attrs mode = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0600};
    struct op *op = driver_file_op(d, SALLY_OP_FSETSTAT, file);
    op->pub.u.setstat.attrs = &mode;
    IS(as_program(d, op), PERMISSION_DENIED);
    IS(do_close(d, file), OK);
    /* What a wrapper submits is the program's, unless it says that it is the client's. */
    for (int client = 0; client < 2; client++) {
        struct submitted s = {.done = false};
        assert_int_equal(sally_fs_submit(b->fs, d->session, SALLY_OP_STAT, "/secret/f",
                                         client ? as_client : NULL, on_submitted, &s),
                         SALLY_E_OK);
        driver_wait(d, &s.done);
        assert_int_equal(s.status, client ? SALLY_NO_SUCH_FILE : SALLY_OK);
    }
}

/* What a wrapper outside asks for, it asks for the client: no one gets round the rules by it. */
static void staging_outside(void **state)
{
    struct bench *b = *state;
    struct driver d;
    sally_fs *staging;
    sally_file *file;
    char text[1001];
    assert_int_equal(sally_fs_staging(&staging, b->fs, NULL), SALLY_E_OK);
    driver_start_as(&d, staging, "joe", 3);
    sally_fs_unref(staging);
    make_file(&b->raw, "/pub/there.exe", "there");
    IS(do_symlink(&b->raw, "/pub/way", "/secret/f"), OK);
    IS(do_symlink(&b->raw, "/pub/new", "/secret/n"), OK);
    unsigned names = names_in(&b->raw, "/pub");
    static const char *const refused[] = {"/secret/f", "/secret/n", "/readonly/f",  "/readonly/n",
                                          "/pub/way",  "/pub/new",  "/pub/.git/new"};
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_int_not_equal(do_open(&d, refused[i], PUT, NULL), SALLY_OK);
    /* A temporary name is permitted there, and the name it would get is not. */
    static const char *const at_close[] = {"/pub/virus.exe", "/pub/there.exe", "/pub/.git"};
    for (size_t i = 0; i < COUNT_OF(at_close); i++) {
        IS(do_open(&d, at_close[i], PUT, &file), OK);
        IS(do_write(&d, file, 0, "new", 3), OK);
        IS(do_close(&d, file), PERMISSION_DENIED);
    }
    assert_int_equal(names_in(&b->raw, "/pub"), names);
    assert_string_equal(file_text(&b->raw, "/pub/there.exe", text), "there");
    assert_string_equal(file_text(&b->raw, "/secret/f", text), "text");
    assert_string_equal(file_text(&b->raw, "/readonly/f", text), "text");
    IS(do_stat(&b->raw, "/secret/n", 0, NULL), NO_SUCH_FILE);
    make_file(&d, "/pub/fine", "fine");
    assert_string_equal(file_text(&b->raw, "/pub/fine", text), "fine");
    driver_stop(&d);
}

static void allocations_fail(void **state)
{
    (void)state;
    struct driver d;
    sally_fs *fs = permissive(inside_memory());
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    make_file(&d, "/f", "f");
    for (int what = 0; what < 3; what++) {
        bool failed = true;
        for (unsigned at = 1; failed; at++) {
            sally_file *file = NULL;
            d.failed = false;
            d.fail_at = at;
            sally_status status =
                what == 0   ? do_open(&d, "/f", SALLY_OPEN_READ, &file)
                : what == 1 ? do_opendir(&d, "/", &file)
                            : do_two(&d, SALLY_OP_RENAME, "/f", "/f", SALLY_RENAME_OVERWRITE);
            failed = d.failed;
            d.fail_at = 0;
            if (!failed)
                IS(status, OK);
            if (file)
                IS(what ? do_closedir(&d, file) : do_close(&d, file), OK);
        }
    }
    driver_stop(&d);
    sally_fs *inner = inside_memory();
    for (unsigned at = 1, failed = 1; failed; at++) {
        alloc_fail_at(at);
        sally_error error = sally_fs_filter(&fs, inner, rules, COUNT_OF(rules));
        failed = alloc_failed();
        assert_int_equal(error, failed ? SALLY_E_NO_MEMORY : SALLY_E_OK);
    }
    sally_fs_unref(fs);
    sally_fs_unref(inner);
}

static void wrong_arguments(void **state)
{
    (void)state;
    sally_fs *fs, *inner = inside_memory();
    sally_filter_rule rule = RULE("/a", NULL, 0, 0);
    assert_int_equal(sally_fs_filter(NULL, inner, &rule, 1), SALLY_E_INVALID);
    assert_int_equal(sally_fs_filter(&fs, NULL, &rule, 1), SALLY_E_INVALID);
    assert_int_equal(sally_fs_filter(&fs, inner, NULL, 1), SALLY_E_INVALID);
    rule.path = "a";
    assert_int_equal(sally_fs_filter(&fs, inner, &rule, 1), SALLY_E_INVALID);
    rule.path = "/a";
    rule.permissions = SALLY_MAY_ALL + 1;
    assert_int_equal(sally_fs_filter(&fs, inner, &rule, 1), SALLY_E_INVALID);
    rule.permissions = 0;
    rule.flags = 4;
    assert_int_equal(sally_fs_filter(&fs, inner, &rule, 1), SALLY_E_INVALID);
    rule.flags = 0;
    rule.struct_size = 8;
    assert_int_equal(sally_fs_filter(&fs, inner, &rule, 1), SALLY_E_INVALID);
    assert_int_equal(sally_fs_filter(&fs, inner, NULL, 0), SALLY_E_OK);
    sally_fs_unref(fs);
    sally_fs_unref(inner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(hidden_names, in_memory, setup, teardown),
        ON(hidden_names, in_local, setup, teardown),
        ON(hidden_names, in_late, setup, teardown),
        ON(permissions, in_memory, setup, teardown),
        ON(permissions, in_local, setup, teardown),
        ON(permissions, in_late, setup, teardown),
        ON(renamed_directories, in_memory, setup, teardown),
        ON(renamed_directories, in_local, setup, teardown),
        ON(renamed_directories, in_late, setup, teardown),
        ON(links, in_memory, setup, teardown),
        ON(links, in_local, setup, teardown),
        ON(links, in_late, setup, teardown),
        ON(the_programs_own, in_memory, setup, teardown),
        ON(the_programs_own, in_late, setup, teardown),
        ON(staging_outside, in_memory, setup, teardown),
        ON(staging_outside, in_local, setup, teardown),
        ON(staging_outside, in_late, setup, teardown),
        cmocka_unit_test(allocations_fail),
        cmocka_unit_test(wrong_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + run_wrapper_cases(permissive, NULL);
}
