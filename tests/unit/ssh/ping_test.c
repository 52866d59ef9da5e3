/* PING is answered with what it brought, where that costs little. */
#include "ssh/ping.h"

#include "cmocka_all.h"

#include "base/mem.h"
#include "pair_services.h"
#include "ssh/transport.h"

static void ping(struct bare *b, size_t size)
{
    struct buf room, *m = payload(&room, SSH_MSG_PING);
    put_u32(m, (uint32_t)size);
    uint8_t *data = buf_extend(m, size ? size : 1);
    assert_non_null(data);
    memset(data, 0x42, size ? size : 1);
    bare_feed(b, (struct slice){buf_head(m), 5 + size});
    buf_clear(m);
}

static void expect_pong(struct bare *b, size_t size)
{
    struct slice sent = bare_sent(b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_PONG);
    struct slice data = get_string(&c);
    assert_int_equal(data.size, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(data.data[i], 0x42);
    assert_true(cursor_done(&c));
}

static void the_data_comes_back(void **state)
{
    (void)state;
    for (int role = SSH_SERVER; role <= SSH_CLIENT; role++) {
        static const size_t sizes[] = {0, 1, 1000, 16 * 1024};
        struct bare b;
        bare_prepare(&b, (enum ssh_role)role);
        bare_start(&b, READY);
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            ping(&b, sizes[i]);
            expect_pong(&b, sizes[i]);
        }
        bare_stop(&b);
    }
}

/* The draft's section 4 allows it. */
static void large_ones_are_not_answered(void **state)
{
    (void)state;
    struct bare b;
    bare_prepare(&b, SSH_SERVER);
    bare_start(&b, READY);
    ping(&b, 16 * 1024 + 1);
    assert_int_equal(bare_sent(&b).size, 0);
    assert_false(ssh_is_over(b.ssh));
    bare_stop(&b);
}

static void malformed_ones_end_it(void **state)
{
    (void)state;
    static const uint8_t bad[][8] = {{SSH_MSG_PING},
                                     {SSH_MSG_PING, 0, 0, 0},
                                     {SSH_MSG_PING, 0, 0, 0, 4, 1, 2, 3},
                                     {SSH_MSG_PING, 0, 0, 0, 2, 1, 2, 3}};
    static const size_t sizes[] = {1, 4, 8, 8};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct bare b;
        bare_prepare(&b, SSH_SERVER);
        bare_start(&b, READY);
        bare_feed(&b, (struct slice){bad[i], sizes[i]});
        assert_true(ssh_is_over(b.ssh));
        bare_stop(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_data_comes_back),
        cmocka_unit_test(large_ones_are_not_answered),
        cmocka_unit_test(malformed_ones_end_it),
    };
    return cmocka_run_group_tests_name("ssh/ping", tests, NULL, NULL);
}
