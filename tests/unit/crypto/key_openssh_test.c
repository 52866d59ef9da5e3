/* OpenSSH's private key format, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/key_fixture.h"
#include "crypto/private_key.h"

#define ROOM (256u * 1024)

/* What may be wrong with a file. */
enum fault {
    NO_FAULT,
    OTHER_MAGIC,
    OTHER_CIPHER,
    OTHER_KDF,
    KDF_OPTIONS,
    NO_KEYS,
    TWO_KEYS,
    OTHER_PUBLIC,
    CHECK_DIFFERS,
    OTHER_TYPE,
    UNKNOWN_TYPE,
    INNER_PUBLIC,
    SECOND_PUBLIC,
    OTHER_SEED,
    SHORT_SEED,
    WRONG_PADDING,
    NO_PADDING,
    LONG_PADDING,
    FAULT_COUNT
};

static const sally_error expected[FAULT_COUNT] = {
    [NO_FAULT] = 0,
    [OTHER_MAGIC] = SALLY_E_PARSE,
    [OTHER_CIPHER] = SALLY_E_UNSUPPORTED,
    [OTHER_KDF] = SALLY_E_PARSE,
    [KDF_OPTIONS] = SALLY_E_PARSE,
    [NO_KEYS] = SALLY_E_UNSUPPORTED,
    [TWO_KEYS] = SALLY_E_UNSUPPORTED,
    [OTHER_PUBLIC] = SALLY_E_PARSE,
    [CHECK_DIFFERS] = SALLY_E_PARSE,
    [OTHER_TYPE] = SALLY_E_PARSE,
    [UNKNOWN_TYPE] = SALLY_E_UNSUPPORTED,
    [INNER_PUBLIC] = SALLY_E_KEY,
    [SECOND_PUBLIC] = SALLY_E_KEY,
    [OTHER_SEED] = SALLY_E_KEY,
    [SHORT_SEED] = SALLY_E_KEY,
    [WRONG_PADDING] = SALLY_E_PARSE,
    [NO_PADDING] = SALLY_E_PARSE,
    [LONG_PADDING] = 0, /* more than a block needs, but in order: other programs write it */
};

