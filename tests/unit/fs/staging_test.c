#include "fs/inside.h"

#include "alloc_failure.h"
#include "core/fs.h"
#include "sallyport/wrappers.h"

static sally_fs *staged(sally_fs *inner, uint32_t flags)
{
    sally_fs *fs;
    const sally_staging_options options = {.struct_size = sizeof(options), .flags = flags};
    assert_int_equal(sally_fs_staging(&fs, inner, &options), SALLY_E_OK);
    sally_fs_unref(inner);
    return fs;
}

static sally_fs *plain(sally_fs *inner)
{
    return staged(inner, 0);
}

/* One storage as clients see it, and as it is. */
struct bench {
    sally_fs *inner, *fs;
    struct driver d, raw;
};

static void start(struct bench *b, sally_fs *inner, uint32_t flags)
{
    b->inner = sally_fs_ref(inner);
    b->fs = staged(inner, flags);
    driver_start(&b->d, b->fs, DRIVER_INLINE);
    driver_start_as(&b->raw, b->inner, "root", 7);
}

static void stop(struct bench *b)
{
    driver_stop(&b->raw);
    sally_fs_unref(b->fs);
    sally_fs_unref(b->inner);
}

static void visible_at_close(void **state)
{
    struct bench b;
    char text[1001];
    sally_file *file, *other;
    sally_attrs attrs;
    start(&b, inside_made(state), 0);
    IS(do_mkdir(&b.raw, "/d", 0755), OK);
    make_file(&b.raw, "/d/f", "old");
    const sally_attrs mode = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0640};
    IS(do_setstat(&b.raw, "/d/f", 0, &mode), OK);

    IS(do_open(&b.d, "/d/f", PUT, &file), OK);
    IS(do_write(&b.d, file, 0, "new text", 8), OK);
    assert_string_equal(file_text(&b.raw, "/d/f", text), "old");
    assert_int_equal(names_in(&b.raw, "/d"), 2);
    assert_int_equal(names_in(&b.d, "/d"), 1);
    /* The session sees its own. */
    IS(do_stat(&b.d, "/d/f", 0, &attrs), OK);
    assert_int_equal(attrs.size, 8);
    IS(do_fstat(&b.d, file, &attrs), OK);
    assert_int_equal(attrs.size, 8);
    assert_string_equal(file_text(&b.d, "/d/f", text), "new text");
    IS(do_close(&b.d, file), OK);
    assert_string_equal(file_text(&b.raw, "/d/f", text), "new text");
    IS(do_stat(&b.d, "/d/f", 0, &attrs), OK);
    assert_int_equal(attrs.permissions, 0640);
    assert_int_equal(names_in(&b.raw, "/d"), 1);

    /* In place: resumed and appended. */
    IS(do_open(&b.d, "/d/f", SALLY_OPEN_WRITE | SALLY_OPEN_CREATE, &file), OK);
    IS(do_write(&b.d, file, 8, "!", 1), OK);
    assert_string_equal(file_text(&b.raw, "/d/f", text), "new text!");
    IS(do_close(&b.d, file), OK);

    /* A directory that is renamed meanwhile. */
    IS(do_open(&b.d, "/d/g", PUT, &file), OK);
    IS(do_write(&b.d, file, 0, "g", 1), OK);
    IS(do_two(&b.d, SALLY_OP_RENAME, "/d", "/e", 0), OK);
    IS(do_fstat(&b.d, file, &attrs), OK);
    IS(do_close(&b.d, file), OK);
    assert_string_equal(file_text(&b.raw, "/e/g", text), "g");
    assert_int_equal(names_in(&b.raw, "/e"), 2);

    /* Through a link. */
    IS(do_symlink(&b.d, "/l", "e/g"), OK);
    IS(do_symlink(&b.d, "/dangling", "e/h"), OK);
    make_file(&b.d, "/l", "through");
    make_file(&b.d, "/dangling", "too");
    assert_string_equal(file_text(&b.raw, "/e/g", text), "through");
    assert_string_equal(file_text(&b.raw, "/e/h", text), "too");
    IS(do_stat(&b.raw, "/l", 0, &attrs), OK);
    assert_int_equal(attrs.type, SALLY_TYPE_SYMLINK);

    /* Exclusive ones. */
    IS(do_open(&b.d, "/e/g", NEW | SALLY_OPEN_EXCLUSIVE, &file), FILE_ALREADY_EXISTS);
    IS(do_open(&b.d, "/x", NEW | SALLY_OPEN_EXCLUSIVE, &file), OK);
    IS(do_open(&b.d, "/x", NEW | SALLY_OPEN_EXCLUSIVE, &other), FILE_ALREADY_EXISTS);
    make_file(&b.raw, "/x", "theirs");
    IS(do_close(&b.d, file), FILE_ALREADY_EXISTS);
    assert_string_equal(file_text(&b.raw, "/x", text), "theirs");
    assert_int_equal(names_in(&b.raw, "/"), 4);

    /* What cannot be staged is refused as ever. */
    IS(do_open(&b.d, "/e", PUT, NULL), FILE_IS_A_DIRECTORY);
    IS(do_open(&b.d, "/none/f", PUT, NULL), NO_SUCH_FILE);
    IS(do_open(&b.d, "/none", SALLY_OPEN_WRITE, NULL), NO_SUCH_FILE);
    driver_stop(&b.d);
    stop(&b);
}

