#include "fs/cases.h"

#include <pthread.h>

#include "fs/memory.h"

static sally_fs *make(void)
{
    sally_fs *fs;
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    return fs;
}

static void limited(void **state)
{
    (void)state;
    struct driver d;
    sally_fs *fs;
    sally_file *a, *b;
    static char data[70000];
    const uint32_t flags = SALLY_OPEN_READ | SALLY_OPEN_WRITE | SALLY_OPEN_CREATE;
    assert_int_equal(sally_fs_memory(&fs, 100000), SALLY_E_OK);
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    assert_int_equal(do_open(&d, "/a", flags, &a), SALLY_OK);
    assert_int_equal(do_open(&d, "/b", flags, &b), SALLY_OK);
    assert_int_equal(do_write(&d, a, 0, data, 70000), SALLY_OK);
    assert_int_equal(do_write(&d, b, 0, data, 70000), SALLY_NO_SPACE_ON_FILESYSTEM);
    struct op *op = driver_op(&d, SALLY_OP_STATVFS, "/");
    assert_int_equal(driver_do(&d, op), SALLY_OK);
    assert_int_equal(op->pub.u.statvfs.blocks * op->pub.u.statvfs.fragment_size, 98304);
    assert_true(op->pub.u.statvfs.blocks_free <= 8);
    op_free(op);
    /* What is removed is free when the last handle is closed, not earlier. */
    assert_int_equal(do_path(&d, SALLY_OP_REMOVE, "/a"), SALLY_OK);
    assert_int_equal(do_write(&d, b, 0, data, 70000), SALLY_NO_SPACE_ON_FILESYSTEM);
    assert_int_equal(do_close(&d, a), SALLY_OK);
    assert_int_equal(do_write(&d, b, 0, data, 70000), SALLY_OK);
    const sally_attrs cut = {.valid = SALLY_ATTR_SIZE};
    assert_int_equal(do_fsetstat(&d, b, &cut), SALLY_OK);
    assert_int_equal(do_write(&d, b, 20000, data, 70000), SALLY_OK);
    assert_int_equal(do_close(&d, b), SALLY_OK);

    /* Names alone run into a limit too. */
    char path[300];
    sally_status status = SALLY_OK;
    unsigned made = 0;
    memset(path, 'n', sizeof(path));
    for (; status == SALLY_OK && made < 1000000; made++) {
        snprintf(path, sizeof(path), "/%0250u", made);
        status = do_mkdir(&d, path, 0755);
    }
    assert_int_equal(status, SALLY_NO_SPACE_ON_FILESYSTEM);
    driver_stop(&d);
}

static struct op *look(struct driver *d, const char *path)
{
    struct op *op = driver_op(d, SALLY_OP_STAT, path);
    op->pub.u.stat.wanted = SALLY_ATTR_ACL;
    assert_int_equal(driver_do(d, op), SALLY_OK);
    return op;
}

