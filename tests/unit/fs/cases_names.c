/* Cases about names: directories, renaming, links, paths. */
#include "fs/cases.h"

#include <stdio.h>
#include <stdlib.h>

#define RW  (SALLY_OPEN_READ | SALLY_OPEN_WRITE)
#define NEW (RW | SALLY_OPEN_CREATE)

/* Status asserted with its name on the line. */
#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)

static void directories(struct driver *d)
{
    struct listing list;
    sally_file *file;
    IS(do_opendir(d, "/none", &file), NO_SUCH_FILE);
    make_file(d, "/f", "");
    IS(do_opendir(d, "/f", &file), NOT_A_DIRECTORY);
    IS(do_mkdir(d, "/d", 0755), OK);
    IS(do_mkdir(d, "/d", 0755), FILE_ALREADY_EXISTS);
    IS(do_mkdir(d, "/f", 0755), FILE_ALREADY_EXISTS);
    IS(do_mkdir(d, "/", 0755), FILE_ALREADY_EXISTS);
    IS(do_mkdir(d, "/none/d", 0755), NO_SUCH_FILE);
    IS(do_mkdir(d, "/f/d", 0755), NOT_A_DIRECTORY);
    IS(do_list(d, "/d", 0, &list), OK);
    assert_int_equal(list.count, 0);
    listing_clear(&list);
    make_file(d, "/d/one", "1");
    IS(do_mkdir(d, "/d/sub", 0711), OK);
    IS(do_symlink(d, "/d/link", "one"), OK);
    for (unsigned room = 0; room < 4; room++) {
        IS(do_list(d, "/d", room, &list), OK);
        assert_int_equal(list.count, 3);
        assert_int_equal(listing_find(&list, "one")->size, 1);
        assert_int_equal(listing_find(&list, "one")->type, SALLY_TYPE_REGULAR);
        assert_int_equal(listing_find(&list, "sub")->type, SALLY_TYPE_DIRECTORY);
        assert_int_equal(listing_find(&list, "sub")->permissions, 0711);
        assert_int_equal(listing_find(&list, "link")->type, SALLY_TYPE_SYMLINK);
        assert_true(list.owners[0][0] != 0);
        listing_clear(&list);
    }
    IS(do_path(d, SALLY_OP_RMDIR, "/d"), DIR_NOT_EMPTY);
    IS(do_path(d, SALLY_OP_RMDIR, "/f"), NOT_A_DIRECTORY);
    IS(do_path(d, SALLY_OP_RMDIR, "/none"), NO_SUCH_FILE);
    IS(do_path(d, SALLY_OP_RMDIR, "/"), PERMISSION_DENIED);
    IS(do_path(d, SALLY_OP_RMDIR, "/d/sub"), OK);
    IS(do_stat(d, "/d/sub", 0, NULL), NO_SUCH_FILE);
}

static void listing_while_it_changes(struct driver *d)
{
    char path[64];
    struct listing list = {.room = 10};
    sally_file *dir;
    IS(do_mkdir(d, "/d", 0755), OK);
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), "/d/stays%03d", i);
        make_file(d, path, "");
        snprintf(path, sizeof(path), "/d/goes%03d", i);
        make_file(d, path, "");
    }
    IS(do_opendir(d, "/d", &dir), OK);
    sally_status status;
    int at = 0;
    while ((status = do_readdir(d, dir, &list)) == SALLY_OK) {
        for (int i = 0; i < 10 && at < 200; i++, at++) {
            snprintf(path, sizeof(path), "/d/goes%03d", at);
            IS(do_path(d, SALLY_OP_REMOVE, path), OK);
            snprintf(path, sizeof(path), "/d/comes%03d", at);
            make_file(d, path, "");
        }
    }
    assert_int_equal(status, SALLY_EOF);
    IS(do_readdir(d, dir, &list), EOF);
    unsigned stays = 0;
    for (unsigned i = 0; i < list.count; i++)
        stays += strncmp(list.names[i], "stays", 5) == 0;
    assert_int_equal(stays, 200);
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), "stays%03d", i);
        assert_non_null(listing_find(&list, path));
    }
    listing_clear(&list);
    IS(do_closedir(d, dir), OK);

    /* A directory that is gone is empty. */
    IS(do_mkdir(d, "/gone", 0755), OK);
    IS(do_opendir(d, "/gone", &dir), OK);
    IS(do_path(d, SALLY_OP_RMDIR, "/gone"), OK);
    status = do_readdir(d, dir, &list);
    assert_true(status == SALLY_EOF || status == SALLY_NO_SUCH_FILE);
    IS(do_closedir(d, dir), OK);
    listing_clear(&list);
}

