#include "server/proxy_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/server.h"

static sally_status note_peer(void *user_data, sally_connection *connection)
{
    struct proxied *p = user_data;
    const sally_peer *peer = sally_connection_peer(connection);
    snprintf(p->address, sizeof p->address, "%s", peer->address);
    snprintf(p->local_address, sizeof p->local_address, "%s", peer->local_address);
    snprintf(p->proxy, sizeof p->proxy, "%s", peer->proxy_address);
    p->port = peer->port;
    p->local_port = peer->local_port;
    p->connections++;
    return SALLY_CONTINUE;
}

static const char *field_of(const sally_log_line *line, const char *name)
{
    for (uint32_t i = 0; i < line->field_count; i++)
        if (strcmp(line->fields[i].name, name) == 0)
            return line->fields[i].value;
    return "";
}

static void note_line(void *user_data, const sally_log_line *line)
{
    struct proxied *p = user_data;
    p->warnings += line->level == SALLY_LOG_WARNING;
    p->penalized += strcmp(line->event, "address.penalized") == 0;
    if (strcmp(line->event, "connection.refused") == 0)
        snprintf(p->refused, sizeof p->refused, "%s", field_of(line, "reason"));
    if (strcmp(line->event, "connection.opened") == 0)
        snprintf(p->logged_proxy, sizeof p->logged_proxy, "%s", field_of(line, "proxy"));
}

void proxied_begin(struct proxied *p, const char *mode, const char *const settings[][2])
{
    memset(p, 0, sizeof *p);
    p->server = new_server(NULL);
    const sally_hooks hooks = {
        .struct_size = sizeof hooks, .user_data = p, .connection_requested = note_peer};
    assert_int_equal(sally_server_add_hooks(p->server, &hooks), SALLY_E_OK);
    assert_int_equal(sally_server_set_log(p->server, note_line, p, SALLY_LOG_INFO), SALLY_E_OK);
    assert_int_equal(sally_server_set(p->server, "server.proxy_trusted", "127.0.0.1"), SALLY_E_OK);
    assert_int_equal(sally_server_set(p->server, "server.proxy_protocol", mode), SALLY_E_OK);
    for (size_t i = 0; settings && settings[i][0]; i++)
        assert_int_equal(sally_server_set(p->server, settings[i][0], settings[i][1]), SALLY_E_OK);
    assert_int_equal(sally_server_poll(p->server, 0), 1);
}

void proxied_end(struct proxied *p)
{
    assert_int_equal(sally_server_shutdown(p->server, 0), SALLY_E_OK);
    while (sally_server_poll(p->server, -1) > 0)
        ;
    assert_int_equal(sally_server_free(p->server), SALLY_E_OK);
}

int proxied_dial(struct proxied *p, const char *from)
{
    struct sockaddr_in source = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(inet_pton(AF_INET, from, &source.sin_addr), 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&source, sizeof source), 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(server_port(p->server));
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

void proxied_send(int fd, const void *data, size_t size)
{
    assert_int_equal(send(fd, data, size, MSG_NOSIGNAL), size);
}

void proxied_pump(struct proxied *p)
{
    for (int i = 0; i < 6; i++)
        assert_int_equal(sally_server_poll(p->server, i ? 0 : 5), 1);
}

bool proxied_is_greeted(struct proxied *p, int fd)
{
    char greeting[8];
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(sally_server_poll(p->server, 10), 1);
        ssize_t got = recv(fd, greeting, sizeof greeting, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            continue;
        if (got <= 0)
            return false;
        assert_memory_equal(greeting, "SSH-2.0-", sizeof greeting);
        return true;
    }
    fail_msg("neither greeted nor refused");
    return false;
}

void proxied_assert_empty(struct proxied *p)
{
    struct limits *limits = &p->server->limits;
    for (int i = 0; i < 1000 && atomic_load(&limits->connections) > 0; i++)
        assert_int_equal(sally_server_poll(p->server, 10), 1);
    proxied_pump(p);
    assert_int_equal(atomic_load(&limits->connections), 0);
    assert_int_equal(atomic_load(&limits->proxy_headers), 0);
    assert_int_equal(counters_of(p->server).connections_now, 0);
    for (size_t i = 0; i < USAGE_BUCKETS; i++)
        assert_null(limits->addresses.buckets[i]);
}
