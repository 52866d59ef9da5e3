/* Which message is allowed when and from whom, and its handler. Everything else is refused. */
#include "ssh/messages.h"

#include "ssh/channel.h"
#include "ssh/channel_request.h"
#include "ssh/client_channel.h"
#include "ssh/client_login.h"
#include "ssh/connection.h"
#include "ssh/disconnect.h"
#include "ssh/ext_info.h"
#include "ssh/global_request.h"
#include "ssh/kex.h"
#include "ssh/kexinit.h"
#include "ssh/newkeys.h"
#include "ssh/ping.h"
#include "ssh/quirks.h"
#include "ssh/send.h"
#include "ssh/transport.h"
#include "ssh/userauth.h"

#define S(state) (1u << (state))
#define SERVICES (S(AWAIT_SERVICE) | S(AWAIT_AUTH) | S(READY))
/* Once the identification lines have been exchanged: RFC 4253 section 11. */
#define ALWAYS (S(AWAIT_KEXINIT) | S(AWAIT_KEX) | S(AWAIT_NEWKEYS) | SERVICES)

enum sender { CLIENT = 1, SERVER = 2, BOTH = 3 };
enum {
    STRAY = 1, /* not in the first key exchange when that is strict */
    METHOD = 2 /* of the key exchange method: only when it is the one awaited */
};

struct message_rule {
    ssh_handler *handler;
    uint16_t states;  /* where it is handled */
    uint16_t ignored; /* states in which it is legal but has no effect */
    uint8_t sender;
    uint8_t flags;
};

static ssh_handler on_ignored;

