/* Two offers, one agreement (RFC 4253 section 7.1). */
#include "engine_pair.h"
#include "ssh/compress.h"

static struct kex_offer offer(const char *kex, const char *host_key, const char *cipher,
                              const char *mac, const char *compression)
{
    struct kex_offer o = {.kex = slice_of(kex), .host_key = slice_of(host_key)};
    for (size_t i = 0; i < 2; i++) {
        o.cipher[i] = slice_of(cipher);
        o.mac[i] = slice_of(mac);
        o.compression[i] = slice_of(compression);
    }
    return o;
}

static const char *agree(const struct kex_offer *client, const struct kex_offer *server,
                         struct agreement *out)
{
    struct slice ours, theirs;
    return kex_agree(SSH_SERVER, client, server, out, &ours, &theirs);
}

static void the_clients_order_decides(void **state)
{
    (void)state;
    struct kex_offer client =
        offer("unknown,ecdh-sha2-nistp384,curve25519-sha256", "rsa-sha2-256,ssh-ed25519",
              "aes256-ctr,aes128-ctr", "hmac-sha2-512,hmac-sha2-256", "zlib,zlib@openssh.com,none");
    struct kex_offer server =
        offer("curve25519-sha256,ecdh-sha2-nistp384", "ssh-ed25519,rsa-sha2-512,rsa-sha2-256",
              "aes128-ctr,aes256-ctr", "hmac-sha2-256,hmac-sha2-512", "none,zlib@openssh.com");
    struct agreement a;
    assert_null(agree(&client, &server, &a));
    assert_string_equal(a.kex->name, "ecdh-sha2-nistp384");
    assert_string_equal(a.host_key->name, "rsa-sha2-256");
    assert_string_equal(a.in.cipher->name, "aes256-ctr");
    assert_string_equal(a.out.mac->name, "hmac-sha2-512");
    assert_string_equal(a.in.compression->name, "zlib@openssh.com");
    assert_ptr_equal(a.in.compression, a.out.compression);
}

static void the_directions_are_independent(void **state)
{
    (void)state;
    struct kex_offer client =
        offer("curve25519-sha256", "ssh-ed25519", "aes128-ctr", "hmac-sha2-256", "none");
    struct kex_offer server = offer("curve25519-sha256", "ssh-ed25519", "aes128-ctr,aes256-ctr",
                                    "hmac-sha2-512,hmac-sha2-256", "none,zlib@openssh.com");
    client.cipher[1] = slice_of("aes256-ctr");
    client.mac[1] = slice_of("hmac-sha2-512");
    client.compression[1] = slice_of("zlib@openssh.com");
    struct agreement a;
    assert_null(agree(&client, &server, &a));
    assert_string_equal(a.in.cipher->name, "aes128-ctr");
    assert_string_equal(a.out.cipher->name, "aes256-ctr");
    assert_string_equal(a.in.mac->name, "hmac-sha2-256");
    assert_string_equal(a.out.mac->name, "hmac-sha2-512");
    assert_string_equal(a.in.compression->name, "none");
    assert_string_equal(a.out.compression->name, "zlib@openssh.com");
    struct slice lists[2];
    assert_null(kex_agree(SSH_CLIENT, &client, &server, &a, &lists[0], &lists[1]));
    assert_string_equal(a.out.cipher->name, "aes128-ctr");
}

static void an_aead_cipher_needs_no_mac(void **state)
{
    (void)state;
    struct kex_offer client = offer("curve25519-sha256", "ssh-ed25519",
                                    "chacha20-poly1305@openssh.com", "hmac-md5", "none");
    struct kex_offer server = offer("curve25519-sha256", "ssh-ed25519",
                                    "chacha20-poly1305@openssh.com", "hmac-sha2-256", "none");
    struct agreement a;
    assert_null(agree(&client, &server, &a));
    assert_null(a.in.mac);
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    static const char *const good[5] = {"curve25519-sha256", "ssh-ed25519", "aes128-ctr",
                                        "hmac-sha2-256", "none"};
    static const char *const failures[5] = {"no common key exchange method",
                                            "no common host key algorithm", "no common cipher",
                                            "no common MAC", "no common compression method"};
    static const char *const bad[] = {"", ",", "nothing", "curve25519-sha25", "none2"};
    struct kex_offer server = offer(good[0], good[1], good[2], good[3], good[4]);
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < COUNT_OF(bad); j++) {
            const char *lists[5];
            memcpy(lists, good, sizeof lists);
            lists[i] = bad[j];
            struct kex_offer client = offer(lists[0], lists[1], lists[2], lists[3], lists[4]);
            struct agreement a;
            struct slice client_list, server_list;
            assert_string_equal(
                kex_agree(SSH_SERVER, &client, &server, &a, &client_list, &server_list),
                failures[i]);
            assert_true(slice_is(client_list, bad[j]));
            assert_true(slice_is(server_list, good[i]));
        }
}

/* RFC 8308 section 2.2. */
static void a_marker_is_no_method(void **state)
{
    (void)state;
    struct kex_offer client =
        offer("ext-info-s", "ssh-ed25519", "aes128-ctr", "hmac-sha2-256", "none");
    struct kex_offer server =
        offer("curve25519-sha256,ext-info-s", "ssh-ed25519", "aes128-ctr", "hmac-sha2-256", "none");
    struct agreement a;
    assert_string_equal(agree(&client, &server, &a), "no common key exchange method");
}

static void offers_are_parsed_strictly(void **state)
{
    (void)state;
    struct kex_offer o;
    struct buf b;
    buf_init(&b, 4096);
    assert_non_null(buf_extend(&b, 16));
    memset(buf_head(&b), 7, 16);
    for (int i = 0; i < 10; i++)
        put_text(&b, i == 2 ? "aes128-ctr" : "x");
    put_bool(&b, true);
    put_u32(&b, 0);
    struct cursor c = cursor_of_slice(buf_slice(&b));
    assert_true(kex_offer_parse(&o, &c));
    assert_true(slice_is(o.cipher[0], "aes128-ctr"));
    assert_true(o.guess_follows);
    for (size_t size = 0; size < b.size; size++) {
        c = cursor_of(buf_head(&b), size);
        assert_false(kex_offer_parse(&o, &c));
    }
    put_u8(&b, 0);
    c = cursor_of_slice(buf_slice(&b));
    assert_false(kex_offer_parse(&o, &c));
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clients_order_decides),
        cmocka_unit_test(the_directions_are_independent),
        cmocka_unit_test(an_aead_cipher_needs_no_mac),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(a_marker_is_no_method),
        cmocka_unit_test(offers_are_parsed_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
