/* Cases about what open files hold against each other: reservations and locks; and digests. */
#include "fs/cases.h"

#include "core/session_internal.h"
#include "fs/digest.h"

#define RW  (SALLY_OPEN_READ | SALLY_OPEN_WRITE)
#define NEW (RW | SALLY_OPEN_CREATE)

#define NO_READ   SALLY_OPEN_BLOCK_READ
#define NO_WRITE  SALLY_OPEN_BLOCK_WRITE
#define NO_DELETE SALLY_OPEN_BLOCK_DELETE
#define ADVISORY  SALLY_OPEN_BLOCK_ADVISORY

#define IS(call, wanted) assert_int_equal((call), SALLY_##wanted)

static sally_status lock(struct driver *d, sally_file *file, uint64_t offset, uint64_t length,
                         uint32_t flags)
{
    return do_lock(d, SALLY_OP_LOCK, file, offset, length, flags);
}

static sally_status unlock(struct driver *d, sally_file *file, uint64_t offset, uint64_t length)
{
    return do_lock(d, SALLY_OP_UNLOCK, file, offset, length, 0);
}

/* Another session on the same storage. */
static void start_other(struct driver *other, const struct driver *d)
{
    driver_start(other, d->session->fs, DRIVER_INLINE);
}

static sally_status probe(struct driver *d, const char *path, uint32_t flags)
{
    sally_file *file;
    sally_status status = do_open(d, path, flags, &file);
    if (status == SALLY_OK)
        IS(do_close(d, file), OK);
    return status;
}

/* Reservations bind those who come later, and fail because of those who came before. */
static void reservations(struct driver *d)
{
    static const struct {
        uint32_t first, second;
        bool conflict;
    } table[] = {
        {SALLY_OPEN_READ, SALLY_OPEN_READ, false},
        {SALLY_OPEN_READ | NO_WRITE, SALLY_OPEN_READ, false},
        {SALLY_OPEN_READ | NO_WRITE, SALLY_OPEN_WRITE, true},
        {SALLY_OPEN_READ | NO_WRITE, SALLY_OPEN_WRITE | SALLY_OPEN_APPEND, true},
        {SALLY_OPEN_READ | NO_WRITE, RW, true},
        {SALLY_OPEN_WRITE | NO_READ, SALLY_OPEN_WRITE, false},
        {SALLY_OPEN_WRITE | NO_READ, SALLY_OPEN_READ, true},
        {SALLY_OPEN_READ | NO_READ, SALLY_OPEN_READ, true},
        {RW | NO_READ | NO_WRITE, SALLY_OPEN_READ, true},
        {RW | NO_READ | NO_WRITE, SALLY_OPEN_WRITE, true},
        {SALLY_OPEN_READ | NO_DELETE, RW, false},
        {SALLY_OPEN_READ | NO_WRITE | ADVISORY, RW, false},
        {SALLY_OPEN_READ | NO_WRITE | ADVISORY, RW | NO_DELETE, true},
        {SALLY_OPEN_READ | NO_WRITE | ADVISORY, RW | NO_DELETE | ADVISORY, true},
        {SALLY_OPEN_READ | NO_WRITE | ADVISORY, SALLY_OPEN_READ | NO_WRITE, false},
    };
    struct driver other;
    sally_file *file;
    make_file(d, "/f", "text");
    start_other(&other, d);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        sally_status wanted = table[i].conflict ? SALLY_LOCK_CONFLICT : SALLY_OK;
        for (int turn = 0; turn < 2; turn++) {
            IS(do_open(d, "/f", turn ? table[i].second : table[i].first, &file), OK);
            uint32_t flags = turn ? table[i].first : table[i].second;
            assert_int_equal(probe(&other, "/f", flags), wanted);
            assert_int_equal(probe(d, "/f", flags), wanted); /* between handles, not sessions */
            IS(do_close(d, file), OK);
        }
        IS(probe(&other, "/f", RW), OK); /* nothing is left of it */
    }
    driver_stop(&other);
}

