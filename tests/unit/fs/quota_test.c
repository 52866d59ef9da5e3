#include "fs/inside.h"

#include "core/fs.h"
#include "sallyport/wrappers.h"

static sally_fs *quota(sally_fs *inner, uint64_t bytes, uint64_t files)
{
    sally_fs *fs;
    assert_int_equal(sally_fs_quota(&fs, inner, bytes, files), SALLY_E_OK);
    sally_fs_unref(inner);
    return fs;
}

/* Limits that nothing here reaches. */
static sally_fs *large(sally_fs *inner)
{
    return quota(inner, UINT64_C(1) << 62, 1 << 20);
}

static void begin(struct driver *d, sally_fs *fs)
{
    driver_start(d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
}

/* What is there. Each name of a file counts for its share of it. */
static void count(struct driver *d, const char *path, double *bytes, double *files)
{
    struct listing list;
    char below[300];
    IS(do_list(d, path, 0, &list), OK);
    for (unsigned i = 0; i < list.count; i++) {
        const sally_attrs *attrs = &list.attrs[i];
        double share = 1;
        snprintf(below, sizeof(below), "%s/%s", path[1] ? path : "", list.names[i]);
        if (attrs->type == SALLY_TYPE_DIRECTORY)
            count(d, below, bytes, files);
        else if (attrs->link_count > 1)
            share = 1.0 / attrs->link_count;
        if (attrs->type == SALLY_TYPE_REGULAR)
            *bytes += (double)attrs->size * share;
        *files += share;
    }
    listing_clear(&list);
}

static sally_quota use_of(struct driver *d)
{
    sally_quota use = {.struct_size = sizeof(use)};
    assert_int_equal(sally_fs_quota_get(sally_session_fs(d->session), &use), SALLY_E_OK);
    return use;
}

static void is_exact(struct driver *d)
{
    double bytes = 0, files = 0;
    count(d, "/", &bytes, &files);
    sally_quota use = use_of(d);
    assert_int_equal(use.bytes, (uint64_t)(bytes + 0.5));
    assert_int_equal(use.files, (uint64_t)(files + 0.5));
}

/* Files that are opened, replaced and removed by several sessions in the same moment may be counted
 * too high, as wrappers.h says, but never too low. */
static void is_not_too_low(struct driver *d)
{
    double bytes = 0, files = 0;
    count(d, "/", &bytes, &files);
    sally_quota use = use_of(d);
    assert_true(use.bytes >= (uint64_t)(bytes + 0.5));
    assert_true(use.bytes <= (uint64_t)(bytes + 0.5) + 400);
    assert_int_equal(use.files, (uint64_t)(files + 0.5));
}

#define USED(b, f)                                                                                 \
    do {                                                                                           \
        sally_quota use_ = use_of(&d);                                                             \
        assert_int_equal(use_.bytes, (b));                                                         \
        assert_int_equal(use_.files, (f));                                                         \
    } while (0)

static void every_way(void **state)
{
    struct driver d;
    sally_file *file, *other;
    begin(&d, large(inside_made(state)));
    make_file(&d, "/a", "0123456789");
    USED(10, 1);
    make_file(&d, "/a", "01234"); /* truncated */
    USED(5, 1);
    IS(do_open(&d, "/a", RW, &file), OK);
    IS(do_write(&d, file, 2, "xx", 2), OK);
    USED(5, 1);
    IS(do_write(&d, file, 100, "hole", 4), OK);
    USED(104, 1);
    IS(do_open(&d, "/a", SALLY_OPEN_WRITE | SALLY_OPEN_APPEND, &other), OK);
    IS(do_write(&d, other, 0, "more", 4), OK);
    USED(108, 1);
    IS(do_write(&d, file, 0, "back", 4), OK);
    USED(108, 1);
    sally_attrs set = {.valid = SALLY_ATTR_SIZE, .size = 50};
    IS(do_fsetstat(&d, file, &set), OK);
    USED(50, 1);
    set.size = 70;
    IS(do_setstat(&d, "/a", SALLY_FOLLOW, &set), OK); /* while it is open */
    USED(70, 1);
    IS(do_write(&d, file, 70, "0123456789", 10), OK);
    USED(80, 1);
    IS(do_two(&d, SALLY_OP_RENAME, "/a", "/b", 0), OK);
    IS(do_close(&d, other), OK);
    set.size = 20;
    IS(do_setstat(&d, "/b", SALLY_FOLLOW, &set), OK); /* under its new name */
    USED(20, 1);
    IS(do_path(&d, SALLY_OP_REMOVE, "/b"), OK);
    USED(20, 1); /* still open */
    IS(do_write(&d, file, 20, "0123456789", 10), OK);
    USED(30, 1);
    IS(do_close(&d, file), OK);
    USED(0, 0);

    IS(do_mkdir(&d, "/d", 0755), OK);
    IS(do_symlink(&d, "/l", "d"), OK);
    USED(0, 2);
    make_file(&d, "/d/one", "1");
    make_file(&d, "/d/two", "22");
    IS(do_two(&d, SALLY_OP_LINK, "/d/two", "/d/too", 0), OK);
    USED(3, 4);
    IS(do_path(&d, SALLY_OP_REMOVE, "/d/two"), OK);
    USED(3, 4);
    IS(do_two(&d, SALLY_OP_RENAME, "/d/one", "/d/too", SALLY_RENAME_OVERWRITE), OK);
    USED(1, 3);
    IS(do_two(&d, SALLY_OP_RENAME, "/d/too", "/l/too", SALLY_RENAME_OVERWRITE), OK); /* itself */
    USED(1, 3);
    IS(do_mkdir(&d, "/e", 0755), OK);
    (void)do_two(&d, SALLY_OP_RENAME, "/e", "/f", SALLY_RENAME_OVERWRITE);
    USED(1, 4);
    is_exact(&d);
    IS(do_path(&d, SALLY_OP_RMDIR, "/d"), DIR_NOT_EMPTY);
    USED(1, 4);
    IS(do_path(&d, SALLY_OP_RMDIR, "/f"), OK);
    IS(do_path(&d, SALLY_OP_REMOVE, "/l"), OK);
    USED(1, 2);

    IS(do_open(&d, "/d/gone", NEW | SALLY_OPEN_DELETE_ON_CLOSE, &file), OK);
    IS(do_write(&d, file, 0, "0123456789", 10), OK);
    USED(11, 3);
    IS(do_close(&d, file), OK);
    USED(1, 2);

    /* Copies. */
    make_file(&d, "/from", "0123456789");
    IS(do_open(&d, "/from", SALLY_OPEN_READ, &file), OK);
    IS(do_open(&d, "/to", NEW, &other), OK);
    struct op *op = driver_file_op(&d, SALLY_OP_COPY, file);
    op->pub.u.copy = (sally_op_copy){.to = other, .from_offset = 3, .to_offset = 5};
    IS(driver_finish(&d, op), OK);
    USED(11 + 12, 4);
    IS(do_close(&d, file), OK);
    IS(do_close(&d, other), OK);
    is_exact(&d);
    driver_stop(&d);
}

/* An open file is changed and removed by names that it was not opened by. */
static void other_names_of_open_files(void **state)
{
    struct driver d;
    sally_file *file;
    begin(&d, large(inside_made(state)));
    make_file(&d, "/other", "0123456789");
    make_file(&d, "/a", "0123456789");
    IS(do_two(&d, SALLY_OP_LINK, "/a", "/b", 0), OK);
    USED(20, 2);
    IS(do_open(&d, "/a", RW, &file), OK);
    IS(do_write(&d, file, 0, "x", 1), OK);
    sally_attrs set = {.valid = SALLY_ATTR_SIZE, .size = 0};
    IS(do_setstat(&d, "/b", SALLY_FOLLOW, &set), OK);
    USED(10, 2);
    set.size = 30;
    IS(do_setstat(&d, "/b", SALLY_FOLLOW, &set), OK);
    USED(40, 2);
    IS(do_write(&d, file, 20, "0123456789", 10), OK);
    USED(40, 2);
    IS(do_path(&d, SALLY_OP_REMOVE, "/a"), OK);
    USED(40, 2);
    IS(do_path(&d, SALLY_OP_REMOVE, "/b"), OK);
    USED(40, 2); /* still open */
    IS(do_write(&d, file, 30, "0123456789", 10), OK);
    USED(50, 2);
    IS(do_close(&d, file), OK);
    USED(10, 1);

    make_file(&d, "/a", "0123456789");
    IS(do_two(&d, SALLY_OP_LINK, "/a", "/b", 0), OK);
    IS(do_open(&d, "/a", RW, &file), OK);
    IS(do_path(&d, SALLY_OP_REMOVE, "/a"), OK);
    IS(do_two(&d, SALLY_OP_RENAME, "/other", "/b", SALLY_RENAME_OVERWRITE), OK);
    USED(20, 2); /* still open */
    IS(do_close(&d, file), OK);
    USED(10, 1);
    is_exact(&d);
    driver_stop(&d);
}

/* A storage that declines every WRITE it is asked to try, after another session has cut the file.
 */
struct declining {
    sally_fs *inner;
    struct driver *other;
    sally_file *file;
};

static sally_status decline(sally_fs *fs, sally_op *op)
{
    struct declining *d = sally_fs_data(fs);
    const sally_attrs cut = {.valid = SALLY_ATTR_SIZE, .size = 2};
    bool declines = op->kind == SALLY_OP_WRITE && (op->flags & SALLY_OP_TRY);
    if (declines && d->file)
        IS(do_fsetstat(d->other, d->file, &cut), OK);
    return declines ? SALLY_WOULD_BLOCK : sally_fs_call(fs, d->inner, op, NULL, NULL);
}

static void cut_while_a_write_is_declined(void **state)
{
    (void)state;
    struct driver d, other;
    sally_file *file;
    struct declining inside = {.inner = inside_memory(), .other = &other};
    sally_fs_methods methods = {.struct_size = sizeof(methods), .traits = SALLY_FS_TRY};
    sally_fs_methods_wrap(&methods, inside.inner, decline);
    sally_fs *declining;
    assert_int_equal(sally_fs_new(&declining, &methods, &inside), SALLY_E_OK);
    sally_fs *fs = quota(declining, 1000, 10);
    driver_start(&d, fs, DRIVER_TRYING);
    driver_start_as(&other, fs, "other", 2);
    sally_fs_unref(fs);
    make_file(&d, "/kept", "0123456789");
    make_file(&d, "/f", "0123456789");
    IS(do_open(&d, "/f", SALLY_OPEN_WRITE | SALLY_OPEN_APPEND, &file), OK);
    IS(do_open(&other, "/f", RW, &inside.file), OK);
    bool done;
    struct op *op = driver_file_op(&d, SALLY_OP_WRITE, file);
    op->pub.u.io = (sally_op_io){.data = (uint8_t[8]){0}, .length = 8, .done = 8};
    driver_begin(&d, op, &done);
    assert_false(done);
    const sally_attrs shorter = {.valid = SALLY_ATTR_SIZE, .size = 1};
    IS(do_fsetstat(&other, inside.file, &shorter), OK);
    assert_true(use_of(&d).bytes >= 10); /* of the other file at least */
    driver_wait(&d, &done);
    IS(op->pub.status, OK);
    op_free(op);
    IS(do_close(&d, file), OK);
    IS(do_close(&other, inside.file), OK);
    inside.file = NULL;
    USED(19, 2);
    is_exact(&d);
    driver_stop(&d);
    driver_stop(&other);
    sally_fs_unref(inside.inner);
}

static void limits(void **state)
{
    struct driver d;
    sally_file *file, *other;
    static char data[200];
    sally_fs *fs = large(inside_made(state));
    begin(&d, fs);
    sally_quota set = {.struct_size = sizeof(set), .max_bytes = 100, .max_files = 3};
    assert_int_equal(sally_fs_quota_set(fs, &set, SALLY_QUOTA_LIMITS), SALLY_E_OK);
    IS(do_open(&d, "/a", NEW, &file), OK);
    IS(do_write(&d, file, 0, data, 101), QUOTA_EXCEEDED);
    IS(do_write(&d, file, 100, data, 1), QUOTA_EXCEEDED);
    IS(do_write(&d, file, 0, data, 100), OK);
    IS(do_write(&d, file, 0, data, 100), OK);
    USED(100, 1);
    const sally_attrs longer = {.valid = SALLY_ATTR_SIZE, .size = 101};
    IS(do_fsetstat(&d, file, &longer), QUOTA_EXCEEDED);
    IS(do_setstat(&d, "/a", SALLY_FOLLOW, &longer), QUOTA_EXCEEDED);
    IS(do_close(&d, file), OK);
    IS(do_setstat(&d, "/a", SALLY_FOLLOW, &longer), QUOTA_EXCEEDED);
    IS(do_open(&d, "/a", SALLY_OPEN_WRITE | SALLY_OPEN_APPEND, &file), OK);
    IS(do_write(&d, file, 0, data, 1), QUOTA_EXCEEDED);
    IS(do_close(&d, file), OK);
    IS(do_mkdir(&d, "/d", 0755), OK);
    IS(do_symlink(&d, "/l", "x"), OK);
    IS(do_mkdir(&d, "/e", 0755), QUOTA_EXCEEDED);
    IS(do_symlink(&d, "/e", "x"), QUOTA_EXCEEDED);
    IS(do_open(&d, "/e", NEW, NULL), QUOTA_EXCEEDED);
    IS(do_stat(&d, "/e", 0, NULL), NO_SUCH_FILE);
    IS(do_mkdir(&d, "/d", 0755), QUOTA_EXCEEDED);
    struct op *op = driver_op(&d, SALLY_OP_STATVFS, "/");
    IS(driver_do(&d, op), OK);
    assert_int_equal(op->pub.u.statvfs.blocks_free, 0);
    assert_int_equal(op->pub.u.statvfs.files, 3);
    assert_int_equal(op->pub.u.statvfs.files_available, 0);
    op_free(op);
    IS(do_path(&d, SALLY_OP_REMOVE, "/l"), OK);
    IS(do_path(&d, SALLY_OP_REMOVE, "/l"), NO_SUCH_FILE);
    IS(do_open(&d, "/a", SALLY_OPEN_READ, &file), OK);
    IS(do_open(&d, "/b", NEW, &other), OK);
    op = driver_file_op(&d, SALLY_OP_COPY, file);
    op->pub.u.copy = (sally_op_copy){.to = other};
    IS(driver_finish(&d, op), QUOTA_EXCEEDED);
    IS(do_close(&d, file), OK);
    IS(do_close(&d, other), OK);
    USED(100, 3);
    is_exact(&d);

    /* Lower limits remove nothing. */
    set.max_bytes = 10;
    assert_int_equal(sally_fs_quota_set(fs, &set, SALLY_QUOTA_LIMITS), SALLY_E_OK);
    IS(do_open(&d, "/a", RW, &file), OK);
    IS(do_write(&d, file, 0, data, 100), OK);
    IS(do_write(&d, file, 0, data, 101), QUOTA_EXCEEDED);
    IS(do_close(&d, file), OK);
    set.bytes = 5000;
    set.files = 77;
    assert_int_equal(sally_fs_quota_set(fs, &set, SALLY_QUOTA_USE), SALLY_E_OK);
    USED(5000, 77);
    driver_stop(&d);
}

/* What fails gives back what it has not used. */
static void failures(void **state)
{
    (void)state;
    struct driver d;
    sally_file *file;
    sally_fs *inner = inside_memory(), *fault;
    assert_int_equal(sally_fs_fault(&fault, inner), SALLY_E_OK);
    sally_fs_unref(inner);
    begin(&d, quota(sally_fs_ref(fault), 1000, 10));
    const uint32_t actions[] = {SALLY_FAULT_FAIL, SALLY_FAULT_FAIL_AFTER};
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        sally_fault what = {.struct_size = sizeof(what),
                            .action = actions[i],
                            .status = SALLY_NO_SPACE_ON_FILESYSTEM};
        IS(do_open(&d, "/f", NEW | SALLY_OPEN_TRUNCATE, &file), OK);
        what.kinds = SALLY_OP_BIT(SALLY_OP_WRITE) | SALLY_OP_BIT(SALLY_OP_FSETSTAT) |
                     SALLY_OP_BIT(SALLY_OP_MKDIR) | SALLY_OP_BIT(SALLY_OP_SETSTAT);
        assert_int_equal(sally_fs_fault_add(fault, &what), SALLY_E_OK);
        IS(do_write(&d, file, 0, "0123456789", 10), NO_SPACE_ON_FILESYSTEM);
        if (actions[i] == SALLY_FAULT_FAIL_AFTER)
            USED(10, 1); /* it was written all the same */
        is_exact(&d);
        const sally_attrs cut = {.valid = SALLY_ATTR_SIZE, .size = 4};
        IS(do_fsetstat(&d, file, &cut), NO_SPACE_ON_FILESYSTEM);
        is_exact(&d);
        if (actions[i] == SALLY_FAULT_FAIL)
            IS(do_mkdir(&d, "/d", 0755), NO_SPACE_ON_FILESYSTEM);
        is_exact(&d);
        IS(do_close(&d, file), OK);
        is_exact(&d);
        sally_fs_fault_clear(fault);
        /* An OPEN that fails leaves nothing open. */
        what.kinds = SALLY_OP_BIT(SALLY_OP_OPEN);
        assert_int_equal(sally_fs_fault_add(fault, &what), SALLY_E_OK);
        IS(do_open(&d, "/f", NEW, NULL), NO_SPACE_ON_FILESYSTEM);
        is_exact(&d);
        sally_fs_fault_clear(fault);
    }
    driver_stop(&d);
    sally_fs_unref(fault);
}

