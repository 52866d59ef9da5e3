/* The streams of zlib@openssh.com. */
#include "cmocka_all.h"

#include "base/mem.h"
#include "ssh/compress.h"
#include "ssh/ssh.h"

#define MESSAGE_MAX 100000u

/* Settings see the names, the key exchange the rows. */
static void there_is_one_list_of_methods(void **state)
{
    (void)state;
    size_t count = 0;
    for (; compression_method_at(count); count++) {
        const struct compression_method *m = compression_method_at(count);
        assert_string_equal(ssh_compression_at(count), m->name);
        assert_ptr_equal(compression_method_find(slice_of(m->name)), m);
        assert_int_equal(m->deflates, strcmp(m->name, "none") != 0);
    }
    assert_int_equal(count, 2);
    assert_null(ssh_compression_at(count));
    assert_null(compression_method_find(slice_of("zlib"))); /* would begin before the login */
    assert_null(compression_method_find(slice_of("")));
}

static void both(struct compressor *out, struct compressor *in, const uint8_t *data, size_t size,
                 size_t head_size)
{
    struct slice head = {data, head_size}, body = {data + head_size, size - head_size};
    struct buf packet, message;
    buf_init(&packet, 2 * MESSAGE_MAX);
    buf_init(&message, MESSAGE_MAX);
    assert_true(compressor_deflate(out, head, body, &packet));
    assert_true(compressor_inflate(in, buf_slice(&packet), &message));
    assert_int_equal(message.size, size);
    assert_memory_equal(buf_head(&message), data, size);
    buf_clear(&packet);
    buf_clear(&message);
}

static void messages_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct compressor *out = compressor_new(true), *in = compressor_new(false);
    uint8_t *data = mem_alloc(MESSAGE_MAX);
    assert_non_null(out);
    assert_non_null(in);
    assert_non_null(data);
    uint32_t x = 1;
    for (size_t i = 0; i < MESSAGE_MAX; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = i < MESSAGE_MAX / 2 ? (uint8_t)(x >> 24) : 'a';
    }
    static const size_t sizes[] = {1, 2, 3, 9, 100, 4095, 4096, 4097, 50000, MESSAGE_MAX};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        both(out, in, data, sizes[i], 0);
        both(out, in, data, sizes[i], 1);
        both(out, in, data + MESSAGE_MAX - sizes[i], sizes[i], sizes[i]);
    }
    compressor_free(out);
    compressor_free(in);
    mem_free(data);
}

static void the_maximum_holds_to_the_byte(void **state)
{
    (void)state;
    uint8_t *data = mem_zalloc(MESSAGE_MAX);
    assert_non_null(data);
    for (size_t more = 0; more < 2; more++) {
        struct compressor *out = compressor_new(true), *in = compressor_new(false);
        struct slice head = {data, 50000 + more}, body = {NULL, 0};
        struct buf packet, message;
        buf_init(&packet, MESSAGE_MAX);
        buf_init(&message, 50000);
        assert_true(compressor_deflate(out, head, body, &packet));
        assert_int_equal(compressor_inflate(in, buf_slice(&packet), &message), !more);
        assert_true(message.size <= 50000);
        buf_clear(&packet);
        buf_clear(&message);
        compressor_free(out);
        compressor_free(in);
    }
    mem_free(data);
}

static void junk_is_refused(void **state)
{
    (void)state;
    static const uint8_t junk[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct slice packet = {junk, sizeof junk};
    struct compressor *in = compressor_new(false);
    struct buf message;
    buf_init(&message, 1000);
    assert_false(compressor_inflate(in, packet, &message));
    buf_clear(&message);
    compressor_free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_one_list_of_methods),
        cmocka_unit_test(messages_come_out_as_they_went_in),
        cmocka_unit_test(the_maximum_holds_to_the_byte),
        cmocka_unit_test(junk_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