/* What a reservation forbids does not happen by half. */
static void reservations_and_cuts(struct driver *d)
{
    struct driver other;
    sally_file *file;
    char text[1001];
    sally_attrs cut = {.valid = SALLY_ATTR_SIZE, .size = 1};
    make_file(d, "/f", "text");
    start_other(&other, d);
    IS(do_open(d, "/f", SALLY_OPEN_READ | NO_WRITE, &file), OK);
    IS(probe(&other, "/f", SALLY_OPEN_WRITE | SALLY_OPEN_TRUNCATE), LOCK_CONFLICT);
    IS(do_setstat(&other, "/f", SALLY_FOLLOW, &cut), LOCK_CONFLICT);
    assert_string_equal(file_text(d, "/f", text), "text");
    IS(do_close(d, file), OK);
    IS(do_open(d, "/f", RW | SALLY_OPEN_TRUNCATE | NO_WRITE | NO_READ, &file), OK);
    IS(probe(&other, "/f", SALLY_OPEN_READ), LOCK_CONFLICT);
    IS(do_close(d, file), OK);
    assert_string_equal(file_text(&other, "/f", text), "");
    IS(do_open(d, "/new", NEW | NO_WRITE, &file), OK);
    IS(probe(&other, "/new", SALLY_OPEN_WRITE), LOCK_CONFLICT);
    driver_stop(&other);
}

static void reserved_names(struct driver *d)
{
    struct driver other;
    sally_file *file;
    make_file(d, "/f", "text");
    make_file(d, "/g", "text");
    start_other(&other, d);
    IS(do_two(d, SALLY_OP_LINK, "/f", "/also", 0), OK);
    IS(do_open(d, "/f", SALLY_OPEN_READ | NO_DELETE, &file), OK);
    IS(do_path(&other, SALLY_OP_REMOVE, "/f"), LOCK_CONFLICT);
    IS(do_path(&other, SALLY_OP_REMOVE, "/also"), LOCK_CONFLICT);
    IS(do_path(d, SALLY_OP_REMOVE, "/f"), LOCK_CONFLICT);
    IS(do_two(&other, SALLY_OP_RENAME, "/f", "/h", 0), LOCK_CONFLICT);
    IS(do_two(&other, SALLY_OP_RENAME, "/g", "/f", SALLY_RENAME_OVERWRITE), LOCK_CONFLICT);
    IS(do_two(&other, SALLY_OP_RENAME, "/g", "/f", 0), FILE_ALREADY_EXISTS);
    IS(probe(&other, "/f", SALLY_OPEN_READ | SALLY_OPEN_DELETE_ON_CLOSE), LOCK_CONFLICT);
    IS(do_path(&other, SALLY_OP_REMOVE, "/g"), OK);
    IS(do_path(&other, SALLY_OP_REMOVE, "/none"), NO_SUCH_FILE);
    IS(do_close(d, file), OK);
    IS(do_open(d, "/f", SALLY_OPEN_READ | NO_DELETE | ADVISORY, &file), OK);
    IS(do_path(&other, SALLY_OP_REMOVE, "/also"), OK);
    IS(do_close(d, file), OK);
    IS(do_open(d, "/f", SALLY_OPEN_READ | SALLY_OPEN_DELETE_ON_CLOSE, &file), OK);
    IS(probe(&other, "/f", SALLY_OPEN_READ | NO_DELETE), LOCK_CONFLICT);
    IS(do_close(d, file), OK);
    IS(probe(&other, "/f", SALLY_OPEN_READ), NO_SUCH_FILE);
    driver_stop(&other);
}

static sally_status read_at(struct driver *d, sally_file *file, uint64_t offset, uint32_t length)
{
    char room[64];
    return do_read(d, file, offset, room, &length);
}

