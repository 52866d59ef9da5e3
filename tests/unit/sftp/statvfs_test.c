#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

static void check_statvfs(struct peer *p, uint32_t id)
{
    static const uint64_t wanted[] = {4096, 1024, 100, 50, 40, 10, 5, 4, 0x1234, 3, 255};
    struct reply *r = peer_expect(p, SSH_FXP_EXTENDED_REPLY, id);
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        assert_int_equal(get_u64(&r->body), wanted[i]);
    assert_true(cursor_done(&r->body));
}

static void statvfs_by_path_and_handle(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    struct handle f = peer_open(p, "/hello", SSH_FXF_READ), d = peer_opendir(p, "/many"),
                  bad = {.size = 3};
    uint32_t a = peer_extended_path(p, "statvfs@openssh.com", "x");
    uint32_t b = peer_extended_handle(p, "fstatvfs@openssh.com", f);
    uint32_t c = peer_extended_handle(p, "fstatvfs@openssh.com", d);
    uint32_t e = peer_extended_handle(p, "fstatvfs@openssh.com", bad);
    peer_go(p);
    check_statvfs(p, a);
    check_statvfs(p, b);
    check_statvfs(p, c);
    peer_expect_status(p, e, SALLY_FAILURE);
    assert_string_equal(p->store.last_path, "/many");
    peer_free(p);
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
    uint32_t cut = peer_extended(p, "space-available");
    peer_go(p);
    peer_expect_status(p, id, SALLY_NO_SUCH_FILE);
    peer_expect_status(p, cut, SALLY_BAD_MESSAGE);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statvfs_by_path_and_handle),
        cmocka_unit_test(space_is_what_statvfs_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
