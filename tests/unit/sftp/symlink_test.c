#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

static uint32_t two_paths(struct peer *p, const char *a, const char *b)
{
    uint32_t id = peer_begin(p, SSH_FXP_SYMLINK);
    put_text(&p->out, a);
    put_text(&p->out, b);
    peer_end(p);
    return id;
}

static void expect_link(struct peer *p, const char *path, const char *target)
{
    const struct store_node *n = store_find(&p->store, path);
    assert_non_null(n);
    assert_int_equal(n->type, SALLY_TYPE_SYMLINK);
    assert_int_equal(n->size, strlen(target));
    assert_memory_equal(n->data, target, n->size);
}

/* What each client sends, whatever is there. */
static void known_clients_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *software;
        bool draft;
    } clients[] = {
        {"", false},
        {"OpenSSH_9.2p1 Debian-2+deb12u3", false},
        {"AsyncSSH_2.10.1", true},
        {"libssh_0.10.6", true},
        {"libssh-0.7.0", true},
        {"phpseclib_3.0 (libsodium, openssl, gmp)", true},
        {"ssh2js1.17.0", true},
        {"WinSCP_release_6.3.5", true},
        {"libssh2_1.10.0", false},
        {"JSCH-0.1.54", false},
        {"JSCH_0.2.17", false},
        {"paramiko_2.12.0", false},
        {"Go", false},
        {"rclone/v1.60.1-DEV", false},
        {"Cyberduck/8.7.0.40629", false},
        {"TrileadSSH2Java_213", false},
        {"APACHE-SSHD-2.9.2", false},
    };
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        struct peer *p = peer_new(&(struct peer_options){.software = clients[i].software});
        uint32_t id = two_paths(p, clients[i].draft ? "new" : "some where",
                                clients[i].draft ? "some where" : "new");
        uint64_t stats = p->store.calls[SALLY_OP_STAT];
        peer_go(p);
        peer_expect_status(p, id, SALLY_OK);
        expect_link(p, "/home/joe/new", "some where");
        assert_int_equal(p->store.calls[SALLY_OP_STAT], stats); /* nothing is guessed */
        peer_free(p);
    }
}

/* What may be meant either way is what makes a link to something; if that does not tell, it is as
 * OpenSSH understands it. */
static void others_are_guessed(void **state)
{
    (void)state;
    static const char *const software[] = {"SSHJ_0.38.0", "russh_0.40.2",
                                           "Ruby/Net::SSH_7.0.1 x86_64-linux-gnu", "unheard of"};
    static const struct {
        const char *first, *second, *link, *target; /* link NULL: it is in the way */
    } cases[] = {
        {"/l", "/hello", "/l", "/hello"}, /* drafts' order, absolute */
        {"/l", "hello", "/l", "hello"},   /* relative to the link */
        {"/d/l", "f", "/d/l", "f"},
        {"/d/l", "../hello", "/d/l", "../hello"},
        {"/hello", "/l", "/l", "/hello"}, /* OpenSSH's */
        {"hello", "/l", "/l", "hello"},
        {"f", "/d/l", "/d/l", "f"},
        {"../hello", "/d/l", "/d/l", "../hello"},
        {"none", "/l", "/l", "none"}, /* leads nowhere either way */
        {"/none", "/l", "/l", "/none"},
        {"/d/none", "l", "/home/joe/l", "/d/none"},
        {"/hello", "/d/f", NULL, NULL}, /* both are there */
        {"", "/l", "/l", ""},
    };
    for (size_t i = 0; i < COUNT_OF(software) * COUNT_OF(cases); i++) {
        size_t k = i % COUNT_OF(cases);
        struct peer *p = peer_new(&(struct peer_options){.software = software[i / COUNT_OF(cases)],
                                                         .version = 3 + (uint32_t)(i % 3)});
        store_add(&p->store, "/d", SALLY_TYPE_DIRECTORY, NULL, 0);
        store_add(&p->store, "/d/f", SALLY_TYPE_REGULAR, "f", 1);
        p->store.late_kinds = i % 2 ? SALLY_OP_BIT(SALLY_OP_STAT) : 0;
        uint32_t id = two_paths(p, cases[k].first, cases[k].second);
        uint32_t later = peer_path_request(p, SSH_FXP_REMOVE, "/none of it");
        peer_go(p);
        while (p->store.late_count) {
            store_finish(&p->store, 0);
            peer_pump(p);
        }
        struct reply *r = peer_expect(p, SSH_FXP_STATUS, id);
        if (cases[k].link) {
            assert_int_equal(get_u32(&r->body), SALLY_OK);
            expect_link(p, cases[k].link, cases[k].target);
        } else {
            assert_int_not_equal(get_u32(&r->body), SALLY_OK);
        }
        peer_expect_status(p, later, SALLY_NO_SUCH_FILE);
        assert_int_equal(p->credit, p->sent);
        p->store.late_kinds = 0;
        peer_free(p);
    }
}