static void ranges(struct driver *d)
{
    struct driver other;
    sally_file *mine, *also, *theirs;
    make_file(d, "/f", "0123456789");
    start_other(&other, d);
    IS(do_open(d, "/f", RW, &mine), OK);
    IS(do_open(d, "/f", RW, &also), OK);
    IS(do_open(&other, "/f", RW, &theirs), OK);

    IS(lock(d, mine, 2, 3, 0), INVALID_PARAMETER);
    IS(lock(d, mine, 2, 3, 1u << 31), INVALID_PARAMETER);
    IS(lock(d, mine, 2, 3, ADVISORY), INVALID_PARAMETER);
    IS(lock(d, mine, 2, 3, NO_WRITE), OK);
    IS(do_write(&other, theirs, 0, "ab", 2), OK);
    IS(do_write(&other, theirs, 0, "abc", 3), BYTE_RANGE_LOCK_CONFLICT);
    IS(do_write(&other, theirs, 4, "x", 1), BYTE_RANGE_LOCK_CONFLICT);
    IS(do_write(&other, theirs, 5, "x", 1), OK);
    IS(read_at(&other, theirs, 0, 10), OK);
    IS(do_write(d, mine, 2, "x", 1), OK);
    IS(do_write(d, also, 3, "x", 1), OK); /* of the same session */

    /* No overlap whatsoever, not even with the handle's own. */
    IS(lock(&other, theirs, 4, 10, NO_READ), BYTE_RANGE_LOCK_REFUSED);
    IS(lock(d, mine, 2, 3, NO_WRITE), BYTE_RANGE_LOCK_REFUSED);
    IS(lock(d, also, 0, 0, NO_WRITE | ADVISORY), BYTE_RANGE_LOCK_REFUSED);
    IS(lock(&other, theirs, 5, 1, NO_READ | NO_WRITE), OK);
    IS(read_at(d, mine, 5, 1), BYTE_RANGE_LOCK_CONFLICT);
    IS(read_at(d, mine, 0, 6), BYTE_RANGE_LOCK_CONFLICT);
    IS(read_at(d, mine, 6, 4), OK);
    IS(read_at(&other, theirs, 5, 1), OK);

    IS(unlock(d, mine, 2, 2), NO_MATCHING_BYTE_RANGE_LOCK);
    IS(unlock(d, also, 2, 3), NO_MATCHING_BYTE_RANGE_LOCK);
    IS(unlock(&other, theirs, 2, 3), NO_MATCHING_BYTE_RANGE_LOCK);
    IS(unlock(d, mine, 2, 3), OK);
    IS(unlock(d, mine, 2, 3), NO_MATCHING_BYTE_RANGE_LOCK);
    IS(do_write(&other, theirs, 2, "yyy", 3), OK);
    IS(do_close(&other, theirs), OK); /* which releases the rest */
    IS(read_at(d, mine, 0, 10), OK);
    driver_stop(&other);
}

static void ranges_without_end(struct driver *d)
{
    struct driver other;
    sally_file *mine, *theirs;
    sally_attrs cut = {.valid = SALLY_ATTR_SIZE, .size = 3};
    char text[1001];
    make_file(d, "/f", "0123456789");
    start_other(&other, d);
    IS(do_open(d, "/f", RW, &mine), OK);
    IS(do_open(&other, "/f", SALLY_OPEN_WRITE | SALLY_OPEN_APPEND, &theirs), OK);
    IS(lock(d, mine, 4, 0, NO_WRITE), OK);
    IS(do_write(&other, theirs, 0, "x", 1), BYTE_RANGE_LOCK_CONFLICT); /* goes to the end */
    IS(do_setstat(&other, "/f", SALLY_FOLLOW, &cut), BYTE_RANGE_LOCK_CONFLICT);
    IS(do_fsetstat(&other, theirs, &cut), BYTE_RANGE_LOCK_CONFLICT);
    IS(probe(&other, "/f", SALLY_OPEN_WRITE | SALLY_OPEN_TRUNCATE), BYTE_RANGE_LOCK_CONFLICT);
    assert_string_equal(file_text(&other, "/f", text), "0123456789");
    IS(unlock(d, mine, 4, 6), NO_MATCHING_BYTE_RANGE_LOCK);
    IS(unlock(d, mine, 4, 0), OK);
    IS(lock(d, mine, 0, 0, NO_WRITE | ADVISORY), OK);
    IS(do_write(&other, theirs, 0, "x", 1), OK); /* advisory */
    IS(unlock(d, mine, 0, 0), OK);
    IS(lock(d, mine, INT64_MAX, UINT64_MAX, NO_READ), OK);
    IS(unlock(d, mine, INT64_MAX, UINT64_MAX), OK);
    IS(lock(d, mine, 0, 1, NO_DELETE), OK);
    IS(do_path(&other, SALLY_OP_REMOVE, "/f"), LOCK_CONFLICT);
    IS(do_close(d, mine), OK);
    IS(do_path(&other, SALLY_OP_REMOVE, "/f"), OK);
    driver_stop(&other);
}

