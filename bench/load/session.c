/* One connection: from connect() through login and subsystem to the workload, and out again. */
#include "load.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

/* ---- Ends ---- */

void session_done(struct session *s)
{
    struct load *load = s->load;
    if (s->is_done)
        return;
    s->is_done = true;
    if (!s->is_ready)
        load->connecting--;
    load->finished++;
    s->job->last_ns = clock_ns();
}

void session_fail(struct session *s, const char *what)
{
    struct load *load = s->load;
    if (s->is_done || s->is_leaving)
        return;
    s->has_failed = true;
    s->job->errors++;
    if (!load->error[0])
        snprintf(load->error, sizeof load->error, "session %u: %s", (unsigned)s->number, what);
    session_done(s);
}

void session_free(struct session *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    if (s->ssh)
        ssh_free(s->ssh);
    s->ssh = NULL;
    s->channel = NULL;
    sftp_client_clear(&s->sftp);
}

/* A connection that was all there was to measure: its time, and the next one. */
static void connect_again(struct session *s)
{
    const struct load *load = s->load;
    stats_add(&s->job->latency, clock_ns() - s->begun_ns);
    s->job->operations++;
    session_free(s);
    s->is_connected = s->saw_end = s->wants_leave = s->is_leaving = false;
    if (load->options.seconds > 0 ? clock_ns() >= load->deadline_ns
                                  : load->connections_begun >= load->options.count)
        session_done(s);
    else
        session_connect(s);
}

/* ---- The engine's events ---- */

static bool on_host_key(void *user_data, struct slice blob)
{
    (void)user_data;
    (void)blob;
    return true; /* whom we talk to is known from where we are told to connect */
}

static void on_authenticated(void *user_data)
{
    struct session *s = user_data;
    s->channel = ssh_client_open(s->ssh);
    if (!s->channel)
        session_fail(s, "no channel");
}

static void on_auth_failed(void *user_data, struct slice methods, bool partial)
{
    (void)methods;
    (void)partial;
    session_fail(user_data, "the login was refused");
}

static void on_channel_opened(void *user_data, struct ssh_channel *channel, bool ok)
{
    if (ok)
        ssh_client_subsystem(channel, "sftp");
    else
        session_fail(user_data, "the channel was refused");
}

static void on_sftp_ready(void *user_data)
{
    struct session *s = user_data;
    if (s->job->workload->is_connect) {
        s->job->workload->begin(s);
        return;
    }
    s->is_ready = true;
    s->load->connecting--;
    s->load->ready++;
    if (!s->job->workload->is_idle && !sftp_client_slots(&s->sftp, s->job->depth))
        session_fail(s, "no memory");
}

static void on_sftp_data(void *user_data, struct sftp_slot *slot, size_t at, struct slice piece)
{
    struct session *s = user_data;
    if (!s->is_done && s->job->workload->data)
        s->job->workload->data(s, slot, at, piece);
}

static void on_sftp_reply(void *user_data, struct sftp_slot *slot, const struct sftp_reply *reply)
{
    struct session *s = user_data;
    if (!s->is_done)
        s->job->workload->reply(s, slot, reply);
}

static const struct sftp_events sftp_events = {on_sftp_ready, on_sftp_data, on_sftp_reply};

static void on_request_done(void *user_data, struct ssh_channel *channel, bool ok)
{
    struct session *s = user_data;
    if (!ok) {
        session_fail(s, "the subsystem was refused");
        return;
    }
    sftp_client_init(&s->sftp, s->load->options.sftp_version, channel, &sftp_events, s);
    sftp_client_hello(&s->sftp);
}

static void on_data(void *user_data, struct ssh_channel *channel, const uint8_t *data, size_t size)
{
    struct session *s = user_data;
    if (!s->is_done && !sftp_client_receive(&s->sftp, (struct slice){data, size}))
        session_fail(s, "what came is no answer to what was asked");
    ssh_channel_credit(channel, size);
}

static void on_closed(void *user_data, struct ssh_channel *channel)
{
    struct session *s = user_data;
    (void)channel;
    s->channel = NULL;
    if (s->saw_end && s->job->workload->is_connect)
        s->wants_leave = true; /* not from inside of the engine */
    else
        session_fail(s, "the server closed the channel");
}

static void on_over(void *user_data, enum ssh_end end, const char *detail)
{
    (void)end;
    session_fail(user_data, detail);
}

/* ---- The socket ---- */

static bool is_transient(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == EINPROGRESS;
}

static int open_socket(const struct options *o)
{
    struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    if (getaddrinfo(o->host, o->port, &hints, &list) != 0)
        return -1;
    int fd = socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    if (fd >= 0 && !o->nagle)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (fd >= 0 && connect(fd, list->ai_addr, list->ai_addrlen) != 0 && !is_transient(errno)) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    return fd;
}

