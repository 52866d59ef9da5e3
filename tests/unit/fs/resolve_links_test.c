/* Exactly what a storage is asked whose links the library resolves, and what it is never asked. */
#include "fs/cases.h"

#include "core/fs.h"
#include "core/path.h"
#include "sallyport/file.h"

/* A storage of a few things in a table. */
struct thing {
    const char *path;
    uint32_t type; /* SALLY_TYPE_UNKNOWN: the storage does not tell */
    const char *link;
};

static const struct thing standard[] = {
    {"/r/d", SALLY_TYPE_DIRECTORY, NULL},     {"/r/d/f", SALLY_TYPE_REGULAR, NULL},
    {"/r/l", SALLY_TYPE_SYMLINK, "d"},        {"/r/d/m", SALLY_TYPE_SYMLINK, "../../d/./f"},
    {"/r/abs", SALLY_TYPE_SYMLINK, "/d/f"},   {"/r/slash", SALLY_TYPE_SYMLINK, "d/f/"},
    {"/r/empty", SALLY_TYPE_SYMLINK, ""},     {"/r/out", SALLY_TYPE_SYMLINK, "../x"},
    {"/r/no-dir", SALLY_TYPE_SYMLINK, "no/"}, {"/r/u", SALLY_TYPE_UNKNOWN, "d/f"},
    {"/r/v", SALLY_TYPE_UNKNOWN, NULL},       {"/x", SALLY_TYPE_REGULAR, NULL},
    {"/r", SALLY_TYPE_DIRECTORY, NULL},       {"/r/top", SALLY_TYPE_SYMLINK, ".."},
};

struct table {
    const struct thing *things;
    size_t count;
    char asked[4000]; /* "stat /a readlink /b ... " */
    uint32_t open_flags, stat_flags;
    bool late;
    sally_status no_link; /* what READLINK says of what is not a link */
    sally_op *waits;
};

static const struct thing *find(const struct table *t, const char *path)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->things[i].path, path) == 0)
            return &t->things[i];
    return NULL;
}

static sally_status answer(const struct table *t, sally_op *op)
{
    const struct thing *thing = find(t, op->path);
    switch (op->kind) {
    case SALLY_OP_STAT:
        if (thing && thing->type != SALLY_TYPE_UNKNOWN) {
            op->u.stat.attrs.type = thing->type;
            op->u.stat.attrs.valid = SALLY_ATTR_TYPE;
        }
        return thing ? SALLY_OK : SALLY_NO_SUCH_FILE;
    case SALLY_OP_READLINK:
        return thing && thing->link ? sally_op_set_result(op, thing->link) : t->no_link;
    case SALLY_OP_REALPATH:
        return sally_op_set_result(op, op->path);
    case SALLY_OP_READDIR:
        return SALLY_EOF;
    default:
        return SALLY_OK;
    }
}

static sally_status slot(sally_fs *fs, sally_op *op)
{
    struct table *t = sally_fs_data(fs);
    size_t used = strlen(t->asked);
    const char *to =
        op->kind == SALLY_OP_RENAME || op->kind == SALLY_OP_LINK ? op->u.rename.to : "";
    snprintf(t->asked + used, sizeof(t->asked) - used, "%s %s%s%s ", sally_op_kind_name(op->kind),
             op->path, *to ? ">" : "", to);
    if (op->kind == SALLY_OP_OPEN)
        t->open_flags = op->u.open.flags;
    if (op->kind == SALLY_OP_STAT)
        t->stat_flags |= op->u.stat.flags;
    if (!t->late)
        return answer(t, op);
    t->waits = op;
    return SALLY_PENDING;
}

struct bench {
    struct table table;
    struct driver d;
};

static void start(struct bench *b, const sally_fs_methods *methods)
{
    sally_fs *inner, *fs;
    b->table = (struct table){
        .things = standard, .count = COUNT_OF(standard), .no_link = SALLY_INVALID_PARAMETER};
    assert_int_equal(sally_fs_new(&inner, methods, &b->table), SALLY_E_OK);
    assert_int_equal(sally_fs_chroot(&fs, inner, "/r"), SALLY_E_OK);
    driver_start(&b->d, fs, DRIVER_TRYING);
    sally_fs_unref(fs);
    sally_fs_unref(inner);
}

static sally_fs_methods all_slots(void)
{
    sally_fs_methods methods = {.struct_size = sizeof(methods), .traits = SALLY_FS_NONBLOCKING};
#define FILL(name, value, member, permission) methods.member = slot;
    SALLY_OP_MAP(FILL)
#undef FILL
    methods.fstat = methods.fsetstat = NULL;
    return methods;
}

