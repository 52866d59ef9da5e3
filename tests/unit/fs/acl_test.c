#include "fs/acl.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "cmocka_all.h"
#include "fs/driver.h"
#include "fs/local.h"
#include "fs/scratch.h"

#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)

#define CONTROL 3u /* included, and present */
#define ALLOW   0u
#define DENY    1u
#define R       0x01u
#define W       0x06u
#define X       0x20u
#define INHERIT 0x03u
#define ONLY    0x08u
#define A_GROUP 0x40u

struct wanted {
    uint32_t type, flags, access;
    const char *who;
};

static struct buf *aces(struct buf *b, uint32_t flags, const struct wanted *list, uint32_t count)
{
    buf_init(b, 100000);
    put_u32(b, flags);
    put_u32(b, count);
    for (uint32_t i = 0; i < count; i++) {
        put_u32(b, list[i].type);
        put_u32(b, list[i].flags);
        put_u32(b, list[i].access);
        put_text(b, list[i].who);
    }
    return b;
}

static struct id_names everybody;

static sally_status parse(struct acl_change *change, uint32_t flags, const struct wanted *list,
                          uint32_t count, bool directory)
{
    struct buf b;
    aces(&b, flags, list, count);
    sally_status status = acl_get(change, buf_head(&b), b.size, directory, &everybody, NULL);
    buf_clear(&b);
    return status;
}

static void assert_entry(const struct acl *acl, uint32_t i, enum acl_tag tag, uint32_t permissions,
                         uint32_t id)
{
    assert_true(i < acl->count);
    assert_int_equal(acl->entries[i].tag, tag);
    assert_int_equal(acl->entries[i].permissions, permissions);
    if (tag == ACL_USER || tag == ACL_GROUP)
        assert_int_equal(acl->entries[i].id, id);
}

static void modes(void **state)
{
    (void)state;
    struct acl acl;
    for (uint32_t mode = 0; mode <= 0777; mode++) {
        uint32_t back;
        uint8_t bytes[ACL_MAX_BYTES];
        acl_from_mode(&acl, mode);
        assert_true(acl_to_mode(&acl, &back));
        assert_int_equal(back, mode);
        size_t size = acl_encode(&acl, bytes);
        assert_int_equal(size, 4 + 3 * 8);
        assert_true(acl_decode(&acl, bytes, size));
        assert_true(acl_to_mode(&acl, &back));
        assert_int_equal(back, mode);
        assert_false(acl_decode(&acl, bytes, size - 1));
        bytes[0] = 3;
        assert_false(acl_decode(&acl, bytes, size));
    }
}

/* Every list of permission bits comes back from SFTP's form as it was. */
static void there_and_back(void **state)
{
    (void)state;
    struct acl_change change;
    struct id_names names;
    assert_true(id_names_init(&names, ID_ALL));
    for (uint32_t mode = 0; mode <= 0777; mode++) {
        struct acl acl, none = {0};
        struct buf b;
        uint32_t back;
        acl_from_mode(&acl, mode);
        buf_init(&b, 10000);
        acl_put(&b, &acl, mode & 1 ? &acl : &none, mode & 1, &names);
        IS(acl_get(&change, buf_head(&b), b.size, mode & 1, &everybody, NULL), OK);
        assert_true(acl_to_mode(&change.acl, &back));
        assert_int_equal(back, mode);
        assert_int_equal(change.inherited.count, mode & 1 ? 3 : 0);
        buf_clear(&b);
    }
    id_names_clear(&names);
}