/* A sequence of operations that the seed chooses; after each the use is what is there. */
static unsigned next(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % below;
}

static void one_step(struct driver *d, unsigned *seed, const char *top)
{
    static char data[300];
    char path[40], other[40];
    sally_file *file;
    snprintf(path, sizeof(path), "%s/%u", top, next(seed, 5));
    snprintf(other, sizeof(other), "%s/%u", top, next(seed, 5));
    unsigned amount = next(seed, sizeof(data));
    const sally_attrs size = {.valid = SALLY_ATTR_SIZE, .size = amount};
    switch (next(seed, 10)) {
    case 0:
    case 1: {
        uint32_t flags = SALLY_OPEN_WRITE | SALLY_OPEN_CREATE;
        flags |= next(seed, 2) ? SALLY_OPEN_TRUNCATE : 0;
        flags |= next(seed, 2) ? SALLY_OPEN_APPEND : 0;
        flags |= next(seed, 8) ? 0 : SALLY_OPEN_DELETE_ON_CLOSE;
        if (do_open(d, path, flags, &file) != SALLY_OK)
            return;
        (void)do_write(d, file, next(seed, 500), data, amount);
        if (next(seed, 3) == 0)
            (void)do_fsetstat(d, file, &size);
        if (next(seed, 3) == 0)
            (void)do_path(d, SALLY_OP_REMOVE, next(seed, 2) ? path : other);
        if (next(seed, 3) == 0)
            (void)do_two(d, SALLY_OP_RENAME, path, other, SALLY_RENAME_OVERWRITE);
        (void)do_write(d, file, next(seed, 500), data, amount);
        IS(do_close(d, file), OK);
        return;
    }
    case 2:
        (void)do_path(d, SALLY_OP_REMOVE, path);
        return;
    case 3:
        (void)do_two(d, SALLY_OP_RENAME, path, other, next(seed, 2) ? SALLY_RENAME_OVERWRITE : 0);
        return;
    case 4:
        (void)do_two(d, SALLY_OP_LINK, path, other, 0);
        return;
    case 5:
        (void)do_setstat(d, path, SALLY_FOLLOW, &size);
        return;
    case 6:
        (void)do_mkdir(d, path, 0755);
        return;
    case 7:
        (void)do_path(d, SALLY_OP_RMDIR, path);
        return;
    case 8:
        (void)do_symlink(d, path, other + 1);
        return;
    default:
        (void)do_open(d, path, SALLY_OPEN_READ, &file);
        if (file)
            IS(do_close(d, file), OK);
        return;
    }
}

