#include "crypto/public_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/key_fixture.h"

static sally_error parse(struct crypto *c, const struct buf *blob)
{
    struct public_key *key;
    sally_error error = public_key_parse(&key, c, buf_slice(blob));
    assert_int_equal(error == 0, key != NULL);
    public_key_free(key);
    return error;
}

static void test_sign_and_verify(void **state)
{
    const struct slice data = slice_of("what is signed");
    for (size_t i = 0; i < COUNT_OF(key_type_names); i++) {
        sally_key *key = generated_key(key_type_names[i]);
        struct public_key *public;
        const struct signature_algorithm *a;
        unsigned made = 0;
        assert_non_null(key);
        assert_int_equal(public_key_parse(&public, *state, key_blob(key)), 0);
        assert_string_equal(public_key_type(public), sally_key_type(key));
        for (size_t k = 0; (a = signature_algorithm_at(k)); k++) {
            struct buf signature;
            buf_init(&signature, 4096);
            if (strcmp(a->key_type, sally_key_type(key)) != 0) {
                assert_int_equal(key_sign(key, a->name, data, &signature), SALLY_E_INVALID);
                assert_int_equal(signature.size, 0);
                continue;
            }
            made++;
            for (int round = 0; round < 3; round++) {
                buf_reset(&signature);
                assert_int_equal(key_sign(key, a->name, data, &signature), 0);
                struct slice s = buf_slice(&signature);
                assert_true(public_key_verify(public, a->name, s, data));
                assert_false(public_key_verify(public, a->name, s, slice_of("something else")));
                assert_false(public_key_verify(public, a->name, s, slice_of("")));
            }
            buf_clear(&signature);
        }
        assert_int_equal(made, i == 4 ? 3 : 1);
        public_key_free(public);
        sally_key_unref(key);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void test_every_flipped_bit_of_a_signature(void **state)
{
    const struct slice data = slice_of("what is signed");
    for (size_t i = 0; i < COUNT_OF(key_type_names); i++) {
        sally_key *key = generated_key(key_type_names[i]);
        const char *algorithm = algorithm_of(key);
        struct public_key *public;
        struct buf signature;
        buf_init(&signature, 4096);
        assert_int_equal(public_key_parse(&public, *state, key_blob(key)), 0);
        assert_int_equal(key_sign(key, algorithm, data, &signature), 0);
        for (size_t bit = 0; bit < signature.size * 8; bit++) {
            uint8_t *forged = mem_dup(buf_head(&signature), signature.size);
            struct slice s = {forged, signature.size};
            forged[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(public_key_verify(public, algorithm, s, data));
            mem_free(forged);
        }
        for (size_t size = 0; size < signature.size; size++) { /* truncated */
            uint8_t *part = mem_dup(buf_head(&signature), size);
            struct slice s = {part, size};
            assert_false(public_key_verify(public, algorithm, s, data));
            mem_free(part);
        }
        put_u8(&signature, 0); /* something left over */
        assert_false(public_key_verify(public, algorithm, buf_slice(&signature), data));
        buf_clear(&signature);
        public_key_free(public);
        sally_key_unref(key);
    }
}

/* The name in the blob must be the one that was negotiated, though the signature itself be right.
 */
static void test_algorithm_must_be_the_agreed_one(void **state)
{
    const struct slice data = slice_of("what is signed");
    sally_key *key = generated_key("rsa");
    struct public_key *public;
    struct buf signature;
    buf_init(&signature, 4096);
    assert_int_equal(public_key_parse(&public, *state, key_blob(key)), 0);
    assert_int_equal(key_sign(key, "rsa-sha2-256", data, &signature), 0);
    assert_true(public_key_verify(public, "rsa-sha2-256", buf_slice(&signature), data));
    assert_false(public_key_verify(public, "rsa-sha2-512", buf_slice(&signature), data));
    assert_false(public_key_verify(public, "ssh-rsa", buf_slice(&signature), data));
    assert_false(public_key_verify(public, "ssh-ed25519", buf_slice(&signature), data));
    assert_false(public_key_verify(public, "", buf_slice(&signature), data));
    buf_clear(&signature);
    public_key_free(public);
    sally_key_unref(key);
}

/* Signs until one begins with a zero, and drops it: as clients do that treat it as a number. */
static void test_short_rsa_signature(void **state)
{
    sally_key *key = generated_key("rsa");
    struct public_key *public;
    bool seen = false;
    assert_int_equal(public_key_parse(&public, *state, key_blob(key)), 0);
    for (uint32_t i = 0; i < 5000 && !seen; i++) {
        struct buf signature, shorter;
        struct slice data = {(const uint8_t *)&i, sizeof i};
        buf_init(&signature, 4096);
        buf_init(&shorter, 4096);
        assert_int_equal(key_sign(key, "rsa-sha2-256", data, &signature), 0);
        struct cursor in = cursor_of_slice(buf_slice(&signature));
        struct slice name = get_string(&in), raw = get_string(&in);
        assert_int_equal(raw.size, 256);
        if (raw.data[0] == 0) {
            put_slice(&shorter, name);
            put_string(&shorter, raw.data + 1, raw.size - 1);
            assert_true(public_key_verify(public, "rsa-sha2-256", buf_slice(&shorter), data));
            buf_reset(&shorter); /* and longer than the modulus is refused */
            put_slice(&shorter, name);
            put_u32(&shorter, 257);
            put_u8(&shorter, 0);
            put_bytes(&shorter, raw.data, raw.size);
            assert_false(public_key_verify(public, "rsa-sha2-256", buf_slice(&shorter), data));
            seen = true;
        }
        buf_clear(&signature);
        buf_clear(&shorter);
    }
    assert_true(seen);
    public_key_free(public);
    sally_key_unref(key);
}

/* r and s as mpints in forms that are not the right one. */
static void test_ecdsa_numbers_are_strict(void **state)
{
    const struct slice data = slice_of("what is signed");
    sally_key *key = generated_key("ecdsa-nistp256");
    struct public_key *public;
    struct buf signature;
    buf_init(&signature, 4096);
    assert_int_equal(public_key_parse(&public, *state, key_blob(key)), 0);
    assert_int_equal(key_sign(key, "ecdsa-sha2-nistp256", data, &signature), 0);
    struct cursor in = cursor_of_slice(buf_slice(&signature));
    struct slice name = get_string(&in), raw = get_string(&in);
    struct cursor numbers = cursor_of_slice(raw);
    struct slice r = get_string(&numbers), s = get_string(&numbers);
    assert_true(cursor_done(&numbers));
    for (int form = 0; form < 6; form++) {
        struct buf forged;
        buf_init(&forged, 4096);
        put_slice(&forged, name);
        size_t place = put_string_begin(&forged);
        if (form == 1) { /* a leading zero too many */
            put_u32(&forged, (uint32_t)r.size + 1);
            put_u8(&forged, 0);
            put_bytes(&forged, r.data, r.size);
        } else if (form == 2) { /* zero */
            put_u32(&forged, 0);
        } else if (form == 3) { /* negative */
            put_u32(&forged, 33);
            put_u8(&forged, 0xff);
            put_bytes(&forged, s.data, 32);
        } else {
            put_slice(&forged, r);
        }
        put_slice(&forged, s);
        if (form == 4)
            put_u8(&forged, 0);
        if (form == 5)
            put_slice(&forged, s);
        put_string_end(&forged, place);
        assert_int_equal(public_key_verify(public, "ecdsa-sha2-nistp256", buf_slice(&forged), data),
                         form == 0);
        buf_clear(&forged);
    }
    buf_clear(&signature);
    public_key_free(public);
    sally_key_unref(key);
}

/* RFC 8032 section 7.1, test 2 */
static void test_ed25519_of_rfc_8032(void **state)
{
    uint8_t point[32], raw[64], message[1] = {0x72};
    struct slice data = {message, 1};
    struct buf blob, signature;
    struct public_key *key;
    from_hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", point, 32);
    from_hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
             "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
             raw, 64);
    buf_init(&blob, 100);
    put_text(&blob, "ssh-ed25519");
    put_string(&blob, point, 32);
    buf_init(&signature, 100);
    put_text(&signature, "ssh-ed25519");
    put_string(&signature, raw, 64);
    assert_int_equal(public_key_parse(&key, *state, buf_slice(&blob)), 0);
    assert_true(public_key_verify(key, "ssh-ed25519", buf_slice(&signature), data));
    message[0] = 0x73;
    assert_false(public_key_verify(key, "ssh-ed25519", buf_slice(&signature), data));
    public_key_free(key);
    buf_clear(&blob);
    buf_clear(&signature);
}

static void test_truncated_blobs(void **state)
{
    for (size_t i = 0; i < COUNT_OF(key_type_names); i++) {
        sally_key *key = generated_key(key_type_names[i]);
        struct buf blob;
        buf_init(&blob, 4096);
        for (size_t size = 0; size <= key_blob(key).size + 1; size++) {
            buf_clear(&blob);
            put_bytes(&blob, key_blob(key).data, size > key_blob(key).size ? size - 1 : size);
            if (size > key_blob(key).size)
                put_u8(&blob, 0);
            assert_int_equal(parse(*state, &blob) == 0, size == key_blob(key).size);
        }
        buf_clear(&blob);
        sally_key_unref(key);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void test_unknown_types(void **state)
{
    static const char *const names[] = {
        "", "ssh-dss", "ssh-ed25519 ", "ssh-ed448", "ssh-rsa-cert-v01@openssh.com", "rsa-sha2-512"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct buf blob;
        buf_init(&blob, 100);
        put_text(&blob, names[i]);
        put_text(&blob, "12345678901234567890123456789012");
        assert_int_equal(parse(*state, &blob), SALLY_E_UNSUPPORTED);
        buf_clear(&blob);
    }
}

static sally_error parse_rsa(struct crypto *c, const uint8_t *n, size_t n_size, const char *e_hex)
{
    struct buf blob;
    uint8_t e[64];
    size_t e_size = from_hex(e_hex, e, sizeof e);
    buf_init(&blob, 8192);
    put_text(&blob, "ssh-rsa");
    put_string(&blob, e, e_size);
    put_mpint(&blob, n, n_size);
    sally_error error = parse(c, &blob);
    buf_clear(&blob);
    return error;
}

static void test_rsa_numbers(void **state)
{
    uint8_t n[2049];
    memset(n, 0xa5, sizeof n);
    assert_int_equal(parse_rsa(*state, n, 256, "010001"), 0);
    assert_int_equal(parse_rsa(*state, n, 256, "03"), 0);
    assert_int_equal(parse_rsa(*state, n, 256, "25"), 0);
    assert_int_equal(parse_rsa(*state, n, 2048, "010001"), 0);
    assert_int_equal(parse_rsa(*state, n, 2049, "010001"), SALLY_E_KEY);
    assert_int_equal(parse_rsa(*state, n, 255, "010001"), SALLY_E_KEY);
    assert_int_equal(parse_rsa(*state, n, 128, "010001"), SALLY_E_KEY);
    assert_int_equal(parse_rsa(*state, n, 0, "010001"), SALLY_E_KEY);
    assert_int_equal(parse_rsa(*state, n, 256, ""), SALLY_E_KEY);         /* 0 */
    assert_int_equal(parse_rsa(*state, n, 256, "01"), SALLY_E_KEY);       /* 1 */
    assert_int_equal(parse_rsa(*state, n, 256, "010000"), SALLY_E_KEY);   /* even */
    assert_int_equal(parse_rsa(*state, n, 256, "ff"), SALLY_E_KEY);       /* negative */
    assert_int_equal(parse_rsa(*state, n, 256, "00010001"), SALLY_E_KEY); /* zeros in front */
    assert_int_equal(parse_rsa(*state, n, 256, "00"), SALLY_E_KEY);
    assert_int_equal(parse_rsa(*state, n, 256, "7fffffffffffffffffffffff"), SALLY_E_KEY);
    n[0] = 0x7f; /* 2047 bits */
    assert_int_equal(parse_rsa(*state, n, 256, "010001"), SALLY_E_KEY);
    n[0] = 0xa5;
    n[255] = 0xa4; /* even */
    assert_int_equal(parse_rsa(*state, n, 256, "010001"), SALLY_E_KEY);
}

static void test_ecdsa_points(void **state)
{
    sally_key *key = generated_key("ecdsa-nistp256");
    struct cursor in = cursor_of_slice(key_blob(key));
    struct slice type = get_string(&in), curve = get_string(&in), point = get_string(&in);
    uint8_t bytes[65];
    struct buf blob;
    buf_init(&blob, 200);
    for (int form = 0; form < 7; form++) {
        size_t size = sizeof bytes;
        memcpy(bytes, point.data, sizeof bytes);
        buf_reset(&blob);
        put_slice(&blob, type);
        if (form == 1)
            put_text(&blob, "nistp384");
        else
            put_slice(&blob, curve);
        if (form == 2)
            bytes[64] ^= 1; /* off the curve */
        if (form == 3)
            memset(bytes + 1, 0, 64);
        if (form == 4) { /* compressed */
            bytes[0] = 2 + (bytes[64] & 1);
            size = 33;
        }
        if (form == 5) { /* infinity */
            bytes[0] = 0;
            size = 1;
        }
        if (form == 6)
            memset(bytes + 1, 0xff, 64);
        put_string(&blob, bytes, size);
        assert_int_equal(parse(*state, &blob), form == 0 ? 0 : SALLY_E_KEY);
    }
    buf_clear(&blob);
    sally_key_unref(key);
}

static void test_fingerprint(void **state)
{
    /* Compared with ssh-keygen's in private_key_test.c; here the room it takes. */
    char out[PUBLIC_KEY_FINGERPRINT_SIZE];
    assert_true(public_key_fingerprint(*state, slice_of(""), out));
    assert_string_equal(out, "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
}

static void test_table(void **state)
{
    (void)state;
    static const char *const order[] = {"ssh-ed25519",
                                        "ecdsa-sha2-nistp256",
                                        "ecdsa-sha2-nistp384",
                                        "ecdsa-sha2-nistp521",
                                        "rsa-sha2-512",
                                        "rsa-sha2-256",
                                        "ssh-rsa"};
    size_t i;
    for (i = 0; signature_algorithm_at(i); i++) {
        const struct signature_algorithm *a = signature_algorithm_at(i);
        assert_string_equal(a->name, order[i]);
        assert_ptr_equal(signature_algorithm_find(slice_of(a->name)), a);
        assert_int_equal(a->in_default, strcmp(a->name, "ssh-rsa") != 0);
    }
    assert_int_equal(i, COUNT_OF(order));
    assert_null(signature_algorithm_find(slice_of("ssh-dss")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign_and_verify),
        cmocka_unit_test(test_every_flipped_bit_of_a_signature),
        cmocka_unit_test(test_algorithm_must_be_the_agreed_one),
        cmocka_unit_test(test_short_rsa_signature),
        cmocka_unit_test(test_ecdsa_numbers_are_strict),
        cmocka_unit_test(test_ed25519_of_rfc_8032),
        cmocka_unit_test(test_truncated_blobs),
        cmocka_unit_test(test_unknown_types),
        cmocka_unit_test(test_rsa_numbers),
        cmocka_unit_test(test_ecdsa_points),
        cmocka_unit_test(test_fingerprint),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