static void acls_and_bits_are_kept(void **state)
{
    (void)state;
    static const uint8_t acl[] = {0, 0,    0, 3, 0, 0, 0, 1, 0, 0, 0,   1,   0,  0,
                                  0, 0x40, 0, 0, 0, 1, 0, 0, 0, 3, 'j', 'o', 'e'};
    static const uint8_t keep[] = {0, 0, 0, 0, 0, 0, 0, 0}, none[] = {0, 0, 0, 1, 0, 0, 0, 0};
    struct driver d;
    sally_fs *fs = make();
    sally_attrs attrs, set = {.valid = SALLY_ATTR_ACL, .acl = acl, .acl_size = sizeof(acl)};
    driver_start(&d, fs, DRIVER_TRYING);
    sally_fs_unref(fs);
    assert_true(sally_fs_traits(fs) & SALLY_FS_ACL);
    make_file(&d, "/f", "");

    struct op *op = look(&d, "/f"); /* what the permissions say */
    assert_true(op->pub.u.stat.attrs.valid & SALLY_ATTR_ACL);
    assert_true(op->pub.u.stat.attrs.acl_size > 8 + 3 * 12);
    op_free(op);
    assert_int_equal(do_setstat(&d, "/f", 0, &set), SALLY_OK);
    for (int i = 0; i < 3; i++) {
        op = look(&d, "/f");
        bool kept = i < 2;
        assert_int_equal(op->pub.u.stat.attrs.acl_size == sizeof(acl) &&
                             memcmp(op->pub.u.stat.attrs.acl, acl, sizeof(acl)) == 0,
                         kept);
        op_free(op);
        set.acl = i ? none : keep;
        set.acl_size = 8;
        assert_int_equal(do_setstat(&d, "/f", 0, &set), SALLY_OK);
    }
    set.acl_size = 3;
    assert_int_not_equal(do_setstat(&d, "/f", 0, &set), SALLY_OK);
    assert_int_equal(do_symlink(&d, "/l", "f"), SALLY_OK);
    set.acl = acl;
    set.acl_size = sizeof(acl);
    assert_int_equal(do_setstat(&d, "/l", 0, &set), SALLY_UNSUPPORTED);
    op_free(look(&d, "/l"));

    /* Something new may come with one. */
    op = driver_op(&d, SALLY_OP_MKDIR, "/d");
    op->pub.u.setstat.attrs = &set;
    assert_int_equal(driver_finish(&d, op), SALLY_OK);
    op = look(&d, "/d");
    assert_int_equal(op->pub.u.stat.attrs.acl_size, sizeof(acl));
    op_free(op);

    /* Read-only and archive are set, hidden is known not to be; the rest no one has said. */
    set = (sally_attrs){.valid = SALLY_ATTR_BITS, .attrib_bits = 0xff11, .attrib_bits_valid = 0x15};
    assert_int_equal(do_stat(&d, "/f", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.attrib_bits, 0);
    assert_int_equal(attrs.attrib_bits_valid, 0x80);
    assert_int_equal(do_setstat(&d, "/f", 0, &set), SALLY_OK);
    assert_int_equal(do_stat(&d, "/f", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.attrib_bits, 0x11);
    assert_int_equal(attrs.attrib_bits_valid, 0x95);
    const sally_attrs hole = {.valid = SALLY_ATTR_SIZE, .size = 1000};
    assert_int_equal(do_setstat(&d, "/f", 0, &hole), SALLY_OK);
    assert_int_equal(do_stat(&d, "/f", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.attrib_bits, 0x91);
    driver_stop(&d);
}

static unsigned listed;

static bool changes_while_listed(void *context, sally_op *op, sally_entry *entry)
{
    struct memory *memory = context;
    (void)op;
    (void)entry;
    assert_int_equal(pthread_rwlock_trywrlock(&memory->lock), 0);
    pthread_rwlock_unlock(&memory->lock);
    return true;
}

static bool take_all(struct op *op, const char *name, const sally_attrs *attrs,
                     const char *longname)
{
    (void)longname;
    (void)op;
    (void)name;
    (void)attrs;
    listed++;
    return true;
}

/* A filter may take its time: others go on meanwhile. */
static void filters_hold_nobody_up(void **state)
{
    (void)state;
    struct driver d;
    sally_fs *fs = make();
    sally_file *file;
    driver_start(&d, fs, DRIVER_INLINE);
    make_file(&d, "/a", "");
    make_file(&d, "/b", "");
    assert_int_equal(do_opendir(&d, "/", &file), SALLY_OK);
    struct op *op = driver_file_op(&d, SALLY_OP_READDIR, file);
    op->entry = take_all;
    assert_int_equal(sally_op_filter_entries(&op->pub, changes_while_listed, memory_of(fs)),
                     SALLY_E_OK);
    assert_int_equal(driver_finish(&d, op), SALLY_EOF);
    assert_int_equal(listed, 2);
    sally_fs_unref(fs);
    driver_stop(&d);
}

/* Deeper than any path that one could give, and no recursion at the end. */
static void endless_depth(void **state)
{
    (void)state;
    struct driver d;
    sally_fs *fs = make();
    char text[TEXT_SIZE];
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    assert_int_equal(do_mkdir(&d, "/a", 0755), SALLY_OK);
    for (int i = 0; i < 30000; i++) { /* /a goes into a new /b, which is called /a then */
        assert_int_equal(do_mkdir(&d, "/b", 0755), SALLY_OK);
        assert_int_equal(do_two(&d, SALLY_OP_RENAME, "/a", "/b/a", 0), SALLY_OK);
        assert_int_equal(do_two(&d, SALLY_OP_RENAME, "/b", "/a", 0), SALLY_OK);
    }
    /* Links get down there; the canonical path is too long then. */
    char target[8001];
    for (size_t i = 0; i < 8000; i += 2)
        memcpy(target + i, "a/", 2);
    target[8000] = 0;
    assert_int_equal(do_symlink(&d, "/down", target), SALLY_OK);
    assert_int_equal(do_text(&d, SALLY_OP_REALPATH, "/down", 0, text), SALLY_OK);
    assert_int_equal(strlen(text), 8000);
    driver_stop(&d);
}

#define THREADS 4
#define STEPS   1500

struct worker {
    pthread_t thread;
    sally_fs *fs;
    uint32_t seed;
};

static uint32_t next(struct worker *w)
{
    w->seed = w->seed * 1664525u + 1013904223u;
    return w->seed >> 8;
}

static const char *pick(struct worker *w, char out[32])
{
    static const char *const dirs[] = {"", "/d", "/e", "/d/d"};
    snprintf(out, 32, "%s/%c", dirs[next(w) % COUNT_OF(dirs)], "defghl"[next(w) % 6]);
    return out;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct driver d;
    char a[32], b[32], data[300] = {0};
    struct listing list;
    driver_start(&d, w->fs, DRIVER_INLINE);
    for (int i = 0; i < STEPS; i++) {
        sally_file *file;
        sally_attrs attrs;
        const sally_attrs cut = {.valid = SALLY_ATTR_SIZE | SALLY_ATTR_MTIME,
                                 .size = next(w) % 100000};
        uint32_t got = sizeof(data);
        pick(w, a);
        pick(w, b);
        switch (next(w) % 12) {
        case 0:
            do_mkdir(&d, a, 0755);
            break;
        case 1:
            do_path(&d, SALLY_OP_RMDIR, a);
            break;
        case 2:
            do_path(&d, SALLY_OP_REMOVE, a);
            break;
        case 3:
            do_two(&d, SALLY_OP_RENAME, a, b, next(w) % 2);
            break;
        case 4:
            do_two(&d, SALLY_OP_LINK, a, b, 0);
            break;
        case 5:
            do_symlink(&d, a, b + next(w) % 2);
            break;
        case 6:
            do_stat(&d, a, next(w) % 2, &attrs);
            break;
        case 7:
            if (do_list(&d, a, 2, &list) == SALLY_OK)
                listing_clear(&list);
            break;
        case 8:
            do_setstat(&d, a, next(w) % 2, &cut);
            break;
        default:
            if (do_open(&d, a,
                        SALLY_OPEN_READ | SALLY_OPEN_WRITE | (next(w) % 3 ? SALLY_OPEN_CREATE : 0),
                        &file) != SALLY_OK)
                break;
            do_write(&d, file, next(w) % 200000, data, sizeof(data));
            do_read(&d, file, next(w) % 200000, data, &got);
            do_path(&d, SALLY_OP_REMOVE, a);
            do_fsetstat(&d, file, &cut);
            do_close(&d, file);
        }
    }
    driver_stop(&d);
    return NULL;
}

static void many_sessions(void **state)
{
    (void)state;
    struct worker workers[THREADS];
    sally_fs *fs = make();
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.fs = fs, .seed = i * 7919 + 1};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);

    /* Empty it: nothing is counted that is not there. */
    struct driver d;
    struct listing list;
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    for (int round = 0; round < 10; round++) {
        static const char *const dirs[] = {"/d/d/d", "/d/d/e", "/d/d", "/d/e", "/e/d",
                                           "/e/e",   "/d",     "/e",   "/"};
        for (size_t i = 0; i < COUNT_OF(dirs); i++) {
            char path[64];
            if (do_list(&d, dirs[i], 0, &list) != SALLY_OK)
                continue;
            for (unsigned k = 0; k < list.count; k++) {
                snprintf(path, sizeof(path), "%s/%s", dirs[i][1] ? dirs[i] : "", list.names[k]);
                if (do_path(&d, SALLY_OP_REMOVE, path) == SALLY_FILE_IS_A_DIRECTORY)
                    do_path(&d, SALLY_OP_RMDIR, path);
            }
            listing_clear(&list);
        }
    }
    struct op *op = driver_op(&d, SALLY_OP_STATVFS, "/");
    assert_int_equal(driver_do(&d, op), SALLY_OK);
    if (do_list(&d, "/", 0, &list) == SALLY_OK && list.count == 0)
        assert_true(op->pub.u.statvfs.blocks == op->pub.u.statvfs.blocks_free);
    listing_clear(&list);
    op_free(op);
    driver_stop(&d);
}

int main(void)
{
    static const struct storage_maker makers[] = {{"memory", make, NULL, DRIVER_INLINE, NULL}};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acls_and_bits_are_kept),
        cmocka_unit_test(filters_hold_nobody_up),
        cmocka_unit_test(limited),
        cmocka_unit_test(endless_depth),
        cmocka_unit_test(many_sessions),
    };
    return run_storage_cases(makers, COUNT_OF(makers)) + cmocka_run_group_tests(tests, NULL, NULL);
}
