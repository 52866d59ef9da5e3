#include "cmocka_all.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sftp/peer.h"

static void send_init(struct peer *p, uint32_t version)
{
    put_u32(&p->out, 5);
    put_u8(&p->out, SSH_FXP_INIT);
    put_u32(&p->out, version);
    peer_go(p);
}

static void the_lower_version_counts(void **state)
{
    (void)state;
    static const struct {
        uint32_t client, max, agreed;
    } cases[] = {{3, 3, 3}, {6, 3, 3},          {4, 6, 4}, {6, 6, 6},
                 {7, 6, 6}, {UINT32_MAX, 5, 5}, {2, 6, 3}, {0, 3, 3}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer *p =
            peer_new(&(struct peer_options){.max_version = cases[i].max, .no_init = true});
        send_init(p, cases[i].client);
        struct reply *r = peer_take(p);
        assert_int_equal(r->type, SSH_FXP_VERSION);
        assert_int_equal(get_u32(&r->body), cases[i].agreed);
        assert_int_equal(p->store.last.u.session.version, cases[i].agreed);
        assert_int_equal(sally_session_version(sftp_session(p->engine)), cases[i].agreed);
        assert_int_equal(p->credit, 9);
        peer_free(p);
    }
}

static bool announces(struct reply *r, const char *name, const char *version)
{
    struct cursor c = r->body;
    bool found = false;
    get_u32(&c);
    while (cursor_left(&c)) {
        struct slice key = get_string(&c), value = get_string(&c);
        if (slice_is(key, name)) {
            assert_true(slice_is(value, version));
            found = true;
        }
    }
    assert_true(cursor_done(&c));
    return found;
}

static void extensions_are_announced_when_they_work(void **state)
{
    (void)state;
    static const struct {
        const char *name, *version, *deny;
        uint64_t needs;
    } extensions[] = {
        {"posix-rename@openssh.com", "1", "posix-rename", SALLY_OP_BIT(SALLY_OP_RENAME)},
        {"statvfs@openssh.com", "2", "statvfs", SALLY_OP_BIT(SALLY_OP_STATVFS)},
        {"fstatvfs@openssh.com", "2", "fstatvfs", SALLY_OP_BIT(SALLY_OP_STATVFS)},
        {"hardlink@openssh.com", "1", "hardlink", SALLY_OP_BIT(SALLY_OP_LINK)},
        {"fsync@openssh.com", "1", "fsync", SALLY_OP_BIT(SALLY_OP_FSYNC)},
        {"lsetstat@openssh.com", "1", "lsetstat", SALLY_OP_BIT(SALLY_OP_SETSTAT)},
        {"limits@openssh.com", "1", "limits", 0},
        {"expand-path@openssh.com", "1", "expand-path", 0},
        {"copy-data", "1", "copy-data", SALLY_OP_BIT(SALLY_OP_WRITE)},
        {"home-directory", "1", "home-directory", 0},
        {"users-groups-by-id@openssh.com", "1", "users-groups-by-id", 0},
    };
    for (size_t i = 0; i < COUNT_OF(extensions); i++) {
        for (int how = 0; how < 3; how++) {
            struct peer *p = peer_new(&(struct peer_options){
                .no_init = true,
                .without = how == 1 ? extensions[i].needs : 0,
                .deny = how == 2 ? extensions[i].deny : NULL,
            });
            send_init(p, 3);
            bool expected = how == 0 || (how == 1 && !extensions[i].needs);
            assert_int_equal(announces(peer_take(p), extensions[i].name, extensions[i].version),
                             expected);
            peer_free(p);
        }
    }
}

static void the_storage_may_announce_and_hears_the_client(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.no_init = true});
    p->store.announce = (sally_pair){"more@test", "7", 1};
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_SESSION_START);
    size_t place = put_string_begin(&p->out);
    put_u8(&p->out, SSH_FXP_INIT);
    put_u32(&p->out, 3);
    put_text(&p->out, "a@test");
    put_string(&p->out, "\0v", 2);
    put_string(&p->out, "b\0@test", 7); /* cannot be a text: left out */
    put_text(&p->out, "");
    put_text(&p->out, "c@test");
    put_text(&p->out, "");
    put_text(&p->out, "cut"); /* half a pair */
    put_string_end(&p->out, place);
    uint32_t id = peer_path_request(p, SSH_FXP_STAT, "/"); /* waits for VERSION */
    peer_go(p);
    peer_expect_nothing(p);
    const sally_op_session *start = &p->store.late[0]->u.session;
    assert_int_equal(start->client_count, 2);
    assert_string_equal(start->client[0].name, "a@test");
    assert_int_equal(start->client[0].size, 2);
    assert_memory_equal(start->client[0].data, "\0v", 2);
    assert_string_equal(start->client[1].name, "c@test");
    store_finish(&p->store, 0);
    peer_pump(p);
    assert_true(announces(peer_take(p), "more@test", "7"));
    peer_expect(p, SSH_FXP_ATTRS, id);
    peer_free(p);
}

static void a_refused_session_ends(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct peer *p = peer_new(&(struct peer_options){.no_init = true});
        p->store.fail = SALLY_PERMISSION_DENIED;
        p->store.late_kinds = late ? SALLY_OP_BIT(SALLY_OP_SESSION_START) : 0;
        send_init(p, 3);
        if (late)
            store_finish(&p->store, 0);
        peer_pump(p);
        assert_string_equal(p->broken, "the storage refused the session");
        peer_expect_nothing(p);
        peer_free(p);
    }
}

static void init_comes_first_and_once(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.no_init = true});
    peer_path_request(p, SSH_FXP_STAT, "/");
    peer_go(p);
    assert_string_equal(p->broken, "INIT expected");
    assert_int_equal(p->store.calls[SALLY_OP_STAT], 0);
    peer_expect_nothing(p);
    peer_free(p);
    p = peer_new(NULL);
    uint32_t id = peer_path_request(p, SSH_FXP_STAT, "/");
    send_init(p, 3);
    peer_expect(p, SSH_FXP_ATTRS, id); /* what came before is answered */
    assert_string_equal(p->broken, "second INIT");
    peer_free(p);
}

static void many_pairs_do_no_harm(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.no_init = true});
    size_t place = put_string_begin(&p->out);
    put_u8(&p->out, SSH_FXP_INIT);
    put_u32(&p->out, 3);
    for (int i = 0; i < 30000; i++)
        put_u64(&p->out, 0);
    put_string_end(&p->out, place);
    peer_go(p);
    assert_int_equal(peer_take(p)->type, SSH_FXP_VERSION);
    assert_int_equal(p->store.last.u.session.client_count, 32);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lower_version_counts),
        cmocka_unit_test(extensions_are_announced_when_they_work),
        cmocka_unit_test(the_storage_may_announce_and_hears_the_client),
        cmocka_unit_test(a_refused_session_ends),
        cmocka_unit_test(init_comes_first_and_once),
        cmocka_unit_test(many_pairs_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
