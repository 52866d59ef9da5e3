#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

static uint32_t copy(struct peer *p, const char *from, const char *to, bool overwrite)
{
    uint32_t id = peer_begin_extended(p, "copy-file");
    put_text(&p->out, from);
    put_text(&p->out, to);
    put_bool(&p->out, overwrite);
    peer_end(p);
    return id;
}

static void files_are_copied_whole(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct peer *p = peer_new(NULL);
        store_add(&p->store, "/longer", SALLY_TYPE_REGULAR, "much more than before", 21);
        p->store.late_kinds = late ? SALLY_OP_ALL : 0;
        uint32_t a = copy(p, "/hello", "new", false), b = copy(p, "/hello", "/longer", true),
                 c = copy(p, "/hello", "/longer", false), d = copy(p, "/none", "/x", true),
                 e = copy(p, "/many", "/x", true), f = copy(p, "/hello", "/many", true),
                 g = copy(p, "/hello", "/hello", true), h = copy(p, "/hello", "/hello", false);
        uint32_t stat = peer_path_request(p, SSH_FXP_STAT, "/home/joe/new");
        peer_go(p);
        while (p->store.late_count) {
            store_finish(&p->store, 0);
            peer_pump(p);
        }
        peer_expect_status(p, a, SALLY_OK);
        peer_expect_status(p, b, SALLY_OK);
        peer_expect_status(p, c, SALLY_FAILURE);
        peer_expect_status(p, d, SALLY_NO_SUCH_FILE);
        peer_expect_status(p, e, SALLY_FAILURE);
        peer_expect_status(p, f, SALLY_FAILURE);
        peer_expect_status(p, g, SALLY_OK); /* onto itself: nothing changes */
        peer_expect_status(p, h, SALLY_FAILURE);
        peer_expect(p, SSH_FXP_ATTRS, stat);
        static const char *const paths[] = {"/home/joe/new", "/longer", "/hello"};
        for (size_t i = 0; i < COUNT_OF(paths); i++) {
            const struct store_node *n = store_find(&p->store, paths[i]);
            assert_int_equal(n->size, 12);
            assert_memory_equal(n->data, "Hello, world", 12);
        }
        assert_int_equal(store_find(&p->store, "/home/joe/new")->permissions, 0640);
        assert_null(store_find(&p->store, "/x"));
        assert_int_equal(p->store.open_files, 0);
        assert_int_equal(p->credit, p->sent);
        p->store.late_kinds = 0;
        peer_free(p);
    }
}

/* Whatever fails, the files are closed and the status tells. */
static void failures_close_what_is_open(void **state)
{
    (void)state;
    static const uint32_t kinds[] = {SALLY_OP_OPEN,  SALLY_OP_READ,     SALLY_OP_WRITE,
                                     SALLY_OP_CLOSE, SALLY_OP_FSETSTAT, SALLY_OP_FSTAT};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct peer *p = peer_new(&(struct peer_options){.version = 6, .max_files = 2});
        p->store.fail = SALLY_NO_MEDIA;
        p->store.fail_kinds = SALLY_OP_BIT(kinds[i]);
        uint32_t id = copy(p, "/hello", "/to", true);
        peer_go(p);
        peer_expect_status(p, id, kinds[i] == SALLY_OP_FSTAT ? SALLY_OK : SALLY_NO_MEDIA);
        /* The handles that it took are there again. */
        if (kinds[i] != SALLY_OP_CLOSE) {
            assert_int_equal(p->store.open_files, 0);
            id = copy(p, "/hello", "/again", true);
            peer_go(p);
            peer_expect_status(p, id, SALLY_OK);
        } else {
            p->store.open_files = 0; /* the one whose CLOSE failed counts as closed */
        }
        peer_free(p);
    }
}

static void the_text_of_what_failed_goes_along(void **state)
{
    (void)state;
    static const uint32_t kinds[] = {SALLY_OP_OPEN, SALLY_OP_READ, SALLY_OP_WRITE, SALLY_OP_CLOSE};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct peer *p = peer_new(NULL);
        p->store.fail = SALLY_NO_MEDIA;
        p->store.fail_message = "The tape is full";
        p->store.fail_kinds = SALLY_OP_BIT(kinds[i]);
        uint32_t id = copy(p, "/hello", "/to", true);
        peer_go(p);
        struct reply *r = peer_expect(p, SSH_FXP_STATUS, id);
        assert_int_equal(get_u32(&r->body), SALLY_FAILURE); /* version 3 */
        assert_true(slice_is(get_string(&r->body), "The tape is full"));
        p->store.open_files = 0; /* where CLOSE failed */
        peer_free(p);
    }
}

static void permissions_and_limits_hold(void **state)
{
    (void)state;
    static const struct {
        uint32_t missing;
        bool there;
        uint32_t code;
    } cases[] = {{SALLY_MAY_READ, true, SALLY_PERMISSION_DENIED},
                 {SALLY_MAY_WRITE, true, SALLY_PERMISSION_DENIED},
                 {SALLY_MAY_CREATE, false, SALLY_PERMISSION_DENIED},
                 {SALLY_MAY_STAT | SALLY_MAY_SETSTAT, true, SALLY_OK}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer *p = peer_new(
            &(struct peer_options){.permissions = SALLY_MAY_ALL & ~cases[i].missing, .version = 6});
        uint32_t id = copy(p, "/hello", "/to", true);
        peer_go(p);
        peer_expect_status(p, id, cases[i].code);
        assert_int_equal(p->store.open_files, 0);
        peer_free(p);
    }
    struct peer *p = peer_new(&(struct peer_options){.max_files = 1});
    uint32_t id = copy(p, "/hello", "/to", true), cut = peer_begin_extended(p, "copy-file");
    put_text(&p->out, "/hello");
    peer_end(p);
    uint32_t odd = peer_begin_extended(p, "copy-file");
    put_text(&p->out, "/hello");
    put_string(&p->out, "a\0b", 3);
    put_bool(&p->out, true);
    peer_end(p);
    peer_go(p);
    peer_expect_status(p, id, SALLY_FAILURE);
    peer_expect_status(p, cut, SALLY_BAD_MESSAGE);
    peer_expect_status(p, odd, SALLY_BAD_MESSAGE);
    peer_open(p, "/hello", SSH_FXF_READ); /* nothing stays reserved */
    peer_free(p);
}

static void an_end_at_each_step(void **state)
{
    (void)state;
    for (int step = 0; step < 8; step++) {
        struct peer *p = peer_new(NULL);
        p->store.late_kinds = SALLY_OP_ALL & ~SALLY_OP_BIT(SALLY_OP_SESSION_END);
        copy(p, "/hello", "/to", true);
        copy(p, "/hello", "/to", true);
        peer_go(p);
        for (int i = 0; i < step && p->store.late_count; i++) {
            store_finish(&p->store, 0);
            peer_pump(p);
        }
        peer_free(p); /* checks that nothing is left */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_copied_whole),
        cmocka_unit_test(failures_close_what_is_open),
        cmocka_unit_test(the_text_of_what_failed_goes_along),
        cmocka_unit_test(permissions_and_limits_hold),
        cmocka_unit_test(an_end_at_each_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
