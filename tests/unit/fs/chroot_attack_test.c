/* A user who can create links below a root tries to get out of it, by every operation and on every
 * kind of storage: those that resolve links below a directory themselves, and those for which the
 * library does. */
#include "fs/cases.h"

#include "fs/local.h"
#include "fs/scratch.h"

#define CHANGES_MADE (SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_TRUNCATE)

/* Alice's root is /alice, bob's files are beside it. */
struct ground {
    char scratch[SCRATCH_SIZE]; /* of storages on disk */
    char above[SCRATCH_SIZE];   /* the path of the directory that holds alice and bob; "" for "/" */
    sally_fs *fs;               /* holds both */
    struct driver all, alice;
};

enum kind {
    LOCAL,
    WALKING,
    UNCONFINED,
    MEMORY,
    WRAPPED_LOCAL,
    WRAPPED_UNCONFINED,
    WRAPPED_MEMORY,
    LATE_MEMORY
};

static bool on_disk(enum kind kind)
{
    return kind != MEMORY && kind != WRAPPED_MEMORY && kind != LATE_MEMORY;
}

static sally_fs *make(struct ground *g, enum kind kind)
{
    bool unconfined = kind == UNCONFINED || kind == WRAPPED_UNCONFINED;
    sally_fs *fs, *wrapped;
    if (on_disk(kind))
        assert_int_equal(local_new(&fs, scratch_make(g->scratch),
                                   unconfined ? SALLY_LOCAL_UNCONFINED : 0, 0, kind == WALKING),
                         SALLY_E_OK);
    else
        assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    if (unconfined)
        strcpy(g->above, g->scratch);
    if (kind < WRAPPED_LOCAL)
        return fs;
    assert_int_equal(sally_fs_fault(&wrapped, fs), SALLY_E_OK);
    sally_fs_unref(fs);
    const sally_fault late = {
        .struct_size = sizeof(late), .kinds = SALLY_OP_ALL, .action = SALLY_FAULT_LATE};
    if (kind == LATE_MEMORY)
        assert_int_equal(sally_fs_fault_add(wrapped, &late), SALLY_E_OK);
    return wrapped;
}

static const char *below(const struct ground *g, const char *path)
{
    static char full[SCRATCH_SIZE + 200];
    snprintf(full, sizeof(full), "%s%s", g->above, path);
    return full;
}

/* Links that lead to bob's directory from /alice, if anything lets them; then those to his file and
 * to one that he has not. */
static const char *const ways[][2] = {
    {"/relative", "../bob"},          {"/absolute", "/bob"},  {"/dots", "/../bob"},
    {"/deep", "d/../../bob"},         {"/d/up", "../../bob"}, {"/slash", "../bob/"},
    {"/slashes", "..//.//bob//"},     {"/chain", "chain2"},   {"/chain2", "chain3/"},
    {"/chain3", "../alice/../bob/."}, {"/top", ".."},         {"/to-file", "../bob/secret"},
    {"/to-nothing", "../bob/new"},
};

static void fill(struct ground *g)
{
    const struct {
        const char *path, *text;
    } files[] = {{"/bob/secret", "OUTSIDE"}, {"/bob/marker", "OUTSIDE"}, {"/alice/f", "inside"}};
    static const char *const dirs[] = {"/alice", "/alice/d", "/bob", "/bob/dir"};
    for (size_t i = 0; i < COUNT_OF(dirs); i++)
        assert_int_equal(do_mkdir(&g->all, below(g, dirs[i]), 0755), SALLY_OK);
    for (size_t i = 0; i < COUNT_OF(files); i++)
        make_file(&g->all, below(g, files[i].path), files[i].text);
}

static void ground_start(struct ground *g, enum kind kind, bool readonly)
{
    memset(g, 0, sizeof(*g));
    sally_fs *inner = make(g, kind), *seen, *subtree;
    driver_start(&g->all, inner, DRIVER_INLINE);
    fill(g);
    if (readonly)
        assert_int_equal(sally_fs_readonly(&seen, inner), SALLY_E_OK);
    else
        seen = sally_fs_ref(inner);
    assert_int_equal(sally_fs_chroot(&subtree, seen, below(g, "/alice")), SALLY_E_OK);
    driver_start(&g->alice, subtree, on_disk(kind) ? DRIVER_TRYING : DRIVER_INLINE);
    sally_fs_unref(subtree);
    sally_fs_unref(seen);
    g->fs = inner;
}

