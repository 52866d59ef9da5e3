/* What is hidden does not exist, by whatever operation and whatever name: a directory
 * (/home/state/own with a file in it) and a file (/home/key). */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fs/local_fixture.h"

#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)
#define MAKES            (SALLY_OPEN_WRITE | SALLY_OPEN_CREATE)

struct names {
    const char *directory, *inside, *new_inside, *file;
};

/* The same things by other ways. */
static const struct names ways[] = {
    {"/home/state/own", "/home/state/own/secret", "/home/state/own/new", "/home/key"},
    {"/to-state/own", "/to-state/own/secret", "/to-state/own/new", "/to-home/key"},
    {"/to-own", "/to-own/secret", "/to-own/new", "/to-key"},
    {"/to-own-by-above", "/to-secret", "/to-own-by-above/new", "/hard-key"},
};

static sally_fs *hiding(const struct local_fixture *f)
{
    sally_fs *fs;
    IS(local_new(&fs, f->scratch, 0, 0, false), E_OK);
    IS(sally_fs_local_hide(fs, local_fixture_path(f, "/home/state/own")), E_OK);
    IS(sally_fs_local_hide(fs, local_fixture_path(f, "/home/key")), E_OK);
    return fs;
}

static void start(struct local_fixture *f, enum driver_style style)
{
    local_fixture_start(f, NULL, DRIVER_INLINE);
    IS(do_mkdir(&f->d, "/home", 0755), OK);
    IS(do_mkdir(&f->d, "/home/state", 0755), OK);
    IS(do_mkdir(&f->d, "/home/state/own", 0700), OK);
    make_file(&f->d, "/home/state/own/secret", "secret");
    make_file(&f->d, "/home/key", "key");
    make_file(&f->d, "/home/other", "other");
    IS(do_symlink(&f->d, "/to-home", "home"), OK);
    IS(do_symlink(&f->d, "/to-state", "/home/state"), OK);
    IS(do_symlink(&f->d, "/to-own", "home/state/own"), OK);
    IS(do_symlink(&f->d, "/to-own-by-above", "home/state/../../to-own"), OK);
    IS(do_symlink(&f->d, "/to-secret", "to-own/secret"), OK);
    IS(do_symlink(&f->d, "/to-key", "home/key"), OK);
    IS(do_two(&f->d, SALLY_OP_LINK, "/home/key", "/hard-key", 0), OK);
    driver_stop(&f->d);
    sally_fs *fs = hiding(f);
    driver_start(&f->d, fs, style);
    sally_fs_unref(fs);
}

static void is_not_there(struct driver *d, const char *path)
{
    sally_file *file;
    char text[TEXT_SIZE];
    sally_attrs attrs = {.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0777};
    const sally_op_hash hash = {.algorithms = "md5", .length = 0, .block_size = 0};
    char digests[HASH_TEXT_SIZE];
    IS(do_open(d, path, SALLY_OPEN_READ, &file), NO_SUCH_FILE);
    IS(do_open(d, path, SALLY_OPEN_WRITE | SALLY_OPEN_TRUNCATE, &file), NO_SUCH_FILE);
    IS(do_opendir(d, path, &file), NO_SUCH_FILE);
    IS(do_setstat(d, path, SALLY_FOLLOW, &attrs), NO_SUCH_FILE);
    IS(do_stat(d, path, SALLY_FOLLOW, &attrs), NO_SUCH_FILE);
    IS(do_path(d, SALLY_OP_STATVFS, path), NO_SUCH_FILE);
    IS(do_hash(d, NULL, path, &hash, digests), NO_SUCH_FILE);
    IS(do_text(d, SALLY_OP_REALPATH, path, SALLY_REALPATH_STAT_ALWAYS, text), NO_SUCH_FILE);
}

/* By a name of its own, not by a link. */
static void is_no_entry(struct driver *d, const char *path)
{
    sally_file *file;
    char text[TEXT_SIZE];
    sally_attrs attrs;
    IS(do_stat(d, path, 0, &attrs), NO_SUCH_FILE);
    IS(do_open(d, path, SALLY_OPEN_READ | SALLY_OPEN_NOFOLLOW, &file), NO_SUCH_FILE);
    IS(do_open(d, path, MAKES | SALLY_OPEN_TRUNCATE, &file), NO_SUCH_FILE);
    IS(do_open(d, path, MAKES | SALLY_OPEN_NOFOLLOW | SALLY_OPEN_TRUNCATE, &file), NO_SUCH_FILE);
    IS(do_path(d, SALLY_OP_REMOVE, path), NO_SUCH_FILE);
    IS(do_path(d, SALLY_OP_RMDIR, path), NO_SUCH_FILE);
    IS(do_mkdir(d, path, 0755), NO_SUCH_FILE);
    IS(do_symlink(d, path, "x"), NO_SUCH_FILE);
    IS(do_text(d, SALLY_OP_READLINK, path, 0, text), NO_SUCH_FILE);
    IS(do_two(d, SALLY_OP_RENAME, path, "/moved", 0), NO_SUCH_FILE);
    IS(do_two(d, SALLY_OP_RENAME, "/home/other", path, SALLY_RENAME_OVERWRITE), NO_SUCH_FILE);
    IS(do_two(d, SALLY_OP_LINK, path, "/linked", 0), NO_SUCH_FILE);
    IS(do_two(d, SALLY_OP_LINK, "/home/other", path, 0), NO_SUCH_FILE);
}

static void with_each(void (*check)(struct local_fixture *f))
{
    static const enum driver_style styles[] = {DRIVER_INLINE, DRIVER_TRYING};
    for (size_t i = 0; i < COUNT_OF(styles); i++) {
        struct local_fixture f;
        start(&f, styles[i]);
        check(&f);
        local_fixture_stop(&f);
    }
}

