/* Digests of what can be read, whatever the file's size was at the start. The digests themselves
 * are among the cases of all storages. */
#include "fs/digest.h"

#include <string.h>

#include "base/mem.h"
#include "cmocka_all.h"
#include "core/long_ops.h"
#include "fs/driver.h"

#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)

/* A file whose end comes nearer while it is read. */
struct shrinking {
    uint64_t size;
    size_t at_most; /* of one read */
    unsigned reads;
    sally_status fails; /* the second read */
};

static sally_status read_some(void *context, uint64_t offset, void *data, size_t size, size_t *got)
{
    struct shrinking *file = context;
    uint64_t left = offset < file->size ? file->size - offset : 0;
    assert_true(file->reads++ < 100);
    if (file->fails && file->reads == 2)
        return file->fails;
    *got = size < file->at_most ? size : file->at_most;
    if (*got > left)
        *got = (size_t)left;
    for (size_t i = 0; i < *got; i++)
        ((char *)data)[i] = (char)('a' + offset + i);
    return SALLY_OK;
}

struct bench {
    struct driver d;
    struct digest_source source;
    struct op *op;
};

static int setup(void **state)
{
    struct bench *b = mem_zalloc(sizeof *b);
    sally_fs *fs;
    assert_non_null(b);
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    driver_start(&b->d, fs, DRIVER_INLINE);
    sally_fs_unref(fs);
    digest_source_init(&b->source);
    b->op = driver_op(&b->d, SALLY_OP_HASH, "/");
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    op_free(b->op);
    digest_source_clear(&b->source);
    driver_stop(&b->d);
    mem_free(b);
    return 0;
}

static sally_status answer(struct bench *b, const char *algorithms, uint64_t offset,
                           uint64_t length, uint32_t block_size, uint64_t size_at_start,
                           struct shrinking *file)
{
    b->op->pub.u.hash = (sally_op_hash){
        .algorithms = algorithms, .offset = offset, .length = length, .block_size = block_size};
    file->reads = 0;
    return digest_answer(&b->source, &b->op->pub, size_at_start, read_some, NULL, file);
}

static void assert_crc(const struct bench *b, uint32_t wanted)
{
    const sally_op_hash *hash = &b->op->pub.u.hash;
    uint8_t bytes[4] = {(uint8_t)(wanted >> 24), (uint8_t)(wanted >> 16), (uint8_t)(wanted >> 8),
                        (uint8_t)wanted};
    assert_string_equal(hash->algorithm, "crc32");
    assert_int_equal(hash->digests_size, 4);
    assert_memory_equal(hash->digests, bytes, 4);
}

/* The digest is of what was still there. */
static void the_end_may_come_early(void **state)
{
    struct bench *b = *state;
    struct shrinking file = {.size = 3, .at_most = SIZE_MAX};
    IS(answer(b, "crc32", 0, 0, 0, 10, &file), OK);
    assert_crc(b, 0x352441c2); /* "abc" */
    file.at_most = 1;
    IS(answer(b, "crc32", 0, 7, 0, 10, &file), OK);
    assert_crc(b, 0x352441c2);
    assert_int_equal(file.reads, 4);
    file.size = 0;
    IS(answer(b, "crc32", 0, 0, 0, 10, &file), OK);
    assert_crc(b, 0);
    IS(answer(b, "crc32", 10, 0, 0, 10, &file), OK); /* nothing to read */
    assert_crc(b, 0);
    assert_int_equal(file.reads, 0);
}

/* Blocks that are gone have no digest, and the last one may be shorter. */
static void blocks_end_early_too(void **state)
{
    struct bench *b = *state;
    struct shrinking file = {.size = 600, .at_most = 100};
    IS(answer(b, "md5", 0, 0, 256, 10000, &file), OK);
    assert_int_equal(b->op->pub.u.hash.digests_size, 3 * 16);
    file.size = 512;
    IS(answer(b, "md5", 0, 0, 256, 10000, &file), OK);
    assert_int_equal(b->op->pub.u.hash.digests_size, 2 * 16);
    file.size = 0;
    IS(answer(b, "md5", 0, 0, 256, 10000, &file), OK);
    assert_int_equal(b->op->pub.u.hash.digests_size, 0);
}