/* With names in it, and a mask that takes something away. */
static void named_there_and_back(void **state)
{
    (void)state;
    struct acl acl = {.count = 8,
                      .entries = {{ACL_OWNER, 7, UINT32_MAX},
                                  {ACL_USER, 6, 4000000001},
                                  {ACL_USER, 1, 4000000002},
                                  {ACL_OWNING_GROUP, 5, UINT32_MAX},
                                  {ACL_GROUP, 7, 4000000001},
                                  {ACL_GROUP, 0, 4000000003},
                                  {ACL_MASK, 5, UINT32_MAX},
                                  {ACL_OTHER, 0, UINT32_MAX}}};
    struct acl none = {0};
    struct acl_change change;
    struct id_names names;
    struct buf b;
    assert_true(id_names_init(&names, ID_ALL));
    buf_init(&b, 10000);
    acl_put(&b, &acl, &none, false, &names);
    IS(acl_get(&change, buf_head(&b), b.size, false, &everybody, NULL), OK);
    assert_int_equal(change.acl.count, 8);
    assert_entry(&change.acl, 0, ACL_OWNER, 7, 0);
    assert_entry(&change.acl, 1, ACL_USER, 4, 4000000001);
    assert_entry(&change.acl, 2, ACL_USER, 1, 4000000002);
    assert_entry(&change.acl, 3, ACL_OWNING_GROUP, 5, 0);
    assert_entry(&change.acl, 4, ACL_GROUP, 5, 4000000001);
    assert_entry(&change.acl, 5, ACL_GROUP, 0, 4000000003);
    assert_entry(&change.acl, 6, ACL_MASK, 5, 0);
    assert_entry(&change.acl, 7, ACL_OTHER, 0, 0);
    buf_clear(&b);
    id_names_clear(&names);
}

static void order_matters(void **state)
{
    (void)state;
    struct acl_change change;
    const struct wanted list[] = {
        {DENY, 0, W, "77"},     {ALLOW, 0, R | W, "OWNER@"},    {ALLOW, A_GROUP, R, "5"},
        {DENY, 0, R, "GROUP@"}, {ALLOW, 0, R | W, "EVERYONE@"}, {DENY, 0, R, "EVERYONE@"},
        {ALLOW, 0, X, "88"},
    };
    IS(parse(&change, CONTROL, list, COUNT_OF(list), false), OK);
    assert_int_equal(change.acl.count, 7);
    assert_entry(&change.acl, 0, ACL_OWNER, 6, 0);
    assert_entry(&change.acl, 1, ACL_USER, 4, 77);
    assert_entry(&change.acl, 2, ACL_USER, 7, 88);
    assert_entry(&change.acl, 3, ACL_OWNING_GROUP, 2, 0);
    assert_entry(&change.acl, 4, ACL_GROUP, 6, 5);
    assert_entry(&change.acl, 5, ACL_MASK, 7, 0);
    assert_entry(&change.acl, 6, ACL_OTHER, 6, 0);
}

static void what_cannot_be_said(void **state)
{
    (void)state;
    static const struct {
        struct wanted ace;
        bool directory;
        sally_status status;
    } table[] = {
        {{2, 0, R, "OWNER@"}, false, SALLY_UNSUPPORTED},
        {{3, 0, R, "OWNER@"}, false, SALLY_UNSUPPORTED},
        {{ALLOW, 4, R, "OWNER@"}, true, SALLY_UNSUPPORTED},
        {{ALLOW, 0x10, R, "OWNER@"}, false, SALLY_UNSUPPORTED},
        {{ALLOW, 1u << 31, R, "OWNER@"}, false, SALLY_UNSUPPORTED},
        {{ALLOW, INHERIT, R, "OWNER@"}, false, SALLY_UNSUPPORTED},
        {{ALLOW, 1, R, "OWNER@"}, true, SALLY_UNSUPPORTED},
        {{ALLOW, 0, R, "NETWORK@"}, false, SALLY_UNSUPPORTED},
        {{ALLOW, 0, R, "no such user at all"}, false, SALLY_UNKNOWN_PRINCIPAL},
        {{ALLOW, A_GROUP, R, "no such group"}, false, SALLY_UNKNOWN_PRINCIPAL},
        {{ALLOW, 0, R, ""}, false, SALLY_UNKNOWN_PRINCIPAL},
        {{ALLOW, 0, R, "4294967295"}, false, SALLY_UNKNOWN_PRINCIPAL},
        {{ALLOW, INHERIT, R, "OWNER@"}, true, SALLY_OK},
    };
    struct acl_change change;
    for (size_t i = 0; i < COUNT_OF(table); i++)
        assert_int_equal(parse(&change, CONTROL, &table[i].ace, 1, table[i].directory),
                         table[i].status);
    IS(parse(&change, CONTROL | 0x10, NULL, 0, false), UNSUPPORTED);
    IS(parse(&change, 0, NULL, 0, false), OK);
    assert_true(change.keep);
    IS(parse(&change, 1, NULL, 0, false), OK);
    assert_true(change.remove && !change.keep);
    IS(parse(&change, CONTROL, NULL, 0, false), OK); /* no one may anything */
    assert_entry(&change.acl, 0, ACL_OWNER, 0, 0);
}

