#include "crypto/bcrypt_pbkdf.h"

#include <openssl/bn.h>
#include <string.h>

#include "base/mem.h"
#include "base/wire.h"
#include "crypto/context.h"

#define ROUNDS      16
#define BOXES       4
#define BOX_SIZE    256
#define STATE_WORDS (ROUNDS + 2 + BOXES * BOX_SIZE)
#define HASH_SIZE   64 /* SHA-512 */
#define BLOCK_WORDS 8
#define BLOCK_SIZE  (BLOCK_WORDS * 4)
#define EXPANSIONS  64 /* bcrypt's cost of 2^6 */
#define SALT_MAX    64u
#define GUARD_BITS  64 /* of the fixed-point numbers below */

/* Blowfish. Its words follow each other in the order in which they are made: first P, then the
 * S-boxes. */
struct blowfish {
    uint32_t p[ROUNDS + 2];
    uint32_t s[BOXES][BOX_SIZE];
};

/* arctan(1 / x) in fixed point: the sum of (-1)^k / ((2k + 1) x^(2k + 1)). */
static bool arctan_inverse(BIGNUM *sum, BN_ULONG x, int bits)
{
    BIGNUM *power = BN_new(), *term = BN_new();
    bool ok = power && term && BN_set_bit(power, bits) == 1 &&
              BN_div_word(power, x) != (BN_ULONG)-1 && BN_copy(sum, power);
    for (BN_ULONG k = 3, sign = 1; ok && !BN_is_zero(power); k += 2, sign = !sign) {
        ok = BN_div_word(power, x * x) != (BN_ULONG)-1 && BN_copy(term, power) &&
             BN_div_word(term, k) != (BN_ULONG)-1 &&
             (sign ? BN_sub(sum, sum, term) : BN_add(sum, sum, term)) == 1;
    }
    BN_free(power);
    BN_free(term);
    return ok;
}

/* Blowfish's initial state is the fractional part of pi. Machin: pi = 16 arctan(1/5) - 4
 * arctan(1/239). */
static bool start_with_pi(struct blowfish *b)
{
    const int wanted = STATE_WORDS * 32, bits = wanted + GUARD_BITS;
    uint8_t bytes[STATE_WORDS * 4];
    BIGNUM *pi = BN_new(), *part = BN_new();
    bool ok = pi && part && arctan_inverse(pi, 5, bits) && BN_mul_word(pi, 16) == 1 &&
              arctan_inverse(part, 239, bits) && BN_mul_word(part, 4) == 1 &&
              BN_sub(pi, pi, part) == 1 && BN_rshift(pi, pi, GUARD_BITS) == 1 &&
              BN_mask_bits(pi, wanted) == 1 && BN_bn2binpad(pi, bytes, sizeof bytes) > 0;
    for (size_t i = 0; ok && i < STATE_WORDS; i++) {
        uint32_t word = wire_get_u32(bytes + 4 * i);
        if (i < ROUNDS + 2)
            b->p[i] = word;
        else
            b->s[(i - ROUNDS - 2) / BOX_SIZE][(i - ROUNDS - 2) % BOX_SIZE] = word;
    }
    BN_free(pi);
    BN_free(part);
    return ok;
}

static uint32_t mix(const struct blowfish *b, uint32_t x)
{
    return ((b->s[0][x >> 24] + b->s[1][x >> 16 & 0xff]) ^ b->s[2][x >> 8 & 0xff]) +
           b->s[3][x & 0xff];
}

static void encipher(const struct blowfish *b, uint32_t *left, uint32_t *right)
{
    uint32_t l = *left, r = *right;
    for (size_t i = 0; i < ROUNDS; i += 2) {
        l ^= b->p[i];
        r ^= mix(b, l);
        r ^= b->p[i + 1];
        l ^= mix(b, r);
    }
    *left = r ^ b->p[ROUNDS + 1];
    *right = l ^ b->p[ROUNDS];
}

/* Keys and salts are hashes here: sixteen words, used cyclically. */
struct hash_words {
    uint32_t word[HASH_SIZE / 4];
    size_t next;
};

static struct hash_words words_of(const uint8_t *hash)
{
    struct hash_words w = {.next = 0};
    for (size_t i = 0; i < COUNT_OF(w.word); i++)
        w.word[i] = wire_get_u32(hash + 4 * i);
    return w;
}

static uint32_t next_word(struct hash_words *w)
{
    return w->word[w->next++ % COUNT_OF(w->word)];
}