static void removing(struct driver *d)
{
    make_file(d, "/f", "");
    IS(do_mkdir(d, "/d", 0755), OK);
    IS(do_path(d, SALLY_OP_REMOVE, "/d"), FILE_IS_A_DIRECTORY);
    IS(do_path(d, SALLY_OP_REMOVE, "/"), FILE_IS_A_DIRECTORY);
    IS(do_path(d, SALLY_OP_REMOVE, "/none"), NO_SUCH_FILE);
    IS(do_path(d, SALLY_OP_REMOVE, "/f/x"), NOT_A_DIRECTORY);
    IS(do_path(d, SALLY_OP_REMOVE, "/f"), OK);
    IS(do_path(d, SALLY_OP_REMOVE, "/f"), NO_SUCH_FILE);
    IS(do_symlink(d, "/l", "/d"), OK);
    IS(do_path(d, SALLY_OP_RMDIR, "/l"), NOT_A_DIRECTORY);
    IS(do_path(d, SALLY_OP_REMOVE, "/l"), OK); /* the link, not what it leads to */
    IS(do_stat(d, "/d", 0, NULL), OK);
}

static void renaming(struct driver *d)
{
    char text[1001];
    sally_attrs attrs;
    make_file(d, "/a", "A");
    make_file(d, "/b", "B");
    IS(do_mkdir(d, "/d", 0755), OK);
    IS(do_mkdir(d, "/full", 0755), OK);
    make_file(d, "/full/x", "");
    IS(do_two(d, SALLY_OP_RENAME, "/a", "/b", 0), FILE_ALREADY_EXISTS);
    assert_string_equal(file_text(d, "/b", text), "B");
    IS(do_two(d, SALLY_OP_RENAME, "/none", "/c", 0), NO_SUCH_FILE);
    IS(do_two(d, SALLY_OP_RENAME, "/a", "/none/c", 0), NO_SUCH_FILE);
    IS(do_two(d, SALLY_OP_RENAME, "/a", "/c", 0), OK);
    IS(do_stat(d, "/a", 0, NULL), NO_SUCH_FILE);
    IS(do_two(d, SALLY_OP_RENAME, "/c", "/b", SALLY_RENAME_OVERWRITE), OK);
    assert_string_equal(file_text(d, "/b", text), "A");
    IS(do_two(d, SALLY_OP_RENAME, "/b", "/d", SALLY_RENAME_OVERWRITE), FILE_IS_A_DIRECTORY);
    IS(do_two(d, SALLY_OP_RENAME, "/d", "/b", SALLY_RENAME_OVERWRITE), NOT_A_DIRECTORY);
    IS(do_two(d, SALLY_OP_RENAME, "/d", "/full", SALLY_RENAME_OVERWRITE), DIR_NOT_EMPTY);
    IS(do_two(d, SALLY_OP_RENAME, "/full", "/full/sub", 0), INVALID_PARAMETER);
    IS(do_two(d, SALLY_OP_RENAME, "/full", "/full/x/y", 0), NOT_A_DIRECTORY);
    IS(do_two(d, SALLY_OP_RENAME, "/", "/z", 0), PERMISSION_DENIED);
    IS(do_two(d, SALLY_OP_RENAME, "/b", "/", SALLY_RENAME_OVERWRITE), PERMISSION_DENIED);
    IS(do_two(d, SALLY_OP_RENAME, "/full", "/d", SALLY_RENAME_OVERWRITE),
       OK); /* over an empty one */
    IS(do_stat(d, "/d/x", 0, NULL), OK);
    IS(do_two(d, SALLY_OP_RENAME, "/d", "/e", 0), OK);
    IS(do_stat(d, "/e/x", 0, NULL), OK);
    IS(do_two(d, SALLY_OP_RENAME, "/b", "/b", SALLY_RENAME_OVERWRITE), OK);
    assert_string_equal(file_text(d, "/b", text), "A");
    IS(do_two(d, SALLY_OP_LINK, "/b", "/b2", 0), OK);
    IS(do_two(d, SALLY_OP_RENAME, "/b", "/b2", SALLY_RENAME_OVERWRITE),
       OK); /* one file: both stay, says rename(2) */
    IS(do_stat(d, "/b2", 0, &attrs), OK);
    /* A link is renamed itself, and replaced itself. */
    IS(do_symlink(d, "/l", "/e"), OK);
    IS(do_two(d, SALLY_OP_RENAME, "/l", "/m", 0), OK);
    IS(do_stat(d, "/m", 0, &attrs), OK);
    assert_int_equal(attrs.type, SALLY_TYPE_SYMLINK);
    IS(do_two(d, SALLY_OP_RENAME, "/b2", "/m", SALLY_RENAME_OVERWRITE), OK);
    assert_string_equal(file_text(d, "/m", text), "A");
    IS(do_stat(d, "/e/x", 0, NULL), OK);
}