static void hostile(void **state)
{
    (void)state;
    struct acl_change change;
    struct buf b;
    const struct wanted one = {ALLOW, 0, R, "OWNER@"};
    aces(&b, CONTROL, &one, 1);
    for (size_t size = 0; size < b.size; size++)
        IS(acl_get(&change, buf_head(&b), size, false, &everybody, NULL), BAD_MESSAGE);
    put_u8(&b, 0);
    IS(acl_get(&change, buf_head(&b), b.size, false, &everybody, NULL), BAD_MESSAGE);
    buf_clear(&b);

    struct wanted many[ACL_MAX_ENTRIES + 1];
    static char names[ACL_MAX_ENTRIES + 1][12];
    for (uint32_t i = 0; i <= ACL_MAX_ENTRIES; i++) {
        snprintf(names[i], sizeof(names[i]), "%u", 1000000 + i);
        many[i] = (struct wanted){ALLOW, 0, R, names[i]};
    }
    IS(parse(&change, CONTROL, many, ACL_MAX_ENTRIES + 1, false), UNSUPPORTED);
    IS(parse(&change, CONTROL, many, ACL_MAX_ENTRIES, false), UNSUPPORTED);
    IS(parse(&change, CONTROL, many, ACL_MAX_ENTRIES - 4, false), OK);
    aces(&b, CONTROL, NULL, 0);
    wire_put_u32(buf_head(&b) + 4, UINT32_MAX);
    IS(acl_get(&change, buf_head(&b), b.size, false, &everybody, NULL), UNSUPPORTED);
    buf_clear(&b);
}

static char scratch[SCRATCH_SIZE];

static void start(struct driver *d, sally_fs **fs)
{
    IS(local_new(fs, scratch_make(scratch), 0, 0, false), OK);
    driver_start(d, *fs, DRIVER_TRYING);
}

static void stop(struct driver *d, sally_fs *fs)
{
    driver_stop(d);
    sally_fs_unref(fs);
    scratch_remove(scratch);
}

static sally_status set_acl(struct driver *d, const char *path, uint32_t flags,
                            const struct wanted *list, uint32_t count)
{
    struct buf b;
    aces(&b, flags, list, count);
    sally_attrs attrs = {.valid = SALLY_ATTR_ACL, .acl = buf_head(&b), .acl_size = b.size};
    sally_status status = do_setstat(d, path, SALLY_FOLLOW, &attrs);
    buf_clear(&b);
    return status;
}

/* As the storage tells it, parsed again; false: it tells none. */
static bool told(struct driver *d, sally_file *file, const char *path, bool directory,
                 struct acl_change *change)
{
    struct op *op =
        file ? driver_file_op(d, SALLY_OP_FSTAT, file) : driver_op(d, SALLY_OP_STAT, path);
    op->pub.u.stat.wanted = SALLY_ATTR_ACL;
    IS(driver_do(d, op), OK);
    const sally_attrs *attrs = &op->pub.u.stat.attrs;
    bool has = (attrs->valid & SALLY_ATTR_ACL) != 0;
    if (has)
        IS(acl_get(change, attrs->acl, attrs->acl_size, directory, &everybody, NULL), OK);
    op_free(op);
    return has;
}

