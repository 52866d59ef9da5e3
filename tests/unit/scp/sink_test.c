#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "scp/client.h"

static void expect_file(struct client *c, const char *path, const char *text, uint32_t mode)
{
    const struct store_node *n = store_find(&c->store, path);
    assert_non_null(n);
    assert_int_equal(n->type, SALLY_TYPE_REGULAR);
    assert_int_equal(n->size, strlen(text));
    if (n->size)
        assert_memory_equal(n->data, text, n->size);
    assert_int_equal(n->permissions, mode);
}

static void look_at_file(struct client *c)
{
    expect_file(c, "/home/joe/f", "hello", 0640);
}

static void look_at_whole_file(struct client *c)
{
    look_at_file(c);
    assert_int_equal(c->store.last_reason, SALLY_CLOSED_BY_CLIENT);
}

static void look_at_broken_file(struct client *c)
{
    look_at_file(c);
    assert_int_equal(c->store.last_reason, SALLY_CLOSED_ERROR);
}

static void look_at_inner_file(struct client *c)
{
    expect_file(c, "/many/f", "hello", 0640);
}

static void look_at_none(struct client *c)
{
    assert_null(store_find(&c->store, "/home/joe/f"));
    assert_null(store_find(&c->store, "/many/f"));
    assert_int_equal(c->store.calls[SALLY_OP_MKDIR], 0);
    assert_int_equal(c->store.calls[SALLY_OP_WRITE], 0);
}

static void files_are_taken(void **state)
{
    (void)state;
    check(&(struct exchange){"scp -t f", TEXT("C0640 5 x\nhello\0"), TEXT("\0\0\0"), 0, NULL,
                             look_at_whole_file});
    check(&(struct exchange){"scp -t .", TEXT("C0640 5 f\nhello\0"), TEXT("\0\0\0"), 0, NULL,
                             look_at_file});
    check(&(struct exchange){"scp -d -t /many/", TEXT("C0640 0 e\n\0C0640 5 f\nhello\0"),
                             TEXT("\0\0\0\0\0"), 0, NULL, look_at_inner_file});
    /* What makes programs run as someone else is left out without -p. */
    check(&(struct exchange){"scp -t .", TEXT("C6640 5 f\nhello\0"), TEXT("\0\0\0"), 0, NULL,
                             look_at_file});
}

static void other_clients_ways(void **state)
{
    (void)state;
    /* Ganymed and Trilead end like this, and read no answer to it. */
    check(&(struct exchange){"scp -t -d .", TEXT("C0640 5 f\nhello\0E\n"), TEXT("\0\0\0\0"), 0,
                             NULL, look_at_file});
    check(&(struct exchange){"scp -t .", TEXT("E\n"), TEXT("\0\0"), 0, NULL, look_at_none});
    check(&(struct exchange){"scp -t .", TEXT("\1oh\nE\nC0640 5 f\nhello\0"), TEXT("\0\0"), 1, NULL,
                             look_at_none});
    /* JSch's example writes the times so. */
    check(&(struct exchange){"scp -p -t f", TEXT("T 5 0 6 0\nC0640 5 f\nhello\0"), TEXT("\0\0\0\0"),
                             0, NULL, look_at_file});
}

static void look_at_times(struct client *c)
{
    expect_file(c, "/home/joe/f", "hello", 04755);
    assert_int_equal(store_find(&c->store, "/home/joe/f")->mtime, 1000);
    assert_int_equal(c->store.calls[SALLY_OP_FSETSTAT], 1);
}

static void times_and_modes_are_kept(void **state)
{
    (void)state;
    check(&(struct exchange){"scp -p -t f", TEXT("T1000 0 2000 5\nC4755 5 x\nhello\0"),
                             TEXT("\0\0\0\0"), 0, NULL, look_at_times});
}

