#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

static void every_unknown_type_is_unsupported(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        struct peer *p = peer_new(&(struct peer_options){.version = version});
        for (uint32_t type = 0; type < 256; type++) {
            if (type == SSH_FXP_INIT)
                continue;
            bool known = (type >= SSH_FXP_OPEN && type <= SSH_FXP_READLINK) ||
                         type == SSH_FXP_EXTENDED || (type == SSH_FXP_SYMLINK && version < 6) ||
                         (type >= SSH_FXP_LINK && type <= SSH_FXP_UNBLOCK && version == 6);
            uint32_t id = peer_begin(p, (uint8_t)type);
            peer_end(p);
            peer_go(p);
            peer_expect_status(p, id, known ? SALLY_BAD_MESSAGE : SALLY_UNSUPPORTED);
        }
        assert_int_equal(p->credit, p->sent);
        peer_free(p);
    }
}

static void ids_are_the_clients_affair(void **state)
{
    (void)state;
    static const uint32_t ids[] = {0, UINT32_MAX, 7, 7, 0x80000000};
    struct peer *p = peer_new(NULL);
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        p->next_id = ids[i] - 1;
        peer_path_request(p, SSH_FXP_STAT, "/hello");
    }
    peer_go(p);
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        peer_expect(p, SSH_FXP_ATTRS, ids[i]);
    peer_free(p);
}

static void names_are_those_of_openssh(void **state)
{
    (void)state;
    static const char *const names[] = {
        "open",
        "close",
        "read",
        "write",
        "lstat",
        "fstat",
        "setstat",
        "fsetstat",
        "opendir",
        "readdir",
        "remove",
        "mkdir",
        "rmdir",
        "realpath",
        "stat",
        "rename",
        "readlink",
        "symlink",
        "block",
        "unblock",
        "posix-rename",
        "statvfs",
        "fstatvfs",
        "hardlink",
        "fsync",
        "lsetstat",
        "limits",
        "expand-path",
        "copy-data",
        "home-directory",
        "users-groups-by-id",
        "check-file-handle",
        "check-file-name",
        "md5-hash",
        "md5-hash-handle",
        "space-available",
        "copy-file",
        "get-temp-folder",
        "make-temp-folder",
        "text-seek",
        "filename-translation-control",
        "vendor-id",
        "version-select",
    };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_string_equal(sftp_request_name_at(i), names[i]);
    assert_null(sftp_request_name_at(COUNT_OF(names)));
    assert_null(sftp_request_name_at(SIZE_MAX));
}

/* The request that a name stands for. */
static uint32_t send_named(struct peer *p, const char *name)
{
    static const struct {
        const char *name;
        uint8_t type;
    } types[] = {
        {"open", SSH_FXP_OPEN},       {"close", SSH_FXP_CLOSE},       {"read", SSH_FXP_READ},
        {"write", SSH_FXP_WRITE},     {"lstat", SSH_FXP_LSTAT},       {"fstat", SSH_FXP_FSTAT},
        {"setstat", SSH_FXP_SETSTAT}, {"fsetstat", SSH_FXP_FSETSTAT}, {"opendir", SSH_FXP_OPENDIR},
        {"readdir", SSH_FXP_READDIR}, {"remove", SSH_FXP_REMOVE},     {"mkdir", SSH_FXP_MKDIR},
        {"rmdir", SSH_FXP_RMDIR},     {"realpath", SSH_FXP_REALPATH}, {"stat", SSH_FXP_STAT},
        {"rename", SSH_FXP_RENAME},   {"readlink", SSH_FXP_READLINK}, {"symlink", SSH_FXP_SYMLINK},
        {"block", SSH_FXP_BLOCK},     {"unblock", SSH_FXP_UNBLOCK},
    };
    static const char *const of_openssh[] = {"posix-rename", "statvfs",     "fstatvfs",
                                             "hardlink",     "fsync",       "lsetstat",
                                             "limits",       "expand-path", "users-groups-by-id"};
    uint32_t id;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (strcmp(types[i].name, name) == 0) {
            id = peer_begin(p, types[i].type);
            peer_end(p);
            return id;
        }
    }
    id = peer_begin(p, SSH_FXP_EXTENDED);
    size_t place = put_string_begin(&p->out);
    put_bytes(&p->out, name, strlen(name));
    bool openssh = false;
    for (size_t i = 0; i < COUNT_OF(of_openssh); i++)
        openssh |= strcmp(name, of_openssh[i]) == 0;
    if (openssh)
        put_bytes(&p->out, "@openssh.com", 12);
    put_string_end(&p->out, place);
    peer_end(p);
    return id;
}