static void hard_links(struct driver *d)
{
    sally_attrs attrs;
    char text[1001];
    make_file(d, "/a", "A");
    IS(do_mkdir(d, "/d", 0755), OK);
    IS(do_two(d, SALLY_OP_LINK, "/a", "/d/b", 0), OK);
    IS(do_stat(d, "/a", 0, &attrs), OK);
    assert_int_equal(attrs.link_count, 2);
    sally_attrs other;
    IS(do_stat(d, "/d/b", 0, &other), OK);
    assert_true(attrs.valid & other.valid & SALLY_ATTR_IDENTITY);
    assert_true(attrs.device == other.device && attrs.inode == other.inode);
    IS(do_stat(d, "/d", 0, &other), OK);
    assert_true(attrs.inode != other.inode);
    IS(do_two(d, SALLY_OP_LINK, "/a", "/d/b", 0), FILE_ALREADY_EXISTS);
    IS(do_two(d, SALLY_OP_LINK, "/none", "/c", 0), NO_SUCH_FILE);
    IS(do_two(d, SALLY_OP_LINK, "/a", "/none/c", 0), NO_SUCH_FILE);
    IS(do_two(d, SALLY_OP_LINK, "/d", "/e", 0), PERMISSION_DENIED);
    IS(do_path(d, SALLY_OP_REMOVE, "/a"), OK);
    assert_string_equal(file_text(d, "/d/b", text), "A");
    IS(do_symlink(d, "/l", "/d/b"), OK);
    IS(do_two(d, SALLY_OP_LINK, "/l", "/l2", 0), OK); /* of the link itself */
    IS(do_stat(d, "/l2", 0, &attrs), OK);
    assert_int_equal(attrs.type, SALLY_TYPE_SYMLINK);
}

