#include "cmocka_all.h"

#include "scp/client.h"

#define ZEROS(n) "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", (n)

static void add(struct client *c, const char *path)
{
    store_add(&c->store, path, SALLY_TYPE_REGULAR, NULL, 0)->permissions = 0644;
}

static void prepare(struct client *c)
{
    store_add(&c->store, "/t", SALLY_TYPE_DIRECTORY, NULL, 0);
    add(c, "/t/a.c");
    add(c, "/t/b.c");
    add(c, "/t/.c");
    store_add(&c->store, "/t/d", SALLY_TYPE_DIRECTORY, NULL, 0);
    add(c, "/t/d/a.c");
    add(c, "/t/*");
}

static void patterns_find_files(void **state)
{
    (void)state;
    check(&(struct exchange){"scp -f /t/*.c", ZEROS(5), TEXT("C0644 0 a.c\n\0C0644 0 b.c\n\0"), 0,
                             prepare, NULL});
    check(
        &(struct exchange){"scp -f /t/*/*.c", ZEROS(3), TEXT("C0644 0 a.c\n\0"), 0, prepare, NULL});
    check(
        &(struct exchange){"scp -f /t/*/a.c", ZEROS(3), TEXT("C0644 0 a.c\n\0"), 0, prepare, NULL});
    check(&(struct exchange){"scp -f /t/'*'", ZEROS(3), TEXT("C0644 0 *\n\0"), 0, prepare, NULL});
    check(&(struct exchange){"scp -f /t/[!ab].c /t/.?", ZEROS(3),
                             TEXT("\1scp: /t/[!ab].c: No such file or directory\nC0644 0 .c\n\0"),
                             1, prepare, NULL});
    check(&(struct exchange){"scp -f ../../t/b*", ZEROS(3), TEXT("C0644 0 b.c\n\0"), 0, prepare,
                             NULL});
    check(&(struct exchange){"scp -f /t/*/missing", ZEROS(3),
                             TEXT("\1scp: /t/*/missing: No such file or directory\n"), 1, prepare,
                             NULL});
    check(&(struct exchange){"scp -f /none/*", ZEROS(3),
                             TEXT("\1scp: /none/*: No such file or directory\n"), 1, prepare,
                             NULL});
}

static void patterns_do_not_multiply(void **state)
{
    (void)state;
    check(&(struct exchange){"scp -f /*/../*/../*/../t", ZEROS(3),
                             TEXT("\1scp: /*/../*/../*/../t: Invalid file name\n"), 1, prepare,
                             NULL});
    check(&(struct exchange){"scp -f /*/'..'/x", ZEROS(3),
                             TEXT("\1scp: /*/../x: Invalid file name\n"), 1, prepare, NULL});
}

static void wide_directories_are_read_in_parts(void **state)
{
    (void)state;
    static uint8_t zeros[9000];
    struct client c;
    client_init(&c, RUN_HOLD);
    c.store.many = 2000;
    c.store.empty_rounds = 3;
    assert_true(client_start(&c, "md5sum /many/*"));
    client_say(&c, zeros, 0);
    client_eof(&c);
    assert_true(c.finished);
    assert_int_equal(c.store.calls[SALLY_OP_HASH],
                     2001); /* none is there: the pattern itself, too */
    assert_true(c.store.calls[SALLY_OP_READDIR] > 1);
    client_clear(&c);
}

/* The storage lists one name at a time, and many before the one that is wanted. */
static void what_does_not_match_is_not_the_end(void **state)
{
    (void)state;
    struct client c;
    client_init(&c, 0);
    c.store.many = 60;
    c.store.one_by_one = true;
    assert_true(client_start(&c, "md5sum /many/*59*"));
    client_eof(&c);
    assert_true(c.finished);
    assert_int_equal(c.store.calls[SALLY_OP_HASH], 2); /* and the pattern: it is not there */
    client_clear(&c);
}

static void odd_names_of_a_storage_are_left_out(void **state)
{
    (void)state;
    struct client c;
    client_init(&c, 0);
    c.store.many = 3;
    c.store.odd_names = true;
    assert_true(client_start(&c, "md5sum /many/*"));
    client_eof(&c);
    assert_true(c.finished);
    assert_true(c.err.size > 0);
    assert_null(memmem(buf_head(&c.err), c.err.size, "..", 2));
    client_clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_find_files),
        cmocka_unit_test(patterns_do_not_multiply),
        cmocka_unit_test(wide_directories_are_read_in_parts),
        cmocka_unit_test(what_does_not_match_is_not_the_end),
        cmocka_unit_test(odd_names_of_a_storage_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
