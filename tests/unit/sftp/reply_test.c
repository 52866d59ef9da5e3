#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

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
        cmocka_unit_test(messages_go_with_the_status),
        cmocka_unit_test(unknown_principals_are_named),
        cmocka_unit_test(codes_are_those_of_the_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