static void ground_stop(struct ground *g, enum kind kind)
{
    driver_stop(&g->alice);
    driver_stop(&g->all);
    sally_fs_unref(g->fs);
    if (on_disk(kind))
        scratch_remove(g->scratch);
}

static void check_outside(struct ground *g)
{
    struct listing list;
    char text[1001];
    const sally_attrs *attrs;
    assert_int_equal(do_list(&g->all, below(g, "/bob"), 0, &list), SALLY_OK);
    assert_int_equal(list.count, 3);
    assert_non_null(listing_find(&list, "marker"));
    assert_non_null(attrs = listing_find(&list, "secret"));
    assert_int_equal(attrs->link_count, 1);
    assert_int_not_equal(attrs->permissions, 0);
    assert_non_null(attrs = listing_find(&list, "dir"));
    assert_int_equal(attrs->permissions, 0755);
    listing_clear(&list);
    assert_string_equal(file_text(&g->all, below(g, "/bob/secret"), text), "OUTSIDE");
    assert_int_equal(do_list(&g->all, below(g, "/"), 0, &list), SALLY_OK);
    assert_int_equal(list.count, 2);
    listing_clear(&list);
}

static sally_status extended(struct driver *d, const char *path)
{
    struct op *op = driver_op(d, SALLY_OP_EXTENDED, path);
    op->pub.u.extended = (sally_op_extended){.name = "listxattr@proftpd.org", .data = ""};
    return driver_finish(d, op);
}

static void expect_no(sally_status status)
{
    assert_int_not_equal(status, SALLY_OK);
}

static void try_to_look(struct driver *d, const char *path)
{
    static const sally_op_hash how = {.algorithms = "sha256"};
    char text[TEXT_SIZE];
    sally_file *file;
    struct listing list;
    expect_no(do_open(d, path, SALLY_OPEN_READ, &file));
    expect_no(do_open(d, path, SALLY_OPEN_READ | SALLY_OPEN_NOFOLLOW, &file));
    expect_no(do_stat(d, path, SALLY_FOLLOW, NULL));
    expect_no(do_list(d, path, 0, &list));
    expect_no(do_hash(d, NULL, path, &how, text));
    expect_no(do_path(d, SALLY_OP_STATVFS, path));
}

static void try_to_change(struct driver *d, const char *path)
{
    const sally_attrs none = {.valid = SALLY_ATTR_PERMISSIONS};
    const sally_attrs cut = {.valid = SALLY_ATTR_SIZE};
    sally_file *file;
    expect_no(do_open(d, path, SALLY_OPEN_WRITE, &file));
    expect_no(do_open(d, path, CHANGES_MADE, &file));
    expect_no(do_open(d, path, CHANGES_MADE | SALLY_OPEN_EXCLUSIVE, &file));
    expect_no(do_setstat(d, path, SALLY_FOLLOW, &none));
    expect_no(do_setstat(d, path, SALLY_FOLLOW, &cut));
    expect_no(do_mkdir(d, path, 0755));
    expect_no(do_symlink(d, path, "secret"));
    expect_no(do_two(d, SALLY_OP_RENAME, "/f", path, 0));
    expect_no(do_two(d, SALLY_OP_LINK, "/f", path, 0));
}

