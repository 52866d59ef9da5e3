#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"
#include "sftp/trailing_slash.h"

static void ends(void **state)
{
    (void)state;
    static const char *const with[] = {"/", "a/", "a//", "/a/b/", "a/.", "./", "/."};
    static const char *const without[] = {"", "a", "/a", ".", "..", "a/..", "a.", "/a/b.", "a/.b"};
    for (size_t i = 0; i < COUNT_OF(with); i++)
        assert_true(trailing_slash_ends(slice_of(with[i])));
    for (size_t i = 0; i < COUNT_OF(without); i++)
        assert_false(trailing_slash_ends(slice_of(without[i])));
}

static uint32_t ask(struct peer *p, uint8_t type, const char *path, const char *to)
{
    uint32_t id = peer_begin(p, type);
    put_text(&p->out, type == SSH_FXP_SYMLINK ? to : path);
    if (to)
        put_text(&p->out, type == SSH_FXP_SYMLINK ? path : to);
    if (type == SSH_FXP_OPEN)
        put_u32(&p->out, SSH_FXF_READ);
    if (type == SSH_FXP_OPEN || type == SSH_FXP_SETSTAT)
        put_u32(&p->out, 0);
    peer_end(p);
    return id;
}

/* A path that names a directory but is none fails before the storage is asked; a directory does
 * not, and a link is followed. */
static void files_are_no_directories(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        const char *path, *to;
        uint32_t code; /* 0: a reply of another kind, or OK */
        uint64_t kind;
        uint64_t calls;
    } cases[] = {
        {SSH_FXP_STAT, "/hello/", NULL, SALLY_NO_SUCH_FILE, SALLY_OP_STAT, 1},
        {SSH_FXP_LSTAT, "/hello/.", NULL, SALLY_NO_SUCH_FILE, SALLY_OP_STAT, 1},
        {SSH_FXP_LSTAT, "/to-dir/", NULL, 0, SALLY_OP_STAT, 2},
        {SSH_FXP_LSTAT, "/to-file/", NULL, SALLY_NO_SUCH_FILE, SALLY_OP_STAT, 1},
        {SSH_FXP_SETSTAT, "/hello/", NULL, SALLY_NO_SUCH_FILE, SALLY_OP_SETSTAT, 0},
        {SSH_FXP_SETSTAT, "/many/", NULL, 0, SALLY_OP_SETSTAT, 1},
        {SSH_FXP_OPEN, "/hello/", NULL, SALLY_NO_SUCH_FILE, SALLY_OP_OPEN, 0},
        {SSH_FXP_REMOVE, "/hello/", NULL, SALLY_NO_SUCH_FILE, SALLY_OP_REMOVE, 0},
        {SSH_FXP_REMOVE, "/many/", NULL, SALLY_FAILURE, SALLY_OP_REMOVE, 1},
        {SSH_FXP_READLINK, "/to-dir/", NULL, SALLY_BAD_MESSAGE, SALLY_OP_READLINK, 0},
        {SSH_FXP_RENAME, "/hello/", "/new", SALLY_NO_SUCH_FILE, SALLY_OP_RENAME, 0},
        {SSH_FXP_RENAME, "/hello", "/new/", SALLY_NO_SUCH_FILE, SALLY_OP_RENAME, 0},
        {SSH_FXP_RENAME, "/dir/", "/new/", 0, SALLY_OP_RENAME, 1},
        {SSH_FXP_SYMLINK, "/new/", "x", SALLY_NO_SUCH_FILE, SALLY_OP_SYMLINK, 0},
        {SSH_FXP_SYMLINK, "/dir/", "x", SALLY_FAILURE, SALLY_OP_SYMLINK, 0},
        {SSH_FXP_OPENDIR, "/to-dir/", NULL, 0, SALLY_OP_OPENDIR, 1},
    };
    for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
        size_t k = i / 2;
        struct peer *p = peer_new(NULL);
        store_add(&p->store, "/dir", SALLY_TYPE_DIRECTORY, NULL, 0);
        store_add(&p->store, "/to-dir", SALLY_TYPE_SYMLINK, "/dir", 4);
        store_add(&p->store, "/to-file", SALLY_TYPE_SYMLINK, "/hello", 6);
        p->store.late_kinds = i % 2 ? SALLY_OP_BIT(SALLY_OP_STAT) : 0;
        uint64_t before = p->store.calls[cases[k].kind];
        uint32_t id = ask(p, cases[k].type, cases[k].path, cases[k].to);
        uint32_t later = peer_path_request(p, SSH_FXP_RMDIR, "/none"); /* does not overtake */
        peer_go(p);
        while (p->store.late_count) {
            store_finish(&p->store, 0);
            peer_pump(p);
        }
        struct reply *r = peer_take(p);
        assert_int_equal(r->id, id);
        assert_int_equal(r->type == SSH_FXP_STATUS ? get_u32(&r->body) : 0, cases[k].code);
        assert_int_equal(p->store.calls[cases[k].kind] - before, cases[k].calls);
        peer_expect_status(p, later, SALLY_NO_SUCH_FILE);
        assert_int_equal(p->credit, p->sent);
        p->store.late_kinds = 0;
        peer_free(p);
    }
}

