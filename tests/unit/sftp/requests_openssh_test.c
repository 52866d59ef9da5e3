#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

static void renames_and_links(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    store_add(&p->store, "/b", SALLY_TYPE_REGULAR, "b", 1);
    uint32_t a = peer_extended_paths(p, "posix-rename@openssh.com", "/hello", "/b");
    uint32_t b = peer_extended_paths(p, "hardlink@openssh.com", "/b", "/c");
    uint32_t c = peer_extended_paths(p, "hardlink@openssh.com", "/b", "/c");
    peer_go(p);
    peer_expect_status(p, a, SALLY_OK);
    peer_expect_status(p, b, SALLY_OK);
    peer_expect_status(p, c, SALLY_FAILURE);
    assert_int_equal(store_find(&p->store, "/c")->size, 12);
    assert_string_equal(p->store.last_path, "/b");
    assert_string_equal(p->store.last_to, "/c");
    peer_free(p);
    /* Overwriting is removing. */
    p = peer_new(
        &(struct peer_options){.permissions = SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_REMOVE});
    a = peer_extended_paths(p, "posix-rename@openssh.com", "/hello", "/b");
    peer_go(p);
    peer_expect_status(p, a, SALLY_PERMISSION_DENIED);
    peer_free(p);
}

static void fsync_reaches_the_storage(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    struct handle f = peer_open(p, "/hello", SSH_FXF_WRITE), d = peer_opendir(p, "/many");
    uint32_t a = peer_extended_handle(p, "fsync@openssh.com", f);
    peer_go(p);
    peer_expect_status(p, a, SALLY_OK);
    p->store.fail = SALLY_NO_SPACE_ON_FILESYSTEM;
    a = peer_extended_handle(p, "fsync@openssh.com", f);
    peer_go(p);
    peer_expect_status(p, a, SALLY_FAILURE);
    a = peer_extended_handle(p, "fsync@openssh.com", d);
    peer_go(p);
    peer_expect_status(p, a, SALLY_NO_SUCH_FILE); /* as OpenSSH says it */
    assert_int_equal(p->store.calls[SALLY_OP_FSYNC], 2);
    peer_free(p);
}

static void lsetstat_does_not_follow(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    uint32_t id = peer_begin_extended(p, "lsetstat@openssh.com");
    put_text(&p->out, "/hello");
    put_u32(&p->out, SSH_FILEXFER_ATTR_PERMISSIONS);
    put_u32(&p->out, 0400);
    peer_end(p);
    peer_go(p);
    peer_expect_status(p, id, SALLY_OK);
    assert_int_equal(p->store.last.u.setstat.flags, 0);
    assert_int_equal(p->store.last_attrs.permissions, 0400);
    peer_free(p);
}

static void limits_are_what_holds(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){
        .max_packet = 40000, .max_read = 30000, .max_write = 20000, .max_files = 7});
    uint32_t id = peer_begin_extended(p, "limits@openssh.com");
    peer_end(p);
    peer_go(p);
    struct reply *r = peer_expect(p, SSH_FXP_EXTENDED_REPLY, id);
    assert_int_equal(get_u64(&r->body), 40000);
    assert_int_equal(get_u64(&r->body), 30000);
    assert_int_equal(get_u64(&r->body), 20000);
    assert_int_equal(get_u64(&r->body), 7);
    assert_true(cursor_done(&r->body));
    assert_int_equal(p->credit, p->sent);
    peer_free(p);

    /* Clients are told of no WRITE that would not be taken. */
    p = peer_new(&(struct peer_options){.max_packet = 40000, .max_write = 50000});
    id = peer_begin_extended(p, "limits@openssh.com");
    peer_end(p);
    peer_go(p);
    r = peer_expect(p, SSH_FXP_EXTENDED_REPLY, id);
    get_u64(&r->body);
    get_u64(&r->body);
    assert_int_equal(get_u64(&r->body), 40000 - SFTP_WRITE_OVERHEAD);
    peer_free(p);
}

static void paths_are_expanded(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"~", "/home/joe"},     {"~/", "/home/joe"},
        {"~/x", "/home/joe/x"}, {"~//x/../y", "/home/joe/y"},
        {"~joe", "/home/joe"},  {"~joe/x", "/home/joe/x"},
        {"x", "/home/joe/x"},   {"/x", "/x"},
        {"", "/home/joe"},      {"~jo", NULL},
        {"~joey/x", NULL},      {"~root", NULL},
        {"./~", "/home/joe/~"},
    };
    struct peer *p = peer_new(NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint32_t id = peer_extended_path(p, "expand-path@openssh.com", cases[i][0]);
        peer_go(p);
        if (!cases[i][1]) {
            peer_expect_status(p, id, SALLY_NO_SUCH_FILE);
            continue;
        }
        struct reply *r = peer_expect(p, SSH_FXP_NAME, id);
        assert_int_equal(get_u32(&r->body), 1);
        assert_true(slice_is(get_string(&r->body), cases[i][1]));
    }
    peer_free(p);
}

