/* PROXY headers before connections: read to the last byte and no further, awaited for a while, and
 * what follows is about the client. */
#include "cmocka_all.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "alloc_failure.h"
#include "base/mem.h"
#include "server/proxy_fixture.h"
#include "server/server.h"

static uint64_t awaited(struct proxied *p)
{
    return atomic_load(&p->server->limits.proxy_headers);
}

static void assert_is(const struct proxied *p, const char *address, unsigned port,
                      const char *local_address, unsigned local_port)
{
    assert_string_equal(p->address, address);
    assert_string_equal(p->local_address, local_address);
    assert_int_equal(p->port, port);
    assert_int_equal(p->local_port, local_port);
}

/* The client's first bytes come with the header's last ones. */
static void assert_works_behind(struct proxied *p, const char *mode, const void *header,
                                size_t size)
{
    struct client c;
    proxied_begin(p, mode, NULL);
    int fd = proxied_dial(p, "127.0.0.1");
    proxied_send(fd, header, size);
    client_start(&c, fd, NULL);
    (void)client_run(&c, NULL, 1); /* its identification line */
    c.pumped = p->server;
    assert_true(client_login(&c, "joe", "secret"));
    assert_true(client_sftp(&c));
    assert_int_equal(client_stat(&c, "/"), 0);
    assert_string_equal(p->proxy, "127.0.0.1");
    assert_string_equal(p->logged_proxy, "127.0.0.1");
    client_end(&c);
    proxied_assert_empty(p);
    assert_int_equal(p->connections, 1);
}

static void both_versions_tell_the_client(void **state)
{
    (void)state;
    static const char *const modes[] = {"required", "optional"};
    struct proxied p;
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        assert_works_behind(&p, modes[i], PROXY_LINE, sizeof PROXY_LINE - 1);
        assert_is(&p, "198.51.100.7", 40000, "203.0.113.9", 2222);
        proxied_end(&p);
        assert_works_behind(&p, modes[i], PROXY_BINARY, sizeof PROXY_BINARY - 1);
        assert_is(&p, "2001:db8::7", 40000, "2001:db8::9", 2222);
        proxied_end(&p);
    }
}

static void one_comes_byte_by_byte(void **state)
{
    (void)state;
    static const char *const headers[] = {PROXY_LINE, PROXY_BINARY};
    static const size_t sizes[] = {sizeof PROXY_LINE - 1, sizeof PROXY_BINARY - 1};
    struct proxied p;
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        proxied_begin(&p, "optional", NULL);
        int fd = proxied_dial(&p, "127.0.0.1");
        for (size_t k = 0; k < sizes[i]; k++) {
            assert_int_equal(p.connections, 0);
            proxied_send(fd, headers[i] + k, 1);
            proxied_pump(&p);
            assert_int_equal(awaited(&p), k + 1 < sizes[i]);
        }
        assert_true(proxied_is_greeted(&p, fd));
        assert_string_equal(p.address, i ? "2001:db8::7" : "198.51.100.7");
        close(fd);
        proxied_assert_empty(&p);
        proxied_end(&p);
    }
}

/* Part of a header does not keep the loop busy. */
static void an_incomplete_one_costs_nothing(void **state)
{
    (void)state;
    struct proxied p;
    proxied_begin(&p, "required", NULL);
    int fd = proxied_dial(&p, "127.0.0.1");
    PROXIED_SEND(fd, "PROXY TCP4 1");
    proxied_pump(&p);
    uint64_t begin = now_ms();
    assert_int_equal(sally_server_poll(p.server, 30), 1);
    assert_true(now_ms() - begin >= 20);
    close(fd);
    proxied_assert_empty(&p);
    assert_string_equal(p.refused, "closed before the end of the PROXY header");
    proxied_end(&p);
}

struct refusal {
    const char *bytes;
    size_t size;
    const char *why;
};
#define REFUSAL(bytes, why)                                                                        \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, why                                                              \
    }