static void ranges_are_bounded(struct driver *d)
{
    sally_file *file;
    unsigned taken = 0;
    IS(do_open(d, "/f", NEW, &file), OK);
    while (lock(d, file, taken * 2, 1, NO_WRITE) == SALLY_OK)
        taken++;
    assert_true(taken >= 100 && taken <= 10000);
    IS(unlock(d, file, 0, 1), OK);
    IS(lock(d, file, 0, 1, NO_WRITE), OK);
    IS(do_opendir(d, "/", &file), OK);
    IS(lock(d, file, 0, 1, NO_WRITE), UNSUPPORTED);
    IS(unlock(d, file, 0, 1), UNSUPPORTED);
}

static void copies_respect_locks(struct driver *d)
{
    struct driver other;
    sally_file *mine, *from, *to;
    make_file(d, "/f", "0123456789");
    start_other(&other, d);
    IS(do_open(d, "/f", RW, &mine), OK);
    IS(do_open(&other, "/f", SALLY_OPEN_READ, &from), OK);
    IS(do_open(&other, "/g", NEW, &to), OK);
    IS(lock(d, mine, 5, 1, NO_READ), OK);
    struct op *op = driver_file_op(&other, SALLY_OP_COPY, from);
    op->pub.u.copy = (sally_op_copy){.to = to};
    IS(driver_finish(&other, op), BYTE_RANGE_LOCK_CONFLICT);
    op = driver_file_op(&other, SALLY_OP_COPY, from);
    op->pub.u.copy = (sally_op_copy){.to = to, .length = 5};
    IS(driver_finish(&other, op), OK);
    driver_stop(&other);
}

static void appends_atomically(struct driver *d)
{
    sally_file *a, *b;
    char text[1001];
    uint32_t flags = SALLY_OPEN_WRITE | SALLY_OPEN_APPEND_ATOMIC | SALLY_OPEN_CREATE;
    IS(do_open(d, "/f", flags, &a), OK);
    IS(do_open(d, "/f", flags | SALLY_OPEN_APPEND, &b), OK);
    IS(do_write(d, a, 0, "one ", 4), OK);
    IS(do_write(d, b, 0, "two ", 4), OK);
    IS(do_write(d, a, 0, "three", 5), OK);
    assert_string_equal(file_text(d, "/f", text), "one two three");
    IS(do_close(d, a), OK);
    IS(do_open(d, "/f", SALLY_OPEN_READ | SALLY_OPEN_APPEND_ATOMIC, &a), OK);
    IS(do_write(d, a, 0, "x", 1), INVALID_HANDLE);
    IS(do_symlink(d, "/link", "f"), OK);
    IS(do_open(d, "/link", SALLY_OPEN_READ | SALLY_OPEN_NOFOLLOW, &a), LINK_LOOP);
}