static void on_disk(void **state)
{
    (void)state;
    struct driver d;
    sally_fs *fs;
    sally_file *file;
    sally_attrs attrs;
    struct acl_change change;
    const struct wanted simple[] = {{ALLOW, 0, R | W, "OWNER@"}, {ALLOW, 0, R, "GROUP@"}};
    const struct wanted named[] = {{ALLOW, 0, R | W, "OWNER@"},
                                   {ALLOW, 0, R, "3999999999"},
                                   {ALLOW, A_GROUP, R | X, "3999999998"}};
    const struct wanted handed_on[] = {{ALLOW, 0, R | W | X, "OWNER@"},
                                       {ALLOW, INHERIT | ONLY, R | W, "OWNER@"},
                                       {ALLOW, INHERIT, R, "3999999999"}};
    start(&d, &fs);
    assert_true(sally_fs_traits(fs) & SALLY_FS_ACL);
    make_file(&d, "/f", "x");
    IS(do_mkdir(&d, "/d", 0755), OK);
    IS(do_symlink(&d, "/link", "f"), OK);
    IS(set_acl(&d, "/f", CONTROL, simple, COUNT_OF(simple)), OK);
    IS(do_stat(&d, "/f", 0, &attrs), OK);
    assert_int_equal(attrs.permissions, 0640);
    assert_true(told(&d, NULL, "/f", false, &change));
    assert_int_equal(change.acl.count, 3);
    assert_false(told(&d, NULL, "/link", false, &change));

    sally_status status = set_acl(&d, "/f", CONTROL, named, COUNT_OF(named));
    if (status == SALLY_UNSUPPORTED) {
        stop(&d, fs);
        print_message("skipped: no ACLs here\n");
        skip();
    }
    IS(status, OK);
    IS(do_open(&d, "/f", SALLY_OPEN_READ, &file), OK);
    assert_true(told(&d, file, NULL, false, &change));
    assert_int_equal(change.acl.count, 6);
    assert_entry(&change.acl, 1, ACL_USER, 4, 3999999999);
    assert_entry(&change.acl, 3, ACL_GROUP, 5, 3999999998);
    IS(do_close(&d, file), OK);
    IS(set_acl(&d, "/f", 0, NULL, 0), OK); /* stays */
    assert_true(told(&d, NULL, "/f", false, &change));
    assert_int_equal(change.acl.count, 6);
    IS(set_acl(&d, "/f", 1, NULL, 0), OK); /* goes */
    assert_true(told(&d, NULL, "/f", false, &change));
    assert_int_equal(change.acl.count, 3);
    IS(set_acl(&d, "/f", CONTROL, handed_on, COUNT_OF(handed_on)), UNSUPPORTED);

    IS(set_acl(&d, "/d", CONTROL, handed_on, COUNT_OF(handed_on)), OK);
    assert_true(told(&d, NULL, "/d", true, &change));
    assert_int_equal(change.acl.count, 5);
    assert_int_equal(change.inherited.count, 5);
    assert_entry(&change.inherited, 0, ACL_OWNER, 6, 0);
    make_file(&d, "/d/f", "x");
    assert_true(told(&d, NULL, "/d/f", false, &change));
    assert_int_equal(change.acl.count, 5);
    IS(set_acl(&d, "/d", CONTROL, simple, COUNT_OF(simple)), OK);
    assert_true(told(&d, NULL, "/d", true, &change));
    assert_int_equal(change.inherited.count, 0);
    IS(set_acl(&d, "/none", CONTROL, simple, COUNT_OF(simple)), NO_SUCH_FILE);
    stop(&d, fs);
}

static sally_status make_with(struct driver *d, uint32_t kind, const char *path, uint32_t flags,
                              uint32_t control, const struct wanted *list, uint32_t count)
{
    struct buf b;
    aces(&b, control, list, count);
    sally_attrs attrs = {.valid = SALLY_ATTR_ACL | SALLY_ATTR_PERMISSIONS,
                         .permissions = 0755,
                         .acl = buf_head(&b),
                         .acl_size = b.size};
    struct op *op = driver_op(d, kind, path);
    if (kind == SALLY_OP_OPEN)
        op->pub.u.open = (sally_op_open){.flags = flags, .attrs = &attrs};
    else
        op->pub.u.setstat.attrs = &attrs;
    sally_status status = driver_do(d, op);
    sally_file *file = status == SALLY_OK && kind == SALLY_OP_OPEN ? op->pub.file : NULL;
    op_free(op);
    if (file)
        IS(do_close(d, file), OK);
    buf_clear(&b);
    return status;
}