/* What acts on a link itself; here there is a directory on the way that should not be there. */
static void try_entry(struct driver *d, const char *path)
{
    const sally_attrs none = {.valid = SALLY_ATTR_PERMISSIONS};
    char text[TEXT_SIZE];
    expect_no(do_stat(d, path, 0, NULL));
    expect_no(do_setstat(d, path, 0, &none));
    expect_no(do_path(d, SALLY_OP_REMOVE, path));
    expect_no(do_path(d, SALLY_OP_RMDIR, path));
    expect_no(do_two(d, SALLY_OP_RENAME, path, "/taken", 0));
    expect_no(do_two(d, SALLY_OP_RENAME, path, "/f", SALLY_RENAME_OVERWRITE));
    expect_no(do_two(d, SALLY_OP_LINK, path, "/taken", 0));
    expect_no(do_text(d, SALLY_OP_READLINK, path, 0, text));
    expect_no(extended(d, path));
}

/* Names of what lies outside are never told: what is, has a name here. */
static void try_realpath(struct ground *g, const char *path)
{
    char text[TEXT_SIZE];
    sally_status status = do_text(&g->alice, SALLY_OP_REALPATH, path, SALLY_REALPATH_STAT_IF, text);
    if (status == SALLY_OK) {
        assert_null(strstr(text, "alice"));
        assert_null(strstr(text, "sally-test"));
    }
    expect_no(do_text(&g->alice, SALLY_OP_REALPATH, path, SALLY_REALPATH_STAT_ALWAYS, text));
}

static void attack(struct ground *g, bool changes)
{
    static const char *const names[] = {"", "/secret", "/new", "/dir", "/bob/secret"};
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        for (size_t n = 0; n < COUNT_OF(names); n++) {
            char path[100];
            bool top = strcmp(ways[i][0], "/top") == 0 && n == 0; /* is alice's own root */
            snprintf(path, sizeof(path), "%s%s", ways[i][0], names[n]);
            if (!top) {
                try_to_look(&g->alice, path);
                try_realpath(g, path);
            }
            if (n > 0)
                try_entry(&g->alice, path);
            if (changes && n > 0 && strcmp(ways[i][0], "/top") != 0)
                try_to_change(&g->alice, path);
        }
    }
}

static void run(enum kind kind, bool readonly)
{
    struct ground g;
    ground_start(&g, kind, readonly);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        char path[200];
        snprintf(path, sizeof(path), "/alice%s", ways[i][0]);
        assert_int_equal(readonly ? do_symlink(&g.all, below(&g, path), ways[i][1])
                                  : do_symlink(&g.alice, ways[i][0], ways[i][1]),
                         SALLY_OK);
    }
    attack(&g, !readonly);
    check_outside(&g);
    ground_stop(&g, kind);
}

#define EVERY_KIND(name, what)                                                                     \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        what;                                                                                      \
    }

EVERY_KIND(local_by_the_kernel, run(LOCAL, false))
EVERY_KIND(local_by_walking, run(WALKING, false))
EVERY_KIND(local_without_walls, run(UNCONFINED, false))
EVERY_KIND(in_memory, run(MEMORY, false))
EVERY_KIND(wrapper_of_local, run(WRAPPED_LOCAL, false))
EVERY_KIND(wrapper_of_local_without_walls, run(WRAPPED_UNCONFINED, false))
EVERY_KIND(wrapper_of_memory, run(WRAPPED_MEMORY, false))
EVERY_KIND(answers_late, run(LATE_MEMORY, false))
EVERY_KIND(readonly_local, run(LOCAL, true))
EVERY_KIND(readonly_wrapper, run(WRAPPED_LOCAL, true))