static void broken(void **state)
{
    static const uint32_t reasons[] = {SALLY_CLOSED_LOST, SALLY_CLOSED_BY_SERVER};
    const struct storage_maker *maker = *state;
    for (unsigned i = 0; i < 2 * COUNT_OF(reasons); i++) {
        struct bench b;
        char text[1001];
        sally_file *file;
        bool keep = i % 2;
        start(&b, maker->make(), keep ? SALLY_STAGING_KEEP : 0);
        make_file(&b.raw, "/f", "old");
        IS(do_open(&b.d, "/f", PUT, &file), OK);
        IS(do_write(&b.d, file, 0, "new", 3), OK);
        if (reasons[i / 2] == SALLY_CLOSED_BY_SERVER) {
            driver_stop(&b.d);
        } else {
            driver_lose(&b.d);
        }
        assert_string_equal(file_text(&b.raw, "/f", text), "old");
        assert_int_equal(names_in(&b.raw, "/"), keep ? 2 : 1);
        stop(&b);
        if (maker->drop)
            maker->drop();
    }
}

/* The directory of an upload is renamed, by another name than the client has used. */
static void renamed_behind_a_link(void **state)
{
    struct bench b;
    sally_file *file;
    start(&b, inside_made(state), 0);
    IS(do_mkdir(&b.d, "/d", 0755), OK);
    IS(do_symlink(&b.d, "/l", "d"), OK);
    IS(do_open(&b.d, "/l/f", PUT, &file), OK);
    IS(do_write(&b.d, file, 0, "new", 3), OK);
    IS(do_two(&b.d, SALLY_OP_RENAME, "/d", "/e", 0), OK);
    IS(do_close(&b.d, file), NO_SUCH_FILE);
    assert_int_equal(names_in(&b.raw, "/e"), 0);
    IS(do_path(&b.d, SALLY_OP_RMDIR, "/e"), OK);
    driver_stop(&b.d);
    stop(&b);
}

/* What CLOSE says, and what is left, when something inside fails. */
static void failures(void **state)
{
    (void)state;
    static const struct {
        uint32_t kind, action;
        sally_status open, write, close;
        unsigned left;
        uint32_t flags;
    } cases[] = {
        {SALLY_OP_RENAME, SALLY_FAULT_FAIL, 0, 0, SALLY_QUOTA_EXCEEDED, 0, 0},
        {SALLY_OP_RENAME, SALLY_FAULT_FAIL, 0, 0, SALLY_QUOTA_EXCEEDED, 1, SALLY_STAGING_KEEP},
        {SALLY_OP_WRITE, SALLY_FAULT_FAIL, 0, SALLY_QUOTA_EXCEEDED, SALLY_FAILURE, 0, 0},
        {SALLY_OP_CLOSE, SALLY_FAULT_FAIL_AFTER, 0, 0, SALLY_QUOTA_EXCEEDED, 0, 0},
        {SALLY_OP_OPEN, SALLY_FAULT_FAIL, SALLY_QUOTA_EXCEEDED, 0, 0, 0, 0},
        {SALLY_OP_STAT, SALLY_FAULT_FAIL, 0, 0, 0, 1, 0}, /* cannot tell: in place */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bench b;
        sally_file *file;
        start(&b,
              inside_faulty(inside_memory(), (sally_fault){.kinds = SALLY_OP_BIT(cases[i].kind),
                                                           .action = cases[i].action,
                                                           .status = SALLY_QUOTA_EXCEEDED,
                                                           .times = 1}),
              cases[i].flags);
        assert_int_equal(do_open(&b.d, "/f", PUT, &file), cases[i].open);
        if (file) {
            assert_int_equal(do_write(&b.d, file, 0, "new", 3), cases[i].write);
            assert_int_equal(do_close(&b.d, file), cases[i].close);
        }
        assert_int_equal(names_in(&b.raw, "/"), cases[i].left);
        driver_stop(&b.d);
        stop(&b);
    }
}

