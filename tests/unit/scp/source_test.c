#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/session.h"
#include "scp/client.h"

#define ZEROS(n) "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", (n)

static void prepare_tree(struct client *c)
{
    store_add(&c->store, "/t", SALLY_TYPE_DIRECTORY, NULL, 0)->permissions = 0750;
    store_add(&c->store, "/t/d", SALLY_TYPE_DIRECTORY, NULL, 0)->permissions = 0700;
    store_add(&c->store, "/t/d/f", SALLY_TYPE_REGULAR, "42", 2)->permissions = 0600;
    store_add(&c->store, "/t/empty", SALLY_TYPE_REGULAR, NULL, 0)->permissions = 0644;
    store_find(&c->store, "/t/d/f")->mtime = 1234567;
    store_find(&c->store, "/home/joe/hello")->permissions = 0640;
}

static void files_are_sent(void **state)
{
    (void)state;
    check(&(struct exchange){"scp -f hello", ZEROS(3), TEXT("C0640 12 hello\nHello, world\0"), 0,
                             prepare_tree, NULL});
    check(&(struct exchange){"scp -f ./../joe//hello /t/empty", ZEROS(5),
                             TEXT("C0640 12 hello\nHello, world\0C0644 0 empty\n\0"), 0,
                             prepare_tree, NULL});
    check(&(struct exchange){"scp -p -f /t/d/f", ZEROS(4),
                             TEXT("T1234567 0 1234567 0\nC0600 2 f\n42\0"), 0, prepare_tree, NULL});
}

static void trees_are_sent(void **state)
{
    (void)state;
    check(&(struct exchange){"scp -r -f /t", ZEROS(9),
                             TEXT("D0750 0 t\nD0700 0 d\nC0600 2 f\n42\0E\nC0644 0 empty\n\0E\n"),
                             0, prepare_tree, NULL});
    check(&(struct exchange){"scp -f /t", ZEROS(1),
                             TEXT("\1scp: /t: is a directory; -r was not given\n"), 1, prepare_tree,
                             NULL});
}

static void answers_are_heeded(void **state)
{
    (void)state;
    /* A warning: the next one. */
    check(&(struct exchange){"scp -f hello /t/d/f", TEXT("\0\1no\n\0\0"),
                             TEXT("C0640 12 hello\nC0600 2 f\n42\0"), 1, prepare_tree, NULL});
    check(&(struct exchange){"scp -r -f /t", TEXT("\0\0\1no\n\0\0\0"),
                             TEXT("D0750 0 t\nD0700 0 d\nC0644 0 empty\n\0E\n"), 1, prepare_tree,
                             NULL});
    check(&(struct exchange){"scp -p -f hello", TEXT("\0\1no\n"),
                             TEXT("T1000000000 0 1000000000 0\n"), 1, prepare_tree, NULL});
    /* The end. */
    check(&(struct exchange){"scp -f hello /t/d/f", TEXT("\0\2no\n\0\0"), TEXT("C0640 12 hello\n"),
                             1, prepare_tree, NULL});
    check(&(struct exchange){"scp -f hello", TEXT("what is this\n"), TEXT(""), 1, prepare_tree,
                             NULL});
    check(&(struct exchange){"scp -f hello", TEXT("\0"), TEXT("C0640 12 hello\n"), 1, prepare_tree,
                             NULL});
    check(&(struct exchange){"scp -f hello", TEXT(""), TEXT(""), 1, prepare_tree, NULL});
}

static void endless_answers_end_it(void **state)
{
    (void)state;
    static char text[20000];
    memset(text, 'x', sizeof text);
    text[0] = 1;
    check(&(struct exchange){"scp -f hello", text, sizeof text,
                             TEXT("\1scp: protocol error: line too long\n"), 1, prepare_tree,
                             NULL});
}

static void failures_are_reported(void **state)
{
    (void)state;
    check(&(struct exchange){
        "scp -f /missing hello", ZEROS(3),
        TEXT("\1scp: /missing: No such file or directory\nC0640 12 hello\nHello, world\0"), 1,
        prepare_tree, NULL});
}

static void forbid_reading(struct client *c)
{
    c->permissions = SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_READ;
}

static void forbid_looking(struct client *c)
{
    prepare_tree(c);
    c->permissions = SALLY_MAY_ALL & ~(uint32_t)SALLY_MAY_LIST;
}

static void permissions_hold(void **state)
{
    (void)state;
    check(&(struct exchange){"scp -f hello", ZEROS(3), TEXT("\1scp: hello: Permission denied\n"), 1,
                             forbid_reading, NULL});
    check(&(struct exchange){"scp -r -f /t", ZEROS(3), TEXT("\1scp: /t: Permission denied\n"), 1,
                             forbid_looking, NULL});
}

static void fail_reads(struct client *c)
{
    prepare_tree(c);
    c->store.fail = SALLY_FAILURE;
    c->store.fail_kinds = SALLY_OP_BIT(SALLY_OP_READ);
}

/* The size was promised. */
static void what_cannot_be_read_is_zeros(void **state)
{
    (void)state;
    check(
        &(struct exchange){"scp -f hello", ZEROS(3),
                           TEXT("C0640 12 hello\n\0\0\0\0\0\0\0\0\0\0\0\0\1scp: hello: Failure\n"),
                           1, fail_reads, NULL});
}