static void nothing_is_opened_or_made(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.max_files = 2});
    for (int i = 0; i < 5; i++) { /* nor does a handle stay reserved */
        uint32_t id = peer_begin(p, SSH_FXP_OPEN);
        put_text(&p->out, i % 2 ? "/hello/" : "/new/");
        put_u32(&p->out, SSH_FXF_WRITE | (i % 2 ? 0 : SSH_FXF_CREAT));
        put_u32(&p->out, 0);
        peer_end(p);
        peer_go(p);
        peer_expect_status(p, id, i % 2 ? SALLY_NO_SUCH_FILE : SALLY_FAILURE);
    }
    assert_null(store_find(&p->store, "/new"));
    peer_open(p, "/hello", SSH_FXF_READ);
    peer_open(p, "/hello", SSH_FXF_READ);
    peer_free(p);
}

/* Who may not do it hears that, and nothing of what is there. */
static void permissions_come_first(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.permissions = SALLY_MAY_CREATE});
    uint32_t a = ask(p, SSH_FXP_REMOVE, "/hello/", NULL),
             b = ask(p, SSH_FXP_REMOVE, "/none/", NULL);
    peer_go(p);
    peer_expect_status(p, a, SALLY_PERMISSION_DENIED);
    peer_expect_status(p, b, SALLY_PERMISSION_DENIED);
    assert_int_equal(p->store.calls[SALLY_OP_STAT], 0);
    peer_free(p);
}

/* A storage that cannot say what is there is asked for the thing itself. */
static void storages_without_stat(void **state)
{
    (void)state;
    struct peer *p = peer_new(&(struct peer_options){.without = SALLY_OP_BIT(SALLY_OP_STAT)});
    uint32_t a = ask(p, SSH_FXP_REMOVE, "/hello/", NULL);
    peer_go(p);
    peer_expect_status(p, a, SALLY_OK);
    peer_free(p);
}

static void the_client_may_go_meanwhile(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    p->store.late_kinds = SALLY_OP_BIT(SALLY_OP_STAT);
    ask(p, SSH_FXP_REMOVE, "/hello/", NULL);
    ask(p, SSH_FXP_OPEN, "/hello/", NULL);
    peer_go(p);
    assert_int_equal(p->store.late_count, 1);
    peer_close(p, SALLY_CLOSED_LOST);
    while (p->store.late_count)
        store_finish(&p->store, 0);
    assert_int_equal(p->store.calls[SALLY_OP_REMOVE], 0);
    p->store.late_kinds = 0;
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends),
        cmocka_unit_test(files_are_no_directories),
        cmocka_unit_test(nothing_is_opened_or_made),
        cmocka_unit_test(permissions_come_first),
        cmocka_unit_test(storages_without_stat),
        cmocka_unit_test(the_client_may_go_meanwhile),
    };
    return cmocka_run_group_tests_name("sftp/slash", tests, NULL, NULL);
}