/* Given to OPEN and MKDIR. */
static void of_new_ones(void **state)
{
    (void)state;
    struct driver d;
    sally_fs *fs;
    sally_attrs attrs;
    struct acl_change change;
    const uint32_t make = SALLY_OPEN_WRITE | SALLY_OPEN_CREATE;
    const struct wanted simple[] = {{ALLOW, 0, R | W, "OWNER@"}, {ALLOW, 0, R, "GROUP@"}};
    const struct wanted named[] = {{ALLOW, 0, R | W | X, "OWNER@"}, {ALLOW, 0, R, "3999999999"}};
    const struct wanted nobody[] = {{ALLOW, 0, R, "no such user at all"}};
    start(&d, &fs);
    IS(make_with(&d, SALLY_OP_OPEN, "/f", make, CONTROL, simple, 2), OK);
    IS(do_stat(&d, "/f", 0, &attrs), OK);
    assert_int_equal(attrs.permissions, 0640);
    IS(make_with(&d, SALLY_OP_MKDIR, "/d", 0, CONTROL, simple, 2), OK);
    IS(do_stat(&d, "/d", 0, &attrs), OK);
    assert_int_equal(attrs.permissions, 0640);
    /* Nothing is made of what cannot be. */
    IS(make_with(&d, SALLY_OP_OPEN, "/g", make, CONTROL, nobody, 1), UNKNOWN_PRINCIPAL);
    IS(make_with(&d, SALLY_OP_MKDIR, "/g", 0, CONTROL, nobody, 1), UNKNOWN_PRINCIPAL);
    IS(make_with(&d, SALLY_OP_OPEN, "/g", make, CONTROL | 16, simple, 2), UNSUPPORTED);
    IS(make_with(&d, SALLY_OP_MKDIR, "/g", 0, CONTROL | 16, simple, 2), UNSUPPORTED);
    IS(do_stat(&d, "/g", 0, &attrs), NO_SUCH_FILE);
    /* A file that exists keeps its own; no ACL is examined when none can be made. */
    make_file(&d, "/h", "text");
    IS(make_with(&d, SALLY_OP_OPEN, "/h", make, CONTROL, simple, 2), OK);
    IS(do_stat(&d, "/h", 0, &attrs), OK);
    assert_int_equal(attrs.size, 4);
    assert_int_not_equal(attrs.permissions, 0640);
    IS(make_with(&d, SALLY_OP_OPEN, "/h", SALLY_OPEN_WRITE, CONTROL, nobody, 1), OK);
    IS(make_with(&d, SALLY_OP_OPEN, "/h", make | SALLY_OPEN_TRUNCATE, CONTROL, simple, 2), OK);
    IS(do_stat(&d, "/h", 0, &attrs), OK);
    assert_int_equal(attrs.size, 0);
    IS(make_with(&d, SALLY_OP_OPEN, "/h", make | SALLY_OPEN_EXCLUSIVE, CONTROL, simple, 2),
       FILE_ALREADY_EXISTS);
    IS(make_with(&d, SALLY_OP_MKDIR, "/h", 0, CONTROL, simple, 2), FILE_ALREADY_EXISTS);
    IS(make_with(&d, SALLY_OP_OPEN, "/none/f", make, CONTROL, simple, 2), NO_SUCH_FILE);
    IS(do_symlink(&d, "/link", "nowhere"), OK);
    IS(make_with(&d, SALLY_OP_OPEN, "/link", make, CONTROL, simple, 2), NO_SUCH_FILE);
    /* The permission bits alone, or whatever there would be. */
    IS(make_with(&d, SALLY_OP_OPEN, "/bits", make, 1, NULL, 0), OK);
    IS(make_with(&d, SALLY_OP_OPEN, "/as", make, 0, NULL, 0), OK);
    IS(do_stat(&d, "/as", 0, &attrs), OK);
    assert_int_equal(attrs.permissions, 0755);

    sally_status status = make_with(&d, SALLY_OP_OPEN, "/n", make, CONTROL, named, 2);
    if (status == SALLY_UNSUPPORTED) { /* the file system has none; and then no file */
        IS(do_stat(&d, "/n", 0, &attrs), NO_SUCH_FILE);
        IS(make_with(&d, SALLY_OP_MKDIR, "/n", 0, CONTROL, named, 2), UNSUPPORTED);
        IS(do_stat(&d, "/n", 0, &attrs), NO_SUCH_FILE);
    } else {
        IS(status, OK);
        assert_true(told(&d, NULL, "/n", false, &change));
        assert_int_equal(change.acl.count, 5);
        assert_entry(&change.acl, 1, ACL_USER, 4, 3999999999);
        IS(make_with(&d, SALLY_OP_MKDIR, "/e", 0, CONTROL, named, 2), OK);
        assert_true(told(&d, NULL, "/e", true, &change));
        assert_int_equal(change.acl.count, 5);
    }
    stop(&d, fs);
}