static void what_is_no_header_is_refused(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        REFUSAL("SSH-2.0-x\r\n", "no PROXY header, which server.proxy_protocol requires"),
        REFUSAL("PROXY TCP4 1.2.3.4\r\n", "malformed address in a PROXY line"),
        REFUSAL(PROXY_SIGNATURE "\x21\x11\xff\xff", "PROXY header too long"),
        REFUSAL(PROXY_SIGNATURE "\x31\x11\0\x0c", "unknown version or command in a PROXY header"),
    };
    struct proxied p;
    proxied_begin(&p, "required", NULL);
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        p.warnings = 0;
        int fd = proxied_dial(&p, "127.0.0.1");
        proxied_send(fd, refusals[i].bytes, refusals[i].size);
        assert_false(proxied_is_greeted(&p, fd));
        close(fd);
        assert_string_equal(p.refused, refusals[i].why);
        assert_int_equal(p.warnings, 1);
        assert_int_equal(counters_of(p.server).connections_refused, i + 1);
    }
    int fd = proxied_dial(&p, "127.0.0.1"); /* it began as one, and is taken for none */
    PROXIED_SEND(fd, "PR");
    proxied_pump(&p);
    PROXIED_SEND(fd, "IVATE\r\n");
    assert_false(proxied_is_greeted(&p, fd));
    assert_string_equal(p.refused, "malformed PROXY header");
    close(fd);
    assert_int_equal(p.connections, 0);
    proxied_assert_empty(&p);
    proxied_end(&p);
}

static void time_is_limited(void **state)
{
    (void)state;
    static const char *const settings[][2] = {{"limits.proxy_header_time", "100ms"}, {NULL, NULL}};
    static const char late[] = "no PROXY header within limits.proxy_header_time";
    struct proxied p;
    proxied_begin(&p, "required", settings);
    int silent = proxied_dial(&p, "127.0.0.1"), slow = proxied_dial(&p, "127.0.0.1");
    PROXIED_SEND(slow, "PROXY ");
    assert_false(proxied_is_greeted(&p, silent));
    assert_string_equal(p.refused, late);
    assert_false(proxied_is_greeted(&p, slow));
    assert_int_equal(p.connections, 0);
    close(silent);
    close(slow);
    proxied_assert_empty(&p);
    proxied_end(&p);
    /* Where it may be missing, silence means that there is none, and half of one does not. */
    proxied_begin(&p, "optional", settings);
    silent = proxied_dial(&p, "127.0.0.1"), slow = proxied_dial(&p, "127.0.0.1");
    PROXIED_SEND(slow, "PROXY ");
    assert_true(proxied_is_greeted(&p, silent));
    assert_string_equal(p.address, "127.0.0.1");
    assert_false(proxied_is_greeted(&p, slow));
    assert_string_equal(p.refused, late);
    assert_int_equal(p.connections, 1);
    close(silent);
    close(slow);
    proxied_assert_empty(&p);
    proxied_end(&p);
}

static void an_optional_one_may_be_missing(void **state)
{
    (void)state;
    struct proxied p;
    proxied_begin(&p, "optional", NULL);
    uint64_t begin = now_ms();
    int fd = proxied_dial(&p, "127.0.0.1");
    PROXIED_SEND(fd, "SSH-2.0-x\r\n");
    assert_true(proxied_is_greeted(&p, fd)); /* at once */
    assert_true(now_ms() - begin < 900);
    assert_string_equal(p.address, "127.0.0.1");
    assert_string_equal(p.proxy, "");
    close(fd);
    proxied_assert_empty(&p);
    proxied_end(&p);
}