static void symbolic_links(struct driver *d)
{
    char text[TEXT_SIZE], content[1001];
    sally_attrs attrs;
    sally_file *file;
    make_file(d, "/f", "F");
    IS(do_mkdir(d, "/d", 0755), OK);
    IS(do_symlink(d, "/d/up", "../f"), OK);
    IS(do_symlink(d, "/abs", "/d/up"), OK);
    IS(do_symlink(d, "/dir", "d/"), OK);
    IS(do_symlink(d, "/dangling", "d/new"), OK);
    IS(do_symlink(d, "/f", "x"), FILE_ALREADY_EXISTS);
    IS(do_symlink(d, "/", "x"), FILE_ALREADY_EXISTS);
    IS(do_symlink(d, "/none/l", "x"), NO_SUCH_FILE);
    IS(do_symlink(d, "/empty", ""), NO_SUCH_FILE);
    assert_string_equal(file_text(d, "/abs", content), "F");
    assert_string_equal(file_text(d, "/dir/up", content), "F");
    IS(do_stat(d, "/abs", 0, &attrs), OK);
    assert_int_equal(attrs.type, SALLY_TYPE_SYMLINK);
    assert_int_equal(attrs.size, 5);
    IS(do_stat(d, "/abs", SALLY_FOLLOW, &attrs), OK);
    assert_int_equal(attrs.type, SALLY_TYPE_REGULAR);
    IS(do_stat(d, "/dangling", SALLY_FOLLOW, &attrs), NO_SUCH_FILE);

    IS(do_text(d, SALLY_OP_READLINK, "/d/up", 0, text), OK);
    assert_string_equal(text, "../f");
    IS(do_text(d, SALLY_OP_READLINK, "/dir", 0, text), OK);
    assert_string_equal(text, "d/");
    IS(do_text(d, SALLY_OP_READLINK, "/f", 0, text), INVALID_PARAMETER);
    IS(do_text(d, SALLY_OP_READLINK, "/", 0, text), INVALID_PARAMETER);
    IS(do_text(d, SALLY_OP_READLINK, "/none", 0, text), NO_SUCH_FILE);

    IS(do_open(d, "/abs", SALLY_OPEN_READ | SALLY_OPEN_NOFOLLOW, &file), LINK_LOOP);
    IS(do_open(d, "/abs", NEW | SALLY_OPEN_EXCLUSIVE, &file), FILE_ALREADY_EXISTS);
    IS(do_open(d, "/dangling", NEW | SALLY_OPEN_EXCLUSIVE, &file), FILE_ALREADY_EXISTS);
    make_file(d, "/dangling", "made");
    assert_string_equal(file_text(d, "/d/new", content), "made");

    /* Attributes of the link, and of what it leads to. */
    sally_attrs set = {.valid = SALLY_ATTR_ATIME | SALLY_ATTR_MTIME,
                       .atime = {.seconds = 11},
                       .mtime = {.seconds = 12}};
    IS(do_setstat(d, "/abs", 0, &set), OK);
    IS(do_stat(d, "/abs", 0, &attrs), OK);
    assert_true(attrs.mtime.seconds == 12);
    IS(do_stat(d, "/f", 0, &attrs), OK);
    assert_true(attrs.mtime.seconds != 12);
    IS(do_setstat(d, "/abs", SALLY_FOLLOW, &set), OK);
    IS(do_stat(d, "/f", 0, &attrs), OK);
    assert_true(attrs.mtime.seconds == 12);
    set = (sally_attrs){.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0600};
    IS(do_setstat(d, "/abs", 0, &set), OK); /* there is nothing to set */
    set = (sally_attrs){.valid = SALLY_ATTR_PERMISSIONS | SALLY_ATTR_MTIME,
                        .permissions = 0600,
                        .mtime = {.seconds = 77}};
    IS(do_setstat(d, "/abs", 0, &set), OK);
    IS(do_stat(d, "/abs", 0, &attrs), OK);
    assert_true(attrs.mtime.seconds == 77 && attrs.permissions == 0777);
    IS(do_stat(d, "/f", 0, &attrs), OK);
    assert_true(attrs.mtime.seconds != 77 && attrs.permissions != 0600);
    set = (sally_attrs){.valid = SALLY_ATTR_PERMISSIONS, .permissions = 0600};
    IS(do_setstat(d, "/abs", SALLY_FOLLOW, &set), OK);
    IS(do_stat(d, "/f", 0, &attrs), OK);
    assert_int_equal(attrs.permissions, 0600);
}

