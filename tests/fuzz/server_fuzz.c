/* A complete server in pump mode over a memory storage, and a client on a socket pair. The input
 * logs in, or fails to, and then opens sessions, sends SFTP, scp and arbitrary messages, rekeys,
 * and inspects, changes and ends the connection.
 *
 * When the client is gone, the server has no connection, session or file left. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bare_engine.h"
#include "base/mem.h"
#include "sallyport/server.h"
#include "sallyport/storages.h"
#include "ssh/channel_request.h"
#include "ssh/send.h"
#include "ssh/transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHANNELS    4
#define ACTIONS_MAX 100
#define POLLS_MAX   20000 /* an answer that has not come by then will not come */

enum action {
    OPEN_SFTP,
    OPEN_EXEC,
    SEND_DATA,
    SEND_MESSAGE,
    END_DATA,
    CLOSE,
    REKEY,
    WALK,
    SET,
    PERMIT,
    DISCONNECT,
    ACTION_COUNT
};

struct client {
    sally_server *server;
    uint64_t id;
    int fd;
    struct ssh *ssh;
    uint64_t now_ns;
    struct ssh_channel *channels[CHANNELS];
    bool logged_in, login_failed, opened, request_answered, is_over;
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* ---- The client's events ---- */

static bool on_host_key(void *user_data, struct slice blob)
{
    (void)user_data, (void)blob;
    return true;
}

static void on_authenticated(void *user_data)
{
    ((struct client *)user_data)->logged_in = true;
}

static void on_auth_failed(void *user_data, struct slice methods, bool partial)
{
    (void)methods, (void)partial;
    ((struct client *)user_data)->login_failed = true;
}

static void on_opened(void *user_data, struct ssh_channel *channel, bool ok)
{
    (void)channel;
    ((struct client *)user_data)->opened = ok;
}

static void on_request_done(void *user_data, struct ssh_channel *channel, bool ok)
{
    (void)channel, (void)ok;
    ((struct client *)user_data)->request_answered = true;
}

static void on_data(void *user_data, struct ssh_channel *channel, const uint8_t *data, size_t size)
{
    (void)user_data, (void)data;
    ssh_channel_credit(channel, size);
}

static void on_closed(void *user_data, struct ssh_channel *channel)
{
    struct client *c = user_data;
    for (size_t i = 0; i < CHANNELS; i++)
        if (c->channels[i] == channel)
            c->channels[i] = NULL;
}

static void on_over(void *user_data, enum ssh_end end, const char *detail)
{
    (void)end, (void)detail;
    ((struct client *)user_data)->is_over = true;
}

static const struct ssh_events events = {
    .host_key = on_host_key,
    .authenticated = on_authenticated,
    .auth_failed = on_auth_failed,
    .channel_opened = on_opened,
    .request_done = on_request_done,
    .data = on_data,
    .closed = on_closed,
    .over = on_over,
};

/* ---- Moving bytes ---- */

static void exchange(struct client *c)
{
    uint8_t *room;
    struct slice out;
    while ((out = ssh_output(c->ssh)).size > 0) {
        ssize_t sent = send(c->fd, out.data, out.size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent <= 0)
            break;
        ssh_output_sent(c->ssh, (size_t)sent);
    }
    require(sally_server_poll(c->server, 0) == 1);
    size_t size = ssh_input_room(c->ssh, &room);
    ssize_t got = size ? recv(c->fd, room, size, MSG_DONTWAIT) : -1;
    if (got == 0) {
        c->is_over = true;
        return;
    }
    ssh_input_filled(c->ssh, got > 0 ? (size_t)got : 0);
    ssh_run(c->ssh, ++c->now_ns);
}

/* Until `*flag` or the end. */
static void await(struct client *c, const bool *flag)
{
    for (int i = 0; i < POLLS_MAX && !*flag && !c->is_over; i++)
        exchange(c);
}

static void exchange_some(struct client *c)
{
    for (int i = 0; i < 8 && !c->is_over; i++)
        exchange(c);
}

/* ---- Actions ---- */

static struct ssh_channel *open_channel(struct client *c)
{
    size_t at = 0;
    while (at < CHANNELS && c->channels[at])
        at++;
    c->opened = c->request_answered = false;
    struct ssh_channel *channel = at < CHANNELS ? ssh_client_open(c->ssh) : NULL;
    if (!channel)
        return NULL;
    c->channels[at] = channel;
    await(c, &c->opened);
    return c->is_over ? NULL : c->channels[at];
}

static void open_sftp(struct client *c)
{
    struct ssh_channel *channel = open_channel(c);
    if (!channel)
        return;
    ssh_client_subsystem(channel, "sftp");
    await(c, &c->request_answered);
}

static void open_exec(struct client *c, struct slice command)
{
    struct ssh_channel *channel = open_channel(c);
    if (!channel || c->ssh->state != READY)
        return;
    transport_enter(c->ssh);
    struct buf *m = channel_message(channel, SSH_MSG_CHANNEL_REQUEST);
    put_text(m, "exec");
    put_bool(m, false);
    put_slice(m, command);
    ssh_message_send(c->ssh);
    transport_leave(c->ssh);
}

struct copy {
    struct chunk chunk;
    uint8_t bytes[];
};

static void free_copy(struct chunk *chunk)
{
    mem_free(CONTAINER_OF(chunk, struct copy, chunk));
}

static void send_data(struct ssh_channel *channel, struct slice data)
{
    if (!channel || data.size == 0)
        return;
    struct copy *copy = mem_alloc(sizeof *copy + data.size);
    require(copy != NULL);
    memcpy(copy->bytes, data.data, data.size);
    copy->chunk = (struct chunk){.data = copy->bytes, .size = data.size, .release = free_copy};
    list_init(&copy->chunk.link);
    ssh_channel_send(channel, &copy->chunk);
}

static void send_message(struct client *c, struct slice payload)
{
    struct slice nothing = {NULL, 0};
    if (payload.size > 0 && payload.size < 30000 && c->ssh->state == READY)
        (void)send_now(c->ssh, payload, nothing);
}

static bool see(void *user_data, const sally_connection_info *info)
{
    size_t *sum = user_data;
    *sum += strlen(info->user) + strlen(info->activity) + strlen(info->state);
    return true;
}

static void set(struct client *c, uint8_t choice)
{
    static const char *const choices[][2] = {
        {"limits.idle_time", "1h"},      {"sftp.max_version", "4"},
        {"ssh.rekey_bytes", "64K"},      {"sftp.deny_requests", "+rename,stat"},
        {"sftp.allow_requests", "open"}, {"ssh.commands", "-scp"}};
    const char *const *one = choices[choice % COUNT_OF(choices)];
    (void)sally_server_set_connection(c->server, c->id, one[0], one[1]);
}

static void act(struct client *c, uint8_t action, struct slice body)
{
    struct ssh_channel *channel = c->channels[action / ACTION_COUNT % CHANNELS];
    size_t sum = 0;
    switch (action % ACTION_COUNT) {
    case OPEN_SFTP:
        open_sftp(c);
        break;
    case OPEN_EXEC:
        open_exec(c, body);
        break;
    case SEND_DATA:
        send_data(channel, body);
        break;
    case SEND_MESSAGE:
        send_message(c, body);
        break;
    case END_DATA:
        if (channel)
            ssh_channel_send_eof(channel);
        break;
    case CLOSE:
        if (channel)
            ssh_channel_finish(channel, 0);
        break;
    case REKEY:
        if (body.size % 2)
            (void)sally_server_rekey(c->server, c->id);
        else
            ssh_rekey(c->ssh);
        break;
    case WALK:
        require(sally_server_each_connection(c->server, see, &sum) == SALLY_E_OK);
        break;
    case SET:
        set(c, body.size ? body.data[0] : 0);
        break;
    case PERMIT:
        (void)sally_server_set_permissions(c->server, c->id,
                                           body.size ? body.data[0] * 0x01010101u : 0);
        break;
    default:
        if (body.size % 4 == 3)
            (void)sally_server_disconnect(c->server, c->id, "enough");
        break;
    }
    ssh_run(c->ssh, ++c->now_ns);
    exchange_some(c);
}

/* ---- Both ends ---- */

static sally_server *start_server(uint8_t how)
{
    static sally_key *key;
    sally_server *s;
    sally_fs *fs;
    require(key || sally_key_generate(&key, "ed25519", 0) == SALLY_E_OK);
    require(sally_server_new(&s) == SALLY_E_OK);
    require(sally_fs_memory(&fs, 1 << 20) == SALLY_E_OK);
    require(sally_server_add_host_key(s, key) == SALLY_E_OK);
    require(sally_server_add_user(s, "joe", "secret", fs) == SALLY_E_OK);
    if (how & 0x10)
        require(sally_server_set(s, "limits.open_files", "2") == SALLY_E_OK);
    if (how & 0x20)
        require(sally_server_set(s, "limits.operations", "1") == SALLY_E_OK);
    sally_fs_unref(fs);
    return s;
}

static void connect_client(struct client *c, uint8_t how)
{
    static struct crypto *crypto;
    static const char *const ciphers[] = {"aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com",
                                          "aes128-ctr"};
    int fds[2];
    require(crypto || crypto_new(&crypto) == SALLY_E_OK);
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    require(sally_server_adopt(c->server, fds[0], "sftp", &c->id) == SALLY_E_OK);
    c->fd = fds[1];
    const struct ssh_options options = {
        .role = SSH_CLIENT,
        .crypto = crypto,
        .random = crypto_random(crypto),
        .settings.fixed.software = "fuzz",
        .settings.fixed.ciphers = ciphers[(how >> 2 & 3) % COUNT_OF(ciphers)],
        .settings.fixed.compression = how & 2 ? "zlib@openssh.com" : "none",
    };
    require(ssh_new(&c->ssh, &options, &events, c, ++c->now_ns) == SALLY_E_OK);
}

static void log_in(struct client *c, bool tries_wrong_first)
{
    if (tries_wrong_first) {
        ssh_client_login_password(c->ssh, "joe", "wrong");
        await(c, &c->login_failed);
        require(!c->logged_in);
    }
    ssh_client_login_password(c->ssh, "joe", "secret");
    await(c, &c->logged_in);
    require(c->logged_in);
}

/* The client is gone: everything it left behind must be released. */
static void finish_server(sally_server *s)
{
    sally_counters now = {.struct_size = sizeof now};
    for (int i = 0; i < POLLS_MAX; i++) {
        require(sally_server_poll(s, 0) == 1);
        require(sally_server_counters(s, &now) == SALLY_E_OK);
        if (now.connections_now == 0 && now.sessions_now == 0)
            break;
    }
    require(now.connections_now == 0 && now.sessions_now == 0 && now.files_now == 0);
    require(sally_server_shutdown(s, 0) == SALLY_E_OK);
    while (sally_server_poll(s, 0) == 1) {
    }
    require(sally_server_free(s) == SALLY_E_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor input = cursor_of(data, size);
    uint8_t how = get_u8(&input);
    struct client c = {.server = start_server(how)};
    connect_client(&c, how);
    log_in(&c, how & 1);
    for (int i = 0; i < ACTIONS_MAX && cursor_left(&input) && !c.is_over; i++) {
        uint8_t action = get_u8(&input);
        struct slice body;
        if (!next_record(&input, &body))
            break;
        act(&c, action, body);
    }
    ssh_free(c.ssh);
    close(c.fd);
    finish_server(c.server);
    return 0;
}