static void any_order(void **state)
{
    struct driver d;
    for (unsigned first = 1; first <= 20; first++) {
        unsigned seed = first;
        begin(&d, large(inside_made(state)));
        for (int i = 0; i < 150; i++) {
            one_step(&d, &seed, "");
            double bytes = 0, files = 0;
            count(&d, "/", &bytes, &files);
            sally_quota use = use_of(&d);
            if (use.bytes != (uint64_t)(bytes + 0.5) || use.files != (uint64_t)(files + 0.5))
                fail_msg("seed %u, step %d: %llu bytes in %llu files, not %f in %f", first, i,
                         (unsigned long long)use.bytes, (unsigned long long)use.files, bytes,
                         files);
        }
        driver_stop(&d);
    }
}

/* The same with files that stay open meanwhile, of two sessions, and with names that lead to the
 * same directory: what is there is counted at every step, and exactly once all are closed. */
static void one_step_between(struct driver *d, unsigned *seed, sally_file **file)
{
    static char data[300];
    static const uint32_t ways[] = {RW,
                                    NEW,
                                    NEW | SALLY_OPEN_TRUNCATE,
                                    NEW | SALLY_OPEN_APPEND,
                                    NEW | SALLY_OPEN_EXCLUSIVE,
                                    NEW | SALLY_OPEN_DELETE_ON_CLOSE};
    const sally_attrs size = {.valid = SALLY_ATTR_SIZE, .size = next(seed, 300)};
    char path[40];
    if (!*file) {
        snprintf(path, sizeof(path), "/%s/%u", next(seed, 2) ? "d" : "l", next(seed, 4));
        uint32_t way = ways[next(seed, next(seed, 4) ? COUNT_OF(ways) - 1 : COUNT_OF(ways))];
        (void)do_open(d, path, way, file);
        return;
    }
    switch (next(seed, 4)) {
    case 0:
        (void)do_fsetstat(d, *file, &size);
        return;
    case 1:
        IS(do_close(d, *file), OK);
        *file = NULL;
        return;
    default:
        (void)do_write(d, *file, next(seed, 500), data, next(seed, sizeof(data)));
        return;
    }
}

