/* How a connection ends: DISCONNECT in both directions (RFC 4253 section 11.1), and notifying
 * everyone once. */
#include "ssh/disconnect.h"

#include <string.h>

#include "base/clean.h"
#include "base/mem.h"
#include "ssh/connection.h"
#include "ssh/send.h"
#include "ssh/transport.h"

#define DESCRIPTION_MAX 255u

static uint32_t level_of(const struct ssh *ssh, enum ssh_end end)
{
    switch (end) {
    case SSH_END_INTERNAL:
        return SALLY_LOG_ERROR;
    case SSH_END_PROTOCOL: /* before login: port scanners do it all the time */
        return ssh->transport->authenticated ? SALLY_LOG_WARNING : SALLY_LOG_INFO;
    default:
        return SALLY_LOG_INFO;
    }
}

static void send_disconnect(struct ssh *ssh, uint32_t reason, const char *text)
{
    struct buf *b = ssh_message(ssh, SSH_MSG_DISCONNECT);
    put_u32(b, reason);
    put_text(b, text);
    put_text(b, ""); /* language tag */
    struct slice nothing = {NULL, 0};
    if (!b->failed)
        send_now(ssh, buf_slice(b), nothing);
}

void transport_end(struct ssh *ssh, uint32_t reason, enum ssh_end end, const char *detail)
{
    struct transport *t = ssh->transport;
    if (ssh->state == OVER)
        return;
    bool can_send = ssh->state != AWAIT_VERSION;
    ssh->state = OVER;
    t->end = end;
    t->end_detail = detail;
    t->end_unreported = true;
    t->run_wanted = true;
    if (reason && can_send)
        send_disconnect(ssh, reason, detail);
    log_line(ssh->options.log, ssh->options.log_ids, level_of(ssh, end), "ssh.ended", NULL, 0, "%s",
             detail);
}

/* The same with a text that is not ours: cleaned, since either end may show it to people, and
 * copied, since the owner sees it later. */
static void end_with_text(struct ssh *ssh, uint32_t reason, enum ssh_end end, struct slice text,
                          const char *fallback)
{
    struct transport *t = ssh->transport;
    if (ssh->state == OVER)
        return;
    t->end_text = text.size ? mem_alloc(DESCRIPTION_MAX + 1) : NULL;
    if (t->end_text)
        clean_copy(t->end_text, DESCRIPTION_MAX + 1, text);
    transport_end(ssh, reason, end, t->end_text ? t->end_text : fallback);
}

void transport_no_memory(struct ssh *ssh)
{
    transport_end(ssh, SSH_DISCONNECT_BY_APPLICATION, SSH_END_INTERNAL, "out of memory");
}

void ssh_disconnect(struct ssh *ssh, const char *text)
{
    transport_enter(ssh);
    end_with_text(ssh, SSH_DISCONNECT_BY_APPLICATION, SSH_END_LOCAL, slice_of(text),
                  "disconnected");
    transport_leave(ssh);
}

bool on_disconnect(struct ssh *ssh, struct cursor *payload)
{
    get_u32(payload);
    /* Missing or extra fields do not matter: old peers omit the language tag. */
    struct slice text = get_string(payload);
    end_with_text(ssh, 0, SSH_END_PEER, text, "the peer disconnected");
    return true;
}

void transport_deliver_end(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    t->end_unreported = false;
    connection_free(ssh);
    if (ssh->events.over)
        ssh->events.over(ssh->user_data, t->end, t->end_detail);
}