/* Does it, with answers at once or late, and looks that the operation comes back as it went. */
static sally_status ask(struct bench *b, struct op *op)
{
    const sally_op before = op->pub;
    bool done;
    b->table.asked[0] = 0;
    b->table.stat_flags = 0;
    driver_begin(&b->d, op, &done);
    while (!done && b->table.waits) {
        sally_op *waits = b->table.waits;
        b->table.waits = NULL;
        sally_op_finish(waits, answer(&b->table, waits));
        if (!b->table.waits)
            driver_wait(&b->d, &done);
    }
    assert_true(done);
    assert_ptr_equal(op->pub.path, before.path);
    assert_int_equal(op->pub.kind, before.kind);
    switch (before.kind) {
    case SALLY_OP_OPEN:
        assert_int_equal(op->pub.u.open.flags, before.u.open.flags);
        break;
    case SALLY_OP_STAT:
        assert_int_equal(op->pub.u.stat.flags, before.u.stat.flags);
        break;
    case SALLY_OP_RENAME:
    case SALLY_OP_LINK:
        assert_ptr_equal(op->pub.u.rename.to, before.u.rename.to);
        break;
    default:
        break;
    }
    return op->pub.status;
}

static sally_status ask_path(struct bench *b, uint32_t kind, const char *path, uint32_t flags)
{
    static const sally_attrs none;
    struct op *op = driver_op(&b->d, kind, path);
    if (kind == SALLY_OP_OPEN) {
        op->pub.u.open.flags = flags;
        op->pub.u.open.attrs = &none;
    } else if (kind == SALLY_OP_STAT) {
        op->pub.u.stat.flags = flags;
    } else if (kind == SALLY_OP_SETSTAT || kind == SALLY_OP_MKDIR) {
        op->pub.u.setstat.flags = flags;
        op->pub.u.setstat.attrs = &none;
    } else if (kind == SALLY_OP_SYMLINK) {
        op->pub.u.symlink.target = "../../any";
    } else if (kind == SALLY_OP_REALPATH) {
        op->pub.u.text.flags = flags;
    }
    sally_status status = ask(b, op);
    if (kind == SALLY_OP_OPEN && status == SALLY_OK) {
        bool late = b->table.late;
        b->table.late = false; /* not what is examined here */
        char asked[sizeof(b->table.asked)];
        strcpy(asked, b->table.asked);
        assert_int_equal(do_close(&b->d, op->pub.file), SALLY_OK);
        strcpy(b->table.asked, asked);
        b->table.late = late;
    }
    op_free(op);
    return status;
}

static sally_status ask_two(struct bench *b, uint32_t kind, const char *path, const char *to)
{
    struct op *op = driver_op(&b->d, kind, path);
    op->pub.u.rename.to = to;
    sally_status status = ask(b, op);
    op_free(op);
    return status;
}

#define EXPECT_ASKED(b, status, text, call)                                                        \
    do {                                                                                           \
        assert_int_equal(call, status);                                                            \
        assert_string_equal((b)->table.asked, text);                                               \
    } while (0)