static void digests(struct driver *d)
{
    static const struct {
        const char *algorithms, *wanted;
        uint64_t offset, length;
    } table[] = {
        {"md5", "md5 900150983cd24fb0d6963f7d28e17f72", 0, 0},
        {"sha1", "sha1 a9993e364706816aba3e25717850c26c9cd0d89d", 0, 0},
        {"sha224", "sha224 23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7", 0, 0},
        {"sha256", "sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 0, 0},
        {"crc32", "crc32 352441c2", 0, 0},
        {"none,,crc32,md5", "crc32 352441c2", 0, 3},
        {"x,md5", "md5 0cc175b9c0f1b6a831c399e269772661", 0, 1}, /* "a" */
        {"md5", "md5 5360af35bde9ebd8f01f492dc059593c", 1, 100}, /* "bc" */
        {"md5", "md5 d41d8cd98f00b204e9800998ecf8427e", 3, 0},   /* "" */
        {"crc32", "crc32 00000000", UINT64_MAX, UINT64_MAX},
    };
    char text[HASH_TEXT_SIZE];
    sally_file *file;
    make_file(d, "/abc", "abc");
    make_file(d, "/empty", "");
    IS(do_open(d, "/abc", SALLY_OPEN_READ, &file), OK);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        sally_op_hash how = {.algorithms = table[i].algorithms,
                             .offset = table[i].offset,
                             .length = table[i].length};
        IS(do_hash(d, NULL, "/abc", &how, text), OK);
        assert_string_equal(text, table[i].wanted);
        IS(do_hash(d, file, NULL, &how, text), OK);
        assert_string_equal(text, table[i].wanted);
    }
    sally_op_hash how = {.algorithms = "blake2b512,sha512"};
    IS(do_hash(d, NULL, "/abc", &how, text), OK);
    assert_int_equal(strlen(strchr(text, ' ') + 1), 128);
    how.algorithms = "sha384";
    IS(do_hash(d, NULL, "/empty", &how, text), OK);
    assert_int_equal(strlen(strchr(text, ' ') + 1), 96);
    how.algorithms = "sha3,MD5";
    IS(do_hash(d, NULL, "/abc", &how, text), UNSUPPORTED);
    how.algorithms = "";
    IS(do_hash(d, NULL, "/abc", &how, text), UNSUPPORTED);
    how.algorithms = "md5";
    IS(do_hash(d, NULL, "/none", &how, text), NO_SUCH_FILE);
    IS(do_hash(d, NULL, "/", &how, text), FILE_IS_A_DIRECTORY);
    IS(do_symlink(d, "/link", "abc"), OK);
    IS(do_hash(d, NULL, "/link", &how, text), OK);
    assert_string_equal(text, "md5 900150983cd24fb0d6963f7d28e17f72");
}

static void digests_of_blocks(struct driver *d)
{
    static uint8_t data[65537 * 2 + 1];
    char text[HASH_TEXT_SIZE], one[HASH_TEXT_SIZE];
    sally_file *file;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 31 + i / 256);
    IS(do_open(d, "/f", NEW, &file), OK);
    IS(do_write(d, file, 0, data, sizeof(data)), OK);

    sally_op_hash how = {.algorithms = "md5", .block_size = 65537};
    IS(do_hash(d, file, NULL, &how, text), OK);
    assert_int_equal(strlen(text), 4 + 3 * 32); /* the last one of a single byte */
    for (unsigned i = 0; i < 3; i++) {
        sally_op_hash part = {.algorithms = "md5", .offset = 65537 * i, .length = 65537};
        IS(do_hash(d, file, NULL, &part, one), OK);
        assert_memory_equal(text + 4 + 32 * i, one + 4, 32);
    }
    how.length = 65537 * 2;
    IS(do_hash(d, file, NULL, &how, text), OK);
    assert_int_equal(strlen(text), 4 + 2 * 32);
    how = (sally_op_hash){.algorithms = "crc32", .block_size = 256, .length = 512};
    IS(do_hash(d, file, NULL, &how, text), OK);
    assert_int_equal(strlen(text), 6 + 2 * 8);
    how.block_size = 255;
    IS(do_hash(d, file, NULL, &how, text), INVALID_PARAMETER);
    how.block_size = 1;
    IS(do_hash(d, file, NULL, &how, text), INVALID_PARAMETER);
    how = (sally_op_hash){.algorithms = "md5", .block_size = 256, .offset = sizeof(data)};
    IS(do_hash(d, file, NULL, &how, text), OK);
    assert_string_equal(text, "md5 "); /* no blocks */
}

