#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/key_fixture.h"
#include "crypto/private_key.h"

#define ROOM (256u * 1024)

/* Tools are what the formats are defined by; a machine without them cannot tell. */
static bool have(const char *program)
{
    const char *const arguments[] = {"sh", "-c", "command -v \"$0\" >/dev/null", program, NULL};
    return run_program(arguments, NULL);
}

static void shell(const char *directory, const char *script, struct buf *out)
{
    const char *const arguments[] = {"sh", "-ec", script, directory, NULL};
    assert_true(run_program(arguments, out));
}

static sally_error parse(const struct buf *text, const char *passphrase, sally_key **key)
{
    uint8_t *exact =
        mem_dup(buf_head(text), text->size); /* the sanitizer sees every byte too far */
    sally_error error = sally_key_parse(key, exact, text->size, passphrase);
    mem_free(exact);
    assert_int_equal(error == 0, *key != NULL);
    return error;
}

static void check_signing(const sally_key *key)
{
    struct crypto *c;
    struct public_key *public;
    struct buf signature;
    buf_init(&signature, 4096);
    assert_int_equal(crypto_new(&c), 0);
    assert_int_equal(public_key_parse(&public, c, key_blob(key)), 0);
    assert_int_equal(key_sign(key, algorithm_of(key), slice_of("data"), &signature), 0);
    assert_true(
        public_key_verify(public, algorithm_of(key), buf_slice(&signature), slice_of("data")));
    buf_clear(&signature);
    public_key_free(public);
    crypto_unref(c);
}

/* Each library context takes keys of the process's threads, of which there are 1,024. */
static void thousands_of_keys_may_be_loaded(void **state)
{
    (void)state;
    static sally_key *keys[2000];
    struct crypto *c;
    sally_key *first = generated_key("ed25519"), *bound[50];
    struct buf text;
    buf_init(&text, ROOM);
    assert_int_equal(openssh_key_build(first, "", &text), SALLY_E_OK);
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        assert_int_equal(parse(&text, NULL, &keys[i]), SALLY_E_OK);
    assert_int_equal(crypto_new(&c), SALLY_E_OK);
    for (size_t i = 0; i < COUNT_OF(bound); i++)
        assert_int_equal(key_bind(&bound[i], keys[i], c), SALLY_E_OK);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        assert_string_equal(sally_key_fingerprint(keys[i]), sally_key_fingerprint(first));
        if (i % 100 == 0)
            check_signing(keys[i]);
        sally_key_unref(keys[i]);
    }
    for (size_t i = 0; i < COUNT_OF(bound); i++) {
        check_signing(bound[i]);
        sally_key_unref(bound[i]);
    }
    crypto_unref(c);
    buf_clear(&text);
    sally_key_unref(first);
}

static void a_bound_key_is_the_same_key(void **state)
{
    (void)state;
    struct crypto *c, *other;
    assert_int_equal(crypto_new(&c), SALLY_E_OK);
    assert_int_equal(crypto_new(&other), SALLY_E_OK);
    for (size_t i = 0; i < COUNT_OF(key_type_names); i++) {
        sally_key *key = generated_key(key_type_names[i]), *bound, *again, *elsewhere;
        struct buf texts[2];
        assert_int_equal(key_bind(&bound, key, c), SALLY_E_OK);
        assert_ptr_not_equal(bound, key);
        assert_int_equal(key_bind(&again, bound, c), SALLY_E_OK);
        assert_ptr_equal(again, bound);
        assert_int_equal(key_bind(&elsewhere, bound, other), SALLY_E_OK);
        assert_ptr_not_equal(elsewhere, bound);
        buf_init(&texts[0], ROOM);
        buf_init(&texts[1], ROOM);
        assert_int_equal(openssh_key_build(key, "me", &texts[0]), SALLY_E_OK);
        sally_key_unref(key);
        assert_int_equal(openssh_key_build(elsewhere, "me", &texts[1]), SALLY_E_OK);
        assert_true(slice_equal(buf_slice(&texts[0]), buf_slice(&texts[1])));
        assert_string_equal(sally_key_public_line(bound), sally_key_public_line(elsewhere));
        check_signing(bound);
        sally_key_unref(bound);
        sally_key_unref(again);
        check_signing(elsewhere);
        sally_key_unref(elsewhere);
        buf_clear(&texts[0]);
        buf_clear(&texts[1]);
    }
    crypto_unref(c);
    crypto_unref(other);
}