static void asks_what_it_must(bool late)
{
    const uint32_t follow = SALLY_FOLLOW;
    const sally_fs_methods methods = all_slots();
    struct bench b;
    start(&b, &methods);
    b.table.late = late;
    EXPECT_ASKED(&b, SALLY_OK, "stat /r/d stat /r/d/f open /r/d/f ",
                 ask_path(&b, SALLY_OP_OPEN, "/d/f", SALLY_OPEN_READ));
    assert_int_equal(b.table.open_flags, SALLY_OPEN_READ | SALLY_OPEN_NOFOLLOW);
    EXPECT_ASKED(&b, SALLY_OK,
                 "stat /r/l readlink /r/l stat /r/d stat /r/d/m readlink /r/d/m stat /r/d stat "
                 "/r/d/f stat /r/d/f ",
                 ask_path(&b, SALLY_OP_STAT, "/l/m", follow));
    assert_int_equal(b.table.stat_flags, 0);
    EXPECT_ASKED(&b, SALLY_OK, "stat /r/l readlink /r/l stat /r/d stat /r/d/m ",
                 ask_path(&b, SALLY_OP_STAT, "/l/m", 0));
    EXPECT_ASKED(&b, SALLY_OK, "stat /r/abs readlink /r/abs stat /r/d stat /r/d/f setstat /r/d/f ",
                 ask_path(&b, SALLY_OP_SETSTAT, "/abs", follow));
    EXPECT_ASKED(&b, SALLY_OK, "setstat /r/abs ", ask_path(&b, SALLY_OP_SETSTAT, "/abs", 0));
    /* The root may be a link there, but is a directory here. */
    EXPECT_ASKED(&b, SALLY_OK, "stat /r ", ask_path(&b, SALLY_OP_STAT, "/", 0));
    assert_int_equal(b.table.stat_flags, SALLY_FOLLOW);
    EXPECT_ASKED(&b, SALLY_OK, "stat /r/top readlink /r/top stat /r ",
                 ask_path(&b, SALLY_OP_STAT, "/top", follow));
    assert_int_equal(b.table.stat_flags, SALLY_FOLLOW);

    /* A file that is made: where the link leads, or exactly here. */
    EXPECT_ASKED(&b, SALLY_OK, "stat /r/out readlink /r/out stat /r/x open /r/x ",
                 ask_path(&b, SALLY_OP_OPEN, "/out", SALLY_OPEN_WRITE | SALLY_OPEN_CREATE));
    EXPECT_ASKED(&b, SALLY_OK, "open /r/out ",
                 ask_path(&b, SALLY_OP_OPEN, "/out",
                          SALLY_OPEN_WRITE | SALLY_OPEN_CREATE | SALLY_OPEN_EXCLUSIVE));
    EXPECT_ASKED(&b, SALLY_OK, "open /r/out ",
                 ask_path(&b, SALLY_OP_OPEN, "/out", SALLY_OPEN_READ | SALLY_OPEN_NOFOLLOW));

    static const uint32_t of_links[] = {SALLY_OP_REMOVE,   SALLY_OP_MKDIR,   SALLY_OP_RMDIR,
                                        SALLY_OP_READLINK, SALLY_OP_SYMLINK, SALLY_OP_EXTENDED};
    for (size_t i = 0; i < COUNT_OF(of_links); i++) {
        char text[100];
        snprintf(text, sizeof(text), "stat /r/l readlink /r/l stat /r/d %s /r/d/m ",
                 sally_op_kind_name(of_links[i]));
        EXPECT_ASKED(&b, SALLY_OK, text, ask_path(&b, of_links[i], "/l/m", 0));
    }
    static const uint32_t of_targets[] = {SALLY_OP_STATVFS, SALLY_OP_HASH, SALLY_OP_REALPATH};
    for (size_t i = 0; i < COUNT_OF(of_targets); i++) {
        char text[100];
        snprintf(text, sizeof(text), "stat /r/abs readlink /r/abs stat /r/d stat /r/d/f %s /r/d/f ",
                 sally_op_kind_name(of_targets[i]));
        EXPECT_ASKED(&b, SALLY_OK, text, ask_path(&b, of_targets[i], "/abs", 0));
    }
    static const uint32_t two[] = {SALLY_OP_RENAME, SALLY_OP_LINK};
    for (size_t i = 0; i < COUNT_OF(two); i++) {
        char text[200];
        snprintf(text, sizeof(text),
                 "stat /r/l readlink /r/l stat /r/d stat /r/l readlink /r/l stat /r/d %s "
                 "/r/d/m>/r/d/n ",
                 sally_op_kind_name(two[i]));
        EXPECT_ASKED(&b, SALLY_OK, text, ask_two(&b, two[i], "/l/m", "/l/n"));
    }
    b.table.late = false;
    driver_stop(&b.d);
}

static void at_once(void **state)
{
    (void)state;
    asks_what_it_must(false);
}

static void late(void **state)
{
    (void)state;
    asks_what_it_must(true);
}

static void refuses(void **state)
{
    (void)state;
    const sally_fs_methods methods = all_slots();
    const uint32_t make = SALLY_OPEN_WRITE | SALLY_OPEN_CREATE;
    struct bench b;
    start(&b, &methods);
    EXPECT_ASKED(&b, SALLY_NO_SUCH_FILE, "stat /r/no ",
                 ask_path(&b, SALLY_OP_OPEN, "/no/x", SALLY_OPEN_READ));
    EXPECT_ASKED(&b, SALLY_NOT_A_DIRECTORY, "stat /r/d stat /r/d/f ",
                 ask_path(&b, SALLY_OP_REMOVE, "/d/f/x", 0));
    EXPECT_ASKED(&b, SALLY_NO_SUCH_FILE, "stat /r/empty readlink /r/empty ",
                 ask_path(&b, SALLY_OP_OPEN, "/empty", make));
    /* The slash behind a name says that a directory is meant. */
    EXPECT_ASKED(&b, SALLY_NOT_A_DIRECTORY,
                 "stat /r/slash readlink /r/slash stat /r/d stat /r/d/f ",
                 ask_path(&b, SALLY_OP_STAT, "/slash", SALLY_FOLLOW));
    EXPECT_ASKED(&b, SALLY_NO_SUCH_FILE, "stat /r/no-dir readlink /r/no-dir stat /r/no ",
                 ask_path(&b, SALLY_OP_OPEN, "/no-dir", make));
    /* Both paths count. */
    EXPECT_ASKED(&b, SALLY_NO_SUCH_FILE, "stat /r/no ",
                 ask_two(&b, SALLY_OP_RENAME, "/abs", "/no/x"));
    driver_stop(&b.d);
}