static void any_order_of_open_files(void **state)
{
    for (unsigned first = 1; first <= 6; first++) {
        struct driver d[2];
        sally_file *files[6] = {0};
        unsigned seed = first;
        sally_fs *fs = large(inside_made(state));
        driver_start(&d[0], fs, DRIVER_INLINE);
        driver_start_as(&d[1], fs, "other", 2);
        sally_fs_unref(fs);
        IS(do_mkdir(&d[0], "/d", 0755), OK);
        (void)do_symlink(&d[0], "/l", "d");
        for (int i = 0; i < 150; i++) {
            unsigned at = next(&seed, COUNT_OF(files));
            if (next(&seed, 3))
                one_step_between(&d[at % 2], &seed, &files[at]);
            else
                one_step(&d[at % 2], &seed, next(&seed, 2) ? "/d" : "/l");
            double bytes = 0, names = 0;
            count(&d[0], "/d", &bytes, &names);
            if (use_of(&d[0]).bytes < (uint64_t)(bytes + 0.5))
                fail_msg("seed %u, step %d: %llu bytes, not %f", first, i,
                         (unsigned long long)use_of(&d[0]).bytes, bytes);
        }
        for (size_t i = 0; i < COUNT_OF(files); i++)
            if (files[i])
                IS(do_close(&d[i % 2], files[i]), OK);
        double bytes = 0, names = 0;
        count(&d[0], "/", &bytes, &names);
        sally_quota use = use_of(&d[0]);
        if (use.bytes != (uint64_t)(bytes + 0.5) || use.files != (uint64_t)(names + 0.5))
            fail_msg("seed %u: %llu bytes in %llu files, not %f in %f", first,
                     (unsigned long long)use.bytes, (unsigned long long)use.files, bytes, names);
        driver_stop(&d[0]);
        driver_stop(&d[1]);
        inside_drop();
    }
}