static void test_generate(void **state)
{
    (void)state;
    static const char *const wire[] = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
                                       "ecdsa-sha2-nistp521", "ssh-rsa"};
    for (size_t i = 0; i < COUNT_OF(key_type_names); i++) {
        sally_key *key = generated_key(key_type_names[i]);
        assert_non_null(key);
        assert_string_equal(sally_key_type(key), wire[i]);
        assert_int_equal(strncmp(sally_key_public_line(key), wire[i], strlen(wire[i])), 0);
        assert_int_equal(strncmp(sally_key_fingerprint(key), "SHA256:", 7), 0);
        assert_int_equal(strlen(sally_key_fingerprint(key)), 7 + 43);
        assert_ptr_equal(sally_key_ref(key), key);
        sally_key_unref(key);
        check_signing(key);
        sally_key_unref(key);
    }
    sally_key_unref(NULL);
}

static void test_generate_refuses(void **state)
{
    (void)state;
    sally_key *key;
    assert_int_equal(sally_key_generate(&key, "dsa", 0), SALLY_E_UNSUPPORTED);
    assert_null(key);
    assert_int_equal(sally_key_generate(&key, "", 0), SALLY_E_UNSUPPORTED);
    assert_int_equal(sally_key_generate(&key, "rsa", 2047), SALLY_E_RANGE);
    assert_int_equal(sally_key_generate(&key, "rsa", 16385), SALLY_E_RANGE);
}

static const struct {
    const char *name, *arguments;
} keygen_types[] = {
    {"ed25519", "-t ed25519"},       {"ecdsa256", "-t ecdsa -b 256"},
    {"ecdsa384", "-t ecdsa -b 384"}, {"ecdsa521", "-t ecdsa -b 521"},
    {"rsa", "-t rsa -b 2048"},       {"rsa3072", "-t rsa -b 3072"},
};

/* OpenSSH's format, and its traditional PEM and PKCS#8, plain and encrypted: the same key in all of
 * them. */
static void test_files_of_ssh_keygen(void **state)
{
    (void)state;
    static const struct {
        const char *suffix, *convert, *passphrase;
    } forms[] = {
        {"", "", NULL},
        {".pem", "-m PEM -N ''", NULL},
        {".p8", "-m PKCS8 -N ''", NULL},
        {".enc", "-m PEM -N 'pass word'", "pass word"},
        {".p8enc", "-m PKCS8 -N 'pass word'", "pass word"},
        {".new", "-a 2 -N 'pass word'", "pass word"},
        {".cbc", "-a 1 -Z aes192-cbc -N 'pass word'", "pass word"},
        {".gcm", "-a 3 -Z aes256-gcm@openssh.com -N 'pass word'", "pass word"},
    };
    if (!have("ssh-keygen")) {
        print_message("skipped: there is no ssh-keygen here\n");
        skip();
    }
    char *directory = make_directory();
    for (size_t i = 0; i < COUNT_OF(keygen_types); i++) {
        char script[600];
        struct buf line, fingerprint;
        buf_init(&line, ROOM);
        buf_init(&fingerprint, ROOM);
        snprintf(script, sizeof script, "ssh-keygen -q -N '' -C 'a comment' -f \"$0\"/%s %s",
                 keygen_types[i].name, keygen_types[i].arguments);
        shell(directory, script, NULL);
        snprintf(script, sizeof script, "cut -d' ' -f1,2 \"$0\"/%s.pub | tr -d '\\n'",
                 keygen_types[i].name);
        shell(directory, script, &line);
        snprintf(script, sizeof script,
                 "ssh-keygen -lf \"$0\"/%s.pub | cut -d' ' -f2 | tr -d '\\n'",
                 keygen_types[i].name);
        shell(directory, script, &fingerprint);
        for (size_t k = 0; k < COUNT_OF(forms); k++) {
            struct buf text;
            sally_key *key;
            char name[64];
            if (k > 0 && k < 5 && i == 0)
                continue; /* ssh-keygen writes Ed25519 in its own format only */
            snprintf(name, sizeof name, "%s%s", keygen_types[i].name, forms[k].suffix);
            if (k > 0) {
                snprintf(script, sizeof script,
                         "cp \"$0\"/%s \"$0\"/%s; ssh-keygen -q -p -P '' %s -f \"$0\"/%s >&-",
                         keygen_types[i].name, name, forms[k].convert, name);
                shell(directory, script, NULL);
            }
            buf_init(&text, ROOM);
            read_whole(directory, name, &text);
            assert_int_equal(parse(&text, forms[k].passphrase, &key), 0);
            assert_true(slice_is(buf_slice(&line), sally_key_public_line(key)));
            assert_true(slice_is(buf_slice(&fingerprint), sally_key_fingerprint(key)));
            check_signing(key);
            sally_key_unref(key);
            if (forms[k].passphrase) {
                assert_int_equal(parse(&text, NULL, &key), SALLY_E_PASSPHRASE);
                assert_int_equal(parse(&text, "wrong", &key), SALLY_E_PASSPHRASE);
                assert_int_equal(parse(&text, "", &key), SALLY_E_PASSPHRASE);
            } else {
                assert_int_equal(parse(&text, "not needed", &key), 0);
                sally_key_unref(key);
            }
            buf_clear(&text);
        }
        buf_clear(&line);
        buf_clear(&fingerprint);
    }
    remove_directory(directory);
    assert_int_equal(ERR_peek_error(), 0);
}

