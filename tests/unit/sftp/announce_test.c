#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

/* False: it was not announced. */
static bool find(const struct peer *p, const char *name, struct slice *value)
{
    struct cursor c = p->reply.body;
    get_u32(&c);
    while (cursor_left(&c)) {
        struct slice key = get_string(&c);
        *value = get_string(&c);
        assert_false(c.bad);
        if (slice_is(key, name))
            return true;
    }
    return false;
}

static void each_version_says_what_it_should(void **state)
{
    (void)state;
    struct slice value;
    for (uint32_t version = 3; version <= 6; version++) {
        struct peer *p = peer_new(&(struct peer_options){.version = version});
        assert_int_equal(find(p, "newline", &value), version >= 4);
        if (version >= 4)
            assert_true(slice_is(value, "\n"));
        assert_int_equal(find(p, "supported", &value), version == 5);
        assert_int_equal(find(p, "supported2", &value), version == 6);
        assert_true(find(p, "versions", &value));
        assert_true(slice_is(value, "3,4,5,6"));
        assert_true(find(p, "vendor-id", &value));
        struct cursor c = cursor_of_slice(value);
        assert_true(slice_is(get_string(&c), "Sallyport"));
        assert_true(slice_is(get_string(&c), "Sallyport"));
        assert_true(get_string(&c).size > 0);
        assert_true(get_u64(&c) > 0);
        assert_true(cursor_done(&c));
        assert_false(find(p, "text-seek", &value)); /* is no pair of its own */
        peer_free(p);
    }
    struct peer *p = peer_new(&(struct peer_options){.version = 6, .max_version = 5});
    assert_true(find(p, "versions", &value));
    assert_true(slice_is(value, "3,4,5"));
    peer_free(p);
    p = peer_new(&(struct peer_options){.version = 6, .max_version = 3});
    assert_false(find(p, "versions", &value));
    peer_free(p);
    p = peer_new(&(struct peer_options){.version = 6, .deny = "vendor-id,version-select"});
    assert_false(find(p, "versions", &value) || find(p, "vendor-id", &value));
    peer_free(p);
}

static bool has_name(struct cursor c, const char *name)
{
    bool found = false;
    while (cursor_left(&c))
        found |= slice_is(get_string(&c), name);
    assert_true(cursor_done(&c));
    return found;
}

static void what_is_supported_can_be_taken_apart(void **state)
{
    (void)state;
    for (uint32_t version = 5; version <= 6; version++) {
        for (int without = 0; without < 2; without++) {
            const uint64_t kinds = SALLY_OP_BIT(SALLY_OP_SETSTAT) | SALLY_OP_BIT(SALLY_OP_HASH) |
                                   SALLY_OP_BIT(SALLY_OP_LINK) | SALLY_OP_BIT(SALLY_OP_LOCK);
            struct peer *p = peer_new(&(struct peer_options){
                .version = version, .without = without ? kinds : 0, .deny = "copy-file"});
            struct slice value;
            assert_true(find(p, version == 5 ? "supported" : "supported2", &value));
            struct cursor c = cursor_of_slice(value);
            uint32_t attrs = get_u32(&c);
            assert_int_equal(
                attrs, without
                           ? 0
                           : SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_OWNERGROUP |
                                 SSH_FILEXFER_ATTR_PERMISSIONS | SSH_FILEXFER_ATTR_ACCESSTIME |
                                 SSH_FILEXFER_ATTR_MODIFYTIME | SSH_FILEXFER_ATTR_SUBSECOND_TIMES);
            assert_int_equal(get_u32(&c), 0);
            uint32_t flags = get_u32(&c);
            assert_int_equal(flags & 7, 7);
            assert_int_equal(!!(flags & SSH_FXF_NOFOLLOW), version == 6);
            assert_int_equal(!!(flags & SSH_FXF_BLOCK_READ), !without);
            assert_int_equal(!!(flags & SSH_FXF_BLOCK_ADVISORY), !without && version == 6);
            get_u32(&c);
            get_u32(&c);
            if (version == 6) {
                assert_int_equal(get_u32(&c), without ? 0x00010001 : UINT32_MAX);
                assert_int_equal(get_u32(&c), 0);
                struct cursor names = c;
                uint32_t count = get_u32(&names);
                for (uint32_t i = 0; i < count; i++)
                    get_string(&names);
                assert_true(cursor_done(&names));
                get_u32(&c);
            }
            assert_true(has_name(c, "text-seek"));
            assert_int_equal(has_name(c, "check-file-name"), !without);
            assert_int_equal(has_name(c, "hardlink@openssh.com"), !without);
            assert_false(has_name(c, "copy-file"));
            peer_free(p);
        }
    }
}

