/* Directories that are storages: when they are found, what happens to them meanwhile, and what they
 * share with the storage that they are part of. */
#include "fs/cases.h"

#include "core/fs.h"
#include "fs/local.h"
#include "fs/scratch.h"

struct ground {
    char scratch[SCRATCH_SIZE];
    sally_fs *all, *subtree;
    struct driver whole, inside;
    struct log_sink log;
    char line[400]; /* the last one */
    bool memory;
};

static void take_line(void *user_data, const sally_log_line *line)
{
    struct ground *g = user_data;
    size_t used = (size_t)snprintf(g->line, sizeof(g->line), "%s", line->event);
    for (size_t i = 0; i < line->field_count && used < sizeof(g->line); i++)
        used += (size_t)snprintf(g->line + used, sizeof(g->line) - used, " %s=%s",
                                 line->fields[i].name, line->fields[i].value);
}

static void start(struct ground *g, bool memory)
{
    memset(g, 0, sizeof(*g));
    g->memory = memory;
    g->log = (struct log_sink){.write = take_line, .user_data = g, .level = SALLY_LOG_WARNING};
    if (memory)
        assert_int_equal(sally_fs_memory(&g->all, 0), SALLY_E_OK);
    else
        assert_int_equal(sally_fs_local(&g->all, scratch_make(g->scratch), 0, 0), SALLY_E_OK);
    assert_int_equal(sally_fs_chroot(&g->subtree, g->all, "/homes/joe"), SALLY_E_OK);
    driver_start(&g->whole, g->all, DRIVER_INLINE);
    driver_start_logging(&g->inside, g->subtree, DRIVER_TRYING, &g->log);
}

static void stop(struct ground *g)
{
    driver_stop(&g->inside);
    driver_stop(&g->whole);
    sally_fs_unref(g->all);
    sally_fs_unref(g->subtree);
    if (!g->memory)
        scratch_remove(g->scratch);
}

static sally_status begin(struct ground *g)
{
    g->line[0] = 0;
    return driver_finish(&g->inside, driver_op(&g->inside, SALLY_OP_SESSION_START, "/"));
}

static void missing(bool memory)
{
    struct ground g;
    sally_attrs attrs;
    char text[TEXT_SIZE];
    start(&g, memory);
    assert_int_equal(begin(&g), SALLY_NO_SUCH_FILE);
    assert_string_equal(
        g.line, "session.no_root user=joe root=/homes/joe reason=No such file or directory");
    assert_int_equal(do_stat(&g.inside, "/", SALLY_FOLLOW, &attrs), SALLY_NO_SUCH_FILE);
    assert_int_equal(do_mkdir(&g.inside, "/d", 0755), SALLY_NO_SUCH_FILE);

    assert_int_equal(do_mkdir(&g.whole, "/homes", 0755), SALLY_OK);
    make_file(&g.whole, "/homes/joe", "no directory");
    assert_int_equal(begin(&g), SALLY_NOT_A_DIRECTORY);
    assert_string_equal(g.line, "session.no_root user=joe root=/homes/joe reason=Not a directory");
    assert_int_equal(do_path(&g.whole, SALLY_OP_REMOVE, "/homes/joe"), SALLY_OK);

    /* It may come later. */
    assert_int_equal(do_mkdir(&g.whole, "/homes/joe", 0755), SALLY_OK);
    assert_int_equal(begin(&g), SALLY_OK);
    assert_string_equal(g.line, "");
    make_file(&g.inside, "/f", "inside");
    assert_string_equal(file_text(&g.whole, "/homes/joe/f", text), "inside");
    stop(&g);
}

static void missing_on_disk(void **state)
{
    (void)state;
    missing(false);
}

static void missing_in_memory(void **state)
{
    (void)state;
    missing(true);
}

/* Once found, it is that directory wherever it goes; one that is gone holds nothing. */
static void moved(bool memory)
{
    struct ground g;
    char text[TEXT_SIZE];
    sally_file *file;
    struct listing list;
    start(&g, memory);
    assert_int_equal(do_mkdir(&g.whole, "/homes", 0755), SALLY_OK);
    assert_int_equal(do_mkdir(&g.whole, "/homes/joe", 0755), SALLY_OK);
    assert_int_equal(begin(&g), SALLY_OK);
    make_file(&g.inside, "/f", "inside");
    assert_int_equal(do_two(&g.whole, SALLY_OP_RENAME, "/homes/joe", "/moved", 0), SALLY_OK);
    assert_int_equal(do_mkdir(&g.whole, "/homes/joe", 0755), SALLY_OK);
    assert_string_equal(file_text(&g.inside, "/f", text), "inside");
    assert_int_equal(do_text(&g.inside, SALLY_OP_REALPATH, "/f", SALLY_REALPATH_STAT_IF, text),
                     SALLY_OK);
    assert_string_equal(text, "/f");

    assert_int_equal(do_path(&g.inside, SALLY_OP_REMOVE, "/f"), SALLY_OK);
    assert_int_equal(do_path(&g.whole, SALLY_OP_RMDIR, "/moved"), SALLY_OK);
    assert_int_equal(do_mkdir(&g.inside, "/d", 0755), SALLY_NO_SUCH_FILE);
    assert_int_equal(do_open(&g.inside, "/f", SALLY_OPEN_WRITE | SALLY_OPEN_CREATE, &file),
                     SALLY_NO_SUCH_FILE);
    assert_int_equal(do_symlink(&g.inside, "/l", "/"), SALLY_NO_SUCH_FILE);
    make_file(&g.whole, "/homes/joe/f", "another");
    assert_int_equal(do_two(&g.inside, SALLY_OP_RENAME, "/f", "/g", 0), SALLY_NO_SUCH_FILE);
    if (do_list(&g.inside, "/", 0, &list) == SALLY_OK) {
        assert_int_equal(list.count, 0);
        listing_clear(&list);
    }
    stop(&g);
}

