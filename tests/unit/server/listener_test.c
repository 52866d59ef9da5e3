/* Listening sockets: where they listen, who is told what when they cannot, and what happens when
 * descriptors run out. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "sallyport/storages.h"
#include "server/fixture.h"

static void listens_where_it_is_told(void **state)
{
    (void)state;
    sally_server *s = keyed_server();
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_OK);
    const char *url = sally_server_listener(s, 0);
    assert_non_null(url);
    assert_memory_equal(url, "sftp://127.0.0.1:", 17);
    assert_true(atoi(url + 17) > 0);
    assert_null(sally_server_listener(s, 1));
    /* It listens before the server runs. */
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(server_port(s))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    close(fd);

    sally_server *other = keyed_server();
    assert_int_equal(sally_server_add_listener(other, url), SALLY_E_ADDRESS);
    assert_non_null(strstr(sally_server_error(other), url + 7));
    assert_non_null(strstr(sally_server_error(other), "in use"));
    assert_int_equal(sally_server_add_listener(other, "sftp://192.0.2.1:0"), SALLY_E_ADDRESS);
    assert_int_equal(sally_server_add_listener(other, "ftp://:0"), SALLY_E_UNSUPPORTED);
    assert_int_equal(sally_server_add_listener(other, "nonsense"), SALLY_E_PARSE);
    assert_null(sally_server_listener(other, 0));
    assert_int_equal(sally_server_free(other), SALLY_E_OK);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
    assert_int_not_equal(
        connect(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&to, sizeof to),
        0);
}

static void both_families_share_the_port(void **state)
{
    (void)state;
    sally_server *s = keyed_server();
    assert_int_equal(sally_server_add_listener(s, "sftp://:0"), SALLY_E_OK);
    const char *first = sally_server_listener(s, 0), *second = sally_server_listener(s, 1);
    assert_non_null(first);
    if (second) { /* the machine has both */
        assert_string_equal(strrchr(first, ':'), strrchr(second, ':'));
        assert_true((strstr(first, "[::]") != NULL) != (strstr(second, "[::]") != NULL));
    }
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static void inherited_sockets_are_used(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in any = {.sin_family = AF_INET};
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    char url[64];
    sally_server *s = keyed_server();
    snprintf(url, sizeof url, "sftp+fd://%d", fd);
    assert_int_equal(sally_server_add_listener(s, url), SALLY_E_ADDRESS); /* does not listen */
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(sally_server_add_listener(s, url), SALLY_E_OK);
    assert_memory_equal(sally_server_listener(s, 0), "sftp://127.0.0.1:", 17);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_int_equal(sally_server_add_listener(s, "sftp+fd://9999"), SALLY_E_ADDRESS);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* it was the server's */
}

static void systemd_is_heeded_when_it_means_us(void **state)
{
    (void)state;
    sally_server *s = keyed_server();
    char pid[32];
    unsetenv("LISTEN_PID");
    setenv("LISTEN_FDS", "1", 1);
    assert_int_equal(sally_server_add_systemd_listeners(s), 0);
    snprintf(pid, sizeof pid, "%d", (int)getpid() + 1);
    setenv("LISTEN_PID", pid, 1);
    assert_int_equal(sally_server_add_systemd_listeners(s), 0);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "x", 1);
    assert_int_equal(sally_server_add_systemd_listeners(s), 0);
    setenv("LISTEN_FDS", "999999", 1);
    assert_int_equal(sally_server_add_systemd_listeners(s), SALLY_E_RANGE);
    setenv("LISTEN_FDS", "1", 1);
    int saved = dup(3); /* whatever is there: its place is taken for a moment */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(dup2(fd, 3), 3);
    if (fd != 3)
        close(fd);
    assert_int_equal(sally_server_add_systemd_listeners(s), 1);
    assert_non_null(sally_server_listener(s, 0));
    assert_string_equal(getenv("LISTEN_FDS"), "1"); /* left as it was */
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
    if (saved >= 0) {
        assert_int_equal(dup2(saved, 3), 3);
        close(saved);
    }
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
}

static void stops_listening_and_goes_on(void **state)
{
    (void)state;
    sally_server *s = keyed_server();
    sally_fs *fs;
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    assert_int_equal(sally_server_add_user(s, "joe", "secret", fs), SALLY_E_OK);
    sally_fs_unref(fs);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"),
                     SALLY_E_OK); /* while it runs */
    struct client c, again;
    client_open(&c, s, "joe", "secret");
    uint16_t port = server_port(s);
    const char *url = sally_server_listener(s, 0);
    assert_int_equal(sally_server_stop_listening(s), SALLY_E_OK);
    assert_int_equal(sally_server_stop_listening(s), SALLY_E_OK);
    assert_false(client_reaches(port));
    assert_null(sally_server_listener(s, 0));
    assert_int_equal(client_stat(&c, "/"), 0);
    assert_int_equal(sally_server_add_listener(s, url), SALLY_E_OK); /* the same one, at once */
    assert_ptr_equal(sally_server_listener(s, 0), url);
    client_open(&again, s, "joe", "secret");
    client_end(&again);
    assert_int_equal(client_stat(&c, "/"), 0);
    client_end(&c);
    assert_int_equal(sally_server_shutdown(s, 0), SALLY_E_OK);
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_STATE);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

/* No one is kept waiting, the server does not spin, and it recovers. */
static void descriptors_run_out(void **state)
{
    (void)state;
    sally_server *s = keyed_server();
    sally_fs *fs;
    assert_int_equal(sally_fs_memory(&fs, 0), SALLY_E_OK);
    assert_int_equal(sally_server_add_user(s, "joe", "secret", fs), SALLY_E_OK);
    sally_fs_unref(fs);
    assert_int_equal(sally_server_add_listener(s, "sftp://127.0.0.1:0"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c, d;
    client_open(&c, s, "joe", "secret");
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(server_port(s))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    low.rlim_cur = (rlim_t)fd + 1; /* no number is free below */
    int filler[256], fillers = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    while (fillers < 256 && (filler[fillers] = dup(fd)) >= 0)
        fillers++;
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    char byte;
    assert_int_equal(recv(fd, &byte, 1, 0), 0); /* turned away at once */
    assert_int_equal(client_stat(&c, "/"), 0);
    while (fillers > 0)
        close(filler[--fillers]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    close(fd);
    assert_true(counters_of(s).connections_refused >= 1);
    client_open(&d, s, "joe", "secret");
    client_end(&d);
    client_end(&c);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

static uint64_t cpu_ms(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* The process that passed the socket may end it for all who have it. */
static void a_socket_that_was_shut_down_costs_nothing(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in any = {.sin_family = AF_INET};
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(listen(fd, 5), 0);
    int other = dup(fd);
    char url[64];
    snprintf(url, sizeof url, "sftp+fd://%d", fd);
    sally_server *s = keyed_server();
    assert_int_equal(sally_server_add_listener(s, url), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    assert_int_equal(shutdown(other, SHUT_RDWR), 0);
    uint64_t before = cpu_ms();
    const struct timespec second = {1, 0};
    nanosleep(&second, NULL);
    assert_true(cpu_ms() - before < 100);
    close(other);
    assert_int_equal(sally_server_free(s), SALLY_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listens_where_it_is_told),
        cmocka_unit_test(both_families_share_the_port),
        cmocka_unit_test(inherited_sockets_are_used),
        cmocka_unit_test(systemd_is_heeded_when_it_means_us),
        cmocka_unit_test(stops_listening_and_goes_on),
        cmocka_unit_test(descriptors_run_out),
        cmocka_unit_test(a_socket_that_was_shut_down_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