static void a_storage_says_what_can_be_set(void **state)
{
    (void)state;
    struct slice value;
    for (uint32_t version = 5; version <= 6; version++) {
        for (int without = 0; without < 2; without++) {
            struct peer *p = peer_new(&(struct peer_options){
                .no_init = true, .without = without ? SALLY_OP_BIT(SALLY_OP_SETSTAT) : 0});
            p->store.settable = SALLY_ATTR_SIZE | SALLY_ATTR_MIME_TYPE | SALLY_ATTR_CREATETIME |
                                SALLY_ATTR_EXTENDED | SALLY_ATTR_LINK_COUNT | SALLY_ATTR_TEXT_HINT;
            p->store.settable_bits = SALLY_BIT_READONLY | SALLY_BIT_ARCHIVE;
            peer_init(p, version);
            assert_true(find(p, version == 5 ? "supported" : "supported2", &value));
            struct cursor c = cursor_of_slice(value);
            uint32_t attrs = SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_CREATETIME |
                             SSH_FILEXFER_ATTR_BITS | SSH_FILEXFER_ATTR_EXTENDED |
                             (version == 6 ? SSH_FILEXFER_ATTR_MIME_TYPE : 0);
            assert_int_equal(get_u32(&c), without ? 0 : attrs);
            assert_int_equal(get_u32(&c), without ? 0 : 0x11);
            peer_free(p);
        }
    }
}

static void acls_are_announced_when_the_storage_says(void **state)
{
    (void)state;
    struct slice value;
    for (uint32_t version = 3; version <= 6; version++) {
        for (uint32_t traits = 0; traits <= SALLY_FS_ACL; traits += SALLY_FS_ACL) {
            struct peer *p = peer_new(&(struct peer_options){.version = version, .traits = traits});
            assert_int_equal(find(p, "acl-supported", &value), version == 6 && traits);
            if (version == 6 && traits) {
                assert_int_equal(value.size, 4);
                assert_memory_equal(value.data, "\0\0\0\3", 4);
            }
            if (version >= 5) {
                assert_true(find(p, version == 5 ? "supported" : "supported2", &value));
                struct cursor c = cursor_of_slice(value);
                assert_int_equal(!!(get_u32(&c) & SSH_FILEXFER_ATTR_ACL), !!traits);
            }
            peer_free(p);
        }
    }
}

/* Behind the structure in front of the names. */
static struct cursor names_of(struct slice value, uint32_t version)
{
    struct cursor c = cursor_of_slice(value);
    cursor_read(&c, 20);
    if (version == 6)
        cursor_read(&c, 12);
    return c;
}

static void what_the_storage_brings_is_supported(void **state)
{
    (void)state;
    static const struct {
        const char *pair, *request, *another; /* names of requests behind the pair */
        const char *deny;                     /* what takes the pair away */
    } cases[] = {
        {"thing@test", "thing@test", "thing@test", "thing@test"},
        {"xattr@proftpd.org", "getxattr@proftpd.org", "fremovexattr@proftpd.org",
         "getxattr@proftpd.org,setxattr@proftpd.org,listxattr@proftpd.org,removexattr@proftpd.org,"
         "fgetxattr@proftpd.org,fsetxattr@proftpd.org,flistxattr@proftpd.org,"
         "fremovexattr@proftpd.org"},
        {"ranges@asyncssh.com", "ranges@asyncssh.com", "ranges@asyncssh.com",
         "ranges@asyncssh.com"},
    };
    for (uint32_t version = 3; version <= 6; version++) {
        for (size_t i = 0; i < COUNT_OF(cases) * 3; i++) {
            /* Allowed; one request denied; all. */
            size_t which = i / 3, how = i % 3;
            const char *deny = how == 2 ? cases[which].deny : cases[which].request;
            bool one_left = how == 1 && cases[which].request != cases[which].another;
            struct peer *p =
                peer_new(&(struct peer_options){.no_init = true, .deny = how ? deny : NULL});
            p->store.announce = (sally_pair){.name = cases[which].pair, .data = "7", .size = 1};
            peer_init(p, version);
            struct slice value;
            assert_int_equal(find(p, cases[which].pair, &value), how == 0 || one_left);
            if (how == 0)
                assert_true(slice_is(value, "7"));
            if (version >= 5) {
                assert_true(find(p, version == 5 ? "supported" : "supported2", &value));
                struct cursor names = names_of(value, version);
                assert_int_equal(has_name(names, cases[which].request), how == 0);
                assert_int_equal(has_name(names, cases[which].another), how == 0 || one_left);
                assert_int_equal(has_name(names, "xattr@proftpd.org"), false);
            }
            peer_free(p);
        }
    }
}

