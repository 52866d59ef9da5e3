#include <sys/socket.h>
#include <unistd.h>

#include "cmocka_all.h"

#include "server/stream.h"

struct pair {
    int ours, theirs;
    struct stream stream;
};

static int setup(void **state)
{
    static struct pair p;
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0)
        return -1;
    p = (struct pair){fds[0], fds[1], stream_plain(fds[0])};
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    struct pair *p = *state;
    close(p->ours);
    close(p->theirs);
    return 0;
}

static enum stream_state receive(struct pair *p, uint8_t *room, size_t size, size_t *moved)
{
    *moved = 99;
    return p->stream.methods->receive(&p->stream, room, size, moved);
}

static void bytes_come_and_go(void **state)
{
    struct pair *p = *state;
    uint8_t room[8];
    size_t moved;
    assert_int_equal(receive(p, room, sizeof room, &moved), STREAM_AGAIN);
    assert_int_equal(write(p->theirs, "hello", 5), 5);
    assert_int_equal(receive(p, room, sizeof room, &moved), STREAM_OK);
    assert_int_equal(moved, 5);
    assert_memory_equal(room, "hello", 5);
    assert_int_equal(p->stream.methods->send(&p->stream, (const uint8_t *)"hi", 2, &moved),
                     STREAM_OK);
    assert_int_equal(moved, 2);
    assert_int_equal(read(p->theirs, room, sizeof room), 2);
    assert_false(p->stream.methods->has_pending(&p->stream));
}

static void a_full_socket_says_again(void **state)
{
    struct pair *p = *state;
    static const uint8_t data[65536];
    size_t moved = 0, sum = 0;
    enum stream_state result = STREAM_OK;
    while (result == STREAM_OK) {
        result = p->stream.methods->send(&p->stream, data, sizeof data, &moved);
        sum += result == STREAM_OK ? moved : 0;
    }
    assert_int_equal(result, STREAM_AGAIN);
    assert_true(sum > 0);
}

static void both_ends_are_told(void **state)
{
    struct pair *p = *state;
    uint8_t room[8];
    size_t moved;
    assert_true(p->stream.methods->end_output(&p->stream));
    assert_int_equal(read(p->theirs, room, sizeof room), 0);
    assert_int_equal(shutdown(p->theirs, SHUT_WR), 0);
    assert_int_equal(receive(p, room, sizeof room, &moved), STREAM_EOF);
    close(p->theirs);
    p->theirs = -1;
    /* Without SIGPIPE, which would end the test. */
    assert_int_equal(p->stream.methods->send(&p->stream, room, 1, &moved), STREAM_BROKEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_come_and_go),
        TEST(a_full_socket_says_again),
        TEST(both_ends_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
