/* Connections: no one waits for anyone else, and none leaves anything behind. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sallyport/storages.h"
#include "server/fixture.h"

static void a_slow_storage_delays_no_other_session(void **state)
{
    (void)state;
    sally_fs *fs = slow_storage(SALLY_FAULT_DELAY, 1500, "/slow");
    sally_server *s = new_server(fs);
    sally_fs_unref(fs);
    assert_int_equal(sally_server_set(s, "server.loops", "1"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client slow[6], quick;
    client_open(&quick, s, "joe", "secret");
    for (size_t i = 0; i < COUNT_OF(slow); i++) {
        client_open(&slow[i], s, "joe", "secret");
        send_stat(&slow[i], "/slow");
    }
    uint64_t start = now_ms();
    assert_int_equal(client_stat(&quick, "/quick"), 2);
    assert_true(now_ms() - start < 1000);
    for (size_t i = 0; i < COUNT_OF(slow); i++) {
        struct buf reply;
        uint32_t id;
        buf_init(&reply, 4096);
        assert_int_equal(client_reply(&slow[i], &id, &reply, 10000), 101);
        buf_clear(&reply);
        client_end(&slow[i]);
    }
    client_end(&quick);
    finish(s);
}

/* Many requests of one connection wait in the storage at once: they may not take all threads there
 * are. */
static void one_connection_does_not_take_all_threads(void **state)
{
    (void)state;
    sally_fs *fs = slow_storage(SALLY_FAULT_DELAY, 800, "/slow");
    sally_server *s = new_server(fs);
    sally_fs_unref(fs);
    assert_int_equal(sally_server_set(s, "server.workers", "2"), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "server.workers_per_connection", "1"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client busy, quick;
    client_open(&busy, s, "joe", "secret");
    struct ssh_channel *first = busy.channel;
    assert_true(client_sftp(&busy)); /* a second session on the same connection */
    struct ssh_channel *second = busy.channel;
    client_open(&quick, s, "joe", "secret");
    for (int i = 0; i < 3; i++) {
        busy.channel = i & 1 ? second : first;
        send_stat(&busy, "/slow");
    }
    uint64_t start = now_ms();
    assert_int_equal(client_stat(&quick, "/quick"), 2);
    assert_true(now_ms() - start < 700);
    for (uint32_t i = 0; i < 3; i++) {
        struct buf reply;
        uint32_t id;
        buf_init(&reply, 4096);
        assert_int_equal(client_reply(&busy, &id, &reply, 10000), 101);
        buf_clear(&reply);
    }
    assert_true(now_ms() - start >= 2000); /* one after the other */
    client_end(&busy);
    client_end(&quick);
    finish(s);
}

/* The connection goes while the storage still owes its answer. */
static void late_answers_find_nobody(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 6; round++) {
        sally_fs *fs = slow_storage(SALLY_FAULT_LATE, 20 + round * 3, "/late");
        sally_server *s = new_server(fs);
        sally_fs_unref(fs);
        assert_int_equal(sally_server_start(s), SALLY_E_OK);
        struct client c[4];
        for (size_t i = 0; i < COUNT_OF(c); i++) {
            client_open(&c[i], s, "joe", "secret");
            send_stat(&c[i], "/late");
        }
        for (size_t i = 0; i < COUNT_OF(c); i++)
            client_end(&c[i]);
        if (round & 1)
            nap(10);
        finish(s);
    }
}

/* With no memory left to promise, windows are small, but never so small that a request cannot pass.
 */
