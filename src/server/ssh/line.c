#include "server/ssh/line.h"

#include <stdio.h>

#include "base/mem.h"
#include "os/heap.h"
#include "server/conn_hooks.h"
#include "server/login.h"
#include "server/server.h"
#include "server/ssh/channel.h"
#include "server/ssh/jobs.h"
#include "server/ssh/session_request.h"
#include "sftp/sftp.h"

/* Runs of the engine before others get a turn. */
#define MAX_RUNS 64

/* Some clients make each WRITE as large as the channel's maximum packet, so requests of this size
 * must be accepted. */
static uint32_t channel_packet(const struct settings *s)
{
    uint32_t most = s->sftp.max_packet - SFTP_WRITE_OVERHEAD;
    return s->ssh.channel_packet < most ? s->ssh.channel_packet : most;
}

static struct ssh_options options_of(const struct conn *c)
{
    const struct settings *s = c->settings;
    struct ssh_settings ssh = s->ssh;
    if (ssh.window_max < ssh.window_start)
        ssh.window_max = ssh.window_start;
    ssh.channel_packet = channel_packet(s);
    return (struct ssh_options){
        .role = SSH_SERVER,
        .crypto = c->server->crypto,
        .random = crypto_random(c->server->crypto),
        .free_large = os_free_pages,
        .host_keys = c->service->keys->keys,
        .host_key_count = c->service->keys->count,
        .settings = ssh,
        .login_ns = s->limits.login_ns,
        .idle_ns = s->limits.idle_ns,
        .stall_ns = s->limits.stall_ns,
        .max_auth_attempts = s->limits.auth_attempts,
        .max_channels = s->limits.channels,
        .keeps_env = conn_hooks_watch_sessions(c),
        .log = &c->log,
        .log_ids = conn_log_ids(c),
        .turn = conn_turn_of(c),
    };
}

/* ---- Events ---- */

static struct ssh_line *line_of(struct line *line)
{
    return CONTAINER_OF(line, struct ssh_line, line);
}

static struct ssh *ssh_of(const struct line *line)
{
    return ((const struct ssh_line *)(const void *)line)->ssh;
}

static bool is_over(const struct line *line)
{
    return ssh_is_over(ssh_of(line));
}

static struct conn *conn_of(void *user_data)
{
    return ((struct ssh_line *)user_data)->conn;
}

static void on_job(void *user_data, struct ssh_job *job)
{
    job_accept(user_data, job);
}

static void on_login(void *user_data, struct login_query *query)
{
    login_try(conn_of(user_data), query);
}

static void on_authenticated(void *user_data)
{
    struct ssh_line *line = user_data;
    conn_logged_in(line->conn);
}

static bool judge_version(struct conn *c, sally_status status)
{
    if (!answer_allows(status))
        c->end_reason = SALLY_END_LIMIT;
    return answer_allows(status);
}

static void on_version_answered(struct conn *c, void *text, sally_status status)
{
    (void)text;
    if (!c->line || is_over(c->line))
        return;
    ssh_answer_version(ssh_of(c->line), judge_version(c, status));
    conn_make_ready(c);
}

static enum ssh_answer on_version(void *user_data, const char *text)
{
    static const struct hook_question_kind version = {conn_hooks_ask_version, on_version_answered};
    struct ssh_line *line = user_data;
    struct conn *c = line->conn;
    conn_set_versions(c, text, ssh_facts(line->ssh).our_version, ssh_peer_software(line->ssh));
    sally_status status = hook_question_ask(c, &version, (void *)(uintptr_t)text);
    if (status == SALLY_PENDING)
        return SSH_LATER;
    return judge_version(c, status) ? SSH_YES : SSH_NO;
}

static void tell_agreement(struct conn *c, const struct ssh *ssh)
{
    const struct ssh_facts facts = ssh_facts(ssh);
    const sally_connection_facts agreed = {
        .kex = facts.kex,
        .host_key = facts.host_key,
        .cipher_in = facts.cipher_in,
        .cipher_out = facts.cipher_out,
        .mac_in = facts.mac_in,
        .mac_out = facts.mac_out,
        .compression_in = facts.compression_in,
        .compression_out = facts.compression_out,
        .strict_kex = facts.strict_kex,
    };
    conn_set_agreement(c, &agreed);
}

static void on_keys_exchanged(void *user_data, bool first, const char *algorithms)
{
    struct ssh_line *line = user_data;
    struct conn *c = line->conn;
    tell_agreement(c, line->ssh);
    if (first) {
        conn_set_stage(c, CONN_LOGIN);
    } else {
        counter_add(&c->server->counters.rekeys, 1);
        atomic_store_explicit(&c->facts.rekeys, ssh_rekey_count(line->ssh), memory_order_relaxed);
    }
    conn_set_text(c, &c->facts.algorithms, algorithms);
    conn_hooks_keys_exchanged(c, algorithms);
}

static void on_host_key_failed(void *user_data, const sally_key *key, sally_error error)
{
    char text[160];
    snprintf(text, sizeof text, "the host key %s cannot sign: %s", sally_key_fingerprint(key),
             error == SALLY_E_KEY ? "its signature is wrong" : sally_strerror(error));
    conn_hooks_problem(conn_of(user_data), error, 0, text);
}

