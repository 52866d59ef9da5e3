#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

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
    const char *alias, *name;
    size_t count = 0;
    for (; (alias = sftp_request_alias_at(count, &name)); count++) {
        assert_string_not_equal(alias, name);
        assert_true(sftp_request_is_known(alias) && sftp_request_is_known(name));
    }
    assert_int_equal(count, 10); /* nine of OpenSSH, and one of Paramiko */
    assert_string_equal(sftp_request_alias_at(count - 1, &name), "check-file");
    assert_string_equal(name, "check-file-handle");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_openssh),
        cmocka_unit_test(lists_allow_and_deny),
        cmocka_unit_test(lists_are_read_exactly),
        cmocka_unit_test(extensions_are_also_listed_as_on_the_wire),
        cmocka_unit_test(a_denied_write_in_pieces_is_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