static void look_at_tree(struct client *c)
{
    expect_file(c, "/many/d/f", "hello", 0644);
    expect_file(c, "/many/d/e/g", "", 0600);
    expect_file(c, "/many/h", "x", 0644);
    assert_int_equal(store_find(&c->store, "/many/d")->permissions, 0500);
}

static void look_at_new_tree(struct client *c)
{
    expect_file(c, "/new/f", "", 0644);
}

static void trees_are_taken(void **state)
{
    (void)state;
    check(&(struct exchange){
        "scp -r -t /many",
        TEXT("D0500 0 d\nC0644 5 f\nhello\0D0700 0 e\nC0600 0 g\n\0E\nE\nC0644 1 h\nx\0"),
        TEXT("\0\0\0\0\0\0\0\0\0\0\0"), 0, NULL, look_at_tree});
    check(&(struct exchange){"scp -r -t /new", TEXT("D0755 0 d\nC0644 0 f\n\0E\n"),
                             TEXT("\0\0\0\0\0"), 0, NULL, look_at_new_tree});
    check(&(struct exchange){"scp -rp -t /new", TEXT("T5 0 6 0\nD0755 0 d\nC0644 0 f\n\0E\n"),
                             TEXT("\0\0\0\0\0\0"), 0, NULL, look_at_new_tree});
}

static void hostile_names_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"..", ".", "", "a/b", "/f", "../f", "/"};
    static const char letters[] = "CD";
    static const char out[] = "\0\1scp: protocol error: unexpected filename\n";
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        for (size_t l = 0; l < 2; l++) {
            char in[64];
            int size = snprintf(in, sizeof in, "%c0755 0 %s\n", letters[l], names[i]);
            check(&(struct exchange){"scp -r -t /many", in, (size_t)size, out, sizeof out - 1, 1,
                                     NULL, look_at_none});
        }
    }
    check(&(struct exchange){"scp -t /many", TEXT("C0644 5 f\0x\nhello"), out, sizeof out - 1, 1,
                             NULL, look_at_none});
}

