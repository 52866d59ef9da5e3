#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/attrs_codec.h"
#include "sftp/peer.h"

static uint32_t two_paths(struct peer *p, uint8_t type, const char *a, const char *b)
{
    uint32_t id = peer_begin(p, type);
    put_text(&p->out, a);
    put_text(&p->out, b);
    peer_end(p);
    return id;
}

static void stat_follows_and_lstat_does_not(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    store_add(&p->store, "/link", SALLY_TYPE_SYMLINK, "/hello", 6);
    uint32_t a = peer_path_request(p, SSH_FXP_STAT, "/link");
    uint32_t b = peer_path_request(p, SSH_FXP_LSTAT, "/link");
    uint32_t c = peer_path_request(p, SSH_FXP_STAT, "/none");
    peer_go(p);
    struct reply *r = peer_expect(p, SSH_FXP_ATTRS, a);
    get_u32(&r->body);
    assert_int_equal(get_u64(&r->body), 12);
    get_u64(&r->body);
    assert_int_equal(get_u32(&r->body), 0100640);
    r = peer_expect(p, SSH_FXP_ATTRS, b);
    get_u32(&r->body);
    assert_int_equal(get_u64(&r->body), 6);
    get_u64(&r->body);
    assert_int_equal(get_u32(&r->body), 0120640);
    peer_expect_status(p, c, SALLY_NO_SUCH_FILE);
    peer_free(p);
}

static void stat_of_later_versions_says_what_is_wanted(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.version = 4});
    uint32_t a = peer_begin(p, SSH_FXP_STAT);
    put_text(&p->out, "/hello");
    put_u32(&p->out, SSH_FILEXFER_ATTR_SIZE);
    peer_end(p);
    peer_go(p);
    struct reply *r = peer_expect(p, SSH_FXP_ATTRS, a);
    assert_int_equal(p->store.last.u.stat.wanted, SALLY_ATTR_TYPE | SALLY_ATTR_SIZE);
    assert_int_equal(get_u32(&r->body), SSH_FILEXFER_ATTR_SIZE);
    assert_int_equal(get_u8(&r->body), SALLY_TYPE_REGULAR);
    assert_int_equal(get_u64(&r->body), 12);
    assert_true(cursor_done(&r->body));
    a = peer_path_request(p, SSH_FXP_STAT, "/hello"); /* without the mask */
    peer_go(p);
    peer_expect(p, SSH_FXP_ATTRS, a);
    assert_true(p->store.last.u.stat.wanted & SALLY_ATTR_NAMES);
    assert_false(p->store.last.u.stat.wanted &
                 SALLY_ATTR_ACL); /* the peer is of unknown software */
    a = peer_begin(p, SSH_FXP_STAT);
    put_text(&p->out, "/hello");
    put_u32(&p->out, SSH_FILEXFER_ATTR_ACL);
    peer_end(p);
    peer_go(p);
    peer_expect(p, SSH_FXP_ATTRS, a);
    assert_true(p->store.last.u.stat.wanted & SALLY_ATTR_ACL);
    peer_free(p);
}

/* 0xffffffff is no list of wishes: Green End's client sends it, and cannot read all there is. */
static void unknown_wishes_mean_what_is_usual(void **state)
{
    (void)state;
    const uint32_t usual = SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_OWNERGROUP |
                           SSH_FILEXFER_ATTR_PERMISSIONS | SSH_FILEXFER_ATTR_ACCESSTIME |
                           SSH_FILEXFER_ATTR_MODIFYTIME | SSH_FILEXFER_ATTR_SUBSECOND_TIMES;
    /* A bit that is new in the next version, or in none. */
    static const uint32_t unknown[] = {
        [4] = SSH_FILEXFER_ATTR_BITS, [5] = SSH_FILEXFER_ATTR_ALLOCATION_SIZE, [6] = 0x00010000};
    for (uint32_t version = 4; version <= 6; version++) {
        const uint32_t asked[] = {UINT32_MAX, unknown[version], unknown[version] | 1};
        for (size_t i = 0; i < COUNT_OF(asked); i++) {
            struct peer *p = peer_new(&(struct peer_options){.version = version});
            uint32_t id = peer_begin(p, SSH_FXP_STAT);
            put_text(&p->out, "/hello");
            put_u32(&p->out, asked[i]);
            peer_end(p);
            peer_go(p);
            struct reply *r = peer_expect(p, SSH_FXP_ATTRS, id);
            assert_int_equal(get_u32(&r->body) & ~usual, 0);
            assert_int_equal(p->store.last.u.stat.wanted & SALLY_ATTR_ACL, 0);
            assert_int_equal(attrs_to_wire(version, p->store.last.u.stat.wanted), usual);
            peer_free(p);
        }
    }
}