/* Sessions that work at the same time do not exceed the limit together. */
struct worker {
    pthread_t thread;
    sally_fs *fs;
    unsigned number;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    static char data[100];
    char path[40];
    struct driver d;
    driver_start_as(&d, w->fs, "joe", w->number);
    for (unsigned round = 0; round < 60; round++) {
        sally_file *own, *shared;
        snprintf(path, sizeof(path), "/own%u", w->number);
        if (do_open(&d, path, NEW | (round % 2 ? SALLY_OPEN_TRUNCATE : 0), &own) == SALLY_OK) {
            for (unsigned i = 0; i < 5; i++)
                (void)do_write(&d, own, i * 100, data, 100);
            (void)do_close(&d, own);
        }
        if (do_open(&d, "/shared", SALLY_OPEN_WRITE | SALLY_OPEN_CREATE, &shared) == SALLY_OK) {
            for (unsigned i = 0; i < 5; i++)
                (void)do_write(&d, shared, (w->number + round) * 10 + i * 20, data, 30);
            (void)do_close(&d, shared);
        }
        /* Names that all of them make, replace and remove. */
        if (do_open(&d, round % 2 ? "/common" : "/other", NEW, &shared) == SALLY_OK) {
            (void)do_write(&d, shared, 0, data, 10 + round);
            (void)do_close(&d, shared);
        }
        (void)do_two(&d, SALLY_OP_RENAME, "/common", "/other", SALLY_RENAME_OVERWRITE);
        if (round % 3 == 0)
            (void)do_path(&d, SALLY_OP_REMOVE, "/other");
        if (use_of(&d).bytes > 2000)
            w->number = 1000; /* a failure that only the main thread may report */
        if (round % 7 == w->number)
            (void)do_path(&d, SALLY_OP_REMOVE, path);
    }
    driver_stop(&d);
    return NULL;
}

