#include "running.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "live.h"
#include "report.h"

/* How long transfers may continue after the first Ctrl-C. */
#define GRACE_MINUTES 5
#define UPDATE_MS     500
#define STOP_LOOK_MS  100
#define END_MS        2000 /* a shutdown normally ends sooner */

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
#define ENDED SIGUSR2 /* sent by the thread that waits for the server */

/* Signals that were already ignored at startup stay ignored: nohup and shells rely on it. */
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
    bool ended;
    char why[512]; /* why it has not ended: sally_server_error() keeps one text per thread */
};

static void *wait_for_end(void *user_data)
{
    struct waiter *w = user_data;
    w->ended = sally_server_wait(w->server) == SALLY_E_OK;
    if (!w->ended)
        snprintf(w->why, sizeof w->why, "%s", sally_server_error(w->server));
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

/* Shutdown. At first only the listeners are closed: a client that copies many files is briefly idle
 * between two of them, and the library would disconnect it. */
struct stop {
    enum { SERVING, FINISHING, ENDING } stage;
    uint64_t until_ns; /* FINISHING: the deadline; ENDING: when another signal may exit */
    sally_server *server;
    struct screen *screen; /* NULL: no messages */
};

static void end_now(struct stop *stop)
{
    stop->stage = ENDING;
    stop->until_ns = now_ns() + END_MS * UINT64_C(1000000);
    (void)sally_server_shutdown(stop->server, 0);
}

static void finish_transfers(struct stop *stop, size_t clients)
{
    stop->stage = FINISHING;
    stop->until_ns = now_ns() + GRACE_MINUTES * UINT64_C(60000000000);
    (void)sally_server_stop_listening(stop->server);
    if (!stop->screen)
        return;
    char text[160];
    snprintf(text, sizeof text,
             "Stopping: no new clients are accepted; %zu client%s %d minutes. Ctrl-C again stops "
             "at once.",
             clients, clients == 1 ? " that transfers files has" : "s that transfer files have",
             GRACE_MINUTES);
    screen_tell(stop->screen, "serve.stopping", text);
}

/* Threads that hang in a storage may never return, and the user has asked again. */
static void leave(const struct stop *stop)
{
    if (now_ns() < stop->until_ns)
        return;
    if (stop->screen) {
        screen_set_bottom(stop->screen, "");
        screen_tell(stop->screen, "serve.left", "Exiting while the storage is still busy.");
        screen_flush(stop->screen);
    }
    _exit(EXIT_FAILED);
}

static void on_stop_signal(struct stop *stop)
{
    size_t clients = stop->stage == SERVING ? live_transfers(stop->server) : 0;
    if (stop->stage == ENDING)
        leave(stop);
    else if (clients)
        finish_transfers(stop, clients);
    else
        end_now(stop);
}

/* Clients that transfer nothing are not waited for. */
static void on_look(struct stop *stop)
{
    if (stop->stage != FINISHING)
        return;
    bool late = now_ns() >= stop->until_ns;
    if (!late && live_transfers(stop->server))
        return;
    if (late && stop->screen)
        screen_tell(stop->screen, "serve.late",
                    "The grace period is over; aborting the remaining transfers.");
    end_now(stop);
}

static void until_end(struct stop *stop, struct live *live)
{
    sigset_t set;
    fill(&set);
    if (live)
        live_update(live, now_ns()); /* from now on the library keeps track of transfers */
    for (;;) {
        int got = next_signal(&set, stop->stage == FINISHING ? STOP_LOOK_MS
                                    : live                   ? UPDATE_MS
                                                             : -1);
        if (got == ENDED)
            return;
        if (got)
            on_stop_signal(stop);
        else
            on_look(stop);
        if (live)
            live_update(live, now_ns());
    }
}

int running_serve(sally_server *server, struct screen *screen, bool show_live, bool quiet)
{
    if (!screen_start(screen))
        return report_failure("cannot create a thread");
    sally_error e = sally_server_start(server);
    if (e)
        return report_failure("the server cannot start: %s", sally_server_error(server));
    struct waiter waiter = {.server = server, .main_thread = pthread_self()};
    pthread_t thread;
    if (pthread_create(&thread, NULL, wait_for_end, &waiter) != 0) {
        (void)sally_server_shutdown(server, 0);
        (void)sally_server_wait(server);
        return report_failure("cannot create a thread");
    }
    struct live *live = show_live ? live_new(server, screen) : NULL;
    struct stop stop = {.server = server, .screen = quiet ? NULL : screen};
    until_end(&stop, live);
    live_free(live);
    pthread_join(thread, NULL);
    if (!waiter.ended) { /* its threads are still running, so nothing may be freed */
        screen_flush(screen);
        (void)report_failure("%s", waiter.why);
        _exit(EXIT_FAILED);
    }
    return EXIT_OK;
}
