#include "base/mem.h"
#include "crypto/kex_math.h"

/* Among equally strong ones, the cheaper comes first. */
/* clang-format off */
static const struct kex_row rows[] = {
    /*  name                                   family    hash         string default */
    {{"curve25519-sha256",                    KEX_ECDH, HASH_SHA256, false, true},  &kex_x25519_math, 0},
    {{"curve25519-sha256@libssh.org",         KEX_ECDH, HASH_SHA256, false, true},  &kex_x25519_math, 0},
    {{"ecdh-sha2-nistp256",                   KEX_ECDH, HASH_SHA256, false, true},  &kex_ecdh_math, 256},
    {{"ecdh-sha2-nistp384",                   KEX_ECDH, HASH_SHA384, false, true},  &kex_ecdh_math, 384},
    {{"ecdh-sha2-nistp521",                   KEX_ECDH, HASH_SHA512, false, true},  &kex_ecdh_math, 521},
    {{"diffie-hellman-group14-sha256",        KEX_DH,   HASH_SHA256, false, true},  &kex_dh_math, 2048},
    {{"diffie-hellman-group16-sha512",        KEX_DH,   HASH_SHA512, false, true},  &kex_dh_math, 4096},
    {{"diffie-hellman-group-exchange-sha256", KEX_GEX,  HASH_SHA256, false, true},  &kex_dh_math, 0},
    {{"diffie-hellman-group18-sha512",        KEX_DH,   HASH_SHA512, false, true},  &kex_dh_math, 8192},
    {{"diffie-hellman-group15-sha512",        KEX_DH,   HASH_SHA512, false, false}, &kex_dh_math, 3072},
    {{"diffie-hellman-group17-sha512",        KEX_DH,   HASH_SHA512, false, false}, &kex_dh_math, 6144},
    {{"diffie-hellman-group14-sha1",          KEX_DH,   HASH_SHA1,   false, false}, &kex_dh_math, 2048},
    {{"diffie-hellman-group-exchange-sha1",   KEX_GEX,  HASH_SHA1,   false, false}, &kex_dh_math, 0},
};
/* clang-format on */

const struct kex_method *kex_method_at(size_t index)
{
    return index < COUNT_OF(rows) ? &rows[index].method : NULL;
}

const struct kex_method *kex_method_find(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (slice_is(name, rows[i].method.name))
            return &rows[i].method;
    return NULL;
}

/* Methods are always the first members of rows. */
static const struct kex_row *row_of(const struct kex_method *m)
{
    return (const struct kex_row *)(const void *)m;
}

sally_error kex_begin(struct crypto *c, const struct kex_method *m, const struct kex_group *group,
                      const struct random_source *random, struct kex_ephemeral **out,
                      struct buf *ours)
{
    *out = NULL;
    size_t before = ours->size;
    library_begin();
    sally_error error = row_of(m)->math->begin(c, row_of(m), group, random, out, ours);
    library_end(c);
    if (!error && ours->failed)
        error = SALLY_E_NO_MEMORY;
    if (error) {
        kex_ephemeral_free(*out);
        *out = NULL;
        buf_truncate(ours, before);
    }
    return error;
}

sally_error kex_finish(struct kex_ephemeral *e, struct slice peer, struct buf *secret)
{
    size_t before = secret->size;
    library_begin();
    sally_error error = e->math->finish(e, peer, secret);
    library_end(e->crypto);
    if (!error && secret->failed)
        error = SALLY_E_NO_MEMORY;
    if (error)
        buf_truncate(secret, before);
    return error;
}

void kex_ephemeral_free(struct kex_ephemeral *e)
{
    if (e)
        e->math->destroy(e);
}

/* For methods in which both sides do the same. */
static sally_error begin_and_finish(struct crypto *c, const struct kex_method *m,
                                    const struct kex_group *group,
                                    const struct random_source *random, struct slice peer,
                                    struct buf *ours, struct buf *secret)
{
    struct kex_ephemeral *e;
    sally_error error = kex_begin(c, m, group, random, &e, ours);
    if (error)
        return error;
    error = kex_finish(e, peer, secret);
    kex_ephemeral_free(e);
    return error;
}

sally_error kex_respond(struct crypto *c, const struct kex_method *m, const struct kex_group *group,
                        const struct random_source *random, struct slice peer, struct buf *ours,
                        struct buf *secret)
{
    const struct kex_math *math = row_of(m)->math;
    size_t ours_before = ours->size, secret_before = secret->size;
    sally_error error;
    if (math->respond) {
        library_begin();
        error = math->respond(c, row_of(m), random, peer, ours, secret);
        library_end(c);
        if (!error && (ours->failed || secret->failed))
            error = SALLY_E_NO_MEMORY;
    } else {
        error = begin_and_finish(c, m, group, random, peer, ours, secret);
    }
    if (error) {
        buf_truncate(ours, ours_before);
        buf_truncate(secret, secret_before);
    }
    return error;
}