static void of_new_ones_by_policy(void **state)
{
    (void)state;
    struct driver d;
    sally_fs *fs;
    sally_attrs attrs;
    const uint32_t make = SALLY_OPEN_WRITE | SALLY_OPEN_CREATE;
    const struct wanted simple[] = {{ALLOW, 0, R | W, "OWNER@"}};
    for (uint32_t policy = SALLY_POLICY_IGNORE; policy <= SALLY_POLICY_FAIL; policy++) {
        sally_status wanted = policy == SALLY_POLICY_FAIL ? SALLY_UNSUPPORTED : SALLY_OK;
        IS(local_new(&fs, scratch_make(scratch), 0, 0, false), OK);
        IS(sally_fs_local_set_policy(fs, SALLY_ATTR_ACL, policy), OK);
        driver_start(&d, fs, DRIVER_TRYING);
        assert_int_equal(make_with(&d, SALLY_OP_OPEN, "/f", make, CONTROL, simple, 1), wanted);
        assert_int_equal(make_with(&d, SALLY_OP_MKDIR, "/d", 0, CONTROL, simple, 1), wanted);
        for (int i = 0; i < 2; i++) {
            sally_status status = do_stat(&d, i ? "/d" : "/f", 0, &attrs);
            assert_int_equal(status, wanted == SALLY_OK ? SALLY_OK : SALLY_NO_SUCH_FILE);
            if (wanted == SALLY_OK)
                assert_int_equal(attrs.permissions, 0755);
        }
        stop(&d, fs);
    }
}

/* All of them, in the order of the entries. */
static void who_is_unknown(void **state)
{
    (void)state;
    struct driver d;
    sally_fs *fs;
    char long_name[301];
    memset(long_name, 'n', 300);
    long_name[300] = 0;
    const struct wanted list[] = {{ALLOW, 0, R, "no such user"},
                                  {ALLOW, 0, R, "OWNER@"},
                                  {ALLOW, A_GROUP, R, "no such group"},
                                  {DENY, 0, R, long_name}};
    struct buf b;
    aces(&b, CONTROL, list, COUNT_OF(list));
    const sally_attrs cases[] = {
        {.valid = SALLY_ATTR_ACL, .acl = buf_head(&b), .acl_size = b.size},
        {.valid = SALLY_ATTR_NAMES, .owner = "no such user", .group = "no such group"},
    };
    start(&d, &fs);
    make_file(&d, "/f", "x");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct op *op = driver_op(&d, SALLY_OP_SETSTAT, "/f");
        op->pub.u.setstat.attrs = &cases[i];
        IS(driver_do(&d, op), UNKNOWN_PRINCIPAL);
        const struct op_name *last = op->unknown;
        assert_int_equal(last->number, i == 0 ? 3 : 2);
        if (i == 0) {
            assert_string_equal(last->name, long_name);
            last = last->before;
        }
        assert_string_equal(last->name, "no such group");
        assert_string_equal(last->before->name, "no such user");
        op_free(op);
    }
    sally_attrs set = {.valid = SALLY_ATTR_NAMES, .owner = "4294967295", .group = ""};
    IS(do_setstat(&d, "/f", SALLY_FOLLOW, &set), OWNER_INVALID);
    set = (sally_attrs){.valid = SALLY_ATTR_NAMES, .owner = "", .group = "99999999999999999999"};
    IS(do_setstat(&d, "/f", SALLY_FOLLOW, &set), GROUP_INVALID);
    buf_clear(&b);
    stop(&d, fs);
}

