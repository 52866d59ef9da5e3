#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/asn1t.h>
#include <openssl/x509.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/key_cost.h"
#include "crypto/key_fixture.h"

#define MAX_ITERATIONS UINT64_C(10000000)

static void set_number(ASN1_INTEGER *to, uint64_t value)
{
    assert_int_equal(ASN1_INTEGER_set_uint64(to, value), 1);
}

/* AES-256-CBC behind this derivation, whose parameters are the sequence. */
static X509_ALGOR *pbes2(int derivation, void *parameters, const ASN1_ITEM *item)
{
    PBE2PARAM *p = PBE2PARAM_new();
    X509_ALGOR *all = X509_ALGOR_new();
    assert_non_null(p);
    assert_non_null(all);
    p->keyfunc->algorithm = OBJ_nid2obj(derivation);
    assert_non_null(ASN1_TYPE_pack_sequence(item, parameters, &p->keyfunc->parameter));
    p->encryption->algorithm = OBJ_nid2obj(NID_aes_256_cbc);
    all->algorithm = OBJ_nid2obj(NID_pbes2);
    assert_non_null(ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBE2PARAM), p, &all->parameter));
    PBE2PARAM_free(p);
    return all;
}

static X509_ALGOR *pbkdf2(uint64_t iterations)
{
    PBKDF2PARAM *p = PBKDF2PARAM_new();
    assert_non_null(p);
    ASN1_OCTET_STRING *salt = ASN1_OCTET_STRING_new();
    assert_int_equal(ASN1_OCTET_STRING_set(salt, (const unsigned char *)"saltsalt", 8), 1);
    p->salt->type = V_ASN1_OCTET_STRING;
    p->salt->value.octet_string = salt;
    set_number(p->iter, iterations);
    X509_ALGOR *all = pbes2(NID_id_pbkdf2, p, ASN1_ITEM_rptr(PBKDF2PARAM));
    PBKDF2PARAM_free(p);
    return all;
}

static X509_ALGOR *scrypt(uint64_t n, uint64_t r, uint64_t parallel)
{
    SCRYPT_PARAMS *p = SCRYPT_PARAMS_new();
    assert_non_null(p);
    set_number(p->costParameter, n);
    set_number(p->blockSize, r);
    set_number(p->parallelizationParameter, parallel);
    X509_ALGOR *all = pbes2(NID_id_scrypt, p, ASN1_ITEM_rptr(SCRYPT_PARAMS));
    SCRYPT_PARAMS_free(p);
    return all;
}

/* PBES1 of RFC 8018. */
static X509_ALGOR *pbes1(uint64_t iterations)
{
    PBEPARAM *p = PBEPARAM_new();
    X509_ALGOR *all = X509_ALGOR_new();
    assert_non_null(p);
    assert_non_null(all);
    set_number(p->iter, iterations);
    all->algorithm = OBJ_nid2obj(NID_pbe_WithSHA1And3_Key_TripleDES_CBC);
    assert_non_null(ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBEPARAM), p, &all->parameter));
    PBEPARAM_free(p);
    return all;
}

static sally_error cost(X509_ALGOR *encryption)
{
    static const struct key_cost_bounds bounds_here = {MAX_ITERATIONS, 16384 * 8 * 128};
    sally_error error = key_cost_check(encryption, &bounds_here);
    X509_ALGOR_free(encryption);
    return error;
}