static void moved_on_disk(void **state)
{
    (void)state;
    moved(false);
}

static void moved_in_memory(void **state)
{
    (void)state;
    moved(true);
}

/* What one reserves or locks binds those who come another way to the same file. */
static void shares_locks(bool memory)
{
    struct ground g;
    sally_file *mine, *theirs;
    const uint32_t flags = SALLY_OPEN_READ | SALLY_OPEN_WRITE;
    start(&g, memory);
    assert_int_equal(do_mkdir(&g.whole, "/homes", 0755), SALLY_OK);
    assert_int_equal(do_mkdir(&g.whole, "/homes/joe", 0755), SALLY_OK);
    make_file(&g.inside, "/f", "text");
    assert_int_equal(do_open(&g.inside, "/f", flags | SALLY_OPEN_BLOCK_WRITE, &mine), SALLY_OK);
    assert_int_equal(do_open(&g.whole, "/homes/joe/f", SALLY_OPEN_WRITE, &theirs),
                     SALLY_LOCK_CONFLICT);
    assert_int_equal(do_close(&g.inside, mine), SALLY_OK);
    assert_int_equal(do_open(&g.inside, "/f", flags, &mine), SALLY_OK);
    assert_int_equal(do_open(&g.whole, "/homes/joe/f", flags, &theirs), SALLY_OK);
    assert_int_equal(do_lock(&g.inside, SALLY_OP_LOCK, mine, 0, 2, SALLY_OPEN_BLOCK_WRITE),
                     SALLY_OK);
    assert_int_equal(do_write(&g.whole, theirs, 0, "x", 1), SALLY_BYTE_RANGE_LOCK_CONFLICT);
    assert_int_equal(do_close(&g.inside, mine), SALLY_OK);
    assert_int_equal(do_close(&g.whole, theirs), SALLY_OK);
    stop(&g);
}

static void shares_locks_on_disk(void **state)
{
    (void)state;
    shares_locks(false);
}

static void shares_locks_in_memory(void **state)
{
    (void)state;
    shares_locks(true);
}

/* The mask and the policy are the storage's; so is what the parts outlive. */
static void shares_policy(void **state)
{
    (void)state;
    char scratch[SCRATCH_SIZE];
    const sally_attrs mode = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0700};
    sally_fs *all, *subtree;
    struct driver d;
    sally_attrs attrs;
    assert_int_equal(sally_fs_local(&all, scratch_make(scratch), 0, 027), SALLY_E_OK);
    assert_int_equal(sally_fs_local_set_policy(all, SALLY_ATTR_PERMISSIONS, SALLY_POLICY_FAIL),
                     SALLY_E_OK);
    driver_start(&d, all, DRIVER_INLINE);
    assert_int_equal(do_mkdir(&d, "/r", 0777), SALLY_OK);
    driver_stop(&d);
    assert_int_equal(sally_fs_chroot(&subtree, all, "/r"), SALLY_E_OK);
    assert_int_equal(sally_fs_local_set_policy(subtree, SALLY_ATTR_SIZE, SALLY_POLICY_FAIL),
                     SALLY_E_INVALID);
    sally_fs_unref(all);
    driver_start(&d, subtree, DRIVER_INLINE);
    sally_fs_unref(subtree);
    assert_int_equal(do_mkdir(&d, "/d", 0777), SALLY_OK);
    assert_int_equal(do_stat(&d, "/d", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.permissions & 027, 0);
    assert_int_equal(do_setstat(&d, "/d", 0, &mode), SALLY_UNSUPPORTED);
    driver_stop(&d);
    scratch_remove(scratch);
}

/* Below a directory of the machine, a user is as confined as in a storage that is confined. */
static void devices_are_outside(void **state)
{
    (void)state;
    char scratch[SCRATCH_SIZE];
    sally_fs *all, *subtree;
    struct driver d;
    sally_file *file;
    scratch_make(scratch);
    assert_int_equal(sally_fs_local(&all, "/", SALLY_LOCAL_UNCONFINED, 0), SALLY_E_OK);
    assert_int_equal(sally_fs_chroot(&subtree, all, "/dev"), SALLY_E_OK);
    sally_fs_unref(all);
    driver_start(&d, subtree, DRIVER_INLINE);
    sally_fs_unref(subtree);
    assert_int_equal(do_open(&d, "/null", SALLY_OPEN_READ, &file), SALLY_FAILURE);
    driver_stop(&d);
    scratch_remove(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_on_disk),      cmocka_unit_test(missing_in_memory),
        cmocka_unit_test(moved_on_disk),        cmocka_unit_test(moved_in_memory),
        cmocka_unit_test(shares_locks_on_disk), cmocka_unit_test(shares_locks_in_memory),
        cmocka_unit_test(shares_policy),        cmocka_unit_test(devices_are_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