static void lists_allow_and_deny(void **state)
{
    (void)state;
    const char *name;
    for (size_t i = 0; (name = sftp_request_name_at(i)); i++) {
        for (int how = 0; how < 3; how++) {
            struct peer *p = peer_new(&(struct peer_options){
                .version = strstr(name, "block") ? 6 : 3,
                .allow = how == 0   ? name
                         : how == 1 ? "nothing"
                                    : NULL,
                .deny = how == 2 ? name : NULL,
            });
            uint32_t id = send_named(p, name);
            peer_go(p);
            struct reply *r = peer_take(p);
            assert_int_equal(r->id, id);
            bool denied = r->type == SSH_FXP_STATUS && get_u32(&r->body) == SALLY_PERMISSION_DENIED;
            assert_int_equal(denied, how != 0);
            peer_free(p);
        }
    }
}

static void lists_are_read_exactly(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.deny = ",,lstat,xstat,stat ,sta,,mkdir"});
    uint32_t a = peer_path_request(p, SSH_FXP_STAT, "/hello");
    uint32_t b = peer_path_request(p, SSH_FXP_LSTAT, "/hello");
    uint32_t c = peer_path_request(p, SSH_FXP_MKDIR, "/x");
    peer_go(p);
    peer_expect(p, SSH_FXP_ATTRS, a);
    peer_expect_status(p, b, SALLY_PERMISSION_DENIED);
    peer_expect_status(p, c, SALLY_PERMISSION_DENIED);
    peer_free(p);
    p = peer_new(&(struct peer_options){.allow = "stat,lstat", .deny = "stat"}); /* denying wins */
    a = peer_path_request(p, SSH_FXP_STAT, "/hello");
    b = peer_path_request(p, SSH_FXP_LSTAT, "/hello");
    peer_go(p);
    peer_expect_status(p, a, SALLY_PERMISSION_DENIED);
    peer_expect(p, SSH_FXP_ATTRS, b);
    peer_free(p);
    p = peer_new(&(struct peer_options){.allow = ""});
    a = peer_path_request(p, SSH_FXP_STAT, "/hello");
    peer_go(p);
    peer_expect_status(p, a, SALLY_PERMISSION_DENIED);
    peer_free(p);
}

static void extensions_are_also_listed_as_on_the_wire(void **state)
{
    (void)state;
    static const struct {
        const char *listed, *denied;
    } cases[] = {{"statvfs@openssh.com", "statvfs"},
                 {"users-groups-by-id@openssh.com", "users-groups-by-id"},
                 {"check-file", "check-file-handle"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer *p = peer_new(&(struct peer_options){.deny = cases[i].listed});
        uint32_t a = send_named(p, cases[i].denied), b = send_named(p, "fstatvfs");
        peer_go(p);
        peer_expect_status(p, a, SALLY_PERMISSION_DENIED);
        peer_expect_status(p, b, SALLY_BAD_MESSAGE);
        peer_free(p);
        p = peer_new(&(struct peer_options){.allow = cases[i].listed});
        a = send_named(p, cases[i].denied), b = send_named(p, "fstatvfs");
        peer_go(p);
        peer_expect_status(p, a, SALLY_BAD_MESSAGE);
        peer_expect_status(p, b, SALLY_PERMISSION_DENIED);
        peer_free(p);
    }
    assert_true(sftp_request_is_known("statvfs") && sftp_request_is_known("statvfs@openssh.com"));
    assert_true(sftp_request_is_known("check-file") && sftp_request_is_known("open"));
    assert_false(sftp_request_is_known("oben") || sftp_request_is_known("") ||
                 sftp_request_is_known("open@openssh.com"));
}

static void a_denied_write_in_pieces_is_denied(void **state)
{
    (void)state;
    static const uint8_t data[50000];
    struct peer *p = peer_new(&(struct peer_options){.deny = "write", .cut = CUT_RANDOM});
    struct handle h = peer_open(p, "/hello", SSH_FXF_WRITE);
    uint32_t id = peer_write_request(p, h, 0, data, sizeof data);
    peer_go(p);
    peer_expect_status(p, id, SALLY_PERMISSION_DENIED);
    assert_int_equal(p->store.calls[SALLY_OP_WRITE], 0);
    peer_free(p);
}

static void messages_go_with_the_status(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_REMOVE);
    static char longest[400];
    memset(longest, 'm', sizeof longest - 1);
    static const char *const texts[] = {"Quota of 5 MB exceeded", "", longest};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        uint32_t id = peer_path_request(p, SSH_FXP_REMOVE, "/hello");
        peer_go(p);
        p->store.fail = SALLY_QUOTA_EXCEEDED;
        assert_int_equal(sally_op_set_message(p->store.late[0], texts[i]), SALLY_E_OK);
        store_finish(&p->store, 0);
        peer_pump(p);
        struct reply *r = peer_expect(p, SSH_FXP_STATUS, id);
        assert_int_equal(get_u32(&r->body), SALLY_FAILURE);
        struct slice text = get_string(&r->body);
        size_t size = strlen(texts[i]) < 255 ? strlen(texts[i]) : 255;
        assert_int_equal(text.size, size);
        assert_memory_equal(text.data, texts[i], size);
        assert_true(slice_is(get_string(&r->body), "en"));
    }
    peer_free(p);
}