/* What strangers send is never read as a header. */
static void strangers_are_not_believed(void **state)
{
    (void)state;
    struct proxied p;
    proxied_begin(&p, "required", NULL);
    int fd = proxied_dial(&p, "127.0.0.2");
    PROXIED_SEND(fd, PROXY_LINE);
    assert_false(proxied_is_greeted(&p, fd));
    assert_string_equal(p.refused, "not listed in server.proxy_trusted");
    assert_int_equal(p.connections + p.warnings, 0);
    close(fd);
    assert_int_equal(sally_server_set(p.server, "server.proxy_protocol", "optional"), SALLY_E_OK);
    fd = proxied_dial(&p, "127.0.0.2");
    PROXIED_SEND(fd, PROXY_LINE);
    assert_true(proxied_is_greeted(&p, fd)); /* as anyone, and the line is not SSH */
    assert_string_equal(p.address, "127.0.0.2");
    proxied_assert_empty(&p);
    close(fd);
    assert_int_equal(sally_server_set(p.server, "server.proxy_protocol", "off"), SALLY_E_OK);
    fd = proxied_dial(&p, "127.0.0.1");
    PROXIED_SEND(fd, PROXY_LINE);
    assert_true(proxied_is_greeted(&p, fd));
    assert_string_equal(p.address, "127.0.0.1");
    proxied_assert_empty(&p);
    close(fd);
    proxied_end(&p);
}

