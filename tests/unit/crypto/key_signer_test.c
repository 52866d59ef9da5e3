#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "crypto/hash.h"
#include "crypto/key_fixture.h"
#include "crypto/private_key.h"

static const struct slice message = {(const uint8_t *)"what is signed", 14};

/* Someone who has the private half. */
struct holder {
    sally_key *key;
    uint32_t format;
    sally_error error;
    unsigned asked, destroyed;
    size_t drop, add; /* bytes at the end of the signature */
    const char *says; /* another algorithm's name in the form of SSH */
    bool other;       /* signs something else */
    bool claims_too_much;
    struct crypto *crypto; /* to check the digest */
};

static void put_der(struct slice numbers, struct buf *out)
{
    struct cursor in = cursor_of_slice(numbers);
    ECDSA_SIG *sig = ECDSA_SIG_new();
    struct slice r = get_string(&in), s = get_string(&in);
    ECDSA_SIG_set0(sig, BN_bin2bn(r.data, (int)r.size, NULL), BN_bin2bn(s.data, (int)s.size, NULL));
    unsigned char *der = NULL;
    int size = i2d_ECDSA_SIG(sig, &der);
    put_bytes(out, der, (size_t)size);
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
}

static void put_fixed(struct slice numbers, size_t field, struct buf *out)
{
    struct cursor in = cursor_of_slice(numbers);
    for (int i = 0; i < 2; i++) {
        struct slice n = get_string(&in);
        if (n.size > field)
            n = (struct slice){n.data + 1, n.size - 1};
        for (size_t k = n.size; k < field; k++)
            put_u8(out, 0);
        put_bytes(out, n.data, n.size);
    }
}

static void put_form(const struct holder *h, struct slice blob, struct buf *out)
{
    struct cursor in = cursor_of_slice(blob);
    struct slice name = get_string(&in), raw = get_string(&in);
    const struct key_type *type = key_type_find(slice_of(sally_key_type(h->key)));
    if (h->format == SALLY_SIGNATURE_SSH) {
        put_slice(out, h->says ? slice_of(h->says) : name);
        put_slice(out, raw);
    } else if (type->kind != KEY_ECDSA) {
        put_bytes(out, raw.data, raw.size);
    } else if (h->format == SALLY_SIGNATURE_DER) {
        put_der(raw, out);
    } else {
        put_fixed(raw, type->field_size, out);
    }
}

static void check_digest(const struct holder *h, const sally_sign_request *r)
{
    static const struct {
        const char *name;
        enum hash_id id;
    } hashes[] = {{"SHA1", HASH_SHA1},
                  {"SHA256", HASH_SHA256},
                  {"SHA384", HASH_SHA384},
                  {"SHA512", HASH_SHA512}};
    uint8_t digest[HASH_MAX_SIZE];
    if (!r->digest_name) {
        assert_string_equal(r->algorithm, "ssh-ed25519");
        assert_null(r->digest);
        return;
    }
    size_t i = 0;
    while (strcmp(hashes[i].name, r->digest_name) != 0)
        i++;
    assert_true(hash_once(h->crypto, hashes[i].id, r->data, r->data_size, digest));
    assert_int_equal(r->digest_size, hash_size(hashes[i].id));
    assert_memory_equal(r->digest, digest, r->digest_size);
}

static sally_error hold_and_sign(void *user_data, sally_sign_request *r)
{
    struct holder *h = user_data;
    struct buf blob, out;
    h->asked++;
    if (h->error)
        return h->error;
    assert_int_equal(r->struct_size, sizeof *r);
    assert_int_equal(r->signature_size, 0);
    struct slice data = {r->data, r->data_size};
    if (h->other)
        data = slice_of("something else");
    check_digest(h, r);
    buf_init(&blob, 4096);
    buf_init(&out, 4096);
    sally_error error = key_sign(h->key, r->algorithm, data, &blob);
    if (!error) {
        put_form(h, buf_slice(&blob), &out);
        error = out.failed ? SALLY_E_NO_MEMORY : SALLY_E_OK;
    }
    if (!error) {
        buf_truncate(&out, out.size - h->drop);
        for (size_t i = 0; i < h->add; i++)
            put_u8(&out, 0);
        assert_true(out.size <= r->signature_room);
        memcpy(r->signature, buf_head(&out), out.size);
        r->signature_size = h->claims_too_much ? r->signature_room + 1 : out.size;
    }
    buf_clear(&blob);
    buf_clear(&out);
    return error;
}

static void count_destroyed(void *user_data)
{
    ((struct holder *)user_data)->destroyed++;
}