/* Forms that only OpenSSL writes. */
static void test_files_of_openssl(void **state)
{
    (void)state;
    static const struct {
        const char *command, *type;
        sally_error plain; /* without a passphrase */
    } forms[] = {
        {"genpkey -algorithm ED25519", "ssh-ed25519", 0},
        {"genpkey -algorithm ED25519 -aes-256-cbc -pass pass:secret", "ssh-ed25519",
         SALLY_E_PASSPHRASE},
        {"genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384", "ecdsa-sha2-nistp384", 0},
        {"ecparam -genkey -name prime256v1", "ecdsa-sha2-nistp256", 0}, /* parameters come first */
        {"ecparam -genkey -name prime256v1 -conv_form compressed -noout", "ecdsa-sha2-nistp256", 0},
        {"genrsa -traditional 2048", "ssh-rsa", 0},
        {"genrsa -traditional -aes128 -passout pass:secret 2048", "ssh-rsa", SALLY_E_PASSPHRASE},
        {"genrsa -traditional -aes192 -passout pass:secret 2048", "ssh-rsa", SALLY_E_PASSPHRASE},
        {"genrsa -traditional -aes256 -passout pass:secret 2048", "ssh-rsa", SALLY_E_PASSPHRASE},
        {"genrsa -traditional -des3 -passout pass:secret 2048", "ssh-rsa", SALLY_E_PASSPHRASE},
        {"genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -aes-128-cbc -pass pass:secret",
         "ssh-rsa", SALLY_E_PASSPHRASE},
    };
    if (!have("openssl")) {
        print_message("skipped: there is no openssl here\n");
        skip();
    }
    char *directory = make_directory();
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        char script[300];
        struct buf text;
        sally_key *key;
        buf_init(&text, ROOM);
        snprintf(script, sizeof script, "openssl %s 2>&-", forms[i].command);
        shell(directory, script, &text);
        assert_int_equal(parse(&text, NULL, &key), forms[i].plain);
        sally_key_unref(key);
        assert_int_equal(parse(&text, "secret", &key), 0);
        assert_string_equal(sally_key_type(key), forms[i].type);
        check_signing(key);
        sally_key_unref(key);
        buf_clear(&text);
    }
    remove_directory(directory);
}

/* Keys that we read, and cannot use. */
static void test_unsupported_keys(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        sally_error error;
    } forms[] = {
        {"genpkey -algorithm ED448", SALLY_E_UNSUPPORTED},
        {"genpkey -algorithm X25519", SALLY_E_UNSUPPORTED},
        {"genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", SALLY_E_UNSUPPORTED},
        {"genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", SALLY_E_UNSUPPORTED},
        {"genrsa -traditional 1024", SALLY_E_KEY},
    };
    if (!have("openssl")) {
        print_message("skipped: there is no openssl here\n");
        skip();
    }
    char *directory = make_directory();
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        char script[300];
        struct buf text;
        sally_key *key;
        buf_init(&text, ROOM);
        snprintf(script, sizeof script, "openssl %s 2>&-", forms[i].command);
        shell(directory, script, &text);
        assert_int_equal(parse(&text, NULL, &key), forms[i].error);
        buf_clear(&text);
    }
    remove_directory(directory);
}