static void try_all_ways(struct local_fixture *f)
{
    sally_file *file;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        is_not_there(&f->d, ways[i].directory);
        is_not_there(&f->d, ways[i].inside);
        is_not_there(&f->d, ways[i].file);
        IS(do_open(&f->d, ways[i].new_inside, MAKES, &file), NO_SUCH_FILE);
        IS(do_mkdir(&f->d, ways[i].new_inside, 0755), NO_SUCH_FILE);
    }
    is_no_entry(&f->d, "/home/state/own");
    is_no_entry(&f->d, "/home/state/own/secret");
    is_no_entry(&f->d, "/home/state/own/new");
    is_no_entry(&f->d, "/home/key");
    is_no_entry(&f->d, "/hard-key");
}

static void nothing_leads_to_what_is_hidden(void **state)
{
    (void)state;
    with_each(try_all_ways);
}

static void list_all(struct local_fixture *f)
{
    struct listing list = {.count = 0};
    IS(do_list(&f->d, "/home", 0, &list), OK);
    assert_int_equal(list.count, 2);
    assert_non_null(listing_find(&list, "other"));
    assert_non_null(listing_find(&list, "state"));
    listing_clear(&list);
    struct listing empty = {.count = 0};
    IS(do_list(&f->d, "/home/state", 0, &empty), OK);
    assert_int_equal(empty.count, 0);
    listing_clear(&empty);
}

static void listings_leave_it_out(void **state)
{
    (void)state;
    with_each(list_all);
}

/* Else someone could put another directory of that name in its place. */
static void move_above(struct local_fixture *f)
{
    IS(do_two(&f->d, SALLY_OP_RENAME, "/home", "/moved", 0), PERMISSION_DENIED);
    IS(do_two(&f->d, SALLY_OP_RENAME, "/home/state", "/moved", 0), PERMISSION_DENIED);
    IS(do_two(&f->d, SALLY_OP_RENAME, "/to-home/state", "/moved", 0), PERMISSION_DENIED);
    assert_int_not_equal(do_path(&f->d, SALLY_OP_RMDIR, "/home/state"), SALLY_OK);
}

static void what_is_above_stays_where_it_is(void **state)
{
    (void)state;
    with_each(move_above);
}

static void use_others(struct local_fixture *f)
{
    char text[1001];
    sally_attrs attrs;
    assert_string_equal(file_text(&f->d, "/home/other", text), "other");
    assert_string_equal(file_text(&f->d, "/to-home/other", text), "other");
    make_file(&f->d, "/home/state/new", "new");
    IS(do_two(&f->d, SALLY_OP_RENAME, "/home/state/new", "/home/new", 0), OK);
    IS(do_stat(&f->d, "/to-own", 0, &attrs), OK);
    assert_int_equal(attrs.type, SALLY_TYPE_SYMLINK);
    IS(do_path(&f->d, SALLY_OP_REMOVE, "/to-own"), OK);
    IS(do_mkdir(&f->d, "/home/new-directory", 0755), OK);
    IS(do_two(&f->d, SALLY_OP_RENAME, "/home/new-directory", "/home/moved", 0), OK);
}

static void the_rest_is_as_ever(void **state)
{
    (void)state;
    with_each(use_others);
}

/* Also what is made a storage of its own. */
static void directories_as_storages_hide_it_too(void **state)
{
    (void)state;
    struct local_fixture f;
    sally_fs *below;
    start(&f, DRIVER_INLINE);
    driver_stop(&f.d);
    sally_fs *fs = hiding(&f);
    IS(sally_fs_chroot(&below, fs, "/home"), E_OK);
    sally_fs_unref(fs);
    driver_start(&f.d, below, DRIVER_INLINE);
    sally_fs_unref(below);
    is_not_there(&f.d, "/state/own");
    is_no_entry(&f.d, "/state/own/secret");
    is_no_entry(&f.d, "/key");
    local_fixture_stop(&f);
}

static void what_cannot_be_hidden_is_refused(void **state)
{
    (void)state;
    struct local_fixture f;
    sally_fs *fs, *memory;
    start(&f, DRIVER_INLINE);
    IS(local_new(&fs, local_fixture_path(&f, "/home/state"), 0, 0, false), E_OK);
    IS(sally_fs_local_hide(fs, local_fixture_path(&f, "/home/state")), E_RANGE);
    IS(sally_fs_local_hide(fs, local_fixture_path(&f, "/missing")), E_SYSTEM);
    IS(sally_fs_local_hide(fs, NULL), E_INVALID);
    IS(sally_fs_local_hide(NULL, f.scratch), E_INVALID);
    /* Not below it: paths keep going the fast way. */
    IS(sally_fs_local_hide(fs, local_fixture_path(&f, "/home/key")), E_OK);
    IS(sally_fs_local_hide(fs, f.scratch), E_OK);
    assert_int_equal(local_of(fs)->shared->hidden.count, 0);
    sally_fs_unref(fs);
    IS(local_new(&fs, f.scratch, SALLY_LOCAL_UNCONFINED, 0, false), E_OK);
    IS(sally_fs_local_hide(fs, local_fixture_path(&f, "/home/key")), E_INVALID);
    sally_fs_unref(fs);
    IS(sally_fs_memory(&memory, 0), E_OK);
    IS(sally_fs_local_hide(memory, f.scratch), E_INVALID);
    sally_fs_unref(memory);
    local_fixture_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_leads_to_what_is_hidden),
        cmocka_unit_test(listings_leave_it_out),
        cmocka_unit_test(what_is_above_stays_where_it_is),
        cmocka_unit_test(the_rest_is_as_ever),
        cmocka_unit_test(directories_as_storages_hide_it_too),
        cmocka_unit_test(what_cannot_be_hidden_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
