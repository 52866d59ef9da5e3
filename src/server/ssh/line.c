/* A connection's SSH engine: its options, its events, and how it is driven. */
#include <string.h>

#include "base/mem.h"
#include "server/conn.h"
#include "server/login.h"
#include "server/server.h"
#include "server/ssh/channel.h"
#include "server/ssh/jobs.h"
#include "sftp/sftp.h"

/* A window takes at most this part of the memory that is left: early ones do not use up what later
 * ones need. */
#define WINDOW_SHARE 256
/* The smallest windows are granted past the budget, up to this many times it: who is logged in may
 * at least do little. */
#define SMALL_FACTOR 2
/* Runs of the engine before others get their turn. */
#define MAX_RUNS 64

/* A request that is larger than the window it comes through would never be whole. */
static uint64_t smallest_window(const struct conn *c)
{
    return c->settings->sftp_max_packet + 4;
}

static uint64_t start_window(const struct conn *c)
{
    uint64_t budget = c->settings->limits_buffered_bytes;
    uint64_t used = atomic_load_explicit(&c->server->limits.buffered_bytes, memory_order_relaxed);
    uint64_t share = used < budget ? (budget - used) / WINDOW_SHARE : 0;
    uint64_t window = c->settings->ssh_window_start;
    if (window > share)
        window = share;
    return window < smallest_window(c) ? smallest_window(c) : window;
}

/* Some clients make each WRITE as large as the channel's packets may be: it has to be a request
 * that is taken. */
static uint32_t channel_packet(const struct settings *s)
{
    uint64_t most = s->sftp_max_packet - SFTP_WRITE_OVERHEAD;
    return (uint32_t)(s->ssh_channel_packet < most ? s->ssh_channel_packet : most);
}

struct ssh_options conn_options(const struct conn *c)
{
    const struct settings *s = c->settings;
    const struct settings *first = c->first_settings; /* texts are borrowed until the end */
    uint64_t window = start_window(c);
    return (struct ssh_options){
        .role = SSH_SERVER,
        .crypto = c->server->crypto,
        .random = crypto_random(c->server->crypto),
        .host_keys = c->keys->keys,
        .host_key_count = c->keys->count,
        .software = first->ssh_software,
        .banner = first->ssh_banner[0] ? first->ssh_banner : NULL,
        .kex = first->ssh_kex,
        .host_key_algorithms = first->ssh_host_key_algorithms,
        .ciphers = first->ssh_ciphers,
        .macs = first->ssh_macs,
        .compression = first->ssh_compression,
        .public_key_algorithms = first->ssh_public_key_algorithms,
        .strict_required = s->ssh_strict_kex_required != 0,
        .strict_for_weak = s->ssh_strict_kex_for_etm != 0,
        .rekey_bytes = s->ssh_rekey_bytes,
        .rekey_ns = s->ssh_rekey_ns,
        .login_ns = s->limits_login_ns,
        .idle_ns = s->limits_idle_ns,
        .keepalive_ns = s->ssh_keepalive_ns,
        .keepalive_max = (uint32_t)s->ssh_keepalive_count,
        .max_auth_attempts = (uint32_t)s->limits_auth_attempts,
        .max_channels = (uint32_t)s->limits_channels,
        .window_start = (uint32_t)window,
        .window_max = (uint32_t)(s->ssh_window_max > window ? s->ssh_window_max : window),
        .channel_packet = channel_packet(s),
        .send_bound = (uint32_t)s->ssh_send_queue,
        .log = &c->server->log,
        .log_ids = conn_log_ids(c),
    };
}

/* ---- Events ---- */

static void on_job(void *user_data, struct ssh_job *job)
{
    job_take(user_data, job);
}

static void on_auth(void *user_data, struct ssh_auth *query)
{
    login_try(user_data, query);
}

static void on_authenticated(void *user_data)
{
    struct conn *c = user_data;
    c->is_logged_in = true;
    limits_logged_in(&c->server->limits, c->live_address);
    counter_sub(&c->server->counters.unauthenticated_now, 1);
    counter_add(&c->server->counters.logins, 1);
    conn_set_state(c, "open");
    struct ssh_options options = conn_options(c); /* the windows, by what memory there is now */
    ssh_change(c->ssh, &options);
}