/* What follows the language of a status. */
static struct cursor error_data(struct peer *p, uint32_t id, uint32_t code)
{
    struct reply *r = peer_expect(p, SSH_FXP_STATUS, id);
    assert_int_equal(get_u32(&r->body), code);
    assert_true(get_string(&r->body).size > 0);
    assert_true(slice_is(get_string(&r->body), "en"));
    return r->body;
}

static void unknown_principals_are_named(void **state)
{
    (void)state;
    for (uint32_t version = 3; version <= 6; version++) {
        uint32_t code = version >= 5 ? SALLY_UNKNOWN_PRINCIPAL : SALLY_FAILURE;
        struct peer *p = peer_new(&(struct peer_options){.version = version});
        uint32_t id = peer_begin_extended(p, "home-directory");
        put_text(&p->out, "mary");
        peer_end(p);
        peer_go(p);
        struct cursor c = error_data(p, id, code);
        assert_true(version < 5 || slice_is(get_string(&c), "mary"));
        assert_true(cursor_done(&c));

        p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_REMOVE);
        for (uint32_t count = 0; count < 40; count += 13) {
            id = peer_path_request(p, SSH_FXP_REMOVE, "/hello");
            peer_go(p);
            p->store.fail = SALLY_UNKNOWN_PRINCIPAL;
            for (uint32_t i = 0; i < count; i++) {
                char name[1024 + 1];
                memset(name, 'a' + (int)i % 26, sizeof name - 1);
                name[sizeof name - 1] = 0;
                assert_int_equal(sally_op_add_unknown_name(p->store.late[0], name),
                                 i < 32 ? SALLY_E_OK : SALLY_E_RANGE);
            }
            char long_name[1024 + 2];
            memset(long_name, 'x', sizeof long_name - 1);
            long_name[sizeof long_name - 1] = 0;
            assert_int_equal(sally_op_add_unknown_name(p->store.late[0], long_name), SALLY_E_RANGE);
            store_finish(&p->store, 0);
            peer_pump(p);
            c = error_data(p, id, code);
            for (uint32_t i = 0; version >= 5 && i < count && i < 32; i++) {
                struct slice name = get_string(&c);
                assert_int_equal(name.size, 1024);
                assert_int_equal(name.data[0], 'a' + (int)i % 26);
            }
            assert_true(cursor_done(&c));
        }
        /* Names count for nothing with another status. */
        id = peer_path_request(p, SSH_FXP_REMOVE, "/hello");
        peer_go(p);
        p->store.fail = SALLY_PERMISSION_DENIED;
        assert_int_equal(sally_op_add_unknown_name(p->store.late[0], "mary"), SALLY_E_OK);
        store_finish(&p->store, 0);
        peer_pump(p);
        c = error_data(p, id, SALLY_PERMISSION_DENIED);
        assert_true(cursor_done(&c));
        assert_int_equal(p->credit, p->sent);
        peer_free(p);
    }
    /* Too long to be told back, or no text: the code alone. */
    struct peer *p = peer_new(&(struct peer_options){.version = 6});
    static char user[2000];
    memset(user, 'u', sizeof user);
    for (int i = 0; i < 2; i++) {
        uint32_t id = peer_begin_extended(p, "home-directory");
        put_string(&p->out, i ? "a\0b" : user, i ? 3 : sizeof user);
        peer_end(p);
        peer_go(p);
        struct cursor c = error_data(p, id, SALLY_UNKNOWN_PRINCIPAL);
        assert_true(cursor_done(&c));
    }
    peer_free(p);
}

static void codes_are_those_of_the_version(void **state)
{
    (void)state;
    static const uint32_t last[] = {8, 13, 17, 31};
    for (uint32_t version = 3; version <= 6; version++) {
        struct peer *p = peer_new(&(struct peer_options){.version = version});
        for (sally_status status = 1; status <= 40; status++) {
            uint32_t id = peer_path_request(p, SSH_FXP_REMOVE, "/hello");
            p->store.fail = status;
            peer_go(p);
            struct reply *r = peer_expect(p, SSH_FXP_STATUS, id);
            uint32_t code = get_u32(&r->body);
            assert_true(code != SALLY_OK && code <= last[version - 3]);
            bool not_ours = status == SALLY_NO_CONNECTION || status == SALLY_CONNECTION_LOST;
            if ((uint32_t)status <= last[version - 3])
                assert_int_equal(code, not_ours ? SALLY_FAILURE : status);
        }
        peer_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unknown_type_is_unsupported),
        cmocka_unit_test(ids_are_the_clients_affair),
        cmocka_unit_test(names_are_those_of_openssh),
        cmocka_unit_test(lists_allow_and_deny),
        cmocka_unit_test(lists_are_read_exactly),
        cmocka_unit_test(extensions_are_also_listed_as_on_the_wire),
        cmocka_unit_test(a_denied_write_in_pieces_is_denied),
        cmocka_unit_test(messages_go_with_the_status),
        cmocka_unit_test(unknown_principals_are_named),
        cmocka_unit_test(codes_are_those_of_the_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