/* What has grown since is not examined: the range was fixed at the start. */
static void growth_is_left_out(void **state)
{
    struct bench *b = *state;
    struct shrinking file = {.size = 20, .at_most = SIZE_MAX};
    IS(answer(b, "crc32", 0, 0, 0, 3, &file), OK);
    assert_crc(b, 0x352441c2);
    IS(answer(b, "crc32", 0, 3, 0, 20, &file), OK);
    assert_crc(b, 0x352441c2);
}

static void failures_are_told(void **state)
{
    struct bench *b = *state;
    struct shrinking file = {.size = 20, .at_most = 5, .fails = SALLY_PERMISSION_DENIED};
    IS(answer(b, "crc32", 0, 0, 0, 20, &file), PERMISSION_DENIED);
    assert_int_equal(file.reads, 2);
    file.fails = SALLY_OK;
    IS(answer(b, "crc32", 0, 0, 255, 20, &file), INVALID_PARAMETER);
    IS(answer(b, "sha512", 0, 0, 256, UINT64_MAX, &file), INVALID_PARAMETER);
    IS(answer(b, "CRC32,md4", 0, 0, 0, 20, &file), UNSUPPORTED);
    assert_int_equal(file.reads, 0);
}

/* ---- In pieces ---- */

static struct op *waiting; /* for its next turn */
static unsigned ends;

static void keep(struct session_host *host, struct op *op)
{
    (void)host;
    assert_null(waiting);
    waiting = op;
}

static void count_end(void *context)
{
    (void)context;
    ends++;
}

static sally_status begin_large(struct bench *b, struct shrinking *file, uint64_t size)
{
    *file = (struct shrinking){.size = size, .at_most = SIZE_MAX};
    b->op->pub.u.hash = (sally_op_hash){.algorithms = "sha256"};
    ends = 0;
    return digest_answer(&b->source, &b->op->pub, size, read_some, count_end, file);
}

static unsigned run_pieces(void)
{
    unsigned pieces = 0;
    while (waiting) {
        struct op *op = waiting;
        waiting = NULL;
        session_run_long(op);
        pieces++;
    }
    return pieces;
}

/* After each piece, the operation goes to the end of the queue; the digest is that of one go. */
static void large_files_are_read_in_pieces(void **state)
{
    struct bench *b = *state;
    struct shrinking file;
    uint8_t in_one_go[32];
    IS(begin_large(b, &file, 10u << 20), OK);
    assert_int_equal(ends, 1);
    assert_int_equal(b->op->pub.u.hash.digests_size, sizeof in_one_go);
    memcpy(in_one_go, b->op->pub.u.hash.digests, sizeof in_one_go);
    session_host(b->op->pub.session)->resume_later = keep;
    IS(begin_large(b, &file, 4u << 20), OK);
    assert_null(waiting);
    IS(begin_large(b, &file, 10u << 20), PENDING);
    assert_int_equal(file.reads, 4);
    assert_int_equal(ends, 0);
    assert_int_equal(run_pieces(), 2);
    IS(b->op->step_status, OK);
    assert_int_equal(ends, 1);
    assert_memory_equal(b->op->pub.u.hash.digests, in_one_go, sizeof in_one_go);
}

static void nobody_waits_for_the_next_piece(void **state)
{
    struct bench *b = *state;
    struct shrinking file;
    session_host(b->op->pub.session)->resume_later = keep;
    IS(begin_large(b, &file, UINT64_C(1) << 40), PENDING);
    assert_int_equal(file.reads, 4);
    atomic_fetch_or(&b->op->handoff, OP_CANCELLED);
    assert_int_equal(run_pieces(), 1);
    IS(b->op->step_status, CONNECTION_LOST);
    assert_int_equal(file.reads, 4);
    assert_int_equal(ends, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_end_may_come_early, setup, teardown),
        cmocka_unit_test_setup_teardown(blocks_end_early_too, setup, teardown),
        cmocka_unit_test_setup_teardown(growth_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(failures_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(large_files_are_read_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_waits_for_the_next_piece, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
