/* Identification lines (RFC 4253 section 4.2). */
#include "ssh/version.h"

#include <string.h>

#include "ssh/disconnect.h"
#include "ssh/quirks.h"
#include "ssh/transport.h"

#define TEXT_LINES_MAX 64u /* client: lines before the server's identification */
#define TEXT_LINE_MAX  1024u

sally_error version_init(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    const char prefix[] = "SSH-2.0-";
    const char *software = ssh->options.settings.fixed.software;
    size_t size = strlen(software);
    if (size == 0 || size > IDENTIFICATION_MAX - 2 - (sizeof prefix - 1))
        return SALLY_E_INVALID;
    for (size_t i = 0; i < size; i++)
        if (software[i] < ' ' || software[i] > '~')
            return SALLY_E_INVALID;
    struct identification *id = &t->ours;
    memcpy(id->line, prefix, sizeof prefix - 1);
    memcpy(id->line + sizeof prefix - 1, software, size);
    id->size = sizeof prefix - 1 + size;
    put_bytes(&t->output, id->line, id->size);
    put_bytes(&t->output, "\r\n", 2);
    return t->output.failed ? SALLY_E_NO_MEMORY : SALLY_E_OK;
}

static bool refuse(struct ssh *ssh, const char *detail)
{
    transport_end(ssh, SSH_DISCONNECT_PROTOCOL_VERSION_NOT_SUPPORTED, SSH_END_PROTOCOL, detail);
    return false;
}

static bool starts_with(struct slice s, const char *prefix)
{
    size_t size = strlen(prefix);
    return s.size >= size && memcmp(s.data, prefix, size) == 0;
}

/* Whether an incomplete line is already invalid. */
static bool may_become_identification(struct slice s)
{
    size_t size = s.size < 4 ? s.size : 4;
    return size == 0 || memcmp(s.data, "SSH-", size) == 0;
}

static void refuse_client(struct ssh *ssh)
{
    transport_end(ssh, SSH_DISCONNECT_BY_APPLICATION, SSH_END_LOCAL, "this client is refused");
}

static bool accept_line(struct ssh *ssh, struct slice line)
{
    struct transport *t = ssh->transport;
    size_t skip;
    if (starts_with(line, "SSH-2.0-"))
        skip = 8;
    else if (starts_with(line, "SSH-1.99-")) /* section 5.1: speaks version 2 as well */
        skip = 9;
    else
        return refuse(ssh, "the peer does not support protocol version 2");
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] < ' ' || line.data[i] == 0x7f)
            return refuse(ssh, "control characters in the identification line");
    memcpy(t->theirs.line, line.data, line.size);
    t->theirs.size = line.size;
    t->peer_software = t->theirs.line + skip;
    t->peer_quirks = ssh_quirks_of(t->peer_software);
    ssh->state = AWAIT_KEXINIT;
    transport_log(ssh, SALLY_LOG_VERBOSE, "ssh.version", "The peer is %s", t->peer_software);
    enum ssh_answer answer =
        ssh->events.version ? ssh->events.version(ssh->user_data, t->theirs.line) : SSH_YES;
    if (answer == SSH_NO)
        refuse_client(ssh);
    else if (answer == SSH_LATER)
        ssh_pause_input(ssh);
    return ssh->state != OVER;
}

void ssh_answer_version(struct ssh *ssh, bool ok)
{
    ssh_resume_input(ssh);
    transport_enter(ssh);
    if (!ok)
        refuse_client(ssh);
    transport_leave(ssh);
}

bool version_receive(struct ssh *ssh)
{
    struct transport *t = ssh->transport;
    struct receive_buffer *rx = &t->rx;
    while (rx->start != rx->end) {
        struct slice got = {rx->data + rx->start, rx->end - rx->start};
        bool text_allowed = ssh->options.role == SSH_CLIENT && !starts_with(got, "SSH-");
        size_t limit = text_allowed ? TEXT_LINE_MAX : IDENTIFICATION_MAX;
        size_t looked_at = got.size < limit ? got.size : limit;
        const uint8_t *end = looked_at ? memchr(got.data, '\n', looked_at) : NULL;
        if (!end) {
            if (got.size >= limit)
                return refuse(ssh, "the identification line is too long");
            if (!text_allowed && !may_become_identification(got))
                return refuse(ssh, "not an SSH client");
            return false;
        }
        struct slice line = {got.data, (size_t)(end - got.data)};
        rx->start += line.size + 1;
        if (line.size && line.data[line.size - 1] == '\r')
            line.size--;
        if (!text_allowed || starts_with(line, "SSH-"))
            return accept_line(ssh, line);
        if (++t->lines_before > TEXT_LINES_MAX)
            return refuse(ssh, "too many lines before the identification line");
    }
    return false;
}
