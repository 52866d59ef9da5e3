/* A line with a delay and a rate, between a client and a server on one machine: for kernels without
 * netem.
 *
 *   relay LISTEN_PORT SERVER_PORT DELAY_MS MBIT_PER_S [QUEUE_KIB]
 *
 * Each direction of each connection is a line of its own: bytes leave it DELAY_MS after they came,
 * never faster than the rate, and as many are under way as delay times rate plus a queue hold; more
 * are not read, and TCP stops the sender. The relay's own sockets are given large buffers, so that
 * what is seen is the window of the SSH channel, not that of the loopback. Prints "ready" once it
 * listens. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINES_MAX 256
#define BATCHES   4096
#define READ_MAX  65536u
#define SLACK_NS  1000000 /* a sleep of the kernel is not exact: so much may be made up for */

/* Bytes that came together, and when they are due at the other end. */
struct batch {
    uint64_t due_ns;
    size_t size;
};

/* One direction. */
struct line {
    int from, to;
    uint8_t *ring;
    size_t capacity, start, size;
    struct batch batches[BATCHES];
    size_t first, count;
    uint64_t free_ns; /* when the line has room for the next byte */
    bool is_ended, is_shut, is_blocked;
};

struct relay {
    int epoll, listener;
    struct sockaddr_in server;
    uint64_t delay_ns;
    double ns_per_byte;
    size_t capacity;
    struct line *lines[LINES_MAX]; /* two per connection: there, and back */
};

static uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 64))
        die("listen");
    return fd;
}

static struct line *line_new(const struct relay *r, int from, int to)
{
    struct line *l = calloc(1, sizeof *l);
    if (!l || !(l->ring = malloc(r->capacity)))
        die("malloc");
    l->capacity = r->capacity;
    l->from = from;
    l->to = to;
    return l;
}

static void watch(const struct relay *r, int fd, size_t index)
{
    int one = 1;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u64 = index};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl");
}

static void take_connection(struct relay *r)
{
    int client = accept4(r->listener, NULL, NULL, SOCK_NONBLOCK);
    if (client < 0)
        return;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&r->server, sizeof r->server) != 0)
        die("connect");
    size_t i = 0;
    while (i < LINES_MAX && r->lines[i])
        i += 2;
    if (i == LINES_MAX) {
        close(client);
        close(server);
        return;
    }
    r->lines[i] = line_new(r, client, server);
    r->lines[i + 1] = line_new(r, server, client);
    watch(r, client, i);
    watch(r, server, i);
}

/* When bytes that come now are through: behind those before them, at the line's rate. */
static uint64_t due(const struct relay *r, struct line *l, size_t size, uint64_t now)
{
    if (l->free_ns + SLACK_NS < now)
        l->free_ns = now - SLACK_NS;
    l->free_ns += (uint64_t)((double)size * r->ns_per_byte);
    return l->free_ns + r->delay_ns;
}

/* Returns whether more may be there. */
static bool take_in(const struct relay *r, struct line *l, uint64_t now)
{
    size_t end = (l->start + l->size) % l->capacity, room = l->capacity - l->size;
    if (l->is_ended || room == 0 || l->count == BATCHES)
        return false;
    if (room > l->capacity - end)
        room = l->capacity - end;
    if (room > READ_MAX)
        room = READ_MAX;
    ssize_t got = recv(l->from, l->ring + end, room, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        l->is_ended = true;
        return false;
    }
    if (got < 0)
        return false;
    struct batch *b = &l->batches[(l->first + l->count++) % BATCHES];
    *b = (struct batch){due(r, l, (size_t)got, now), (size_t)got};
    l->size += (size_t)got;
    return true;
}

/* Sends what is due. Returns when the next is, or UINT64_MAX. */
static uint64_t give_out(struct line *l, uint64_t now)
{
    while (l->count && !l->is_blocked) {
        struct batch *b = &l->batches[l->first];
        if (b->due_ns > now)
            return b->due_ns;
        size_t piece = l->capacity - l->start < b->size ? l->capacity - l->start : b->size;
        ssize_t sent = send(l->to, l->ring + l->start, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
            l->is_blocked = errno == EAGAIN;
            if (!l->is_blocked)
                l->count = l->size = 0;
            break;
        }
        l->start = (l->start + (size_t)sent) % l->capacity;
        l->size -= (size_t)sent;
        b->size -= (size_t)sent;
        if (b->size == 0) {
            l->first = (l->first + 1) % BATCHES;
            l->count--;
        }
    }
    if (l->is_ended && l->count == 0 && !l->is_shut) {
        shutdown(l->to, SHUT_WR);
        l->is_shut = true;
    }
    return UINT64_MAX;
}

static uint64_t serve(const struct relay *r, struct line *l)
{
    uint64_t now = clock_ns();
    while (take_in(r, l, now))
        ;
    uint64_t next = give_out(l, clock_ns());
    while (take_in(r, l, now)) /* room was made */
        ;
    return next;
}

static void end_connection(struct relay *r, size_t i)
{
    close(r->lines[i]->from);
    close(r->lines[i]->to);
    for (size_t k = i; k < i + 2; k++) {
        free(r->lines[k]->ring);
        free(r->lines[k]);
        r->lines[k] = NULL;
    }
}

static uint64_t serve_all(struct relay *r)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < LINES_MAX; i += 2) {
        if (!r->lines[i])
            continue;
        for (size_t k = i; k < i + 2; k++) {
            uint64_t at = serve(r, r->lines[k]);
            next = at < next ? at : next;
        }
        if (r->lines[i]->is_shut && r->lines[i + 1]->is_shut)
            end_connection(r, i);
    }
    return next;
}

static void wait_for_events(struct relay *r, uint64_t until)
{
    struct epoll_event events[64];
    uint64_t now = clock_ns();
    struct timespec timeout = {0, 0};
    if (until != UINT64_MAX && until > now) {
        timeout.tv_sec = (time_t)((until - now) / 1000000000);
        timeout.tv_nsec = (long)((until - now) % 1000000000);
    }
    int count = epoll_pwait2(r->epoll, events, 64, until == UINT64_MAX ? NULL : &timeout, NULL);
    for (int i = 0; i < count; i++) {
        size_t index = events[i].data.u64;
        if (index == LINES_MAX) {
            take_connection(r);
        } else if ((events[i].events & EPOLLOUT) && r->lines[index]) {
            r->lines[index]->is_blocked = r->lines[index + 1]->is_blocked = false;
        }
    }
}

int main(int argc, char **argv)
{
    static struct relay r;
    if (argc < 5) {
        fputs("usage: relay LISTEN_PORT SERVER_PORT DELAY_MS MBIT_PER_S [QUEUE_KIB]\n", stderr);
        return 2;
    }
    double bytes_per_ns = strtod(argv[4], NULL) / 8e3;
    size_t queue = (argc > 5 ? strtoul(argv[5], NULL, 10) : 1024) * 1024;
    r.delay_ns = (uint64_t)(strtod(argv[3], NULL) * 1e6);
    r.ns_per_byte = 1 / bytes_per_ns;
    r.capacity = (size_t)((double)r.delay_ns * bytes_per_ns) + queue;
    r.server = (struct sockaddr_in){.sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10))};
    r.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    r.listener = listen_on((uint16_t)strtoul(argv[1], NULL, 10));
    r.epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = LINES_MAX};
    if (r.epoll < 0 || epoll_ctl(r.epoll, EPOLL_CTL_ADD, r.listener, &event) != 0)
        die("epoll");
    puts("ready");
    fflush(stdout);
    for (;;)
        wait_for_events(&r, serve_all(&r));
}