/* ".." ends at the root, absolute links begin there, loops end. */
static void confinement(struct driver *d)
{
    char text[TEXT_SIZE], content[1001], name[32], target[32];
    sally_file *file;
    sally_attrs attrs;
    make_file(d, "/passwd", "inside");
    IS(do_mkdir(d, "/etc", 0755), OK);
    make_file(d, "/etc/passwd", "inside etc");
    IS(do_mkdir(d, "/d", 0755), OK);
    static const struct {
        const char *target, *content, *canonical;
    } links[] = {
        {"/etc/passwd", "inside etc", "/etc/passwd"},
        {"../../../../../../etc/passwd", "inside etc", "/etc/passwd"},
        {"/../../../etc/passwd", "inside etc", "/etc/passwd"},
        {"..//..//./etc///passwd", "inside etc", "/etc/passwd"},
        {"../d/../d/../../passwd", "inside", "/passwd"},
        {"./../d/./.././passwd", "inside", "/passwd"},
    };
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        snprintf(name, sizeof(name), "/d/l%zu", i);
        IS(do_symlink(d, name, links[i].target), OK);
        assert_string_equal(file_text(d, name, content), links[i].content);
        IS(do_text(d, SALLY_OP_REALPATH, name, SALLY_REALPATH_STAT_IF, text), OK);
        assert_string_equal(text, links[i].canonical);
    }
    static const struct {
        const char *target, *canonical;
    } dirs[] = {{"/", "/"},      {"..", "/"},    {"../..", "/"},    {".", "/d"},
                {"../d/", "/d"}, {"/d/.", "/d"}, {"../etc/..", "/"}};
    for (size_t i = 0; i < COUNT_OF(dirs); i++) {
        snprintf(name, sizeof(name), "/d/dir%zu", i);
        IS(do_symlink(d, name, dirs[i].target), OK);
        IS(do_text(d, SALLY_OP_REALPATH, name, SALLY_REALPATH_STAT_IF, text), OK);
        assert_string_equal(text, dirs[i].canonical);
        IS(do_stat(d, name, SALLY_FOLLOW, &attrs), OK);
        assert_int_equal(attrs.type, SALLY_TYPE_DIRECTORY);
        snprintf(name, sizeof(name), "/d/dir%zu/x", i);
        IS(do_text(d, SALLY_OP_REALPATH, name, SALLY_REALPATH_STAT_IF, text), OK);
        IS(do_open(d, name, NEW, &file), OK);
        IS(do_close(d, file), OK);
        IS(do_stat(d, text, 0, &attrs), OK); /* made just where the canonical path says */
        IS(do_path(d, SALLY_OP_REMOVE, name), OK);
    }
    /* A slash after the name of a file asks for a directory. */
    IS(do_symlink(d, "/d/slash", "/passwd/"), OK);
    IS(do_open(d, "/d/slash", SALLY_OPEN_READ, &file), NOT_A_DIRECTORY);
    IS(do_stat(d, "/d/slash", SALLY_FOLLOW, &attrs), NOT_A_DIRECTORY);
    IS(do_text(d, SALLY_OP_REALPATH, "/d/slash", SALLY_REALPATH_STAT_IF, text), NOT_A_DIRECTORY);

    /* Loops. */
    IS(do_symlink(d, "/loop", "/loop"), OK);
    IS(do_symlink(d, "/ping", "/d/pong"), OK);
    IS(do_symlink(d, "/d/pong", "../ping"), OK);
    IS(do_symlink(d, "/grow", "/grow/x"), OK);
    static const char *const loops[] = {"/loop", "/loop/x", "/ping", "/ping/x/y", "/grow"};
    for (size_t i = 0; i < COUNT_OF(loops); i++) {
        IS(do_open(d, loops[i], NEW, &file), LINK_LOOP);
        IS(do_stat(d, loops[i], SALLY_FOLLOW, &attrs), LINK_LOOP);
        IS(do_text(d, SALLY_OP_REALPATH, loops[i], SALLY_REALPATH_STAT_IF, text), LINK_LOOP);
    }
    IS(do_mkdir(d, "/loop/x", 0755), LINK_LOOP);
    IS(do_path(d, SALLY_OP_REMOVE, "/loop"), OK);

    /* Forty links in a row are fine, one more is not. */
    make_file(d, "/chain0", "end");
    for (int i = 1; i <= 41; i++) {
        snprintf(name, sizeof(name), "/chain%d", i);
        snprintf(target, sizeof(target), "chain%d", i - 1);
        IS(do_symlink(d, name, target), OK);
    }
    assert_string_equal(file_text(d, "/chain40", content), "end");
    IS(do_open(d, "/chain41", SALLY_OPEN_READ, &file), LINK_LOOP);
}

