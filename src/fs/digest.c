#include "fs/digest.h"

#include <string.h>
#include <zlib.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "base/names.h"
#include "core/long_ops.h"
#include "crypto/hash.h"

#define SLICE_BYTES (1u << 20) /* of one read, and between two looks at whether anybody waits */
#define PIECE_BYTES (4u << 20) /* between two turns of others */
#define LEAST_BLOCK 256u       /* draft-galb-filexfer-extensions-00, check-file */
#define CRC32_SIZE  4u

/* The names of the draft, and one that newer clients ask for. */
static const struct algorithm {
    const char *name;
    enum hash_id id; /* HASH_COUNT: crc32, which is not cryptographic */
} algorithms[] = {
    {"md5", HASH_MD5},       {"sha1", HASH_SHA1},
    {"sha224", HASH_SHA224}, {"sha256", HASH_SHA256},
    {"sha384", HASH_SHA384}, {"sha512", HASH_SHA512},
    {"crc32", HASH_COUNT},   {"blake2b512", HASH_BLAKE2B512},
};

/* In the operation's memory. */
struct digest {
    digest_read_fn *read;
    void (*end)(void *context);
    void *context;
    uint64_t offset, left; /* to be read */
    const struct algorithm *algorithm;
    struct hash *hash; /* NULL: crc32 */
    uint32_t crc;
    size_t size; /* of one digest */
    uint64_t block_size;
    uint64_t in_block; /* bytes so far */
    uint8_t *out;
    size_t used, capacity;
};

void digest_source_init(struct digest_source *source)
{
    pthread_mutex_init(&source->lock, NULL);
    source->crypto = NULL;
}

void digest_source_clear(struct digest_source *source)
{
    crypto_unref(source->crypto);
    pthread_mutex_destroy(&source->lock);
}

static struct crypto *get_crypto(struct digest_source *source)
{
    pthread_mutex_lock(&source->lock);
    struct crypto *crypto = source->crypto;
    if (!crypto && crypto_new(&crypto) == SALLY_E_OK)
        source->crypto = crypto;
    pthread_mutex_unlock(&source->lock);
    return crypto;
}

static const struct algorithm *find_algorithm(struct slice name)
{
    for (size_t i = 0; i < COUNT_OF(algorithms); i++)
        if (slice_is(name, algorithms[i].name))
            return &algorithms[i];
    return NULL;
}

/* Whether the crypto library supports it is only known after trying. */
static bool set_algorithm(struct digest *d, struct crypto *crypto,
                          const struct algorithm *algorithm)
{
    if (!algorithm)
        return false;
    d->algorithm = algorithm;
    d->size = CRC32_SIZE;
    if (algorithm->id == HASH_COUNT)
        return true;
    d->hash = hash_new(crypto, algorithm->id);
    d->size = hash_size(algorithm->id);
    return d->hash != NULL;
}

/* "The server MUST pick the first hash on the list that it supports." */
static bool choose_algorithm(struct digest *d, struct crypto *crypto, const char *names)
{
    struct slice list = slice_of(names), name;
    while (names_next(&list, &name))
        if (set_algorithm(d, crypto, find_algorithm(name)))
            return true;
    return false;
}

static void update(struct digest *d, const uint8_t *data, size_t size)
{
    if (d->hash)
        hash_update(d->hash, data, size);
    else
        d->crc = (uint32_t)crc32_z(d->crc, data, size);
    d->in_block += size;
}

static bool end_block(struct digest *d)
{
    if (d->size > d->capacity - d->used)
        return false;
    uint8_t *out = d->out + d->used;
    d->used += d->size;
    d->in_block = 0;
    if (d->hash)
        return hash_final(d->hash, out);
    wire_put_u32(out, d->crc);
    d->crc = 0;
    return true;
}

static bool put(struct digest *d, const uint8_t *data, size_t size)
{
    while (size) {
        uint64_t room = d->block_size ? d->block_size - d->in_block : UINT64_MAX;
        size_t part = size < room ? size : (size_t)room;
        update(d, data, part);
        data += part;
        size -= part;
        if (d->in_block == d->block_size && d->block_size && !end_block(d))
            return false;
    }
    return true;
}

