#include "sallyport/certificate.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "crypto/key_fixture.h"
#include "crypto/private_key.h"

#define BEGIN 1000000000 /* 2001-09-09 */
#define DAY   86400

static void add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

/* `issuer` NULL: it signs itself. */
static X509 *make(const char *name, const sally_key *key, X509 *issuer, const sally_key *signer,
                  const char *names)
{
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), 0x4f3a0123456789);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "O", MBSTRING_UTF8,
                               (const unsigned char *)"B\xc3\xbcro, Inc", -1, -1, 0);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
    ASN1_TIME_set(X509_getm_notBefore(x), BEGIN);
    ASN1_TIME_set(X509_getm_notAfter(x), BEGIN + DAY);
    X509_set_pubkey(x, key->pkey);
    add_extension(x, issuer ? issuer : x, NID_basic_constraints, names ? "CA:FALSE" : "CA:TRUE");
    if (names)
        add_extension(x, issuer, NID_subject_alt_name, names);
    const EVP_MD *digest = EVP_PKEY_is_a(signer->pkey, "ED25519") ? NULL : EVP_sha256();
    assert_int_not_equal(X509_sign(x, signer->pkey, digest), 0);
    return x;
}

static void put_pem(struct buf *out, X509 *x)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    assert_int_equal(PEM_write_bio_X509(bio, x), 1);
    long size = BIO_get_mem_data(bio, &data);
    put_bytes(out, data, (size_t)size);
    BIO_free(bio);
}

/* An authority, one below it, and a server's. */
struct scene {
    sally_key *root_key, *middle_key, *key, *other_key;
    X509 *root, *middle, *own;
    struct buf text;
};

static struct scene begin(struct crypto *c, const char *type)
{
    struct scene s = {.root_key = bound_key(c, "ed25519"),
                      .middle_key = bound_key(c, "ecdsa-nistp256"),
                      .key = bound_key(c, type),
                      .other_key = bound_key(c, type)};
    s.root = make("Root", s.root_key, NULL, s.root_key, NULL);
    s.middle = make("Middle", s.middle_key, s.root, s.root_key, NULL);
    s.own = make("ftp.example.org", s.key, s.middle, s.middle_key,
                 "DNS:ftp.example.org,DNS:*.example.net,email:a@b.c,IP:192.0.2.7,IP:2001:db8::1");
    buf_init(&s.text, 1u << 21);
    return s;
}

static void end(struct scene *s)
{
    buf_clear(&s->text);
    X509_free(s->root);
    X509_free(s->middle);
    X509_free(s->own);
    sally_key_unref(s->root_key);
    sally_key_unref(s->middle_key);
    sally_key_unref(s->key);
    sally_key_unref(s->other_key);
}

static void put_chain(struct scene *s)
{
    put_bytes(&s->text, "A text\n", 7);
    put_pem(&s->text, s->own);
    put_bytes(&s->text, "Another text\n", 13);
    put_pem(&s->text, s->middle);
    put_pem(&s->text, s->root);
}

static sally_error parse(const struct scene *s, sally_key *key, sally_certificate **out)
{
    return sally_certificate_parse(out, buf_head(&s->text), s->text.size, key);
}

static void expect(const struct scene *s, sally_key *key, sally_error error)
{
    sally_certificate *certificate;
    assert_int_equal(parse(s, key, &certificate), error);
    assert_int_equal(certificate != NULL, error == SALLY_E_OK);
    sally_certificate_unref(certificate);
}

static void all_that_it_says(void **state)
{
    for (size_t i = 0; i < COUNT_OF(key_type_names); i++) {
        struct scene s = begin(*state, key_type_names[i]);
        sally_certificate *c;
        put_chain(&s);
        assert_int_equal(parse(&s, s.key, &c), SALLY_E_OK);
        assert_ptr_equal(sally_certificate_ref(c), c);
        sally_certificate_unref(c);
        assert_ptr_equal(sally_certificate_key(c), s.key);
        assert_string_equal(sally_certificate_subject(c),
                            "CN=ftp.example.org,O=B\xc3\xbcro\\, Inc");
        assert_string_equal(sally_certificate_issuer(c), "CN=Middle,O=B\xc3\xbcro\\, Inc");
        assert_string_equal(sally_certificate_serial(c), "4f3a0123456789");
        assert_int_equal(sally_certificate_not_before(c), BEGIN);
        assert_int_equal(sally_certificate_not_after(c), BEGIN + DAY);
        static const char *const names[] = {"ftp.example.org", "*.example.net", "192.0.2.7",
                                            "2001:db8::1"};
        for (size_t k = 0; k < COUNT_OF(names); k++)
            assert_string_equal(sally_certificate_name(c, k), names[k]);
        assert_null(sally_certificate_name(c, COUNT_OF(names)));
        X509 *const chain[] = {s.own, s.middle, s.root};
        for (size_t k = 0; k < COUNT_OF(chain); k++) {
            unsigned char *der = NULL;
            size_t size;
            int right = i2d_X509(chain[k], &der);
            const void *is = sally_certificate_der(c, k, &size);
            assert_int_equal(size, right);
            assert_memory_equal(is, der, size);
            OPENSSL_free(der);
        }
        size_t size;
        assert_null(sally_certificate_der(c, COUNT_OF(chain), &size));
        unsigned char digest[32];
        char right[3 * sizeof digest + 1];
        X509_digest(s.own, EVP_sha256(), digest, NULL);
        for (size_t k = 0; k < sizeof digest; k++)
            snprintf(right + 3 * k, 4, "%02X:", digest[k]);
        right[3 * sizeof digest - 1] = '\0';
        assert_string_equal(sally_certificate_fingerprint(c), right);
        sally_certificate_unref(c);
        end(&s);
    }
}