static void on_session_refused(void *user_data, const char *setting)
{
    conn_tell_refused_channel(conn_of(user_data), setting ? setting : "memory is short");
}

static const char *on_window_charge(void *user_data, size_t bytes, uint32_t part)
{
    struct conn *c = conn_of(user_data);
    return part ? local_account_charge_part(&c->memory, bytes, part)
                : local_account_charge(&c->memory, bytes);
}

static void on_window_release(void *user_data, size_t bytes)
{
    struct conn *c = conn_of(user_data);
    local_account_release(&c->memory, bytes);
}

static void on_over(void *user_data, enum ssh_end end, const char *detail)
{
    static const uint32_t reasons[] = {
        [SSH_END_PEER] = SALLY_END_BY_CLIENT,    [SSH_END_LOCAL] = SALLY_END_BY_SERVER,
        [SSH_END_PROTOCOL] = SALLY_END_PROTOCOL, [SSH_END_TIMEOUT] = SALLY_END_TIMEOUT,
        [SSH_END_AUTH] = SALLY_END_AUTH,         [SSH_END_INTERNAL] = SALLY_END_LIMIT,
    };
    conn_line_ended(conn_of(user_data), reasons[end], detail);
}

/* ---- The line's methods ---- */

static size_t input_room(struct line *line, uint8_t **room)
{
    return ssh_input_room(ssh_of(line), room);
}

static void input(struct line *line, size_t size)
{
    ssh_input_filled(ssh_of(line), size);
}

static void input_end(struct line *line)
{
    ssh_input_eof(ssh_of(line));
}

static void count_memory(struct ssh_line *l)
{
    conn_memory_count_line(l->conn, ssh_memory(l->ssh));
}

static bool run(struct line *line, uint64_t now_ns)
{
    struct ssh_line *l = line_of(line);
    bool has_more = true, is_over = false;
    for (int i = 0; i < MAX_RUNS && has_more && !is_over; i++) {
        l->engine_pending = false;
        ssh_run(l->ssh, now_ns);
        jobs_run_inline(l);
        conn_sessions_settle(l->conn);
        conn_memory_retry(l->conn, false);
        has_more = l->engine_pending || !list_empty(&l->conn->ready_sessions);
        is_over = turn_is_over(conn_turn_of(l->conn));
    }
    if (is_over && l->engine_pending)
        ssh_run(l->ssh, now_ns); /* what was answered in this turn leaves in it */
    if (is_over)
        conn_sessions_interrupt(l->conn);
    count_memory(l);
    return has_more || is_over;
}

static struct slice output(struct line *line)
{
    return ssh_output(ssh_of(line));
}

static void output_sent(struct line *line, size_t size)
{
    ssh_output_sent(ssh_of(line), size);
}

static uint64_t deadline(const struct line *line)
{
    return ssh_deadline(ssh_of(line));
}

static void tick(struct line *line, uint64_t now_ns)
{
    ssh_tick(ssh_of(line), now_ns);
}

static void trim(struct line *line)
{
    ssh_trim(ssh_of(line));
    count_memory(line_of(line));
}

static void disconnect(struct line *line, const char *text)
{
    ssh_disconnect(ssh_of(line), text);
}

static void settings_changed(struct line *line)
{
    struct ssh_line *l = line_of(line);
    struct ssh_options options = options_of(l->conn);
    ssh_change(l->ssh, &options);
}

static void rekey(struct line *line)
{
    ssh_rekey(ssh_of(line));
}

static void free_line(struct line *line)
{
    struct ssh_line *l = line_of(line);
    ssh_free(l->ssh);
    settings_unref(l->settings);
    jobs_discard(l);
    mem_free(l);
}

static const struct line_methods methods = {
    .input_room = input_room,
    .input = input,
    .input_end = input_end,
    .run = run,
    .output = output,
    .output_sent = output_sent,
    .deadline = deadline,
    .tick = tick,
    .is_over = is_over,
    .trim = trim,
    .disconnect = disconnect,
    .settings_changed = settings_changed,
    .rekey = rekey,
    .free = free_line,
};

static sally_error line_new(struct line **out, struct conn *c)
{
    static const struct ssh_events events = {
        .job = on_job,
        .login = on_login,
        .authenticated = on_authenticated,
        .version = on_version,
        .keys_exchanged = on_keys_exchanged,
        .host_key_failed = on_host_key_failed,
        .session_refused = on_session_refused,
        .subsystem = session_request_subsystem,
        .exec = session_request_exec,
        .data = channel_data,
        .eof = channel_eof,
        .closed = channel_closed,
        .window_charge = on_window_charge,
        .window_release = on_window_release,
        .over = on_over,
    };
    struct ssh_line *l = mem_zalloc(sizeof *l);
    if (!l)
        return SALLY_E_NO_MEMORY;
    l->line.methods = &methods;
    l->conn = c;
    list_init(&l->inline_jobs);
    struct ssh_options options = options_of(c);
    /* Its login time has begun when it came, even if hooks have been asked since. */
    sally_error error = ssh_new(&l->ssh, &options, &events, l, c->active_ns);
    if (error) {
        mem_free(l);
        return error;
    }
    l->settings = settings_ref(c->settings);
    *out = &l->line;
    return SALLY_E_OK;
}

const struct protocol protocol_sftp = {"sftp", 22, line_new};
