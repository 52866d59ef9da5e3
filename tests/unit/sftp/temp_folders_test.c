#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

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
        uint32_t a = peer_extended(p, "get-temp-folder"), b = peer_extended(p, "make-temp-folder"),
                 c = peer_extended(p, "make-temp-folder");
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
    uint32_t a = peer_extended(p, "make-temp-folder");
    peer_go(p);
    assert_int_equal(strncmp(expect_name(p, a), "/home/joe/", 10), 0);
    peer_free(p);
    p = peer_new(&(struct peer_options){.permissions = SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_MKDIR});
    a = peer_extended(p, "make-temp-folder");
    peer_go(p);
    peer_expect_status(p, a, SALLY_PERMISSION_DENIED);
    peer_free(p);
    p = peer_new(NULL);
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_STAT) | SALLY_OP_BIT(SALLY_OP_MKDIR);
    peer_extended(p, "make-temp-folder");
    peer_go(p);
    store_finish(&p->store, 0);
    peer_pump(p);
    assert_int_equal(p->store.late_count, 1);
    peer_free(p); /* in the middle of it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_usual_folder_or_home),
        cmocka_unit_test(where_nothing_can_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