static void real_paths(struct driver *d)
{
    char text[TEXT_SIZE];
    IS(do_mkdir(d, "/a", 0755), OK);
    IS(do_mkdir(d, "/a/b", 0755), OK);
    make_file(d, "/a/b/f", "");
    IS(do_symlink(d, "/l", "a/b"), OK);
    IS(do_symlink(d, "/a/b/back", "/l/f"), OK);
    IS(do_symlink(d, "/dangling", "a/none"), OK);
    IS(do_symlink(d, "/lost", "none/none"), OK);
    static const struct {
        const char *path;
        sally_status status, strict; /* with STAT_ALWAYS */
        const char *result;
    } rows[] = {
        {"/", SALLY_OK, SALLY_OK, "/"},
        {"/a", SALLY_OK, SALLY_OK, "/a"},
        {"/l", SALLY_OK, SALLY_OK, "/a/b"},
        {"/l/f", SALLY_OK, SALLY_OK, "/a/b/f"},
        {"/l/back", SALLY_OK, SALLY_OK, "/a/b/f"},
        {"/l/new", SALLY_OK, SALLY_NO_SUCH_FILE, "/a/b/new"},
        {"/new", SALLY_OK, SALLY_NO_SUCH_FILE, "/new"},
        {"/dangling", SALLY_OK, SALLY_NO_SUCH_FILE, "/a/none"},
        {"/lost", SALLY_NO_SUCH_FILE, SALLY_NO_SUCH_FILE, "/lost"},
        {"/new/new", SALLY_NO_SUCH_FILE, SALLY_NO_SUCH_FILE, "/new/new"},
        {"/l/f/x", SALLY_NOT_A_DIRECTORY, SALLY_NOT_A_DIRECTORY, ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        session_set_version(d->session, 3);
        assert_int_equal(do_text(d, SALLY_OP_REALPATH, rows[i].path, SALLY_REALPATH_STAT_IF, text),
                         rows[i].status);
        assert_string_equal(text, rows[i].status == SALLY_OK ? rows[i].result : "");
        session_set_version(d->session, 6);
        sally_status loose = rows[i].status == SALLY_NO_SUCH_FILE ? SALLY_OK : rows[i].status;
        assert_int_equal(do_text(d, SALLY_OP_REALPATH, rows[i].path, SALLY_REALPATH_STAT_IF, text),
                         loose);
        assert_string_equal(text, rows[i].result);
        IS(do_text(d, SALLY_OP_REALPATH, rows[i].path, SALLY_REALPATH_NO_CHECK, text), OK);
        assert_string_equal(text, rows[i].path); /* no link is resolved, nothing need exist */
        assert_int_equal(
            do_text(d, SALLY_OP_REALPATH, rows[i].path, SALLY_REALPATH_STAT_ALWAYS, text),
            rows[i].strict);
    }
    struct op *op = driver_op(d, SALLY_OP_REALPATH, "/l/f");
    op->pub.u.text.flags = SALLY_REALPATH_STAT_IF;
    IS(driver_do(d, op), OK);
    assert_int_equal(op->pub.u.text.attrs.type, SALLY_TYPE_REGULAR);
    op_free(op);
}

static void names(struct driver *d)
{
    char long_name[300], text[TEXT_SIZE];
    struct listing list;
    sally_file *file;
    static const char *const odd[] = {"/\xff\xfe\x80", "/a\nb",     "/ ",    "/-rf", "/..a",
                                      "/...",          "/\xc3\xa9", "/a\\b", "/*?[", "/\x01\x7f"};
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        make_file(d, odd[i], odd[i]);
        assert_string_equal(file_text(d, odd[i], text), odd[i]);
        IS(do_text(d, SALLY_OP_REALPATH, odd[i], SALLY_REALPATH_STAT_IF, text), OK);
        assert_string_equal(text, odd[i]);
    }
    IS(do_list(d, "/", 3, &list), OK);
    assert_int_equal(list.count, COUNT_OF(odd));
    for (size_t i = 0; i < COUNT_OF(odd); i++)
        assert_non_null(listing_find(&list, odd[i] + 1));
    listing_clear(&list);

    long_name[0] = '/';
    memset(long_name + 1, 'n', 255);
    long_name[256] = 0;
    make_file(d, long_name, "long");
    assert_string_equal(file_text(d, long_name, text), "long");
    IS(do_list(d, "/", 0, &list), OK);
    assert_non_null(listing_find(&list, long_name + 1));
    listing_clear(&list);
    memset(long_name + 1, 'n', 256);
    long_name[257] = 0;
    IS(do_open(d, long_name, NEW, &file), INVALID_FILENAME);
    IS(do_mkdir(d, long_name, 0755), INVALID_FILENAME);
    IS(do_text(d, SALLY_OP_REALPATH, long_name, SALLY_REALPATH_STAT_IF, text), INVALID_FILENAME);
}

