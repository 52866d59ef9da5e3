#include "server/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc_failure.h"

#define PATIENCE_MS 10000

enum { FXP_INIT = 1, FXP_VERSION = 2, FXP_OPEN = 3, FXP_CLOSE = 4, FXP_WRITE = 6, FXP_STAT = 17 };
enum { FXP_STATUS = 101, FXP_HANDLE = 102 };

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool on_host_key(void *user_data, struct slice blob)
{
    (void)user_data;
    return blob.size > 0;
}

static void on_authenticated(void *user_data)
{
    ((struct client *)user_data)->logged_in = true;
}

static void on_auth_failed(void *user_data, struct slice methods, bool partial)
{
    (void)methods;
    (void)partial;
    ((struct client *)user_data)->login_failed = true;
}

static void on_prompts(void *user_data, struct slice request)
{
    struct client *c = user_data;
    struct cursor at = cursor_of_slice(request);
    get_string(&at); /* name, instruction, language */
    get_string(&at);
    get_string(&at);
    uint32_t count = get_u32(&at);
    const char *answers[16];
    assert_true(count <= 16);
    for (uint32_t i = 0; i < count; i++)
        answers[i] = c->answer;
    c->prompted++;
    ssh_client_answer(c->ssh, answers, count);
}

static void on_keys(void *user_data, bool first, const char *algorithms)
{
    (void)first;
    (void)algorithms;
    ((struct client *)user_data)->keys_exchanged++;
}

static void on_opened(void *user_data, struct ssh_channel *channel, bool ok)
{
    struct client *c = user_data;
    if (!ok) {
        c->requested = true;
        return;
    }
    c->env_awaited = c->env_name != NULL;
    if (c->env_name)
        ssh_client_env(channel, c->env_name, c->env_value);
    if (c->command)
        ssh_client_exec(channel, c->command);
    else
        ssh_client_subsystem(channel, c->subsystem ? c->subsystem : "sftp");
}

static void on_request_done(void *user_data, struct ssh_channel *channel, bool ok)
{
    (void)channel;
    struct client *c = user_data;
    if (c->env_awaited) {
        c->env_awaited = false;
        c->env_ok = ok;
        return;
    }
    c->requested = true;
    c->request_ok = ok;
}

static void on_data(void *user_data, struct ssh_channel *channel, const uint8_t *data, size_t size)
{
    struct client *c = user_data;
    put_bytes(&c->in, data, size);
    if (!c->keeps_window)
        ssh_channel_credit(channel, size);
}

static void on_error_data(void *user_data, struct ssh_channel *channel, const uint8_t *data,
                          size_t size)
{
    (void)channel;
    put_bytes(&((struct client *)user_data)->errors, data, size);
}

static void on_channel_eof(void *user_data, struct ssh_channel *channel)
{
    (void)channel;
    ((struct client *)user_data)->channel_eof = true;
}

static void on_exited(void *user_data, struct ssh_channel *channel, uint32_t status,
                      struct slice signal)
{
    struct client *c = user_data;
    (void)channel;
    c->exited = true;
    c->exit_status = status;
    snprintf(c->exit_signal, sizeof c->exit_signal, "%.*s", (int)signal.size,
             signal.size ? (const char *)signal.data : "");
}

static void on_closed(void *user_data, struct ssh_channel *channel)
{
    (void)channel;
    struct client *c = user_data;
    c->channel = NULL;
    c->channel_gone = true;
}

static void on_over(void *user_data, enum ssh_end end, const char *detail)
{
    (void)end;
    struct client *c = user_data;
    c->over = true;
    snprintf(c->end_detail, sizeof c->end_detail, "%s", detail);
}

void client_start(struct client *c, int fd, sally_server *pumped)
{
    static const struct ssh_events events = {
        .host_key = on_host_key,
        .authenticated = on_authenticated,
        .auth_failed = on_auth_failed,
        .auth_prompts = on_prompts,
        .keys_exchanged = on_keys,
        .channel_opened = on_opened,
        .request_done = on_request_done,
        .data = on_data,
        .error_data = on_error_data,
        .eof = on_channel_eof,
        .exited = on_exited,
        .closed = on_closed,
        .over = on_over,
    };
    memset(c, 0, sizeof *c);
    c->fd = fd;
    c->pumped = pumped;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    buf_init(&c->in, 16u << 20);
    buf_init(&c->errors, 1u << 20);
    assert_int_equal(crypto_new(&c->crypto), SALLY_E_OK);
    struct ssh_options options = {.role = SSH_CLIENT,
                                  .crypto = c->crypto,
                                  .random = crypto_random(c->crypto),
                                  .settings.fixed.software = "test"};
    assert_int_equal(ssh_new(&c->ssh, &options, &events, c, now_ns()), SALLY_E_OK);
}