static void many_sessions(void **state)
{
    struct driver d;
    struct worker workers[4];
    sally_fs *fs = quota(inside_made(state), 2000, 0);
    for (unsigned i = 0; i < 4; i++) {
        workers[i] = (struct worker){.fs = fs, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_true(workers[i].number < 4);
    }
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    is_not_too_low(&d);
    driver_stop(&d);
}

/* A storage whose CLOSE waits for the test. */
struct slow_close {
    sally_fs *fs, *inner;
    sally_op *waiting;
    bool waits;
};

static sally_status slow_slot(sally_fs *fs, sally_op *op)
{
    struct slow_close *slow = sally_fs_data(fs);
    if (op->kind != SALLY_OP_CLOSE || !slow->waits)
        return sally_fs_call(fs, slow->inner, op, NULL, NULL);
    slow->waits = false;
    slow->waiting = op;
    return SALLY_PENDING;
}

/* A file that is opened, written and removed while another session's CLOSE of it is under way. */
static void used_while_it_is_closed(void **state)
{
    (void)state;
    static char data[100];
    struct slow_close slow = {.inner = inside_memory()};
    struct driver a, b;
    sally_file *file;
    bool closed = false;
    sally_fs_methods m = {.struct_size = sizeof(m)};
    sally_fs_methods_wrap(&m, slow.inner, slow_slot);
    m.close = slow_slot;
    assert_int_equal(sally_fs_new(&slow.fs, &m, &slow), SALLY_E_OK);
    begin(&a, large(slow.fs));
    driver_start_as(&b, sally_session_fs(a.session), "joe", 2);
    IS(do_open(&a, "/f", NEW, &file), OK);
    IS(do_write(&a, file, 0, data, 10), OK);
    slow.waits = true;
    struct op *close = driver_file_op(&a, SALLY_OP_CLOSE, file);
    driver_begin(&a, close, &closed);
    assert_non_null(slow.waiting);
    IS(do_open(&b, "/f", RW, &file), OK);
    IS(do_write(&b, file, 0, data, 30), OK);
    assert_int_equal(use_of(&b).bytes, 30);
    IS(do_path(&b, SALLY_OP_REMOVE, "/f"), OK);
    sally_op_finish(slow.waiting, sally_fs_call(slow.fs, slow.inner, slow.waiting, NULL, NULL));
    driver_wait(&a, &closed);
    op_free(close);
    assert_int_equal(use_of(&b).bytes, 30); /* it is still open */
    IS(do_close(&b, file), OK);
    assert_int_equal(use_of(&b).bytes, 0);
    assert_int_equal(use_of(&b).files, 0);
    driver_stop(&b);
    driver_stop(&a);
    sally_fs_unref(slow.inner);
}

/* Writers that append to one file, write to one file, or to files of their own until there is no
 * room: together they fill the quota, and what is there never exceeds it. */
#define WRITERS 6
#define ROOM    20000

static void *fill(void *arg)
{
    struct worker *w = arg;
    static char data[100];
    char path[40];
    struct driver d;
    sally_file *file;
    snprintf(path, sizeof(path), "/%u", w->number < 2 ? 10 : w->number < 4 ? 20 : w->number);
    driver_start_as(&d, w->fs, "joe", w->number);
    uint32_t flags = SALLY_OPEN_WRITE | SALLY_OPEN_CREATE;
    sally_status status = do_open(&d, path, flags | (w->number < 2 ? SALLY_OPEN_APPEND : 0), &file);
    for (uint64_t at = 0; status == SALLY_OK; at += sizeof(data))
        status = do_write(&d, file, at, data, sizeof(data));
    if (status != SALLY_QUOTA_EXCEEDED || do_close(&d, file) != SALLY_OK)
        w->number = 1000; /* a failure that only the main thread may report */
    driver_stop(&d);
    return NULL;
}

static void many_writers(void **state)
{
    sally_fs *inner = inside_made(state);
    sally_fs *fs = quota(sally_fs_ref(inner), ROOM, 0);
    struct worker workers[WRITERS];
    struct driver d, raw;
    driver_start_as(&raw, inner, "root", 7);
    for (unsigned i = 0; i < WRITERS; i++) {
        workers[i] = (struct worker){.fs = fs, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, fill, &workers[i]), 0);
    }
    for (double bytes = 0, files = 0, i = 0; i < 20; i++, bytes = files = 0) {
        count(&raw, "/", &bytes, &files);
        assert_true(bytes <= ROOM);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_true(workers[i].number < WRITERS);
    }
    driver_start(&d, fs, DRIVER_INLINE);
    is_exact(&d);
    assert_int_equal(use_of(&d).bytes, ROOM);
    driver_stop(&d);
    driver_stop(&raw);
    sally_fs_unref(fs);
    sally_fs_unref(inner);
}

