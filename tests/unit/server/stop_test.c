/* How a server ends while clients are there. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "sallyport/storages.h"
#include "server/fixture.h"

static void shutdown_waits_for_what_runs(void **state)
{
    (void)state;
    sally_fs *fs = slow_storage(SALLY_FAULT_DELAY, 600, "/slow");
    sally_server *s = new_server(fs);
    sally_fs_unref(fs);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client idle, busy;
    uint16_t port = server_port(s);
    client_open(&idle, s, "joe", "secret");
    client_open(&busy, s, "joe", "secret");
    send_stat(&busy, "/slow");
    uint64_t start = now_ms();
    assert_int_equal(sally_server_shutdown(s, 8000), SALLY_E_OK);
    assert_true(client_run(&idle, client_is_over, 5000));
    assert_string_equal(idle.end_detail, "server is shutting down");
    struct buf reply;
    uint32_t id;
    buf_init(&reply, 4096);
    assert_int_equal(client_reply(&busy, &id, &reply, 5000), 101);
    assert_true(client_run(&busy, client_is_over, 5000));
    assert_int_equal(sally_server_wait(s), SALLY_E_OK);
    assert_true(now_ms() - start < 6000);
    assert_false(client_reaches(port));
    buf_clear(&reply);
    client_end(&idle);
    client_end(&busy);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void shutdown_ends_what_outlives_the_grace(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    struct buf handle;
    client_open(&c, s, "joe", "secret");
    assert_true(
        client_open_file(&c, "/file", WRITE_CREATE, &handle)); /* an open file is not idle */
    assert_int_equal(sally_server_shutdown(s, 60000), SALLY_E_OK);
    assert_false(client_run(&c, client_is_over, 200));
    assert_int_equal(sally_server_shutdown(s, 100), SALLY_E_OK);   /* shorter */
    assert_int_equal(sally_server_shutdown(s, 60000), SALLY_E_OK); /* never longer */
    assert_true(client_run(&c, client_is_over, 5000));
    assert_int_equal(sally_server_wait(s), SALLY_E_OK);
    buf_clear(&handle);
    client_end(&c);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void waiting_has_an_end(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_wait_for(s, 0), SALLY_E_STATE); /* not started */
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    assert_int_equal(sally_server_wait_for(s, 0), SALLY_E_TIMEOUT);
    uint64_t start = now_ms();
    assert_int_equal(sally_server_wait_for(s, 50), SALLY_E_TIMEOUT);
    assert_true(now_ms() - start >= 50);
    assert_non_null(strstr(sally_server_error(s), "still running"));
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
    assert_int_equal(sally_server_wait_for(s, INT64_MAX), SALLY_E_OK);
    assert_int_equal(sally_server_wait_for(s, 0), SALLY_E_OK); /* it has ended */
    assert_int_equal(sally_server_wait_for(s, -1), SALLY_E_OK);
    assert_int_equal(sally_server_wait_for(NULL, 0), SALLY_E_INVALID);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shutdown_waits_for_what_runs),
        cmocka_unit_test(shutdown_ends_what_outlives_the_grace),
        cmocka_unit_test(waiting_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
