#include "auth/password.h"

#include <crypt.h>
#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "crypto/crypto.h"

/* libcrypt does not accept longer ones: rejected for every user alike, before anything is
 * computed. */
#define MAX_LENGTH (CRYPT_MAX_PASSPHRASE_SIZE - 1)

/* The kinds of hashes that crypt(3) knows, and how many characters the hash proper has behind the
 * last '$' (for bcrypt: behind
 * "$2b$nn$", the salt included). */
static const struct kind {
    const char *prefix;
    size_t digits;
} kinds[] = {
    {"$y$", 43},  {"$gy$", 43}, {"$7$", 43}, {"$2a$", 53},
    {"$2b$", 53}, {"$2y$", 53}, {"$6$", 86}, {"$5$", 43},
};
/* Types that are too weak, or that other programs use and crypt(3) does not support. If they were
 * taken for plain text passwords, a stolen hash could be used to log in. */
static const char *const weak[] = {"$1$",    "$2$",     "$2x$",    "$3$",      "$md5",  "$sha1",
                                   "$apr1$", "$argon2", "$pbkdf2", "$scrypt$", "{SHA}", "{SSHA}"};
/* Values in shadow(5) and passwd(5) that no password matches. */
static const char *const locks[] = {"*", "!", "!!", "*0", "*1", "*LK*", "!*"};

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const struct kind *kind_of(const char *text)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (begins(text, kinds[i].prefix))
            return &kinds[i];
    }
    return NULL;
}

static bool is_weak(const char *text)
{
    for (size_t i = 0; i < COUNT_OF(weak); i++) {
        if (begins(text, weak[i]))
            return true;
    }
    return false;
}

static bool is_lock(const char *text)
{
    for (size_t i = 0; i < COUNT_OF(locks); i++) {
        if (strcmp(text, locks[i]) == 0)
            return true;
    }
    return text[0] == '!' && (kind_of(text + 1) || is_weak(text + 1)); /* as `usermod -L` does */
}

static unsigned number(const char *text)
{
    unsigned value = 0;
    for (; *text >= '0' && *text <= '9' && value < 100000000; text++)
        value = value * 10 + (unsigned)(*text - '0');
    return value;
}

/* A hash without its last part would be a salt, which cannot be meant as a password. */
static bool is_whole(const char *text, const struct kind *kind)
{
    const char *last = strrchr(text, '$') + 1;
    static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if (text[1] == '2' &&
        (number(text + 4) < 4 || number(text + 4) > 31)) /* libcrypt checks it late */
        return false;
    return strlen(text) < CRYPT_OUTPUT_SIZE && strlen(last) == kind->digits &&
           strspn(last, digits) == kind->digits && crypt_checksalt(text) != CRYPT_SALT_INVALID;
}

sally_error password_context_init(struct password_context *context)
{
    sally_error e = crypto_new(&context->crypto);
    if (e)
        return e;
    struct random_source source = crypto_random(context->crypto);
    if (random_fill(&source, context->key, sizeof context->key))
        return SALLY_E_OK;
    crypto_unref(context->crypto);
    context->crypto = NULL;
    return SALLY_E_CRYPTO;
}

void password_context_clear(struct password_context *context)
{
    crypto_unref(context->crypto);
    mem_wipe(context, sizeof *context);
}

bool password_is_hash(const char *text)
{
    const struct kind *kind = kind_of(text);
    return kind && is_whole(text, kind);
}

bool password_has_length(const char *given)
{
    size_t length = strnlen(given, MAX_LENGTH + 1);
    return length > 0 && length <= MAX_LENGTH;
}

/* The digest never leaves the process, so the plain construction suffices. */
static bool digest(const struct password_context *context, const char *text, uint8_t *out)
{
    struct hash *h = hash_new(context->crypto, HASH_SHA256);
    if (!h)
        return false;
    hash_update(h, context->key, sizeof context->key);
    hash_update(h, text, strlen(text));
    bool ok = hash_final(h, out);
    hash_free(h);
    return ok;
}

