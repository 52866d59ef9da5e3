#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "base/mem.h"
#include "crypto/key_fixture.h"
#include "crypto/private_key.h"

/* Someone who is asked, and what comes to mind. */
struct person {
    const char *answers[4]; /* NULL: none */
    uint32_t asked;
};

static bool ask(void *user_data, char *passphrase, size_t room, uint32_t attempt)
{
    struct person *p = user_data;
    assert_int_equal(attempt, p->asked);
    assert_string_equal(passphrase, "");
    assert_true(room >= 1024);
    const char *answer = p->answers[p->asked++];
    if (answer)
        snprintf(passphrase, room, "%s", answer);
    return answer != NULL;
}

static void put_encrypted(const sally_key *key, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, EVP_aes_128_cbc(), "right", 5, NULL, NULL),
        1);
    long size = BIO_get_mem_data(bio, &data);
    put_bytes(out, data, (size_t)size);
    BIO_free(bio);
}

struct scene {
    sally_key *key;
    struct buf text;
    char *directory, path[600];
};

static struct scene begin(struct crypto *c)
{
    struct scene s = {.key = bound_key(c, "ed25519"), .directory = make_directory()};
    buf_init(&s.text, 65536);
    put_encrypted(s.key, &s.text);
    write_whole(s.directory, "key", buf_head(&s.text), s.text.size);
    snprintf(s.path, sizeof s.path, "%s/key", s.directory);
    return s;
}

static void end(struct scene *s)
{
    remove_directory(s->directory);
    buf_clear(&s->text);
    sally_key_unref(s->key);
}

static void expect(const struct scene *s, struct person *p, const char *known, sally_error error,
                   uint32_t asked)
{
    for (int from_file = 0; from_file < 2; from_file++) {
        sally_key_source source = {.struct_size = sizeof source,
                                   .passphrase = known,
                                   .ask_passphrase = p ? ask : NULL,
                                   .user_data = p};
        if (from_file) {
            source.path = s->path;
        } else {
            source.data = buf_head(&s->text);
            source.size = s->text.size;
        }
        if (p)
            p->asked = 0;
        sally_key *key;
        assert_int_equal(sally_key_load_from(&key, &source), error);
        assert_int_equal(key != NULL, error == SALLY_E_OK);
        if (key)
            assert_string_equal(sally_key_fingerprint(key), sally_key_fingerprint(s->key));
        sally_key_unref(key);
        assert_int_equal(p ? p->asked : 0, asked);
    }
}

static void passphrases_are_asked_for(void **state)
{
    struct scene s = begin(*state);
    struct person knows = {.answers = {"right"}}, third = {.answers = {"a", "", "right"}},
                  never = {.answers = {"a", "b", "c", "right"}}, gives_up = {.answers = {"a"}};
    expect(&s, &knows, NULL, SALLY_E_OK, 1);
    expect(&s, &third, NULL, SALLY_E_OK, 3);
    expect(&s, &never, NULL, SALLY_E_PASSPHRASE, 3);
    expect(&s, &gives_up, NULL, SALLY_E_PASSPHRASE, 2);
    expect(&s, &knows, "right", SALLY_E_OK, 0);
    expect(&s, &knows, "wrong", SALLY_E_OK, 1);
    expect(&s, NULL, "right", SALLY_E_OK, 0);
    expect(&s, NULL, NULL, SALLY_E_PASSPHRASE, 0);
    end(&s);
}

static void only_if_there_is_one(void **state)
{
    struct scene s = begin(*state);
    struct person knows = {.answers = {"right"}};
    struct buf plain;
    buf_init(&plain, 65536);
    assert_int_equal(openssh_key_build(s.key, "", &plain), SALLY_E_OK);
    sally_key_source source = {.struct_size = sizeof source,
                               .data = buf_head(&plain),
                               .size = plain.size,
                               .ask_passphrase = ask,
                               .user_data = &knows};
    sally_key *key;
    assert_int_equal(sally_key_load_from(&key, &source), SALLY_E_OK);
    sally_key_unref(key);
    source.size = 10;
    assert_int_equal(sally_key_load_from(&key, &source), SALLY_E_PARSE);
    assert_int_equal(knows.asked, 0);
    buf_clear(&plain);
    end(&s);
}

static void sources_that_are_none(void **state)
{
    (void)state;
    sally_key *key;
    sally_key_source neither = {.struct_size = sizeof neither}, both = neither, old = neither,
                     missing = neither;
    both.path = "/nonexistent";
    both.data = "";
    old.path = "/nonexistent";
    old.struct_size = offsetof(sally_key_source, user_data);
    missing.path = "/nonexistent";
    assert_int_equal(sally_key_load_from(&key, &neither), SALLY_E_INVALID);
    assert_int_equal(sally_key_load_from(&key, &both), SALLY_E_INVALID);
    assert_int_equal(sally_key_load_from(&key, &old), SALLY_E_INVALID);
    assert_int_equal(sally_key_load_from(&key, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_key_load_from(NULL, &missing), SALLY_E_INVALID);
    assert_int_equal(sally_key_load_from(&key, &missing), SALLY_E_SYSTEM);
    assert_int_equal(errno, ENOENT);
    assert_null(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passphrases_are_asked_for),
        cmocka_unit_test(only_if_there_is_one),
        cmocka_unit_test(sources_that_are_none),
    };
    return cmocka_run_group_tests(tests, crypto_setup, crypto_teardown);
}
