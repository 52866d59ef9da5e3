/* Whole files and long writes: several requests are in flight, and every byte arrives. */
#include <pthread.h>
#include <stdlib.h>

#include "cmocka_all.h"
#include "sallyport/client.h"
#include "sallyport/file.h"
#include "sallyport/fs.h"
#include "sallyport/storages.h"

enum { SIZE = 1000003 };

static uint8_t *pattern(size_t size)
{
    uint8_t *data = malloc(size + 1);
    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    return data;
}

static void add_fault(sally_fs *fs, uint64_t kinds, uint32_t action, uint64_t amount,
                      sally_status status, uint64_t skip)
{
    const sally_fault fault = {.struct_size = sizeof fault,
                               .kinds = kinds,
                               .action = action,
                               .amount = amount,
                               .status = status,
                               .skip = skip};
    assert_int_equal(sally_fs_fault_add(fs, &fault), SALLY_E_OK);
}

/* A storage in memory with faults, and a client of it. */
struct world {
    sally_fs *fs;
    sally_client *c;
    uint8_t *data;
};

static struct world world_with(const sally_client_options *options)
{
    struct world w = {.data = pattern(SIZE)};
    sally_fs *inner;
    assert_int_equal(sally_fs_memory(&inner, 0), SALLY_E_OK);
    assert_int_equal(sally_fs_fault(&w.fs, inner), SALLY_E_OK);
    sally_fs_unref(inner);
    assert_int_equal(sally_client_new(&w.c, w.fs, options), SALLY_E_OK);
    return w;
}

static void end(struct world *w)
{
    sally_client_free(w->c);
    sally_fs_unref(w->fs);
    free(w->data);
}

static void expect_file(struct world *w, const char *path, size_t size)
{
    const void *data;
    size_t got;
    assert_int_equal(sally_client_get(w->c, path, &data, &got), SALLY_OK);
    assert_int_equal(got, size);
    assert_memory_equal(data, w->data, size);
    assert_int_equal(((const char *)data)[size], 0);
}

static void test_sizes(void **state)
{
    static const size_t sizes[] = {0, 1, 999, 1000, 1001, 15000, 16000, 16001, SIZE};
    static const uint32_t parallels[] = {1, 3, 16};
    (void)state;
    for (size_t p = 0; p < 3; p++) {
        const sally_client_options options = {
            .struct_size = sizeof options, .parallel = parallels[p], .block_size = 1000};
        struct world w = world_with(&options);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            assert_int_equal(sally_client_put(w.c, "/f", w.data, sizes[i]), SALLY_OK);
            expect_file(&w, "/f", sizes[i]);
        }
        end(&w);
    }
}

static void test_short_reads(void **state)
{
    struct world w = world_with(NULL);
    (void)state;
    add_fault(w.fs, SALLY_OP_BIT(SALLY_OP_READ), SALLY_FAULT_SHORT, 777, SALLY_OK, 0);
    assert_int_equal(sally_client_put(w.c, "/f", w.data, SIZE), SALLY_OK);
    expect_file(&w, "/f", SIZE);
    end(&w);
}

static void test_late_answers(void **state)
{
    struct world w = world_with(NULL);
    (void)state;
    add_fault(w.fs, SALLY_OP_ALL, SALLY_FAULT_LATE, 0, SALLY_OK, 0);
    assert_int_equal(sally_client_put(w.c, "/f", w.data, SIZE), SALLY_OK);
    expect_file(&w, "/f", SIZE);
    end(&w);
}

static void test_failures(void **state)
{
    struct world w = world_with(NULL);
    const void *data;
    size_t size;
    (void)state;
    assert_int_equal(sally_client_put(w.c, "/f", w.data, SIZE), SALLY_OK);
    add_fault(w.fs, SALLY_OP_BIT(SALLY_OP_READ), SALLY_FAULT_FAIL, 0, SALLY_FILE_CORRUPT, 20);
    assert_int_equal(sally_client_get(w.c, "/f", &data, &size), SALLY_FILE_CORRUPT);
    assert_string_equal(sally_client_message(w.c), "File is corrupt");
    sally_fs_fault_clear(w.fs);
    add_fault(w.fs, SALLY_OP_BIT(SALLY_OP_WRITE), SALLY_FAULT_FAIL, 0, SALLY_QUOTA_EXCEEDED, 5);
    assert_int_equal(sally_client_put(w.c, "/g", w.data, SIZE), SALLY_QUOTA_EXCEEDED);
    assert_string_equal(sally_client_message(w.c), "Quota exceeded");
    sally_fs_fault_clear(w.fs);
    add_fault(w.fs, SALLY_OP_BIT(SALLY_OP_CLOSE), SALLY_FAULT_FAIL_AFTER, 0, SALLY_NO_MEDIA, 0);
    assert_int_equal(sally_client_put(w.c, "/g", w.data, 10), SALLY_NO_MEDIA);
    sally_fs_fault_clear(w.fs);
    expect_file(&w, "/g", 10);
    end(&w);
}

