/* Memory runs out at every place of a session's way through the server: that connection may end,
 * the server goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_failure.h"
#include "sallyport/storages.h"
#include "server/client.h"

static sally_server *new_server(void)
{
    sally_server *s;
    sally_fs *fs;
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    assert_int_equal(sally_server_add_user(s, "joe", "secret", fs), SALLY_E_OK);
    sally_fs_unref(fs);
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_OK);
    assert_int_equal(sally_server_poll(s, 0), 1);
    return s;
}

static bool work(sally_server *s)
{
    struct client c;
    struct buf handle;
    if (!client_connect(&c, s, s))
        return false;
    buf_init(&handle, 512);
    bool ok = client_login(&c, "joe", "secret") && client_sftp(&c) &&
              client_open_file(&c, "/file", 0x2 | 0x8, &handle) &&
              client_write(&c, &handle, 0, "hello", 5) == 0 && client_close_file(&c, &handle) == 0;
    buf_clear(&handle);
    client_end(&c);
    return ok;
}

static uint64_t open_connections(sally_server *s)
{
    sally_counters n = {.struct_size = sizeof n};
    assert_int_equal(sally_server_counters(s, &n), SALLY_E_OK);
    return n.connections_now + n.sessions_now + n.files_now + n.memory_now +
           n.connections_unauthenticated_now;
}

static void only_that_connection_suffers(void **state)
{
    (void)state;
    sally_server *s = new_server();
    assert_true(work(s));
    unsigned nth = 1;
    for (;; nth++) {
        alloc_fail_inside_at(nth);
        bool ok = work(s);
        bool failed = alloc_failed();
        for (int i = 0; i < 500 && open_connections(s); i++)
            assert_int_equal(sally_server_poll(s, 2), 1);
        assert_int_equal(open_connections(s), 0);
        if (!failed) {
            assert_true(ok);
            break;
        }
    }
    assert_true(nth > 50);
    assert_true(work(s));
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void setting_up_fails_whole(void **state)
{
    (void)state;
    for (unsigned nth = 1;; nth++) {
        sally_server *s = NULL;
        alloc_fail_inside_at(nth);
        alloc_enter();
        sally_error error = sally_server_new(&s);
        if (!error)
            error = sally_server_set(s, "ssh.macs", "+hmac-sha1");
        if (!error)
            error = sally_server_add_listener(s, "sftp://127.0.0.1:0");
        if (!error)
            error = sally_server_poll(s, 0) < 0 ? SALLY_E_NO_MEMORY : SALLY_E_OK;
        alloc_leave();
        bool failed = alloc_failed();
        assert_int_equal(sally_server_free(s), SALLY_E_OK);
        if (!failed) {
            assert_int_equal(error, SALLY_E_OK);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_that_connection_suffers),
        cmocka_unit_test(setting_up_fails_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
