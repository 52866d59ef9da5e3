#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

static uint32_t ask(struct peer *p, const char *name)
{
    uint32_t id = peer_begin_extended(p, name);
    peer_end(p);
    return id;
}

static void space_is_what_statvfs_says(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    uint32_t id = peer_begin_extended(p, "space-available");
    put_text(&p->out, "/hello");
    peer_end(p);
    peer_go(p);
    struct reply *r = peer_expect(p, SSH_FXP_EXTENDED_REPLY, id);
    assert_int_equal(get_u64(&r->body), 100 * 1024);
    assert_int_equal(get_u64(&r->body), 50 * 1024);
    assert_int_equal(get_u64(&r->body), 90 * 1024); /* 10 are kept back */
    assert_int_equal(get_u64(&r->body), 40 * 1024);
    assert_int_equal(get_u32(&r->body), 1024);
    assert_true(cursor_done(&r->body));
    p->store.fail = SALLY_NO_SUCH_FILE;
    id = peer_begin_extended(p, "space-available");
    put_text(&p->out, "/none");
    peer_end(p);
    uint32_t cut = ask(p, "space-available");
    peer_go(p);
    peer_expect_status(p, id, SALLY_NO_SUCH_FILE);
    peer_expect_status(p, cut, SALLY_BAD_MESSAGE);
    peer_free(p);
}

static const char *expect_name(struct peer *p, uint32_t id)
{
    static char name[256];
    struct reply *r = peer_expect(p, SSH_FXP_NAME, id);
    assert_int_equal(get_u32(&r->body), 1);
    struct slice s = get_string(&r->body);
    assert_true(s.size < sizeof name);
    memcpy(name, s.data, s.size);
    name[s.size] = '\0';
    return name;
}

static void the_usual_folder_or_home(void **state)
{
    (void)state;
    for (int there = 0; there < 2; there++) {
        struct peer *p = peer_new(NULL);
        const char *folder = there ? "/tmp" : "/home/joe";
        if (there)
            store_add(&p->store, "/tmp", SALLY_TYPE_DIRECTORY, NULL, 0);
        else
            store_add(&p->store, "/tmp", SALLY_TYPE_REGULAR, NULL, 0);
        uint32_t a = ask(p, "get-temp-folder"), b = ask(p, "make-temp-folder"),
                 c = ask(p, "make-temp-folder");
        peer_go(p);
        assert_string_equal(expect_name(p, a), folder);
        const char *made = expect_name(p, b);
        assert_int_equal(strncmp(made, folder, strlen(folder)), 0);
        assert_int_equal(store_find(&p->store, made)->type, SALLY_TYPE_DIRECTORY);
        assert_int_equal(p->store.last_attrs.permissions, 0700);
        made = expect_name(p, c); /* not the same one again */
        assert_int_equal(store_find(&p->store, made)->type, SALLY_TYPE_DIRECTORY);
        assert_int_equal(p->store.calls[SALLY_OP_MKDIR], 3);
        assert_int_equal(p->credit, p->sent);
        peer_free(p);
    }
}

static void where_nothing_can_be_made(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    store_add(&p->store, "/tmp", SALLY_TYPE_DIRECTORY, NULL, 0);
    p->store.fail = SALLY_PERMISSION_DENIED;
    p->store.fail_kinds = SALLY_OP_BIT(SALLY_OP_MKDIR);
    uint32_t a = ask(p, "make-temp-folder");
    peer_go(p);
    assert_int_equal(strncmp(expect_name(p, a), "/home/joe/", 10), 0);
    peer_free(p);
    p = peer_new(&(struct peer_options){.permissions = SALLY_MAY_ALL & ~SALLY_MAY_MKDIR});
    a = ask(p, "make-temp-folder");
    peer_go(p);
    peer_expect_status(p, a, SALLY_PERMISSION_DENIED);
    peer_free(p);
    p = peer_new(NULL);
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_STAT) | SALLY_OP_BIT(SALLY_OP_MKDIR);
    ask(p, "make-temp-folder");
    peer_go(p);
    store_finish(&p->store, 0);
    peer_pump(p);
    assert_int_equal(p->store.late_count, 1);
    peer_free(p); /* in the middle of it */
}

static void vendors_are_welcome(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    uint32_t a = peer_begin_extended(p, "vendor-id");
    put_text(&p->out, "v");
    put_string(&p->out, "p\0q", 3);
    put_text(&p->out, "1");
    put_u64(&p->out, 1);
    peer_end(p);
    uint32_t b = ask(p, "vendor-id");
    peer_go(p);
    peer_expect_status(p, a, SALLY_OK);
    peer_expect_status(p, b, SALLY_BAD_MESSAGE);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(space_is_what_statvfs_says),
        cmocka_unit_test(the_usual_folder_or_home),
        cmocka_unit_test(where_nothing_can_be_made),
        cmocka_unit_test(vendors_are_welcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