static void learn_software(struct conn *c)
{
    if (c->client_software)
        return;
    char *software = mem_strdup(ssh_peer_software(c->ssh));
    if (!software)
        return;
    pthread_mutex_lock(&c->facts.lock);
    c->client_software = software;
    c->peer.client_software = software;
    pthread_mutex_unlock(&c->facts.lock);
}

static void on_keys_exchanged(void *user_data, bool first, const char *algorithms)
{
    struct conn *c = user_data;
    learn_software(c);
    if (first) {
        conn_set_state(c, "login");
    } else {
        counter_add(&c->server->counters.rekeys, 1);
        atomic_store_explicit(&c->facts.rekeys, ssh_rekey_count(c->ssh), memory_order_relaxed);
    }
    conn_set_text(c, &c->facts.algorithms, algorithms);
    const struct hook_stack *hooks = &c->server->hooks;
    for (size_t i = 0; i < hooks->count; i++)
        if (hooks->sets[i].keys_exchanged)
            hooks->sets[i].keys_exchanged(hooks->sets[i].user_data, &c->peer, algorithms);
}

static bool on_subsystem(void *user_data, struct ssh_channel *channel, struct slice name)
{
    struct conn *c = user_data;
    return slice_is(name, "sftp") && channel_open(c, channel, &channel_sftp, name);
}

static bool on_exec(void *user_data, struct ssh_channel *channel, struct slice command)
{
    return channel_open(user_data, channel, &channel_exec, command);
}

static bool on_window_charge(void *user_data, size_t bytes)
{
    struct conn *c = user_data;
    uint64_t maximum = c->settings->limits_buffered_bytes, smallest = smallest_window(c);
    if (bytes <= smallest) {
        maximum = maximum <= UINT64_MAX / SMALL_FACTOR ? maximum * SMALL_FACTOR : UINT64_MAX;
        /* Less than the smallest is of no use: not where that has no room. */
        if (maximum <= smallest - bytes)
            return false;
        maximum -= smallest - bytes;
    }
    return count_add(&c->server->limits.buffered_bytes, bytes, maximum);
}

static void on_window_release(void *user_data, size_t bytes)
{
    struct conn *c = user_data;
    count_sub(&c->server->limits.buffered_bytes, bytes);
}

static void on_over(void *user_data, enum ssh_end end, const char *detail)
{
    static const uint32_t reasons[] = {
        [SSH_END_PEER] = SALLY_END_BY_CLIENT,    [SSH_END_LOCAL] = SALLY_END_BY_SERVER,
        [SSH_END_PROTOCOL] = SALLY_END_PROTOCOL, [SSH_END_TIMEOUT] = SALLY_END_TIMEOUT,
        [SSH_END_AUTH] = SALLY_END_AUTH,         [SSH_END_INTERNAL] = SALLY_END_LIMIT,
    };
    struct conn *c = user_data;
    if (c->end_reason == 0)
        c->end_reason = reasons[end];
    c->end_detail = detail;
    conn_set_state(c, "closing");
}

sally_error conn_make_engine(struct conn *c)
{
    static const struct ssh_events events = {
        .job = on_job,
        .auth = on_auth,
        .authenticated = on_authenticated,
        .keys_exchanged = on_keys_exchanged,
        .subsystem = on_subsystem,
        .exec = on_exec,
        .data = channel_data,
        .eof = channel_eof,
        .closed = channel_closed,
        .window_charge = on_window_charge,
        .window_release = on_window_release,
        .over = on_over,
    };
    struct ssh_options options = conn_options(c);
    return ssh_new(&c->ssh, &options, &events, c, loop_now_ns());
}

void conn_run_engine(struct conn *c)
{
    for (int run = 0; run < MAX_RUNS; run++) {
        c->has_news = false;
        ssh_run(c->ssh, loop_now_ns());
        jobs_run_inline(c);
        channels_settle(c);
        if (!c->has_news)
            return;
    }
    conn_make_ready(c);
}