/* Whichever allocation fails: nothing stays open, and once all is closed the use is right. */
static void memory_runs_out(void **state)
{
    struct driver d;
    (void)state;
    begin(&d, quota(inside_memory(), 1 << 20, 100));
    for (int what = 0; what < 6; what++) {
        bool failed = true;
        for (unsigned at = 1; failed; at++) {
            sally_file *file = NULL;
            const sally_attrs size = {.valid = SALLY_ATTR_SIZE, .size = 7};
            make_file(&d, "/old", "0123456789");
            make_file(&d, "/other", "01234");
            d.failed = false;
            d.fail_at = at;
            if (what == 0)
                (void)do_open(&d, "/new", NEW, &file);
            else if (what == 1)
                (void)do_open(&d, "/old", SALLY_OPEN_WRITE | SALLY_OPEN_TRUNCATE, &file);
            else if (what == 2)
                (void)do_path(&d, SALLY_OP_REMOVE, "/old");
            else if (what == 3)
                (void)do_two(&d, SALLY_OP_RENAME, "/old", "/other", SALLY_RENAME_OVERWRITE);
            else if (what == 4)
                (void)do_setstat(&d, "/old", SALLY_FOLLOW, &size);
            else
                (void)do_mkdir(&d, "/dir", 0755);
            failed = d.failed;
            d.fail_at = 0;
            if (file)
                IS(do_close(&d, file), OK);
            is_exact(&d);
            (void)do_path(&d, SALLY_OP_REMOVE, "/new");
            (void)do_path(&d, SALLY_OP_RMDIR, "/dir");
            is_exact(&d);
        }
    }
    driver_stop(&d);
}