static void saved(const sally_key *key, const char *comment, struct buf *text)
{
    char *directory = make_directory(), path[600];
    snprintf(path, sizeof path, "%s/key", directory);
    assert_int_equal(sally_key_save(key, path, comment), 0);
    read_whole(directory, "key", text);
    remove_directory(directory);
}

static void test_blanks_and_line_ends(void **state)
{
    (void)state;
    sally_key *key = generated_key("ecdsa-nistp256"), *again;
    struct buf text, other;
    buf_init(&text, ROOM);
    buf_init(&other, ROOM);
    saved(key, "", &text);
    put_format(&other, "some words before\r\n\r\n");
    for (size_t i = 0; i < text.size; i++) {
        if (buf_head(&text)[i] == '\n')
            put_format(&other, " \t\r\n%s", i % 2 ? "\r\n" : "");
        else
            put_u8(&other, buf_head(&text)[i]);
    }
    put_format(&other, "\r\n \r\nand after");
    assert_int_equal(parse(&other, NULL, &again), 0);
    assert_string_equal(sally_key_fingerprint(key), sally_key_fingerprint(again));
    sally_key_unref(again);
    buf_truncate(&text, text.size - 1); /* no line end at the end */
    assert_int_equal(parse(&text, NULL, &again), 0);
    sally_key_unref(again);
    sally_key_unref(key);
    buf_clear(&text);
    buf_clear(&other);
}

static void test_truncated_text(void **state)
{
    (void)state;
    sally_key *key = generated_key("ed25519"), *again;
    struct buf text;
    buf_init(&text, ROOM);
    saved(key, "comment", &text);
    while (text.size > 1) {
        buf_truncate(&text, text.size > 12 ? text.size - 7 : text.size - 1);
        assert_int_equal(parse(&text, NULL, &again), SALLY_E_PARSE);
    }
    sally_key_unref(key);
    buf_clear(&text);
}

static void test_not_keys(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        sally_error error;
    } texts[] = {
        {"", SALLY_E_PARSE},
        {"\n\n\n", SALLY_E_PARSE},
        {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==\n", SALLY_E_PARSE},
        {"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", SALLY_E_PARSE},
        {"-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n", SALLY_E_PARSE},
        {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", SALLY_E_PARSE},
        {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", SALLY_E_PARSE},
        {"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", SALLY_E_PARSE},
        {"-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----\n", SALLY_E_PARSE},
        {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
         SALLY_E_PARSE},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
         SALLY_E_PARSE},
        {"-----BEGIN DSA PRIVATE KEY-----\nMAA=\n-----END DSA PRIVATE KEY-----\n",
         SALLY_E_UNSUPPORTED},
        {"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", SALLY_E_UNSUPPORTED},
        {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: RC4,00\n\nAAAA\n"
         "-----END RSA PRIVATE KEY-----\n",
         SALLY_E_UNSUPPORTED},
        {"-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-128-CBC\n\nAAAA\n"
         "-----END RSA PRIVATE KEY-----\n",
         SALLY_E_PARSE},
        {"-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-128-CBC,0g\n\nAAAA\n"
         "-----END RSA PRIVATE KEY-----\n",
         SALLY_E_PARSE},
        {"-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-128-CBC,"
         "000102030405060708090a0b0c0d0e0f00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
         SALLY_E_PARSE},
        {"-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-128-CBC,"
         "000102030405060708090a0b0c0d0e0f\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
         SALLY_E_PASSPHRASE},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        sally_key *key;
        assert_int_equal(sally_key_parse(&key, texts[i].text, strlen(texts[i].text), "x"),
                         texts[i].error);
        assert_null(key);
    }
    sally_key *key;
    uint8_t *large = mem_zalloc(100000);
    assert_int_equal(sally_key_parse(&key, large, 100000, NULL), SALLY_E_PARSE);
    assert_int_equal(sally_key_parse(&key, NULL, 0, NULL), SALLY_E_PARSE);
    mem_free(large);
    assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generate),
        cmocka_unit_test(thousands_of_keys_may_be_loaded),
        cmocka_unit_test(a_bound_key_is_the_same_key),
        cmocka_unit_test(test_generate_refuses),
        cmocka_unit_test(test_files_of_ssh_keygen),
        cmocka_unit_test(test_files_of_openssl),
        cmocka_unit_test(test_unsupported_keys),
        cmocka_unit_test(test_blanks_and_line_ends),
        cmocka_unit_test(test_truncated_text),
        cmocka_unit_test(test_not_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
