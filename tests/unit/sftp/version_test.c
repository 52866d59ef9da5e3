#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

static uint32_t choose(struct peer *p, const char *version)
{
    uint32_t id = peer_begin_extended(p, "version-select");
    put_text(&p->out, version);
    peer_end(p);
    return id;
}

static void another_version_is_chosen_first_of_all(void **state)
{
    (void)state;
    static const char *const names[] = {"3", "4", "5", "6"};
    for (uint32_t from = 3; from <= 6; from++) {
        for (uint32_t to = 3; to <= 6; to++) {
            struct peer *p = peer_new(&(struct peer_options){.version = from});
            uint32_t a = choose(p, names[to - 3]);
            /* The client need not wait for the answer. */
            uint32_t b = peer_path_request(p, SSH_FXP_STAT, "/hello");
            peer_go(p);
            peer_expect_status(p, a, SALLY_OK);
            struct reply *r = peer_expect(p, SSH_FXP_ATTRS, b);
            assert_int_equal(sally_session_version(sftp_session(p->engine)), to);
            uint32_t flags = get_u32(&r->body);
            assert_int_equal(!!(flags & SSH_FILEXFER_ATTR_UIDGID), to == 3);
            assert_int_equal(!!(flags & SSH_FILEXFER_ATTR_BITS), to >= 5);
            assert_int_equal(p->credit, p->sent);
            peer_free(p);
        }
    }
}

static void what_was_not_offered_ends_the_session(void **state)
{
    (void)state;
    static const struct {
        const char *version, *deny;
        uint32_t max;
        uint32_t code;
    } cases[] = {
        {"2", NULL, 6, SALLY_FAILURE}, {"7", NULL, 6, SALLY_FAILURE},
        {"", NULL, 6, SALLY_FAILURE},  {"33", NULL, 6, SALLY_FAILURE},
        {"x", NULL, 6, SALLY_FAILURE}, {"6", NULL, 5, SALLY_FAILURE},
        {"3", NULL, 3, SALLY_FAILURE}, {"3", "version-select", 6, SALLY_PERMISSION_DENIED},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer *p =
            peer_new(&(struct peer_options){.max_version = cases[i].max, .deny = cases[i].deny});
        uint32_t id = choose(p, cases[i].version);
        peer_path_request(p, SSH_FXP_STAT, "/hello");
        peer_go(p);
        peer_expect_status(p, id, cases[i].code);
        peer_expect_nothing(p);
        assert_non_null(p->broken);
        assert_int_equal(p->store.calls[SALLY_OP_STAT], 0);
        peer_free(p);
    }
}

static void too_late_ends_the_session(void **state)
{
    (void)state;
    for (int malformed = 0; malformed < 2; malformed++) {
        struct peer *p = peer_new(NULL);
        uint32_t id = 0;
        if (malformed) {
            id = peer_begin_extended(p, "version-select");
            put_u32(&p->out, 5);
            peer_end(p);
        } else {
            uint32_t first = peer_path_request(p, SSH_FXP_STAT, "/hello");
            peer_go(p);
            peer_expect(p, SSH_FXP_ATTRS, first);
            id = choose(p, "4");
        }
        peer_go(p);
        peer_expect_status(p, id, SALLY_FAILURE);
        assert_non_null(p->broken);
        peer_free(p);
    }
    /* Twice is too late as well. */
    struct peer *p = peer_new(NULL);
    uint32_t a = choose(p, "6"), b = choose(p, "6");
    peer_go(p);
    peer_expect_status(p, a, SALLY_OK);
    peer_expect_status(p, b, SALLY_FAILURE);
    assert_non_null(p->broken);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_version_is_chosen_first_of_all),
        cmocka_unit_test(what_was_not_offered_ends_the_session),
        cmocka_unit_test(too_late_ends_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