/* With turns for others in between, where there are others. */
static void digests_of_large_files(struct driver *d)
{
    char whole[HASH_TEXT_SIZE], text[HASH_TEXT_SIZE];
    sally_file *file;
    sally_attrs size = {.valid = SALLY_ATTR_SIZE, .size = (9u << 20) + 1};
    sally_op_hash how = {.algorithms = "md5"};
    IS(do_open(d, "/f", NEW, &file), OK);
    IS(do_fsetstat(d, file, &size), OK);
    IS(do_hash(d, file, NULL, &how, whole), OK);
    assert_string_equal(whole, "md5 9f5ba80e79008da065640b11126835f4");
    IS(do_hash(d, NULL, "/f", &how, text), OK);
    assert_string_equal(text, whole);
    assert_int_equal(d->resumed, d->host.resume_later ? 4 : 0); /* twice for each */
    IS(do_path(d, SALLY_OP_REMOVE, "/f"), OK);
}

/* The answer is bounded, not the file. */
static void digests_are_bounded(struct driver *d)
{
    char text[HASH_TEXT_SIZE];
    sally_file *file;
    uint64_t most = DIGEST_MAX_ANSWER / 4 * 256;
    sally_attrs size = {.valid = SALLY_ATTR_SIZE, .size = most + 1};
    sally_op_hash how = {.algorithms = "crc32", .block_size = 256};
    IS(do_open(d, "/f", NEW, &file), OK);
    IS(do_fsetstat(d, file, &size), OK);
    IS(do_hash(d, file, NULL, &how, text), INVALID_PARAMETER);
    how.length = most;
    IS(do_hash(d, file, NULL, &how, text), OK);
    how.length = 0;
    how.block_size = UINT32_MAX;
    IS(do_hash(d, file, NULL, &how, text), OK);
}

static void digests_respect_locks(struct driver *d)
{
    struct driver other;
    sally_file *mine, *theirs;
    char text[HASH_TEXT_SIZE];
    sally_op_hash how = {.algorithms = "md5"};
    make_file(d, "/f", "0123456789");
    start_other(&other, d);
    IS(do_open(d, "/f", SALLY_OPEN_READ | NO_READ, &mine), OK);
    IS(do_hash(&other, NULL, "/f", &how, text), LOCK_CONFLICT);
    IS(do_close(d, mine), OK);
    IS(do_open(d, "/f", RW, &mine), OK);
    IS(do_open(&other, "/f", RW, &theirs), OK);
    IS(lock(d, mine, 5, 1, NO_READ), OK);
    IS(do_hash(&other, theirs, NULL, &how, text), BYTE_RANGE_LOCK_CONFLICT);
    IS(do_hash(&other, NULL, "/f", &how, text), BYTE_RANGE_LOCK_CONFLICT);
    IS(do_hash(d, NULL, "/f", &how, text), OK);
    how.length = 5;
    IS(do_hash(&other, NULL, "/f", &how, text), OK);
    driver_stop(&other);
}

#define CASE(function)                                                                             \
    {                                                                                              \
#function, function                                                                        \
    }
const struct storage_case hold_cases[] = {
    CASE(reservations),
    CASE(reservations_and_cuts),
    CASE(reserved_names),
    CASE(ranges),
    CASE(ranges_without_end),
    CASE(ranges_are_bounded),
    CASE(copies_respect_locks),
    CASE(appends_atomically),
    CASE(digests),
    CASE(digests_of_blocks),
    CASE(digests_of_large_files),
    CASE(digests_are_bounded),
    CASE(digests_respect_locks),
};
const size_t hold_case_count = COUNT_OF(hold_cases);