static void the_home_directory_is_told(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    uint32_t a = peer_extended_path(p, "home-directory", "");
    uint32_t b = peer_extended_path(p, "home-directory", "joe");
    uint32_t c = peer_extended_path(p, "home-directory", "root");
    peer_go(p);
    for (int i = 0; i < 2; i++) {
        struct reply *r = peer_expect(p, SSH_FXP_NAME, i ? b : a);
        assert_int_equal(get_u32(&r->body), 1);
        assert_true(slice_is(get_string(&r->body), "/home/joe"));
        assert_true(slice_is(get_string(&r->body), "/home/joe"));
        assert_int_equal(get_u32(&r->body), 0);
        assert_true(cursor_done(&r->body));
    }
    peer_expect_status(p, c, SALLY_FAILURE);
    peer_free(p);
}

static uint32_t copy(struct peer *p, struct handle from, uint64_t at, uint64_t size,
                     struct handle to, uint64_t to_at)
{
    uint32_t id = peer_begin_extended(p, "copy-data");
    put_string(&p->out, from.bytes, from.size);
    put_u64(&p->out, at);
    put_u64(&p->out, size);
    put_string(&p->out, to.bytes, to.size);
    put_u64(&p->out, to_at);
    peer_end(p);
    return id;
}

static void data_is_copied(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    struct handle from = peer_open(p, "/hello", SSH_FXF_READ);
    struct handle to = peer_open(p, "/copy", SSH_FXF_WRITE | SSH_FXF_CREAT);
    struct handle d = peer_opendir(p, "/");
    uint32_t a = copy(p, from, 7, 0, to, 0);
    uint32_t b = copy(p, from, 0, 2, to, 1);
    peer_go(p);
    peer_expect_status(p, a, SALLY_OK);
    peer_expect_status(p, b, SALLY_OK);
    assert_memory_equal(store_find(&p->store, "/copy")->data, "wHeld", 5);
    const uint32_t wrong[] = {
        copy(p, from, 0, 1, from, 5),
        copy(p, to, 0, 1, from, 0),
        copy(p, d, 0, 1, to, 0),
        copy(p, from, 0, 1, d, 0),
        copy(p, from, UINT64_MAX, 2, to, 0),
        copy(p, from, 0, 2, to, UINT64_MAX),
    };
    peer_go(p);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct reply *r = peer_expect(p, SSH_FXP_STATUS, wrong[i]);
        assert_true(get_u32(&r->body) != SALLY_OK);
    }
    peer_free(p);
}

static uint32_t lookup(struct peer *p, uint32_t uids, uint32_t gids, uint32_t odd)
{
    uint32_t id = peer_begin_extended(p, "users-groups-by-id@openssh.com");
    put_u32(&p->out, uids * 4);
    for (uint32_t i = 0; i < uids; i++)
        put_u32(&p->out, i);
    put_u32(&p->out, gids * 4 + odd);
    for (uint32_t i = 0; i < gids; i++)
        put_u32(&p->out, i + 100);
    put_bytes(&p->out, "xyz", odd);
    peer_end(p);
    return id;
}

static void ids_get_their_names(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    uint32_t a = lookup(p, 2, 1, 0), b = lookup(p, 0, 0, 0), c = lookup(p, 1, 1, 3),
             d = lookup(p, 4097, 0, 0), e = lookup(p, 4096, 4096, 0);
    peer_go(p);
    struct reply *r = peer_expect(p, SSH_FXP_EXTENDED_REPLY, a);
    struct slice users = get_string(&r->body), groups = get_string(&r->body);
    assert_true(cursor_done(&r->body));
    struct cursor names = cursor_of_slice(users);
    assert_true(slice_is(get_string(&names), ""));
    assert_true(slice_is(get_string(&names), "user1"));
    assert_true(cursor_done(&names));
    names = cursor_of_slice(groups);
    assert_true(slice_is(get_string(&names), "group100"));
    assert_true(cursor_done(&names));
    r = peer_expect(p, SSH_FXP_EXTENDED_REPLY, b);
    assert_int_equal(get_u64(&r->body), 0);
    assert_true(cursor_done(&r->body));
    peer_expect_status(p, c, SALLY_BAD_MESSAGE);
    peer_expect_status(p, d, SALLY_BAD_MESSAGE);
    peer_expect(p, SSH_FXP_EXTENDED_REPLY, e);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renames_and_links),        cmocka_unit_test(fsync_reaches_the_storage),
        cmocka_unit_test(lsetstat_does_not_follow), cmocka_unit_test(limits_are_what_holds),
        cmocka_unit_test(paths_are_expanded),       cmocka_unit_test(the_home_directory_is_told),
        cmocka_unit_test(data_is_copied),           cmocka_unit_test(ids_get_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