uint16_t server_port(sally_server *server)
{
    const char *url = sally_server_listener(server, 0);
    assert_non_null(url);
    return (uint16_t)atoi(strrchr(url, ':') + 1);
}

int client_dial(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

bool client_reaches(uint16_t port)
{
    int fd = client_dial(port);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

bool client_connect(struct client *c, sally_server *server, sally_server *pumped)
{
    int fd = client_dial(server_port(server));
    if (fd < 0)
        return false;
    client_start(c, fd, pumped);
    return true;
}

/* False: the socket is at its end. */
static bool read_some(struct client *c)
{
    uint8_t *room;
    size_t size = ssh_input_room(c->ssh, &room);
    if (size == 0)
        return true;
    ssize_t got = recv(c->fd, room, size, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0)
        ssh_input_eof(c->ssh);
    else
        ssh_input_filled(c->ssh, (size_t)got);
    return got > 0;
}

static bool write_some(struct client *c)
{
    struct slice out;
    while ((out = ssh_output(c->ssh)).size > 0) {
        ssize_t sent = send(c->fd, out.data, out.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        ssh_output_sent(c->ssh, (size_t)sent);
        ssh_run(c->ssh, now_ns());
    }
    return true;
}

bool client_run(struct client *c, bool (*done)(struct client *c), int timeout_ms)
{
    uint64_t end = now_ns() + (uint64_t)timeout_ms * 1000000u;
    for (;;) {
        if (c->pumped) {
            alloc_enter();
            (void)sally_server_poll(c->pumped, 0);
            alloc_leave();
        }
        if (!c->eof && !read_some(c))
            c->eof = true;
        ssh_run(c->ssh, now_ns());
        if (!write_some(c))
            c->eof = true;
        if (done && done(c))
            return true;
        uint64_t now = now_ns();
        if (now >= end || c->eof)
            return false;
        int wait = c->pumped ? 1 : (int)((end - now) / 1000000u) + 1;
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        if (ssh_output(c->ssh).size > 0)
            p.events |= POLLOUT;
        (void)poll(&p, 1, wait > 50 ? 50 : wait);
    }
}

bool client_is_over(struct client *c)
{
    return c->over || c->eof;
}

static bool is_logged_in_or_not(struct client *c)
{
    return c->logged_in || c->login_failed || c->over;
}

bool client_login(struct client *c, const char *user, const char *password)
{
    c->login_failed = false;
    ssh_client_login_password(c->ssh, user, password);
    return client_run(c, is_logged_in_or_not, PATIENCE_MS) && c->logged_in;
}

bool client_login_interactive(struct client *c, const char *user, const char *answer)
{
    c->login_failed = false;
    c->answer = answer;
    ssh_client_login_interactive(c->ssh, user);
    return client_run(c, is_logged_in_or_not, PATIENCE_MS) && c->logged_in;
}

bool client_login_key(struct client *c, const char *user, const sally_key *key)
{
    c->login_failed = false;
    ssh_client_login_key(c->ssh, user, key, true);
    return client_run(c, is_logged_in_or_not, PATIENCE_MS) && c->logged_in;
}

static bool is_requested(struct client *c)
{
    return c->requested || c->over;
}

bool client_request(struct client *c)
{
    c->requested = c->request_ok = c->channel_gone = c->channel_eof = c->exited = false;
    c->channel = ssh_client_open(c->ssh);
    return c->channel && client_run(c, is_requested, PATIENCE_MS) && c->request_ok;
}

bool client_sftp(struct client *c)
{
    if (!client_request(c))
        return false;
    struct buf init, reply;
    buf_init(&init, 64);
    buf_init(&reply, 65536);
    uint32_t version = 0;
    client_send(c, FXP_INIT, &init); /* the place of the id is the version's */
    bool ok = client_reply(c, &version, &reply, PATIENCE_MS) == FXP_VERSION && version == 3;
    buf_clear(&init);
    buf_clear(&reply);
    return ok;
}

void client_open(struct client *c, sally_server *server, const char *user, const char *password)
{
    assert_true(client_connect(c, server, NULL));
    assert_true(client_login(c, user, password));
    assert_true(client_sftp(c));
}

void client_end(struct client *c)
{
    ssh_free(c->ssh);
    c->ssh = NULL;
    crypto_unref(c->crypto);
    buf_clear(&c->in);
    buf_clear(&c->errors);
    close(c->fd);
}

struct copy {
    struct chunk chunk;
    uint8_t data[];
};

static void free_copy(struct chunk *chunk)
{
    mem_free(CONTAINER_OF(chunk, struct copy, chunk));
}

void client_send_bytes(struct client *c, const void *data, size_t size)
{
    struct copy *copy = mem_alloc(sizeof *copy + size);
    assert_non_null(copy);
    memcpy(copy->data, data, size);
    copy->chunk = (struct chunk){.data = copy->data, .size = size, .release = free_copy};
    list_init(&copy->chunk.link);
    if (c->channel)
        ssh_channel_send(c->channel, &copy->chunk);
    else
        free_copy(&copy->chunk);
}

uint32_t client_send(struct client *c, uint8_t type, struct buf *body)
{
    uint32_t id = type == FXP_INIT ? 3 : ++c->next_id;
    struct buf packet;
    buf_init(&packet, body->size + 9);
    put_u32(&packet, (uint32_t)body->size + 5);
    put_u8(&packet, type);
    put_u32(&packet, id);
    put_bytes(&packet, buf_head(body), body->size);
    assert_false(packet.failed || body->failed);
    client_send_bytes(c, buf_head(&packet), packet.size);
    buf_clear(&packet);
    return id;
}

static bool has_packet(struct client *c)
{
    struct cursor at = cursor_of_slice(buf_slice(&c->in));
    uint32_t size = get_u32(&at);
    return (!at.bad && cursor_left(&at) >= size) || c->over || c->channel_gone;
}

uint8_t client_reply(struct client *c, uint32_t *id, struct buf *reply, int timeout_ms)
{
    (void)client_run(c, has_packet, timeout_ms); /* the reply may come together with the end */
    struct cursor at = cursor_of_slice(buf_slice(&c->in));
    struct slice packet = get_string(&at);
    struct cursor inner = cursor_of_slice(packet);
    uint8_t type = get_u8(&inner);
    *id = get_u32(&inner);
    if (at.bad || inner.bad)
        return 0;
    struct slice rest = cursor_rest(&inner);
    buf_reset(reply);
    put_bytes(reply, rest.data, rest.size);
    buf_consume(&c->in, packet.size + 4);
    c->replies++;
    return type;
}

int client_ask(struct client *c, uint8_t type, struct buf *body, struct buf *reply)
{
    struct buf own;
    buf_init(&own, 1u << 20);
    uint32_t id = client_send(c, type, body), got = 0;
    uint8_t answer = client_reply(c, &got, reply ? reply : &own, PATIENCE_MS);
    int code = -1;
    if (answer == 0 || got != id) {
        code = -2;
    } else if (answer == FXP_STATUS) {
        struct cursor at = cursor_of_slice(buf_slice(reply ? reply : &own));
        code = (int)get_u32(&at);
    }
    buf_clear(&own);
    return code;
}

bool client_open_file(struct client *c, const char *path, uint32_t flags, struct buf *handle)
{
    struct buf body, reply;
    buf_init(&body, 4096);
    buf_init(&reply, 4096);
    buf_init(handle, 512);
    put_text(&body, path);
    put_u32(&body, flags);
    put_u32(&body, 0);
    bool ok = client_ask(c, FXP_OPEN, &body, &reply) == -1;
    struct cursor at = cursor_of_slice(buf_slice(&reply));
    struct slice text = get_string(&at);
    if (ok)
        put_bytes(handle, text.data, text.size);
    buf_clear(&body);
    buf_clear(&reply);
    return ok && text.size > 0;
}

int client_write(struct client *c, const struct buf *handle, uint64_t offset, const void *data,
                 size_t size)
{
    struct buf body;
    buf_init(&body, size + 1024);
    put_slice(&body, buf_slice(handle));
    put_u64(&body, offset);
    put_string(&body, data, size);
    int code = client_ask(c, FXP_WRITE, &body, NULL);
    buf_clear(&body);
    return code;
}

int client_close_file(struct client *c, const struct buf *handle)
{
    struct buf body;
    buf_init(&body, 1024);
    put_slice(&body, buf_slice(handle));
    int code = client_ask(c, FXP_CLOSE, &body, NULL);
    buf_clear(&body);
    return code;
}

int client_stat(struct client *c, const char *path)
{
    struct buf body;
    buf_init(&body, 4096);
    put_text(&body, path);
    int code = client_ask(c, FXP_STAT, &body, NULL);
    buf_clear(&body);
    return code == -1 ? 0 : code;
}