/* An OPEN that fails further out leaves no file behind. */
static void refused(void **state)
{
    (void)state;
    struct bench b;
    struct driver d;
    start(&b, inside_memory(), 0);
    sally_fs *outer =
        inside_faulty(sally_fs_ref(b.fs), (sally_fault){.kinds = SALLY_OP_BIT(SALLY_OP_OPEN),
                                                        .action = SALLY_FAULT_FAIL_AFTER,
                                                        .status = SALLY_FAILURE});
    driver_start(&d, outer, DRIVER_INLINE);
    sally_fs_unref(outer);
    IS(do_open(&d, "/f", PUT, NULL), FAILURE);
    assert_int_equal(names_in(&b.raw, "/"), 0);
    driver_stop(&d);
    driver_stop(&b.d);
    stop(&b);
}

static void temporary_names(void **state)
{
    (void)state;
    struct bench b;
    struct listing list;
    sally_file *file;
    char path[100];
    start(&b, inside_memory(), 0);
    IS(do_open(&b.d, "/f", PUT, &file), OK);
    IS(do_list(&b.raw, "/", 0, &list), OK);
    assert_int_equal(list.count, 1);
    snprintf(path, sizeof(path), "/%s", list.names[0]);
    listing_clear(&list);
    assert_int_equal(strncmp(path, "/.upload-", 9), 0);
    IS(do_stat(&b.d, path, 0, NULL), NO_SUCH_FILE);
    IS(do_open(&b.d, path, SALLY_OPEN_READ, NULL), NO_SUCH_FILE);
    IS(do_open(&b.d, path, PUT, NULL), PERMISSION_DENIED);
    IS(do_path(&b.d, SALLY_OP_REMOVE, path), NO_SUCH_FILE);
    IS(do_mkdir(&b.d, "/.upload-x", 0755), PERMISSION_DENIED);
    IS(do_symlink(&b.d, "/.upload-x", "f"), PERMISSION_DENIED);
    make_file(&b.raw, "/g", "");
    IS(do_two(&b.d, SALLY_OP_RENAME, path, "/h", 0), NO_SUCH_FILE);
    IS(do_two(&b.d, SALLY_OP_RENAME, "/g", "/.upload-x", 0), PERMISSION_DENIED);
    IS(do_two(&b.d, SALLY_OP_LINK, "/g", "/.upload-x", 0), PERMISSION_DENIED);
    IS(do_close(&b.d, file), OK);
    driver_stop(&b.d);
    stop(&b);
}

/* Sessions that upload the same names at the same time: each file is whole, none is left. */
struct worker {
    pthread_t thread;
    sally_fs *fs;
    char letter;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    struct driver d;
    char text[64];
    memset(text, w->letter, sizeof(text));
    driver_start_as(&d, w->fs, "joe", (uint64_t)w->letter);
    for (unsigned round = 0; round < 50; round++) {
        sally_file *file;
        if (do_open(&d, round % 2 ? "/a" : "/b", PUT, &file) != SALLY_OK)
            continue;
        (void)do_write(&d, file, 0, text, 32);
        (void)do_write(&d, file, 32, text, 32);
        if (do_close(&d, file) != SALLY_OK)
            w->letter = 0;
    }
    driver_stop(&d);
    return NULL;
}

static void many_sessions(void **state)
{
    struct bench b;
    struct worker workers[4];
    char text[1001];
    start(&b, inside_made(state), 0);
    for (int i = 0; i < 4; i++) {
        workers[i] = (struct worker){.fs = b.fs, .letter = (char)('a' + i)};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].letter, 'a' + i);
    }
    assert_int_equal(names_in(&b.raw, "/"), 2);
    file_text(&b.raw, "/a", text);
    assert_int_equal(strlen(text), 64);
    assert_int_equal(strspn(text, (char[]){text[0], 0}), 64);
    driver_stop(&b.d);
    stop(&b);
}

