/* Another protocol than SSH, over the server's own connections, logins and sessions. */
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "cmocka_all.h"

#include "server/finger_line.h"
#include "server/fixture.h"
#include "server/server.h"

/* By SFTP: both protocols have one storage. */
static void put_plan(sally_server *s)
{
    struct client c;
    struct buf handle;
    client_open(&c, s, "joe", "secret");
    assert_true(client_open_file(&c, "/plan", WRITE_CREATE, &handle));
    assert_int_equal(client_write(&c, &handle, 0, "to be written\n", 14), 0);
    assert_int_equal(client_close_file(&c, &handle), 0);
    buf_clear(&handle);
    client_end(&c);
    await_connections(s, 0);
}

static int send_question(sally_server *s, const char *question)
{
    int fd = connect_pair(s, &protocol_finger);
    assert_int_equal(write(fd, question, strlen(question)), strlen(question));
    return fd;
}

/* All that the server says until it hangs up. */
static void hear(int fd, char *said, size_t size)
{
    size_t used = 0;
    ssize_t got = 1;
    while (got > 0) {
        struct pollfd p = {fd, POLLIN, 0};
        assert_int_equal(poll(&p, 1, 20000), 1);
        got = read(fd, said + used, size - 1 - used);
        used += got > 0 ? (size_t)got : 0;
    }
    assert_int_equal(got, 0);
    said[used] = '\0';
    close(fd);
}

static void assert_answer(sally_server *s, const char *question, const char *answer)
{
    char said[512];
    hear(send_question(s, question), said, sizeof said);
    assert_string_equal(said, answer);
}

static void questions_are_answered_from_the_storage(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    put_plan(s);
    assert_answer(s, "joe secret /plan\n", "14\n");
    assert_answer(s, "joe secret /other\n", "No such file or directory\n");
    assert_answer(s, "joe guess /plan\n", "who are you?\n");
    assert_answer(s, "ann secret /plan\n", "who are you?\n");
    assert_answer(s, "hello\n", "USER PASSWORD PATH\n");
    await_connections(s, 0);
    sally_counters n = counters_of(s);
    assert_int_equal(n.connections, 6);
    assert_int_equal(n.logins, 3);
    assert_int_equal(n.logins_rejected, 2);
    assert_int_equal(n.sessions_now, 0);
    assert_int_equal(n.memory_now, 0);
    finish(s);
}

static bool note_protocol(void *user_data, const sally_connection_info *info)
{
    *(bool *)user_data = strcmp(info->peer->protocol, "finger") == 0 &&
                         strcmp(info->user, "joe") == 0 && strcmp(info->state, "open") == 0;
    return true;
}

/* Walks show it, limits count it, and a client that leaves early leaves nothing. */
static void it_is_a_connection_like_others(void **state)
{
    (void)state;
    sally_fs *slow = slow_storage(SALLY_FAULT_LATE, 1500, "/plan");
    sally_server *s = new_server(slow);
    sally_fs_unref(slow);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    int fd = send_question(s, "joe secret /plan\n");
    bool seen = false;
    for (int i = 0; i < 1000 && !seen; i++) {
        assert_int_equal(sally_server_each_connection(s, note_protocol, &seen), SALLY_E_OK);
        nap(seen ? 0 : 2);
    }
    assert_true(seen);
    close(fd);
    await_connections(s, 0);
    for (int i = 0; i < 1000 && counters_of(s).sessions_now; i++)
        nap(10);
    assert_int_equal(counters_of(s).sessions_now, 0);
    finish(s);
}

/* Its client waits for a login or an answer while the server shuts down. */
static void a_shutdown_waits_for_no_question(void **state)
{
    (void)state;
    for (int after_ms = 0; after_ms < 40; after_ms += 8) {
        sally_fs *slow = slow_storage(SALLY_FAULT_LATE, 30, "/plan");
        sally_server *s = new_server(slow);
        sally_fs_unref(slow);
        assert_int_equal(sally_server_start(s), SALLY_E_OK);
        char said[512];
        int fd = send_question(s, "joe secret /plan\n");
        nap(after_ms);
        assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
        hear(fd, said, sizeof said);
        finish(s);
    }
}

static sally_status allow_all(void *user_data, sally_op *op)
{
    sally_session_set_permissions(op->session, SALLY_MAY_ALL);
    atomic_store((_Atomic uint32_t *)user_data, sally_session_permissions(op->session));
    return SALLY_CONTINUE;
}

/* Of what it keeps from its sessions the program gives nothing back. */
static void what_a_protocol_denies_stays_denied(void **state)
{
    (void)state;
    _Atomic uint32_t permissions = 0;
    const sally_hooks hooks = {.struct_size = sizeof hooks,
                               .before_mask = SALLY_OP_BIT(SALLY_OP_STAT),
                               .before = allow_all,
                               .user_data = &permissions};
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_add_hooks(s, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    put_plan(s);
    assert_answer(s, "joe secret /plan\n", "14\n");
    assert_int_equal(atomic_load(&permissions), SALLY_MAY_STAT);
    finish(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_are_answered_from_the_storage),
        cmocka_unit_test(it_is_a_connection_like_others),
        cmocka_unit_test(a_shutdown_waits_for_no_question),
        cmocka_unit_test(what_a_protocol_denies_stays_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