static void test_more_than_wanted(void **state)
{
    const sally_client_options options = {.struct_size = sizeof options, .max_get = 70000};
    struct world w = world_with(&options);
    const void *data;
    size_t size;
    (void)state;
    assert_int_equal(sally_client_put(w.c, "/f", w.data, 70000), SALLY_OK);
    expect_file(&w, "/f", 70000);
    assert_int_equal(sally_client_put(w.c, "/f", w.data, 70001), SALLY_OK);
    assert_int_equal(sally_client_get(w.c, "/f", &data, &size), SALLY_FAILURE);
    assert_string_equal(sally_client_message(w.c), "the file has more than max_get bytes");
    end(&w);
}

/* One WRITE up to 255 KiB, several beyond; less if the server takes less. */
static void test_long_writes(void **state)
{
    static const struct {
        uint32_t max_packet;
        size_t size;
        uint32_t writes;
    } rows[] = {{0, 255 * 1024, 1},
                {0, 255 * 1024 + 1, 2},
                {34000, 32976, 1},
                {34000, 32977, 2},
                {0, SIZE, 4}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const sally_sftp_options server = {.struct_size = sizeof server,
                                           .max_packet = rows[i].max_packet};
        const sally_client_options options = {.struct_size = sizeof options, .server = &server};
        struct world w = world_with(&options);
        sally_client_file *file;
        /* The WRITE after the last one would fail. */
        add_fault(w.fs, SALLY_OP_BIT(SALLY_OP_WRITE), SALLY_FAULT_FAIL, 0, SALLY_FAILURE,
                  rows[i].writes);
        assert_int_equal(
            sally_client_open(w.c, "/f", SALLY_OPEN_WRITE | SALLY_OPEN_CREATE, NULL, &file),
            SALLY_OK);
        assert_int_equal(sally_client_write(w.c, file, 0, w.data, rows[i].size), SALLY_OK);
        assert_int_equal(sally_client_write(w.c, file, 0, w.data, 1), SALLY_FAILURE);
        expect_file(&w, "/f", rows[i].size);
        end(&w);
    }
}

/* ---- How many are in flight ---- */

struct counted {
    pthread_mutex_t lock;
    sally_op *kept[64];
    uint32_t count, wanted;
};

/* Answers none before there are as many as are wanted. */
static sally_status read_together(sally_fs *fs, sally_op *op)
{
    struct counted *k = sally_fs_data(fs);
    sally_op *ready[64];
    uint32_t count = 0;
    if (op->u.io.offset >= 200)
        return SALLY_EOF;
    op->u.io.done = op->u.io.length;
    memset(op->u.io.data, 'x', op->u.io.length);
    if (op->u.io.offset < 100) /* the client begins with few */
        return SALLY_OK;
    pthread_mutex_lock(&k->lock);
    k->kept[k->count++] = op;
    if (k->count == k->wanted) {
        count = k->count;
        memcpy(ready, k->kept, sizeof ready);
        k->count = 0;
    }
    pthread_mutex_unlock(&k->lock);
    for (uint32_t i = 0; i < count; i++)
        sally_op_finish(ready[i], SALLY_OK);
    return SALLY_PENDING;
}

static sally_status well(sally_fs *fs, sally_op *op)
{
    (void)fs;
    (void)op;
    return SALLY_OK;
}

static void test_reads_are_in_flight_together(void **state)
{
    static const sally_fs_methods methods = {.struct_size = sizeof methods,
                                             .traits = SALLY_FS_CONCURRENT,
                                             .open = well,
                                             .read = read_together};
    const sally_client_options options = {
        .struct_size = sizeof options, .parallel = 10, .block_size = 10};
    struct counted k = {.lock = PTHREAD_MUTEX_INITIALIZER, .wanted = 10};
    const void *data;
    size_t size;
    sally_fs *fs;
    sally_client *c;
    (void)state;
    assert_int_equal(sally_fs_new(&fs, &methods, &k), SALLY_E_OK);
    assert_int_equal(sally_client_new(&c, fs, &options), SALLY_E_OK);
    assert_int_equal(sally_client_get(c, "/f", &data, &size), SALLY_OK);
    assert_int_equal(size, 200);
    sally_client_free(c);
    sally_fs_unref(fs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_short_reads),
        cmocka_unit_test(test_late_answers),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_more_than_wanted),
        cmocka_unit_test(test_long_writes),
        cmocka_unit_test(test_reads_are_in_flight_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
