/* The phases of a run: all connect; all begin at once; all are done; all leave. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define EVENTS_MAX 256
#define LEAVE_NS   UINT64_C(3000000000)

uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* One look at the sockets. False: standard input has something to say. */
static bool turn(struct load *load, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(load->epoll, events, EVENTS_MAX, timeout_ms);
    bool is_quiet = true;
    load->now_ns = clock_ns();
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr)
            session_turn(events[i].data.ptr, events[i].events);
        else
            is_quiet = false;
    }
    return is_quiet;
}

/* Waits for a line or the end of standard input, and serves the sessions meanwhile. */
static bool wait_for_input(struct load *load)
{
    char line[256];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0) {
        fprintf(stderr, "sally-load: standard input: %s\n", strerror(errno));
        return false;
    }
    while (turn(load, -1))
        ;
    bool good = read(STDIN_FILENO, line, sizeof line) >= 0;
    epoll_ctl(load->epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
    return good;
}

static bool is_made_of_connections(const struct session *s)
{
    return s->job->workload->is_connect;
}

static void connect_all(struct load *load)
{
    const struct options *o = &load->options;
    uint32_t next = 0;
    while (next < o->sessions || load->connecting) {
        while (next < o->sessions && load->connecting < o->connecting) {
            struct session *s = &load->sessions[next++];
            load->connecting++;
            if (is_made_of_connections(s)) { /* they connect when time is taken */
                s->is_ready = true;
                load->connecting--;
            } else {
                session_connect(s);
            }
        }
        if (load->connecting)
            turn(load, -1);
    }
}

static void begin(struct session *s)
{
    if (s->is_done)
        return;
    if (s->job->first_ns == 0)
        s->job->first_ns = clock_ns();
    if (is_made_of_connections(s)) {
        session_connect(s);
        return;
    }
    s->job->workload->begin(s);
    session_run(s);
}

static void measure(struct load *load)
{
    const struct options *o = &load->options;
    load->start_ns = load->now_ns = clock_ns();
    load->deadline_ns = load->start_ns + (uint64_t)(o->seconds * 1e9);
    for (uint32_t i = 0; i < o->sessions; i++)
        begin(&load->sessions[i]);
    while (load->finished < o->sessions)
        turn(load, -1);
}

static void leave_all(struct load *load)
{
    uint64_t end = clock_ns() + LEAVE_NS;
    bool is_someone_left = true;
    for (uint32_t i = 0; i < load->options.sessions; i++)
        if (load->sessions[i].ssh)
            session_leave(&load->sessions[i]);
    while (is_someone_left && clock_ns() < end) {
        is_someone_left = false;
        for (uint32_t i = 0; i < load->options.sessions; i++)
            is_someone_left = is_someone_left || load->sessions[i].ssh;
        if (is_someone_left)
            turn(load, 100);
    }
    for (uint32_t i = 0; i < load->options.sessions; i++)
        session_free(&load->sessions[i]);
}

static bool is_idle(const struct load *load)
{
    return load->options.jobs[0].workload->is_idle;
}

static void say_ready(const struct load *load, uint64_t begun_ns)
{
    printf("ready %u sessions in %.3f s\n", (unsigned)load->ready,
           (double)(clock_ns() - begun_ns) / 1e9);
    fflush(stdout);
}

bool loop_run(struct load *load)
{
    bool waits = load->options.gated || is_idle(load), good = true;
    uint64_t begun = load->now_ns = clock_ns();
    connect_all(load);
    if (waits) {
        say_ready(load, begun);
        good = wait_for_input(load);
    }
    if (good && !is_idle(load)) {
        measure(load);
        report(load, stdout);
        fflush(stdout);
        if (waits)
            good = wait_for_input(load);
    }
    leave_all(load);
    return good;
}
