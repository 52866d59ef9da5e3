#include "cmocka_all.h"

#include "base/mem.h"
#include "core/path.h"

static void expect(const char *base, const char *raw, const char *wanted)
{
    struct buf out;
    buf_init(&out, path_room(base, slice_of(raw))); /* it is never too small */
    assert_int_equal(path_normalise(&out, base, slice_of(raw)), SALLY_OK);
    assert_string_equal((const char *)buf_head(&out), wanted);
    buf_clear(&out);
}

static void becomes_canonical(void **state)
{
    expect("/", "", "/");
    expect("/home/joe", "", "/home/joe");
    expect("/home/joe", ".", "/home/joe");
    expect("/home/joe", "..", "/home");
    expect("/home/joe", "../..", "/");
    expect("/home/joe", "../../..", "/");
    expect("/home/joe", "../../../etc/passwd", "/etc/passwd");
    expect("/home", "a//b///c/", "/home/a/b/c");
    expect("/home", "/a/./b/../c", "/a/c");
    expect("/", "/", "/");
    expect("/", "//", "/");
    expect("/", "/..", "/");
    expect("/", "..a", "/..a");
    expect("/", "a../b", "/a../b");
    expect("/", "...", "/...");
    expect("/x", "\xff\xfe/\xc0\xae\xc0\xae/y",
           "/x/\xff\xfe/\xc0\xae\xc0\xae/y"); /* bytes, not characters */
    expect("/x", "a\\..\\b", "/x/a\\..\\b");
    expect("/x", " . / .. ", "/x/ . / .. ");
    (void)state;
}

static void refuses_nul_and_length(void **state)
{
    struct buf out;
    buf_init(&out, 100000);
    struct slice nul = {(const uint8_t *)"a\0b", 3};
    assert_int_equal(path_normalise(&out, "/", nul), SALLY_INVALID_FILENAME);
    uint8_t *big = mem_alloc(PATH_MAX_BYTES + 1);
    memset(big, 'a', PATH_MAX_BYTES + 1);
    struct slice too_long = {big, PATH_MAX_BYTES + 1};
    assert_int_equal(path_normalise(&out, "/", too_long), SALLY_INVALID_FILENAME);
    too_long.size = PATH_MAX_BYTES; /* fits by itself, but not behind the base */
    out.max = path_room("/home", too_long);
    assert_int_equal(path_normalise(&out, "/home", too_long), SALLY_INVALID_FILENAME);
    assert_int_equal(out.size, 0);
    mem_free(big);
    buf_clear(&out);
    (void)state;
}

static void compares_by_components(void **state)
{
    assert_true(path_is_below("/root", "/root"));
    assert_true(path_is_below("/root/x", "/root"));
    assert_false(path_is_below("/rootx", "/root"));
    assert_true(path_is_below("/anything", "/"));
    assert_string_equal(path_last("/a/b"), "b");
    assert_string_equal(path_last("/"), "");
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(becomes_canonical),
        cmocka_unit_test(refuses_nul_and_length),
        cmocka_unit_test(compares_by_components),
    };
    return cmocka_run_group_tests_name("core/path", tests, NULL, NULL);
}
