/* What is announced, and what of a peer's announcements is read; strict_test.c has when. */
#include "ssh/ext_info.h"

#include "cmocka_all.h"

#include "base/mem.h"
#include "crypto/public_key.h"
#include "pair_services.h"
#include "ssh/transport.h"

static void start(struct bare *b, enum ssh_role role, const char *algorithms)
{
    bare_prepare(b, role);
    b->options.settings.fixed.public_key_algorithms = algorithms;
    bare_start(b, AWAIT_SERVICE);
}

static void expect_announced(const char *algorithms, const char *announced)
{
    struct bare b;
    start(&b, SSH_SERVER, algorithms);
    b.ssh->transport->peer_ext_info = true;
    ext_info_send(b.ssh);
    struct slice sent = bare_sent(&b);
    struct cursor c = cursor_of_slice(sent);
    assert_int_equal(get_u8(&c), SSH_MSG_EXT_INFO);
    assert_int_equal(get_u32(&c), 2);
    assert_true(slice_is(get_string(&c), "server-sig-algs"));
    assert_true(slice_is(get_string(&c), announced));
    assert_true(slice_is(get_string(&c), "ping@openssh.com"));
    assert_true(slice_is(get_string(&c), "0"));
    assert_true(cursor_done(&c));
    assert_string_equal(transport_user_signature_algorithms(b.ssh), announced);
    bare_stop(&b);
}

static void what_users_may_sign_with_is_announced(void **state)
{
    (void)state;
    expect_announced("rsa-sha2-256,ssh-ed25519", "rsa-sha2-256,ssh-ed25519");
    expect_announced("nothing,ssh-ed25519,,x@example.com", "ssh-ed25519");
    expect_announced("nothing", "");
    struct buf defaults;
    buf_init(&defaults, 4096);
    const struct signature_algorithm *a;
    for (size_t i = 0; (a = signature_algorithm_at(i)) != NULL; i++)
        if (a->in_default)
            put_format(&defaults, "%s%s", defaults.size ? "," : "", a->name);
    put_u8(&defaults, 0);
    assert_null(strstr((const char *)buf_head(&defaults), "ssh-rsa"));
    expect_announced(NULL, (const char *)buf_head(&defaults));
    buf_clear(&defaults);
}

static void only_those_who_asked_are_told(void **state)
{
    (void)state;
    struct bare b;
    start(&b, SSH_SERVER, NULL);
    ext_info_send(b.ssh);
    assert_int_equal(bare_sent(&b).size, 0);
    bare_stop(&b);
    start(&b, SSH_CLIENT, NULL); /* has nothing to say */
    b.ssh->transport->peer_ext_info = true;
    ext_info_send(b.ssh);
    assert_int_equal(bare_sent(&b).size, 0);
    bare_stop(&b);
}

static bool is_well_formed(struct bare *b, uint32_t count, uint32_t pairs, bool surplus)
{
    struct buf m;
    buf_init(&m, 1u << 20);
    put_u32(&m, count);
    for (uint32_t i = 0; i < pairs; i++) {
        put_text(&m, "extension@example.com");
        put_text(&m, "value");
    }
    if (surplus)
        put_u8(&m, 0);
    struct cursor c = cursor_of_slice(buf_slice(&m));
    bool ok = on_ext_info(b->ssh, &c);
    buf_clear(&m);
    return ok;
}

static void a_peers_is_checked_to_the_end(void **state)
{
    (void)state;
    struct bare b;
    start(&b, SSH_SERVER, NULL);
    assert_true(is_well_formed(&b, 0, 0, false));
    assert_true(is_well_formed(&b, 2, 2, false));
    assert_true(is_well_formed(&b, 1024, 1024, false));
    assert_false(is_well_formed(&b, 1025, 1025, false));
    assert_false(is_well_formed(&b, 2, 1, false));
    assert_false(is_well_formed(&b, 1, 2, false));
    assert_false(is_well_formed(&b, 1, 1, true));
    assert_false(is_well_formed(&b, UINT32_MAX, 1, false));
    bare_stop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_users_may_sign_with_is_announced),
        cmocka_unit_test(only_those_who_asked_are_told),
        cmocka_unit_test(a_peers_is_checked_to_the_end),
    };
    return cmocka_run_group_tests_name("ssh/ext_info", tests, NULL, NULL);
}