/* The masks say what this user may do with some file. */
static void what_is_not_allowed_is_not_supported(void **state)
{
    (void)state;
    const uint32_t locks = SSH_FXF_BLOCK_READ | SSH_FXF_BLOCK_WRITE | SSH_FXF_BLOCK_DELETE;
    const uint32_t appends = SSH_FXF_APPEND_DATA | SSH_FXF_APPEND_DATA_ATOMIC;
    const struct {
        uint32_t permissions;
        bool attrs;
        uint32_t flags; /* of those that depend on it */
    } cases[] = {
        {SALLY_MAY_ALL, true, locks | appends | SSH_FXF_DELETE_ON_CLOSE},
        {SALLY_MAY_VIEW, false, 0},
        {SALLY_MAY_VIEW | SALLY_MAY_SETSTAT, true, 0},
        {SALLY_MAY_VIEW | SALLY_MAY_CREATE, true, 0},
        {SALLY_MAY_VIEW | SALLY_MAY_MKDIR, true, 0},
        {SALLY_MAY_VIEW | SALLY_MAY_LOCK, false, locks},
        {SALLY_MAY_VIEW | SALLY_MAY_WRITE, false, appends},
        {SALLY_MAY_VIEW | SALLY_MAY_REMOVE, false, SSH_FXF_DELETE_ON_CLOSE},
    };
    for (uint32_t version = 5; version <= 6; version++) {
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            struct peer *p = peer_new(
                &(struct peer_options){.permissions = cases[i].permissions, .no_init = true});
            p->store.settable_bits = SALLY_BIT_READONLY;
            peer_init(p, version);
            struct slice value;
            assert_true(find(p, version == 5 ? "supported" : "supported2", &value));
            struct cursor c = cursor_of_slice(value);
            assert_int_equal(get_u32(&c) != 0, cases[i].attrs);
            assert_int_equal(get_u32(&c) != 0, cases[i].attrs);
            uint32_t also_in_6 = SSH_FXF_DELETE_ON_CLOSE;
            uint32_t wanted = cases[i].flags & (version == 6 ? UINT32_MAX : ~also_in_6);
            assert_int_equal(get_u32(&c) & (locks | appends | also_in_6), wanted);
            assert_int_equal(get_u32(&c), ACE4_EVERY);
            get_u32(&c);
            if (version == 6)
                assert_int_equal(get_u32(&c), wanted & locks ? UINT32_MAX : 0x00010001);
            peer_free(p);
        }
    }
}

static void the_storages_own_need_a_permission(void **state)
{
    (void)state;
    static const char *const pairs[] = {"thing@test", "xattr@proftpd.org"};
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        for (int allowed = 0; allowed < 2; allowed++) {
            struct peer *p = peer_new(&(struct peer_options){
                .no_init = true,
                .permissions = SALLY_MAY_VIEW | (allowed ? SALLY_MAY_EXTENDED : 0)});
            p->store.announce = (sally_pair){.name = pairs[i], .data = "7", .size = 1};
            peer_init(p, 6);
            struct slice value;
            assert_int_equal(find(p, pairs[i], &value), allowed);
            assert_true(find(p, "supported2", &value));
            assert_int_equal(
                has_name(names_of(value, 6), i == 0 ? "thing@test" : "getxattr@proftpd.org"),
                allowed);
            peer_free(p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_version_says_what_it_should),
        cmocka_unit_test(what_is_supported_can_be_taken_apart),
        cmocka_unit_test(a_storage_says_what_can_be_set),
        cmocka_unit_test(acls_are_announced_when_the_storage_says),
        cmocka_unit_test(what_the_storage_brings_is_supported),
        cmocka_unit_test(what_is_not_allowed_is_not_supported),
        cmocka_unit_test(the_storages_own_need_a_permission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
