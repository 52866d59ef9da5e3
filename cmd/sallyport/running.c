#include "running.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "command.h"
#include "live.h"
#include "report.h"

/* How long transfers may go on after the first Ctrl-C. */
#define GRACE_MS     (5 * 60 * 1000)
#define UPDATE_MS    500
#define STOP_LOOK_MS 100
/* A client between two requests of one transfer has none in flight: only a pause this long is an
 * end. */
#define QUIET_LOOKS 5

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
#define ENDED SIGUSR2 /* from the thread that waits for the server */

/* Signals that were ignored when we were started stay so: nohup and shells mean it. */
static bool is_ignored(int signal_number)
{
    struct sigaction action;
    return sigaction(signal_number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void fill(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, ENDED);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        if (!is_ignored(ending[i]))
            sigaddset(set, ending[i]);
    }
}

void running_block_signals(void)
{
    sigset_t set;
    fill(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

struct waiter {
    sally_server *server;
    pthread_t main_thread;
};

static void *wait_for_end(void *user_data)
{
    struct waiter *w = user_data;
    (void)sally_server_wait(w->server);
    pthread_kill(w->main_thread, ENDED);
    return NULL;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A signal of the set, or 0 after `timeout_ms` (-1: never). */
static int next_signal(const sigset_t *set, int timeout_ms)
{
    struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
    for (;;) {
        int got = timeout_ms < 0 ? sigwaitinfo(set, NULL) : sigtimedwait(set, NULL, &timeout);
        if (got > 0)
            return got;
        if (errno != EINTR)
            return 0;
    }
}

struct stop {
    bool asked, now;
    unsigned quiet_looks;
};

static void on_stop_signal(struct stop *stop, sally_server *server, struct screen *screen)
{
    if (stop->asked) {
        stop->now = true;
        (void)sally_server_shutdown(server, 0);
        return;
    }
    stop->asked = true;
    size_t transfers = live_transfers(server);
    (void)sally_server_shutdown(server, transfers ? GRACE_MS : 0);
    stop->now = transfers == 0;
    if (transfers && screen) {
        char text[128];
        snprintf(text, sizeof text, "Stopping after %zu running transfer%s; again to stop at once.",
                 transfers, transfers == 1 ? "" : "s");
        screen_say(screen, text);
    }
}

/* Nobody transfers anything any more: who is only connected need not be waited for. */
static void on_look(struct stop *stop, sally_server *server)
{
    if (!stop->asked || stop->now)
        return;
    stop->quiet_looks = live_transfers(server) ? 0 : stop->quiet_looks + 1;
    if (stop->quiet_looks == QUIET_LOOKS) {
        stop->now = true;
        (void)sally_server_shutdown(server, 0);
    }
}

static void until_end(sally_server *server, struct live *live, struct screen *screen)
{
    sigset_t set;
    fill(&set);
    struct stop stop = {false, false, 0};
    for (;;) {
        int timeout = stop.asked && !stop.now ? STOP_LOOK_MS : live ? UPDATE_MS : -1;
        int got = next_signal(&set, timeout);
        if (got == ENDED)
            return;
        if (got)
            on_stop_signal(&stop, server, screen);
        else
            on_look(&stop, server);
        if (live)
            live_update(live, now_ns());
    }
}

int running_serve(sally_server *server, struct screen *screen, bool show_live, bool quiet)
{
    sally_error e = sally_server_start(server);
    if (e)
        return report_failure("the server cannot start: %s", sally_server_error(server));
    struct waiter waiter = {server, pthread_self()};
    pthread_t thread;
    if (pthread_create(&thread, NULL, wait_for_end, &waiter) != 0) {
        (void)sally_server_shutdown(server, 0);
        (void)sally_server_wait(server);
        return report_failure("no thread can be made");
    }
    struct live *live = show_live ? live_new(server, screen) : NULL;
    until_end(server, live, quiet ? NULL : screen);
    live_free(live);
    pthread_join(thread, NULL);
    return EXIT_FINE;
}
