#include "server/stalled_ops.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clean.h"
#include "core/session.h"
#include "server/conn_session.h"
#include "server/loops.h"
#include "server/server.h"

/* A loop that takes longer to report is inside a callback. */
#define LOOK_NS UINT64_C(1000000000)
/* Checks during limits.storage_time. */
#define LOOKS 8

#define USER_SIZE 40
#define PATH_SIZE 96

uint64_t stall_timer_next(sally_server *server, struct stall_timer *p, uint64_t now_ns)
{
    uint64_t limit = server->settings->limits.storage_ns;
    if (!server->is_draining || limit == 0)
        return DEADLINE_NONE;
    if (now_ns < server->grace_end_ns)
        return server->grace_end_ns;
    uint64_t answered = counter_get(&server->counters.operations);
    if (!p->is_begun || answered != p->answered)
        *p = (struct stall_timer){.is_begun = true, .since_ns = now_ns, .answered = answered};
    uint64_t end = p->since_ns + limit, next = now_ns + limit / LOOKS + 1;
    return now_ns >= end ? 0 : next < end ? next : end;
}

/* ---- On the loop ---- */

/* False: no room. */
static bool append(struct stalled_ops *stalled, const char *text)
{
    size_t used = strlen(stalled->text), size = strlen(text), comma = used ? 2 : 0;
    if (used + comma + size >= STALLED_TEXT_SIZE)
        return false;
    memcpy(stalled->text + used, ", ", comma);
    memcpy(stalled->text + used + comma, text, size + 1);
    return true;
}

/* Names the first ones, as many as there is room for. */
static void add(struct stalled_ops *stalled, const char *text)
{
    if (stalled->named == stalled->count && append(stalled, text))
        stalled->named++;
    stalled->count++;
}

/* Cleans a text; one that is too long is truncated and ends in "...". */
static void shorten(char *text, size_t size, const char *from)
{
    struct slice whole = slice_of(from ? from : "");
    if (clean_copy(text, size, whole) < whole.size)
        snprintf(text + strlen(text), 4, "...");
}

struct describing {
    struct stalled_ops *stalled;
    const sally_session *session;
};

static void add_op(void *user_data, const struct op *op)
{
    const struct describing *d = user_data;
    char user[USER_SIZE + 4], path[PATH_SIZE + 4], text[USER_SIZE + PATH_SIZE + 64];
    shorten(user, USER_SIZE, sally_session_user(d->session));
    shorten(path, PATH_SIZE, op->asked_path);
    snprintf(text, sizeof text, "%s%s%s%s of \"%s\"", sally_op_kind_name(op->kind),
             *path ? " \"" : "", path, *path ? "\"" : "", user);
    add(d->stalled, text);
}

static void add_login(struct stalled_ops *stalled, const struct conn *c)
{
    char user[USER_SIZE + 4], text[USER_SIZE + 64];
    shorten(user, USER_SIZE, c->asked_user);
    snprintf(text, sizeof text, "the login of \"%s\" (authenticator)", user);
    add(stalled, text);
}

void stalled_ops_of_loop(struct server_loop *loop, struct stalled_ops *stalled)
{
    *stalled = (struct stalled_ops){.count = 0};
    LIST_EACH (item, &loop->conns) {
        const struct conn *c = CONTAINER_OF(item, struct conn, link);
        if (c->asked_user)
            add_login(stalled, c);
        LIST_EACH (link, &c->sessions) {
            const struct conn_session *s = CONTAINER_OF(link, struct conn_session, link);
            struct describing d = {stalled, s->session};
            session_each_running(s->session, add_op, &d);
        }
    }
}

static void answer_look(struct task *task)
{
    struct server_loop *loop = server_loop_of(task->loop);
    struct sally_server *server = loop->server;
    struct stalled_ops stalled;
    stalled_ops_of_loop(loop, &stalled);
    pthread_mutex_lock(&server->lock);
    loop->stalled = stalled;
    loop->is_look_queued = false;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

/* ---- On threads that wait for the end ---- */

static void order_look(struct server_loop *loop)
{
    if (loop->is_over || loop->is_look_queued)
        return;
    loop->is_look_queued = true;
    loop->look = (struct task){.loop = &loop->loop, .home = answer_look};
    list_init(&loop->look.link);
    loop_give_task(&loop->look);
}

static bool is_looking(const struct server_loop *loop)
{
    return loop->is_look_queued && !loop->is_over;
}

static bool any_is_looking(const sally_server *server)
{
    for (uint32_t i = 0; i < server->loop_count; i++)
        if (is_looking(server->loops[i]))
            return true;
    return false;
}

static void join(struct stalled_ops *all, const struct stalled_ops *one)
{
    if (one->named && append(all, one->text))
        all->named += one->named;
    all->count += one->count;
}

bool stalled_ops_collect(sally_server *server, struct stalled_ops *stalled)
{
    *stalled = (struct stalled_ops){.count = 0};
    for (uint32_t i = 0; i < server->loop_count; i++)
        order_look(server->loops[i]);
    uint64_t until = loop_now_ns() + LOOK_NS;
    while (any_is_looking(server) && loop_now_ns() < until)
        server_await_change(server, until);
    for (uint32_t i = 0; i < server->loop_count; i++) {
        const struct server_loop *loop = server->loops[i];
        static const struct stalled_ops stuck = {1, 1, "a callback on a network thread"};
        if (!loop->is_over)
            join(stalled, is_looking(loop) ? &stuck : &loop->stalled);
    }
    return stalled->count > 0;
}

sally_error stalled_ops_report(sally_server *server, const struct stalled_ops *stalled)
{
    char more[32] = "";
    if (stalled->count > stalled->named)
        snprintf(more, sizeof more, "%s%u more", stalled->named ? " and " : "",
                 (unsigned)(stalled->count - stalled->named));
    struct log_ids none = {0, 0, 0};
    log_line(&server->log, none, SALLY_LOG_ERROR, "server.stalled", NULL, 0,
             "The server cannot end: still waiting for %s%s", stalled->text, more);
    return server_fail(server, SALLY_E_BUSY,
                       "the server cannot end: still waiting for %s%s; try again once that has "
                       "ended",
                       stalled->text, more);
}