static sally_signer signer_of(struct holder *h)
{
    return (sally_signer){.struct_size = sizeof(sally_signer),
                          .public_line = sally_key_public_line(h->key),
                          .format = h->format,
                          .sign = hold_and_sign,
                          .destroy = count_destroyed,
                          .user_data = h};
}

static sally_key *key_of(struct holder *h)
{
    sally_key *key;
    const sally_signer signer = signer_of(h);
    assert_int_equal(sally_key_from_signer(&key, &signer), 0);
    return key;
}

static sally_error sign(const sally_key *key, const char *algorithm, struct buf *out)
{
    buf_init(out, 4096);
    return key_sign(key, algorithm, message, out);
}

static void signs_with(struct crypto *c, const sally_key *key)
{
    struct public_key *public;
    const struct signature_algorithm *a;
    assert_int_equal(public_key_parse(&public, c, key_blob(key)), 0);
    for (size_t k = 0; (a = signature_algorithm_at(k)); k++) {
        struct buf out;
        bool fits = strcmp(a->key_type, sally_key_type(key)) == 0;
        assert_int_equal(sign(key, a->name, &out), fits ? SALLY_E_OK : SALLY_E_INVALID);
        assert_int_equal(public_key_verify(public, a->name, buf_slice(&out), message), fits);
        buf_clear(&out);
    }
    public_key_free(public);
}

