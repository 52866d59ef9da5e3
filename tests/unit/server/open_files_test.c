/* Walks over the files that clients have open. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_failure.h"
#include "server/fixture.h"

#define MANY 300u /* more than are copied at once */

struct walk {
    uint32_t count, stop_after;
    uint64_t connection, session, last_file;
    char user[32], first[64], last[64];
    sally_file_facts facts;
};

static bool see(void *user_data, const sally_file_info *info)
{
    struct walk *w = user_data;
    assert_int_equal(info->struct_size, sizeof *info);
    if (w->count++ == 0)
        snprintf(w->first, sizeof w->first, "%s", info->path);
    snprintf(w->last, sizeof w->last, "%s", info->path);
    snprintf(w->user, sizeof w->user, "%s", info->user);
    w->connection = info->connection_id;
    w->session = info->session_id;
    w->last_file = info->file_id;
    w->facts = *info->facts;
    return w->count != w->stop_after;
}

static struct walk walk(sally_server *s, uint32_t stop_after)
{
    struct walk w = {.stop_after = stop_after};
    assert_int_equal(sally_server_each_file(s, see, &w), SALLY_E_OK);
    return w;
}

static void open_files_are_shown(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c, other;
    struct buf first, second, third;
    client_open(&c, s, "joe", "secret");
    client_open(&other, s, "joe", "secret");
    assert_int_equal(walk(s, 0).count, 0);
    assert_true(client_open_file(&c, "/a", WRITE_CREATE, &first));
    assert_true(client_open_file(&c, "/b", WRITE_CREATE, &second));
    assert_int_equal(client_write(&c, &first, 10, "hello", 5), 0);
    struct walk w = walk(s, 1);
    assert_int_equal(w.count, 1);
    assert_string_equal(w.first, "/a");
    assert_string_equal(w.user, "joe");
    assert_true(w.connection != 0 && w.session != 0 && w.last_file != 0);
    assert_int_equal(w.facts.bytes_written, 5);
    assert_int_equal(w.facts.highest_offset, 15);
    assert_int_equal(w.facts.gap_bytes, 10);
    assert_true(w.facts.open_flags & SALLY_OPEN_WRITE);
    assert_true(w.facts.opened_ns > 0);
    assert_int_equal(w.facts.close_reason, 0);
    w = walk(s, 0);
    assert_int_equal(w.count, 2);
    assert_string_equal(w.last, "/b");
    assert_true(client_open_file(&other, "/b", READ, &third));
    assert_int_equal(walk(s, 0).count, 3);
    assert_int_equal(client_close_file(&c, &first), 0);
    w = walk(s, 0);
    assert_int_equal(w.count, 2);
    assert_string_equal(w.first, "/b");
    client_end(&c); /* what it leaves open is closed */
    for (int i = 0; i < 5000 && walk(s, 0).count != 1; i++)
        nap(2);
    assert_int_equal(walk(s, 0).count, 1);
    buf_clear(&first);
    buf_clear(&second);
    buf_clear(&third);
    client_end(&other);
    finish(s);
}

static void many_files_are_shown_in_order(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    struct buf handles[MANY];
    client_open(&c, s, "joe", "secret");
    for (uint32_t i = 0; i < MANY; i++) {
        char path[32];
        snprintf(path, sizeof path, "/%u", (unsigned)i);
        assert_true(client_open_file(&c, path, WRITE_CREATE, &handles[i]));
    }
    struct walk w = walk(s, 0);
    assert_int_equal(w.count, MANY);
    assert_string_equal(w.first, "/0");
    assert_string_equal(w.last, "/299");
    assert_int_equal(walk(s, 200).count, 200);
    for (uint32_t i = 0; i < MANY; i++) {
        if (i % 2 == 0)
            assert_int_equal(client_close_file(&c, &handles[i]), 0);
        buf_clear(&handles[i]);
    }
    w = walk(s, 0);
    assert_int_equal(w.count, MANY / 2);
    assert_string_equal(w.first, "/1");
    client_end(&c);
    finish(s);
}

static void memory_may_be_short(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    struct buf first, second;
    client_open(&c, s, "joe", "secret");
    assert_true(client_open_file(&c, "/a", WRITE_CREATE, &first));
    assert_true(client_open_file(&c, "/b", WRITE_CREATE, &second));
    for (unsigned nth = 1;; nth++) {
        struct walk w = {0};
        alloc_fail_at(nth);
        sally_error error = sally_server_each_file(s, see, &w);
        if (!alloc_failed()) {
            assert_int_equal(error, SALLY_E_OK);
            assert_int_equal(w.count, 2);
            break;
        }
        assert_int_equal(error, SALLY_E_NO_MEMORY);
        assert_int_equal(w.count, 0);
    }
    assert_int_equal(sally_server_each_file(s, NULL, NULL), SALLY_E_INVALID);
    assert_int_equal(sally_server_each_file(NULL, see, NULL), SALLY_E_INVALID);
    buf_clear(&first);
    buf_clear(&second);
    client_end(&c);
    finish(s);
}

struct walker {
    sally_server *server;
    _Atomic bool ends;
};

static void *walk_on(void *argument)
{
    struct walker *walker = argument;
    while (!atomic_load(&walker->ends)) {
        struct walk w = {0};
        if (sally_server_each_file(walker->server, see, &w) != SALLY_E_OK)
            return argument;
    }
    return NULL;
}

/* While files come and go. */
static void another_thread_may_walk(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    struct walker walker = {.server = s};
    pthread_t thread;
    void *failed;
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    client_open(&c, s, "joe", "secret");
    assert_int_equal(pthread_create(&thread, NULL, walk_on, &walker), 0);
    for (int i = 0; i < 100; i++) {
        struct buf handle;
        assert_true(client_open_file(&c, "/file", WRITE_CREATE | READ, &handle));
        assert_int_equal(client_write(&c, &handle, 0, "hello", 5), 0);
        assert_int_equal(client_close_file(&c, &handle), 0);
        buf_clear(&handle);
    }
    atomic_store(&walker.ends, true);
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    client_end(&c);
    finish(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_files_are_shown),
        cmocka_unit_test(many_files_are_shown_in_order),
        cmocka_unit_test(memory_may_be_short),
        cmocka_unit_test(another_thread_may_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
