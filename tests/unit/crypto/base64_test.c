#include "crypto/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"

/* RFC 4648 section 10 */
static const struct {
    const char *plain, *padded, *bare;
} vectors[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        struct buf b;
        buf_init(&b, 100);
        base64_encode(slice_of(vectors[i].plain), true, &b);
        assert_true(slice_is(buf_slice(&b), vectors[i].padded));
        buf_reset(&b);
        base64_encode(slice_of(vectors[i].plain), false, &b);
        assert_true(slice_is(buf_slice(&b), vectors[i].bare));
        buf_reset(&b);
        assert_true(base64_decode(slice_of(vectors[i].padded), &b));
        assert_true(slice_is(buf_slice(&b), vectors[i].plain));
        buf_reset(&b);
        assert_true(base64_decode(slice_of(vectors[i].bare), &b));
        assert_true(slice_is(buf_slice(&b), vectors[i].plain));
        buf_clear(&b);
    }
}

static void test_every_size_and_byte(void **state)
{
    (void)state;
    uint8_t data[256];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 167 + 13);
    for (size_t size = 0; size <= sizeof data; size++) {
        struct buf text, back;
        struct slice in = {data, size};
        buf_init(&text, 1000);
        buf_init(&back, 1000);
        base64_encode(in, size % 2 == 0, &text);
        assert_true(base64_decode(buf_slice(&text), &back));
        assert_true(slice_equal(buf_slice(&back), in));
        buf_clear(&text);
        buf_clear(&back);
    }
}

static void test_spaces_are_skipped(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    assert_true(base64_decode(slice_of(" Zm 9v\r\n\tYg =\n= "), &b));
    assert_true(slice_is(buf_slice(&b), "foob"));
    buf_clear(&b);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",    "Zg=",    "Zg===", "Zm8==", "Zm9v=", "=",    "====",     "Zg==Zg==", "Zm9v-",
        "Zm9_", "Zm9v\v", "Zh==",  "Zm9=",  "Zm9vZ", "Zg=g", "Zm9v\x80", "Zm9v\xff", "Zm!9v",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct buf b;
        buf_init(&b, 100);
        put_u8(&b, 7);
        assert_false(base64_decode(slice_of(bad[i]), &b));
        assert_int_equal(b.size, 1); /* nothing is left behind */
        buf_clear(&b);
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 3);
    base64_encode(slice_of("foo"), true, &b);
    assert_true(b.failed);
    buf_clear(&b);
    assert_false(base64_decode(slice_of("Zm9vYg=="), &b));
    assert_true(b.failed);
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_every_size_and_byte),
        cmocka_unit_test(test_spaces_are_skipped),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