static void send_large_requests(const char *window_start)
{
    static char data[255 * 1024];
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "ssh.window_start", window_start), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "limits.memory", "1M"), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "limits.memory_per_user", "1M"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c[16];
    struct buf handle;
    size_t count = 0;
    for (; count < COUNT_OF(c); count++) {
        assert_true(client_connect(&c[count], s, NULL));
        assert_true(client_login(&c[count], "joe", "secret"));
        if (!client_sftp(&c[count]))
            break; /* refused, not starved */
        assert_true(client_open_file(&c[count], "/file", WRITE_CREATE, &handle));
        for (uint64_t i = 0; i < 4; i++)
            assert_int_equal(client_write(&c[count], &handle, i * sizeof data, data, sizeof data),
                             0);
        assert_int_equal(client_close_file(&c[count], &handle), 0);
        buf_clear(&handle);
    }
    assert_in_range(count, 2, COUNT_OF(c) - 1); /* each takes about 100 KiB when idle */
    assert_true(counters_of(s).memory_now <= 2u << 20);
    for (size_t i = 0; i <= count; i++)
        client_end(&c[i]);
    await_connections(s, 0);
    assert_int_equal(counters_of(s).memory_now, 0);
    finish(s);
}

static void the_largest_request_passes_the_smallest_window(void **state)
{
    (void)state;
    send_large_requests("64K");
    send_large_requests("2M"); /* which there is no memory for */
}

/* Four times as large as the window, and refused only when all of it is here: no file is open, so
 * no one has said that much will come. */
static void a_large_request_that_is_refused_passes(void **state)
{
    (void)state;
    static char data[255 * 1024];
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    struct buf handle;
    client_open(&c, s, "joe", "secret");
    buf_init(&handle, 16);
    put_bytes(&handle, "nothing!", 8);
    for (int i = 0; i < 5; i++)
        assert_int_equal(client_write(&c, &handle, 0, data, sizeof data), 4);
    assert_int_equal(client_stat(&c, "/nothing"), 2);
    buf_clear(&handle);
    client_end(&c);
    await_connections(s, 0);
    assert_int_equal(counters_of(s).memory_now, 0);
    finish(s);
}

/* Asks for much and takes none of it. */
static void who_takes_nothing_is_ended(void **state)
{
    (void)state;
    static char data[255 * 1024];
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "limits.stall_time", "1s"), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "server.send_buffer", "16K"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    struct buf handle;
    client_open(&c, s, "joe", "secret");
    assert_true(client_open_file(&c, "/file", WRITE_CREATE | READ, &handle));
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(client_write(&c, &handle, i * sizeof data, data, sizeof data), 0);
    for (uint64_t i = 0; i < 64; i++) {
        struct buf body;
        buf_init(&body, 256);
        put_slice(&body, buf_slice(&handle));
        put_u64(&body, i % 8 * sizeof data);
        put_u32(&body, sizeof data);
        client_send(&c, 5, &body);
        buf_clear(&body);
    }
    (void)client_run(&c, NULL, 1);
    await_connections(s, 0); /* without another read of ours */
    buf_clear(&handle);
    client_end(&c);
    finish(s);
}

static size_t open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t count = 0;
    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

static void aborted_connections_leave_nothing(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c;
    client_open(&c, s, "joe", "secret");
    size_t before = open_descriptors();
    for (int i = 0; i < 200; i++) {
        struct client a;
        assert_true(client_connect(&a, s, NULL));
        if (i % 4 == 1)
            (void)client_run(&a, NULL, 2);
        if (i % 4 == 2)
            assert_int_equal(write(a.fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
        if (i % 8 == 3) {
            struct linger hard = {1, 0}; /* a reset, not an orderly end */
            setsockopt(a.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        }
        client_end(&a);
    }
    await_connections(s, 1);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(client_stat(&c, "/"), 0);
    client_end(&c);
    finish(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_storage_delays_no_other_session),
        cmocka_unit_test(one_connection_does_not_take_all_threads),
        cmocka_unit_test(late_answers_find_nobody),
        cmocka_unit_test(the_largest_request_passes_the_smallest_window),
        cmocka_unit_test(a_large_request_that_is_refused_passes),
        cmocka_unit_test(who_takes_nothing_is_ended),
        cmocka_unit_test(aborted_connections_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
