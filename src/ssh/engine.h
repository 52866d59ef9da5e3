/* The engine's inside, shared by its files only: the object, its states, and what its parts offer
 * each other.
 *
 *   transport: version.c packet.c kexinit.c kex.c newkeys.c messages.c timers.c  (everything below
 * the services) services:  userauth*.c connection*.c channel*.c client*.c
 */
#ifndef SALLY_SSH_ENGINE_H
#define SALLY_SSH_ENGINE_H

#include "base/buf.h"
#include "crypto/packet_cipher.h"
#include "ssh/ssh.h"

/* What is awaited from the peer. A key exchange after the first one does not change the state: see
 * transport.h (sent and received KEXINIT). */
enum ssh_state {
    AWAIT_VERSION,
    AWAIT_KEXINIT, /* the first one */
    AWAIT_KEX,     /* the method's messages, or its completion */
    AWAIT_NEWKEYS,
    AWAIT_SERVICE, /* server: SERVICE_REQUEST ssh-userauth; client: its SERVICE_ACCEPT */
    AWAIT_AUTH,    /* USERAUTH messages */
    READY,         /* logged in: the connection protocol */
    OVER,
    SSH_STATE_COUNT
};

struct transport;  /* transport.h */
struct userauth;   /* userauth.h */
struct connection; /* connection.h */

struct ssh {
    struct ssh_options options;
    struct ssh_events events;
    void *user_data;
    enum ssh_state state;
    uint64_t now_ns;
    struct transport *transport;
    struct userauth *userauth;
    struct connection *connection;
};

/* ---- Offered by the transport ---- */

/* Begins a message: returns the buffer to put the payload into, the number being in it already. */
struct buf *ssh_message(struct ssh *ssh, uint8_t number);
/* Seals and queues the message begun. While keys are exchanged, messages past the transport's own
 * wait and leave after NEWKEYS in order. A message that did not fit in memory ends the connection.
 */
void ssh_message_send(struct ssh *ssh);
/* Whether channel data of `size` bytes payload may be sealed now: keys are not being exchanged,
 * nothing waits before it, and the send buffer is below its bound. */
bool ssh_may_seal_data(const struct ssh *ssh, size_t size);
/* Seals head + body out of place into the send buffer. Only after ssh_may_seal_data(). False: the
 * connection was ended. */
bool ssh_seal_data(struct ssh *ssh, struct slice head, struct slice body);
/* The peer is at fault (or nothing could be agreed on): DISCONNECT with this RFC 4253 section 11.1
 * reason, then OVER. */
void ssh_break(struct ssh *ssh, uint32_t reason, enum ssh_end end, const char *detail);
/* No input is processed while at least one holder waits for an outside answer (job, auth). */
void ssh_hold(struct ssh *ssh);
void ssh_let_go(struct ssh *ssh);
bool ssh_is_held(const struct ssh *ssh);
/* The exchange hash of the first key exchange: the session identifier. Empty before. */
struct slice ssh_session_id(const struct ssh *ssh);
/* Delayed compression starts with the success of the login (zlib@openssh.com): called right after
 * USERAUTH_SUCCESS was sent or received. */
void transport_login_done(struct ssh *ssh);
/* A channel message or data moved: for the idle deadline. */
void transport_note_activity(struct ssh *ssh);
/* Names of the signature algorithms accepted from users (server-sig-algs), with commas. */
const char *transport_user_signature_algorithms(const struct ssh *ssh);

/* Jobs: fill run and done, then give it out with ssh_job_start(). done is called at home, unless
 * the connection is over or the engine gone; destroy always, last. */
struct ssh_job {
    struct list link; /* the owner's while it is out */
    struct list all;  /* the engine's jobs */
    struct ssh *ssh;  /* NULL once the engine is gone */
    bool login;
    void (*run)(
        struct ssh_job *job); /* any thread: touches only what the job itself owns or holds */
    void (*done)(struct ssh_job *job);
    void (*destroy)(struct ssh_job *job); /* frees the job */
};
void ssh_job_start(struct ssh *ssh, struct ssh_job *job);

/* ---- Offered by the services ---- */

/* Handlers of the message table (messages.c): the payload stands after the number. False: the
 * message was malformed, and the connection is ended by the table with PROTOCOL_ERROR. */
typedef bool ssh_handler(struct ssh *ssh, struct cursor *payload);
ssh_handler on_service_request, on_service_accept;
ssh_handler on_userauth_request, on_userauth_info_response; /* server */
ssh_handler on_userauth_failure, on_userauth_success, on_userauth_banner,
    on_userauth_60; /* client; 60: PK_OK, INFO_REQUEST, PASSWD_CHANGEREQ */
ssh_handler on_global_request, on_request_success, on_request_failure;
ssh_handler on_channel_open, on_channel_open_confirmation, on_channel_open_failure;
ssh_handler on_channel_window_adjust, on_channel_data, on_channel_extended_data;
ssh_handler on_channel_eof, on_channel_close, on_channel_request, on_channel_success,
    on_channel_failure;

bool userauth_new(struct ssh *ssh);
void userauth_free(struct ssh *ssh);
/* Client: the transport is ready (first NEWKEYS both ways): ask for the service when a login was
 * requested. */
void userauth_transport_ready(struct ssh *ssh);
bool connection_new(struct ssh *ssh);
void connection_free(struct ssh *ssh); /* closed event for every channel */
/* Seals channel data, window adjusts and the like as far as windows and ssh_may_seal_data() allow.
 * Called when room was made and at the end of every ssh_run(). */
void connection_pump(struct ssh *ssh);
/* Server: keepalive@openssh.com with want_reply; the transport's timers ask for it.
 * `connection_alive` is called back as transport function: */
void connection_send_keepalive(struct ssh *ssh);
void transport_keepalive_answered(struct ssh *ssh);
/* Server: right after the login: hostkeys-00@openssh.com with all host keys
 * (draft-ietf-sshm-hostkey-update). */
void connection_login_done(struct ssh *ssh);
/* connection_pump() has nothing at all to send. */
bool connection_is_drained(const struct ssh *ssh);

#endif