/* Deeper than a path that the kernel takes in one piece. */
static void deep_paths(struct driver *d)
{
    char *path = calloc(1, 20000), text[TEXT_SIZE], content[1001];
    size_t size = 0, depth = 0;
    while (size < 9000) {
        size += (size_t)sprintf(path + size, "/%0120zu", depth++);
        IS(do_mkdir(d, path, 0755), OK);
    }
    strcpy(path + size, "/file");
    make_file(d, path, "deep");
    assert_string_equal(file_text(d, path, content), "deep");
    IS(do_stat(d, path, SALLY_FOLLOW, NULL), OK);
    IS(do_stat(d, path, 0, NULL), OK);
    IS(do_text(d, SALLY_OP_REALPATH, path, SALLY_REALPATH_STAT_IF, text), OK);
    assert_string_equal(text, path);
    IS(do_two(d, SALLY_OP_RENAME, path, "/up", 0), OK);
    assert_string_equal(file_text(d, "/up", content), "deep");
    IS(do_stat(d, path, 0, NULL), NO_SUCH_FILE);
    strcpy(path + size, "/link");
    IS(do_symlink(d, path, "../../../up"), OK);
    IS(do_stat(d, path, SALLY_FOLLOW, NULL), NO_SUCH_FILE);
    IS(do_path(d, SALLY_OP_REMOVE, path), OK);
    IS(do_symlink(d, path, "/up"), OK);
    assert_string_equal(file_text(d, path, content), "deep");
    IS(do_path(d, SALLY_OP_REMOVE, path), OK);
    path[size] = 0;
    while (size) {
        IS(do_path(d, SALLY_OP_RMDIR, path), OK);
        *strrchr(path, '/') = 0;
        size = strlen(path);
    }
    free(path);
}

static void many_entries(struct driver *d)
{
    char path[64];
    struct listing list;
    for (int i = 0; i < 400; i++) {
        snprintf(path, sizeof(path), "/%d-%x", i, (unsigned)i * 2654435761u);
        IS(do_mkdir(d, path, 0755), OK);
    }
    IS(do_list(d, "/", 97, &list), OK);
    assert_int_equal(list.count, 400);
    listing_clear(&list);
    for (int i = 0; i < 400; i += 2) {
        snprintf(path, sizeof(path), "/%d-%x", i, (unsigned)i * 2654435761u);
        IS(do_path(d, SALLY_OP_RMDIR, path), OK);
    }
    for (int i = 0; i < 400; i++) {
        snprintf(path, sizeof(path), "/%d-%x", i, (unsigned)i * 2654435761u);
        assert_int_equal(do_stat(d, path, 0, NULL), i % 2 ? SALLY_OK : SALLY_NO_SUCH_FILE);
    }
}

#define CASE(function)                                                                             \
    {                                                                                              \
#function, function                                                                        \
    }
const struct storage_case name_cases[] = {
    CASE(directories),  CASE(listing_while_it_changes),
    CASE(removing),     CASE(renaming),
    CASE(hard_links),   CASE(symbolic_links),
    CASE(confinement),  CASE(real_paths),
    CASE(names),        CASE(deep_paths),
    CASE(many_entries),
};
const size_t name_case_count = COUNT_OF(name_cases);