/* Each listener has its own rules, and a socket that the program hands over has none. */
static void other_ways_in_have_no_header(void **state)
{
    (void)state;
    static const sally_setting_value settings[] = {{"server.proxy_protocol", "required"},
                                                   {"server.proxy_trusted", "127.0.0.1"}};
    const sally_listener_options options = {.struct_size = sizeof options,
                                            .url = "sftp://127.0.0.1:0",
                                            .settings = settings,
                                            .setting_count = COUNT_OF(settings)};
    struct proxied p;
    sally_listener *l;
    int fds[2];
    proxied_begin(&p, "off", NULL);
    assert_int_equal(sally_server_listen(p.server, &options, &l), SALLY_E_OK);
    int fd = client_dial(sally_listener_port(l));
    PROXIED_SEND(fd, PROXY_LINE);
    assert_true(proxied_is_greeted(&p, fd));
    assert_string_equal(p.address, "198.51.100.7");
    close(fd);
    fd = proxied_dial(&p, "127.0.0.1");
    assert_true(proxied_is_greeted(&p, fd));
    assert_string_equal(p.address, "127.0.0.1");
    assert_string_equal(p.proxy, "");
    close(fd);
    assert_int_equal(sally_server_set(p.server, "server.proxy_protocol", "required"), SALLY_E_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(sally_server_adopt(p.server, fds[0], "sftp", NULL), SALLY_E_OK);
    assert_true(proxied_is_greeted(&p, fds[1]));
    close(fds[1]);
    proxied_assert_empty(&p);
    proxied_end(&p);
}

static const char *const strict[][2] = {
    {"limits.penalty_exempt", ""},     {"limits.penalty_protocol_error", "1h"},
    {"limits.penalty_no_login", "1h"}, {"limits.penalty_max", "1d"},
    {"limits.penalty_min", "30m"},     {NULL, NULL},
};

/* Whether the sender of this header is admitted. */
static bool comes_in(struct proxied *p, const char *header, size_t size, const char *then)
{
    int fd = proxied_dial(p, "127.0.0.1");
    proxied_send(fd, header, size);
    proxied_send(fd, then, strlen(then));
    bool in = proxied_is_greeted(p, fd);
    proxied_pump(p);
    close(fd);
    proxied_assert_empty(p);
    return in;
}
#define COMES_IN(p, header, then) comes_in(p, header, sizeof(header) - 1, then)

static void penalties_are_the_clients(void **state)
{
    (void)state;
    struct proxied p;
    proxied_begin(&p, "required", strict);
    assert_true(COMES_IN(&p, PROXY_LINE, "nonsense\r\n"));
    assert_int_equal(p.penalized, 1);
    assert_false(COMES_IN(&p, PROXY_LINE, ""));
    assert_int_equal(p.connections, 1);
    assert_true(COMES_IN(&p, PROXY_BINARY, "")); /* another client */
    assert_true(COMES_IN(&p, PROXY_LOCAL, ""));  /* and the proxy itself */
    proxied_end(&p);
}

static void checks_of_health_cost_nothing(void **state)
{
    (void)state;
    struct proxied p;
    proxied_begin(&p, "required", strict);
    for (int i = 0; i < 5; i++) {
        assert_true(COMES_IN(&p, PROXY_LOCAL, ""));
        assert_string_equal(p.address, "127.0.0.1");
        assert_true(COMES_IN(&p, PROXY_UNKNOWN, ""));
        assert_false(COMES_IN(&p, "PROXY UNKNOWN\r", "\r"));
        close(proxied_dial(&p, "127.0.0.1")); /* silently */
        proxied_assert_empty(&p);
    }
    assert_int_equal(p.penalized, 0);
    assert_int_equal(p.warnings, 5); /* about the malformed ones */
    assert_true(COMES_IN(&p, PROXY_LOCAL, "nonsense\r\n"));
    assert_int_equal(p.penalized, 1);
    proxied_end(&p);
}

static void waiting_ones_are_limited(void **state)
{
    (void)state;
    static const char *const names[] = {"limits.connections", "limits.unauthenticated",
                                        "limits.unauthenticated_per_address"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *const settings[][2] = {{names[i], "2"},
                                           {"limits.unauthenticated_start", "100"},
                                           {"limits.unauthenticated_reserve", "0"},
                                           {NULL, NULL}};
        struct proxied p;
        proxied_begin(&p, "required", settings);
        int held[2] = {proxied_dial(&p, "127.0.0.1"), proxied_dial(&p, "127.0.0.1")};
        proxied_pump(&p);
        assert_int_equal(awaited(&p), 2);
        int third = proxied_dial(&p, "127.0.0.1");
        assert_false(proxied_is_greeted(&p, third));
        assert_string_equal(p.refused, names[i]);
        close(third);
        /* They make way for each other, and do not count twice. */
        for (int k = 0; k < 2; k++) {
            proxied_send(held[k], PROXY_LINE, sizeof PROXY_LINE - 1);
            assert_true(proxied_is_greeted(&p, held[k]));
        }
        assert_int_equal(awaited(&p), 0);
        close(held[0]);
        close(held[1]);
        proxied_assert_empty(&p);
        proxied_end(&p);
    }
}

static void closing_the_listener_lets_them_come(void **state)
{
    (void)state;
    struct proxied p;
    proxied_begin(&p, "required", NULL);
    int fd = proxied_dial(&p, "127.0.0.1");
    proxied_pump(&p);
    assert_int_equal(awaited(&p), 1);
    assert_int_equal(sally_server_stop_listening(p.server), SALLY_E_OK);
    proxied_pump(&p);
    PROXIED_SEND(fd, PROXY_LINE);
    assert_true(proxied_is_greeted(&p, fd));
    assert_string_equal(p.address, "198.51.100.7");
    close(fd);
    proxied_end(&p);
}

static void a_shutdown_does_not_wait(void **state)
{
    (void)state;
    struct proxied p;
    char byte;
    proxied_begin(&p, "required", NULL);
    int fd = proxied_dial(&p, "127.0.0.1");
    PROXIED_SEND(fd, "PROXY");
    proxied_pump(&p);
    assert_int_equal(awaited(&p), 1);
    assert_int_equal(sally_server_shutdown(p.server, 60000), SALLY_E_OK);
    uint64_t begin = now_ms();
    while (sally_server_poll(p.server, -1) > 0)
        ;
    assert_true(now_ms() - begin < 4000);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
    assert_int_equal(sally_server_free(p.server), SALLY_E_OK);
}

/* With threads of its own, on whichever loop the connection lands. */
static void it_works_with_threads(void **state)
{
    (void)state;
    sally_server *s = new_server(NULL);
    assert_int_equal(sally_server_set(s, "server.loops", "3"), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "server.proxy_trusted", "127.0.0.0/8"), SALLY_E_OK);
    assert_int_equal(sally_server_set(s, "server.proxy_protocol", "required"), SALLY_E_OK);
    assert_int_equal(sally_server_start(s), SALLY_E_OK);
    struct client c[4];
    int waiting = client_dial(server_port(s));
    for (size_t i = 0; i < COUNT_OF(c); i++) {
        int fd = client_dial(server_port(s));
        PROXIED_SEND(fd, PROXY_LINE);
        client_start(&c[i], fd, NULL);
        assert_true(client_login(&c[i], "joe", "secret") && client_sftp(&c[i]));
    }
    for (size_t i = 0; i < COUNT_OF(c); i++) {
        assert_int_equal(client_stat(&c[i], "/"), 0);
        client_end(&c[i]);
    }
    finish(s);
    close(waiting);
}