static void what_does_not_belong_together(void **state)
{
    struct scene s = begin(*state, "ecdsa-nistp256");
    expect(&s, s.key, SALLY_E_PARSE); /* no certificate */
    put_chain(&s);
    expect(&s, s.other_key, SALLY_E_KEY);
    expect(&s, s.root_key, SALLY_E_KEY);
    expect(&s, NULL, SALLY_E_PARSE); /* no key in it */
    buf_reset(&s.text);
    put_pem(&s.text, s.own);
    expect(&s, s.key, SALLY_E_OK);
    put_pem(&s.text, s.root); /* one is missing between them */
    expect(&s, s.key, SALLY_E_INVALID);
    buf_reset(&s.text);
    put_pem(&s.text, s.middle); /* upside down */
    put_pem(&s.text, s.own);
    expect(&s, s.middle_key, SALLY_E_INVALID);
    /* Of the right name, but another one. */
    X509 *false_middle = make("Middle", s.other_key, s.root, s.root_key, NULL);
    buf_reset(&s.text);
    put_pem(&s.text, s.own);
    put_pem(&s.text, false_middle);
    expect(&s, s.key, SALLY_E_INVALID);
    X509_free(false_middle);
    end(&s);
}

static sally_error never(void *user_data, sally_sign_request *request)
{
    (void)user_data;
    (void)request;
    return SALLY_E_CLOSED;
}

static void keys_that_cannot_be_used(void **state)
{
    struct scene s = begin(*state, "ed25519");
    const sally_signer signer = {
        .struct_size = sizeof signer, .public_line = sally_key_public_line(s.key), .sign = never};
    sally_key *elsewhere;
    assert_int_equal(sally_key_from_signer(&elsewhere, &signer), SALLY_E_OK);
    put_chain(&s);
    expect(&s, elsewhere, SALLY_E_UNSUPPORTED);
    sally_key_unref(elsewhere);
    end(&s);
}

static void limits(void **state)
{
    struct scene s = begin(*state, "ed25519");
    put_pem(&s.text, s.root);
    for (int i = 1; i < 16; i++)
        put_pem(&s.text, s.root);
    expect(&s, s.root_key, SALLY_E_OK);
    put_pem(&s.text, s.root);
    expect(&s, s.root_key, SALLY_E_LIMIT);
    sally_certificate *c;
    assert_int_equal(sally_certificate_parse(&c, "", (1u << 20) + 1, s.key), SALLY_E_LIMIT);
    end(&s);
}

static void any_part_may_be_missing(void **state)
{
    struct scene s = begin(*state, "ed25519");
    put_pem(&s.text, s.own);
    struct buf whole = s.text;
    for (size_t size = 0; size < whole.size; size += size + 70 < whole.size ? 7 : 1) {
        s.text.size = size;
        sally_certificate *c;
        sally_error error = parse(&s, s.key, &c);
        assert_int_equal(error, size + 1 < whole.size ? SALLY_E_PARSE : SALLY_E_OK);
        sally_certificate_unref(c);
    }
    s.text = whole;
    assert_int_equal(ERR_peek_error(), 0);
    end(&s);
}

static void files(void **state)
{
    struct scene s = begin(*state, "rsa");
    char *directory = make_directory(), path[600];
    sally_certificate *c;
    put_chain(&s);
    write_whole(directory, "chain.pem", buf_head(&s.text), s.text.size);
    snprintf(path, sizeof path, "%s/chain.pem", directory);
    assert_int_equal(chmod(path, 0644), 0); /* it is public */
    assert_int_equal(sally_certificate_load(&c, path, s.key), SALLY_E_OK);
    sally_certificate_unref(c);

    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, s.key->pkey, NULL, NULL, 0, NULL, NULL), 1);
    long size = BIO_get_mem_data(bio, &data);
    put_bytes(&s.text, data, (size_t)size);
    BIO_free(bio);
    write_whole(directory, "both.pem", buf_head(&s.text), s.text.size);
    snprintf(path, sizeof path, "%s/both.pem", directory);
    assert_int_equal(sally_certificate_load(&c, path, NULL), SALLY_E_OK);
    assert_string_equal(sally_key_fingerprint(sally_certificate_key(c)),
                        sally_key_fingerprint(s.key));
    sally_certificate_unref(c);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(sally_certificate_load(&c, path, NULL), SALLY_E_INSECURE);
    assert_null(c);

    snprintf(path, sizeof path, "%s/none.pem", directory);
    assert_int_equal(sally_certificate_load(&c, path, s.key), SALLY_E_SYSTEM);
    assert_int_equal(errno, ENOENT);
    remove_directory(directory);
    end(&s);
}

static void short_memory(void **state)
{
    struct scene s = begin(*state, "ecdsa-nistp256");
    put_chain(&s);
    bool struck = true;
    for (unsigned n = 1; struck; n++) {
        sally_certificate *c;
        alloc_fail_at(n);
        sally_error error = parse(&s, s.key, &c);
        struck = alloc_failed();
        assert_int_equal(error != SALLY_E_OK, struck);
        sally_certificate_unref(c);
    }
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_it_says),
        cmocka_unit_test(what_does_not_belong_together),
        cmocka_unit_test(keys_that_cannot_be_used),
        cmocka_unit_test(limits),
        cmocka_unit_test(any_part_may_be_missing),
        cmocka_unit_test(files),
        cmocka_unit_test(short_memory),
    };
    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