static void paths_are_made_canonical(void **state)
{
    (void)state;
    static const char *const paths[][2] = {
        {"", "/home/joe"},         {".", "/home/joe"},   {"x", "/home/joe/x"},       {"/", "/"},
        {"//a/./b/../c/", "/a/c"}, {"../../../..", "/"}, {"/\xff\x80", "/\xff\x80"},
    };
    struct peer *p = peer_new(NULL);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        peer_path_request(p, SSH_FXP_RMDIR, paths[i][0]);
        peer_go(p);
        peer_take(p);
        assert_string_equal(p->store.last_path, paths[i][1]);
    }
    uint64_t calls = p->store.calls[SALLY_OP_RMDIR];
    uint32_t id = peer_begin(p, SSH_FXP_RMDIR);
    put_string(&p->out, "/a\0b", 4);
    peer_end(p);
    peer_go(p);
    peer_expect_status(p, id, SALLY_BAD_MESSAGE); /* INVALID_FILENAME */
    assert_int_equal(p->store.calls[SALLY_OP_RMDIR], calls);
    peer_free(p);
}

static void files_and_directories_come_and_go(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    uint32_t a = peer_begin(p, SSH_FXP_MKDIR);
    put_text(&p->out, "/d");
    put_u32(&p->out, SSH_FILEXFER_ATTR_PERMISSIONS);
    put_u32(&p->out, 0700);
    peer_end(p);
    peer_go(p);
    peer_expect_status(p, a, SALLY_OK);
    assert_int_equal(p->store.last_attrs.permissions, 0700);
    a = peer_begin(p, SSH_FXP_MKDIR);
    put_text(&p->out, "/d");
    put_u32(&p->out, 0);
    peer_end(p);
    uint32_t b = peer_path_request(p, SSH_FXP_REMOVE, "/d");
    uint32_t c = peer_path_request(p, SSH_FXP_RMDIR, "/hello");
    uint32_t d = peer_path_request(p, SSH_FXP_RMDIR, "/d");
    uint32_t e = peer_path_request(p, SSH_FXP_REMOVE, "/hello");
    uint32_t f = peer_path_request(p, SSH_FXP_REMOVE, "/hello");
    peer_go(p);
    peer_expect_status(p, a, SALLY_FAILURE);
    peer_expect_status(p, b, SALLY_FAILURE);
    peer_expect_status(p, c, SALLY_NO_SUCH_FILE);
    peer_expect_status(p, d, SALLY_OK);
    peer_expect_status(p, e, SALLY_OK);
    peer_expect_status(p, f, SALLY_NO_SUCH_FILE);
    peer_free(p);
}

/* Of what is made: the permissions that are given, and only those. */
static void versions_past_the_umask(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        for (uint32_t last = 2; last <= 6; last++) {
            for (int given = 0; given < 2; given++) {
                struct peer *p =
                    peer_new(&(struct peer_options){.version = version, .umask_version = last});
                bool exact = given && version > last;
                peer_begin(p, SSH_FXP_MKDIR);
                put_text(&p->out, "/d");
                put_u32(&p->out, given ? SSH_FILEXFER_ATTR_PERMISSIONS : 0);
                if (version > 3)
                    put_u8(&p->out, SALLY_TYPE_DIRECTORY);
                put_u32(&p->out, 0777);
                peer_end(p);
                peer_go(p);
                peer_take(p);
                assert_int_equal(p->store.last.u.setstat.flags, exact ? SALLY_EXACT_MODE : 0);
                for (int create = 0; create < 2; create++) {
                    peer_begin(p, SSH_FXP_OPEN);
                    put_text(&p->out, create ? "/new" : "/hello");
                    if (version >= 5)
                        put_u32(&p->out, ACE4_WRITE_DATA);
                    uint32_t old = SSH_FXF_WRITE | (create ? SSH_FXF_CREAT : 0);
                    uint32_t now = create ? SSH_FXF_OPEN_OR_CREATE : SSH_FXF_OPEN_EXISTING;
                    put_u32(&p->out, version >= 5 ? now : old);
                    put_u32(&p->out, given ? SSH_FILEXFER_ATTR_PERMISSIONS : 0);
                    if (version > 3)
                        put_u8(&p->out, SALLY_TYPE_REGULAR);
                    put_u32(&p->out, 0666);
                    peer_end(p);
                    peer_go(p);
                    assert_int_equal(peer_take(p)->type, SSH_FXP_HANDLE);
                    bool got = p->store.last.u.open.flags & SALLY_OPEN_EXACT_MODE;
                    assert_int_equal(got, exact && create);
                }
                peer_free(p);
            }
        }
    }
}