static void clients_of_a_unix_socket_are_trusted_by_name(void **state)
{
    (void)state;
    struct proxied p;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char url[32];
    proxied_begin(&p, "required", NULL);
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof name;
    /* Without a name, the system gives it an abstract one. */
    assert_int_equal(bind(listening, (struct sockaddr *)&name, sizeof name.sun_family), 0);
    assert_int_equal(listen(listening, 5), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&name, &size), 0);
    snprintf(url, sizeof url, "sftp+fd://%d", listening);
    assert_int_equal(sally_server_add_listener(p.server, url), SALLY_E_OK);
    for (int is_trusted = 0; is_trusted < 2; is_trusted++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&name, size), 0);
        PROXIED_SEND(fd, PROXY_LINE);
        assert_int_equal(proxied_is_greeted(&p, fd), is_trusted);
        close(fd);
        assert_int_equal(sally_server_set(p.server, "server.proxy_trusted", "unix"), SALLY_E_OK);
    }
    assert_string_equal(p.address, "198.51.100.7");
    assert_string_equal(p.proxy, "unix");
    proxied_assert_empty(&p);
    proxied_end(&p);
}

static void memory_may_be_short(void **state)
{
    (void)state;
    struct proxied p;
    uint32_t greeted = 0, refused = 0;
    proxied_begin(&p, "required", NULL);
    for (unsigned nth = 1; nth < 12; nth++) {
        int fd = proxied_dial(&p, "127.0.0.1");
        PROXIED_SEND(fd, "PROXY ");
        alloc_fail_at(nth);
        assert_int_equal(sally_server_poll(p.server, 5), 1);
        assert_int_equal(sally_server_poll(p.server, 0), 1);
        (void)send(fd, &PROXY_LINE[6], sizeof PROXY_LINE - 7, MSG_NOSIGNAL);
        assert_int_equal(sally_server_poll(p.server, 5), 1);
        (void)alloc_failed();
        bool in = proxied_is_greeted(&p, fd);
        greeted += in;
        refused += !in;
        close(fd);
        proxied_assert_empty(&p);
    }
    assert_true(refused >= 3 && greeted > 0);
    assert_string_equal(p.refused, "out of memory");
    assert_true(counters_of(p.server).connections_refused <= refused); /* some had begun */
    assert_true(COMES_IN(&p, PROXY_LINE, ""));
    proxied_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_versions_tell_the_client),
        cmocka_unit_test(one_comes_byte_by_byte),
        cmocka_unit_test(an_incomplete_one_costs_nothing),
        cmocka_unit_test(what_is_no_header_is_refused),
        cmocka_unit_test(time_is_limited),
        cmocka_unit_test(an_optional_one_may_be_missing),
        cmocka_unit_test(strangers_are_not_believed),
        cmocka_unit_test(other_ways_in_have_no_header),
        cmocka_unit_test(penalties_are_the_clients),
        cmocka_unit_test(checks_of_health_cost_nothing),
        cmocka_unit_test(waiting_ones_are_limited),
        cmocka_unit_test(closing_the_listener_lets_them_come),
        cmocka_unit_test(a_shutdown_does_not_wait),
        cmocka_unit_test(it_works_with_threads),
        cmocka_unit_test(clients_of_a_unix_socket_are_trusted_by_name),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