static void bounds(void **state)
{
    (void)state;
    assert_int_equal(cost(pbkdf2(2048)), SALLY_E_OK);
    assert_int_equal(cost(pbkdf2(MAX_ITERATIONS)), SALLY_E_OK);
    assert_int_equal(cost(pbkdf2(MAX_ITERATIONS + 1)), SALLY_E_LIMIT);
    assert_int_equal(cost(pbkdf2(UINT64_MAX)), SALLY_E_LIMIT);
    assert_int_equal(cost(pbes1(2048)), SALLY_E_OK);
    assert_int_equal(cost(pbes1(MAX_ITERATIONS + 1)), SALLY_E_LIMIT);
    assert_int_equal(cost(scrypt(16384, 8, 1)), SALLY_E_OK); /* what openssl pkcs8 -scrypt makes */
    assert_int_equal(cost(scrypt(16384, 8, 128)), SALLY_E_OK);
    assert_int_equal(cost(scrypt(16384, 8, 129)), SALLY_E_LIMIT);
    assert_int_equal(cost(scrypt(2, 1, UINT64_MAX)), SALLY_E_LIMIT);
    assert_int_equal(cost(scrypt(2, UINT64_MAX, 1)), SALLY_E_LIMIT);
    assert_int_equal(cost(scrypt(UINT64_MAX, 1, 1)), SALLY_E_LIMIT);
    assert_int_equal(cost(scrypt(UINT64_C(1) << 32, UINT64_C(1) << 32, 1)), SALLY_E_LIMIT);
    assert_int_equal(cost(scrypt(0, 8, 1)), SALLY_E_PARSE);
    assert_int_equal(cost(scrypt(16384, 0, 1)), SALLY_E_PARSE);
}

static void what_cannot_be_told(void **state)
{
    (void)state;
    X509_ALGOR *none = X509_ALGOR_new();
    assert_int_equal(cost(none), SALLY_E_PARSE);
    SCRYPT_PARAMS *p = SCRYPT_PARAMS_new();
    X509_ALGOR *unknown = pbes2(NID_sha256, p, ASN1_ITEM_rptr(SCRYPT_PARAMS));
    SCRYPT_PARAMS_free(p);
    assert_int_equal(cost(unknown), SALLY_E_UNSUPPORTED);
    X509_ALGOR *text = X509_ALGOR_new();
    text->algorithm = OBJ_nid2obj(NID_pbes2);
    text->parameter = ASN1_TYPE_new();
    assert_int_equal(ASN1_TYPE_set1(text->parameter, V_ASN1_NULL, NULL), 1);
    assert_int_equal(cost(text), SALLY_E_PARSE);
}

/* An encrypted key with this encryption, which nothing is behind. */
static sally_error parse_key(X509_ALGOR *encryption, const char *passphrase)
{
    X509_SIG *box = X509_SIG_new();
    X509_ALGOR *to;
    ASN1_OCTET_STRING *data;
    unsigned char *der = NULL;
    sally_key *key;
    assert_non_null(box);
    X509_SIG_getm(box, &to, &data);
    assert_int_equal(X509_ALGOR_copy(to, encryption), 1);
    assert_int_equal(ASN1_OCTET_STRING_set(data, (const unsigned char *)"0123456789abcdef", 16), 1);
    int size = i2d_X509_SIG(box, &der);
    assert_true(size > 0);
    struct buf text;
    buf_init(&text, 4096);
    put_format(&text, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
    base64_encode((struct slice){der, (size_t)size}, true, &text);
    put_format(&text, "\n-----END ENCRYPTED PRIVATE KEY-----\n");
    sally_error error = sally_key_parse(&key, buf_head(&text), text.size, passphrase);
    assert_null(key);
    buf_clear(&text);
    OPENSSL_free(der);
    X509_SIG_free(box);
    X509_ALGOR_free(encryption);
    return error;
}

/* Nothing is computed before: these come back at once. */
static void keys(void **state)
{
    (void)state;
    assert_int_equal(parse_key(pbkdf2(UINT32_MAX / 2), "secret"), SALLY_E_LIMIT);
    assert_int_equal(parse_key(pbkdf2(UINT32_MAX / 2), NULL), SALLY_E_LIMIT);
    assert_int_equal(parse_key(scrypt(2, 1, 1u << 29), "secret"), SALLY_E_LIMIT);
    assert_int_equal(parse_key(pbkdf2(1), "secret"), SALLY_E_PASSPHRASE);
    assert_int_equal(parse_key(pbkdf2(1), NULL), SALLY_E_PASSPHRASE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds), cmocka_unit_test(what_cannot_be_told), cmocka_unit_test(keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
