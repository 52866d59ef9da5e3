/* A server without a thread of its own. */
#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "sallyport/storages.h"
#include "server/fixture.h"
#include "sftp/protocol.h"

static size_t thread_count(void)
{
    DIR *dir = opendir("/proc/self/task");
    size_t count = 0;
    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

static void pump_needs_no_thread_and_raises_no_signal(void **state)
{
    (void)state;
    assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    size_t threads = thread_count();
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_poll(s, 0), 1);
    assert_true(sally_server_fd(s) >= 0);
    assert_int_equal(sally_server_start(s), SALLY_E_STATE);
    for (int i = 0; i < 3; i++) {
        struct client c;
        struct buf handle;
        assert_true(client_connect(&c, s, s));
        assert_true(client_login(&c, "joe", "secret"));
        assert_true(client_sftp(&c));
        assert_true(client_open_file(&c, "/file", WRITE_CREATE, &handle));
        static char data[200000];
        assert_int_equal(client_write(&c, &handle, 0, data, sizeof data), 0);
        assert_int_equal(thread_count(), threads);
        /* Much is asked for, and nothing of it is taken: the peer is reset while we write. */
        for (int k = 0; k < 64; k++) {
            struct buf body;
            buf_init(&body, 256);
            put_slice(&body, buf_slice(&handle));
            put_u64(&body, 0);
            put_u32(&body, 200000);
            client_send(&c, 5, &body);
            buf_clear(&body);
        }
        c.pumped = NULL;
        (void)client_run(&c, NULL, 1);
        struct linger hard = {1, 0};
        setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        client_end(&c);
        for (int k = 0; k < 200 && counters_of(s).connections_now; k++)
            assert_int_equal(sally_server_poll(s, 10), 1);
        assert_int_equal(counters_of(s).connections_now, 0);
        buf_clear(&handle);
    }
    uint64_t start = now_ms();
    assert_int_equal(sally_server_poll(s, 50), 1);
    assert_true(now_ms() - start < 5000);
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
    int alive = 1;
    for (int k = 0; k < 100 && alive > 0; k++)
        alive = sally_server_poll(s, 10);
    assert_int_equal(alive, 0);
    assert_int_equal(sally_server_poll(s, 0), 0);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

/* Blocking storages go to workers when there may be some, in pump mode too. */
static void pump_may_have_workers(void **state)
{
    (void)state;
    sally_fs *fs = slow_storage(SALLY_FAULT_DELAY, 300, "/slow");
    sally_server *s = new_server(fs);
    sally_fs_unref(fs);
    assert_int_equal(sally_server_set(s, "server.workers", "4"), SALLY_E_OK);
    struct client c;
    assert_true(client_connect(&c, s, s));
    assert_true(client_login(&c, "joe", "secret"));
    assert_true(client_sftp(&c));
    assert_int_equal(client_stat(&c, "/slow"), 2);
    client_end(&c);
    assert_int_equal(sally_server_free(s), SALLY_E_OK); /* not shut down before */
}

/* What the descriptor and the time-out say is enough for the program's own loop. */
static void pump_is_driven_by_its_descriptor(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_poll(s, 0), 1);
    struct client c;
    assert_true(client_connect(&c, s, NULL));
    bool done = false;
    ssh_client_login_password(c.ssh, "joe", "secret");
    for (int i = 0; i < 2000 && !done; i++) {
        (void)client_run(&c, NULL, 0);
        done = c.logged_in;
        struct pollfd p[2] = {{.fd = sally_server_fd(s), .events = POLLIN},
                              {.fd = c.fd, .events = POLLIN}};
        int wait = sally_server_timeout(s);
        int n = poll(p, 2, wait < 0 || wait > 1000 ? 1000 : wait);
        if (p[0].revents || n == 0 || wait == 0)
            assert_int_equal(sally_server_poll(s, 0), 1);
    }
    assert_true(done);
    client_end(&c);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void ask_for_digest(struct client *c, const char *path)
{
    struct buf body;
    buf_init(&body, 256);
    put_text(&body, "check-file-name");
    put_text(&body, path);
    put_text(&body, "sha256");
    put_u64(&body, 0); /* from the start */
    put_u64(&body, 0); /* to the end */
    put_u32(&body, 0); /* one digest */
    client_send(c, SSH_FXP_EXTENDED, &body);
    buf_clear(&body);
}

static void set_size(struct client *c, const char *path, uint64_t size)
{
    struct buf body, reply;
    buf_init(&body, 256);
    buf_init(&reply, 4096);
    put_text(&body, path);
    put_u32(&body, 1); /* SSH_FILEXFER_ATTR_SIZE */
    put_u64(&body, size);
    assert_int_equal(client_ask(c, SSH_FXP_SETSTAT, &body, &reply), 0);
    buf_clear(&body);
    buf_clear(&reply);
}

/* The digest of a sparse file of an exabyte takes centuries. It ends with its client. */
static void a_long_operation_leaves_turns_to_others(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    struct client c, d;
    struct buf handle;
    assert_true(client_connect(&c, s, s) && client_login(&c, "joe", "secret") && client_sftp(&c));
    assert_true(client_connect(&d, s, s) && client_login(&d, "joe", "secret") && client_sftp(&d));
    assert_true(client_open_file(&c, "/huge", WRITE_CREATE, &handle));
    set_size(&c, "/huge", UINT64_C(1) << 60);
    ask_for_digest(&c, "/huge");
    assert_int_equal(client_stat(&d, "/none"), 2);
    assert_int_equal(client_stat(&c, "/none"), 2); /* also in the same session */
    struct pollfd p = {.fd = sally_server_fd(s), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 0), 1); /* there is more to do */
    client_end(&c);
    for (int i = 0; i < 200 && counters_of(s).sessions_now > 1; i++)
        assert_int_equal(sally_server_poll(s, 10), 1);
    assert_int_equal(counters_of(s).sessions_now, 1);
    assert_int_equal(client_stat(&d, "/none"), 2);
    ask_for_digest(&d, "/huge"); /* and with the server */
    assert_int_equal(sally_server_poll(s, 10), 1);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
    client_end(&d);
    buf_clear(&handle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pump_needs_no_thread_and_raises_no_signal),
        cmocka_unit_test(pump_may_have_workers),
        cmocka_unit_test(pump_is_driven_by_its_descriptor),
        cmocka_unit_test(a_long_operation_leaves_turns_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