static void rename_overwrites_only_when_told(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    store_add(&p->store, "/b", SALLY_TYPE_REGULAR, "b", 1);
    uint32_t a = two_paths(p, SSH_FXP_RENAME, "/hello", "/b");
    uint32_t b = two_paths(p, SSH_FXP_RENAME, "/hello", "c");
    peer_go(p);
    peer_expect_status(p, a, SALLY_FAILURE);
    peer_expect_status(p, b, SALLY_OK);
    assert_string_equal(p->store.last_to, "/home/joe/c");
    assert_int_equal(p->store.last.u.rename.flags, 0);
    peer_free(p);

    static const struct {
        uint32_t version, wire, status, inside;
    } cases[] = {
        {5, 0, SALLY_FILE_ALREADY_EXISTS, 0},
        {5, 1, SALLY_OK, SALLY_RENAME_OVERWRITE},
        {6, 2, SALLY_OK, SALLY_RENAME_OVERWRITE | SALLY_RENAME_ATOMIC},
        {6, 4, SALLY_FILE_ALREADY_EXISTS, SALLY_RENAME_NATIVE},
        {6, 8, SALLY_UNSUPPORTED, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        p = peer_new(&(struct peer_options){.version = cases[i].version});
        store_add(&p->store, "/b", SALLY_TYPE_REGULAR, "b", 1);
        a = peer_begin(p, SSH_FXP_RENAME);
        put_text(&p->out, "/hello");
        put_text(&p->out, "/b");
        put_u32(&p->out, cases[i].wire);
        peer_end(p);
        peer_go(p);
        peer_expect_status(p, a, cases[i].status);
        if (cases[i].status != SALLY_UNSUPPORTED)
            assert_int_equal(p->store.last.u.rename.flags, cases[i].inside);
        peer_free(p);
    }
}

static void symlinks_have_openssh_order(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    uint32_t a = two_paths(p, SSH_FXP_SYMLINK, "../any where", "new");
    uint32_t b = peer_path_request(p, SSH_FXP_READLINK, "new");
    uint32_t c = peer_path_request(p, SSH_FXP_READLINK, "/hello");
    peer_go(p);
    peer_expect_status(p, a, SALLY_OK);
    struct reply *r = peer_expect(p, SSH_FXP_NAME, b);
    assert_int_equal(get_u32(&r->body), 1);
    assert_true(slice_is(get_string(&r->body), "../any where")); /* as it was given */
    assert_true(slice_is(get_string(&r->body), "../any where"));
    assert_int_equal(get_u32(&r->body), 0);
    assert_true(cursor_done(&r->body));
    peer_expect_status(p, c, SALLY_FAILURE);
    assert_non_null(store_find(&p->store, "/home/joe/new"));
    peer_free(p);
}

static void links_of_version_6(void **state)
{
    (void)state;
    for (uint8_t symbolic = 0; symbolic < 2; symbolic++) {
        struct peer *p = peer_new(
            &(struct peer_options){.version = 6, .deny = symbolic ? "hardlink" : "symlink"});
        uint32_t id = peer_begin(p, SSH_FXP_LINK);
        put_text(&p->out, "/new");
        put_text(&p->out, "/hello");
        put_u8(&p->out, symbolic);
        peer_end(p);
        uint32_t denied = peer_begin(p, SSH_FXP_LINK);
        put_text(&p->out, "/newer");
        put_text(&p->out, "/hello");
        put_u8(&p->out, !symbolic);
        peer_end(p);
        peer_go(p);
        peer_expect_status(p, id, SALLY_OK);
        peer_expect_status(p, denied, SALLY_PERMISSION_DENIED);
        assert_int_equal(store_find(&p->store, "/new")->type,
                         symbolic ? SALLY_TYPE_SYMLINK : SALLY_TYPE_REGULAR);
        id = two_paths(p, SSH_FXP_SYMLINK, "/a", "/b"); /* replaced by LINK */
        peer_go(p);
        peer_expect_status(p, id, SALLY_UNSUPPORTED);
        peer_free(p);
    }
}

static void realpath_of_version_3(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    uint32_t id = peer_path_request(p, SSH_FXP_REALPATH, "a/../b/.");
    peer_go(p);
    struct reply *r = peer_expect(p, SSH_FXP_NAME, id);
    assert_int_equal(get_u32(&r->body), 1);
    assert_true(slice_is(get_string(&r->body), "/home/joe/b"));
    assert_true(slice_is(get_string(&r->body), "/home/joe/b"));
    assert_int_equal(get_u32(&r->body), 0);
    assert_true(cursor_done(&r->body));
    peer_free(p);
}

static void realpath_of_version_6_composes(void **state)
{
    (void)state;
    static const struct {
        const char *parts[4];
        int control; /* -1: not sent */
        const char *result;
    } cases[] = {
        {{"x"}, -1, "/home/joe/x"},
        {{""}, 1, "/home/joe"},
        {{"/a/b", "c"}, 1, "/a/b/c"},
        {{"/a/b", "../c", "d"}, 2, "/a/c/d"},
        {{"/none"}, 3, NULL},
        {{"/a/b", "/c"}, 1, "/c"},
        {{"/", "", "hello"}, 2, "/hello"},
        {{"/a/b", "", "..", "../../.."}, 1, "/"},
        {{"x", "y"}, 1, "/home/joe/x/y"},
        {{"x"}, 0, NULL},
        {{"x"}, 4, NULL},
    };
    struct peer *p = peer_new(&(struct peer_options){.version = 6});
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint32_t id = peer_begin(p, SSH_FXP_REALPATH);
        bool exists = cases[i].result && strcmp(cases[i].result, "/hello") == 0;
        put_text(&p->out, cases[i].parts[0]);
        if (cases[i].control >= 0)
            put_u8(&p->out, (uint8_t)cases[i].control);
        for (int k = 1; k < 4 && cases[i].parts[k]; k++)
            put_text(&p->out, cases[i].parts[k]);
        peer_end(p);
        peer_go(p);
        if (!cases[i].result) {
            peer_expect_status(
                p, id, cases[i].control == 3 ? SALLY_NO_SUCH_FILE : SALLY_INVALID_PARAMETER);
            continue;
        }
        struct reply *r = peer_expect(p, SSH_FXP_NAME, id);
        assert_int_equal(get_u32(&r->body), 1);
        assert_true(slice_is(get_string(&r->body), cases[i].result));
        assert_int_equal(get_u32(&r->body) != 0, exists);
        assert_int_equal(get_u8(&r->body), exists ? SALLY_TYPE_REGULAR : SALLY_TYPE_UNKNOWN);
        if (!exists)
            assert_true(cursor_done(&r->body));
    }
    assert_int_equal(p->store.calls[SALLY_OP_STAT], 3); /* control 1 asks no one */
    p->store.fail = SALLY_PERMISSION_DENIED;
    uint32_t denied = peer_begin(p, SSH_FXP_REALPATH);
    put_text(&p->out, "/hello");
    put_u8(&p->out, 3);
    peer_end(p);
    peer_go(p);
    peer_expect_status(p, denied, SALLY_PERMISSION_DENIED);
    /* Thousands of parts are refused, not worked through. */
    uint32_t id = peer_begin(p, SSH_FXP_REALPATH);
    put_text(&p->out, "/a");
    put_u8(&p->out, 1);
    for (int i = 0; i < 10000; i++)
        put_text(&p->out, "a");
    peer_end(p);
    peer_go(p);
    peer_expect_status(p, id, SALLY_INVALID_PARAMETER);
    id = peer_begin(p, SSH_FXP_REALPATH);
    put_text(&p->out, "/a");
    put_u8(&p->out, 1);
    put_u32(&p->out, 10);
    peer_end(p);
    peer_go(p);
    peer_expect_status(p, id, SALLY_BAD_MESSAGE);
    peer_free(p);
}