/* What links do lead to, below the root, as chroot(2) has it. */
static void inside(enum kind kind)
{
    struct ground g;
    char text[TEXT_SIZE];
    struct listing list;
    sally_file *file;
    sally_attrs attrs;
    ground_start(&g, kind, false);
    struct driver *d = &g.alice;
    make_file(d, "/d/g", "inside");
    assert_int_equal(do_symlink(d, "/abs", "/../d//g"), SALLY_OK);
    assert_int_equal(do_symlink(d, "/d/rel", "../abs"), SALLY_OK);
    assert_int_equal(do_symlink(d, "/top", "../../.."), SALLY_OK);
    assert_string_equal(file_text(d, "/abs", text), "inside");
    assert_string_equal(file_text(d, "/d/rel", text), "inside");
    assert_string_equal(file_text(d, "/top/top/d/rel", text), "inside");
    assert_int_equal(do_list(d, "/top", 2, &list), SALLY_OK);
    assert_int_equal(list.count, 4);
    listing_clear(&list);
    assert_int_equal(do_text(d, SALLY_OP_REALPATH, "/top/d/rel", SALLY_REALPATH_STAT_IF, text),
                     SALLY_OK);
    assert_string_equal(text, "/d/g");
    assert_int_equal(do_text(d, SALLY_OP_REALPATH, "/top", SALLY_REALPATH_STAT_IF, text), SALLY_OK);
    assert_string_equal(text, "/");

    /* A link's text is what was given, from inside and from outside. */
    assert_int_equal(do_text(d, SALLY_OP_READLINK, "/abs", 0, text), SALLY_OK);
    assert_string_equal(text, "/../d//g");
    assert_int_equal(do_text(&g.all, SALLY_OP_READLINK, below(&g, "/alice/abs"), 0, text),
                     SALLY_OK);
    assert_string_equal(text, "/../d//g");

    /* Through a link to nothing a file is made where the link leads, in here. */
    assert_int_equal(do_symlink(d, "/dangling", "../../made"), SALLY_OK);
    assert_int_equal(do_open(d, "/dangling", CHANGES_MADE | SALLY_OPEN_EXCLUSIVE, &file),
                     SALLY_FILE_ALREADY_EXISTS);
    expect_no(do_open(d, "/dangling", CHANGES_MADE | SALLY_OPEN_NOFOLLOW, &file));
    make_file(d, "/dangling", "made");
    assert_string_equal(file_text(&g.all, below(&g, "/alice/made"), text), "made");

    /* A link can itself be looked at, moved and removed. */
    assert_int_equal(do_stat(d, "/abs", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.type, SALLY_TYPE_SYMLINK);
    assert_int_equal(do_two(d, SALLY_OP_RENAME, "/abs", "/top/d/moved", 0), SALLY_OK);
    assert_int_equal(do_stat(d, "/d/moved", 0, &attrs), SALLY_OK);
    assert_int_equal(attrs.type, SALLY_TYPE_SYMLINK);
    assert_int_equal(do_two(d, SALLY_OP_LINK, "/top/d/g", "/top/second", 0), SALLY_OK);
    assert_string_equal(file_text(d, "/second", text), "inside");
    assert_int_equal(do_path(d, SALLY_OP_REMOVE, "/top/d/moved"), SALLY_OK);
    assert_string_equal(file_text(d, "/d/g", text), "inside");
    check_outside(&g);
    ground_stop(&g, kind);
}

EVERY_KIND(inside_local, inside(LOCAL))
EVERY_KIND(inside_walking, inside(WALKING))
EVERY_KIND(inside_without_walls, inside(UNCONFINED))
EVERY_KIND(inside_memory, inside(MEMORY))
EVERY_KIND(inside_wrapper_of_local, inside(WRAPPED_LOCAL))
EVERY_KIND(inside_wrapper_of_memory, inside(WRAPPED_MEMORY))
EVERY_KIND(inside_late, inside(LATE_MEMORY))

static void loops(enum kind kind)
{
    struct ground g;
    char name[32], text[TEXT_SIZE];
    sally_file *file;
    ground_start(&g, kind, false);
    struct driver *d = &g.alice;
    assert_int_equal(do_symlink(d, "/self", "self"), SALLY_OK);
    assert_int_equal(do_symlink(d, "/a", "/b/x"), SALLY_OK);
    assert_int_equal(do_symlink(d, "/b", "../a"), SALLY_OK);
    static const char *const paths[] = {"/self", "/a", "/b", "/self/x", "/a/x"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        assert_int_equal(do_open(d, paths[i], SALLY_OPEN_READ, &file), SALLY_LINK_LOOP);
        assert_int_equal(do_stat(d, paths[i], SALLY_FOLLOW, NULL), SALLY_LINK_LOOP);
    }
    /* 40 links are followed, and not one more. */
    for (int i = 0; i < 41; i++) {
        char to[32];
        snprintf(name, sizeof(name), "/l%d", i);
        snprintf(to, sizeof(to), i == 0 ? "f" : "l%d", i - 1);
        assert_int_equal(do_symlink(d, name, to), SALLY_OK);
    }
    assert_string_equal(file_text(d, "/l39", text), "inside");
    assert_int_equal(do_open(d, "/l40", SALLY_OPEN_READ, &file), SALLY_LINK_LOOP);
    ground_stop(&g, kind);
}

EVERY_KIND(loops_local, loops(LOCAL))
EVERY_KIND(loops_walking, loops(WALKING))
EVERY_KIND(loops_memory, loops(MEMORY))
EVERY_KIND(loops_wrapper, loops(WRAPPED_LOCAL))
EVERY_KIND(loops_late, loops(LATE_MEMORY))

/* A root below a root: a link on the way to it, made by who lives in the first one, does not lead
 * out of that either. */
static void nested(enum kind kind)
{
    struct ground g;
    struct driver d;
    sally_file *file;
    char text[TEXT_SIZE];
    sally_fs *alices, *fs;
    ground_start(&g, kind, false);
    assert_int_equal(do_symlink(&g.alice, "/way", "../bob"), SALLY_OK);
    assert_int_equal(do_symlink(&g.alice, "/home", "../d"), SALLY_OK);
    make_file(&g.alice, "/d/g", "inside");
    assert_int_equal(do_symlink(&g.alice, "/d/out", "../f"), SALLY_OK);
    assert_int_equal(sally_fs_chroot(&alices, g.fs, below(&g, "/alice")), SALLY_E_OK);
    assert_int_equal(sally_fs_chroot(&fs, alices, "/way"), SALLY_E_OK);
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    expect_no(do_open(&d, "/secret", SALLY_OPEN_READ, &file));
    expect_no(do_open(&d, "/new", CHANGES_MADE, &file));
    driver_stop(&d);

    assert_int_equal(sally_fs_chroot(&fs, alices, "/home"), SALLY_E_OK);
    sally_fs_unref(alices);
    driver_start(&d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    assert_string_equal(file_text(&d, "/g", text), "inside");
    assert_int_equal(do_open(&d, "/out", SALLY_OPEN_READ, &file), SALLY_NO_SUCH_FILE);
    driver_stop(&d);
    check_outside(&g);
    ground_stop(&g, kind);
}

EVERY_KIND(nested_local, nested(LOCAL))
EVERY_KIND(nested_walking, nested(WALKING))
EVERY_KIND(nested_without_walls, nested(UNCONFINED))
EVERY_KIND(nested_memory, nested(MEMORY))
EVERY_KIND(nested_wrapper, nested(WRAPPED_LOCAL))
EVERY_KIND(nested_late, nested(LATE_MEMORY))

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_by_the_kernel),
        cmocka_unit_test(local_by_walking),
        cmocka_unit_test(local_without_walls),
        cmocka_unit_test(in_memory),
        cmocka_unit_test(wrapper_of_local),
        cmocka_unit_test(wrapper_of_local_without_walls),
        cmocka_unit_test(wrapper_of_memory),
        cmocka_unit_test(answers_late),
        cmocka_unit_test(readonly_local),
        cmocka_unit_test(readonly_wrapper),
        cmocka_unit_test(inside_local),
        cmocka_unit_test(inside_walking),
        cmocka_unit_test(inside_without_walls),
        cmocka_unit_test(inside_memory),
        cmocka_unit_test(inside_wrapper_of_local),
        cmocka_unit_test(inside_wrapper_of_memory),
        cmocka_unit_test(inside_late),
        cmocka_unit_test(loops_local),
        cmocka_unit_test(loops_walking),
        cmocka_unit_test(loops_memory),
        cmocka_unit_test(loops_wrapper),
        cmocka_unit_test(loops_late),
        cmocka_unit_test(nested_local),
        cmocka_unit_test(nested_walking),
        cmocka_unit_test(nested_without_walls),
        cmocka_unit_test(nested_memory),
        cmocka_unit_test(nested_wrapper),
        cmocka_unit_test(nested_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