static void malformed_lines_end_it(void **state)
{
    (void)state;
    static const struct {
        const char *in, *why;
    } cases[] = {
        {"C0644 99999999999999999999 f\n", "bad size"},
        {"C0644 -1 f\n", "bad size"},
        {"C644 1 f\n", "bad mode"},
        {"T1 0 1\n", "bad times"},
        {"Ehm\n", "unexpected text after E"},
        {"\n", "expected control record"},
        {"hello\n", "expected control record"},
        {"c0644 1 f\n", "expected control record"},
        {"D0755 0 d\n", "received directory without -r"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char out[128];
        out[0] = '\0';
        int size = snprintf(out + 1, sizeof out - 1, "\1scp: protocol error: %s\n", cases[i].why);
        check(&(struct exchange){"scp -t /many", cases[i].in, strlen(cases[i].in), out,
                                 (size_t)size + 1, 1, NULL, look_at_none});
    }
    static char endless[20000];
    memset(endless, 'C', sizeof endless);
    check(&(struct exchange){"scp -t /many", endless, sizeof endless,
                             TEXT("\0\1scp: protocol error: line too long\n"), 1, NULL,
                             look_at_none});
}

static void look_at_part(struct client *c)
{
    expect_file(c, "/home/joe/f", "he", 0640);
}

static void early_ends_are_no_success(void **state)
{
    (void)state;
    check(&(struct exchange){"scp -t f", TEXT(""), TEXT("\0"), 0, NULL, look_at_none});
    check(&(struct exchange){"scp -t f", TEXT("C0640 5 x"), TEXT("\0"), 1, NULL, look_at_none});
    check(
        &(struct exchange){"scp -t f", TEXT("C0640 5 x\nhe"), TEXT("\0\0"), 1, NULL, look_at_part});
    check(&(struct exchange){"scp -t f", TEXT("C0640 5 x\nhello"), TEXT("\0\0\0"), 1, NULL,
                             look_at_file});
    check(&(struct exchange){"scp -r -t /many", TEXT("D0755 0 d\n"), TEXT("\0\0"), 1, NULL, NULL});
    check(&(struct exchange){"scp -t f", TEXT("\1not this one\nC0640 5 x\nhello\0"), TEXT("\0\0\0"),
                             1, NULL, look_at_file});
    check(&(struct exchange){"scp -t f", TEXT("\2no more\nC0640 5 x\nhello\0"), TEXT("\0"), 1, NULL,
                             look_at_none});
    /* The client could not read its file to the end. */
    check(&(struct exchange){"scp -t f", TEXT("T1 0 1 0\nC0640 5 x\nhello\1oh\n"), TEXT("\0\0\0\0"),
                             1, NULL, look_at_broken_file});
}

static void fail_writes(struct client *c)
{
    c->store.fail = SALLY_NO_SPACE_ON_FILESYSTEM;
    c->store.fail_kinds = SALLY_OP_BIT(SALLY_OP_WRITE);
}

static void fail_close(struct client *c)
{
    c->store.fail = SALLY_QUOTA_EXCEEDED;
    c->store.fail_kinds = SALLY_OP_BIT(SALLY_OP_CLOSE);
}

static void look_at_close(struct client *c)
{
    assert_int_equal(c->store.calls[SALLY_OP_CLOSE], 1);
    c->store.open_files = 0; /* the failed CLOSE does not count there */
}

static void forbid_writing(struct client *c)
{
    c->permissions = SALLY_MAY_VIEW;
}

static void only_drop(struct client *c)
{
    c->permissions = SALLY_MAY_WRITE | SALLY_MAY_CREATE;
}

static void failures_are_told(void **state)
{
    (void)state;
    char out[256] = "";
    int size = snprintf(out + 2, sizeof out - 2, "\1scp: f: %s\n",
                        sally_status_text(SALLY_NO_SPACE_ON_FILESYSTEM));
    check(&(struct exchange){"scp -t f", TEXT("C0640 5 x\nhello\0"), out, (size_t)size + 2, 1,
                             fail_writes, NULL});
    size = snprintf(out + 2, sizeof out - 2, "\1scp: f: %s\n",
                    sally_status_text(SALLY_QUOTA_EXCEEDED));
    check(&(struct exchange){"scp -t f", TEXT("C0640 5 x\nhello\0"), out, (size_t)size + 2, 1,
                             fail_close, look_at_close});
    check(&(struct exchange){"scp -t f", TEXT("C0640 5 x\n"),
                             TEXT("\0\1scp: f: Permission denied\n"), 1, forbid_writing,
                             look_at_none});
    check(&(struct exchange){"scp -r -t /many", TEXT("D0755 0 d\n"),
                             TEXT("\0\1scp: /many/d: Permission denied\n"), 1, forbid_writing,
                             look_at_none});
    check(&(struct exchange){"scp -d -t hello", TEXT(""), TEXT("\1scp: hello: Not a directory\n"),
                             1, NULL, NULL});
    check(&(struct exchange){"scp -d -t new", TEXT(""),
                             TEXT("\1scp: new: No such file or directory\n"), 1, NULL, NULL});
    check(&(struct exchange){"scp -t new/", TEXT("C0640 5 x\n"),
                             TEXT("\0\1scp: new/: Not a directory\n"), 1, NULL, look_at_none});
    check(&(struct exchange){"scp -r -t .", TEXT("D0755 0 hello\n"),
                             TEXT("\0\1scp: ./hello: Not a directory\n"), 1, NULL, look_at_none});
    check(&(struct exchange){"scp -d -t /many", TEXT("C0640 5 f\nhello\0"), TEXT("\0\0\0"), 0,
                             only_drop, look_at_inner_file});
}

static void after_a_failure_the_next_file_is_fine(void **state)
{
    (void)state;
    check(&(struct exchange){"scp -t .", TEXT("C0640 5 /\n"),
                             TEXT("\0\1scp: protocol error: unexpected filename\n"), 1, NULL,
                             NULL});
    check(&(struct exchange){"scp -r -t .", TEXT("D0755 0 hello\nC0640 5 f\nhello\0"),
                             TEXT("\0\1scp: ./hello: Not a directory\n\0\0"), 1, NULL,
                             look_at_file});
}

static void large_files_are_taken(void **state)
{
    (void)state;
    enum { SIZE = 1000003 };
    char *data = malloc(SIZE);
    assert_non_null(data);
    for (uint32_t i = 0; i < SIZE; i++)
        data[i] = (char)(i * 2654435761u >> 24);
    for (uint32_t how = 0; how < RUN_HOWS; how++) {
        struct client c;
        client_init(&c, how);
        assert_true(client_start(&c, "scp -t /big"));
        const char head[] = "C0644 1000003 big\n";
        client_say(&c, head, sizeof head - 1);
        client_say(&c, data, SIZE);
        client_say(&c, "", 1);
        client_eof(&c);
        assert_int_equal(c.status, 0);
        assert_int_equal(c.out.size, 3);
        struct store_node *n = store_find(&c.store, "/big");
        assert_int_equal(n->size, SIZE);
        assert_memory_equal(n->data, data, SIZE);
        assert_int_equal(c.credit, c.sent);
        assert_true(c.store.calls[SALLY_OP_WRITE] <= 9);
        client_clear(&c);
    }
    free(data);
}

static void stay_large(struct client *c)
{
    struct store_node *n = store_find(&c->store, "/big");
    assert_non_null(n);
    assert_int_equal(n->size, 600011);
    for (uint32_t i = 0; i < n->size; i++)
        assert_int_equal(n->data[i], (uint8_t)(i * 2654435761u >> 24));
}

/* libssh2 ends its side after the bytes, without the status; a client may also fail at the very
 * end. What came is written all the same, and the exit status tells the difference. */
static void all_that_came_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *end;
        size_t end_size;
        const char *out;
        size_t out_size;
    } ends[] = {
        {"", 0, TEXT("\0\0\0")},
        {"\1late trouble\n", 14, TEXT("\0\0\0")},
        {"\2the end\n", 9, TEXT("\0\0")},
    };
    enum { SIZE = 600011, ROOM = SIZE + 64 };
    char *in = malloc(ROOM);
    assert_non_null(in);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t head = (size_t)snprintf(in, ROOM, "C0644 %d big\n", SIZE);
        for (uint32_t n = 0; n < SIZE; n++)
            in[head + n] = (char)(n * 2654435761u >> 24);
        memcpy(in + head + SIZE, ends[i].end, ends[i].end_size);
        check(&(struct exchange){"scp -t /big", in, head + SIZE + ends[i].end_size, ends[i].out,
                                 ends[i].out_size, 1, NULL, stay_large});
    }
    free(in);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    struct client c;
    client_init(&c, 0);
    store_add(&c.store, "/x", SALLY_TYPE_DIRECTORY, NULL, 0);
    store_add(&c.store, "/x/x", SALLY_TYPE_SYMLINK, "/x", 2);
    assert_true(client_start(&c, "scp -r -t /x"));
    for (int i = 0; i < 20000; i++)
        client_say(&c, "D0755 0 x\n", 10);
    client_eof(&c);
    assert_int_equal(c.status, 1);
    client_clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_taken),
        cmocka_unit_test(other_clients_ways),
        cmocka_unit_test(times_and_modes_are_kept),
        cmocka_unit_test(trees_are_taken),
        cmocka_unit_test(hostile_names_are_refused),
        cmocka_unit_test(malformed_lines_end_it),
        cmocka_unit_test(early_ends_are_no_success),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(after_a_failure_the_next_file_is_fine),
        cmocka_unit_test(large_files_are_taken),
        cmocka_unit_test(all_that_came_is_written),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