static void memory_runs_out(void **state)
{
    (void)state;
    struct bench b;
    start(&b, inside_memory(), 0);
    bool failed = true;
    for (unsigned at = 1; failed; at++) {
        sally_file *file;
        b.d.failed = false;
        b.d.fail_at = at;
        sally_status status = do_open(&b.d, "/f", PUT, &file);
        failed = b.d.failed;
        b.d.fail_at = 0;
        if (status == SALLY_OK)
            IS(do_close(&b.d, file), OK);
        assert_int_equal(names_in(&b.raw, "/"), status == SALLY_OK);
        (void)do_path(&b.raw, SALLY_OP_REMOVE, "/f");
    }
    /* CLOSE needs none. */
    failed = true;
    for (unsigned at = 1; failed; at++) {
        sally_file *file;
        IS(do_open(&b.d, "/f", PUT, &file), OK);
        b.d.failed = false;
        b.d.fail_at = at;
        sally_status status = do_close(&b.d, file);
        failed = b.d.failed;
        b.d.fail_at = 0;
        assert_int_equal(names_in(&b.raw, "/"), status == SALLY_OK);
        (void)do_path(&b.raw, SALLY_OP_REMOVE, "/f");
    }
    driver_stop(&b.d);
    stop(&b);
}

static void wrong_arguments(void **state)
{
    (void)state;
    const sally_fs_methods none = {.struct_size = sizeof(none)};
    sally_fs *fs, *inner = inside_memory(), *poor;
    sally_staging_options options = {.struct_size = sizeof(options)};
    assert_int_equal(sally_fs_new(&poor, &none, NULL), SALLY_E_OK);
    assert_int_equal(sally_fs_staging(&fs, poor, NULL), SALLY_E_UNSUPPORTED);
    assert_int_equal(sally_fs_staging(NULL, inner, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_fs_staging(&fs, NULL, NULL), SALLY_E_INVALID);
    static const char *const bad[] = {
        "", "a/b", "01234567890123456789012345678901234567890123456789012345678901234"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        options.prefix = bad[i];
        assert_int_equal(sally_fs_staging(&fs, inner, &options), SALLY_E_INVALID);
    }
    options.prefix = NULL;
    options.flags = 2;
    assert_int_equal(sally_fs_staging(&fs, inner, &options), SALLY_E_INVALID);
    options.flags = 0;
    options.struct_size = 4;
    assert_int_equal(sally_fs_staging(&fs, inner, &options), SALLY_E_INVALID);
    for (unsigned at = 1, failed = 1; failed; at++) {
        alloc_fail_at(at);
        sally_error error = sally_fs_staging(&fs, inner, NULL);
        failed = alloc_failed();
        assert_int_equal(error, failed ? SALLY_E_NO_MEMORY : SALLY_E_OK);
    }
    sally_fs_unref(fs);
    sally_fs_unref(inner);
    sally_fs_unref(poor);
}

int main(void)
{
    /* Where an upload is closed after something has failed, replaces a file with locks, or is
     * removed before it is closed. */
    static const char but[] = ",read_and_write,copying,reservations_and_cuts,ranges_without_end,"
                              "digests_of_large_files,";
    const struct CMUnitTest tests[] = {
        ON(visible_at_close, in_memory, NULL, NULL),
        ON(visible_at_close, in_local, NULL, inside_teardown),
        ON(visible_at_close, in_late, NULL, NULL),
        ON(renamed_behind_a_link, in_memory, NULL, NULL),
        ON(renamed_behind_a_link, in_local, NULL, inside_teardown),
        ON(renamed_behind_a_link, in_late, NULL, NULL),
        ON(broken, in_memory, NULL, NULL),
        ON(broken, in_local, NULL, NULL),
        ON(broken, in_late, NULL, NULL),
        ON(many_sessions, in_memory, NULL, NULL),
        ON(many_sessions, in_local, NULL, inside_teardown),
        cmocka_unit_test(failures),
        cmocka_unit_test(refused),
        cmocka_unit_test(temporary_names),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(wrong_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + run_wrapper_cases(plain, but);
}