/* clang-format off */
static const struct message_rule table[256] = {
    /*                                    handler                       states             ignored   sender  flags */
    [SSH_MSG_DISCONNECT]               = {on_disconnect,                ALWAYS,            0,        BOTH,   0},
    [SSH_MSG_IGNORE]                   = {on_ignored,                   ALWAYS,            0,        BOTH,   STRAY},
    [SSH_MSG_UNIMPLEMENTED]            = {on_ignored,                   ALWAYS,            0,        BOTH,   STRAY},
    [SSH_MSG_DEBUG]                    = {on_ignored,                   ALWAYS,            0,        BOTH,   STRAY},
    /* Some clients ask again before every login attempt. */
    [SSH_MSG_SERVICE_REQUEST]          = {on_service_request,           S(AWAIT_SERVICE) | S(AWAIT_AUTH), 0, CLIENT, 0},
    [SSH_MSG_SERVICE_ACCEPT]           = {on_service_accept,            S(AWAIT_SERVICE),  0,        SERVER, 0},
    /* It belongs right after NEWKEYS; AsyncSSH 2.3 to 2.7 sends it after the success, which is
     * harmless. */
    [SSH_MSG_EXT_INFO]                 = {on_ext_info,                  SERVICES,          0,        BOTH,   0},

    [SSH_MSG_KEXINIT]                  = {on_kexinit,                   S(AWAIT_KEXINIT) | SERVICES, 0, BOTH, 0},
    [SSH_MSG_NEWKEYS]                  = {on_newkeys,                   S(AWAIT_NEWKEYS),  0,        BOTH,   0},
    [SSH_MSG_KEX_INIT]                 = {on_kex_method,                S(AWAIT_KEX),      0,        CLIENT, METHOD},
    [SSH_MSG_KEX_REPLY]                = {on_kex_method,                S(AWAIT_KEX),      0,        SERVER, METHOD},
    [SSH_MSG_KEX_GEX_INIT]             = {on_kex_method,                S(AWAIT_KEX),      0,        CLIENT, METHOD},
    [SSH_MSG_KEX_GEX_REPLY]            = {on_kex_method,                S(AWAIT_KEX),      0,        SERVER, METHOD},
    [SSH_MSG_KEX_GEX_REQUEST]          = {on_kex_method,                S(AWAIT_KEX),      0,        CLIENT, METHOD},

    /* RFC 4252 section 5.1: requests that were on their way when one succeeded are ignored. */
    [SSH_MSG_USERAUTH_REQUEST]         = {on_userauth_request,          S(AWAIT_AUTH),     S(READY), CLIENT, 0},
    [SSH_MSG_USERAUTH_FAILURE]         = {on_userauth_failure,          S(AWAIT_AUTH),     0,        SERVER, 0},
    [SSH_MSG_USERAUTH_SUCCESS]         = {on_userauth_success,          S(AWAIT_AUTH),     0,        SERVER, 0},
    [SSH_MSG_USERAUTH_BANNER]          = {on_userauth_banner,           S(AWAIT_AUTH),     0,        SERVER, 0},
    [SSH_MSG_USERAUTH_PK_OK]           = {on_userauth_60,               S(AWAIT_AUTH),     0,        SERVER, 0},
    [SSH_MSG_USERAUTH_INFO_RESPONSE]   = {on_userauth_info_response,    S(AWAIT_AUTH),     0,        CLIENT, 0},

    [SSH_MSG_GLOBAL_REQUEST]           = {on_global_request,            S(READY),          0,        BOTH,   0},
    [SSH_MSG_REQUEST_SUCCESS]          = {on_request_success,           S(READY),          0,        BOTH,   0},
    [SSH_MSG_REQUEST_FAILURE]          = {on_request_failure,           S(READY),          0,        BOTH,   0},
    [SSH_MSG_CHANNEL_OPEN]             = {on_channel_open,              S(READY),          0,        CLIENT, 0},
    [SSH_MSG_CHANNEL_OPEN_CONFIRMATION]= {on_channel_open_confirmation, S(READY),          0,        SERVER, 0},
    [SSH_MSG_CHANNEL_OPEN_FAILURE]     = {on_channel_open_failure,      S(READY),          0,        SERVER, 0},
    [SSH_MSG_CHANNEL_WINDOW_ADJUST]    = {on_channel_window_adjust,     S(READY),          0,        BOTH,   0},
    [SSH_MSG_CHANNEL_DATA]             = {on_channel_data,              S(READY),          0,        BOTH,   0},
    [SSH_MSG_CHANNEL_EXTENDED_DATA]    = {on_channel_extended_data,     S(READY),          0,        BOTH,   0},
    [SSH_MSG_CHANNEL_EOF]              = {on_channel_eof,               S(READY),          0,        BOTH,   0},
    [SSH_MSG_CHANNEL_CLOSE]            = {on_channel_close,             S(READY),          0,        BOTH,   0},
    [SSH_MSG_CHANNEL_REQUEST]          = {on_channel_request,           S(READY),          0,        BOTH,   0},
    /* Some clients send replies without a request. */
    [SSH_MSG_CHANNEL_SUCCESS]          = {on_channel_success,           S(READY),          0,        BOTH,   0},
    [SSH_MSG_CHANNEL_FAILURE]          = {on_channel_failure,           S(READY),          0,        BOTH,   0},

    /* Section 4 of the draft: not before login. */
    [SSH_MSG_PING]                     = {on_ping,                      S(READY),          0,        BOTH,   0},
    [SSH_MSG_PONG]                     = {on_ignored,                   S(READY),          0,        BOTH,   0},
};
/* clang-format on */

/* IGNORE, DEBUG, UNIMPLEMENTED and PONG: the contents are ignored. */
static bool on_ignored(struct ssh *ssh, struct cursor *payload)
{
    (void)ssh, (void)payload;
    return true;
}

/* A number without a meaning here. RFC 4253 section 11.4 requires a reply; but before the first
 * keys, during a key exchange and in the ranges of protocols that are not running, it is an attack
 * or an error. */
static enum message_verdict judge_unassigned(enum ssh_state state, uint8_t number)
{
    bool legal;
    if (number == 0 || (number >= SSH_MSG_KEXINIT && number <= 49))
        legal = false;
    else if (number >= 50 && number <= 79)
        legal = state == AWAIT_AUTH || state == READY;
    else if (number >= 80 && number <= 127)
        legal = state == READY;
    else
        legal = state == AWAIT_SERVICE || state == AWAIT_AUTH || state == READY;
    return legal ? MESSAGE_UNIMPLEMENTED : MESSAGE_REFUSED;
}