struct resolution {
    uint32_t version, permissions;
    uint32_t control; /* 0: not sent */
    const char *path, *result;
    uint32_t status; /* with no result */
    bool has_attrs, asks;
};

static void assert_resolves(const struct resolution *c, bool expands)
{
    struct peer *p = peer_new(&(struct peer_options){
        .version = c->version, .permissions = c->permissions, .resolves = true});
    store_add(&p->store, "/link", SALLY_TYPE_SYMLINK, "/hello", 6);
    uint32_t id;
    if (expands) {
        id = peer_extended_path(p, "expand-path@openssh.com", c->path);
    } else {
        id = peer_begin(p, SSH_FXP_REALPATH);
        put_text(&p->out, c->path);
        if (c->control)
            put_u8(&p->out, (uint8_t)c->control);
        peer_end(p);
    }
    peer_go(p);
    if (c->result) {
        struct reply *r = peer_expect(p, SSH_FXP_NAME, id);
        assert_int_equal(get_u32(&r->body), 1);
        assert_true(slice_is(get_string(&r->body), c->result));
        if (c->version == 3)
            get_string(&r->body); /* longname */
        assert_int_equal(get_u32(&r->body) != 0, c->has_attrs);
        assert_true(c->has_attrs || cursor_left(&r->body) <= 1); /* the type, from version 4 on */
    } else {
        peer_expect_status(p, id, c->status);
    }
    assert_int_equal(p->store.calls[SALLY_OP_REALPATH], c->asks);
    assert_int_equal(p->store.calls[SALLY_OP_STAT], 0);
    peer_free(p);
}