/* Where STAT does not tell the type, READLINK does. */
static void untold_types(void **state)
{
    (void)state;
    sally_fs_methods methods = all_slots();
    struct bench b;
    start(&b, &methods);
    EXPECT_ASKED(&b, SALLY_OK, "stat /r/u readlink /r/u stat /r/d stat /r/d/f open /r/d/f ",
                 ask_path(&b, SALLY_OP_OPEN, "/u", SALLY_OPEN_READ));
    EXPECT_ASKED(&b, SALLY_OK, "stat /r/v readlink /r/v open /r/v ",
                 ask_path(&b, SALLY_OP_OPEN, "/v", SALLY_OPEN_READ));
    b.table.no_link = SALLY_FAILURE;
    assert_int_equal(ask_path(&b, SALLY_OP_OPEN, "/v", SALLY_OPEN_READ), SALLY_OK);
    b.table.no_link = SALLY_CONNECTION_LOST; /* that is no answer */
    EXPECT_ASKED(&b, SALLY_CONNECTION_LOST, "stat /r/v readlink /r/v ",
                 ask_path(&b, SALLY_OP_OPEN, "/v", SALLY_OPEN_READ));
    driver_stop(&b.d);
}

/* Who has links and cannot be asked about them gets nothing whose way could lead out. */
static void cannot_be_asked(void **state)
{
    (void)state;
    sally_fs_methods methods = all_slots();
    struct bench b;
    methods.stat = NULL;
    start(&b, &methods);
    EXPECT_ASKED(&b, SALLY_PERMISSION_DENIED, "",
                 ask_path(&b, SALLY_OP_OPEN, "/d", SALLY_OPEN_READ));
    EXPECT_ASKED(&b, SALLY_PERMISSION_DENIED, "", ask_path(&b, SALLY_OP_REMOVE, "/d/f", 0));
    EXPECT_ASKED(&b, SALLY_OK, "remove /r/d ", ask_path(&b, SALLY_OP_REMOVE, "/d", 0));
    driver_stop(&b.d);

    methods = all_slots();
    methods.readlink = NULL; /* but clients can make links */
    start(&b, &methods);
    EXPECT_ASKED(&b, SALLY_PERMISSION_DENIED, "stat /r/abs ",
                 ask_path(&b, SALLY_OP_OPEN, "/abs", SALLY_OPEN_READ));
    EXPECT_ASKED(&b, SALLY_OK, "stat /r/d stat /r/d/f open /r/d/f ",
                 ask_path(&b, SALLY_OP_OPEN, "/d/f", SALLY_OPEN_READ));
    driver_stop(&b.d);

    methods.symlink = NULL; /* there are no links */
    start(&b, &methods);
    EXPECT_ASKED(&b, SALLY_OK, "open /r/abs/f ",
                 ask_path(&b, SALLY_OP_OPEN, "/abs/f", SALLY_OPEN_READ));
    assert_int_equal(b.table.open_flags, SALLY_OPEN_READ);
    EXPECT_ASKED(&b, SALLY_OK, "stat /r/abs ", ask_path(&b, SALLY_OP_STAT, "/abs", SALLY_FOLLOW));
    assert_int_equal(b.table.stat_flags, SALLY_FOLLOW);
    driver_stop(&b.d);
}

static struct thing changed[COUNT_OF(standard)];

/* Operations on an open file cost no look-up and bring the way that was found; where FSTAT is done
 * by path, a link that has taken the file's place meanwhile leads nowhere. */
