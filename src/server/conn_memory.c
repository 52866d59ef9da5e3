/* A connection's share of the memory, and what happens when it runs out. */
#include "base/mem.h"
#include "base/number.h"
#include "server/conn_hooks.h"
#include "server/conn_session.h"
#include "server/server.h"

/* A connection without its buffers, windows and sessions: its objects, and those of its engine. */
#define CONN_BYTES 12288u
/* Requests that wait for memory that others use are retried after this, then after twice as long.
 */
#define FIRST_RETRY_NS UINT64_C(20000000)
#define LAST_RETRY_NS  UINT64_C(1000000000)

static struct account *account_before_login(struct conn *c)
{
    return c->address_usage ? &c->address_usage->memory : &c->server->limits.memory;
}

void conn_memory_set_limits(struct conn *c)
{
    c->memory.limit = c->settings->limits.memory_per_connection;
    if (c->login.usage)
        user_usage_set_limits(c->login.usage, c->settings);
    else if (c->address_usage)
        address_usage_set_limits(c->address_usage, c->settings);
}

void conn_memory_begin(struct conn *c)
{
    c->memory.setting = "limits.memory_per_connection";
    c->memory.shared = account_before_login(c);
    conn_memory_set_limits(c);
    local_account_adjust(&c->memory, &c->base_bytes, CONN_BYTES);
}

void conn_memory_end(struct conn *c)
{
    local_account_adjust(&c->memory, &c->line_bytes, 0);
    local_account_adjust(&c->memory, &c->base_bytes, 0);
    local_account_settle(&c->memory);
    if (!c->login.usage)
        c->memory.shared = NULL; /* the address may be gone before the connection */
}

void conn_memory_login(struct conn *c, struct user_usage *user)
{
    if (user)
        user_usage_set_limits(user, c->settings);
    local_account_move(&c->memory, user ? &user->memory : account_before_login(c));
}

void conn_memory_count_line(struct conn *c, size_t bytes)
{
    local_account_adjust(&c->memory, &c->line_bytes, bytes);
}

/* Once per connection, even if the client keeps trying. */
static void log_once(struct conn *c, bool *was_logged, const char *event, const char *setting,
                     const char *text)
{
    if (*was_logged)
        return;
    *was_logged = true;
    const char *user = c->login.user ? c->login.user : "";
    const sally_log_field fields[] = {
        {"user", user}, {"address", c->peer.address}, {"setting", setting}};
    log_line(&c->server->log, conn_log_ids(c), SALLY_LOG_WARNING, event, fields, COUNT_OF(fields),
             "%s: %s is reached", text, setting);
}

void conn_tell_refused_channel(struct conn *c, const char *setting)
{
    if (!c->has_logged_refusal)
        conn_hooks_problem(c, SALLY_E_LIMIT, 0, setting);
    c->has_logged_refusal = true;
}

void conn_note_refused_channel(struct conn *c, const char *setting)
{
    if (!c->has_logged_refusal)
        conn_hooks_problem(c, SALLY_E_LIMIT, 0, setting);
    log_once(c, &c->has_logged_refusal, "channel.refused", setting, "Channel refused");
}

static void note_wait(struct conn *c)
{
    log_once(c, &c->has_logged_wait, "memory.refused", c->memory.refused_by,
             "Requests wait for memory");
    c->retry_ns = c->retry_ns ? min_u64(2 * c->retry_ns, LAST_RETRY_NS) : FIRST_RETRY_NS;
}

void conn_memory_retry(struct conn *c, bool is_due)
{
    if (!c->memory.refused_by) {
        c->retry_ns = 0;
        return;
    }
    if (!is_due && !c->memory.has_released)
        return;
    note_wait(c);
    local_account_recall(&c->memory);
    conn_sessions_resume(c);
}

uint64_t conn_memory_deadline(const struct conn *c)
{
    uint64_t after = c->retry_ns ? c->retry_ns : FIRST_RETRY_NS;
    return c->memory.refused_by ? loop_now_ns() + after : UINT64_MAX;
}