static void policies(void **state)
{
    (void)state;
    struct driver d;
    sally_fs *fs, *memory;
    sally_attrs got,
        set = {.valid = SALLY_ATTR_PERMISSIONS | SALLY_ATTR_LINK_COUNT, .permissions = 0600};
    IS(local_new(&fs, scratch_make(scratch), 0, 0, false), OK);
    IS(sally_fs_local_set_policy(fs, SALLY_ATTR_MTIME, SALLY_POLICY_IGNORE), OK);
    IS(sally_fs_local_set_policy(fs, SALLY_ATTR_ATIME, SALLY_POLICY_FAIL), OK);
    IS(sally_fs_local_set_policy(fs, SALLY_ATTR_CTIME, SALLY_POLICY_APPLY), OK);
    assert_int_equal(sally_fs_local_set_policy(fs, 1, 3), SALLY_E_INVALID);
    assert_int_equal(sally_fs_local_set_policy(NULL, 1, 0), SALLY_E_INVALID);
    IS(sally_fs_memory(&memory, 0), OK);
    assert_int_equal(sally_fs_local_set_policy(memory, 1, 0), SALLY_E_INVALID);
    sally_fs_unref(memory);
    driver_start(&d, fs, DRIVER_TRYING);
    make_file(&d, "/f", "x");
    IS(do_setstat(&d, "/f", 0, &set), OK); /* ignored from the start */
    sally_attrs_set_times(&set, 5, 5);
    set.valid = SALLY_ATTR_MTIME;
    IS(do_setstat(&d, "/f", 0, &set), OK);
    IS(do_stat(&d, "/f", 0, &got), OK);
    assert_int_not_equal(got.mtime.seconds, 5);
    set.valid = SALLY_ATTR_ATIME | SALLY_ATTR_PERMISSIONS;
    set.permissions = 0644;
    IS(do_setstat(&d, "/f", 0, &set), UNSUPPORTED);
    IS(do_stat(&d, "/f", 0, &got), OK);
    assert_int_equal(got.permissions, 0600);
    set.valid = SALLY_ATTR_CTIME;
    IS(do_setstat(&d, "/f", 0, &set), UNSUPPORTED);
    stop(&d, fs);
}

#define SPARSE    0x080u
#define IMMUTABLE 0x200u

static void bits(void **state)
{
    (void)state;
    struct driver d;
    sally_fs *fs;
    sally_attrs got, set = {.valid = SALLY_ATTR_SIZE, .size = 1 << 20};
    start(&d, &fs);
    make_file(&d, "/f", "");
    IS(do_stat(&d, "/f", 0, &got), OK);
    assert_true(got.valid & SALLY_ATTR_BITS);
    assert_true(got.attrib_bits_valid & SPARSE);
    assert_false(got.attrib_bits & SPARSE);
    IS(do_setstat(&d, "/f", 0, &set), OK);
    IS(do_stat(&d, "/f", 0, &got), OK);
    assert_true(got.attrib_bits & SPARSE);
    set = got;
    set.valid = SALLY_ATTR_BITS;
    IS(do_setstat(&d, "/f", 0, &set), OK); /* as they are */
    set.attrib_bits |= IMMUTABLE;
    set.attrib_bits_valid |= IMMUTABLE;
    IS(do_setstat(&d, "/f", 0, &set), UNSUPPORTED);
    set.attrib_bits_valid &= ~IMMUTABLE;
    IS(do_setstat(&d, "/f", 0, &set), OK);
    stop(&d, fs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(named_there_and_back),
        cmocka_unit_test(order_matters),
        cmocka_unit_test(what_cannot_be_said),
        cmocka_unit_test(hostile),
        cmocka_unit_test(on_disk),
        cmocka_unit_test(of_new_ones),
        cmocka_unit_test(of_new_ones_by_policy),
        cmocka_unit_test(who_is_unknown),
        cmocka_unit_test(policies),
        cmocka_unit_test(bits),
    };
    assert_true(id_names_init(&everybody, ID_ALL));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    id_names_clear(&everybody);
    return failed;
}
