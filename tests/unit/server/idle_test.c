/* What sessions that worked give back when they fall idle. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "server/fixture.h"

#define CLIENTS  4
#define PIECE    ((size_t)32 * 1024)
#define PIECES   64
#define FXP_READ 5

/* Longer than a connection needs to find that it is idle. */
static void fall_idle(sally_server *s, struct client *clients)
{
    for (uint64_t start = now_ms(); now_ms() - start < 1500;)
        assert_int_equal(sally_server_poll(s, 20), 1);
    for (size_t i = 0; i < CLIENTS; i++) {
        ssh_trim(clients[i].ssh);
        buf_clear(&clients[i].in);
    }
}

/* Many requests at once, as clients do that fill a long line. */
static void read_all(struct client *c, const struct buf *handle)
{
    struct buf reply;
    for (size_t i = 0; i < PIECES; i++) {
        struct buf body;
        buf_init(&body, 1024);
        put_slice(&body, buf_slice(handle));
        put_u64(&body, i * PIECE);
        put_u32(&body, PIECE);
        client_send(c, FXP_READ, &body);
        buf_clear(&body);
    }
    buf_init(&reply, 2 * PIECE);
    for (size_t i = 0; i < PIECES; i++) {
        uint32_t id;
        buf_reset(&reply);
        assert_int_equal(client_reply(c, &id, &reply, 10000), 103);
        assert_int_equal(reply.size, 4 + PIECE);
    }
    buf_clear(&reply);
}

static void work(struct client *c)
{
    static uint8_t data[PIECE];
    struct buf handle;
    buf_init(&handle, 512);
    assert_true(client_open_file(c, "/file", READ | WRITE_CREATE, &handle));
    for (size_t i = 0; i < PIECES; i++)
        assert_int_equal(client_write(c, &handle, i * PIECE, data, sizeof data), 0);
    read_all(c, &handle);
    assert_int_equal(client_close_file(c, &handle), 0);
    buf_clear(&handle);
}

static void idle_sessions_give_their_buffers_back(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    struct client clients[CLIENTS];
    struct buf handle;
    assert_int_equal(sally_server_poll(s, 0), 1);
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_true(client_connect(&clients[i], s, s));
        assert_true(client_login(&clients[i], "joe", "secret"));
        assert_true(client_sftp(&clients[i]));
    }
    /* The file stays, and so does its memory. */
    work(&clients[0]);
    fall_idle(s, clients);
    size_t before = alloc_live_bytes();
    for (size_t i = 0; i < CLIENTS; i++)
        work(&clients[i]);
    size_t busy = alloc_live_bytes();
    fall_idle(s, clients);
    size_t after = alloc_live_bytes();
    assert_true(busy > before + CLIENTS * 10 * PIECE);
    assert_true(after <= before + CLIENTS * 2048);
    /* And what they gave back they get again. */
    buf_init(&handle, 512);
    assert_true(client_open_file(&clients[1], "/file", READ, &handle));
    read_all(&clients[1], &handle);
    buf_clear(&handle);
    for (size_t i = 0; i < CLIENTS; i++)
        client_end(&clients[i]);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_sessions_give_their_buffers_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