static void open_files(void **state)
{
    (void)state;
    const sally_fs_methods methods = all_slots();
    struct bench b;
    sally_file *file;
    sally_attrs attrs = {.valid = SALLY_ATTR_PERMISSIONS};
    char data[10];
    uint32_t length = sizeof(data);
    start(&b, &methods);
    assert_int_equal(do_open(&b.d, "/l/f", SALLY_OPEN_READ | SALLY_OPEN_WRITE, &file), SALLY_OK);
    assert_string_equal(sally_file_path(file), "/l/f");
    b.table.asked[0] = 0;
    do_read(&b.d, file, 0, data, &length);
    length = sizeof(data);
    do_write(&b.d, file, 0, data, 0);
    assert_int_equal(do_fsync(&b.d, file), SALLY_OK);
    assert_string_equal(b.table.asked, "read /r/d/f write /r/d/f fsync /r/d/f ");

    memcpy(changed, standard, sizeof(standard));
    changed[1].type = SALLY_TYPE_SYMLINK;
    changed[1].link = "../../x";
    b.table.things = changed;
    b.table.asked[0] = 0;
    assert_int_equal(do_fstat(&b.d, file, &attrs), SALLY_NO_SUCH_FILE);
    assert_int_equal(do_fsetstat(&b.d, file, &attrs), SALLY_OK); /* of "/r/x" */
    assert_null(strstr(b.table.asked, " /x "));
    assert_non_null(strstr(b.table.asked, "setstat /r/x "));
    b.table.asked[0] = 0;
    assert_int_equal(do_close(&b.d, file), SALLY_OK);
    assert_string_equal(b.table.asked, "close /r/d/f ");

    assert_int_equal(do_opendir(&b.d, "/l", &file), SALLY_OK);
    b.table.asked[0] = 0;
    assert_int_equal(driver_finish(&b.d, driver_file_op(&b.d, SALLY_OP_READDIR, file)), SALLY_EOF);
    assert_int_equal(do_closedir(&b.d, file), SALLY_OK);
    assert_string_equal(b.table.asked, "readdir /r/d closedir /r/d ");
    driver_stop(&b.d);
}

/* Long texts and long ways end somewhere. */
static void bounds(void **state)
{
    (void)state;
    const sally_fs_methods methods = all_slots();
    static char text[PATH_MAX_BYTES + 1];
    struct thing things[] = {
        {"/r/a", SALLY_TYPE_SYMLINK, text}, {"/r/b", SALLY_TYPE_SYMLINK, text},
        {"/r/c", SALLY_TYPE_SYMLINK, text}, {"/r/d", SALLY_TYPE_DIRECTORY, NULL},
        {"/r/e", SALLY_TYPE_SYMLINK, "a"},  {"/r", SALLY_TYPE_DIRECTORY, NULL}};
    struct bench b;
    start(&b, &methods);
    b.table.things = things;
    b.table.count = COUNT_OF(things);
    memset(text, '/', PATH_MAX_BYTES);
    text[PATH_MAX_BYTES - 1] = 'd';
    assert_int_equal(ask_path(&b, SALLY_OP_STAT, "/a", SALLY_FOLLOW), SALLY_OK);
    assert_int_equal(ask_path(&b, SALLY_OP_STAT, "/e", SALLY_FOLLOW), SALLY_OK);
    assert_int_equal(ask_path(&b, SALLY_OP_STAT, "/a/x", SALLY_FOLLOW), SALLY_INVALID_FILENAME);

    /* Few links, but many components in each: "d/../" a thousand times. */
    for (size_t i = 0; i + 5 <= 5000; i += 5)
        memcpy(text + i, "d/../", 6);
    assert_int_equal(ask_path(&b, SALLY_OP_STAT, "/a/b/c", SALLY_FOLLOW), SALLY_OK);
    assert_int_equal(ask_path(&b, SALLY_OP_STAT, "/a/b/c/a/b/c", SALLY_FOLLOW), SALLY_LINK_LOOP);
    driver_stop(&b.d);
}

/* SFTP 6: nothing has to exist for a name to be made canonical. */
static void missing_names(void **state)
{
    (void)state;
    const sally_fs_methods methods = all_slots();
    struct bench b;
    char text[TEXT_SIZE];
    start(&b, &methods);
    assert_int_equal(do_text(&b.d, SALLY_OP_REALPATH, "/no/x", SALLY_REALPATH_STAT_IF, text),
                     SALLY_NO_SUCH_FILE);
    session_set_version(b.d.session, 6);
    assert_int_equal(do_text(&b.d, SALLY_OP_REALPATH, "/no/x", SALLY_REALPATH_STAT_IF, text),
                     SALLY_OK);
    assert_string_equal(text, "/no/x");
    assert_int_equal(do_text(&b.d, SALLY_OP_REALPATH, "/no/x", SALLY_REALPATH_STAT_ALWAYS, text),
                     SALLY_NO_SUCH_FILE);
    driver_stop(&b.d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_once),         cmocka_unit_test(late),
        cmocka_unit_test(refuses),         cmocka_unit_test(untold_types),
        cmocka_unit_test(cannot_be_asked), cmocka_unit_test(open_files),
        cmocka_unit_test(bounds),          cmocka_unit_test(missing_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
