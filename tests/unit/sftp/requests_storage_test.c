#include "cmocka_all.h"

#include "base/mem.h"
#include "sftp/peer.h"

static void unknown_ones_are_the_storages(void **state)
{
    (void)state;
    struct peer *p = peer_new(NULL);
    uint32_t a = peer_begin_extended(p, "echo@test");
    put_bytes(&p->out, "\0\1data", 6);
    peer_end(p);
    uint32_t b = peer_extended_path(p, "nobody@knows", "");
    uint32_t c = peer_begin(p, SSH_FXP_EXTENDED);
    put_string(&p->out, "echo@test\0x", 11);
    peer_end(p);
    uint32_t d = peer_begin(p, SSH_FXP_EXTENDED);
    put_u32(&p->out, 100);
    peer_end(p);
    peer_go(p);
    struct reply *r = peer_expect(p, SSH_FXP_EXTENDED_REPLY, a);
    assert_memory_equal(cursor_read(&r->body, 6), "\0\1data", 6);
    assert_true(cursor_done(&r->body));
    peer_expect_status(p, b, SALLY_UNSUPPORTED);
    peer_expect_status(p, c, SALLY_UNSUPPORTED);
    peer_expect_status(p, d, SALLY_BAD_MESSAGE);
    peer_free(p);
    p = peer_new(&(struct peer_options){.without = SALLY_OP_BIT(SALLY_OP_EXTENDED)});
    a = peer_extended_path(p, "echo@test", "");
    peer_go(p);
    peer_expect_status(p, a, SALLY_UNSUPPORTED);
    peer_free(p);
    p = peer_new(
        &(struct peer_options){.permissions = SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_EXTENDED});
    a = peer_extended_path(p, "echo@test", "");
    peer_go(p);
    peer_expect_status(p, a, SALLY_PERMISSION_DENIED);
    peer_free(p);
    p = peer_new(&(struct peer_options){.deny = "open,echo@test"});
    a = peer_extended_path(p, "echo@test", "");
    peer_go(p);
    peer_expect_status(p, a, SALLY_PERMISSION_DENIED);
    peer_free(p);
}

static void replies_have_a_largest_size(void **state)
{
    (void)state;
    static uint8_t data[256 * 1024];
    struct peer *p = peer_new(&(struct peer_options){.max_packet = 1024 * 1024});
    for (size_t size = sizeof data - 10; size <= sizeof data; size++) {
        uint32_t id = peer_begin_extended(p, "echo@test");
        put_bytes(&p->out, data, size);
        peer_end(p);
        peer_go(p);
        if (size + 9 <= sizeof data)
            assert_int_equal(peer_expect(p, SSH_FXP_EXTENDED_REPLY, id)->size, size + 5);
        else
            peer_expect_status(p, id, SALLY_FAILURE);
    }
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_ones_are_the_storages),
        cmocka_unit_test(replies_have_a_largest_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