sally_error password_init(struct password *out, const struct password_context *context,
                          const char *text)
{
    memset(out, 0, sizeof *out);
    size_t length = strlen(text);
    const struct kind *kind = kind_of(text);
    if (length == 0 || length > MAX_LENGTH || is_lock(text) || (kind && !is_whole(text, kind)))
        return SALLY_E_INVALID;
    if (is_weak(text))
        return SALLY_E_UNSUPPORTED;
    if (kind) {
        out->hash = mem_strdup(text);
        if (!out->hash)
            return SALLY_E_NO_MEMORY;
    } else if (!digest(context, text, out->digest)) {
        return SALLY_E_CRYPTO;
    }
    out->set = true;
    return SALLY_E_OK;
}

void password_clear(struct password *password)
{
    if (password->hash)
        mem_wipe_free(password->hash, strlen(password->hash));
    mem_wipe(password, sizeof *password);
}

/* 2^exponent, not further than what can be compared. */
static uint64_t power(unsigned exponent)
{
    return UINT64_C(1) << (exponent < 40 ? exponent : 40);
}

static unsigned sha_rounds(const char *hash)
{
    return begins(hash + 3, "rounds=") ? number(hash + 10) : 5000;
}

/* Microseconds on a machine of about 2020; only their order matters. */
uint64_t password_cost(const struct password *password)
{
    const char *hash = password->hash;
    if (!hash)
        return 0;
    if (begins(hash, "$2"))
        return 60 * power(number(hash + 4));
    if (begins(hash, "$6$") || begins(hash, "$5$"))
        return 1 + sha_rounds(hash) * UINT64_C(6) / 10;
    /* The memory of yescrypt and scrypt is the power of two that the second digit of the parameters
     * says. */
    static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const char *parameters = strchr(hash + 1, '$') + 1;
    const char *digit = begins(hash, "$7$") ? parameters : parameters + 1;
    const char *place = *parameters && *digit ? strchr(digits, *digit) : NULL;
    return 20 * power(place ? (unsigned)(place - digits) + 1 : 12);
}

/* The text before the salt, for hashes whose parameters are an opaque text. */
static struct slice parameters_of(const char *hash)
{
    const char *from = strchr(hash + 1, '$') + 1;
    if (begins(hash, "$7$")) /* N, r and p have 1, 5 and 5 digits, and the salt follows at once */
        return (struct slice){(const uint8_t *)from, strnlen(from, 11)};
    return (struct slice){(const uint8_t *)from, strcspn(from, "$")};
}

bool password_same_cost(const struct password *a, const struct password *b)
{
    if (!a->hash || !b->hash)
        return a->hash == b->hash;
    /* The kinds of bcrypt differ in how they read the password only. */
    if (begins(a->hash, "$2") && begins(b->hash, "$2"))
        return number(a->hash + 4) == number(b->hash + 4);
    if (kind_of(a->hash) != kind_of(b->hash))
        return false;
    if (begins(a->hash, "$5$") || begins(a->hash, "$6$"))
        return sha_rounds(a->hash) == sha_rounds(b->hash);
    return slice_equal(parameters_of(a->hash), parameters_of(b->hash));
}

bool password_matches_hash(const char *given, const char *hash)
{
    struct crypt_data *data = mem_zalloc(sizeof *data); /* 32 KiB: too much for a small stack */
    if (!data)
        return false;
    const char *got = crypt_rn(given, hash, data, sizeof *data);
    bool match = got && got[0] != '*' && strlen(got) == strlen(hash) &&
                 mem_equal_ct(got, hash, strlen(hash));
    mem_wipe_free(data, sizeof *data);
    return match;
}

bool password_verify(const struct password *password, const struct password *const decoys[],
                     size_t decoy_count, const struct password_context *context, const char *given)
{
    if (!password_has_length(given))
        return false;
    if (password && !password->set)
        password = NULL;
    uint8_t given_digest[PASSWORD_DIGEST_SIZE];
    bool ok = digest(context, given, given_digest);
    const char *own = password ? password->hash : NULL;
    bool own_done = false, own_ok = false;
    for (size_t i = 0; i < decoy_count; i++) {
        if (own && !own_done && password_same_cost(password, decoys[i])) {
            own_ok = password_matches_hash(given, own);
            own_done = true;
        } else if (decoys[i]->hash) {
            (void)password_matches_hash(given, decoys[i]->hash);
        }
    }
    if (own && !own_done)
        own_ok = password_matches_hash(given, own);
    if (!password)
        ok = false;
    else if (own)
        ok = own_ok;
    else
        ok = ok && mem_equal_ct(given_digest, password->digest, sizeof given_digest);
    mem_wipe(given_digest, sizeof given_digest);
    return ok;
}