/* Who may not look does not learn what is there. */
static void no_guess_without_a_look(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){
        .software = "unheard of", .permissions = SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_STAT});
    uint32_t id = two_paths(p, "/hello", "/l");
    peer_go(p);
    peer_expect_status(p, id, SALLY_OK);
    expect_link(p, "/l", "/hello");
    peer_free(p);
}

static void bad_arguments_fail(void **state)
{
    (void)state;
    static const char *const software[] = {"", "ssh2js1.17.0", "unheard of"};
    for (size_t i = 0; i < COUNT_OF(software); i++) {
        struct peer *p = peer_new(&(struct peer_options){.software = software[i], .version = 4});
        for (int k = 0; k < 2; k++) {
            uint32_t id = peer_begin(p, SSH_FXP_SYMLINK);
            put_string(&p->out, "a\0b", k ? 3 : 1);
            put_string(&p->out, "c\0d", k ? 1 : 3);
            peer_end(p);
            uint32_t cut = peer_begin(p, SSH_FXP_SYMLINK);
            put_text(&p->out, "a");
            peer_end(p);
            peer_go(p);
            peer_expect_status(p, id, SALLY_BAD_MESSAGE); /* INVALID_FILENAME */
            peer_expect_status(p, cut, SALLY_BAD_MESSAGE);
        }
        assert_int_equal(p->store.calls[SALLY_OP_SYMLINK], 0);
        peer_free(p);
    }
}

/* MINA has the arguments of version 6's LINK in the other order. */
static void links_of_mina(void **state)
{
    (void)state;
    static const char *const software[] = {"APACHE-SSHD-2.9.2", "SSHD-CORE-1.7.0", "ssh2js1.17.0"};
    for (size_t i = 0; i < 2 * COUNT_OF(software); i++) {
        bool symbolic = i % 2, reversed = i / 2 < 2;
        struct peer *p =
            peer_new(&(struct peer_options){.software = software[i / 2], .version = 6});
        uint32_t id = peer_begin(p, SSH_FXP_LINK);
        put_text(&p->out, reversed ? "/hello" : "/l");
        put_text(&p->out, reversed ? "/l" : "/hello");
        put_bool(&p->out, symbolic);
        peer_end(p);
        peer_go(p);
        peer_expect_status(p, id, SALLY_OK);
        assert_string_equal(p->store.last_to, symbolic ? "/hello" : "/l");
        assert_string_equal(p->store.last_path, symbolic ? "/l" : "/hello");
        peer_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_clients_are_understood),
        cmocka_unit_test(others_are_guessed),
        cmocka_unit_test(no_guess_without_a_look),
        cmocka_unit_test(bad_arguments_fail),
        cmocka_unit_test(links_of_mina),
    };
    return cmocka_run_group_tests_name("sftp/symlink", tests, NULL, NULL);
}