/* RFC 8032 section 7.1, test 1 */
static const char seed_hex[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char point_hex[] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

static void build(enum fault f, struct buf *out)
{
    uint8_t seed[32], point[32];
    struct buf blob, part;
    from_hex(seed_hex, seed, 32);
    from_hex(point_hex, point, 32);
    buf_init(&blob, 1000);
    buf_init(&part, 1000);
    put_text(&blob, "ssh-ed25519");
    point[3] ^= f == OTHER_PUBLIC;
    put_string(&blob, point, 32);
    point[3] ^= f == OTHER_PUBLIC;

    put_u32(&part, 0x11223344);
    put_u32(&part, f == CHECK_DIFFERS ? 0x11223345 : 0x11223344);
    put_text(&part, f == OTHER_TYPE ? "ssh-rsa" : f == UNKNOWN_TYPE ? "ssh-dss" : "ssh-ed25519");
    point[9] ^= f == INNER_PUBLIC;
    put_string(&part, point, 32);
    point[9] ^= f == INNER_PUBLIC;
    size_t place = put_string_begin(&part);
    seed[5] ^= f == OTHER_SEED;
    put_bytes(&part, seed, 32);
    point[9] ^= f == SECOND_PUBLIC;
    put_bytes(&part, point, f == SHORT_SEED ? 31 : 32);
    put_string_end(&part, place);
    put_text(&part, "comment");
    uint8_t padding = 1;
    while (part.size % 8 != 0 && f != NO_PADDING)
        put_u8(&part, padding++);
    if (f == WRONG_PADDING)
        buf_head(&part)[part.size - 1] ^= 1;
    for (int i = 0; i < 8 && f == LONG_PADDING; i++)
        put_u8(&part, padding++);

    put_bytes(out, f == OTHER_MAGIC ? "openssh-key-v2" : "openssh-key-v1", 15);
    put_text(out, f == OTHER_CIPHER ? "rot13" : "none");
    put_text(out, f == OTHER_KDF ? "bcrypt" : "none");
    put_text(out, f == KDF_OPTIONS ? "x" : "");
    put_u32(out, f == NO_KEYS ? 0 : f == TWO_KEYS ? 2 : 1);
    put_slice(out, buf_slice(&blob));
    put_slice(out, buf_slice(&part));
    buf_clear(&blob);
    buf_clear(&part);
}

static sally_error parse(struct slice binary, const char *passphrase)
{
    struct buf text;
    sally_key *key;
    buf_init(&text, ROOM);
    put_format(&text, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    base64_encode(binary, true, &text);
    put_format(&text, "\n-----END OPENSSH PRIVATE KEY-----\n");
    sally_error error = sally_key_parse(&key, buf_head(&text), text.size, passphrase);
    if (!error)
        assert_string_equal(sally_key_type(key), "ssh-ed25519");
    sally_key_unref(key);
    buf_clear(&text);
    return error;
}

static void test_faults(void **state)
{
    (void)state;
    for (int f = 0; f < FAULT_COUNT; f++) {
        struct buf binary;
        buf_init(&binary, 2000);
        build((enum fault)f, &binary);
        assert_int_equal(parse(buf_slice(&binary), NULL), expected[f]);
        buf_clear(&binary);
    }
}

static void test_truncated(void **state)
{
    (void)state;
    struct buf binary;
    buf_init(&binary, 2000);
    build(NO_FAULT, &binary);
    for (size_t size = 0; size < binary.size; size++) {
        struct slice part = {buf_head(&binary), size};
        assert_int_equal(parse(part, NULL), SALLY_E_PARSE);
    }
    put_u8(&binary, 0);
    assert_int_equal(parse(buf_slice(&binary), NULL), SALLY_E_PARSE);
    buf_clear(&binary);
}

static sally_error parse_box(const char *cipher, const char *kdf, const char *salt, uint32_t rounds,
                             size_t part_size, size_t rest_size, const char *passphrase)
{
    static const uint8_t zero[64];
    struct buf binary;
    buf_init(&binary, 2000);
    put_bytes(&binary, "openssh-key-v1", 15);
    put_text(&binary, cipher);
    put_text(&binary, kdf);
    size_t place = put_string_begin(&binary);
    put_text(&binary, salt);
    put_u32(&binary, rounds);
    put_string_end(&binary, place);
    put_u32(&binary, 1);
    put_text(&binary, "blob");
    put_string(&binary, zero, part_size);
    put_bytes(&binary, zero, rest_size);
    sally_error error = parse(buf_slice(&binary), passphrase);
    buf_clear(&binary);
    return error;
}

static void test_encrypted(void **state)
{
    (void)state;
    assert_int_equal(parse_box("aes256-ctr", "bcrypt", "salt", 1, 64, 0, "x"), SALLY_E_PASSPHRASE);
    assert_int_equal(parse_box("aes256-ctr", "bcrypt", "salt", 1, 64, 0, NULL), SALLY_E_PASSPHRASE);
    assert_int_equal(parse_box("aes256-ctr", "bcrypt", "salt", 1, 64, 0, ""), SALLY_E_PASSPHRASE);
    assert_int_equal(parse_box("aes256-cbc", "bcrypt", "salt", 1, 64, 0, "x"), SALLY_E_PASSPHRASE);
    assert_int_equal(parse_box("aes256-gcm@openssh.com", "bcrypt", "salt", 1, 64, 16, "x"),
                     SALLY_E_PASSPHRASE);
    assert_int_equal(parse_box("aes256-gcm@openssh.com", "bcrypt", "salt", 1, 64, 15, "x"),
                     SALLY_E_PARSE);
    assert_int_equal(parse_box("aes256-ctr", "none", "salt", 1, 64, 0, "x"), SALLY_E_UNSUPPORTED);
    assert_int_equal(parse_box("3des-cbc", "bcrypt", "salt", 1, 64, 0, "x"), SALLY_E_UNSUPPORTED);
    assert_int_equal(parse_box("aes256-ctr", "bcrypt", "", 1, 64, 0, "x"), SALLY_E_PARSE);
    assert_int_equal(parse_box("aes256-ctr", "bcrypt", "salt", 0, 64, 0, "x"), SALLY_E_PARSE);
    assert_int_equal(parse_box("aes256-ctr", "bcrypt", "salt", 1, 63, 0, "x"), SALLY_E_PARSE);
    assert_int_equal(parse_box("aes256-ctr", "bcrypt", "salt", 1, 0, 0, "x"), SALLY_E_PARSE);
    assert_int_equal(parse_box("aes256-ctr", "bcrypt", "salt", 1, 64, 1, "x"), SALLY_E_PARSE);
    /* A file may not keep us busy forever. */
    assert_int_equal(parse_box("aes256-ctr", "bcrypt", "salt", UINT32_MAX, 64, 0, "x"),
                     SALLY_E_LIMIT);
}

/* A changed number of an RSA or ECDSA key is found, wherever it stands. */
static void test_halves_must_match(void **state)
{
    (void)state;
    for (size_t i = 1; i < COUNT_OF(key_type_names); i++) {
        sally_key *key = generated_key(key_type_names[i]);
        struct buf text, binary;
        buf_init(&text, ROOM);
        buf_init(&binary, ROOM);
        assert_int_equal(openssh_key_build(key, "c", &text), 0);
        struct slice lines = buf_slice(&text);
        const char *begin = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
        const char *end = "-----END OPENSSH PRIVATE KEY-----\n";
        lines.data += strlen(begin);
        lines.size -= strlen(begin) + strlen(end);
        assert_true(base64_decode(lines, &binary));
        size_t first = 15 + 8 + 8 + 4 + 4 + 4 + key_blob(key).size + 4 + 8;
        unsigned accepted = 0, tried = 0;
        sally_key *same;
        assert_int_equal(sally_key_parse(&same, buf_head(&text), text.size, NULL), 0);
        sally_key_unref(same);
        for (size_t at = first; at < binary.size - 16; at += 37) {
            sally_key *again;
            struct buf forged;
            buf_head(&binary)[at] ^= 4;
            buf_init(&forged, ROOM);
            put_format(&forged, "%s", begin);
            base64_encode(buf_slice(&binary), true, &forged);
            put_format(&forged, "\n%s", end);
            sally_error error = sally_key_parse(&again, buf_head(&forged), forged.size, NULL);
            accepted += error == 0;
            tried++;
            sally_key_unref(again);
            buf_clear(&forged);
            buf_head(&binary)[at] ^= 4;
        }
        assert_true(tried > 1);
        assert_int_equal(accepted, 0);
        buf_clear(&text);
        buf_clear(&binary);
        sally_key_unref(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_encrypted),
        cmocka_unit_test(test_halves_must_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