/* PENDING: there is more. */
static sally_status read_piece(struct digest *d, sally_op *op)
{
    size_t slice = d->left < SLICE_BYTES ? (size_t)d->left : SLICE_BYTES;
    uint8_t *room = mem_alloc(slice);
    sally_status status = room ? SALLY_OK : SALLY_FAILURE;
    for (uint64_t done = 0; status == SALLY_OK && d->left;) {
        size_t got = 0;
        if (sally_op_cancelled(op)) {
            status = SALLY_CONNECTION_LOST;
            break;
        }
        if (done >= PIECE_BYTES) {
            status = SALLY_PENDING;
            break;
        }
        status =
            d->read(d->context, d->offset, room, d->left < slice ? (size_t)d->left : slice, &got);
        if (status != SALLY_OK || got == 0) /* the file was truncated */
            break;
        d->offset += got;
        d->left -= got;
        done += got;
        if (!put(d, room, got))
            status = SALLY_FAILURE;
    }
    mem_free(room);
    return status;
}

/* An empty range has one digest, but no blocks. */
static sally_status end_all(struct digest *d)
{
    bool open = d->in_block || (d->block_size == 0 && d->used == 0);
    return !open || end_block(d) ? SALLY_OK : SALLY_FAILURE;
}

static sally_status end(struct digest *d, sally_op *op, sally_status status)
{
    sally_op_hash *in = &op->u.hash;
    if (status == SALLY_OK)
        status = end_all(d);
    hash_free(d->hash);
    if (d->end)
        d->end(d->context);
    in->algorithm = d->algorithm->name;
    in->digests = d->out;
    in->digests_size = d->used;
    return status;
}

static void resume(sally_op *op, void *context);

static sally_status go_on(struct digest *d, sally_op *op)
{
    sally_status status;
    do
        status = read_piece(d, op);
    while (status == SALLY_PENDING && !op_resume_later(op, resume, d));
    return status == SALLY_PENDING ? status : end(d, op, status);
}

static void resume(sally_op *op, void *context)
{
    sally_status status = go_on(context, op);
    if (status != SALLY_PENDING)
        sally_op_finish(op, status);
}

static sally_status begin(struct digest *d, struct digest_source *source, sally_op *op)
{
    const sally_op_hash *in = &op->u.hash;
    if (in->block_size && in->block_size < LEAST_BLOCK)
        return SALLY_INVALID_PARAMETER;
    struct crypto *crypto = get_crypto(source);
    if (!crypto)
        return SALLY_FAILURE;
    if (!choose_algorithm(d, crypto, in->algorithms))
        return SALLY_UNSUPPORTED;
    uint64_t count =
        in->block_size ? d->left / in->block_size + (d->left % in->block_size != 0) : 1;
    if (count > DIGEST_MAX_ANSWER / d->size)
        return SALLY_INVALID_PARAMETER;
    d->block_size = in->block_size;
    d->capacity = (size_t)count * d->size;
    d->out = sally_op_alloc(op, d->capacity + 1);
    return d->out ? SALLY_OK : SALLY_FAILURE;
}

sally_status digest_answer(struct digest_source *source, sally_op *op, uint64_t file_size,
                           digest_read_fn *read, void (*end_reading)(void *context), void *context)
{
    const sally_op_hash *in = &op->u.hash;
    struct digest *d = sally_op_alloc(op, sizeof *d);
    sally_status status = SALLY_FAILURE;
    if (d) {
        *d = (struct digest){.read = read,
                             .end = end_reading,
                             .context = context,
                             .offset = in->offset,
                             .left = in->offset < file_size ? file_size - in->offset : 0};
        if (in->length && in->length < d->left)
            d->left = in->length;
        status = begin(d, source, op);
    }
    if (status == SALLY_OK)
        return go_on(d, op);
    if (d)
        hash_free(d->hash);
    if (end_reading)
        end_reading(context);
    return status;
}