/* bcrypt's key schedule; without a salt it is Blowfish's own. */
static void expand(struct blowfish *b, const uint8_t *salt_hash, const uint8_t *key_hash)
{
    static const uint8_t zero[HASH_SIZE];
    struct hash_words key = words_of(key_hash), salt = words_of(salt_hash ? salt_hash : zero);
    uint32_t left = 0, right = 0;
    for (size_t i = 0; i < COUNT_OF(b->p); i++)
        b->p[i] ^= next_word(&key);
    for (size_t i = 0; i < STATE_WORDS; i += 2) {
        size_t box = i - COUNT_OF(b->p);
        uint32_t *to = i < COUNT_OF(b->p) ? b->p + i : b->s[box / BOX_SIZE] + box % BOX_SIZE;
        left ^= next_word(&salt);
        right ^= next_word(&salt);
        encipher(b, &left, &right);
        to[0] = left;
        to[1] = right;
    }
    mem_wipe(&key, sizeof key);
    mem_wipe(&salt, sizeof salt); /* except for the first block, a hash of secrets */
}

static void bcrypt_block(const struct blowfish *start, struct blowfish *b, const uint8_t *pass_hash,
                         const uint8_t *salt_hash, uint8_t *out)
{
    static const char text[BLOCK_SIZE + 1] = "OxychromaticBlowfishSwatDynamite";
    uint32_t block[BLOCK_WORDS];
    *b = *start;
    expand(b, salt_hash, pass_hash);
    for (int i = 0; i < EXPANSIONS; i++) {
        expand(b, NULL, salt_hash);
        expand(b, NULL, pass_hash);
    }
    for (size_t i = 0; i < BLOCK_WORDS; i++)
        block[i] = wire_get_u32((const uint8_t *)text + 4 * i);
    for (int i = 0; i < EXPANSIONS; i++)
        for (size_t k = 0; k < BLOCK_WORDS; k += 2)
            encipher(b, &block[k], &block[k + 1]);
    for (size_t i = 0; i < BLOCK_SIZE; i++) /* little-endian, unlike the input */
        out[i] = (uint8_t)(block[i / 4] >> i % 4 * 8);
    mem_wipe(block, sizeof block);
}

/* The working state of a derivation; all of it is secret. */
struct derivation {
    struct crypto *crypto;
    struct blowfish start, state;
    uint8_t pass_hash[HASH_SIZE], salt_hash[HASH_SIZE];
    uint8_t block[BLOCK_SIZE], sum[BLOCK_SIZE];
};

/* As in PBKDF2: the XOR of a chain in which each block salts the next. */
static bool derive_block(struct derivation *d, struct slice salt, uint32_t number, uint32_t rounds)
{
    uint8_t numbered[SALT_MAX + 4];
    memcpy(numbered, salt.data, salt.size);
    wire_put_u32(numbered + salt.size, number);
    if (!hash_once(d->crypto, HASH_SHA512, numbered, salt.size + 4, d->salt_hash))
        return false;
    bcrypt_block(&d->start, &d->state, d->pass_hash, d->salt_hash, d->block);
    memcpy(d->sum, d->block, BLOCK_SIZE);
    for (uint32_t i = 1; i < rounds; i++) {
        if (!hash_once(d->crypto, HASH_SHA512, d->block, BLOCK_SIZE, d->salt_hash))
            return false;
        bcrypt_block(&d->start, &d->state, d->pass_hash, d->salt_hash, d->block);
        for (size_t k = 0; k < BLOCK_SIZE; k++)
            d->sum[k] ^= d->block[k];
    }
    return true;
}

bool bcrypt_pbkdf(struct crypto *c, const char *passphrase, struct slice salt, uint32_t rounds,
                  uint8_t *key, size_t key_size)
{
    size_t pass_size = strlen(passphrase);
    if (pass_size == 0 || salt.size == 0 || salt.size > SALT_MAX || rounds == 0 ||
        rounds > BCRYPT_PBKDF_ROUNDS_MAX || key_size == 0 || key_size > BCRYPT_PBKDF_KEY_MAX)
        return false;
    struct derivation *d = mem_zalloc(sizeof *d);
    if (!d)
        return false;
    d->crypto = c;
    bool ok =
        start_with_pi(&d->start) && hash_once(c, HASH_SHA512, passphrase, pass_size, d->pass_hash);
    /* Unlike in PBKDF2, the blocks are not concatenated: byte k of block i is byte k * blocks +
     * i. */
    size_t blocks = (key_size + BLOCK_SIZE - 1) / BLOCK_SIZE;
    for (size_t i = 0; ok && i < blocks; i++) {
        ok = derive_block(d, salt, (uint32_t)i + 1, rounds);
        for (size_t k = 0; ok && k < BLOCK_SIZE && k * blocks + i < key_size; k++)
            key[k * blocks + i] = d->sum[k];
    }
    mem_wipe_free(d, sizeof *d);
    return ok;
}