enum message_verdict message_judge(enum ssh_role receiver, enum ssh_state state, uint8_t number)
{
    const struct message_rule *row = &table[number];
    if (!row->handler)
        return judge_unassigned(state, number);
    if (!(row->sender & (receiver == SSH_SERVER ? CLIENT : SERVER)))
        return MESSAGE_REFUSED;
    if (row->states & S(state))
        return MESSAGE_HANDLED;
    return row->ignored & S(state) ? MESSAGE_IGNORED : MESSAGE_REFUSED;
}

static void refuse(struct ssh *ssh, uint8_t number, const char *detail)
{
    transport_log(ssh, SALLY_LOG_DEBUG, "ssh.refused", "Message %u: %s", number, detail);
    transport_end(ssh, SSH_DISCONNECT_PROTOCOL_ERROR, SSH_END_PROTOCOL, detail);
}

static void answer_unimplemented(struct ssh *ssh, uint8_t number, uint32_t sequence)
{
    if (++ssh->transport->unimplemented > UNIMPLEMENTED_MAX) {
        refuse(ssh, number, "too many unknown messages");
        return;
    }
    put_u32(ssh_message(ssh, SSH_MSG_UNIMPLEMENTED), sequence);
    ssh_message_send(ssh);
}

/* What counts for the table: between the peer's KEXINIT and its NEWKEYS, the exchange alone. */
static enum ssh_state receiving_state(const struct ssh *ssh)
{
    const struct kex *k = ssh->transport->kex;
    return kex_is_receiving(k) ? k->awaits : ssh->state;
}

/* Checks beyond the state. NULL: the message is allowed. */
static const char *find_fault(struct ssh *ssh, uint8_t number, const struct message_rule *row)
{
    struct transport *t = ssh->transport;
    enum next_message rule = t->next_message;
    t->next_message = NEXT_IS_FREE;
    if (rule == NEXT_IS_SUCCESS && number != SSH_MSG_USERAUTH_SUCCESS)
        return "EXT_INFO was not followed by USERAUTH_SUCCESS";
    if ((row->flags & STRAY) && t->strict && kex_is_first(ssh))
        return "an unexpected message in the first key exchange";
    if ((row->flags & METHOD) && number != t->kex->expected)
        return "a message of another key exchange method";
    if (number == SSH_MSG_EXT_INFO && rule != NEXT_MAY_BE_EXT_INFO && ssh->state != READY) {
        /* RFC 8308 section 2.4: a server may send it right before the success, too. */
        if (ssh->options.role != SSH_CLIENT || ssh->state != AWAIT_AUTH)
            return "EXT_INFO at the wrong time";
        t->next_message = NEXT_IS_SUCCESS;
    }
    return NULL;
}

/* Channel messages of a peer that continues with them after its KEXINIT. In a later exchange they
 * are sealed with the current keys like all others, so accepting them is safe. */
static bool talks_during_kex(const struct ssh *ssh, uint8_t number)
{
    return ssh->state == READY && number >= SSH_MSG_GLOBAL_REQUEST &&
           number <= SSH_MSG_CHANNEL_FAILURE &&
           (ssh->transport->peer_quirks & SSH_QUIRK_TALKS_IN_KEX) != 0;
}

void messages_dispatch(struct ssh *ssh, struct slice payload, uint32_t sequence)
{
    struct transport *t = ssh->transport;
    struct cursor c = cursor_of_slice(payload);
    uint8_t number = get_u8(&c);
    if (c.bad) {
        refuse(ssh, 0, "an empty message");
        return;
    }
    enum ssh_state state = receiving_state(ssh);
    if (state == AWAIT_KEX && t->kex->skip_guess && number >= 30 && number <= 49) {
        t->kex->skip_guess = false;
        return;
    }
    const struct message_rule *row = &table[number];
    enum message_verdict verdict = message_judge(ssh->options.role, state, number);
    if (verdict == MESSAGE_REFUSED && state != ssh->state && talks_during_kex(ssh, number))
        verdict = message_judge(ssh->options.role, ssh->state, number);
    const char *fault =
        verdict == MESSAGE_REFUSED ? "an unexpected message" : find_fault(ssh, number, row);
    if (fault)
        refuse(ssh, number, fault);
    else if (verdict == MESSAGE_UNIMPLEMENTED)
        answer_unimplemented(ssh, number, sequence);
    else if (verdict == MESSAGE_HANDLED && !row->handler(ssh, &c))
        refuse(ssh, number, "a malformed message");
}