static void wrong_arguments(void **state)
{
    (void)state;
    const sally_fs_methods none = {.struct_size = sizeof(none)};
    sally_fs *fs, *inner;
    assert_int_equal(sally_fs_new(&inner, &none, NULL), SALLY_E_OK);
    assert_int_equal(sally_fs_quota(&fs, inner, 0, 0), SALLY_E_UNSUPPORTED);
    assert_int_equal(sally_fs_quota(&fs, NULL, 0, 0), SALLY_E_INVALID);
    assert_int_equal(sally_fs_quota(NULL, inner, 0, 0), SALLY_E_INVALID);
    sally_quota q = {.struct_size = sizeof(q)};
    assert_int_equal(sally_fs_quota_get(inner, &q), SALLY_E_INVALID);
    assert_int_equal(sally_fs_quota_set(inner, &q, 1), SALLY_E_INVALID);
    sally_fs_unref(inner);
    fs = quota(inside_memory(), 5, 6);
    assert_int_equal(sally_fs_quota_set(fs, &q, 4), SALLY_E_INVALID);
    assert_int_equal(sally_fs_quota_set(fs, NULL, 1), SALLY_E_INVALID);
    assert_int_equal(sally_fs_quota_get(fs, NULL), SALLY_E_INVALID);
    q.struct_size = 8;
    assert_int_equal(sally_fs_quota_get(fs, &q), SALLY_E_INVALID);
    assert_int_equal(sally_fs_quota_set(fs, &q, 1), SALLY_E_INVALID);
    q.struct_size = sizeof(q);
    assert_int_equal(sally_fs_quota_get(fs, &q), SALLY_E_OK);
    assert_int_equal(q.max_bytes, 5);
    assert_int_equal(q.max_files, 6);
    sally_fs_unref(fs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(every_way, in_memory, NULL, NULL),
        ON(every_way, in_local, NULL, inside_teardown),
        ON(every_way, in_late, NULL, NULL),
        ON(other_names_of_open_files, in_memory, NULL, NULL),
        ON(other_names_of_open_files, in_local, NULL, inside_teardown),
        ON(other_names_of_open_files, in_late, NULL, NULL),
        ON(limits, in_memory, NULL, NULL),
        ON(limits, in_local, NULL, inside_teardown),
        ON(any_order, in_memory, NULL, NULL),
        ON(any_order, in_late, NULL, NULL),
        ON(any_order_of_open_files, in_memory, NULL, NULL),
        ON(any_order_of_open_files, in_local, NULL, NULL),
        ON(any_order_of_open_files, in_late, NULL, NULL),
        ON(many_sessions, in_memory, NULL, NULL),
        ON(many_sessions, in_local, NULL, inside_teardown),
        ON(many_writers, in_memory, NULL, NULL),
        ON(many_writers, in_local, NULL, inside_teardown),
        ON(many_writers, in_late, NULL, NULL),
        cmocka_unit_test(used_while_it_is_closed),
        cmocka_unit_test(failures),
        cmocka_unit_test(cut_while_a_write_is_declined),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(wrong_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + run_wrapper_cases(large, NULL);
}
