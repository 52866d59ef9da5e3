#include "cmocka_all.h"

#include "scp/client.h"

static void digests_of_nothing_are_known(void **state)
{
    (void)state;
    check(&(struct exchange){"md5sum", TEXT(""), TEXT("d41d8cd98f00b204e9800998ecf8427e  -\n"), 0,
                             NULL, NULL});
    check_error(&(struct exchange){"md5sum", TEXT("x"), TEXT(""), 1, NULL, NULL},
                "Standard input is not supported: give a file.\n");
}

/* Old versions of rclone ask so. */
static void digests_of_abc_are_known(void **state)
{
    (void)state;
    check(&(struct exchange){"echo 'abc' | md5sum", TEXT(""),
                             TEXT("0bee89b07a248e27c83fc3d5951213c1  -\n"), 0, NULL, NULL});
    check(&(struct exchange){"echo 'abc' | sha1sum", TEXT(""),
                             TEXT("03cfd743661f07975fa2f1220c5194cbaff48451  -\n"), 0, NULL, NULL});
}

static void hide(struct client *c)
{
    c->permissions = SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_READ;
}

static void failures_are_told(void **state)
{
    (void)state;
    check_error(&(struct exchange){"sha1sum /missing", TEXT(""), TEXT(""), 1, NULL, NULL},
                "sha1sum: /missing: No such file or directory\n");
    check_error(&(struct exchange){"sha1sum hello", TEXT("ignored"), TEXT(""), 1, hide, NULL},
                "sha1sum: hello: Permission denied\n");
}

/* coreutils marks such lines with a backslash. */
static void names_are_escaped(void **state)
{
    (void)state;
    struct client c;
    client_init(&c, 0);
    store_add(&c.store, "/a\\b\nc", SALLY_TYPE_REGULAR, "x", 1);
    assert_true(client_start(&c, "md5sum '/a\\b\nc' hello"));
    client_eof(&c);
    const char *out = (const char *)buf_head(&c.out);
    const char *end = memchr(out, '\n', c.out.size);
    assert_non_null(end);
    assert_int_equal(*out, '\\');
    assert_true(end - out > 10);
    assert_memory_equal(end - 10, "  /a\\\\b\\nc", 10);
    assert_int_not_equal(end[1], '\\');
    assert_int_equal(c.status, 0);
    client_clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_of_nothing_are_known),
        cmocka_unit_test(digests_of_abc_are_known),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(names_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
