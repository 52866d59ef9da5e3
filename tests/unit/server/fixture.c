#include "server/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#include "sallyport/fs.h"
#include "server/conn.h"
#include "server/incoming_socket.h"
#include "server/server.h"

void nap(int ms)
{
    struct timespec t = {ms / 1000, (ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}

uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

sally_server *keyed_server(void)
{
    sally_server *s;
    sally_key *key;
    assert_int_equal(sally_server_new(&s), SALLY_E_OK);
    assert_int_equal(sally_key_generate(&key, "ed25519", 0), SALLY_E_OK);
    assert_int_equal(sally_server_add_host_key(s, key), SALLY_E_OK);
    sally_key_unref(key);
    return s;
}

sally_server *new_server(sally_fs *fs)
{
    sally_server *s = keyed_server();
    sally_fs *memory = NULL;
    if (!fs)
        assert_int_equal(sally_fs_memory(&memory, 0), SALLY_E_OK);
    assert_int_equal(sally_server_add_user(s, "joe", "secret", fs ? fs : memory), SALLY_E_OK);
    sally_fs_unref(memory);
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_OK);
    return s;
}

int connect_pair(sally_server *s, const struct protocol *protocol)
{
    int fds[2];
    const char *limit;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    const struct incoming_socket incoming = {
        .server = s, .url = "", .protocol = protocol, .fd = fds[0]};
    struct conn *c = conn_new(&incoming, &limit);
    assert_non_null(c);
    pthread_mutex_lock(&s->lock);
    conn_launch(c, loops_pick(s));
    pthread_mutex_unlock(&s->lock);
    return fds[1];
}

sally_counters counters_of(sally_server *s)
{
    sally_counters c = {.struct_size = sizeof c};
    assert_int_equal(sally_server_counters(s, &c), SALLY_E_OK);
    return c;
}

/* Until there are so many open connections. */
void await_connections(sally_server *s, uint64_t count)
{
    for (int i = 0; i < 1000 && counters_of(s).connections_now != count; i++)
        nap(10);
    assert_int_equal(counters_of(s).connections_now, count);
}

void finish(sally_server *s)
{
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
    assert_int_equal(sally_server_wait(s), SALLY_E_OK);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

sally_fs *slow_storage(uint32_t action, uint64_t ms, const char *path)
{
    sally_fs *memory, *fault;
    assert_int_equal(sally_fs_memory(&memory, 0), SALLY_E_OK);
    assert_int_equal(sally_fs_fault(&fault, memory), SALLY_E_OK);
    sally_fs_unref(memory);
    const sally_fault slow = {.struct_size = sizeof slow,
                              .kinds = SALLY_OP_BIT(SALLY_OP_STAT),
                              .action = action,
                              .amount = ms,
                              .path = path};
    assert_int_equal(sally_fs_fault_add(fault, &slow), SALLY_E_OK);
    return fault;
}

void send_stat(struct client *c, const char *path)
{
    struct buf body;
    buf_init(&body, 256);
    put_text(&body, path);
    client_send(c, 17, &body);
    buf_clear(&body);
    (void)client_run(c, NULL, 20);
}