static void every_type_signs_in_every_form(void **state)
{
    for (size_t i = 0; i < COUNT_OF(key_type_names); i++) {
        struct holder h = {.key = bound_key(*state, key_type_names[i]), .crypto = *state};
        for (h.format = SALLY_SIGNATURE_DER; h.format <= SALLY_SIGNATURE_SSH; h.format++) {
            sally_key *key = key_of(&h), *bound;
            assert_string_equal(sally_key_type(key), sally_key_type(h.key));
            assert_string_equal(sally_key_fingerprint(key), sally_key_fingerprint(h.key));
            assert_string_equal(sally_key_public_line(key), sally_key_public_line(h.key));
            assert_true(key_may_block(key) && !key_may_block(h.key));
            assert_int_equal(h.asked, 0); /* the device may not be there yet */
            signs_with(*state, key);
            assert_int_equal(key_bind(&bound, key, *state), 0);
            sally_key_unref(key);
            assert_int_equal(h.destroyed, 0);
            signs_with(*state, bound);
            sally_key_unref(bound);
            assert_int_equal(h.destroyed, 1);
            h.asked = h.destroyed = 0;
        }
        sally_key_unref(h.key);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

/* One that the holder spoils must not get out. */
static void expect_wrong(struct holder *h, const char *algorithm)
{
    struct buf out;
    sally_key *key = key_of(h);
    assert_int_equal(sign(key, algorithm, &out), SALLY_E_KEY);
    assert_int_equal(out.size, 0);
    buf_clear(&out);
    sally_key_unref(key);
}

static void wrong_signatures_are_found(void **state)
{
    for (size_t i = 0; i < COUNT_OF(key_type_names); i++) {
        sally_key *key = bound_key(*state, key_type_names[i]);
        const char *algorithm = algorithm_of(key);
        for (uint32_t format = SALLY_SIGNATURE_DER; format <= SALLY_SIGNATURE_SSH; format++) {
            const struct holder good = {.key = key, .crypto = *state, .format = format};
            struct holder h = good;
            h.other = true;
            expect_wrong(&h, algorithm);
            h = good;
            h.add = 1;
            expect_wrong(&h, algorithm);
            h = good;
            h.claims_too_much = true;
            expect_wrong(&h, algorithm);
            for (h = good, h.drop = 1; h.drop <= 64; h.drop++)
                expect_wrong(&h, algorithm);
        }
        struct holder h = {.key = key, .crypto = *state, .format = SALLY_SIGNATURE_SSH};
        h.says = i ? "ssh-ed25519" : "ssh-rsa";
        expect_wrong(&h, algorithm);
        sally_key_unref(key);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void the_signers_error_is_passed_on(void **state)
{
    struct holder h = {.key = bound_key(*state, "ed25519"), .error = SALLY_E_TIMEOUT};
    struct buf out;
    sally_key *key = key_of(&h);
    assert_int_equal(sign(key, "ssh-ed25519", &out), SALLY_E_TIMEOUT);
    assert_int_equal(out.size, 0);
    buf_clear(&out);
    sally_key_unref(key);
    sally_key_unref(h.key);
}

static void public_halves(void **state)
{
    struct holder h = {.key = bound_key(*state, "ecdsa-nistp256"), .crypto = *state};
    sally_signer s = signer_of(&h);
    sally_key *key;
    char line[256];
    snprintf(line, sizeof line, "%s root@example.org\n", s.public_line);
    s.public_line = line;
    assert_int_equal(sally_key_from_signer(&key, &s), 0);
    assert_string_equal(sally_key_public_line(key), sally_key_public_line(h.key));
    sally_key_unref(key);

    s.public_line = NULL;
    s.public_blob = sally_key_public_blob(h.key, &s.public_blob_size);
    assert_int_equal(sally_key_from_signer(&key, &s), 0);
    assert_string_equal(sally_key_fingerprint(key), sally_key_fingerprint(h.key));
    sally_key_unref(key);
    h.destroyed = 0;

    for (size_t size = 0; size < s.public_blob_size; size++) {
        sally_signer cut = s;
        cut.public_blob_size = size;
        assert_int_not_equal(sally_key_from_signer(&key, &cut), 0);
        assert_null(key);
    }
    sally_signer large = s;
    large.public_blob_size = KEY_BLOB_MAX + 1;
    assert_int_equal(sally_key_from_signer(&key, &large), SALLY_E_PARSE);

    static const struct {
        const char *line;
        sally_error error;
    } bad[] = {
        {"", SALLY_E_PARSE},
        {"ssh-ed25519", SALLY_E_PARSE},
        {"ssh-ed25519 ", SALLY_E_PARSE},
        {"ssh-ed25519 ???", SALLY_E_PARSE},
        {"ssh-dss AAAAB3NzaC1kc3M=", SALLY_E_UNSUPPORTED},
        {"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIPAVN/ppvKhgBOZaTOlyc+JzMTzhoPrHoBoVOJu5B9Hu",
         SALLY_E_PARSE},
        {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAHw==", SALLY_E_KEY},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        sally_signer wrong = signer_of(&h);
        wrong.public_line = bad[i].line;
        assert_int_equal(sally_key_from_signer(&key, &wrong), bad[i].error);
    }
    assert_int_equal(h.destroyed, 0);
    sally_key_unref(h.key);
}

static void incomplete_signers(void **state)
{
    struct holder h = {.key = bound_key(*state, "ed25519")};
    sally_signer s[6];
    sally_key *key;
    for (size_t i = 0; i < COUNT_OF(s); i++)
        s[i] = signer_of(&h);
    s[0].sign = NULL;
    s[1].format = SALLY_SIGNATURE_SSH + 1;
    s[2].reserved = 1;
    s[3].public_line = NULL;
    s[4].public_blob = "x";
    s[5].struct_size = offsetof(sally_signer, user_data);
    for (size_t i = 0; i < COUNT_OF(s); i++) {
        assert_int_equal(sally_key_from_signer(&key, &s[i]), SALLY_E_INVALID);
        assert_null(key);
    }
    assert_int_equal(sally_key_from_signer(&key, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_key_from_signer(NULL, &s[0]), SALLY_E_INVALID);
    sally_key_unref(h.key);
}

static void it_cannot_be_saved(void **state)
{
    struct holder h = {.key = bound_key(*state, "ed25519")};
    sally_key *key = key_of(&h);
    assert_int_equal(sally_key_save(key, "/nonexistent/key", NULL), SALLY_E_UNSUPPORTED);
    sally_key_unref(key);
    sally_key_unref(h.key);
}

static void every_allocation_may_fail(void **state)
{
    struct holder h = {.key = bound_key(*state, "ecdsa-nistp384"), .crypto = *state};
    bool struck = true;
    for (unsigned n = 1; struck; n++) {
        const sally_signer signer = signer_of(&h);
        sally_key *key, *bound = NULL;
        struct buf out;
        buf_init(&out, 4096);
        h.destroyed = 0;
        alloc_fail_at(n);
        sally_error error = sally_key_from_signer(&key, &signer);
        bool made = !error;
        if (made)
            error = key_bind(&bound, key, *state);
        if (!error)
            error = key_sign(bound, "ecdsa-sha2-nistp384", message, &out);
        struck = alloc_failed();
        assert_int_equal(error != 0, struck);
        assert_int_equal(out.size != 0, !struck);
        buf_clear(&out);
        sally_key_unref(bound);
        sally_key_unref(key);
        assert_int_equal(h.destroyed, made);
    }
    sally_key_unref(h.key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_signs_in_every_form),
        cmocka_unit_test(wrong_signatures_are_found),
        cmocka_unit_test(the_signers_error_is_passed_on),
        cmocka_unit_test(public_halves),
        cmocka_unit_test(incomplete_signers),
        cmocka_unit_test(it_cannot_be_saved),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
