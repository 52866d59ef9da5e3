#include "cmocka_all.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/socket.h"

static void only_tcp_has_segments(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), pair[2];
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
    assert_true(os_segment(client) > 0);
    assert_true(os_segment(client) <= 65536);
    os_acknowledge(client); /* only the other side's clock could tell the difference */
    close(client);
    close(listener);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(os_segment(pair[0]), 0);
    os_acknowledge(pair[0]);
    close(pair[0]);
    close(pair[1]);
    assert_int_equal(os_segment(-1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_tcp_has_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