static bool start_engine(struct session *s)
{
    static const struct ssh_events events = {
        .authenticated = on_authenticated,
        .data = on_data,
        .closed = on_closed,
        .over = on_over,
        .host_key = on_host_key,
        .channel_opened = on_channel_opened,
        .request_done = on_request_done,
        .auth_failed = on_auth_failed,
    };
    struct load *load = s->load;
    const struct options *o = &load->options;
    struct ssh_options options = {
        .role = SSH_CLIENT,
        .crypto = load->crypto,
        .random = load->random,
        .settings.fixed.software = o->software,
        .settings.fixed.kex = o->kex,
        .settings.fixed.ciphers = o->ciphers,
        .settings.fixed.macs = o->macs,
        .settings.fixed.compression = "none",
        .settings.rekey_bytes = o->rekey_bytes,
        .settings.window_start = o->window,
    };
    if (ssh_new(&s->ssh, &options, &events, s, load->now_ns) != SALLY_E_OK)
        return false;
    if (load->key)
        ssh_client_login_key(s->ssh, o->user, load->key, o->ask_first);
    else
        ssh_client_login_password(s->ssh, o->user, o->password);
    return true;
}

void session_connect(struct session *s)
{
    struct load *load = s->load;
    s->begun_ns = clock_ns();
    load->connections_begun++;
    s->fd = open_socket(&load->options);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = s};
    if (s->fd < 0 || epoll_ctl(load->epoll, EPOLL_CTL_ADD, s->fd, &event) != 0) {
        session_fail(s, "no connection");
        return;
    }
    s->interest = event.events;
    if (!start_engine(s))
        session_fail(s, "no engine");
}

static void transmit(struct session *s)
{
    struct slice out;
    while ((out = ssh_output(s->ssh)).size > 0) {
        uint32_t most = s->load->options.pieces;
        size_t size = most && out.size > most ? most : out.size;
        ssize_t sent = send(s->fd, out.data, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            if (!is_transient(errno))
                session_fail(s, "connection lost");
            return;
        }
        ssh_output_sent(s->ssh, (size_t)sent);
        ssh_run(s->ssh, s->load->now_ns);
    }
}

static void watch(struct session *s)
{
    uint8_t *room;
    uint32_t interest = 0;
    if (ssh_input_room(s->ssh, &room) > 0)
        interest |= EPOLLIN;
    if (ssh_output(s->ssh).size > 0)
        interest |= EPOLLOUT;
    if (interest == s->interest)
        return;
    struct epoll_event event = {.events = interest, .data.ptr = s};
    epoll_ctl(s->load->epoll, EPOLL_CTL_MOD, s->fd, &event);
    s->interest = interest;
}

static void receive(struct session *s)
{
    uint8_t *room;
    size_t size = ssh_input_room(s->ssh, &room);
    if (size == 0)
        return;
    ssize_t got = recv(s->fd, room, size, 0);
    if (got > 0) {
        ssh_input_filled(s->ssh, (size_t)got);
    } else if (got == 0) {
        ssh_input_eof(s->ssh);
        session_fail(s, "the server closed the connection");
    } else if (!is_transient(errno)) {
        session_fail(s, s->is_connected ? "connection lost" : "no connection");
    }
}

/* ---- Turns ---- */

static void say_good_bye(struct session *s)
{
    s->is_leaving = true;
    if (s->channel)
        ssh_channel_finish(s->channel, 0);
    ssh_run(s->ssh, s->load->now_ns);
    ssh_disconnect(s->ssh, "done");
    ssh_run(s->ssh, s->load->now_ns);
    transmit(s);
}

/* Moves what is ready, and sees to the session's end: the engine may not be freed inside of its
 * events. */
void session_run(struct session *s)
{
    ssh_run(s->ssh, s->load->now_ns);
    transmit(s);
    if (s->wants_leave && !s->is_leaving && !s->has_failed)
        say_good_bye(s);
    bool is_silent = ssh_is_over(s->ssh) && ssh_output(s->ssh).size == 0;
    if (s->has_failed || (is_silent && s->is_done))
        session_free(s);
    else if (is_silent)
        connect_again(s);
    else
        watch(s);
}

void session_leave(struct session *s)
{
    s->wants_leave = true;
    session_run(s);
}

void session_turn(struct session *s, uint32_t events)
{
    if (!s->ssh)
        return;
    s->is_connected = true;
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        receive(s);
    session_run(s);
}

/* ---- For the workloads ---- */

void job_note(struct session *s, const struct sftp_slot *slot, uint64_t operations)
{
    const struct load *load = s->load;
    uint64_t now = clock_ns();
    stats_add(&s->job->latency, now - slot->sent_ns);
    s->job->operations += operations;
    if (load->options.seconds <= 0 || now < load->deadline_ns)
        s->operations += operations;
}

bool job_is_over(const struct session *s, uint64_t rounds)
{
    const struct load *load = s->load;
    if (load->options.seconds > 0)
        return clock_ns() >= load->deadline_ns;
    return rounds >= load->options.count;
}

struct sftp_slot *session_free_slot(struct session *s)
{
    for (size_t i = 0; i < s->sftp.slot_count; i++)
        if (!s->sftp.slots[i].is_busy)
            return &s->sftp.slots[i];
    return NULL;
}