static void odd_names_are_made_harmless(void **state)
{
    (void)state;
    struct client c;
    client_init(&c, 0);
    store_add(&c.store, "/home/joe/a\nb", SALLY_TYPE_REGULAR, "x", 1)->permissions = 0644;
    assert_true(client_start(&c, "scp -f 'a\nb' 'c\nd'"));
    client_say(&c, "\0\0\0", 3);
    client_eof(&c);
    const char expected[] = "C0644 1 a\\^Jb\nx\0\1scp: c?d: No such file or directory\n";
    assert_int_equal(c.out.size, sizeof expected - 1);
    assert_memory_equal(buf_head(&c.out), expected, sizeof expected - 1);
    client_clear(&c);
}

static void large_files_are_sent_within_bounds(void **state)
{
    (void)state;
    enum { SIZE = 1000003, HEAD = 21 };
    uint8_t *data = malloc(SIZE);
    assert_non_null(data);
    for (uint32_t i = 0; i < SIZE; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 24);
    for (uint32_t how = 0; how < RUN_HOWS; how++) {
        struct client c;
        client_init(&c, how);
        store_add(&c.store, "/big", SALLY_TYPE_REGULAR, data, SIZE)->permissions = 0644;
        assert_true(client_start(&c, "scp -f /big"));
        client_say(&c, "\0\0\0", 3);
        client_eof(&c);
        assert_int_equal(c.out.size, strlen("C0644 1000003 big\n") + SIZE + 1);
        assert_memory_equal(buf_head(&c.out) + strlen("C0644 1000003 big\n"), data, SIZE);
        assert_true(c.most_held <= 13 * 128 * 1024);
        assert_int_equal(c.status, 0);
        client_clear(&c);
    }
    free(data);
}

/* A file that loses its end while it is read. */
static void shorter_files_are_filled_up(void **state)
{
    (void)state;
    struct client c;
    client_init(&c, RUN_LATE);
    struct store_node *n = store_find(&c.store, "/home/joe/hello");
    n->permissions = 0644;
    assert_true(client_start(&c, "scp -f hello"));
    client_say(&c, "\0", 1);
    n->size = 5;
    client_say(&c, "\0\0", 2);
    client_eof(&c);
    const char expected[] =
        "C0644 12 hello\nHello\0\0\0\0\0\0\0\1scp: hello: file got shorter while it was read\n";
    assert_int_equal(c.out.size, sizeof expected - 1);
    assert_memory_equal(buf_head(&c.out), expected, sizeof expected - 1);
    assert_int_equal(c.status, 1);
    client_clear(&c);
}

static void begin_huge_file(struct client *c)
{
    char head[64];
    client_init(c, 0);
    struct store_node *n = store_find(&c->store, "/home/joe/hello");
    n->permissions = 0644;
    n->size = SIZE_MAX / 2;
    int length = snprintf(head, sizeof head, "C0644 %zu hello\n", n->size);
    assert_true(client_start(c, "scp -f hello"));
    client_say(c, "\0", 1);
    n->size = 5;
    assert_int_equal(c->out.size, length);
    assert_memory_equal(buf_head(&c->out), head, (size_t)length);
    buf_reset(&c->out);
}

/* What was promised cannot be read, but the client has gone. */
static void a_huge_file_ends_with_its_client(void **state)
{
    (void)state;
    struct client c;
    begin_huge_file(&c);
    session_drain(c.session);
    client_say(&c, "\0", 1);
    client_eof(&c);
    assert_true(c.finished);
    assert_int_equal(c.status, 1);
    assert_int_equal(c.out.size, 0);
    client_clear(&c);
}

static uint64_t no_time(void)
{
    return 1;
}

/* Zeros cost no READ, but time. */
static void a_huge_file_takes_turns(void **state)
{
    (void)state;
    struct client c;
    struct turn turn = {.now_ns = no_time};
    begin_huge_file(&c);
    c.host.turn = &turn;
    for (int i = 0; i < 3; i++) {
        turn_begin(&turn);
        if (i == 0)
            scp_input(c.engine, (const uint8_t *)"\0", 1);
        else
            scp_flush(c.engine);
        assert_true(turn_is_over(&turn));
        assert_in_range(c.out.size, 1, (TURN_UNITS / TURN_REQUEST + 2) * 128 * 1024);
        buf_clear(&c.out);
        buf_init(&c.out, SIZE_MAX / 2);
    }
    turn_begin(&turn);
    session_drain(c.session);
    client_eof(&c);
    assert_true(c.finished);
    client_clear(&c);
}

static void loops_of_links_end(void **state)
{
    (void)state;
    struct client c;
    client_init(&c, 0);
    static uint8_t zeros[4000];
    store_add(&c.store, "/t", SALLY_TYPE_DIRECTORY, NULL, 0);
    store_add(&c.store, "/t/l", SALLY_TYPE_SYMLINK, "/t", 2);
    assert_true(client_start(&c, "scp -r -f /t"));
    client_say(&c, zeros, sizeof zeros);
    client_eof(&c);
    assert_true(c.finished);
    assert_int_equal(c.store.open_files, 0);
    client_clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_sent),
        cmocka_unit_test(trees_are_sent),
        cmocka_unit_test(answers_are_heeded),
        cmocka_unit_test(endless_answers_end_it),
        cmocka_unit_test(failures_are_reported),
        cmocka_unit_test(permissions_hold),
        cmocka_unit_test(what_cannot_be_read_is_zeros),
        cmocka_unit_test(odd_names_are_made_harmless),
        cmocka_unit_test(large_files_are_sent_within_bounds),
        cmocka_unit_test(shorter_files_are_filled_up),
        cmocka_unit_test(a_huge_file_ends_with_its_client),
        cmocka_unit_test(a_huge_file_takes_turns),
        cmocka_unit_test(loops_of_links_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
