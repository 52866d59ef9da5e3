/* How fast packets are sealed and opened, and how long key exchange and signatures take, on one
 * core.
 *
 *   cc -O2 -D_GNU_SOURCE -Isrc -Iinclude bench/crypto_bench.c src/crypto/[a-z]*.c src/base/[a-z]*.c
 * -lcrypto -o crypto_bench
 *   ./crypto_bench [payload bytes] [name]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "crypto/kex_method.h"
#include "crypto/packet_cipher.h"
#include "crypto/public_key.h"

#define ROUND_NS 150e6
#define ROUNDS   3

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds per call, the best of some rounds. */
static double measure(void (*call)(void *), void *argument)
{
    double best = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_ns(), end;
        unsigned count = 0;
        do {
            call(argument);
            count++;
            end = now_ns();
        } while (end - start < ROUND_NS);
        if ((end - start) / count < best)
            best = (end - start) / count;
    }
    return best;
}

struct packets {
    struct packet_cipher *seal, *open;
    struct slice head, body;
    uint8_t *out;
    const uint8_t *padding;
    uint32_t sequence;
    bool opens;
};

static void one_packet(void *argument)
{
    struct packets *p = argument;
    uint32_t length;
    struct slice payload;
    if (packet_seal(p->seal, p->sequence, p->head, p->body, p->padding, p->out) == 0)
        exit(1);
    if (p->opens && (!packet_open_length(p->open, p->sequence, p->out, &length) ||
                     !packet_open(p->open, p->sequence, p->out, length, &payload)))
        exit(1);
    p->sequence++;
}

static void bench_cipher(struct crypto *c, const struct cipher_info *cipher,
                         const struct mac_info *mac, size_t size)
{
    static const uint8_t key[64] = {1, 2, 3}, padding[255 + 16];
    static const uint8_t head[13] = {94};
    uint8_t *body = mem_zalloc(size);
    struct packets p = {.head = {head, sizeof head}, .body = {body, size}, .padding = padding};
    p.out = mem_alloc(size + 1024);
    if (packet_cipher_new(&p.seal, c, true, cipher, mac, key, key, key) ||
        packet_cipher_new(&p.open, c, false, cipher, mac, key, key, key))
        exit(1);
    p.opens = true;
    double both = measure(one_packet, &p);
    p.opens = false;
    double seal = measure(one_packet, &p);
    printf("%-30s %-30s seal %8.0f ns %6.2f GB/s   open %8.0f ns %6.2f GB/s\n", cipher->name,
           mac ? mac->name : "", seal, (double)size / seal, both - seal,
           (double)size / (both - seal));
    packet_cipher_free(p.seal);
    packet_cipher_free(p.open);
    mem_free(p.out);
    mem_free(body);
}

struct exchange {
    struct crypto *crypto;
    const struct kex_method *method;
    const struct kex_group *group;
    struct random_source random;
    struct buf peer;
};

static void one_exchange(void *argument)
{
    struct exchange *x = argument;
    struct buf ours, secret;
    buf_init(&ours, 8192);
    buf_init_secret(&secret, 8192);
    if (kex_respond(x->crypto, x->method, x->group, &x->random, buf_slice(&x->peer), &ours,
                    &secret))
        exit(1);
    buf_clear(&ours);
    buf_clear(&secret);
}

static void bench_kex(struct crypto *c, const struct kex_method *m)
{
    struct exchange x = {.crypto = c, .method = m, .random = crypto_random(c)};
    struct kex_ephemeral *e;
    x.group = m->family == KEX_GEX ? kex_group_find(c, 3072, 3072, 3072) : NULL;
    buf_init(&x.peer, 8192);
    if (kex_begin(c, m, x.group, &x.random, &e, &x.peer))
        exit(1);
    double ns = measure(one_exchange, &x);
    printf("%-40s respond %9.1f us %9.0f /s\n", m->name, ns / 1e3, 1e9 / ns);
    kex_ephemeral_free(e);
    buf_clear(&x.peer);
}

struct signing {
    sally_key *key;
    struct public_key *public;
    const char *algorithm;
    struct buf signature;
};

static const struct slice signed_data = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32};

static void one_signature(void *argument)
{
    struct signing *s = argument;
    buf_reset(&s->signature);
    if (key_sign(s->key, s->algorithm, signed_data, &s->signature))
        exit(1);
}

static void one_verification(void *argument)
{
    struct signing *s = argument;
    if (!public_key_verify(s->public, s->algorithm, buf_slice(&s->signature), signed_data))
        exit(1);
}

static void bench_signatures(struct crypto *c, const char *type, const char *algorithm)
{
    struct signing s = {.algorithm = algorithm};
    buf_init(&s.signature, 4096);
    sally_key *key;
    if (sally_key_generate(&key, type, 0) || key_bind(&s.key, key, c) ||
        public_key_parse(&s.public, c, key_blob(s.key)))
        exit(1);
    double sign = measure(one_signature, &s), verify = measure(one_verification, &s);
    printf("%-40s sign %8.1f us   verify %8.1f us\n", algorithm, sign / 1e3, verify / 1e3);
    public_key_free(s.public);
    sally_key_unref(key);
    sally_key_unref(s.key);
    buf_clear(&s.signature);
}

static void some_random(void *argument)
{
    static uint8_t bytes[32];
    struct random_source random = crypto_random(argument);
    if (!random_fill(&random, bytes, sizeof bytes))
        exit(1);
}

static void one_context(void *argument)
{
    struct crypto *c;
    (void)argument;
    if (crypto_new(&c))
        exit(1);
    crypto_unref(c);
}

int main(int argc, char **argv)
{
    size_t size = argc > 1 ? strtoul(argv[1], NULL, 10) : 32768;
    const char *only = argc > 2 ? argv[2] : "";
    struct crypto *c;
    if (crypto_new(&c))
        return 1;
    const struct cipher_info *cipher;
    for (size_t i = 0; (cipher = cipher_at(i)); i++) {
        const struct mac_info *mac;
        if (!strstr(cipher->name, only))
            continue;
        if (cipher->aead)
            bench_cipher(c, cipher, NULL, size);
        for (size_t k = 0; !cipher->aead && (mac = mac_at(k)); k++)
            bench_cipher(c, cipher, mac, size);
    }
    const struct kex_method *m;
    for (size_t i = 0; (m = kex_method_at(i)); i++)
        if (strstr(m->name, only))
            bench_kex(c, m);
    if (!*only) {
        bench_signatures(c, "ed25519", "ssh-ed25519");
        bench_signatures(c, "ecdsa-nistp256", "ecdsa-sha2-nistp256");
        bench_signatures(c, "rsa", "rsa-sha2-512");
        printf("32 random bytes: %.0f ns\n", measure(some_random, c));
        printf("crypto_new and crypto_unref: %.1f us\n", measure(one_context, NULL) / 1e3);
    }
    crypto_unref(c);
    return 0;
}
