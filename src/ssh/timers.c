/* Timeouts and other time-driven events of a connection. */
#include "ssh/timers.h"

#include "base/number.h"
#include "ssh/connection.h"
#include "ssh/disconnect.h"
#include "ssh/global_request.h"
#include "ssh/kex.h"
#include "ssh/rekey.h"
#include "ssh/transport.h"

/* After a KEXINIT, the peer may still have much data in flight before its reply. */
#define EXCHANGE_NS (UINT64_C(300) * 1000 * 1000 * 1000)

static uint64_t after(uint64_t start_ns, uint64_t time_ns)
{
    return time_ns && start_ns < UINT64_MAX - time_ns ? start_ns + time_ns : UINT64_MAX;
}

static uint64_t login_deadline(const struct ssh *ssh)
{
    const struct transport *t = ssh->transport;
    return t->authenticated ? UINT64_MAX : after(t->started_ns, ssh->options.login_ns);
}

static uint64_t idle_deadline(const struct ssh *ssh)
{
    const struct transport *t = ssh->transport;
    return t->authenticated ? after(t->active_ns, ssh->options.idle_ns) : UINT64_MAX;
}

static uint64_t keepalive_deadline(const struct ssh *ssh)
{
    const struct transport *t = ssh->transport;
    if (!t->authenticated || t->input_pauses) /* answers of the peer's would not be read */
        return UINT64_MAX;
    uint64_t from = t->keepalives && t->keepalive_ns > t->heard_ns ? t->keepalive_ns : t->heard_ns;
    return after(from, ssh->options.settings.keepalive_ns);
}

static uint64_t exchange_deadline(const struct ssh *ssh)
{
    const struct transport *t = ssh->transport;
    return t->kex && !kex_is_first(ssh) ? after(t->kex->started_ns, EXCHANGE_NS) : UINT64_MAX;
}

uint64_t ssh_deadline(const struct ssh *ssh)
{
    if (ssh->transport->run_wanted)
        return ssh->now_ns;
    if (ssh->state == OVER)
        return UINT64_MAX;
    uint64_t deadline = min_u64(login_deadline(ssh), idle_deadline(ssh));
    deadline = min_u64(deadline, keepalive_deadline(ssh));
    deadline = min_u64(deadline, exchange_deadline(ssh));
    deadline = min_u64(deadline, connection_stall_deadline(ssh));
    return min_u64(deadline, rekey_deadline(ssh));
}

static void time_out(struct ssh *ssh, const char *detail)
{
    transport_end(ssh, SSH_DISCONNECT_BY_APPLICATION, SSH_END_TIMEOUT, detail);
}

static void keep_alive(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    if (t->keepalives >= ssh->options.settings.keepalive_count) {
        time_out(ssh, "the peer does not respond");
        return;
    }
    t->keepalives++;
    t->keepalive_ns = ssh->now_ns;
    if (ssh->state == READY && !kex_is_sending(t->kex))
        connection_send_keepalive(ssh);
}

void ssh_tick(struct ssh *ssh, uint64_t now_ns)
{
    if (now_ns > ssh->now_ns)
        ssh->now_ns = now_ns;
    transport_enter(ssh);
    if (ssh->state != OVER) {
        if (login_deadline(ssh) <= now_ns)
            time_out(ssh, "login timeout");
        else if (idle_deadline(ssh) <= now_ns)
            time_out(ssh, "idle timeout");
        else if (exchange_deadline(ssh) <= now_ns)
            time_out(ssh, "key exchange timeout");
        else if (connection_stall_deadline(ssh) <= now_ns && connection_is_stalled(ssh))
            time_out(ssh, "the client stopped reading, or reads too slowly");
        else if (keepalive_deadline(ssh) <= now_ns)
            keep_alive(ssh);
    }
    transport_leave(ssh);
    ssh_run(ssh, now_ns);
}

void transport_keepalive_answered(struct ssh *ssh)
{
    ssh->transport->keepalives = 0;
}