/* REALPATH shows what STAT and READLINK would, only to those who may do these. */
static void realpath_tells_nothing_that_is_not_permitted(void **state)
{
    (void)state;
    const uint32_t all = SALLY_MAY_ALL, less = SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_STAT;
    for (uint32_t version = 3; version <= 5; version++) {
        const struct resolution cases[] = {
            {version, all, 0, "/link", "/hello", SALLY_OK, version > 3, true},
            {version, all, 0, "/none", NULL, SALLY_NO_SUCH_FILE, false, true},
            {version, less, 0, "/link", "/link", SALLY_OK, false, false},
            {version, less, 0, "/none/../x/.", "/x", SALLY_OK, false, false},
        };
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            assert_resolves(&cases[i], false);
            assert_resolves(&cases[i], true);
        }
    }
    const struct resolution cases[] = {
        {6, all, 0, "/link", "/link", SALLY_OK, false, true},
        {6, all, 1, "/link", "/link", SALLY_OK, false, true},
        {6, all, 2, "/link", "/hello", SALLY_OK, true, true},
        {6, all, 2, "/none", "/none", SALLY_OK, false, true},
        {6, all, 3, "/link", "/hello", SALLY_OK, true, true},
        {6, all, 3, "/none", NULL, SALLY_NO_SUCH_FILE, false, true},
        {6, less, 0, "/link", "/link", SALLY_OK, false, false},
        {6, less, 1, "/link", "/link", SALLY_OK, false, false},
        {6, less, 2, "/link", "/link", SALLY_OK, false, false},
        {6, less, 2, "/none", "/none", SALLY_OK, false, false},
        {6, less, 3, "/link", NULL, SALLY_PERMISSION_DENIED, false, false},
        {6, less, 3, "/none", NULL, SALLY_PERMISSION_DENIED, false, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_resolves(&cases[i], false);
}

static void setstat_sets_what_is_said(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    uint32_t id = peer_begin(p, SSH_FXP_SETSTAT);
    put_text(&p->out, "/hello");
    put_u32(&p->out,
            SSH_FILEXFER_ATTR_PERMISSIONS | SSH_FILEXFER_ATTR_UIDGID | SSH_FILEXFER_ATTR_ACMODTIME);
    put_u32(&p->out, 1);
    put_u32(&p->out, 2);
    put_u32(&p->out, 0100600);
    put_u32(&p->out, 3);
    put_u32(&p->out, 4);
    peer_end(p);
    peer_go(p);
    peer_expect_status(p, id, SALLY_OK);
    const sally_attrs *a = &p->store.last_attrs;
    assert_int_equal(a->valid,
                     SALLY_ATTR_IDS | SALLY_ATTR_PERMISSIONS | SALLY_ATTR_ATIME | SALLY_ATTR_MTIME);
    assert_int_equal(a->uid, 1);
    assert_int_equal(a->gid, 2);
    assert_int_equal(a->permissions, 0600);
    assert_int_equal(a->atime.seconds, 3);
    assert_int_equal(a->mtime.seconds, 4);
    assert_int_equal(p->store.last.u.setstat.flags, SALLY_FOLLOW);
    peer_free(p);
}

static void long_paths_are_no_ones_problem(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    static char path[200000];
    memset(path, 'a', sizeof path - 1);
    uint32_t id = peer_path_request(p, SSH_FXP_STAT, path);
    peer_go(p);
    peer_expect_status(p, id, SALLY_BAD_MESSAGE);
    memset(path, '/', sizeof path - 1);
    id = peer_path_request(p, SSH_FXP_STAT, path);
    peer_go(p);
    peer_take(p);
    peer_free(p);
}

static void without_a_permission_nothing_reaches_the_storage(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        uint32_t permission;
        uint32_t kind;
    } cases[] = {
        {SSH_FXP_STAT, SALLY_MAY_STAT, SALLY_OP_STAT},
        {SSH_FXP_LSTAT, SALLY_MAY_STAT, SALLY_OP_STAT},
        {SSH_FXP_REMOVE, SALLY_MAY_REMOVE, SALLY_OP_REMOVE},
        {SSH_FXP_RMDIR, SALLY_MAY_RMDIR, SALLY_OP_RMDIR},
        {SSH_FXP_MKDIR, SALLY_MAY_MKDIR, SALLY_OP_MKDIR},
        {SSH_FXP_READLINK, SALLY_MAY_STAT, SALLY_OP_READLINK},
        {SSH_FXP_OPENDIR, SALLY_MAY_LIST, SALLY_OP_OPENDIR},
        {SSH_FXP_RENAME, SALLY_MAY_RENAME, SALLY_OP_RENAME},
        {SSH_FXP_SYMLINK, SALLY_MAY_SYMLINK, SALLY_OP_SYMLINK},
        {SSH_FXP_SETSTAT, SALLY_MAY_SETSTAT, SALLY_OP_SETSTAT},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer *p =
            peer_new(&(struct peer_options){.permissions = SALLY_MAY_ALL & ~cases[i].permission});
        uint32_t id = peer_begin(p, cases[i].type);
        put_text(&p->out, "/hello");
        put_u32(&p->out, 0); /* attributes, or the second path */
        peer_end(p);
        peer_go(p);
        peer_expect_status(p, id, SALLY_PERMISSION_DENIED);
        assert_int_equal(p->store.calls[cases[i].kind], 0);
        peer_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stat_follows_and_lstat_does_not),
        cmocka_unit_test(stat_of_later_versions_says_what_is_wanted),
        cmocka_unit_test(unknown_wishes_mean_what_is_usual),
        cmocka_unit_test(paths_are_made_canonical),
        cmocka_unit_test(files_and_directories_come_and_go),
        cmocka_unit_test(versions_past_the_umask),
        cmocka_unit_test(rename_overwrites_only_when_told),
        cmocka_unit_test(symlinks_have_openssh_order),
        cmocka_unit_test(links_of_version_6),
        cmocka_unit_test(realpath_of_version_3),
        cmocka_unit_test(realpath_of_version_6_composes),
        cmocka_unit_test(realpath_tells_nothing_that_is_not_permitted),
        cmocka_unit_test(setstat_sets_what_is_said),
        cmocka_unit_test(long_paths_are_no_ones_problem),
        cmocka_unit_test(without_a_permission_nothing_reaches_the_storage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
